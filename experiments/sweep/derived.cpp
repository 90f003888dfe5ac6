// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/derived.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "experiments/sweep/selection.hpp"
#include "traces/sweep_axes.hpp"

namespace pregate {
namespace {

// What a row is a point of, one axis left out.
std::vector<Quantity> other_values(const StoredSweep::Row& row, std::size_t axis) {
  std::vector<Quantity> values;
  for (std::size_t a = 0; a < row.values.size(); ++a) {
    if (a != axis) values.push_back(row.values[a] ? *row.values[a] : Quantity::parse("-"));
  }
  return values;
}

Cell share_of(const Cell& part, const Cell& whole) {
  const std::optional<double> a = number_in(part), b = number_in(whole);
  return a && b && *b != 0 ? Cell(*a / *b) : Cell();
}

Status check_numbers(const StoredSweep& sweep, std::size_t key) {
  for (const StoredSweep::Row& row : sweep.rows) {
    if (row.done && std::holds_alternative<std::string>(row.summary[key]))
      return bad_input("keys of numbers in KEY/OTHER", fmt::format("{}, which is a word", sweep.keys[key]));
  }
  return {};
}

Status add_share_of_key(StoredSweep& sweep, std::size_t key, const std::string& other) {
  const Result<std::size_t> whole = find_key(sweep, other);
  if (!whole) return whole.error();
  if (Status numbers = check_numbers(sweep, *whole); !numbers) return numbers;
  for (StoredSweep::Row& row : sweep.rows) {
    if (row.done) row.summary.push_back(share_of(row.summary[key], row.summary[*whole]));
  }
  return {};
}

Status add_share_of_row(StoredSweep& sweep, std::size_t key, const std::string& condition) {
  const Result<PathValue> wanted = split_assignment(condition);
  if (!wanted) return wanted.error();
  const Result<StoredSweep> wholes = select_rows(sweep, {condition});
  if (!wholes) return wholes.error();
  const Result<std::size_t> axis = find_axis(sweep, wanted->path);
  if (!axis) return axis.error();
  // As the rows have it: of "0" the axis says the unit.
  const std::optional<Quantity> value = wholes->rows.front().values[*axis];
  std::erase_if(sweep.rows, [&](const StoredSweep::Row& row) { return row.values[*axis] == value; });
  std::map<std::vector<Quantity>, Cell> whole_at;
  for (const StoredSweep::Row& row : wholes->rows) {
    if (row.done) whole_at[other_values(row, *axis)] = row.summary[key];
  }
  for (StoredSweep::Row& row : sweep.rows) {
    if (row.done) row.summary.push_back(share_of(row.summary[key], whole_at[other_values(row, *axis)]));
  }
  return {};
}

using Points = std::vector<std::pair<double, double>>;  // axis, key; by axis

// From the right: the last point that is below the level, and the one after it.
Cell crossing(const Points& points, double level) {
  const auto below = std::find_if(points.rbegin(), points.rend(), [&](auto& p) { return p.second < level; });
  if (below == points.rend()) return std::string("always");
  if (below == points.rbegin()) return std::string("never");
  const auto [x1, y1] = *(below - 1);
  return below->first + (x1 - below->first) * (level - below->second) / (y1 - below->second);
}

std::string crossing_key(const StoredAxis& axis) {
  const std::string name = axis.path.substr(axis.path.rfind('.') + 1);
  switch (axis.kind) {
    case Quantity::Kind::bytes:
      return name + "_bytes";
    case Quantity::Kind::duration:
      return name + "_s";
    default:
      return name;
  }
}

}  // namespace

Result<StoredSweep> with_ratio(StoredSweep sweep, const std::string& name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos || sweep.key(name)) return sweep;
  const Result<std::size_t> key = find_key(sweep, name.substr(0, slash));
  if (!key) return key.error();
  if (Status numbers = check_numbers(sweep, *key); !numbers) return numbers.error();
  const std::string other = name.substr(slash + 1);
  const Status added = other.find('=') == std::string::npos ? add_share_of_key(sweep, *key, other)
                                                            : add_share_of_row(sweep, *key, other);
  if (!added) return added.error();
  sweep.keys.push_back(name);
  return sweep;
}

Result<CrossRequest> parse_cross(const std::string& text) {
  const auto fault = [&text] {
    return bad_input("AXIS:LEVELS:KEY, such as expert_budget:5,10:tokens_per_second",
                     fmt::format("\"{}\"", text));
  };
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string::npos ? first : text.find(':', first + 1);
  if (second == std::string::npos || first == 0 || second + 1 == text.size()) return fault();
  CrossRequest request{.axis = text.substr(0, first), .levels = {}, .key = text.substr(second + 1)};
  for (std::size_t from = first + 1; from <= second;) {
    const std::size_t comma = std::min(text.find(',', from), second);
    const Quantity level = Quantity::parse(text.substr(from, comma - from));
    if (level.kind() != Quantity::Kind::number) return fault();
    request.levels.push_back(level.value());
    from = comma + 1;
  }
  return request;
}

Result<StoredSweep> crossings(const StoredSweep& sweep, const CrossRequest& request) {
  const Result<std::size_t> axis = find_axis(sweep, request.axis);
  if (!axis) return axis.error();
  if (sweep.axes[*axis].kind == Quantity::Kind::text)
    return bad_input("an axis of numbers", sweep.axes[*axis].path);
  const Result<std::size_t> key = find_key(sweep, request.key);
  if (!key) return key.error();
  std::map<std::vector<Quantity>, std::pair<const StoredSweep::Row*, Points>> lines;
  for (const StoredSweep::Row& row : sweep.rows) {
    const auto value = row.done ? number_in(row.summary[*key]) : std::nullopt;
    if (!value || !row.values[*axis]) continue;
    auto& [first, points] = lines[other_values(row, *axis)];
    if (first == nullptr) first = &row;
    points.emplace_back(row.values[*axis]->value(), *value);
  }
  StoredSweep out{.axes = sweep.axes, .keys = {crossing_key(sweep.axes[*axis])}, .rows = {}};
  out.how = fmt::format("interpolated between {} points", how_known(request.key));
  out.axes.erase(out.axes.begin() + static_cast<std::ptrdiff_t>(*axis));
  out.axes.push_back({"level", Quantity::Kind::number});
  for (auto& [others, line] : lines) {
    std::sort(line.second.begin(), line.second.end());
    for (const double level : request.levels) {
      StoredSweep::Row row{
          .hash = line.first->hash, .version = line.first->version, .done = true, .values = {}};
      row.values.assign(others.begin(), others.end());
      row.values.emplace_back(Quantity::of_number(level));
      row.summary = {crossing(line.second, level)};
      out.rows.push_back(std::move(row));
    }
  }
  return out;
}

}  // namespace pregate
