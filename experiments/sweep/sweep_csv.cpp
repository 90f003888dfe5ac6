// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/sweep_csv.hpp"

#include <fmt/format.h>

#include "experiments/sweep/selection.hpp"

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

Json document_of(const Shown& shown) {
  return {{"unit", shown.unit}, {"factor", shown.factor}, {"decimals", shown.decimals}};
}

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string sweep_document(const StoredSweep& sweep) {
  Json axes = Json::array(), keys = Json::array();
  for (std::size_t a = 0; a < sweep.axes.size(); ++a) {
    Json axis = {{"path", sweep.axes[a].path}, {"kind", kind_name(sweep.axes[a].kind)}};
    axis.update(document_of(shown_as(sweep, a)));
    axis["better"] = to_text(better_side(sweep.axes[a]));
    axes.push_back(std::move(axis));
  }
  for (const std::string& name : sweep.keys) {
    Json key = {{"key", name}};
    key.update(document_of(shown_as(name)));
    key["better"] = to_text(better_side(name));
    key["known"] = how_known(sweep, name);
    keys.push_back(std::move(key));
  }
  std::string out = fmt::format("{{\"format\": {},\n\"axes\": {},\n\"keys\": {},\n\"rows\": [", kSweepFormat,
                                line_of(axes), line_of(keys));
  for (const StoredSweep::Row& row : sweep.rows) {
    Json values = Json::array(), summary = Json::array();
    for (const auto& value : row.values) values.push_back(json_of(value));
    for (const Cell& cell : row.summary) summary.push_back(json_of(cell));
    const Json line = {{"hash", row.hash},   {"status", row.done ? "done" : "failed"},
                       {"error", row.error}, {"version", row.version},
                       {"seed", row.seed},   {"wall_s", row.wall_s},
                       {"values", values},   {"summary", summary}};
    out += (&row == sweep.rows.data() ? "\n" : ",\n") + line_of(line);
  }
  return out + "\n]}\n";
}

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
