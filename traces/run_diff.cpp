// SPDX-License-Identifier: Apache-2.0
#include "traces/run_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace pregate {
namespace {

constexpr std::size_t kMaxCells = std::size_t{1} << 23;  // 130,000 tokens of 63 layers; below 1 GiB

std::size_t index(std::int32_t step) {
  return static_cast<std::size_t>(step);
}

}  // namespace

// ---- bins ----

std::string_view to_text(TimeBin bin) {
  constexpr std::array<std::string_view, kTimeBins> kWords = {
      "compute",      "dram_contention", "management",          "stall_compulsory", "stall_capacity",
      "stall_policy", "stall_pollution", "stall_late_prefetch", "stall_no_room"};
  return kWords.at(static_cast<std::size_t>(bin));
}

TimeBin bin_of(StallCause cause) {
  return static_cast<TimeBin>(static_cast<std::size_t>(TimeBin::stall_compulsory) +
                              static_cast<std::size_t>(cause));
}

Duration TimeBins::total() const {
  return std::accumulate(time.begin(), time.end(), Duration());
}

Duration TimeBins::stall() const {
  return std::accumulate(time.begin() + static_cast<std::ptrdiff_t>(TimeBin::stall_compulsory), time.end(),
                         Duration());
}

TimeBins& TimeBins::operator+=(const TimeBins& other) {
  for (std::size_t i = 0; i < kTimeBins; ++i) time[i] += other.time[i];
  return *this;
}

TimeBins operator-(const TimeBins& a, const TimeBins& b) {
  TimeBins out = a;
  for (std::size_t i = 0; i < kTimeBins; ++i) out.time[i] -= b.time[i];
  return out;
}

std::int64_t RunSide::hits() const {
  return outcomes[static_cast<std::size_t>(Outcome::resident_hit)] +
         outcomes[static_cast<std::size_t>(Outcome::prefetch_hit)];
}

RunSide& RunSide::operator+=(const RunSide& other) {
  bins += other.bins;
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i] += other.outcomes[i];
  return *this;
}

RowDiff& RowDiff::operator+=(const RowDiff& other) {
  a += other.a;
  b += other.b;
  events += other.events;
  rerouted += other.rerouted;
  return *this;
}

TimeBin main_cause(const TimeBins& change) {
  const bool slower = change.total() >= Duration();
  std::size_t best = 0;
  for (std::size_t i = 1; i < kTimeBins; ++i) {
    if (slower ? change.time[i] > change.time[best] : change.time[i] < change.time[best]) best = i;
  }
  return static_cast<TimeBin>(best);
}

// ---- one run ----

BinnedRun::BinnedRun(const RunRecord& run)
    : run_(&run), table_(run.model), layers_(run.model.layers.size()) {}

RunSide BinnedRun::at(std::size_t step, std::size_t layer) const {
  return layer < layers_ ? cells_[step * (layers_ + 1) + layer] : RunSide();
}

RunSide BinnedRun::head(std::size_t step) const {
  return cells_[step * (layers_ + 1) + layers_];
}

std::optional<BinnedRun::Experts> BinnedRun::experts(std::size_t step, std::size_t layer) const {
  if (layer >= layers_) return std::nullopt;
  const std::int64_t event = event_of_[step * (layers_ + 1) + layer];
  if (event < 0) return std::nullopt;
  const auto row = static_cast<std::size_t>(event);
  const std::size_t end =
      row + 1 < run_->events.size() ? run_->events[row + 1].first_lookup : run_->lookups.size();
  Experts out;
  for (std::size_t i = run_->events[row].first_lookup; i < end; ++i) {
    const ExpertId expert = run_->lookups[i].expert;
    if (expert.valid()) out.emplace_back(table_.bank(expert).value(), table_.index_in_bank(expert));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// Puts every slice into its cell, and trusts no file: slices lie within their steps and fill them, or the run
// is refused. Sums cannot overflow, as every addend is a part of a step and the steps follow each other.
class RunBinner {
 public:
  explicit RunBinner(const RunRecord& run) : run_(run), out_(run) {}

  Result<BinnedRun> bin() {
    Status done = make_room();
    if (done.ok()) done = add_operators();
    if (done.ok())
      done = add_slices("management", run_.management,
                        [](const ManagementRecord&) { return TimeBin::management; });
    if (done.ok())
      done = add_slices("stall", run_.stalls, [](const StallRecord& row) { return bin_of(row.cause); });
    if (done.ok()) done = check_steps();
    if (done.ok()) done = check_summary();
    if (!done) return done.error();
    add_lookups();
    return std::move(out_);
  }

 private:
  Status make_room() {
    const std::size_t rows = out_.layers_ + 1;
    if (run_.steps.size() > kMaxCells / rows) {
      return bad_input(fmt::format("at most {} steps of {} layers", kMaxCells / rows, out_.layers_),
                       fmt::format("{}", run_.steps.size()));
    }
    SimTime before;
    for (std::size_t i = 0; i < run_.steps.size(); ++i) {
      if (run_.steps[i].begin < before)
        return bad_input("a step that begins when the one before has ended", "an earlier begin",
                         fmt::format("step {}", i));
      before = run_.steps[i].end;
    }
    out_.cells_.resize(run_.steps.size() * rows);
    out_.event_of_.assign(out_.cells_.size(), -1);
    filled_.resize(run_.steps.size());
    return {};
  }

  template <typename Row>
  Status fill(const char* table, std::size_t number, const Row& row) {
    const StepRecord& step = run_.steps[index(row.step)];
    if (row.begin < step.begin || row.end > step.end || !row.layer.valid()) {
      return bad_input("a slice of a layer within its step", "another", fmt::format("{} {}", table, number));
    }
    filled_[index(row.step)] += (row.end - row.begin).count_ps();
    if (filled_[index(row.step)] > (step.end - step.begin).count_ps())
      return not_filled(index(row.step), "more");
    return {};
  }

  TimeBins& cell(std::int32_t step, std::size_t layer) {
    return out_.cells_[index(step) * (out_.layers_ + 1) + layer].bins;
  }

  Status add_operators() {
    for (std::size_t i = 0; i < run_.operators.size(); ++i) {
      const OperatorRecord& op = run_.operators[i];
      if (Status fits = fill("operator", i, op); !fits) return fits;
      const Duration lasted = op.end - op.begin;
      if (op.alone < Duration() || op.alone > lasted) {
        return bad_input("no more time alone than the operator took",
                         fmt::format("{} ps", op.alone.count_ps()), fmt::format("operator {}", i));
      }
      TimeBins& bins = cell(op.step, op.kind == OperatorKind::head ? out_.layers_ : op.layer.value());
      bins[TimeBin::compute] += op.alone;
      bins[TimeBin::dram_contention] += lasted - op.alone;
    }
    return {};
  }

  template <typename Row, typename BinOf>
  Status add_slices(const char* table, const std::vector<Row>& rows, const BinOf& bin) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (Status fits = fill(table, i, rows[i]); !fits) return fits;
      cell(rows[i].step, rows[i].layer.value())[bin(rows[i])] += rows[i].end - rows[i].begin;
    }
    return {};
  }

  [[nodiscard]] Error not_filled(std::size_t step, const char* found) const {
    return bad_input(fmt::format("operators, management and stalls of {} ps, the step's time",
                                 (run_.steps[step].end - run_.steps[step].begin).count_ps()),
                     found, fmt::format("step {}", step));
  }

  [[nodiscard]] Status check_steps() const {
    for (std::size_t i = 0; i < run_.steps.size(); ++i) {
      if (filled_[i] != (run_.steps[i].end - run_.steps[i].begin).count_ps())
        return not_filled(i, filled_[i] == 0 ? "none" : "less");
    }
    return {};
  }

  // Numbers of the summary stand beside the bins: they must be of the same run.
  [[nodiscard]] Status check_summary() const {
    std::array<Duration, 2> makespan{};
    for (const StepRecord& step : run_.steps)
      makespan[static_cast<std::size_t>(step.phase)] += step.end - step.begin;
    for (const Phase phase : {Phase::prefill, Phase::decode}) {
      const PhaseSummary& said = phase == Phase::prefill ? run_.summary.prefill : run_.summary.decode;
      const Duration found = makespan[static_cast<std::size_t>(phase)];
      if (said.makespan == found) continue;
      return bad_input(
          fmt::format("a {} makespan of {} ps, as its steps have", to_text(phase), found.count_ps()),
          fmt::format("{} ps", said.makespan.count_ps()), "summary");
    }
    return {};
  }

  void add_lookups() {
    for (std::size_t i = 0; i < run_.events.size(); ++i) {
      const EventRecord& event = run_.events[i];
      if (event.layer.valid())
        out_.event_of_[index(event.step) * (out_.layers_ + 1) + event.layer.value()] =
            static_cast<std::int64_t>(i);
    }
    for (const LookupRecord& lookup : run_.lookups) {
      if (!lookup.event.valid()) continue;
      const EventRecord& event = run_.events[lookup.event.value()];
      if (!event.layer.valid()) continue;
      RunSide& side = out_.cells_[index(event.step) * (out_.layers_ + 1) + event.layer.value()];
      ++side.outcomes[static_cast<std::size_t>(lookup.outcome)];
    }
  }

  const RunRecord& run_;
  BinnedRun out_;
  std::vector<std::int64_t> filled_;  // ps of each step
};

Result<BinnedRun> bin_run(const RunRecord& run) {
  return RunBinner(run).bin();
}

// ---- two runs ----

Waterfall PhaseDiff::waterfall() const {
  const Waterfall out{.from = sum.a.bins.total() + only_in_a,
                      .change = sum.change(),
                      .dropped = only_in_a,
                      .added = only_in_b,
                      .to = sum.b.bins.total() + only_in_b};
  check(out.from + out.change.total() - out.dropped + out.added == out.to,
        "a waterfall leads from one makespan to the other");
  return out;
}

RowDiff RunDiff::at(const StepDiff& step, std::size_t layer) const {
  RowDiff out;
  if (step.a) out.a = a_->at(index(*step.a), layer);
  if (step.b) out.b = b_->at(index(*step.b), layer);
  if (!step.in_both()) return out;
  const auto experts_a = a_->experts(index(*step.a), layer);
  const auto experts_b = b_->experts(index(*step.b), layer);
  if (!experts_a || !experts_b) return out;
  out.events = 1;
  out.rerouted = *experts_a == *experts_b ? 0 : 1;
  return out;
}

RowDiff RunDiff::head(const StepDiff& step) const {
  RowDiff out;
  if (step.a) out.a = a_->head(index(*step.a));
  if (step.b) out.b = b_->head(index(*step.b));
  return out;
}

void RunDiff::align() {
  std::array<std::vector<std::size_t>, 2> of_a;  // rows of steps_ that are A's, by phase
  const std::vector<StepRecord>& steps_a = a_->run().steps;
  for (std::size_t i = 0; i < steps_a.size(); ++i) {
    auto& rows = of_a[static_cast<std::size_t>(steps_a[i].phase)];
    steps_.push_back({.phase = steps_a[i].phase,
                      .index = static_cast<std::int32_t>(rows.size()),
                      .a = static_cast<std::int32_t>(i)});
    rows.push_back(i);
  }
  std::array<std::size_t, 2> next{};
  const std::vector<StepRecord>& steps_b = b_->run().steps;
  for (std::size_t i = 0; i < steps_b.size(); ++i) {
    const auto phase = static_cast<std::size_t>(steps_b[i].phase);
    const std::size_t k = next[phase]++;
    if (k < of_a[phase].size()) {
      steps_[of_a[phase][k]].b = static_cast<std::int32_t>(i);
    } else {
      steps_.push_back({.phase = steps_b[i].phase,
                        .index = static_cast<std::int32_t>(k),

                        .b = static_cast<std::int32_t>(i)});
    }
  }
}

void RunDiff::sum_step(StepDiff& step) {
  PhaseDiff& phase = step.phase == Phase::prefill ? prefill_ : decode_;
  for (std::size_t layer = 0; layer < layers(); ++layer) {
    const RowDiff row = at(step, layer);
    step.sum += row;
    if (step.in_both()) phase.layers[layer] += row;
  }
  const RowDiff row = head(step);
  step.sum += row;
  if (!step.in_both()) {
    ++(step.a ? phase.steps_only_in_a : phase.steps_only_in_b);
    phase.only_in_a += step.sum.a.bins.total();
    phase.only_in_b += step.sum.b.bins.total();
    return;
  }
  phase.head += row;
  phase.sum += step.sum;
  ++phase.steps_in_both;
  const auto tokens_a = a_->run().steps[index(*step.a)].tokens;
  const auto tokens_b = b_->run().steps[index(*step.b)].tokens;
  phase.tokens_a += tokens_a;
  phase.tokens_b += tokens_b;
  if (tokens_a != tokens_b) ++phase.unequal_steps;
}

void RunDiff::sum_up() {
  const std::size_t layers = std::max(a_->layers(), b_->layers());
  for (PhaseDiff* phase : {&all_, &prefill_, &decode_}) phase->layers.resize(layers);
  for (StepDiff& step : steps_) sum_step(step);
  for (const PhaseDiff* phase : {&prefill_, &decode_}) {
    all_.steps_in_both += phase->steps_in_both;
    all_.steps_only_in_a += phase->steps_only_in_a;
    all_.steps_only_in_b += phase->steps_only_in_b;
    all_.tokens_a += phase->tokens_a;
    all_.tokens_b += phase->tokens_b;
    all_.unequal_steps += phase->unequal_steps;
    all_.sum += phase->sum;
    all_.only_in_a += phase->only_in_a;
    all_.only_in_b += phase->only_in_b;
    all_.head += phase->head;
    for (std::size_t layer = 0; layer < layers; ++layer) all_.layers[layer] += phase->layers[layer];
  }
}

RunDiff diff_runs(const BinnedRun& a, const BinnedRun& b) {
  RunDiff diff(a, b);
  diff.align();
  diff.sum_up();
  return diff;
}

}  // namespace pregate
