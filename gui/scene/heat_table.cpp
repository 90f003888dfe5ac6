// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/heat_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace pregate {
namespace {

// The least that is more than nothing has a colour of its own on a logarithmic scale.
constexpr double kLeastHeat = 0.1;

struct Unit {
  double size;
  const char* name;
};

Unit unit_of(ExpertMeasure measure, const std::string& own, double most) {
  const auto largest = [most](std::initializer_list<Unit> descending) {
    for (const Unit& unit : descending) {
      if (most >= unit.size) return unit;
    }
    return *(descending.end() - 1);
  };
  if (measure == ExpertMeasure::stall) return largest({{1e12, "s"}, {1e9, "ms"}, {1e6, "us"}, {1e3, "ns"}});
  if (measure == ExpertMeasure::bytes) return largest({{0x1p30, "GiB"}, {0x1p20, "MiB"}, {0x1p10, "KiB"}});
  return {1, own.c_str()};
}

// A file's numbers may sum to more than a count holds.
std::int64_t count_of(double value) {
  constexpr double kMost = 9e18;
  return std::llround(std::clamp(value, -kMost, kMost));
}

}  // namespace

std::string_view measure_name(ExpertMeasure measure) {
  switch (measure) {
    case ExpertMeasure::weight:
      return "routing weight";
    case ExpertMeasure::stall:
      return "stall time";
    case ExpertMeasure::bytes:
      return "bytes read";
    default:
      return to_text(measure);
  }
}

HeatTable::HeatTable(const ExpertMatrix& matrix, const ModelShape& model, HeatLook look)
    : experts_(model),
      look_(look),
      measure_(matrix.measure),
      unit_(matrix.unit),
      columns_(matrix.columns),
      sum_(matrix.sum()) {
  add_rows(matrix);
  if (look_.order == HeatOrder::heat) order_columns();
  make_ruler();
}

void HeatTable::add_rows(const ExpertMatrix& matrix) {
  std::map<BankId, std::size_t> row_of;  // where banks are rows
  for (std::size_t r = 0; r < matrix.layers.size(); ++r) {
    const bool merged = look_.rows == HeatRows::banks;
    const auto [at, is_new] = row_of.emplace(matrix.banks[r], rows_.size());
    if (!merged || is_new) {
      Row row{.layer = merged ? LayerId() : matrix.layers[r], .bank = matrix.banks[r]};
      row.values.resize(static_cast<std::size_t>(matrix.experts[r]));
      row.order.resize(row.values.size());
      std::iota(row.order.begin(), row.order.end(), 0);
      rows_.push_back(std::move(row));
    }
    Row& row = merged ? rows_[at->second] : rows_.back();
    for (std::size_t e = 0; e < row.values.size(); ++e) row.values[e] += matrix.at(r, e);
    row.sum += matrix.sum(r);
  }
}

void HeatTable::order_columns() {
  std::map<BankId, std::vector<double>> heat;
  for (const Row& row : rows_) {
    std::vector<double>& sums = heat[row.bank];
    sums.resize(row.values.size());
    for (std::size_t e = 0; e < row.values.size(); ++e) sums[e] += row.values[e];
  }
  for (Row& row : rows_) {
    const std::vector<double>& sums = heat[row.bank];
    std::stable_sort(row.order.begin(), row.order.end(), [&sums](std::int32_t a, std::int32_t b) {
      return sums[static_cast<std::size_t>(a)] > sums[static_cast<std::size_t>(b)];
    });
  }
}

double HeatTable::shown(const Row& row, double value) const {
  if (look_.scaling == HeatScaling::row) return row.sum > 0 ? value / row.sum * 100 : 0;
  return value / unit_size_;
}

void HeatTable::make_ruler() {
  double most = 0;
  for (const Row& row : rows_) {
    for (const double value : row.values) most = std::max(most, value);
  }
  if (measure_ == ExpertMeasure::misses || measure_ == ExpertMeasure::reloads) unit_ = to_text(measure_);
  const Unit unit = unit_of(measure_, unit_, most);
  unit_size_ = unit.size;
  shown_unit_ = unit.name;
  for (const Row& row : rows_) {
    for (const double value : row.values) {
      const double v = shown(row, value);
      if (v <= 0) continue;
      least_ = least_ == 0 ? v : std::min(least_, v);
      most_ = std::max(most_, v);
    }
  }
  const bool logarithmic = look_.colours == HeatColours::logarithmic && most_ > least_;
  plot::Axis axis;
  axis.scale = logarithmic ? plot::Scale::log10 : plot::Scale::linear;
  axis.min = logarithmic ? least_ : 0;
  axis.max = most_ > 0 ? most_ : 1;
  ruler_ = plot::make_ruler(axis, {*axis.min, *axis.max}, 4);
}

float HeatTable::heat_of_shown(double value) const {
  if (!(value > 0)) return 0;
  const double share = std::clamp(ruler_.share(value), 0.0, 1.0);
  if (ruler_.scale == plot::Scale::linear) return static_cast<float>(share);
  return static_cast<float>(kLeastHeat + (1 - kLeastHeat) * share);
}

float HeatTable::heat(std::size_t row, std::size_t column) const {
  return heat_of_shown(shown(rows_[row], value(row, column)));
}

HeatCell HeatTable::cell(std::size_t row, std::size_t column) const {
  const Row& at = rows_[row];
  HeatCell out{.row = row, .column = column, .layer = at.layer, .bank = at.bank, .expert = at.order[column]};
  out.id = id(row, column);
  out.value = value(row, column);
  out.row_sum = at.sum;
  out.share = at.sum > 0 ? out.value / at.sum : 0;
  const auto above =
      std::count_if(at.values.begin(), at.values.end(), [&out](double other) { return other > out.value; });
  out.rank = static_cast<std::int32_t>(above) + 1;
  out.of = static_cast<std::int32_t>(at.values.size());
  return out;
}

std::string HeatTable::value_label() const {
  const std::string_view name = measure_name(measure_);
  if (look_.scaling == HeatScaling::row)
    return fmt::format("% of the {}'s {}", look_.rows == HeatRows::layers ? "layer" : "bank", name);
  return shown_unit_ == name ? std::string(name) : fmt::format("{} ({})", name, shown_unit_);
}

std::string HeatTable::value_text(double value) const {
  switch (measure_) {
    case ExpertMeasure::stall:
      return to_text(Duration::ps(count_of(value)));
    case ExpertMeasure::bytes:
      return to_text(Bytes(count_of(value)));
    case ExpertMeasure::weight:
      return plot::number_text(value, 3);
    default:
      return plot::number_text(value, 0) + " " + unit_;
  }
}

std::string HeatTable::short_text(std::size_t row, std::size_t column) const {
  const double v = shown(rows_[row], value(row, column));
  const bool whole =
      look_.scaling == HeatScaling::absolute && unit_size_ == 1 && measure_ != ExpertMeasure::weight;
  return plot::number_text(v, whole || v >= 100 ? 0 : v >= 10 ? 1 : 2);
}

std::string HeatTable::sum_text(std::size_t row) const {
  const bool counted =
      unit_size_ == 1 && measure_ != ExpertMeasure::stall && measure_ != ExpertMeasure::bytes;
  if (!counted) return value_text(rows_[row].sum);
  return plot::number_text(rows_[row].sum, measure_ == ExpertMeasure::weight ? 1 : 0);
}

}  // namespace pregate
