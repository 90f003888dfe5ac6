// SPDX-License-Identifier: Apache-2.0
// Which scenarios a sweep is made of: axes, each a scenario field with its values, and how they combine.
//
//   dram.expert_budget=1GiB,2GiB,4GiB     a list
//   dram.expert_budget=256MiB..4GiB:16    16 values from end to end, evenly spaced
//   dram.expert_budget=256MiB..4GiB:9:log the same, each the same factor above the one before
//   dram.expert_budget=256MiB..4GiB       a range that a sample is drawn from; evenly, or with :log by
//   factors
//
// Values of a range are rounded to a unit that is far below the distance between them ("1365MiB"). Leaves out
// whether a scenario takes a value: resolving it says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/quantity.hpp"

namespace pregate {

struct AxisRange {
  Quantity low, high;
  bool logarithmic = false;
};

struct Axis {
  std::string path;
  bool whole = false;            // the field takes whole numbers
  std::vector<Quantity> values;  // in order as given; empty: a range without a count
  std::optional<AxisRange> range;
};

// Errors: no such field (and the nearest one), an empty list or range, ends of different kinds or in the
// wrong order, fewer different values than were asked for.
Result<Axis> parse_axis(std::string_view text);
// A value as an axis of this kind has it: "0" of an axis of bytes is no bytes. A bare number other than 0 is
// no duration.
Quantity value_of_kind(const Quantity& value, Quantity::Kind kind);
// What the values of an axis are: numbers without a unit may stand beside those with one ("0" and "1ms");
// anything else mixed is text.
Quantity::Kind kind_of(const Axis& axis);
// `count` values of the range, ends included, rounded as above. `least_step` of 2 and more values.
Result<std::vector<Quantity>> spread(const AxisRange& range, std::int64_t count, bool whole);

enum class Combination : std::uint8_t {
  grid,   // every value with every other; the first axis changes slowest
  zip,    // the first values together, then the second ones
  sample  // a Latin hypercube: of n points, each axis has one in each n-th of its range
};
struct CombineOptions {
  Combination how = Combination::grid;
  std::int64_t samples = 0;
  std::uint64_t seed = 1;
};

// One value an axis, in the order of the axes.
using SweepPoint = std::vector<Quantity>;

inline constexpr std::int64_t kMostPoints = 10'000'000;

// The points, made one at a time: their memory does not grow with their number, but for a sample's
// permutations.
class SweepPoints {
 public:
  // Errors: no axis, an axis named twice, lists of different lengths to zip, a range without a count that is
  // not sampled, more than kMostPoints.
  static Result<SweepPoints> combine(std::vector<Axis> axes, const CombineOptions& options);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] SweepPoint at(std::size_t index) const;
  [[nodiscard]] const std::vector<Axis>& axes() const { return axes_; }

 private:
  SweepPoints(std::vector<Axis> axes, Combination how) : axes_(std::move(axes)), how_(how) {}
  [[nodiscard]] Status count_grid();
  [[nodiscard]] Status count_zip();
  void draw_sample(std::size_t samples, std::uint64_t seed);

  std::vector<Axis> axes_;
  Combination how_;
  std::size_t size_ = 0;
  std::vector<std::vector<double>> shares_;  // of a sample: where on each axis a point lies, 0..1
};

}  // namespace pregate
