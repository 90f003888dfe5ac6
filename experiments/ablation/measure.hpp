// SPDX-License-Identifier: Apache-2.0
// What is found out about a trained variant: its routing of the passages, through the oneDNN forward pass,
// and the simulated runs of that routing. Both are kept in the variant's folder (routing.route,
// ablation.json) under a hash of all that made them; what is there is not computed again.
//
// Passages are teacher-forced: every variant routes the very same text, whatever it would have written. In
// the trace each is a turn of one conversation, so that the cache goes on from one to the next.
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "experiments/ablation/training.hpp"
#include "traces/locality.hpp"
#include "traces/route_trace.hpp"

namespace pregate {

struct VariantRouting {
  std::shared_ptr<const RouteTrace> trace;  // in the width that is simulated
  std::string key;                          // of the model and the passages
  Locality locality;                        // of that trace
  double seconds = 0;                       // measured: the forward pass, when it was computed
  bool kept = false;                        // it had been computed before
};

// The routing of a variant whose training is finished.
Result<VariantRouting> routing_of(const ShippedCatalogue& catalogue, const AblationPlan& plan,
                                  const Variant& variant);

// Of one simulated run. Rates are of decode; counted or simulated, as docs/json.md says of `pregate run`.
struct RunFigures {
  double hit_rate = 0;      // resident or prefetched in time
  double lru_hit_rate = 0;  // the same cache without prefetch and with instant loads
  double opt_hit_rate = 0;  // Belady at the same budget, without prefetch
  double tokens_per_second = 0;
  double ms_per_token = 0;
  double stall_ms_per_token = 0;
  double read_mib_per_token = 0;  // from flash
  double reload_share = 0;        // of the bytes read
  double simulation_s = 0;        // measured
};
struct FigureColumn {
  const char* name;  // with its unit
  double RunFigures::*value;
};
inline constexpr std::array kFigureColumns = {
    FigureColumn{"hit_rate_decode_share", &RunFigures::hit_rate},
    FigureColumn{"lru_hit_rate_decode_share", &RunFigures::lru_hit_rate},
    FigureColumn{"opt_hit_rate_decode_share", &RunFigures::opt_hit_rate},
    FigureColumn{"tokens_per_second", &RunFigures::tokens_per_second},
    FigureColumn{"time_per_token_ms", &RunFigures::ms_per_token},
    FigureColumn{"stall_per_token_ms", &RunFigures::stall_ms_per_token},
    FigureColumn{"read_per_token_mib", &RunFigures::read_mib_per_token},
    FigureColumn{"reload_share", &RunFigures::reload_share},
    FigureColumn{"simulation_s", &RunFigures::simulation_s}};

struct SimulatedRun {
  std::size_t device = 0, budget = 0;  // into the plan's
  bool pregate = false;                // the router's choice is prefetched when it is known
  RunFigures figures;
};

struct SimulatedVariant {
  std::vector<SimulatedRun> runs;  // device after device, budget after budget, off before on
  std::int64_t simulated = 0;      // of these, in this call
};

// Every device, every budget, pre-gating off and, where d > 0, on. `progress` is called after each run.
Result<SimulatedVariant> simulate_variant(const ShippedCatalogue& catalogue, const AblationPlan& plan,
                                          const Variant& variant, const VariantRouting& routing,
                                          const std::function<void()>& progress);

// Runs that simulate_variant() makes.
std::int64_t runs_of(const AblationPlan& plan, const Variant& variant);

}  // namespace pregate
