// SPDX-License-Identifier: Apache-2.0
// What the routers chose, step by step: the in-memory form of a .route file and of every importer's output.
//
// A *step* is one forward pass: a whole prompt in prefill, one token (a sequence of the batch) in decode.
// Within a step each MoE layer has one *event*: the choices of all its tokens, token-major, best first. A
// dense layer has none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/model_shape.hpp"

namespace pregate {

enum class Phase : std::uint8_t { prefill, decode };

// recorded: a real run; synthetic: drawn from a fitted process (shown wherever its numbers are); live: our
// forward pass.
enum class Origin : std::uint8_t { recorded, synthetic, live };
std::string_view to_text(Origin origin);
std::string_view to_text(Phase phase);

// What an NPU executes, in the order of a layer. attention: with norms and the routers that are due.
enum class OperatorKind : std::uint8_t { attention, dense_ffn, shared_experts, routed_expert, head };
std::string_view to_text(OperatorKind v);

// An operator of a real forward pass on the machine that ran it: measured, not simulated. The routed experts
// of a layer run together and are one row; their number says how many.
struct MeasuredOperator {
  LayerId layer;  // invalid: the head
  OperatorKind kind = OperatorKind::attention;
  std::int32_t experts = 0;  // distinct routed experts; 0 for other kinds
  Duration begin;            // since the first operator of the run began
  Duration duration;
  Bytes bytes;  // of weights, and of the KV cache, in the precision that was computed in
  Macs macs;

  friend bool operator==(const MeasuredOperator&, const MeasuredOperator&) = default;
};

// Mean L2 norms, over the tokens of a step, of what the shared experts and the routed experts of a layer add
// to a token's state; 0 for what a layer does not have.
struct LayerNorms {
  float shared = 0, routed = 0;

  friend bool operator==(const LayerNorms&, const LayerNorms&) = default;
};

// One step. Choices of all layers lie one after another; layer l's are experts[offset[l], offset[l+1]).
struct RouteStep {
  std::int32_t turn = 0;  // of a conversation
  Phase phase = Phase::decode;
  std::int64_t position = 0;  // absolute position of the first token
  std::int32_t tokens = 1;
  std::vector<std::uint32_t> offset;   // layers + 1 entries
  std::vector<std::uint16_t> experts;  // index within the layer's bank
  std::vector<float> weights;          // one a choice; empty when unknown
  std::vector<std::int32_t>
      layer_tokens;          // tokens through each layer (the last layer of a prefill may have fewer)
  std::int64_t dropped = 0;  // choices the recorder did not execute; not among `experts`
  std::vector<MeasuredOperator> measured;  // in order of execution; empty when nobody measured
  std::vector<LayerNorms> norms;           // one a layer; empty when nobody measured

  [[nodiscard]] std::span<const std::uint16_t> layer_experts(std::size_t layer) const {
    return std::span(experts).subspan(offset[layer], offset[layer + 1] - offset[layer]);
  }
  [[nodiscard]] std::span<const float> layer_weights(std::size_t layer) const {
    if (weights.empty()) return {};
    return std::span(weights).subspan(offset[layer], offset[layer + 1] - offset[layer]);
  }
};

struct RouteHeader {
  ModelShape model;
  Origin origin = Origin::recorded;
  std::string provenance;
  std::string prompt;
  std::int64_t context = 0;  // tokens that the KV cache was made for; 0: unknown
};

struct RouteTrace {
  RouteHeader header;
  std::vector<RouteStep> steps;
};

// Steps from first to before end; an end beyond the last step is the last step's.
struct StepRange {
  std::size_t first = 0, end = SIZE_MAX;

  [[nodiscard]] bool contains(std::size_t step) const { return step >= first && step < end; }
  friend bool operator==(const StepRange&, const StepRange&) = default;
};

// The operator of a step, or null: not measured.
const MeasuredOperator* find_measured(std::span<const MeasuredOperator> measured, LayerId layer,
                                      OperatorKind kind);

// Whether a step fits the model: offsets, expert ids below the bank's size, at most top-k a token, weights
// finite. The error's place names the layer; the caller adds step and file.
Status validate_step(const RouteStep& step, const ModelShape& model);

// Whether `next` may follow `previous`: turns never go back, and within a turn positions rise (past a whole
// prompt).
Status validate_order(const RouteStep& previous, const RouteStep& next);

}  // namespace pregate
