// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/working_set.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace pregate {
namespace {

// The events [first, last) of one step.
struct StepEvents {
  std::uint32_t first = 0, last = 0;
};

std::vector<StepEvents> steps_of(const EventSequence& sequence, Phases phases) {
  std::vector<StepEvents> steps;
  std::int32_t step = -1;
  for (std::uint32_t i = 0; i < sequence.size(); ++i) {
    const EventInfo& info = sequence.info(EventId(i));
    if (phases == Phases::decode && info.phase != Phase::decode) continue;
    if (info.step != step) steps.push_back({.first = i, .last = i});
    step = info.step;
    steps.back().last = i + 1;
  }
  return steps;
}

// The distinct experts of a window that slides.
class SlidingSet {
 public:
  SlidingSet(const EventSequence& sequence, const ExpertTable& table)
      : sequence_(sequence), table_(table), uses_(table.size()) {}

  void enter(const StepEvents& step) {
    each(step, [this](ExpertId expert) {
      if (uses_[expert.value()]++ > 0) return;
      ++experts_;
      bytes_ += table_.bytes(expert);
    });
  }
  void leave(const StepEvents& step) {
    each(step, [this](ExpertId expert) {
      if (--uses_[expert.value()] > 0) return;
      --experts_;
      bytes_ -= table_.bytes(expert);
    });
  }
  [[nodiscard]] std::int64_t experts() const { return experts_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  template <typename Visit>
  void each(const StepEvents& step, Visit visit) const {
    for (std::uint32_t i = step.first; i < step.last; ++i) {
      for (const ExpertId expert : sequence_.experts(EventId(i))) visit(expert);
    }
  }

  const EventSequence& sequence_;
  const ExpertTable& table_;
  std::vector<std::int64_t> uses_;
  std::int64_t experts_ = 0;
  Bytes bytes_;
};

// What a uniform router does to one bank, summed up to each step: log of the share of experts that stay
// untouched. An event that takes the whole bank has no logarithm and is counted.
struct ChanceOfBank {
  double experts = 0;
  double bytes_each = 0;
  std::vector<double> log_untouched = {0};
  std::vector<std::int64_t> whole = {0};

  [[nodiscard]] double touched(std::size_t from, std::size_t to) const {
    if (whole[to] > whole[from]) return experts;
    return experts * -std::expm1(log_untouched[to] - log_untouched[from]);
  }
};

std::vector<ChanceOfBank> chance_of(const EventSequence& sequence, const ExpertTable& table,
                                    std::span<const StepEvents> steps) {
  std::vector<ChanceOfBank> banks(table.banks());
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    ChanceOfBank& bank = banks[table.bank(ExpertId(i)).value()];
    ++bank.experts;
    bank.bytes_each = static_cast<double>(table.bytes(ExpertId(i)).count());
  }
  for (const StepEvents& step : steps) {
    for (ChanceOfBank& bank : banks) {
      bank.log_untouched.push_back(bank.log_untouched.back());
      bank.whole.push_back(bank.whole.back());
    }
    for (std::uint32_t i = step.first; i < step.last; ++i) {
      ChanceOfBank& bank = banks[sequence.info(EventId(i)).bank.value()];
      const auto chosen = static_cast<double>(sequence.experts(EventId(i)).size());
      if (chosen < bank.experts) {
        bank.log_untouched.back() += std::log1p(-chosen / bank.experts);
      } else {
        ++bank.whole.back();
      }
    }
  }
  return banks;
}

void add_chance(std::span<const ChanceOfBank> banks, std::size_t steps, WorkingSet& out) {
  const auto window = static_cast<std::size_t>(out.window);
  for (const ChanceOfBank& bank : banks) {
    double touched = 0;
    for (std::size_t end = window; end <= steps; ++end) touched += bank.touched(end - window, end);
    touched /= static_cast<double>(out.windows);
    out.chance_experts += touched;
    out.chance_bytes += touched * bank.bytes_each;
  }
}

WorkingSet slide(const EventSequence& sequence, const ExpertTable& table, std::span<const StepEvents> steps,
                 std::size_t window) {
  WorkingSet out{.window = static_cast<std::int64_t>(window)};
  SlidingSet set(sequence, table);
  Int128 experts = 0, bytes = 0;
  for (std::size_t end = 1; end <= steps.size(); ++end) {
    set.enter(steps[end - 1]);
    if (end > window) set.leave(steps[end - 1 - window]);
    if (end < window) continue;
    ++out.windows;
    experts += set.experts();
    bytes += set.bytes().count();
    out.max_experts = std::max(out.max_experts, set.experts());
    out.max_bytes = std::max(out.max_bytes, set.bytes());
  }
  out.mean_experts = static_cast<double>(experts) / static_cast<double>(out.windows);
  out.mean_bytes = static_cast<double>(bytes) / static_cast<double>(out.windows);
  return out;
}

}  // namespace

std::vector<WorkingSet> measure_working_sets(const EventSequence& sequence, const ExpertTable& table,
                                             Phases phases) {
  const std::vector<StepEvents> steps = steps_of(sequence, phases);
  const std::vector<ChanceOfBank> chance = chance_of(sequence, table, steps);
  std::vector<WorkingSet> out;
  for (std::size_t window = 1; !steps.empty(); window = std::min(2 * window, steps.size())) {
    out.push_back(slide(sequence, table, steps, window));
    add_chance(chance, steps.size(), out.back());
    if (window == steps.size()) break;
  }
  return out;
}

}  // namespace pregate
