// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/selection.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/catalogue.hpp"
#include "traces/sweep_axes.hpp"

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

namespace {

Error not_a_value(std::vector<std::string> there, const PathValue& wanted) {
  std::sort(there.begin(), there.end());
  there.erase(std::unique(there.begin(), there.end()), there.end());
  return bad_input(fmt::format("a value of the sweep ({})", fmt::join(there, ", ")),
                   fmt::format("\"{}\"", wanted.value), wanted.path);
}

Status keep_rows_with(StoredSweep& sweep, std::string StoredSweep::Row::*field, const PathValue& wanted) {
  std::vector<std::string> there;
  for (const StoredSweep::Row& row : sweep.rows) there.push_back(row.*field);
  if (std::find(there.begin(), there.end(), wanted.value) == there.end()) return not_a_value(there, wanted);
  std::erase_if(sweep.rows, [&](const StoredSweep::Row& row) { return row.*field != wanted.value; });
  return {};
}

Status keep_rows_at(StoredSweep& sweep, std::size_t axis, const PathValue& wanted) {
  const Quantity value = value_of_kind(Quantity::parse(wanted.value), sweep.axes[axis].kind);
  const std::vector<Quantity> there = distinct_values(sweep, axis);
  if (std::find(there.begin(), there.end(), value) == there.end()) {
    std::vector<std::string> texts;
    for (const Quantity& v : there) texts.push_back(v.text());
    return bad_input(fmt::format("a value of the sweep ({})", fmt::join(texts, ", ")),
                     fmt::format("\"{}\"", wanted.value), sweep.axes[axis].path);
  }
  std::erase_if(sweep.rows, [&](const StoredSweep::Row& row) { return row.values[axis] != value; });
  return {};
}

}  // namespace

Result<StoredSweep> select_rows(StoredSweep sweep, const std::vector<std::string>& where) {
  for (const std::string& condition : where) {
    const Result<PathValue> wanted = split_assignment(condition);
    if (!wanted) return wanted.error();
    Status kept;
    if (wanted->path == "version" || wanted->path == "seed") {
      kept = keep_rows_with(
          sweep, wanted->path == "seed" ? &StoredSweep::Row::seed : &StoredSweep::Row::version, *wanted);
    } else {
      const Result<std::size_t> axis = find_axis(sweep, wanted->path);
      if (!axis) return axis.error();
      kept = keep_rows_at(sweep, *axis, *wanted);
    }
    if (!kept) return kept.error();
  }
  return sweep;
}

Result<StoredSweep> one_row_a_point(StoredSweep sweep) {
  std::vector<StoredSweep::Row> rows;
  for (StoredSweep::Row& row : sweep.rows) {  // those of one point stand beside each other
    if (rows.empty() || rows.back().values != row.values) {
      rows.push_back(std::move(row));
    } else if (!rows.back().done) {
      rows.back() = std::move(row);
    } else if (row.done) {
      std::vector<std::string> at;
      for (std::size_t a = 0; a < sweep.axes.size(); ++a) {
        if (row.values[a]) at.push_back(sweep.axes[a].path + "=" + row.values[a]->text());
      }
      const char* what = rows.back().version != row.version ? "version" : "seed";
      const bool told = rows.back().version != row.version || rows.back().seed != row.seed;
      return bad_input(
          told ? fmt::format("one row for {}, as by --where {}={}", fmt::join(at, " "), what,
                             what[0] == 'v' ? row.version : row.seed)
               : fmt::format("one row for {}; a file for each scenario that is varied", fmt::join(at, " ")),
          "two");
    }
  }
  sweep.rows = std::move(rows);
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
    const std::size_t values = distinct_values(sweep, a).size();
    const bool some_without = std::any_of(sweep.rows.begin(), sweep.rows.end(),
                                          [a](const StoredSweep::Row& row) { return !row.values[a]; });
    if (values + (some_without ? 1 : 0) > 1) axes.push_back(a);
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
                   fmt::format("\"{}\"{}", path, ends.empty() ? "" : ", which is the end of several"));
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

namespace {

// A unit as what it is a part of, so that shares of different ones of them can be told: ms are seconds.
struct Measure {
  std::string unit;
  double factor = 1;  // of the key's own numbers
};

Measure measure_of(const Shown& shown) {
  return shown.unit == "ms" ? Measure{"s", shown.factor * 1e-3} : Measure{shown.unit, shown.factor};
}

// Of one unit, or of the same key in another row, a share; else so much of the one for each of the other.
Shown shown_ratio(const std::string& part, const std::string& whole) {
  const Shown share = {.factor = 100, .decimals = 1, .unit = "%"};
  if (whole.find('=') != std::string::npos) return share;
  const Measure a = measure_of(shown_as(part)), b = measure_of(shown_as(whole));
  if (a.unit == b.unit) return {.factor = 100 * a.factor / b.factor, .decimals = 1, .unit = "%"};
  std::string unit = a.unit;
  if (!b.unit.empty()) unit = fmt::format("{} per {}", a.unit.empty() ? "1" : a.unit, b.unit);
  return {.factor = a.factor / b.factor, .decimals = 4, .unit = std::move(unit), .significant = true};
}

}  // namespace

Shown shown_as(const std::string& key) {
  if (const std::size_t slash = key.find('/'); slash != std::string::npos)
    return shown_ratio(key.substr(0, slash), key.substr(slash + 1));
  const auto ends = [&key](std::string_view part) { return key.ends_with(part); };
  const auto has = [&key](std::string_view part) { return key.find(part) != std::string::npos; };
  const bool good_share = ends("hit_rate") || ends("hit_rate_decode") || ends("accuracy") || ends("coverage");
  if (good_share || ends("_share") || ends("recoverable_gap"))
    return {.factor = 100, .decimals = 1, .unit = "%", .more_is_better = good_share};
  if (has("tokens_per_second"))
    return {.factor = 1, .decimals = 2, .unit = "tokens/s", .more_is_better = true};
  if (ends("bytes") || ends("bytes_read")) return {.factor = 1.0 / (1 << 20), .decimals = 1, .unit = "MiB"};
  if (ends("time_per_output_token_s") || ends("ttft_s")) return {.factor = 1e3, .decimals = 2, .unit = "ms"};
  if (has("_ps")) return {.factor = 1e-9, .decimals = 2, .unit = "ms"};
  if (ends("_s") || has("stall_by_cause")) return {.factor = 1, .decimals = 3, .unit = "s"};
  if (ends("_j") || has("_j.")) return {.factor = 1, .decimals = 3, .unit = "J"};
  return {.factor = 1, .decimals = 0, .unit = ""};
}

BetterSide better_side(const std::string& key) {
  const Shown shown = shown_as(key);
  if (shown.more_is_better || key.ends_with("prefetch.useful") || key.ends_with("outcomes.resident_hit") ||
      key.ends_with("outcomes.prefetch_hit"))
    return BetterSide::more;
  if (key == "token_cycle_bytes") return BetterSide::neither;  // the routing's
  if (!shown.unit.empty()) return BetterSide::less;            // times, bytes, energy, shares of what is lost
  static const std::set<std::string_view> kLess = {"loads",     "reloads",       "evictions", "late",
                                                   "useless",   "cancelled",     "miss",      "late_prefetch",
                                                   "redundant", "compulsory",    "capacity",  "policy",
                                                   "pollution", "late_prefetch", "no_room"};
  const std::size_t dot = key.rfind('.');
  return kLess.contains(std::string_view(key).substr(dot == std::string::npos ? 0 : dot + 1))
             ? BetterSide::less
             : BetterSide::neither;
}

BetterSide better_side(const StoredAxis& axis) {
  if (axis.kind == Quantity::Kind::text) return BetterSide::neither;
  if (axis.path.starts_with("dram.")) return BetterSide::less;
  if (!axis.path.starts_with("device.")) return BetterSide::neither;
  // A faster part costs more, and so does a larger one; so does one that waits less.
  return axis.kind == Quantity::Kind::duration ? BetterSide::more : BetterSide::less;
}

std::string_view to_text(BetterSide side) {
  return side == BetterSide::more ? "more" : side == BetterSide::less ? "less" : "neither";
}

std::string_view how_known(const std::string& key) {
  if (key.ends_with("_j") || key.find("_j.") != std::string::npos) return "estimated";
  for (const std::string_view counted :
       {"tokens", "prefill_tokens", "lookups", "events", "opt_hit_rate_decode", "policy_hit_rate_decode",
        "recoverable_gap", "token_cycle_bytes", "macs"}) {
    if (key == counted || key.ends_with(fmt::format(".{}", counted))) return "counted";
  }
  return key.starts_with("misses_by_class") ? "counted" : "simulated";
}

std::string how_known(const StoredSweep& sweep, const std::string& key) {
  return sweep.how.empty() ? std::string(how_known(key)) : sweep.how;
}

std::string readable(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  std::string text(dot == std::string_view::npos ? name : name.substr(dot + 1));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string value_name(const std::string& path, const Quantity& value) {
  // Words speak for themselves; a number needs to be told of what.
  const bool bare =
      value.kind() == Quantity::Kind::number || value.text() == "true" || value.text() == "false";
  return bare ? fmt::format("{} {}", readable(path), value.text()) : value.pretty();
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
