// SPDX-License-Identifier: Apache-2.0
// A difference of two runs as it is shown: the lines of a waterfall, rounded so that what is printed adds up,
// and the rates of what both have. Leaves out the arithmetic (run_diff.hpp) and how it is drawn.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "traces/run_diff.hpp"

namespace pregate {

// "stall: late prefetch", for people.
std::string words_of(TimeBin bin);

// Tokens of the steps that both have, a second of their time; of A and of B. 0 where there is no such step.
struct SharedRates {
  double a = 0, b = 0;
};
SharedRates shared_rates(const PhaseDiff& phase);
// "the 3 tokens that both have"; of steps with other numbers of tokens: "the 2 steps that both have".
std::string shared_part(const PhaseDiff& phase);

// One line of the waterfall: a level (a makespan) or a change on the way from one to the other.
struct Fall {
  std::string name;
  Duration whole;                // picoseconds in all
  std::optional<Duration> both;  // of the steps that both have alone: what may be divided by their tokens
  bool level = false;
  std::optional<TimeBin> bin{};  // of a change of the steps that both have
};
// From A to B, whose letter is `other`. The levels and changes sum exactly.
std::vector<Fall> falls_of(const PhaseDiff& phase, char other);

// A column in hundredths of a millisecond, in which what is printed adds up: each level on the way is
// rounded, and a change is the difference of two of them.
class RoundedColumn {
 public:
  explicit RoundedColumn(std::int64_t divisor) : divisor_(divisor) {}
  std::string cell(Duration time, bool level);

 private:
  [[nodiscard]] std::int64_t rounded() const;
  std::int64_t divisor_;
  Duration at_;
};

// What a reader must know before the numbers, a sentence each: other models, devices, routing, steps that
// only one has. B's letter is `other`.
std::vector<std::string> remarks_of(const BinnedRun& a, const BinnedRun& b, const RunDiff& diff, char other);

}  // namespace pregate
