// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/time_axis.hpp"

#include <fmt/format.h>

#include <array>

#include "traces/base/check.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

struct Unit {
  std::int64_t ps;
  const char* name;
};
constexpr std::array kUnits = {Unit{1'000'000'000'000, "s"}, Unit{1'000'000'000, "ms"}, Unit{1'000'000, "µs"},
                               Unit{1'000, "ns"}, Unit{1, "ps"}};

// The largest unit that is not larger.
const Unit& unit_of(std::int64_t ps) {
  for (const Unit& unit : kUnits) {
    if (ps >= unit.ps) return unit;
  }
  return kUnits.back();
}

// 1, 2 or 5 times a power of ten.
std::int64_t nice_step(std::int64_t least) {
  std::int64_t power = 1;
  while (true) {
    for (const std::int64_t times : {1, 2, 5}) {
      if (power * times >= least) return power * times;
    }
    if (power > INT64_MAX / 100) return power;
    power *= 10;
  }
}

std::int64_t floor_to(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

std::int64_t leading_digit(std::int64_t step) {
  while (step >= 10) step /= 10;
  return step;
}

}  // namespace

std::string time_text(std::int64_t ps, std::int64_t resolution) {
  if (ps < 0) return fmt::format("-{}", time_text(-ps, resolution));
  if (ps == 0) return "0 s";
  const Unit& unit = unit_of(ps);
  int decimals = 0;
  for (std::int64_t least = unit.ps; least > resolution; least /= 10) ++decimals;
  const std::int64_t rounded =
      floor_to(ps + std::min(resolution, unit.ps) / 2, std::min(resolution, unit.ps));
  std::string fraction = fmt::format("{:012}", rounded % unit.ps);
  // The fraction of a unit has as many digits as the unit has zeroes.
  std::size_t digits = 0;
  for (std::int64_t least = unit.ps; least > 1; least /= 10) ++digits;
  fraction = fraction.substr(fraction.size() - digits).substr(0, static_cast<std::size_t>(decimals));
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return fmt::format("{}{}{} {}", rounded / unit.ps, fraction.empty() ? "" : ".", fraction, unit.name);
}

TimeAxis time_axis(TimeSpan view, int width, int apart) {
  check(!view.empty() && width > 0 && apart > 0, "an axis has time and pixels");
  const auto least = static_cast<std::int64_t>(Int128{view.length()} * apart / width) + 1;
  const std::int64_t step = nice_step(least);
  const Unit& unit = unit_of(step);
  // Seconds are always whole.
  const std::int64_t whole = unit.ps == kUnits[0].ps ? step : unit.ps * 1000;
  const std::int64_t small = std::max<std::int64_t>(1, step / (leading_digit(step) == 2 ? 4 : 5));
  TimeAxis axis;
  const std::int64_t base = floor_to(view.first, whole);
  if (base != 0 && base != view.first) axis.base = time_text(base);
  for (std::int64_t at = floor_to(view.first + small - 1, small); at < view.last; at += small) {
    Tick tick{.at = at};
    if (at % step == 0) {
      tick.whole = at % whole == 0;
      tick.label =
          tick.whole ? time_text(at) : fmt::format("+{} {}", (at - floor_to(at, whole)) / unit.ps, unit.name);
    }
    axis.ticks.push_back(std::move(tick));
    if (at > INT64_MAX - small) break;
  }
  return axis;
}

}  // namespace pregate
