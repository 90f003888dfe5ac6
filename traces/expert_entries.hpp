// SPDX-License-Identifier: Apache-2.0
// Private to traces/: what a matrix of layers x experts is counted from, one amount at a time: the step it
// belongs to, the cell it goes to. ExpertMatrix adds them up at once, ExpertWindows keeps them.
#pragma once

#include "traces/expert_matrix.hpp"

namespace pregate {

// A matrix of zeros, and where things go in it.
class ExpertFrame {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  ExpertFrame(const ModelShape& model, ExpertMeasure measure, std::string_view unit);

  // kNone: a dense layer, or a reference of a run that leads nowhere.
  [[nodiscard]] std::size_t cell(std::size_t layer, std::size_t expert) const {
    return row_of_[layer] == kNone ? kNone : row_of_[layer] * zeros_.columns + expert;
  }
  [[nodiscard]] std::size_t cell(LayerId layer, ExpertId expert) const {
    if (!layer.valid() || !expert.valid()) return kNone;
    return cell(layer.value(), static_cast<std::size_t>(table_.index_in_bank(expert)));
  }
  [[nodiscard]] const ExpertMatrix& zeros() const { return zeros_; }

 private:
  ExpertMatrix zeros_;
  std::vector<std::size_t> row_of_;
  ExpertTable table_;
};

// The frame of a measure; an error where the source does not have it.
Result<ExpertFrame> expert_frame(const RouteTrace& trace, ExpertMeasure measure, Phases phases);
Result<ExpertFrame> expert_frame(const RunRecord& run, ExpertMeasure measure);

inline bool counts(Phase phase, Phases phases) {
  return phases == Phases::all || phase == Phase::decode;
}

// add(step, cell, amount), in order of steps.
template <typename Add>
void each_amount(const RouteTrace& trace, const ExpertFrame& frame, Phases phases, StepRange range, Add add) {
  const bool weighted = frame.zeros().measure == ExpertMeasure::weight;
  const std::size_t end = std::min(range.end, trace.steps.size());
  for (std::size_t s = range.first; s < end; ++s) {
    const RouteStep& step = trace.steps[s];
    if (!counts(step.phase, phases)) continue;
    for (std::size_t layer = 0; layer < step.layer_tokens.size(); ++layer) {
      const auto experts = step.layer_experts(layer);
      const auto weights = step.layer_weights(layer);
      for (std::size_t i = 0; i < experts.size(); ++i) {
        const std::size_t cell = frame.cell(layer, experts[i]);
        if (cell != ExpertFrame::kNone) add(s, cell, weighted ? double{weights[i]} : 1.0);
      }
    }
  }
}

inline bool was_read(const LoadRecord& load) {
  return load.state == LoadEnd::arrived || load.state == LoadEnd::unfinished;
}

// add(step, cell, amount), in the order of the record's tables.
template <typename Add>
void each_amount(const RunRecord& run, const ExpertFrame& frame, Phases phases, StepRange range, Add add) {
  const ExpertMeasure measure = frame.zeros().measure;
  const auto place = [&](std::int32_t step, LayerId layer, ExpertId expert, double amount) {
    const auto s = static_cast<std::size_t>(step);
    if (!range.contains(s) || !counts(run.steps[s].phase, phases)) return;
    const std::size_t cell = frame.cell(layer, expert);
    if (cell != ExpertFrame::kNone) add(s, cell, amount);
  };
  if (measure == ExpertMeasure::uses || measure == ExpertMeasure::misses) {
    for (const LookupRecord& lookup : run.lookups) {
      if (!lookup.event.valid() || (measure == ExpertMeasure::misses && lookup.outcome != Outcome::miss))
        continue;
      const EventRecord& event = run.events[lookup.event.value()];
      place(event.step, event.layer, lookup.expert, 1);
    }
  } else if (measure == ExpertMeasure::stall) {
    for (const StallRecord& stall : run.stalls) {
      if (!stall.load.valid()) continue;
      place(stall.step, stall.layer, run.loads[stall.load.value()].expert,
            static_cast<double>((stall.end - stall.begin).count_ps()));
    }
  } else {
    for (const LoadRecord& load : run.loads) {
      if (!was_read(load) || (measure == ExpertMeasure::reloads && !load.reload)) continue;
      place(load.step, load.layer, load.expert,
            measure == ExpertMeasure::reloads ? 1 : static_cast<double>(load.bytes.count()));
    }
  }
}

}  // namespace pregate
