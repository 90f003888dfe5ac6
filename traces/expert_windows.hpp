// SPDX-License-Identifier: Apache-2.0
// Layers x experts of any stretch of steps, quickly enough to drag a slider over a long run: sums up to some
// of the steps are kept, what lies between them is added. Numbers equal count_experts() of the same stretch;
// sums of weights to rounding.
//
//   const auto windows = ExpertWindows::of(run, ExpertMeasure::misses, Phases::decode);
//   const ExpertMatrix last_hundred = windows->count({.first = windows->steps() - 100});
//
// A stretch costs one pass over the matrix and at most two blocks of amounts, whatever the run's length; the
// kept sums have about as many bytes as the amounts.
#pragma once

#include "traces/expert_matrix.hpp"

namespace pregate {

class ExpertWindows {
 public:
  static Result<ExpertWindows> of(const RouteTrace& trace, ExpertMeasure measure, Phases phases);
  static Result<ExpertWindows> of(const RunRecord& run, ExpertMeasure measure, Phases phases);

  [[nodiscard]] std::size_t steps() const { return first_of_step_.size() - 1; }
  [[nodiscard]] ExpertMatrix count(StepRange range) const;
  // Sum of all cells at each step: what a strip over time shows.
  [[nodiscard]] const std::vector<double>& step_sums() const { return step_sums_; }

 private:
  // Sums of all amounts before a step.
  struct Kept {
    std::size_t step = 0;
    std::vector<double> sums;
  };
  template <typename Source>
  void fill(const Source& source, std::size_t steps, Phases phases, const class ExpertFrame& frame);
  void keep_sums();
  void add(std::size_t first, std::size_t end, std::vector<double>& to) const;

  ExpertMatrix zeros_;
  std::vector<std::size_t> first_of_step_;  // into cells_; steps + 1 entries
  std::vector<std::uint32_t> cells_;
  std::vector<double> amounts_;  // one a cell; empty: all are 1
  std::vector<Kept> kept_;       // by step
  std::vector<double> step_sums_;
};

}  // namespace pregate
