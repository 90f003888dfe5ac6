// SPDX-License-Identifier: Apache-2.0
#include "experiments/validation/prepare.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "experiments/calibrate_host.hpp"
#include "experiments/stream/pack_experts.hpp"
#include "experiments/terminal.hpp"

namespace pregate {

Result<ScratchFolder> ScratchFolder::create(const std::string& inside) {
  std::string path = inside + "/pregate-XXXXXX";
  if (mkdtemp(path.data()) == nullptr)
    return bad_input("a folder that can be written", std::strerror(errno)).at(inside);
  return ScratchFolder(std::move(path));
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<ValidationInputs> prepare_validation(const ShippedCatalogue& catalogue,
                                            const PrepareRequest& request) {
  ValidationInputs inputs{.experts = request.experts, .device = request.device, .folder = {}};
  if (!inputs.experts.empty() && !inputs.device.empty()) return inputs;
  // Whatever is wrong with the model is told before minutes are spent.
  const Result<FoundModel> found = find_forward_model(catalogue, request.model);
  if (!found) return found.error();
  Result<ScratchFolder> folder = ScratchFolder::create(request.folder);
  if (!folder) return folder.error();
  if (inputs.experts.empty()) {
    inputs.experts = folder->file("model.experts");
    if (Status packed = pack_experts(*found, request.model, inputs.experts); !packed) return packed.error();
  }
  if (inputs.device.empty()) {
    Progress progress("calibrating this machine");
    HostOptions host;
    host.file = inputs.experts;  // a disk is not as quick everywhere
    host.precision = request.model.precision;
    host.progress = [&progress](const std::string&, std::int64_t done, std::int64_t total) {
      progress.update(done, total);
    };
    const Result<HostCalibration> calibrated = calibrate_host(catalogue, host);
    if (!calibrated) return calibrated.error();
    inputs.device = folder->file("host.device.textproto");
    if (Status written = write_text_file(inputs.device, host_device_text(*calibrated)); !written)
      return written.error();
  }
  inputs.folder.emplace(std::move(*folder));
  return inputs;
}

}  // namespace pregate
