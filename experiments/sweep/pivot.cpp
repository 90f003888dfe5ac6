// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/pivot.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "experiments/sweep/selection.hpp"
#include "experiments/table.hpp"

namespace pregate {
namespace {

using Values = std::vector<Quantity>;

struct Layout {
  std::vector<std::size_t> rows, columns;  // axes
  std::size_t key = 0;
  Shown shown;
};

Result<std::vector<std::size_t>> find_axes(const StoredSweep& sweep, const std::vector<std::string>& paths) {
  std::vector<std::size_t> axes;
  for (const std::string& path : paths) {
    const Result<std::size_t> axis = find_axis(sweep, path);
    if (!axis) return axis.error();
    axes.push_back(*axis);
  }
  return axes;
}

// Few columns fit a screen: axes stay beside each other as long as their combinations do.
void choose_axes(const StoredSweep& sweep, Layout& layout) {
  constexpr std::size_t kMostColumns = 8;
  std::vector<std::size_t> axes = varied_axes(sweep);
  std::size_t columns = 1;
  while (axes.size() > 1) {
    columns *= distinct_values(sweep, axes.back()).size();
    if (columns > kMostColumns) break;
    layout.columns.insert(layout.columns.begin(), axes.back());
    axes.pop_back();
  }
  layout.rows = axes;
}

Status check_once(const StoredSweep& sweep, const Layout& layout) {
  std::vector<std::size_t> axes = layout.rows;
  axes.insert(axes.end(), layout.columns.begin(), layout.columns.end());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (std::count(axes.begin(), axes.end(), axes[i]) > 1)
      return bad_input("each axis once", fmt::format("{} twice", sweep.axes[axes[i]].path));
  }
  return {};
}

Status check_all_used(const StoredSweep& sweep, const Layout& layout) {
  for (const std::size_t axis : varied_axes(sweep)) {
    const auto has = [axis](const std::vector<std::size_t>& axes) {
      return std::find(axes.begin(), axes.end(), axis) != axes.end();
    };
    if (has(layout.rows) || has(layout.columns)) continue;
    const std::size_t count = distinct_values(sweep, axis).size();
    return bad_input(
        fmt::format("{} among the rows or columns, or one value of it by --where", sweep.axes[axis].path),
        fmt::format("{} values of it", count));
  }
  return {};
}

Result<Layout> lay_out(const StoredSweep& sweep, const PivotRequest& request) {
  Layout layout;
  const Result<std::size_t> key = find_key(sweep, request.metric);
  if (!key) return key.error();
  layout.key = *key;
  layout.shown = shown_as(request.metric);
  if (!sweep.how.empty()) layout.shown.more_is_better = false;  // where a level is crossed
  Result<std::vector<std::size_t>> rows = find_axes(sweep, request.rows);
  if (!rows) return rows.error();
  Result<std::vector<std::size_t>> columns = find_axes(sweep, request.columns);
  if (!columns) return columns.error();
  layout.rows = std::move(*rows);
  layout.columns = std::move(*columns);
  if (request.rows.empty() && request.columns.empty()) choose_axes(sweep, layout);
  if (Status once = check_once(sweep, layout); !once) return once.error();
  if (Status used = check_all_used(sweep, layout); !used) return used.error();
  return layout;
}

Values values_at(const StoredSweep::Row& row, const std::vector<std::size_t>& axes) {
  Values values;
  for (const std::size_t axis : axes)
    values.push_back(row.values[axis] ? *row.values[axis] : Quantity::parse("-"));
  return values;
}

bool same_but_last(const Values& a, const Values& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end() - 1, b.begin());
}

class Pivot {
 public:
  Pivot(const StoredSweep& sweep, const Layout& layout) : sweep_(sweep), layout_(layout) {
    for (const StoredSweep::Row& row : sweep.rows) {
      const Values at = values_at(row, layout.rows), across = values_at(row, layout.columns);
      rows_.push_back(at);
      columns_.push_back(across);
      cells_[{at, across}] = &row;
    }
    for (auto* lines : {&rows_, &columns_}) {
      std::sort(lines->begin(), lines->end());
      lines->erase(std::unique(lines->begin(), lines->end()), lines->end());
    }
    gains_ = !layout.columns.empty() && compares_two();
  }

  [[nodiscard]] std::string text(const Look& look) const {
    std::vector<Column> titles;
    for (const std::size_t axis : layout_.rows) {
      const bool words = sweep_.axes[axis].kind == Quantity::Kind::text;
      titles.push_back({readable(sweep_.axes[axis].path), words ? Align::left : Align::right});
    }
    if (titles.empty()) titles.push_back({""});
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      titles.push_back({title(columns_[c])});
      if (closes_pair(c)) titles.push_back({layout_.shown.more_is_better ? "gain" : "change"});
    }
    Table table(std::move(titles));
    for (const Values& at : rows_) table.row(line(at));
    return table.text(look);
  }

 private:
  // Two values of the last column axis, and no rows without one.
  [[nodiscard]] bool compares_two() const {
    std::set<Quantity> last;
    for (const Values& across : columns_) last.insert(across.back());
    return last.size() == 2 && !last.contains(Quantity::parse("-"));
  }
  // Whether this column and the one before it differ in the last axis alone.
  [[nodiscard]] bool closes_pair(std::size_t c) const {
    return gains_ && c > 0 && same_but_last(columns_[c - 1], columns_[c]);
  }

  [[nodiscard]] std::string title(const Values& across) const {
    if (across.empty()) return layout_.shown.unit.empty() ? "value" : layout_.shown.unit;
    std::string text;
    for (std::size_t i = 0; i < across.size(); ++i) {
      const std::string value = value_name(sweep_.axes[layout_.columns[i]].path, across[i]);
      text += (i == 0 ? "" : i + 1 == across.size() ? "\n" : ", ") + value;
    }
    return text;
  }

  [[nodiscard]] const StoredSweep::Row* at(const Values& row, const Values& column) const {
    const auto found = cells_.find({row, column});
    return found == cells_.end() ? nullptr : found->second;
  }
  [[nodiscard]] std::optional<double> number(const Values& row, const Values& column) const {
    const StoredSweep::Row* found = at(row, column);
    return found != nullptr && found->done ? number_in(found->summary[layout_.key]) : std::nullopt;
  }

  [[nodiscard]] std::string cell(const Values& row, const Values& column) const {
    const StoredSweep::Row* found = at(row, column);
    if (found == nullptr) return "-";
    if (!found->done) return "failed";
    if (const auto* word = std::get_if<std::string>(&found->summary[layout_.key])) return *word;
    const auto value = number_in(found->summary[layout_.key]);
    if (!value) return "n/a";
    const double shown = *value * layout_.shown.factor;
    return layout_.shown.significant ? fmt::format("{:.{}g}", shown, layout_.shown.decimals)
                                     : fmt::format("{:.{}f}", shown, layout_.shown.decimals);
  }

  // Shares differ by points of a hundred: of a percentage, a percentage misleads.
  [[nodiscard]] std::string change(std::optional<double> from, std::optional<double> to) const {
    if (!from || !to) return "";
    if (layout_.shown.unit == "%") return signed_text((*to - *from) * 100, "pp");
    return *from > 0 ? signed_text((*to / *from - 1) * 100, "%") : "";
  }

  [[nodiscard]] std::vector<std::string> line(const Values& row) const {
    std::vector<std::string> cells;
    for (const Quantity& value : row) cells.push_back(value.pretty());
    if (row.empty()) cells.emplace_back("");
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      cells.push_back(cell(row, columns_[c]));
      if (!closes_pair(c)) continue;
      cells.push_back(change(number(row, columns_[c - 1]), number(row, columns_[c])));
    }
    return cells;
  }

  const StoredSweep& sweep_;
  const Layout& layout_;
  std::vector<Values> rows_, columns_;
  std::map<std::pair<Values, Values>, const StoredSweep::Row*> cells_;
  bool gains_ = false;
};

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= text.size() && !text.empty()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    if (comma > from) parts.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

}  // namespace

Result<PivotRequest> parse_pivot(const std::string& text) {
  PivotRequest request;
  if (text.empty()) return request;
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string::npos ? first : text.find(':', first + 1);
  if (second != std::string::npos && text.find(':', second + 1) != std::string::npos)
    return bad_input("ROWS:COLUMNS or ROWS:COLUMNS:METRIC", fmt::format("\"{}\"", text));
  request.rows = split_list(text.substr(0, first));
  if (first != std::string::npos) request.columns = split_list(text.substr(first + 1, second - first - 1));
  if (second != std::string::npos && second + 1 < text.size()) request.metric = text.substr(second + 1);
  return request;
}

Status check_pivot(const StoredSweep& sweep, const PivotRequest& request) {
  if (sweep.rows.empty()) return bad_input("a sweep with rows", "none");
  if (const auto layout = lay_out(sweep, request); !layout) return layout.error();
  const Result<StoredSweep> points = one_row_a_point(sweep);
  return points ? Status() : Status(points.error());
}

Result<std::string> pivot_text(const StoredSweep& sweep, const PivotRequest& request, const Look& look) {
  if (sweep.rows.empty()) return bad_input("a sweep with rows", "none");
  const Result<Layout> layout = lay_out(sweep, request);
  if (!layout) return layout.error();
  const std::string unit = layout->shown.unit.empty() ? "" : fmt::format(", {}", layout->shown.unit);
  const Result<StoredSweep> points = one_row_a_point(sweep);
  if (!points) return points.error();
  return fmt::format("{}{} ({})\n{}", request.metric, unit, how_known(sweep, request.metric),
                     Pivot(*points, *layout).text(look));
}

}  // namespace pregate
