// SPDX-License-Identifier: Apache-2.0
// Two runs side by side, and where each picosecond between their makespans went. Steps are aligned by their
// number within their phase (prefill k with prefill k, decoded token k with decoded token k), layers by their
// id. The bins of a run partition its timeline, so that every difference sums exactly; steps that only one
// run has are a part of their own. Leaves out words for people, and alignment by content: a run that skips a
// token stays one behind.
//
//   const Result<BinnedRun> a = bin_run(run_a), b = bin_run(run_b);
//   const RunDiff diff = diff_runs(*a, *b);
//   const Waterfall decode = diff.of(Phase::decode).waterfall();  // decode.from + all changes == decode.to
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// What time went to: three kinds of work, then a stall by its cause, in the order of StallCause.
enum class TimeBin : std::uint8_t {
  compute,
  dram_contention,
  management,
  stall_compulsory,
  stall_capacity,
  stall_policy,
  stall_pollution,
  stall_late_prefetch,
  stall_no_room
};
inline constexpr std::size_t kTimeBins = 3 + kStallCauses;
std::string_view to_text(TimeBin bin);
TimeBin bin_of(StallCause cause);

// Of a run: not negative. Of a difference: either way.
struct TimeBins {
  std::array<Duration, kTimeBins> time{};

  Duration& operator[](TimeBin bin) { return time[static_cast<std::size_t>(bin)]; }
  Duration operator[](TimeBin bin) const { return time[static_cast<std::size_t>(bin)]; }
  [[nodiscard]] Duration total() const;
  [[nodiscard]] Duration stall() const;
  TimeBins& operator+=(const TimeBins& other);
  friend TimeBins operator-(const TimeBins& a, const TimeBins& b);
  friend bool operator==(const TimeBins&, const TimeBins&) = default;
};

// What one run did in a step, a layer or a whole phase.
struct RunSide {
  TimeBins bins;
  std::array<std::int64_t, 4> outcomes{};  // lookups, by Outcome

  [[nodiscard]] std::int64_t hits() const;  // resident, or prefetched in time
  RunSide& operator+=(const RunSide& other);
  friend bool operator==(const RunSide&, const RunSide&) = default;
};

// One run in bins, by (step, layer). It refers to the run, which must outlive it.
class BinnedRun {
 public:
  [[nodiscard]] const RunRecord& run() const { return *run_; }
  [[nodiscard]] std::size_t layers() const { return layers_; }
  // Zero beyond the layers that the run has.
  [[nodiscard]] RunSide at(std::size_t step, std::size_t layer) const;
  // The output head of a step, which is no layer's.
  [[nodiscard]] RunSide head(std::size_t step) const;
  // The distinct experts of an event as (bank, expert of the bank), in order; nothing where there is no
  // event.
  using Experts = std::vector<std::pair<std::uint32_t, std::int32_t>>;
  [[nodiscard]] std::optional<Experts> experts(std::size_t step, std::size_t layer) const;

 private:
  friend class RunBinner;
  explicit BinnedRun(const RunRecord& run);

  const RunRecord* run_;
  ExpertTable table_;
  std::size_t layers_;
  std::vector<RunSide> cells_;          // step after step: its layers, then its head
  std::vector<std::int64_t> event_of_;  // the same cells; -1: none
};

// Of a run that passes validate_run(). Errors: a run whose slices do not fill its steps exactly, or whose
// summary says another makespan; a run without its details. The place names table and row.
Result<BinnedRun> bin_run(const RunRecord& run);

// The same part of both runs.
struct RowDiff {
  RunSide a, b;
  std::int64_t events = 0;    // (step, layer) that have an event in both
  std::int64_t rerouted = 0;  // of these, with another set of experts

  [[nodiscard]] TimeBins change() const { return b.bins - a.bins; }
  RowDiff& operator+=(const RowDiff& other);
};

// The bin that explains most of a change: the largest one of the change's own sign. Of no change: compute.
TimeBin main_cause(const TimeBins& change);

struct StepDiff {
  Phase phase = Phase::decode;
  std::int32_t index = 0;                // within its phase
  std::optional<std::int32_t> a{}, b{};  // steps of the runs; at least one
  RowDiff sum{};                         // all layers and the head

  [[nodiscard]] bool in_both() const { return a.has_value() && b.has_value(); }
};

// From A's makespan to B's: from + change.total() - dropped + added == to, exactly.
struct Waterfall {
  Duration from;
  TimeBins change;   // of the steps that both have
  Duration dropped;  // steps that only A has
  Duration added;    // steps that only B has
  Duration to;
};

// A phase, or the whole run.
struct PhaseDiff {
  std::int64_t steps_in_both = 0, steps_only_in_a = 0, steps_only_in_b = 0;
  std::int64_t tokens_a = 0, tokens_b = 0;  // of the steps that both have
  std::int64_t unequal_steps = 0;           // of these, with other numbers of tokens
  RowDiff sum;                              // of these steps
  Duration only_in_a, only_in_b;
  std::vector<RowDiff> layers;  // of these steps; as many as the deeper model has
  RowDiff head;

  [[nodiscard]] Waterfall waterfall() const;
  [[nodiscard]] bool same_steps() const { return steps_only_in_a == 0 && steps_only_in_b == 0; }
  // Whether a token of the steps that both have is the same share of either run's time.
  [[nodiscard]] bool same_tokens() const { return unequal_steps == 0; }
};

// Refers to both binned runs, which must outlive it.
class RunDiff {
 public:
  [[nodiscard]] const std::vector<StepDiff>& steps() const { return steps_; }  // A's order, then B's others
  [[nodiscard]] std::size_t layers() const { return all_.layers.size(); }
  [[nodiscard]] RowDiff at(const StepDiff& step, std::size_t layer) const;
  [[nodiscard]] RowDiff head(const StepDiff& step) const;
  [[nodiscard]] const PhaseDiff& all() const { return all_; }
  [[nodiscard]] const PhaseDiff& of(Phase phase) const {
    return phase == Phase::prefill ? prefill_ : decode_;
  }

 private:
  friend RunDiff diff_runs(const BinnedRun& a, const BinnedRun& b);
  RunDiff(const BinnedRun& a, const BinnedRun& b) : a_(&a), b_(&b) {}
  void align();
  void sum_up();
  void sum_step(StepDiff& step);

  const BinnedRun* a_;
  const BinnedRun* b_;
  std::vector<StepDiff> steps_;
  PhaseDiff all_, prefill_, decode_;
};

RunDiff diff_runs(const BinnedRun& a, const BinnedRun& b);

}  // namespace pregate
