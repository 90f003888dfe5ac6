// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/sweep_csv.hpp"

#include <fmt/format.h>

namespace pregate {
namespace {

Json json_of(const std::optional<Quantity>& value) {
  return value ? json_of(*value) : Json();
}

std::string field(const Json& value) {
  if (value.is_null()) return {};
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

Json sweep_json(const StoredSweep& sweep) {
  Json rows = Json::array();
  for (const StoredSweep::Row& row : sweep.rows) {
    Json out = {{"hash", row.hash}, {"status", row.done ? "done" : "failed"}};
    for (std::size_t a = 0; a < sweep.axes.size(); ++a) out[sweep.axes[a].path] = json_of(row.values[a]);
    out["error"] = row.done ? Json() : Json(row.error);
    out["version"] = row.version;
    out["seed"] = row.seed;
    out["wall_s"] = row.wall_s;
    for (std::size_t k = 0; k < sweep.keys.size(); ++k)
      out[sweep.keys[k]] = row.done ? json_of(row.summary[k]) : Json();
    rows.push_back(std::move(out));
  }
  return rows;
}

std::string sweep_csv(const StoredSweep& sweep) {
  std::string out = "hash,status";
  for (const StoredAxis& axis : sweep.axes) out += "," + axis.path;
  out += ",error,version,seed,wall_s";
  for (const std::string& key : sweep.keys) out += "," + field(key);
  out += "\n";
  for (const StoredSweep::Row& row : sweep.rows) {
    out += fmt::format("{},{}", row.hash, row.done ? "done" : "failed");
    for (const auto& value : row.values) out += "," + field(json_of(value));
    out += fmt::format(",{},{},{},{}", field(row.error), row.version, row.seed, row.wall_s);
    for (std::size_t k = 0; k < sweep.keys.size(); ++k)
      out += "," + (row.done ? field(json_of(row.summary[k])) : std::string());
    out += "\n";
  }
  return out;
}

}  // namespace pregate
