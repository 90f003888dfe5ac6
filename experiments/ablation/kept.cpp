// SPDX-License-Identifier: Apache-2.0
#include "experiments/ablation/kept.hpp"

#include <filesystem>

namespace pregate {

using Json = nlohmann::ordered_json;

Result<KeptFigures> KeptFigures::open(const std::string& folder) {
  KeptFigures kept((std::filesystem::path(folder) / "ablation.json").string());
  std::error_code error;
  if (std::filesystem::exists(kept.path_, error)) {
    const Result<std::string> text = read_text_file(kept.path_, Bytes::mib(16));
    if (!text) return text.error();
    kept.json_ = Json::parse(*text, nullptr, false);
  }
  if (!kept.json_.is_object() || !kept.json_.contains("runs") || !kept.json_["runs"].is_object())
    kept.json_ = {{"routing", Json::object()}, {"runs", Json::object()}};
  return kept;
}

std::string KeptFigures::routing_key() const {
  const Json& routing = json_.at("routing");
  return routing.contains("key") && routing["key"].is_string() ? routing["key"].get<std::string>() : "";
}

double KeptFigures::routing_seconds() const {
  const Json& routing = json_.at("routing");
  return routing.contains("seconds") && routing["seconds"].is_number() ? routing["seconds"].get<double>() : 0;
}

Status KeptFigures::set_routing(const std::string& key, double seconds) {
  json_ = {{"routing", {{"key", key}, {"seconds", seconds}}}, {"runs", Json::object()}};
  return write();
}

std::optional<RunFigures> KeptFigures::find(const std::string& key) const {
  const Json& runs = json_.at("runs");
  if (!runs.contains(key)) return std::nullopt;
  RunFigures figures;
  for (const FigureColumn& column : kFigureColumns) {
    const Json& run = runs[key];
    if (!run.is_object() || !run.contains(column.name) || !run[column.name].is_number()) return std::nullopt;
    figures.*column.value = run[column.name].get<double>();
  }
  return figures;
}

Status KeptFigures::add(const std::string& key, const std::string& what, const RunFigures& figures) {
  Json run = {{"run", what}};
  for (const FigureColumn& column : kFigureColumns) run[column.name] = figures.*column.value;
  json_["runs"][key] = std::move(run);
  return write();
}

Status KeptFigures::write() const {
  return write_text_file(path_, json_.dump(1) + "\n");
}

}  // namespace pregate
