// SPDX-License-Identifier: Apache-2.0
// What a name on the command line or in a scenario stands for: a shipped file first, then a path on disk. A
// path is anything with a slash or the name of something that exists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "experiments/embedded.hpp"
#include "traces/scenario.hpp"

namespace pregate {

class ShippedCatalogue final : public Catalogue {
 public:
  [[nodiscard]] Result<NamedText> device(std::string_view name) const override {
    return find("device", name);
  }
  [[nodiscard]] Result<NamedText> model(std::string_view name) const override { return find("model", name); }
  [[nodiscard]] Result<NamedText> scenario(std::string_view name) const { return find("scenario", name); }

  // Shipped files of a kind, by name.
  [[nodiscard]] static std::vector<EmbeddedFile> list(std::string_view kind);

 private:
  [[nodiscard]] static Result<NamedText> find(std::string_view kind, std::string_view name);
};

// The text of a regular file of at most `limit`; bad_input for a directory, a pipe, a missing or unreadable
// file.
Result<std::string> read_text_file(const std::string& path, Bytes limit);
// Writes beside the target and renames: no half file under the final name. run_failed when the disk will not.
Status write_text_file(const std::string& path, std::string_view text);
// Whether a file could be created at `path` later on: its folder exists and can be written. Asked before a
// long run.
Status check_writable(const std::string& path);

// Up to three of `known` that look most like `name`, nearest first; those that share nothing with it are left
// out.
std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& known);

}  // namespace pregate
