// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/sweep_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "traces/base/ticks.hpp"

namespace pregate {

bool SweepColumn::has(std::size_t row) const {
  return is_words() ? words[row] >= 0 : !std::isnan(numbers[row]);
}

namespace {

constexpr double kMostCount = 9e18, kMostSeconds = 9e6;

// As the command tells a value of an axis.
std::string axis_text(Quantity::Kind kind, double value) {
  if (kind == Quantity::Kind::number || kind == Quantity::Kind::text)
    return Quantity::of_number(value).pretty();
  if (kind == Quantity::Kind::duration) {
    if (!(std::abs(value) < kMostSeconds)) return fmt::format("{:g} s", value);
    return Quantity::of_count(kind, std::llround(value * 1e12)).pretty();
  }
  if (!(value >= 0 && value < kMostCount)) return fmt::format("{:g}", value);
  return Quantity::of_count(kind, std::llround(value)).pretty();
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

std::string SweepColumn::text(std::size_t row) const {
  if (!has(row)) return {};
  if (is_words()) return dictionary[static_cast<std::size_t>(words[row])];
  if (is_axis) return axis_text(kind, numbers[row]);
  const std::string number = plot::number_text(numbers[row] * factor, decimals);
  return unit.empty() ? number : number + " " + unit;
}

std::string SweepColumn::raw_text(std::size_t row) const {
  if (!has(row)) return {};
  if (is_words()) return dictionary[static_cast<std::size_t>(words[row])];
  const double value = numbers[row];
  constexpr double kExact = 9007199254740992;  // whole numbers up to 2^53 are themselves
  if (value == std::floor(value) && std::abs(value) <= kExact)
    return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{}", value);
}

std::optional<std::size_t> SweepTable::find(std::string_view name) const {
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].name == name) return c;
  }
  return std::nullopt;
}

std::vector<std::size_t> SweepTable::varied_axes() const {
  std::vector<std::size_t> varied;
  for (std::size_t a = 0; a < axes; ++a) {
    const SweepColumn& column = columns[a];
    const auto differs = [&](std::size_t row) {
      if (column.has(row) != column.has(0)) return true;
      if (!column.has(row)) return false;
      return column.is_words() ? column.words[row] != column.words[0]
                               : column.numbers[row] != column.numbers[0];
    };
    for (std::size_t row = 1; row < rows.size(); ++row) {
      if (!differs(row)) continue;
      varied.push_back(a);
      break;
    }
  }
  return varied;
}

std::size_t SweepTable::failed() const {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [](const SweepRow& row) { return !row.done; }));
}

std::string sweep_csv(const SweepTable& table, const std::vector<std::size_t>& shown) {
  std::string out = "hash,status,error";
  const auto add = [&out](const std::string& text) {
    out += ',';
    out += csv_field(text);
  };
  for (const SweepColumn& column : table.columns) add(column.name);
  out += '\n';
  for (const std::size_t row : shown) {
    const SweepRow& each = table.rows[row];
    out += csv_field(each.hash);
    out += each.done ? ",done" : ",failed";
    add(each.error);
    for (const SweepColumn& column : table.columns) add(column.raw_text(row));
    out += '\n';
  }
  return out;
}

std::string readable_name(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

}  // namespace pregate
