// SPDX-License-Identifier: Apache-2.0
// What a validation needs and was not given: the experts are packed and the machine calibrated into files
// without a name, which are gone when it is done, however the process ends. Private to experiments/: it shows
// CLI11.
#pragma once

#include <string>
#include <vector>

#include "experiments/forward_model.hpp"
#include "models/machine_probe.hpp"

namespace pregate {

struct ValidationInputs {
  std::string experts, device;    // files
  std::vector<ScratchFile> made;  // of these
};

struct PrepareRequest {
  ForwardRequest model;
  std::string experts, device;  // empty: made here
  std::string folder = ".";     // where, on the disk that is validated
};
Result<ValidationInputs> prepare_validation(const ShippedCatalogue& catalogue, const PrepareRequest& request);

}  // namespace pregate
