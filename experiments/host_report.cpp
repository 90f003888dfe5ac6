// SPDX-License-Identifier: Apache-2.0
// A calibrated machine for a person, and the same numbers as JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/calibrate_host.hpp"
#include "experiments/table.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMiB = 1 << 20;

// A number with the prefix that suits its unit.
struct Scale {
  double factor;
  const char* unit;
};
Scale scale_of(const std::string& unit) {
  if (unit == "byte/s") return {1e-9, "GB/s"};
  if (unit == "MAC/s") return {1e-9, "GMAC/s"};
  if (unit == "1") return {1, ""};
  return {1e6, "us"};
}

std::string figures_table(const Look& look, const HostCalibration& host) {
  Table table({{"figure", Align::left}, {"unit", Align::left}, {"median"}, {"min"}, {"max"}, {"n"}});
  for (const HostFigure& figure : host_figures(host)) {
    const Scale scale = scale_of(figure.unit);
    const auto number = [&](double v) { return fmt::format("{:.3f}", v * scale.factor); };
    table.row({figure.name, scale.unit, number(figure.spread.median), number(figure.spread.least),
               number(figure.spread.most), std::to_string(figure.spread.rounds)});
  }
  return table.text(look);
}

std::string disk_table(const Look& look, const HostCalibration& host) {
  Table table({{"read", Align::left},
               {"lanes"},
               {"MiB/s"},
               {"min"},
               {"max"},
               {"n"},
               {"fitted MiB/s"},
               {"off by"},
               {"a read, us"}});
  for (std::size_t i = 0; i < host.disk.rows.size(); ++i) {
    const DiskRow& row = host.disk.rows[i];
    const Spread& s = row.bytes_per_second;
    const double residual = host.flash.residuals[i];
    table.row({to_text(row.size), std::to_string(row.depth), fmt::format("{:.1f}", s.median / kMiB),
               fmt::format("{:.1f}", s.least / kMiB), fmt::format("{:.1f}", s.most / kMiB),
               std::to_string(s.rounds), fmt::format("{:.1f}", s.median * (1 + residual) / kMiB),
               signed_text(100 * residual, "%"), fmt::format("{:.1f}", row.latency_s.median * 1e6)});
  }
  return table.text(look);
}

double stream_residual(const HostProducts& products, const ProductRow& row) {
  return products.stream.seconds(row.bytes) / spread_of(row.seconds).median - 1;
}

std::string products_table(const Look& look, const HostCalibration& host) {
  Table table({{"product", Align::left},
               {"rows"},
               {"weights"},
               {"us"},
               {"min"},
               {"max"},
               {"n"},
               {"GB/s"},
               {"GMAC/s"},
               {"fit off by"}});
  const auto add = [&](const HostProducts& products, const ProductRow& row) {
    const Spread s = spread_of(row.seconds);
    table.row({fmt::format("{} {}", to_text(products.precision), row.shape.name), std::to_string(row.rows),
               to_text(row.bytes), fmt::format("{:.1f}", s.median * 1e6),
               fmt::format("{:.1f}", s.least * 1e6), fmt::format("{:.1f}", s.most * 1e6),
               std::to_string(s.rounds),
               fmt::format("{:.2f}", static_cast<double>(row.bytes.count()) / s.median * 1e-9),
               fmt::format("{:.1f}", static_cast<double>(row.macs().count()) / s.median * 1e-9),
               row.rows == 1 ? signed_text(100 * stream_residual(products, row), "%") : "-"});
  };
  for (const HostProducts& products : host.products) {
    for (const ProductRow& row : products.decode) add(products, row);
    for (const ProductRow& row : products.prefill) add(products, row);
  }
  return table.text(look);
}

double operator_residual(const HostCalibration& host, const OperatorRow& row) {
  return host.operator_fit.seconds(row.bytes, row.launches) / spread_of(row.seconds).median - 1;
}

std::string operators_table(const Look& look, const HostCalibration& host) {
  Table table({{"operator", Align::left},
               {"of"},
               {"reads"},
               {"us"},
               {"min"},
               {"max"},
               {"n"},
               {"GB/s"},
               {"fit off by"}});
  for (const OperatorRow& row : host.operators) {
    const Spread s = spread_of(row.seconds);
    table.row({row.name, std::to_string(row.launches), to_text(row.bytes),
               fmt::format("{:.1f}", s.median * 1e6), fmt::format("{:.1f}", s.least * 1e6),
               fmt::format("{:.1f}", s.most * 1e6), std::to_string(s.rounds),
               fmt::format("{:.2f}", static_cast<double>(row.bytes.count()) / s.median * 1e-9),
               signed_text(100 * operator_residual(host, row), "%")});
  }
  return table.text(look);
}

Json json_of(const Spread& s) {
  return {{"median", s.median}, {"min", s.least}, {"max", s.most}, {"n", s.rounds}};
}

Json json_of(const HostProducts& products) {
  Json out = {{"precision", to_text(products.precision)},
              {"launch_s", products.stream.launch.to_seconds()},
              {"stream_bytes_per_s", products.stream.rate.count()},
              {"macs_per_s", json_of(products.macs_per_second)},
              {"rows", Json::array()}};
  const auto add = [&out](const ProductRow& row, const Json& residual) {
    out["rows"].push_back({{"name", row.shape.name},
                           {"outputs", row.shape.outputs},
                           {"inputs", row.shape.inputs},
                           {"activation_rows", row.rows},
                           {"weight_bytes", row.bytes.count()},
                           {"seconds", json_of(spread_of(row.seconds))},
                           {"residual", residual}});
  };
  for (const ProductRow& row : products.decode) add(row, stream_residual(products, row));
  for (const ProductRow& row : products.prefill) add(row, nullptr);
  return out;
}

Json disk_json(const HostCalibration& host) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < host.disk.rows.size(); ++i) {
    const DiskRow& row = host.disk.rows[i];
    rows.push_back({{"read_bytes", row.size.count()},
                    {"lanes", row.depth},
                    {"bytes_per_s", json_of(row.bytes_per_second)},
                    {"latency_s", json_of(row.latency_s)},
                    {"residual", host.flash.residuals[i]}});
  }
  const FlashCoefficients& f = host.flash.flash;
  return {{"engine", to_text(host.disk.engine)},
          {"file_bytes", host.disk.file.count()},
          {"rows", rows},
          {"fit",
           {{"request_latency_s", f.request_latency.to_seconds()},
            {"request_overhead_s", f.request_overhead.to_seconds()},
            {"lane_bytes_per_s", f.lane_bandwidth.count()},
            {"read_bytes_per_s", f.read_bandwidth.count()},
            {"worst", host.flash.worst},
            {"rms", host.flash.rms}}}};
}

}  // namespace

std::string host_report(const Look& look, const HostCalibration& host) {
  const FlashCoefficients& f = host.flash.flash;
  const StreamFit& stream = host.chosen().stream;
  const std::string doubt = host_doubt(host);
  return fmt::format(
      "{}, {}, {}, {}{}\nAll measured on this machine.\n\n"
      "Disk  random reads past the page cache, {}, {} ({})\n{}\n"
      "  fitted: t0 {}, overhead {}, lane {}, part {}; worst row {:.1f} %, RMS {:.1f} %\n\n"
      "Products  each with its activations' conversion\n{}\n"
      "  {} of one row, fitted: launch {}, then {}\n\n"
      "Operators  of decode steps, mean over a few layers\n{}\n"
      "  fitted: launch {}, then {}: the device file's\n\n"
      "Other figures\n{}\n"
      "  a busy disk makes a product {:+.1f} % longer: write cost {:.2f}\n"
      "  memory {}, of which {} were in use\n",
      host.machine.processor, host.machine.compute, host.machine.kernel, host.machine.date,
      doubt.empty() ? "" : toned(look, Tone::warn, "\nDoubtful: " + doubt), to_text(host.disk.engine),
      host.read_from, to_text(host.disk.file), disk_table(look, host), to_text(f.request_latency),
      to_text(f.request_overhead), to_text(f.lane_bandwidth), to_text(f.read_bandwidth),
      100 * host.flash.worst, 100 * host.flash.rms, products_table(look, host), to_text(host.precision),
      to_text(stream.launch), to_text(stream.rate), operators_table(look, host),
      to_text(host.operator_fit.launch), to_text(host.operator_fit.rate), figures_table(look, host),
      100 * (host.contention.ratio.median - 1), host.write_cost, to_text(host.capacity),
      to_text(host.reserved));
}

Json host_json(const HostCalibration& host) {
  Json out = {{"date", host.machine.date},
              {"processor", host.machine.processor},
              {"compute", host.machine.compute},
              {"kernel", host.machine.kernel},
              {"quick", host.quick},
              {"doubt", host_doubt(host)},
              {"load", host.machine.load},
              {"processors", host.machine.processors},
              {"precision", to_text(host.precision)},
              {"read_from", host.read_from},
              {"disk", disk_json(host)},
              {"products", Json::array()},
              {"operators",
               {{"launch_s", host.operator_fit.launch.to_seconds()},
                {"stream_bytes_per_s", host.operator_fit.rate.count()},
                {"rows", Json::array()}}},
              {"figures", Json::array()},
              {"write_cost", host.write_cost},
              {"memory_bytes", host.capacity.count()},
              {"memory_in_use_bytes", host.reserved.count()}};
  for (const HostProducts& products : host.products) out["products"].push_back(json_of(products));
  for (const OperatorRow& row : host.operators) {
    out["operators"]["rows"].push_back({{"name", row.name},
                                        {"launches", row.launches},
                                        {"bytes", row.bytes.count()},
                                        {"seconds", json_of(spread_of(row.seconds))},
                                        {"fit_off_by", operator_residual(host, row)}});
  }
  for (const HostFigure& figure : host_figures(host)) {
    Json row = {{"name", figure.name}, {"unit", figure.unit}};
    row.update(json_of(figure.spread));
    out["figures"].push_back(std::move(row));
  }
  return out;
}

}  // namespace pregate
