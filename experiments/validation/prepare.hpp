// SPDX-License-Identifier: Apache-2.0
// What a validation needs and was not given: the file of experts is packed and the machine calibrated in a
// folder that goes when it is done. Private to experiments/: it shows CLI11.
#pragma once

#include <optional>
#include <string>

#include "experiments/forward_model.hpp"

namespace pregate {

// A folder of its own, gone with everything in it when this is.
class ScratchFolder {
 public:
  // Errors: `inside` cannot be written.
  static Result<ScratchFolder> create(const std::string& inside);
  ~ScratchFolder();
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;  // empty: moved from
};

struct ValidationInputs {
  std::string experts, device;          // files
  std::optional<ScratchFolder> folder;  // of those that were made
};

struct PrepareRequest {
  ForwardRequest model;
  std::string experts, device;  // empty: made here
  std::string folder = ".";     // where, on the disk that is validated
};
Result<ValidationInputs> prepare_validation(const ShippedCatalogue& catalogue, const PrepareRequest& request);

}  // namespace pregate
