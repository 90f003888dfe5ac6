// SPDX-License-Identifier: Apache-2.0
#include "experiments/heatmap_figure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "experiments/table.hpp"

namespace pregate {
namespace {

// In what people read a value: its name, and how many of the matrix's units make one.
struct ShownUnit {
  std::string_view name;
  double size = 1;
};
ShownUnit shown_unit(const ExpertMatrix& matrix) {
  switch (matrix.measure) {
    case ExpertMeasure::stall:
      return {.name = "ms", .size = 1e9};
    case ExpertMeasure::bytes:
      return {.name = "MiB", .size = 1 << 20};
    default:
      return {.name = matrix.unit};
  }
}

bool shares_banks(const ExpertMatrix& matrix) {
  for (std::size_t row = 1; row < matrix.banks.size(); ++row) {
    if (matrix.banks[row] == matrix.banks[row - 1]) return true;
  }
  return false;
}

// A row as it is shown; cells beyond the bank are no cells.
std::vector<double> shown_row(const HeatSource& source, std::size_t row) {
  const ExpertMatrix& m = source.matrix;
  const double sum = m.sum(row);
  double unit = shown_unit(m).size;
  if (source.scale == HeatScale::layer) unit = sum > 0 ? sum / 100 : 1;
  std::vector<double> out;
  for (std::size_t e = 0; e < m.columns; ++e) {
    const bool exists = e < static_cast<std::size_t>(m.experts[row]);
    out.push_back(exists ? m.at(row, e) / unit : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

std::string value_label(const HeatSource& source) {
  const ExpertMatrix& m = source.matrix;
  if (source.scale == HeatScale::layer) return fmt::format("% of the layer's {}", to_text(m.measure));
  return fmt::format("{} ({})", to_text(m.measure), shown_unit(m).name);
}

plot::Heatmap map_of(const HeatSource& source, const std::vector<std::size_t>& rows) {
  plot::Heatmap map{.rows = rows.size(), .columns = source.matrix.columns};
  for (const std::size_t row : rows) {
    const std::vector<double> values = shown_row(source, row);
    map.values.insert(map.values.end(), values.begin(), values.end());
    map.row_names.push_back(fmt::format("{}", source.matrix.layers[row].value()));
  }
  map.min = 0;
  map.value_label = value_label(source);
  return map;
}

std::string title_of(const HeatSource& source, const char* what) {
  return fmt::format("{}: {} of {}", source.model, to_text(source.matrix.measure), what);
}

// Room for `cells` of at least `least` pixels in a figure of sensible size.
std::int32_t room(std::size_t cells, double least, double most) {
  return static_cast<std::int32_t>(std::clamp(static_cast<double>(cells) * least, 320.0, most));
}

std::string overlap_text(const LayerPairs& pairs, BankId bank) {
  std::vector<std::string> parts;
  double chance = 0;
  for (const LayerPair& pair : pairs.within) {
    if (pair.bank != bank) continue;
    chance = pair.chance;
    parts.push_back(
        fmt::format("{} & {}: {:.0f} %", pair.first.value(), pair.second.value(), pair.overlap * 100));
  }
  if (parts.empty()) return "no decode tokens to compare";
  constexpr std::size_t kMost = 6;
  const bool more = parts.size() > kMost;
  if (more) parts.resize(kMost);
  return fmt::format("same experts: {}{} (chance {:.0f} %)", fmt::join(parts, ", "), more ? " ..." : "",
                     chance * 100);
}

}  // namespace

plot::Figure layers_figure(const HeatSource& source) {
  const ExpertMatrix& m = source.matrix;
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < m.layers.size(); ++row) rows.push_back(row);
  plot::Heatmap map = map_of(source, rows);
  for (std::size_t row = 1; shares_banks(m) && row < rows.size(); ++row) {
    if (m.banks[row] != m.banks[row - 1]) map.row_breaks.push_back(row);
  }
  return {.title = title_of(source, "layers x experts"),
          .subtitle = source.provenance,
          .width = room(m.columns, 6, 1400) + 170,
          .height = room(rows.size(), 11, 1400) + 130,
          .panels = {{.x = {.label = shares_banks(m) ? "expert of the layer's bank; lines part the banks"
                                                     : "expert"},
                      .y = {.label = "layer"},
                      .content = std::move(map)}}};
}

Result<plot::Figure> sharing_figure(const HeatSource& source) {
  const ExpertMatrix& m = source.matrix;
  std::map<BankId, std::vector<std::size_t>> groups;
  for (std::size_t row = 0; row < m.layers.size(); ++row) groups[m.banks[row]].push_back(row);
  std::erase_if(groups, [](const auto& group) { return group.second.size() < 2; });
  if (groups.empty()) {
    return bad_input("a model whose layers share banks of experts",
                     fmt::format("{}, where none do", source.model), "--view sharing");
  }
  plot::Figure figure{.title = title_of(source, "the layers of each group over the experts that they share"),
                      .subtitle = source.provenance,
                      .columns = groups.size() > 4 ? 2 : 1,
                      .share = {.x = true, .colours = true}};
  std::size_t most_rows = 0;
  for (const auto& [bank, rows] : groups) {
    most_rows = std::max(most_rows, rows.size());
    figure.panels.push_back({.title = fmt::format("bank {}", bank.value()),
                             .note = overlap_text(source.pairs, bank),
                             .x = {.label = "expert"},
                             .y = {.label = "layer"},
                             .content = map_of(source, rows)});
  }
  const auto columns = static_cast<std::size_t>(figure.columns);
  const std::size_t down = (figure.panels.size() + columns - 1) / columns;
  figure.width = std::min(1600, figure.columns * (room(m.columns, 6, 640) + 70) + 90);
  figure.height = static_cast<std::int32_t>(
      std::min<std::size_t>(4000, 150 + down * (52 + std::clamp<std::size_t>(most_rows * 14, 36, 280))));
  return figure;
}

std::string sum_text(const ExpertMatrix& m) {
  const ShownUnit unit = shown_unit(m);
  const double sum = m.sum() / unit.size;
  const bool fraction = m.measure == ExpertMeasure::weight || unit.size > 1;
  return fmt::format("{} {}",
                     fraction ? fmt::format("{:.2f}", sum) : with_commas(static_cast<std::int64_t>(sum)),
                     unit.name);
}

}  // namespace pregate
