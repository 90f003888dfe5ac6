// SPDX-License-Identifier: Apache-2.0
// Failure signatures: four ways in which a Mixture-of-Experts model or its cache goes wrong, each as one
// number beside the thresholds that it is judged by, a verdict and a sentence. docs/signatures.md says what
// each means, why the thresholds are where they are and what to do. Leaves out the cure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "traces/locality_pairs.hpp"
#include "traces/locality_use.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// unknown: the trace or run cannot tell (too short, not recorded, or the model has nothing of the kind).
enum class Verdict : std::uint8_t { unknown, ok, watch, failing };
std::string_view to_text(Verdict verdict);

// Which side of a threshold is bad.
enum class BadSide : std::uint8_t { below, above };

struct Limits {
  double watch = 0, failing = 0;
  BadSide side = BadSide::above;
  [[nodiscard]] Verdict judge(double value) const;
};

inline constexpr Limits kThrashingLimits = {.watch = 0.25, .failing = 0.5};
inline constexpr Limits kCollapseLimits = {.watch = 0.3, .failing = 0.15, .side = BadSide::below};
inline constexpr Limits kSharedLimits = {.watch = 4, .failing = 10};
inline constexpr Limits kConfusionLimits = {.watch = 0.25, .failing = 0.5};
// Fewer decode tokens tell too little.
inline constexpr std::int64_t kLeastTokens = 32;
// Decode tokens over which thrashing is looked at: long enough that one odd token does not decide, short
// enough that a change of topic shows.
inline constexpr std::size_t kThrashingWindow = 16;

struct Signature {
  std::string_view key;    // "cache_thrashing", "routing_collapse", "shared_dominance", "layer_confusion"
  std::string_view title;  // "routing collapse"
  std::optional<double> value;
  Limits limits;
  Verdict verdict = Verdict::unknown;
  std::string sentence;
};

// The window of decode steps in which most of what was used had been thrown out before.
struct Thrashing {
  std::int32_t first_step = 0;
  std::int64_t tokens = 0;       // of the window
  Bytes used, read, read_again;  // expert bytes: of lookups, of loads, of loads of what had been evicted
  [[nodiscard]] double of_used() const;
  [[nodiscard]] double of_read() const;
};
// Nothing without decode.
std::optional<Thrashing> measure_thrashing(const RunRecord& run);

Signature judge_thrashing(const std::optional<Thrashing>& thrashing);
Signature judge_collapse(const RoutingUse& use);
Signature judge_shared(const RoutingUse& use);
Signature judge_confusion(const LayerPairs& pairs);

// What a trace can show, or a run, which also shows thrashing. Norms are the trace's; null: not at hand.
std::vector<Signature> trace_signatures(const RoutingUse& use, const LayerPairs& pairs);
std::vector<Signature> run_signatures(const RunRecord& run, const RouteTrace* trace);

}  // namespace pregate
