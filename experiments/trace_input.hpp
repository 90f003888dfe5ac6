// SPDX-License-Identifier: Apache-2.0
// A routing trace as the command takes it: any format, costed with a model that the user names or that the
// trace's own name betrays. Leaves out what a format is: traces/import.hpp tells them apart by content.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "experiments/catalogue.hpp"
#include "traces/route_trace.hpp"

namespace pregate {

struct LoadedTrace {
  std::shared_ptr<const RouteTrace> trace;
  std::string note;  // which costs were taken and why, one sentence for the reader
};

// `model`: empty picks the shipped model whose name the trace's model name contains, if their counts agree;
// "none" keeps the trace's own costs; anything else is a shipped name or a file, and must fit. A .route file
// keeps the costs it was written with.
Result<LoadedTrace> load_costed_trace(const ShippedCatalogue& catalogue, const std::string& path,
                                      const std::string& model);

// The longest of `presets` inside `name`, both in lower case with '-' for '_', '.' and blanks.
std::optional<std::string> preset_in_name(const std::string& name, const std::vector<std::string>& presets);

}  // namespace pregate
