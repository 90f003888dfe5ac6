// SPDX-License-Identifier: Apache-2.0
#include "traces/expert_windows.hpp"

#include <algorithm>
#include <numeric>

#include "traces/expert_entries.hpp"

namespace pregate {
namespace {

bool counts_ones(ExpertMeasure measure) {
  return measure == ExpertMeasure::uses || measure == ExpertMeasure::misses ||
         measure == ExpertMeasure::reloads;
}

}  // namespace

Result<ExpertWindows> ExpertWindows::of(const RouteTrace& trace, ExpertMeasure measure, Phases phases) {
  const Result<ExpertFrame> frame = expert_frame(trace, measure, phases);
  if (!frame) return frame.error();
  ExpertWindows out;
  out.fill(trace, trace.steps.size(), phases, *frame);
  return out;
}

Result<ExpertWindows> ExpertWindows::of(const RunRecord& run, ExpertMeasure measure, Phases phases) {
  const Result<ExpertFrame> frame = expert_frame(run, measure);
  if (!frame) return frame.error();
  ExpertWindows out;
  out.fill(run, run.steps.size(), phases, *frame);
  return out;
}

// By steps in two passes: loads are in the order of their requests, which may be for later steps.
template <typename Source>
void ExpertWindows::fill(const Source& source, std::size_t steps, Phases phases, const ExpertFrame& frame) {
  zeros_ = frame.zeros();
  step_sums_.assign(steps, 0);
  first_of_step_.assign(steps + 1, 0);
  each_amount(source, frame, phases, {}, [this](std::size_t step, std::size_t /*cell*/, double amount) {
    ++first_of_step_[step + 1];
    step_sums_[step] += amount;
  });
  std::partial_sum(first_of_step_.begin(), first_of_step_.end(), first_of_step_.begin());
  std::vector<std::size_t> next = first_of_step_;
  cells_.resize(first_of_step_.back());
  if (!counts_ones(zeros_.measure)) amounts_.resize(cells_.size());
  each_amount(source, frame, phases, {}, [&](std::size_t step, std::size_t cell, double amount) {
    const std::size_t at = next[step]++;
    cells_[at] = static_cast<std::uint32_t>(cell);
    if (!amounts_.empty()) amounts_[at] = amount;
  });
  keep_sums();
}

void ExpertWindows::keep_sums() {
  constexpr std::size_t kLeastBlock = 1 << 16;
  const std::size_t block = std::max(kLeastBlock, 4 * zeros_.values.size());
  std::vector<double> sums(zeros_.values.size());
  std::size_t done = 0;
  for (std::size_t step = 1; step <= steps(); ++step) {
    if (first_of_step_[step] - done < block) continue;
    add(done, first_of_step_[step], sums);
    done = first_of_step_[step];
    kept_.push_back({.step = step, .sums = sums});
  }
}

void ExpertWindows::add(std::size_t first, std::size_t end, std::vector<double>& to) const {
  for (std::size_t i = first; i < end; ++i) to[cells_[i]] += amounts_.empty() ? 1.0 : amounts_[i];
}

ExpertMatrix ExpertWindows::count(StepRange range) const {
  ExpertMatrix out = zeros_;
  const std::size_t end = std::min(range.end, steps()), first = std::min(range.first, end);
  const auto from = std::lower_bound(kept_.begin(), kept_.end(), first,
                                     [](const Kept& kept, std::size_t step) { return kept.step < step; });
  const auto behind = std::upper_bound(kept_.begin(), kept_.end(), end,
                                       [](std::size_t step, const Kept& kept) { return step < kept.step; });
  if (behind - from < 2) {
    add(first_of_step_[first], first_of_step_[end], out.values);
    return out;
  }
  // Differences of sums that nothing was added to are exactly zero.
  const Kept& to = *std::prev(behind);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = to.sums[i] - from->sums[i];
  add(first_of_step_[first], first_of_step_[from->step], out.values);
  add(first_of_step_[to.step], first_of_step_[end], out.values);
  return out;
}

}  // namespace pregate
