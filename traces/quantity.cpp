// SPDX-License-Identifier: Apache-2.0
#include "traces/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include "traces/base/units.hpp"

namespace pregate {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t scale;
  bool whole;  // only whole numbers of it are written: 1.5GiB is 1536MiB
};

constexpr std::int64_t kK = 1'000, kM = 1'000'000, kG = 1'000'000'000, kT = 1'000'000'000'000;
constexpr std::array kBytes = {
    Unit{"TiB", 1LL << 40, true}, Unit{"GiB", 1LL << 30, true}, Unit{"MiB", 1LL << 20, true},
    Unit{"KiB", 1LL << 10, true}, Unit{"TB", kT, true},         Unit{"GB", kG, true},
    Unit{"MB", kM, true},         Unit{"kB", kK, true},         Unit{"B", 1, true}};
constexpr std::array kRates = {Unit{"TB/s", kT, false},        Unit{"GB/s", kG, false},
                               Unit{"MB/s", kM, false},        Unit{"kB/s", kK, false},
                               Unit{"GiB/s", 1LL << 30, true}, Unit{"MiB/s", 1LL << 20, true},
                               Unit{"KiB/s", 1LL << 10, true}, Unit{"B/s", 1, true}};
constexpr std::array kTimes = {Unit{"s", kT, false}, Unit{"ms", kG, false}, Unit{"us", kM, false},
                               Unit{"ns", kK, false}, Unit{"ps", 1, true}};
constexpr std::array kMacRates = {Unit{"TMAC/s", kT, false}, Unit{"GMAC/s", kG, false},
                                  Unit{"MMAC/s", kM, false}, Unit{"MAC/s", 1, true}};

std::span<const Unit> units_of(Quantity::Kind kind) {
  switch (kind) {
    case Quantity::Kind::bytes:
      return kBytes;
    case Quantity::Kind::bandwidth:
      return kRates;
    case Quantity::Kind::duration:
      return kTimes;
    case Quantity::Kind::mac_rate:
      return kMacRates;
    case Quantity::Kind::number:
    case Quantity::Kind::text:
      break;
  }
  return {};
}

// `count` as a decimal number of `unit`, exactly; nothing where it has no short one.
std::optional<std::string> exactly(std::int64_t count, const Unit& unit) {
  const std::int64_t whole = count / unit.scale;
  std::int64_t rest = count % unit.scale;
  if (count == 0 && unit.scale != 1) return std::nullopt;  // nothing is "0B"
  if (rest == 0) return fmt::format("{}", whole);
  if (unit.whole || whole == 0) return std::nullopt;
  std::string digits;
  for (std::int64_t scale = unit.scale; rest != 0; rest %= scale) {
    scale /= 10;
    digits += static_cast<char>('0' + rest / scale);
  }
  return fmt::format("{}.{}", whole, digits);
}

struct Written {
  std::string number;
  std::string_view unit;
};

// The shortest way to write it; the larger unit where two are equally short.
Written shortest(Quantity::Kind kind, std::int64_t count) {
  Written best;
  for (const Unit& unit : units_of(kind)) {
    const std::optional<std::string> number = exactly(count, unit);
    if (number && (best.number.empty() || number->size() < best.number.size()))
      best = {.number = *number, .unit = unit.name};
  }
  return best;
}

// Digits first, so that a unit alone or a word is not taken for a number.
bool begins_like_number(std::string_view text) {
  return !text.empty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '.');
}

// Up to here a count can be read in the unit of one.
constexpr std::int64_t kMostWritten = INT64_MAX - 8;
// Up to 2^53 every whole number is a double.
constexpr double kMostExact = 9007199254740992;

bool all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789-") == std::string_view::npos;
}

// Nothing too for a whole number that no double is, such as a seed of 64 bits: as a text it stays what it is.
std::optional<double> plain_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  if (all_digits(text) && std::abs(value) >= kMostExact) return std::nullopt;
  return value;
}

}  // namespace

Quantity Quantity::of_number(double value) {
  Quantity out;
  out.kind_ = Kind::number;
  out.number_ = value == 0 ? 0 : value;  // one zero
  // A field of whole numbers takes no "1e+15".
  const bool whole = std::abs(value) < kMostExact && value == std::floor(value);
  out.text_ = whole ? fmt::format("{:.0f}", out.number_) : fmt::format("{}", out.number_);
  if (!whole && all_digits(out.text_)) out.text_ += ".0";  // alone it would be a text
  return out;
}

Quantity Quantity::of_count(Kind kind, std::int64_t count) {
  Quantity out;
  out.kind_ = kind;
  out.count_ = count;
  const Written written = shortest(kind, count);
  check(!written.number.empty(), "the smallest unit writes every count");
  out.text_ = fmt::format("{}{}", written.number, written.unit);
  return out;
}

Quantity Quantity::parse(std::string_view text) {
  if (const auto number = plain_number(text)) return of_number(*number);
  if (begins_like_number(text) && !all_digits(text)) {
    std::optional<Quantity> found;
    if (const auto bytes = parse_bytes(text)) {
      found = of_count(Kind::bytes, bytes->count());
    } else if (const auto rate = parse_bandwidth(text)) {
      found = of_count(Kind::bandwidth, rate->count());
    } else if (const auto time = parse_duration(text)) {
      found = of_count(Kind::duration, time->count_ps());
    } else if (const auto macs = parse_mac_rate(text)) {
      found = of_count(Kind::mac_rate, macs->count());
    }
    if (found && found->count_ <= kMostWritten) return *found;
  }
  Quantity out;
  out.text_ = text;
  return out;
}

double Quantity::value() const {
  if (kind_ == Kind::duration) return Duration::ps(count_).to_seconds();
  return kind_ == Kind::number ? number_ : static_cast<double>(count_);
}

std::string Quantity::pretty() const {
  const std::span<const Unit> units = units_of(kind_);
  if (units.empty()) return text_;
  const Written written = shortest(kind_, count_);
  return fmt::format("{} {}", written.number, written.unit);
}

int Quantity::compare(const Quantity& other) const {
  const auto order = [](const auto& a, const auto& b) { return a < b ? -1 : (b < a ? 1 : 0); };
  if (kind_ != other.kind_) return order(kind_, other.kind_);
  if (kind_ == Kind::text) return order(text_, other.text_);
  if (kind_ == Kind::number) return order(number_, other.number_);
  return order(count_, other.count_);
}

std::string_view unit_of(Quantity::Kind kind) {
  switch (kind) {
    case Quantity::Kind::bytes:
      return "bytes";
    case Quantity::Kind::bandwidth:
      return "bytes/s";
    case Quantity::Kind::duration:
      return "s";
    case Quantity::Kind::mac_rate:
      return "MAC/s";
    case Quantity::Kind::number:
    case Quantity::Kind::text:
      break;
  }
  return {};
}

}  // namespace pregate
