// SPDX-License-Identifier: Apache-2.0
// What a name on the command line or in a scenario stands for: a shipped file first, then a path on disk. A
// path is anything with a slash or the name of something that exists. A model may also be a checkpoint, a
// folder with config.json and weights: one that is given by its path, or one that is shipped beside the
// program (PREFIX/share/pregate/models/NAME) or in the source tree that it was built from (models/NAME).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/embedded.hpp"
#include "traces/scenario.hpp"

namespace pregate {

// A model that is shipped with its weights.
struct TrainedModel {
  std::string name, folder;
};

class ShippedCatalogue final : public Catalogue {
 public:
  ShippedCatalogue();
  // For tests: other folders in which checkpoints are looked for.
  explicit ShippedCatalogue(std::vector<std::string> model_folders) : folders_(std::move(model_folders)) {}

  [[nodiscard]] Result<NamedText> device(std::string_view name) const override {
    return find("device", name);
  }
  // The shape: of a checkpoint what its config.json says.
  [[nodiscard]] Result<NamedText> model(std::string_view name) const override;
  [[nodiscard]] Result<NamedText> scenario(std::string_view name) const { return find("scenario", name); }
  [[nodiscard]] Result<NamedText> sweep(std::string_view name) const { return find("sweep", name); }

  // The folder of the checkpoint that `name` stands for; nothing where it stands for none.
  [[nodiscard]] std::optional<std::string> checkpoint(std::string_view name) const;
  // Shipped checkpoints, by name; the first folder that has one wins.
  [[nodiscard]] std::vector<TrainedModel> trained() const;
  // "looked in A and B": for the message that a checkpoint is not there.
  [[nodiscard]] std::string looked_in() const;

  // Shipped files of a kind, by name.
  [[nodiscard]] static std::vector<EmbeddedFile> list(std::string_view kind);

 private:
  [[nodiscard]] Result<NamedText> find(std::string_view kind, std::string_view name) const;

  std::vector<std::string> folders_;
};

// The text of a regular file of at most `limit`; bad_input for a directory, a pipe, a missing or unreadable
// file.
Result<std::string> read_text_file(const std::string& path, Bytes limit);
// Writes beside the target and renames: no half file under the final name. run_failed when the disk will not.
Status write_text_file(const std::string& path, std::string_view text);
// Whether a file could be created at `path` later on: its folder exists and can be written. Asked before a
// long run.
Status check_writable(const std::string& path);

// A file of a command and what says so: the option that names it, or words such as "the sweep's".
struct NamedPath {
  std::string name, path;
};
// Whether two paths lead to the same file, or would if it were there: by the file where both exist, else by
// folder and name.
bool same_file(const std::string& a, const std::string& b);
// Whether all outputs can be written (check_writable) without loss: none is another output, none an input.
// Empty paths are not asked for. bad_input names the output's option.
Status check_outputs(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs);

// Up to three of `known` that look most like `name`, nearest first; those that share nothing with it are left
// out.
std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& known);

}  // namespace pregate
