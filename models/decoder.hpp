// SPDX-License-Identifier: Apache-2.0
// The forward pass of a Megrez2-style decoder (design.md section 4), layer by layer, so that whoever drives
// it - a loop or a simulation - owns the clock:
//
//   decoder.begin(sequences);       // embeds the tokens of one step
//   for (layer ...) {
//     decoder.attend(layer);        // attention, norms, and every router that reads this state
//     decoder.routing(layer);       // known from here on; a pre-gated layer's even earlier
//     decoder.feed_forward(layer);  // dense FFN, or shared and routed experts
//   }
//   decoder.logits(DecoderRows::last, out);
//
// A step takes one or many tokens of one or many sequences: a prompt, a batch of single tokens, or both.
// The router of layer i reads the state of layer max(i - lookahead, 0) after its post-attention norm;
// lookahead 0 is an ordinary MoE. Whatever the group size, weights are the bank's.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "kernels/attention.hpp"
#include "models/expert_store.hpp"
#include "models/weights.hpp"
#include "traces/route_trace.hpp"

namespace pregate {

struct SequenceInput {
  KvCache* cache = nullptr;
  std::int64_t position = 0;  // tokens already in the cache
  std::span<const std::int32_t> tokens;
};

enum class DecoderRows : std::uint8_t { last, all };  // the last token of each sequence, or every token

// What the routers of a layer chose for the tokens of the step: [tokens, top_k], best first.
struct ExpertChoice {
  std::span<const std::uint16_t> experts;
  std::span<const float> weights;
};

class Decoder {
 public:
  // `weights` outlive it, and so does `store`, which has the routed experts where the weights do not (null:
  // they do).
  explicit Decoder(const Weights& weights, ExpertStore* store = nullptr);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  [[nodiscard]] KvCache make_cache(std::int64_t capacity) const;
  [[nodiscard]] KvShape cache_shape(std::int64_t capacity) const;

  // Errors: no token, a token past the vocabulary, a sequence that does not fit its cache or the model's
  // context.
  Status begin(std::span<const SequenceInput> sequences);
  void attend(std::int64_t layer);
  [[nodiscard]] ExpertChoice routing(std::int64_t layer) const;  // empty for a dense layer
  // Errors: those of the store.
  Status feed_forward(std::int64_t layer);
  // How much the shared and the routed experts of a layer added, mean over the tokens of the step; after
  // feed_forward(layer).
  [[nodiscard]] LayerNorms norms(std::int64_t layer) const;
  // After the last layer: [rows, vocabulary].
  void logits(DecoderRows rows, std::vector<float>& out);

  // begin(), all layers, logits().
  Status run(std::span<const SequenceInput> sequences, DecoderRows rows, std::vector<float>& logits);

  [[nodiscard]] std::int64_t tokens() const;  // of the running step

  // Layers ahead of which routers answer. By default the model's own.
  void set_lookahead(std::int64_t layers);
  [[nodiscard]] std::int64_t lookahead() const;
  // May change what routers select by (scores plus correction), never the weights: cache-conditional routing.
  // Called before each choice of a layer; `bonus` has a zero for each expert of its bank.
  using Preference = std::function<void(std::int64_t layer, std::span<float> bonus)>;
  void set_preference(Preference preference);
  // Wall time, bytes and MACs of the operators of the step so far; cleared by begin().
  [[nodiscard]] std::span<const MeasuredOperator> measured() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pregate
