// SPDX-License-Identifier: Apache-2.0
// The verdict on a run, as the first page says it: how fast, where a token's time goes, how good the cache
// and the prefetches are, which experts cost most, what bounds it and what would help. Every number is one of
// `pregate run` for the same run, in the same words; each card says whether its numbers are simulated,
// counted, measured or estimated.
//
//   const CardPage page = verdict_of(run, {.counterfactuals = &state});
//   picture_of(page, 1024);  // card.hpp
#pragma once

#include "gui/scene/card.hpp"
#include "gui/scene/counterfactuals.hpp"
#include "traces/route_trace.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// Row of a Target of kind action.
enum class VerdictAction : std::uint8_t { ask_counterfactuals, cancel_counterfactuals };

struct VerdictParts {
  const CounterfactualState* counterfactuals = nullptr;  // null: as if not asked for
  const RouteTrace* routing = nullptr;  // of the run, for the norms of experts' outputs; null: not at hand
};

// The verdict in one sentence: "3.85 tokens/s; 29.9 % of a token is waiting for flash: late prefetches; with
// every expert in DRAM it would be 7.07".
std::string verdict_sentence(const RunRecord& run);

// Of a run that passes validate_run(). Counts its routing, which takes some milliseconds: make it once, and
// only the counterfactuals' card anew (replace_counterfactuals).
CardPage verdict_of(const RunRecord& run, const VerdictParts& parts = {});
void replace_counterfactuals(CardPage& page, const CounterfactualState& state);

}  // namespace pregate
