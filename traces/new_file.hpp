// SPDX-License-Identifier: Apache-2.0
// A file that appears whole or not at all: bytes go to a temporary file beside the target, which takes the
// target's name when they are all on disk. An object that is destroyed before commit() leaves nothing behind.
#pragma once

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
