// SPDX-License-Identifier: Apache-2.0
#include "experiments/validation/report_json.hpp"

#include "experiments/json_text.hpp"
#include "experiments/validation/fields.hpp"
#include "experiments/validation/report.hpp"

namespace pregate {
namespace {

// Puts each field into an object under its key.
class Writer {
 public:
  explicit Writer(Json& out) : out_(out) { out_ = Json::object(); }

  void operator()(std::string_view key, std::int64_t value) { put(key, value); }
  void operator()(std::string_view key, std::int32_t value) { put(key, value); }
  void operator()(std::string_view key, double value) { put(key, value); }
  void operator()(std::string_view key, const std::string& value) { put(key, value); }
  void operator()(std::string_view key, Duration value) { put(key, value.count_ps()); }
  void operator()(std::string_view key, Bytes value) { put(key, value.count()); }
  void operator()(std::string_view key, Macs value) { put(key, value.count()); }
  void operator()(std::string_view key, PrefetchKind value) { put(key, to_text(value)); }
  void operator()(std::string_view key, EvictionKind value) { put(key, to_text(value)); }
  template <typename T>
  void operator()(std::string_view key, const std::optional<T>& value) {
    if (value) {
      (*this)(key, *value);
    } else {
      put(key, nullptr);
    }
  }
  template <typename T>
  void operator()(std::string_view key, const std::vector<T>& list) {
    Json& array = out_[std::string(key)] = Json::array();
    for (const T& object : list) {
      Writer inner(array.emplace_back());
      each_field(inner, object);
    }
  }
  template <typename T>
  void operator()(std::string_view key, const T& object) {
    Writer inner(out_[std::string(key)]);
    each_field(inner, object);
  }

 private:
  template <typename T>
  void put(std::string_view key, T&& value) {
    out_[std::string(key)] = std::forward<T>(value);
  }
  Json& out_;
};

Json number(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json figures_of(const ValidationCell& cell) {
  Json out = Json::object();
  for (const ValidationFigure figure : kValidationFigures) {
    const ComparedFigure compared = compare(cell, figure);
    const auto measured = [&compared](double Repeats::*field) {
      return compared.measured ? Json((*compared.measured).*field) : Json();
    };
    out[std::string(key_of(figure))] = {{"predicted", number(compared.predicted)},
                                        {"measured", measured(&Repeats::median)},
                                        {"measured_min", measured(&Repeats::low)},
                                        {"measured_max", measured(&Repeats::high)},
                                        {"error", number(compared.error)}};
  }
  return out;
}

Json json_of(const ErrorRow& row) {
  return {{"model", row.model.empty() ? Json() : Json(row.model)},
          {"figure", key_of(row.figure)},
          {"cells", row.cells},
          {"mean_error", row.mean},
          {"mean_abs_error", row.mean_size},
          {"median_abs_error", row.median_size},
          {"worst_error", row.worst},
          {"worst_cell", row.worst_cell}};
}

Json json_of(const ModelVerdict& verdict) {
  return {{"model", verdict.model},
          {"cells", verdict.cells},
          {"unequal_cells", verdict.unequal},
          {"median_abs_error", verdict.speed ? Json(verdict.speed->median_size) : Json()},
          {"median_target", kMedianTarget},
          {"median_met", verdict.median_met()},
          {"worst_error", verdict.speed ? Json(verdict.speed->worst) : Json()},
          {"worst_target", kWorstTarget},
          {"worst_met", verdict.worst_met()},
          {"met", verdict.met()}};
}

Json disk_of(const Validation& validation) {
  Json out = Json::array();
  for (const DiskShare& share : disk_shares(validation)) {
    out.push_back({{"cell", share.cell},
                   {"judged", share.judged},
                   {"stall_share", share.stall_share},
                   {"predicted", share.predicted},
                   {"measured", share.measured}});
  }
  return out;
}

Json differences_of(const Validation& validation) {
  Json out = Json::array();
  for (const CountDifference& difference : count_differences(validation)) {
    out.push_back({{"cell", difference.cell},
                   {"repeat", difference.repeat},
                   {"phase", difference.decode ? "decode" : "all"},
                   {"count", difference.count->key},
                   {"expected", difference.expected},
                   {"found", difference.found}});
  }
  return out;
}

}  // namespace

Json validation_results(const Validation& validation) {
  Json out = {{"met", all_met(validation)}};
  out["models"] = Json::array();
  for (const ModelVerdict& verdict : model_verdicts(validation)) out["models"].push_back(json_of(verdict));
  out["errors"] = Json::array();
  for (const ErrorRow& row : error_table(validation)) out["errors"].push_back(json_of(row));
  out["count_differences"] = differences_of(validation);
  out["disk_target"] = kDiskTarget;
  const std::optional<bool> met = disk_met(disk_shares(validation));
  out["disk_met"] = met ? Json(*met) : Json();
  out["disk_shares"] = disk_of(validation);
  out["cells"] = Json::array();
  for (const ValidationCell& cell : validation.cells) {
    out["cells"].push_back({{"model", cell.of.model},
                            {"case", case_text(cell.of)},
                            {"counts_equal", counts_equal(cell)},
                            {"figures", figures_of(cell)}});
  }
  return out;
}

std::string validation_json(const Validation& validation) {
  Json out;
  Writer writer(out);
  writer("format", std::string(kValidationFormat));
  each_field(writer, validation);
  out["results"] = validation_results(validation);
  return json_text(out);
}

}  // namespace pregate
