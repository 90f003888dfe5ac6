// SPDX-License-Identifier: Apache-2.0
#include "traces/sweep_axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>

#include "traces/base/random.hpp"
#include "traces/scenario.hpp"

namespace pregate {
namespace {

using Kind = Quantity::Kind;

std::string quoted(std::string_view text) {
  return fmt::format("\"{}\"", text);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(mark);
    parts.push_back(trim(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

constexpr std::array<std::int64_t, 5> kBinary = {1LL << 40, 1LL << 30, 1LL << 20, 1LL << 10, 1};
constexpr std::array<std::int64_t, 5> kDecimal = {1'000'000'000'000, 1'000'000'000, 1'000'000, 1'000, 1};
// A value is moved by at most a sixteenth of the distance to its neighbour.
constexpr double kGrainsAStep = 8;

std::int64_t grain_of(const AxisRange& range, double step) {
  const bool binary =
      range.low.kind() == Kind::bytes && range.low.count() % 1024 == 0 && range.high.count() % 1024 == 0;
  for (const std::int64_t grain : binary ? kBinary : kDecimal) {
    if (step >= kGrainsAStep * static_cast<double>(grain)) return grain;
  }
  return 1;
}

// A power of ten; 0 where there is none that a double could divide by.
double decimal_grain(double step) {
  const double grain = std::pow(10.0, std::floor(std::log10(step / kGrainsAStep)));
  return std::isnormal(grain) && std::isnormal(step) ? grain : 0;
}

double rounded_to(double value, double grain) {
  if (grain == 0) return value;
  // Twelve digits: what a division by a power of ten leaves behind them is no part of the value.
  const std::string text = fmt::format("{:.12g}", std::round(value / grain) * grain);
  double rounded = value;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return std::isfinite(rounded) ? rounded : value;
}

double position(const AxisRange& range, double share) {
  const auto end = [](const Quantity& q) {
    return q.kind() == Kind::number ? q.value() : static_cast<double>(q.count());
  };
  const double low = end(range.low), high = end(range.high);
  // Without the differences and quotients that overflow between very far ends.
  if (range.logarithmic) return std::exp(std::lerp(std::log(low), std::log(high), share));
  return low * (1 - share) + high * share;
}

// `at`, between the range's ends, rounded to a grain below `step`.
Quantity rounded_value(const AxisRange& range, double at, double step, bool whole) {
  if (range.low.kind() != Kind::number) {
    const std::int64_t grain = grain_of(range, step);
    const double most = static_cast<double>(range.high.count());
    // The largest counts are above what a double tells apart.
    if (at >= most) return range.high;
    // The next grain above `at` may be above every count.
    const std::int64_t grains =
        std::min<std::int64_t>(std::llround(at / static_cast<double>(grain)), INT64_MAX / grain);
    const std::int64_t rounded = grains * grain;
    return Quantity::of_count(range.low.kind(), std::clamp(rounded, range.low.count(), range.high.count()));
  }
  const double rounded = rounded_to(at, whole ? 1 : decimal_grain(step));
  return Quantity::of_number(std::clamp(rounded, range.low.value(), range.high.value()));
}

// The value at `share` of the way from low to high.
Quantity value_at(const AxisRange& range, double share, double step, bool whole) {
  if (share <= 0) return range.low;
  if (share >= 1) return range.high;
  return rounded_value(range, position(range, share), step, whole);
}

Result<std::int64_t> parse_count(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size() && count >= 2 && count <= kMostPoints)
    return count;
  return bad_input(fmt::format("a count of values from 2 to {} behind LO..HI:", kMostPoints), quoted(text));
}

bool is_scale(std::string_view text) {
  return text == "log" || text == "linear";
}

// LO..HI, LO..HI:log, LO..HI:N or LO..HI:N:log.
Status read_range(std::string_view text, Axis& axis) {
  std::vector<std::string_view> parts = split(text, ':');
  const std::size_t dots = parts[0].find("..");
  AxisRange range{.low = Quantity::parse(trim(parts[0].substr(0, dots))),
                  .high = Quantity::parse(trim(parts[0].substr(dots + 2)))};
  if (range.low.is_text() || range.low.kind() != range.high.kind())
    return bad_input("two numbers of one unit, as in 256MiB..4GiB:16", quoted(parts[0]));
  if (!(range.low < range.high))
    return bad_input("a range whose end is above its beginning",
                     fmt::format("an empty one, {}", quoted(parts[0])));
  if (parts.size() > 3 || (parts.size() == 3 && !is_scale(parts[2])))
    return bad_input("LO..HI:N, LO..HI:N:linear or LO..HI:N:log", quoted(text));
  const bool scaled = parts.size() > 1 && is_scale(parts.back());
  range.logarithmic = scaled && parts.back() == "log";
  if (scaled) parts.pop_back();
  if (range.logarithmic && range.low.value() <= 0)
    return bad_input("a logarithmic range that begins above zero", quoted(parts[0]));
  axis.range = range;
  if (parts.size() == 1) return {};
  const Result<std::int64_t> count = parse_count(parts[1]);
  if (!count) return count.error();
  Result<std::vector<Quantity>> values = spread(range, *count, axis.whole);
  if (!values) return values.error();
  axis.values = std::move(*values);
  return {};
}

Status read_list(std::string_view text, Axis& axis) {
  const std::vector<std::string_view> parts = split(text, ',');
  for (const std::string_view part : parts) {
    if (part.empty()) return bad_input("a value between the commas, as in 1GiB,2GiB", quoted(text));
    axis.values.push_back(Quantity::parse(part));
  }
  // As they will be stored: "0s" and "0" are one value.
  const Kind kind = kind_of(axis);
  for (std::size_t i = 0; i < axis.values.size(); ++i) {
    const auto same = [&](const Quantity& other) {
      return value_of_kind(other, kind) == value_of_kind(axis.values[i], kind);
    };
    const auto end = axis.values.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(axis.values.begin(), end, same))
      return bad_input("each value once", fmt::format("{} a second time", quoted(parts[i])));
  }
  return {};
}

Status check_axes(const std::vector<Axis>& axes) {
  std::set<std::string_view> seen;
  for (const Axis& axis : axes) {
    if (!seen.insert(axis.path).second) return bad_input("each field on one axis", "it on two", axis.path);
  }
  return {};
}

Status check_counted(const Axis& axis) {
  if (!axis.values.empty()) return {};
  return bad_input("a count of values behind the range, as in LO..HI:16 (only a sample needs none)",
                   fmt::format("{}..{}", axis.range->low.text(), axis.range->high.text()), axis.path);
}

Error not_so_many(std::string found) {
  return bad_input(fmt::format("from 1 to {} scenarios", kMostPoints), std::move(found));
}

// What lies at `share` of the axis, in the n-th of it that the share lies in: rounding may not move it into
// the next one.
Quantity drawn(const Axis& axis, double share, std::size_t n) {
  if (!axis.range) {
    const auto size = static_cast<double>(axis.values.size());
    return axis.values[std::min(axis.values.size() - 1, static_cast<std::size_t>(share * size))];
  }
  const AxisRange& range = *axis.range;
  const auto parts = static_cast<double>(n);
  const double part = std::floor(share * parts);
  const double low = position(range, part / parts);
  // Between ends that are neighbours as doubles, rounding may put a part's end before its beginning.
  const double high = std::max(low, position(range, std::min(1.0, (part + 1) / parts)));
  const double at = position(range, share);
  const double step = position(range, 1 / parts) - position(range, 0);
  const Quantity value = rounded_value(range, at, step, axis.whole);
  // Not on a border either: it would lie in both.
  const double margin = (high - low) * 1e-6;
  const auto inside = [&](const Quantity& q) {
    const double found = q.kind() == Kind::number ? q.value() : static_cast<double>(q.count());
    return found > low + margin && found < high - margin;
  };
  if (inside(value)) return value;
  const double inner = std::max((high - low) / 8, axis.whole ? 1.0 : 0.0);
  for (const double other : {low + inner, high - inner}) {
    const Quantity moved = rounded_value(range, std::clamp(other, low, high), step, axis.whole);
    if (inside(moved)) return moved;
  }
  return value;
}

}  // namespace

Result<std::vector<Quantity>> spread(const AxisRange& range, std::int64_t count, bool whole) {
  check(count >= 2, "a range has two ends");
  const double intervals = static_cast<double>(count - 1);
  std::vector<Quantity> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i) / intervals;
    // To the value before, which is the nearer neighbour where each step is a factor.
    const double step = position(range, share) - position(range, std::max(0.0, share - 1 / intervals));
    values.push_back(value_at(range, share, step, whole));
  }
  const auto twice = std::adjacent_find(values.begin(), values.end());
  if (twice == values.end()) return values;
  return bad_input(fmt::format("room for {} different values between {} and {}", count, range.low.text(),
                               range.high.text()),
                   fmt::format("{} twice", twice->text()));
}

Quantity value_of_kind(const Quantity& value, Kind kind) {
  const bool counted = kind != Kind::number && kind != Kind::text;
  if (!counted || value.kind() != Kind::number) return value;
  return value.value() == 0 || kind != Kind::duration
             ? Quantity::of_count(kind, static_cast<std::int64_t>(std::clamp(value.value(), 0.0, 9e18)))
             : value;
}

Kind kind_of(const Axis& axis) {
  if (axis.range) return axis.range->low.kind();
  Kind kind = Kind::number;
  for (const Quantity& value : axis.values) {
    if (value.kind() == kind || value.kind() == Kind::number) continue;
    if (kind != Kind::number) return Kind::text;
    kind = value.kind();
  }
  return kind;
}

Result<Axis> parse_axis(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return bad_input(
        "PATH=VALUES, such as dram.expert_budget=1GiB,2GiB or dram.expert_budget=256MiB..4GiB:16",
        quoted(text));
  Axis axis{.path = std::string(trim(text.substr(0, equals))), .whole = false, .values = {}, .range = {}};
  const std::string_view values = trim(text.substr(equals + 1));
  const Result<FieldType> type = ScenarioDocument::field_type(axis.path);
  if (!type) return type.error();
  axis.whole = *type == FieldType::whole;
  if (values.empty()) return bad_input("at least one value", "none", axis.path);
  // A path may hold two dots as well: a range begins with a number.
  const std::size_t dots = values.find("..");
  const bool range =
      dots != std::string_view::npos && !Quantity::parse(trim(values.substr(0, dots))).is_text();
  if (Status read = range ? read_range(values, axis) : read_list(values, axis); !read) {
    return read.error().at("", axis.path);
  }
  return axis;
}

Status SweepPoints::count_grid() {
  std::int64_t count = 1;
  for (const Axis& axis : axes_) {
    if (Status counted = check_counted(axis); !counted) return counted;
    const auto values = static_cast<std::int64_t>(axis.values.size());
    if (count > kMostPoints / values) return not_so_many("more");
    count *= values;
  }
  size_ = static_cast<std::size_t>(count);
  return {};
}

Status SweepPoints::count_zip() {
  size_ = axes_[0].values.size();
  for (const Axis& axis : axes_) {
    if (Status counted = check_counted(axis); !counted) return counted;
    if (axis.values.size() == size_) continue;
    return bad_input(fmt::format("as many values as {} has, {}, to zip them", axes_[0].path, size_),
                     fmt::format("{}", axis.values.size()), axis.path);
  }
  return {};
}

// McKay, Beckman and Conover 1979 (Technometrics 21): each axis is cut into n equal parts, a point is drawn
// in each, and the parts of the axes are paired by random permutations.
void SweepPoints::draw_sample(std::size_t samples, std::uint64_t seed) {
  size_ = samples;
  Random random(seed);
  std::vector<std::size_t> part(samples);
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    std::iota(part.begin(), part.end(), std::size_t{0});
    for (std::size_t i = samples; i > 1; --i) std::swap(part[i - 1], part[random.below(i)]);
    std::vector<double>& shares = shares_.emplace_back();
    for (const std::size_t p : part)
      shares.push_back((static_cast<double>(p) + random.unit()) / static_cast<double>(samples));
  }
}

Result<SweepPoints> SweepPoints::combine(std::vector<Axis> axes, const CombineOptions& options) {
  if (axes.empty()) return bad_input("at least one axis, as in --vary dram.expert_budget=1GiB,2GiB", "none");
  if (Status distinct = check_axes(axes); !distinct) return distinct.error();
  SweepPoints points(std::move(axes), options.how);
  if (options.how == Combination::sample) {
    if (options.samples < 1 || options.samples > kMostPoints)
      return not_so_many(fmt::format("{}", options.samples));
    points.draw_sample(static_cast<std::size_t>(options.samples), options.seed);
    return points;
  }
  const Status counted = options.how == Combination::grid ? points.count_grid() : points.count_zip();
  if (!counted) return counted.error();
  return points;
}

SweepPoint SweepPoints::at(std::size_t index) const {
  SweepPoint point(axes_.size());
  std::size_t rest = index;
  for (std::size_t a = axes_.size(); a-- > 0;) {
    const Axis& axis = axes_[a];
    if (how_ == Combination::sample) {
      point[a] = drawn(axis, shares_[a][index], size_);
    } else if (how_ == Combination::zip) {
      point[a] = axis.values[index];
    } else {
      point[a] = axis.values[rest % axis.values.size()];
      rest /= axis.values.size();
    }
  }
  return point;
}

}  // namespace pregate
