// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/selection.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "experiments/catalogue.hpp"

namespace pregate {
namespace {

std::vector<std::string> paths_of(const StoredSweep& sweep) {
  std::vector<std::string> paths;
  for (const StoredAxis& axis : sweep.axes) paths.push_back(axis.path);
  return paths;
}

bool ends_with_part(std::string_view path, std::string_view part) {
  return path.size() > part.size() && path.ends_with(part) && path[path.size() - part.size() - 1] == '.';
}

}  // namespace

Result<PathValue> split_assignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return bad_input("PATH=VALUE, such as policy.prefetch=pregate", fmt::format("\"{}\"", text));
  return PathValue{text.substr(0, equals), text.substr(equals + 1)};
}

Result<StoredSweep> select_rows(StoredSweep sweep, const std::vector<std::string>& where) {
  for (const std::string& condition : where) {
    const Result<PathValue> wanted = split_assignment(condition);
    if (!wanted) return wanted.error();
    const Result<std::size_t> axis = find_axis(sweep, wanted->path);
    if (!axis) return axis.error();
    const Quantity value = Quantity::parse(wanted->value);
    const std::vector<Quantity> there = distinct_values(sweep, *axis);
    if (std::find(there.begin(), there.end(), value) == there.end()) {
      std::vector<std::string> texts;
      for (const Quantity& v : there) texts.push_back(v.text());
      return bad_input(fmt::format("a value of the sweep ({})", fmt::join(texts, ", ")),
                       fmt::format("\"{}\"", wanted->value), sweep.axes[*axis].path);
    }
    std::erase_if(sweep.rows, [&](const StoredSweep::Row& row) { return row.values[*axis] != value; });
  }
  return sweep;
}

std::vector<Quantity> distinct_values(const StoredSweep& sweep, std::size_t axis) {
  std::vector<Quantity> values;
  for (const StoredSweep::Row& row : sweep.rows) {
    if (row.values[axis]) values.push_back(*row.values[axis]);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<std::size_t> varied_axes(const StoredSweep& sweep) {
  std::vector<std::size_t> axes;
  for (std::size_t a = 0; a < sweep.axes.size(); ++a) {
    if (distinct_values(sweep, a).size() > 1) axes.push_back(a);
  }
  return axes;
}

Result<std::size_t> find_axis(const StoredSweep& sweep, const std::string& path) {
  if (const auto axis = sweep.axis(path)) return *axis;
  std::vector<std::size_t> ends;
  for (std::size_t a = 0; a < sweep.axes.size(); ++a) {
    if (ends_with_part(sweep.axes[a].path, path)) ends.push_back(a);
  }
  if (ends.size() == 1) return ends[0];
  return bad_input(fmt::format("an axis of the sweep ({})", fmt::join(paths_of(sweep), ", ")),
                   fmt::format("\"{}\"", path));
}

Result<std::size_t> find_key(const StoredSweep& sweep, const std::string& name) {
  if (const auto key = sweep.key(name)) return *key;
  const std::vector<std::string> near = near_names(name, sweep.keys);
  return bad_input(fmt::format("a key of the summary (nearest: {})",
                               near.empty() ? "tokens_per_second, hit_rate_decode, stall_s"
                                            : fmt::format("{}", fmt::join(near, ", "))),
                   fmt::format("\"{}\"", name));
}

std::optional<double> number_in(const Cell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*whole);
  const auto* number = std::get_if<double>(&cell);
  return number == nullptr || !std::isfinite(*number) ? std::nullopt : std::optional(*number);
}

Shown shown_as(const std::string& key) {
  if (key.find('/') != std::string::npos) return {.factor = 100, .decimals = 1, .unit = "%"};  // a share
  const auto ends = [&key](std::string_view part) { return key.ends_with(part); };
  const bool share = ends("hit_rate") || ends("hit_rate_decode") || ends("_share") || ends("accuracy") ||
                     ends("coverage") || ends("recoverable_gap");
  if (share) return {.factor = 100, .decimals = 1, .unit = "%"};
  if (key.find("tokens_per_second") != std::string::npos)
    return {.factor = 1, .decimals = 2, .unit = "tokens/s"};
  if (ends("bytes") || ends("bytes_read")) return {.factor = 1.0 / (1 << 20), .decimals = 0, .unit = "MiB"};
  if (ends("time_per_output_token_s") || ends("ttft_s")) return {.factor = 1e3, .decimals = 2, .unit = "ms"};
  if (key.find("_ps") != std::string::npos) return {.factor = 1e-9, .decimals = 2, .unit = "ms"};
  if (ends("_s") || key.find("stall_by_cause") != std::string::npos)
    return {.factor = 1, .decimals = 3, .unit = "s"};
  if (ends("_j") || key.find("_j.") != std::string::npos) return {.factor = 1, .decimals = 3, .unit = "J"};
  return {.factor = 1, .decimals = 0, .unit = ""};
}

Shown shown_as(const StoredSweep& sweep, std::size_t axis) {
  const std::vector<Quantity> values = distinct_values(sweep, axis);
  double least = 0;
  for (const Quantity& v : values) {
    const double value = v.value();
    if (value > 0 && (least == 0 || value < least)) least = value;
  }
  struct Unit {
    double scale;
    const char* name;
  };
  const auto largest = [least](std::initializer_list<Unit> descending) {
    for (const Unit& unit : descending) {
      if (least >= unit.scale) return Shown{.factor = 1 / unit.scale, .decimals = 2, .unit = unit.name};
    }
    const Unit last = *(descending.end() - 1);
    return Shown{.factor = 1 / last.scale, .decimals = 2, .unit = last.name};
  };
  switch (sweep.axes[axis].kind) {
    case Quantity::Kind::bytes:
      return largest({{0x1p30, "GiB"}, {0x1p20, "MiB"}, {0x1p10, "KiB"}, {1, "bytes"}});
    case Quantity::Kind::bandwidth:
      return largest({{1e9, "GB/s"}, {1e6, "MB/s"}, {1e3, "kB/s"}});
    case Quantity::Kind::duration:
      return largest({{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}});
    case Quantity::Kind::mac_rate:
      return largest({{1e12, "TMAC/s"}, {1e9, "GMAC/s"}, {1e6, "MMAC/s"}});
    case Quantity::Kind::number:
    case Quantity::Kind::text:
      break;
  }
  return {};
}

}  // namespace pregate
