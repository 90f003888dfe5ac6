// SPDX-License-Identifier: Apache-2.0
// A file that appears whole or not at all: bytes go to a temporary file beside the target, which takes the
// target's name when they are all on disk. An object that is destroyed before commit() leaves nothing behind.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "traces/base/result.hpp"

namespace pregate {

class NewFile {
 public:
  // Errors: a path that cannot be written, or that is something else than a regular file (it would be
  // replaced).
  static Result<NewFile> create(const std::string& path);
  ~NewFile();
  NewFile(NewFile&&) noexcept;
  NewFile& operator=(NewFile&&) noexcept;

  // Appends. After a failure every later call gives the same failure.
  Status write(std::string_view bytes);
  // For a file that is not written from end to end: takes the room for `bytes`, so that a full disk shows
  // now, where the file system can say so.
  Status reserve(std::int64_t bytes);
  // At this offset, whatever was appended. May be called from several threads at once; a failure is theirs to
  // abandon().
  Status write_at(std::int64_t offset, std::string_view bytes) const;
  // Closes the file and gives it its name.
  Status commit();
  // Removes what is written; later calls give `why`.
  Status abandon(Error why);

  [[nodiscard]] const Status& status() const;
  [[nodiscard]] const std::string& path() const;  // as the caller names it

 private:
  struct State;
  explicit NewFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pregate
