// SPDX-License-Identifier: Apache-2.0
// A scenario value as a number that can be ordered, plotted and put into a column: what "4000MiB",
// "2.58GB/s", "0.2ms", "22.5TMAC/s", "0.5" or "lru" is in the unit of its kind, and the text that gives
// exactly it back. What a field of the schema accepts is the scenario's business, not this file's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "traces/base/result.hpp"

namespace pregate {

class Quantity {
 public:
  // In order of sorting where kinds are mixed. A text is every value that is no number.
  enum class Kind : std::uint8_t { number, bytes, bandwidth, duration, mac_rate, text };

  // Never fails: what is no number with a known unit is a text, and so is a whole number of 2^53 and more.
  static Quantity parse(std::string_view text);
  static Quantity of_number(double value);
  // `count`: bytes, bytes per second, picoseconds or MACs per second. parse() takes its text again where it
  // is at least 1 kB/s or 1 MMAC/s, which is what a scenario takes too.
  static Quantity of_count(Kind kind, std::int64_t count);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_text() const { return kind_ == Kind::text; }
  // Bytes, bytes per second, seconds, MACs per second, or the number; 0 of a text.
  [[nodiscard]] double value() const;
  // In the smallest unit of the kind; 0 of numbers and texts.
  [[nodiscard]] std::int64_t count() const { return count_; }
  // Shortest text that parse() takes for the same quantity: "4000MiB", "2.58GB/s", "18.75ns", "0.5".
  [[nodiscard]] const std::string& text() const { return text_; }
  // The same for people: a blank before the unit.
  [[nodiscard]] std::string pretty() const;

  // By number within a kind, by text otherwise; "0.5" and "0.50" are equal.
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.compare(b) == 0; }
  friend bool operator<(const Quantity& a, const Quantity& b) { return a.compare(b) < 0; }

 private:
  [[nodiscard]] int compare(const Quantity& other) const;

  Kind kind_ = Kind::text;
  std::int64_t count_ = 0;
  double number_ = 0;
  std::string text_;
};

// "bytes", "bytes/s", "s", "MAC/s"; empty for numbers and texts.
std::string_view unit_of(Quantity::Kind kind);

}  // namespace pregate
