// SPDX-License-Identifier: Apache-2.0
// Quantities with their unit in the type. All are integers, so that two machines compute the same picosecond.
//
//   Bytes size = *parse_bytes("2.5MiB");              // parsed once, at the edge; GB and GiB differ
//   Duration t = size / *parse_bandwidth("4GB/s");    // rounded up, computed in 128 bits
//   size + t;                                         // does not compile
//
// A type has only the operators that make sense for it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "traces/base/check.hpp"
#include "traces/base/result.hpp"

namespace pregate {

__extension__ using Int128 = __int128;  // GCC and Clang; ISO C++ has no wider integer

namespace detail {
// ceil(numerator / denominator) for non-negative values; checks that the result fits 63 bits.
constexpr std::int64_t ceil_div(Int128 numerator, Int128 denominator) {
  check(denominator > 0 && numerator >= 0,
        "ceil_div wants a non-negative numerator and a positive denominator");
  const Int128 quotient = (numerator + denominator - 1) / denominator;
  check(quotient <= INT64_MAX, "a quantity exceeds 63 bits");
  return static_cast<std::int64_t>(quotient);
}
inline constexpr std::int64_t kPsPerSecond = 1'000'000'000'000;
}  // namespace detail

// A span of time, in picoseconds; may be negative as a difference. 63 bits are 106 days.
class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration ps(std::int64_t v) { return Duration(v); }
  static constexpr Duration ns(std::int64_t v) { return Duration(v * 1'000); }
  static constexpr Duration us(std::int64_t v) { return Duration(v * 1'000'000); }
  static constexpr Duration ms(std::int64_t v) { return Duration(v * 1'000'000'000); }
  static constexpr Duration seconds(std::int64_t v) { return Duration(v * detail::kPsPerSecond); }

  [[nodiscard]] constexpr std::int64_t count_ps() const { return ps_; }
  [[nodiscard]] constexpr double to_seconds() const { return static_cast<double>(ps_) * 1e-12; }

  constexpr Duration& operator+=(Duration o) {
    ps_ += o.ps_;
    return *this;
  }
  constexpr Duration& operator-=(Duration o) {
    ps_ -= o.ps_;
    return *this;
  }
  friend constexpr Duration operator+(Duration a, Duration b) { return a += b; }
  friend constexpr Duration operator-(Duration a, Duration b) { return a -= b; }
  friend constexpr Duration operator*(Duration a, std::int64_t n) { return Duration(a.ps_ * n); }
  friend constexpr auto operator<=>(Duration, Duration) = default;

 private:
  constexpr explicit Duration(std::int64_t v) : ps_(v) {}
  std::int64_t ps_ = 0;
};

// A point of simulated time, in picoseconds since the start of the run.
class SimTime {
 public:
  constexpr SimTime() = default;
  static constexpr SimTime at_ps(std::int64_t v) { return SimTime(v); }

  [[nodiscard]] constexpr std::int64_t count_ps() const { return ps_; }
  [[nodiscard]] constexpr double to_seconds() const { return static_cast<double>(ps_) * 1e-12; }

  friend constexpr SimTime operator+(SimTime t, Duration d) { return SimTime(t.ps_ + d.count_ps()); }
  friend constexpr Duration operator-(SimTime a, SimTime b) { return Duration::ps(a.ps_ - b.ps_); }
  friend constexpr auto operator<=>(SimTime, SimTime) = default;

 private:
  constexpr explicit SimTime(std::int64_t v) : ps_(v) {}
  std::int64_t ps_ = 0;
};

class Bytes {
 public:
  constexpr Bytes() = default;
  constexpr explicit Bytes(std::int64_t v) : count_(v) {}
  static constexpr Bytes kib(std::int64_t v) { return Bytes(v << 10); }
  static constexpr Bytes mib(std::int64_t v) { return Bytes(v << 20); }
  static constexpr Bytes gib(std::int64_t v) { return Bytes(v << 30); }

  [[nodiscard]] constexpr std::int64_t count() const { return count_; }

  constexpr Bytes& operator+=(Bytes o) {
    count_ += o.count_;
    return *this;
  }
  constexpr Bytes& operator-=(Bytes o) {
    count_ -= o.count_;
    return *this;
  }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return a += b; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return a -= b; }
  friend constexpr Bytes operator*(Bytes a, std::int64_t n) { return Bytes(a.count_ * n); }
  friend constexpr auto operator<=>(Bytes, Bytes) = default;

 private:
  std::int64_t count_ = 0;
};

// Bytes per second. Zero means "none" and may not divide.
class Bandwidth {
 public:
  constexpr Bandwidth() = default;
  static constexpr Bandwidth bytes_per_second(std::int64_t v) { return Bandwidth(v); }

  [[nodiscard]] constexpr std::int64_t count() const { return count_; }
  friend constexpr auto operator<=>(Bandwidth, Bandwidth) = default;

 private:
  constexpr explicit Bandwidth(std::int64_t v) : count_(v) {}
  std::int64_t count_ = 0;
};

// Multiply-accumulates; one MAC is two FLOP.
class Macs {
 public:
  constexpr Macs() = default;
  constexpr explicit Macs(std::int64_t v) : count_(v) {}

  [[nodiscard]] constexpr std::int64_t count() const { return count_; }

  constexpr Macs& operator+=(Macs o) {
    count_ += o.count_;
    return *this;
  }
  friend constexpr Macs operator+(Macs a, Macs b) { return a += b; }
  friend constexpr Macs operator*(Macs a, std::int64_t n) { return Macs(a.count_ * n); }
  friend constexpr auto operator<=>(Macs, Macs) = default;

 private:
  std::int64_t count_ = 0;
};

class MacRate {
 public:
  constexpr MacRate() = default;
  static constexpr MacRate per_second(std::int64_t v) { return MacRate(v); }

  [[nodiscard]] constexpr std::int64_t count() const { return count_; }
  friend constexpr auto operator<=>(MacRate, MacRate) = default;

 private:
  constexpr explicit MacRate(std::int64_t v) : count_(v) {}
  std::int64_t count_ = 0;
};

// Time to move `size` at `rate`, rounded up to the next picosecond.
constexpr Duration operator/(Bytes size, Bandwidth rate) {
  return Duration::ps(detail::ceil_div(Int128{size.count()} * detail::kPsPerSecond, rate.count()));
}
// Time to do `work` at `rate`, rounded up to the next picosecond.
constexpr Duration operator/(Macs work, MacRate rate) {
  return Duration::ps(detail::ceil_div(Int128{work.count()} * detail::kPsPerSecond, rate.count()));
}

// ---- text ----
// Parsers accept a decimal number, optional blanks and a unit; fractions are allowed where the result is
// whole after rounding to the nearest unit. They reject signs, NaN, infinities, unknown units, trailing text
// and overflow.

// "4000MiB", "2.5 GB", "512" (plain bytes), "64KiB"; kB MB GB TB are powers of ten.
Result<Bytes> parse_bytes(std::string_view text);
// "4.2GB/s", "1810 MiB/s". At least 1 kB/s: slower is a typing error, and zero would never end.
Result<Bandwidth> parse_bandwidth(std::string_view text);
// "0.2ms", "70ns", "18.75ns", "3s", "0" (also 0).
Result<Duration> parse_duration(std::string_view text);
// "22.5TMAC/s", "31GMAC/s"; also "45TOPS" (two operations a MAC).
Result<MacRate> parse_mac_rate(std::string_view text);

// For people: three significant digits with a unit that fits ("3.26 ms", "156 MiB", "2.58 GB/s").
std::string to_text(Bytes v);
std::string to_text(Duration v);
std::string to_text(SimTime v);
std::string to_text(Bandwidth v);
std::string to_text(MacRate v);
std::string to_text(Macs v);

}  // namespace pregate
