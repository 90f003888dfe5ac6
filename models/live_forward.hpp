// SPDX-License-Identifier: Apache-2.0
// A forward pass as a source of routing: a prompt, then token after token. It computes only as far as it is
// asked - a layer's attention when its choice is wanted, its experts when something behind them is - so that
// a simulation owns the clock and routing may depend on what is resident at that simulated moment. Everything
// it answered is recorded: the replay of the record gives the same simulated times.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "models/decoder.hpp"
#include "models/sampler.hpp"
#include "traces/routing_source.hpp"

namespace pregate {

struct LiveOptions {
  std::vector<std::int32_t> prompt;
  std::int64_t max_tokens = 0;  // to generate; each but the last is a decode step
  SamplingOptions sampling;
  // Taken one after another in place of what would be sampled (teacher forcing): models that differ are then
  // compared on the very same text. Past its end tokens are sampled.
  std::vector<std::int32_t> follow;
  std::function<bool(std::int32_t)> ends_text;  // may be empty
  std::function<void(std::int32_t)> on_token;   // each generated token, as soon as it is known; may be empty
  // Added to the score by which a resident expert is selected (cache-conditional routing); 0: off.
  float prefer_resident = 0;
  // Where routed experts come from, if not from the weights; null: from the weights.
  ExpertStore* store = nullptr;
  // Step s chooses what step s of this trace chose, whatever the router finds likeliest (its scores still are
  // the weights); a step of several tokens takes those of the first for all of them. For weights that were
  // never trained, whose own routing is nearly uniform. Null: the router chooses.
  std::shared_ptr<const RouteTrace> choices;
};

class LiveForward final : public RoutingSource {
 public:
  // `weights` outlive it. `header` says what the tokens are; its model is the shape that is simulated, layer
  // for layer that of the weights. Errors: an empty prompt, more tokens than the context, too little memory
  // for the KV cache.
  static Result<std::unique_ptr<LiveForward>> create(const Weights& weights, RouteHeader header,
                                                     LiveOptions options);

  [[nodiscard]] const RouteHeader& header() const override { return trace_->header; }
  Result<std::optional<StepInfo>> next_step() override;
  Result<LayerRouting> route(LayerId layer) override;
  Result<std::span<const MeasuredOperator>> measured(LayerId layer, OperatorKind kind) override;
  void observe(const ResidencyView& view) override;

  [[nodiscard]] const std::vector<std::int32_t>& generated() const { return generated_; }
  // What it answered so far; complete once next_step() has returned nothing.
  [[nodiscard]] std::shared_ptr<const RouteTrace> recorded() const { return trace_; }

 private:
  LiveForward(const Weights& weights, RouteHeader header, LiveOptions options);
  Status attend_until(std::int64_t layer);
  Status feed_forward_until(std::int64_t layer);
  void prefer_choices();
  Status finish_step();
  [[nodiscard]] RouteStep record() const;

  LiveOptions options_;
  const ModelSpec& spec_;
  Decoder decoder_;
  KvCache cache_;
  Sampler sampler_;
  ExpertTable table_;
  const ResidencyView* view_ = nullptr;
  std::shared_ptr<RouteTrace> trace_;

  std::vector<std::int32_t> input_;  // tokens of the running step
  std::int64_t position_ = 0;        // of its first token
  bool running_ = false;
  bool ended_ = false;
  bool has_logits_ = false;
  std::int64_t attended_ = 0, fed_ = 0;  // layers whose attention and whose feed-forward have run
  std::vector<float> logits_;
  std::vector<std::int32_t> generated_;
};

}  // namespace pregate
