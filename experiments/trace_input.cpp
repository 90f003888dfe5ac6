// SPDX-License-Identifier: Apache-2.0
#include "experiments/trace_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "traces/import.hpp"

namespace pregate {
namespace {

std::string normalised(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool separator = c == '_' || c == '.' || c == ' ' || c == '/';
    out += separator ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

LoadedTrace loaded(RouteTrace trace, std::string note) {
  return {.trace = std::make_shared<const RouteTrace>(std::move(trace)), .note = std::move(note)};
}

Result<LoadedTrace> load_with(const ShippedCatalogue& catalogue, const std::string& path,
                              const std::string& model) {
  const Result<NamedText> source = catalogue.model(model);
  if (!source) return source.error().at("--model");
  Result<ModelShape> shape = parse_model(*source);
  if (!shape) return shape.error();
  Result<RouteTrace> trace = load_trace(path, {.model = std::move(*shape), .provenance = {}});
  if (!trace) return trace.error();
  return loaded(std::move(*trace), fmt::format("costs: model {}, as --model says", model));
}

// A second reading with the preset's costs. A preset that does not fit after all is no error: nobody asked
// for it.
LoadedTrace with_preset(const ShippedCatalogue& catalogue, const std::string& path, RouteTrace plain,
                        const std::string& preset) {
  const std::string found = fmt::format("the trace's model name \"{}\" contains it", plain.header.model.name);
  const Result<NamedText> source = catalogue.model(preset);
  if (source) {
    if (Result<ModelShape> shape = parse_model(*source)) {
      if (Result<RouteTrace> costed = load_trace(path, {.model = std::move(*shape), .provenance = {}})) {
        return loaded(std::move(*costed), fmt::format("costs: shipped model {}, because {}", preset, found));
      }
    }
  }
  const std::string own = plain.header.model.costs_from;
  return loaded(std::move(plain),
                fmt::format("costs: {}; shipped model {} has other counts, though {}", own, preset, found));
}

// A .route file (gzip) was costed when it was written.
bool is_route_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return in.get() == 0x1f && in.get() == 0x8b;
}

}  // namespace

std::optional<std::string> preset_in_name(const std::string& name, const std::vector<std::string>& presets) {
  const std::string whole = normalised(name);
  std::optional<std::string> best;
  for (const std::string& preset : presets) {
    if (whole.find(normalised(preset)) == std::string::npos) continue;
    if (!best || preset.size() > best->size()) best = preset;
  }
  return best;
}

Result<LoadedTrace> load_costed_trace(const ShippedCatalogue& catalogue, const std::string& path,
                                      const std::string& model) {
  Result<RouteTrace> plain = load_trace(path, {});
  const bool named = !model.empty() && model != "none";
  if (named && !(plain && is_route_file(path))) return load_with(catalogue, path, model);
  if (!plain) return plain.error();
  if (named) {
    return bad_input("no model for a .route file, whose costs were settled when it was written",
                     fmt::format("\"{}\"", model))
        .at("--model");
  }
  const std::string own = fmt::format("costs: {}", plain->header.model.costs_from);
  if (model == "none" || is_route_file(path)) return loaded(std::move(*plain), own);
  std::vector<std::string> presets;
  for (const EmbeddedFile& file : ShippedCatalogue::list("model")) presets.emplace_back(file.name);
  const std::optional<std::string> preset = preset_in_name(plain->header.model.name, presets);
  if (!preset) return loaded(std::move(*plain), own);
  return with_preset(catalogue, path, std::move(*plain), *preset);
}

}  // namespace pregate
