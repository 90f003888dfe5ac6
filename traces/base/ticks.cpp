// SPDX-License-Identifier: Apache-2.0
#include "traces/base/ticks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pregate::plot {
namespace {

// A step of `factor` x 10^exponent; multiples are made by division where the exponent is negative, so that 3
// x 0.1 is 0.3.
struct Step {
  std::int64_t factor = 1;
  int exponent = 0;
  [[nodiscard]] double times(std::int64_t n) const {
    const double power = std::pow(10.0, std::abs(exponent));
    const auto whole = static_cast<double>(n * factor);
    return exponent < 0 ? whole / power : whole * power;
  }
  [[nodiscard]] int decimals() const { return std::max(0, -exponent); }
};

Step round_step(double span, int wanted) {
  const double raw = span / wanted;
  const int exponent = static_cast<int>(std::floor(std::log10(raw)));
  const double lead = raw / std::pow(10.0, exponent);
  if (lead <= 1.0 + 1e-9) return {1, exponent};
  if (lead <= 2.0 + 1e-9) return {2, exponent};
  if (lead <= 5.0 + 1e-9) return {5, exponent};
  return {1, exponent + 1};
}

bool is_log(Scale scale) {
  return scale != Scale::linear;
}

// Digits that tell the number, no more than six: 0.125, 1,024.
std::string short_text(double value) {
  if (std::abs(value) >= 1e7 || (value != 0 && std::abs(value) < 1e-4)) return fmt::format("{:g}", value);
  for (int decimals = 0; decimals < 6; ++decimals) {
    const double scaled = value * std::pow(10.0, decimals);
    if (std::abs(scaled - std::round(scaled)) < 1e-9 * std::max(1.0, std::abs(scaled)))
      return number_text(value, decimals);
  }
  return fmt::format("{:g}", value);
}

void add_linear_ticks(Ruler& ruler, const Step& step) {
  const double slack = 1e-9 * (ruler.high - ruler.low);
  auto n = static_cast<std::int64_t>(std::ceil((ruler.low - slack) / step.times(1)));
  for (; step.times(n) <= ruler.high + slack; ++n) {
    ruler.ticks.push_back({step.times(n), number_text(step.times(n), step.decimals())});
  }
}

// base^n x lead for the leads given, inside the ends.
void add_power_ticks(Ruler& ruler, double base, const std::vector<double>& leads, int every) {
  const int first = static_cast<int>(std::floor(std::log(ruler.low) / std::log(base) + 1e-9)) - 1;
  const int last = static_cast<int>(std::ceil(std::log(ruler.high) / std::log(base) - 1e-9)) + 1;
  for (int n = first; n <= last; ++n) {
    if (((n % every) + every) % every != 0) continue;
    for (const double lead : leads) {
      const double value = n < 0 ? lead / std::pow(base, -n) : lead * std::pow(base, n);
      if (value < ruler.low * (1 - 1e-9) || value > ruler.high * (1 + 1e-9)) continue;
      ruler.ticks.push_back({value, short_text(value)});
    }
  }
}

void add_log_ticks(Ruler& ruler, int wanted) {
  const double base = ruler.scale == Scale::log2 ? 2.0 : 10.0;
  const double powers = std::log(ruler.high / ruler.low) / std::log(base);
  const int every = std::max(1, static_cast<int>(std::ceil(powers / wanted)));
  if (ruler.scale == Scale::log10 && powers < 2.5) {
    add_power_ticks(ruler, base, {1, 2, 5}, 1);
    if (static_cast<int>(ruler.ticks.size()) > wanted + 1) ruler.ticks.clear();
  }
  if (ruler.ticks.empty()) add_power_ticks(ruler, base, {1}, every);
  if (ruler.ticks.size() >= 2) return;
  ruler.ticks.clear();
  add_linear_ticks(ruler, round_step(ruler.high - ruler.low, wanted));
}

// So that the difference of two ends, or their ratio, is a number.
Range bounded(Scale scale, Range data) {
  const double most = is_log(scale) ? 1e140 : 1e300, least = is_log(scale) ? 1 / most : -most;
  return {std::clamp(data.low, least, most), std::clamp(data.high, least, most)};
}

// Ends of data that is one value, or none, are moved apart. Values above zero that begin low begin at zero.
Range widened(Scale scale, Range data) {
  if (is_log(scale)) {
    if (data.high <= data.low) return {data.low / 2, data.low * 2};
    const double margin = std::pow(data.high / data.low, 0.03);
    return {data.low / margin, data.high * margin};
  }
  if (data.low > 0 && data.low < 0.4 * data.high) data.low = 0;
  // A span that is rounding alone is none.
  const double size = std::max(std::abs(data.low), std::abs(data.high));
  if (data.high - data.low > std::max(1e-12 * size, 1e-100)) return data;
  const double half = size <= 1e-100 ? 0.5 : size / 2;
  return {data.low - half, data.high + half};
}

}  // namespace

double Ruler::share(double value) const {
  if (is_log(scale)) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

std::string number_text(double value, int decimals) {
  if (std::abs(value) >= 1e15) return fmt::format("{:g}", value);
  std::string text = fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals);
  const std::size_t begin = text.front() == '-' ? 1 : 0;
  std::size_t point = std::min(text.find('.'), text.size());
  while (point > begin + 3) {
    point -= 3;
    text.insert(point, 1, ',');
  }
  return text;
}

Ruler make_ruler(const Axis& axis, Range data, int wanted) {
  wanted = std::max(2, wanted);
  const Range ends = widened(axis.scale, bounded(axis.scale, data));
  Ruler ruler{.scale = axis.scale, .low = axis.min.value_or(ends.low), .high = axis.max.value_or(ends.high)};
  if (ruler.high <= ruler.low) {  // one end was given, and the data lies beyond it
    if (axis.min) ruler.high = is_log(axis.scale) ? ruler.low * 2 : ruler.low + 1;
    if (!axis.min) ruler.low = is_log(axis.scale) ? ruler.high / 2 : ruler.high - 1;
  }
  if (is_log(axis.scale)) {
    add_log_ticks(ruler, wanted);
    return ruler;
  }
  const Step step = round_step(ruler.high - ruler.low, wanted);
  const double slack = 1e-9 * (ruler.high - ruler.low);
  const double size = step.times(1);
  if (!axis.min) ruler.low = step.times(static_cast<std::int64_t>(std::floor((ruler.low + slack) / size)));
  if (!axis.max) ruler.high = step.times(static_cast<std::int64_t>(std::ceil((ruler.high - slack) / size)));
  add_linear_ticks(ruler, step);
  return ruler;
}

}  // namespace pregate::plot
