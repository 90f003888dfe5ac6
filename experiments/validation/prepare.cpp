// SPDX-License-Identifier: Apache-2.0
#include "experiments/validation/prepare.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "experiments/calibrate_host.hpp"
#include "experiments/stream/pack_experts.hpp"
#include "experiments/terminal.hpp"

namespace pregate {
namespace {

// Takes the name of a file that was just written; where it can be read from then on.
Result<std::string> keep(const std::string& path, ValidationInputs& inputs) {
  Result<ScratchFile> file = ScratchFile::take(path);
  if (!file) return file.error();
  return inputs.made.emplace_back(std::move(*file)).path();
}

Result<std::string> calibrate(const ShippedCatalogue& catalogue, const PrepareRequest& request,
                              const std::string& experts) {
  Progress progress("calibrating this machine");
  HostOptions host;
  host.file = experts;  // a disk is not as quick everywhere
  host.precision = request.model.precision;
  host.progress = [&progress](const std::string&, std::int64_t done, std::int64_t total) {
    progress.update(done, total);
  };
  const Result<HostCalibration> calibrated = calibrate_host(catalogue, host);
  if (!calibrated) return calibrated.error();
  return host_device_text(*calibrated);
}

}  // namespace

Result<ValidationInputs> prepare_validation(const ShippedCatalogue& catalogue,
                                            const PrepareRequest& request) {
  ValidationInputs inputs{.experts = request.experts, .device = request.device, .made = {}};
  if (!inputs.experts.empty() && !inputs.device.empty()) return inputs;
  // Whatever is wrong with the model is told before minutes are spent.
  const Result<FoundModel> found = find_forward_model(catalogue, request.model);
  if (!found) return found.error();
  const std::string name = fmt::format("{}/.pregate-{}", request.folder, getpid());
  if (inputs.experts.empty()) {
    if (Status packed = pack_experts(*found, request.model, name + ".experts"); !packed)
      return packed.error();
    Result<std::string> kept = keep(name + ".experts", inputs);
    if (!kept) return kept.error();
    inputs.experts = std::move(*kept);
  }
  if (inputs.device.empty()) {
    const Result<std::string> text = calibrate(catalogue, request, inputs.experts);
    if (!text) return text.error();
    if (Status written = write_text_file(name + ".device", *text); !written) return written.error();
    Result<std::string> kept = keep(name + ".device", inputs);
    if (!kept) return kept.error();
    inputs.device = std::move(*kept);
  }
  return inputs;
}

}  // namespace pregate
