// SPDX-License-Identifier: Apache-2.0
#include "traces/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace pregate {

std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

double rounded(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  const double shown = std::round(value * scale) / scale;
  return shown == 0 ? 0.0 : shown;
}
std::string signed_text(double value, std::string_view unit) {
  return fmt::format("{:+.1f} {}", rounded(value, 1), unit);
}

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}
double ratio(Duration part, Duration whole) {
  return ratio(part.count_ps(), whole.count_ps());
}
double seconds(Duration d) {
  return static_cast<double>(d.count_ps()) / 1e12;
}
std::string milliseconds(Duration d) {
  return fmt::format("{:.2f} ms", seconds(d) * 1e3);
}
std::string time_text(Duration d) {
  return d < Duration::seconds(1) ? milliseconds(d) : fmt::format("{:.2f} s", seconds(d));
}

std::vector<std::int64_t> apportion(std::span<const std::int64_t> values, std::int64_t total) {
  const Int128 sum = std::accumulate(values.begin(), values.end(), Int128{0});
  std::vector<std::int64_t> out(values.size(), 0);
  if (sum == 0) return out;
  std::vector<std::pair<Int128, std::size_t>> remainders;
  std::int64_t left = total;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Int128 scaled = Int128{values[i]} * total;
    out[i] = static_cast<std::int64_t>(scaled / sum);
    left -= out[i];
    remainders.emplace_back(scaled % sum, i);
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; left > 0; ++i, --left) ++out[remainders[i].second];
  return out;
}

}  // namespace pregate
