// SPDX-License-Identifier: Apache-2.0
#include "traces/base/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <optional>
#include <span>

namespace pregate {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t scale;  // how many of the type's smallest unit one of these is
};

constexpr std::int64_t kK = 1'000, kM = 1'000'000, kG = 1'000'000'000, kT = 1'000'000'000'000;

constexpr std::array kByteUnits = {Unit{"", 1},          Unit{"B", 1},           Unit{"kB", kK},
                                   Unit{"KB", kK},       Unit{"MB", kM},         Unit{"GB", kG},
                                   Unit{"TB", kT},       Unit{"KiB", 1LL << 10}, Unit{"MiB", 1 << 20},
                                   Unit{"GiB", 1 << 30}, Unit{"TiB", 1LL << 40}};
constexpr std::array kBandwidthUnits = {
    Unit{"B/s", 1},         Unit{"kB/s", kK},        Unit{"KB/s", kK},         Unit{"MB/s", kM},
    Unit{"GB/s", kG},       Unit{"TB/s", kT},        Unit{"KiB/s", 1LL << 10}, Unit{"MiB/s", 1 << 20},
    Unit{"GiB/s", 1 << 30}, Unit{"TiB/s", 1LL << 40}};
constexpr std::array kDurationUnits = {Unit{"ps", 1}, Unit{"ns", kK}, Unit{"us", kM}, Unit{"ms", kG},
                                       Unit{"s", kT}};
constexpr std::array kMacRateUnits = {Unit{"MAC/s", 1},   Unit{"MMAC/s", kM},   Unit{"GMAC/s", kG},
                                      Unit{"TMAC/s", kT}, Unit{"GOPS", kG / 2}, Unit{"TOPS", kT / 2}};

// A decimal number without sign or exponent: whole part and up to 12 digits of fraction, exactly.
struct Decimal {
  std::int64_t digits = 0;       // all digits as one integer
  std::int64_t denominator = 1;  // 10^(digits after the point)
  std::size_t length = 0;        // characters consumed
};

std::optional<Decimal> scan_decimal(std::string_view text) {
  Decimal out;
  bool seen_point = false, seen_digit = false;
  for (; out.length < text.size(); ++out.length) {
    const char c = text[out.length];
    if (c == '.' && !seen_point) {
      seen_point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    if (out.digits > (INT64_MAX - 9) / 10 || out.denominator >= kT) return std::nullopt;
    out.digits = out.digits * 10 + (c - '0');
    if (seen_point) out.denominator *= 10;
    seen_digit = true;
  }
  if (!seen_digit) return std::nullopt;
  return out;
}

Error wrong(std::string_view text, std::string_view example) {
  return bad_input(std::string(example), fmt::format("\"{}\"", text));
}

Result<std::int64_t> parse_quantity(std::string_view text, std::span<const Unit> units,
                                    std::string_view example) {
  const std::optional<Decimal> number = scan_decimal(text);
  if (!number) return wrong(text, example);
  std::string_view rest = text.substr(number->length);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  for (const Unit& unit : units) {
    if (unit.name != rest) continue;
    const Int128 scaled = Int128{number->digits} * unit.scale;
    const Int128 rounded = (scaled + number->denominator / 2) / number->denominator;
    if (rounded > INT64_MAX) return wrong(text, fmt::format("{} below 2^63", example));
    return static_cast<std::int64_t>(rounded);
  }
  return wrong(text, example);
}

// Three significant digits and the largest unit that leaves at least one whole.
std::string scaled_text(double value, std::span<const Unit> ascending) {
  const Unit* unit = &ascending.front();
  for (const Unit& candidate : ascending) {
    if (std::abs(value) >= static_cast<double>(candidate.scale) * 0.9995) unit = &candidate;
  }
  const double scaled = value / static_cast<double>(unit->scale);
  const double size = std::abs(scaled);
  const int decimals = (scaled == std::floor(scaled) && size < 1e4) ? 0
                       : size >= 99.95                              ? 0
                       : size >= 9.995                              ? 1
                                                                    : 2;
  return fmt::format("{:.{}f} {}", scaled, decimals, unit->name);
}

}  // namespace

Result<Bytes> parse_bytes(std::string_view text) {
  const auto value = parse_quantity(text, kByteUnits, "a size such as 4000MiB or 2.5GB");
  if (!value) return value.error();
  return Bytes(*value);
}

Result<Bandwidth> parse_bandwidth(std::string_view text) {
  constexpr std::string_view kExample = "a rate such as 4.2GB/s or 1810MiB/s";
  const auto value = parse_quantity(text, kBandwidthUnits, kExample);
  if (!value) return value.error();
  if (*value < kK) return wrong(text, "a rate of at least 1 kB/s, such as 4.2GB/s");
  return Bandwidth::bytes_per_second(*value);
}

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration();
  const auto value = parse_quantity(text, kDurationUnits, "a time such as 0.2ms or 70ns");
  if (!value) return value.error();
  return Duration::ps(*value);
}

Result<MacRate> parse_mac_rate(std::string_view text) {
  const auto value = parse_quantity(text, kMacRateUnits, "a compute rate such as 22.5TMAC/s or 45TOPS");
  if (!value) return value.error();
  if (*value < kM) return wrong(text, "a compute rate of at least 1 MMAC/s, such as 22.5TMAC/s");
  return MacRate::per_second(*value);
}

std::string to_text(Bytes v) {
  constexpr std::array kUnits = {Unit{"B", 1}, Unit{"KiB", 1LL << 10}, Unit{"MiB", 1 << 20},
                                 Unit{"GiB", 1 << 30}, Unit{"TiB", 1LL << 40}};
  return scaled_text(static_cast<double>(v.count()), kUnits);
}
std::string to_text(Duration v) {
  return scaled_text(static_cast<double>(v.count_ps()), kDurationUnits);
}
std::string to_text(SimTime v) {
  return to_text(Duration::ps(v.count_ps()));
}
std::string to_text(Bandwidth v) {
  constexpr std::array kUnits = {Unit{"B/s", 1}, Unit{"kB/s", kK}, Unit{"MB/s", kM}, Unit{"GB/s", kG},
                                 Unit{"TB/s", kT}};
  return scaled_text(static_cast<double>(v.count()), kUnits);
}
std::string to_text(MacRate v) {
  constexpr std::array kUnits = {Unit{"MAC/s", 1}, Unit{"MMAC/s", kM}, Unit{"GMAC/s", kG},
                                 Unit{"TMAC/s", kT}};
  return scaled_text(static_cast<double>(v.count()), kUnits);
}
std::string to_text(Macs v) {
  constexpr std::array kUnits = {Unit{"MAC", 1}, Unit{"MMAC", kM}, Unit{"GMAC", kG}, Unit{"TMAC", kT}};
  return scaled_text(static_cast<double>(v.count()), kUnits);
}

}  // namespace pregate
