// SPDX-License-Identifier: Apache-2.0
// The routing of one model in the shape of another: which layer and which experts of the routed model a layer
// of the shape takes its choices from. Bytes, MACs, layers and banks are the shape's; the choices are the
// routed model's. A small trained model so stands in for a large one that nobody can run here.
//
// Layers. A bank of the shape takes the choices of its layers from one bank of the routed model, place by
// place, so that sharing keeps its meaning: bank b from bank b, and round again where the shape has more.
// Only where the layers of the shape's bank are more than those of the routed bank does the next bank go on.
// How often the routed banks have been gone through is a layer's repetition. A dense layer has no choices.
//
// Experts. With the same number in both banks expert e is e. With s times as many in the shape, e stands for
// its s neighbours e x s ... e x s + s - 1, chosen together; a token's choices are its best `top_k` of them.
// With t times fewer, e is e mod the shape's number, and what a token would choose twice it chooses once.
// Other ratios are refused, and so is a top-k that the choices cannot fill.
//
// In a repetition after the first, expert numbers are permuted by a seeded permutation of the bank, so that
// layers are no exact copies. That changes the picture and no hit rate: banks share nothing, and repeated
// ones hit and miss in the same steps. What is lost is what a layer of its own would have chosen there. As
// many tokens pass a layer as pass the one that it stands for: the one token that many engines let through
// their last layer in prefill comes back where that layer is repeated.
#pragma once

#include <string>
#include <vector>

#include "traces/routing_source.hpp"

namespace pregate {

// What a reader is told of a dressed run.
struct DressingFacts {
  std::string routed, shape;  // names of models
  std::int32_t moe_layers = 0, routed_moe_layers = 0;
  std::int32_t layers_taken = 0;  // distinct MoE layers of the routed model whose choices are taken
  std::int32_t banks = 0, routed_banks = 0;
  std::int32_t repetitions = 1;                  // most often that a routed bank is taken, begun ones counted
  std::int32_t experts = 0, routed_experts = 0;  // of the largest bank
  std::int32_t top_k = 0, routed_top_k = 0;
  std::uint64_t seed = 0;  // of the permutations; matters where repetitions > 1
};
// One or two sentences: "12 MoE layers of megrez2-nano stand for 30 of megrez2-3x7b-a3b: ...".
std::string describe(const DressingFacts& facts);

class Dressing {
 public:
  // Both shapes are valid. The error's place is model.shape_as.
  static Result<Dressing> make(const ModelShape& routed, const ModelShape& shape, std::uint64_t seed);

  // The layer that `layer` of the shape takes its choices from; invalid for a dense layer.
  [[nodiscard]] LayerId source_of(LayerId layer) const { return layers_[layer.value()].source; }
  [[nodiscard]] std::int32_t repetition_of(LayerId layer) const { return layers_[layer.value()].repetition; }
  [[nodiscard]] const ModelShape& shape() const { return shape_; }
  [[nodiscard]] const DressingFacts& facts() const { return facts_; }

  // The choices of `layer`, made of those of source_of(layer), appended to `out`. An error where choices must
  // be cut and tokens cannot be told apart (a recorder dropped some).
  Status dress(LayerId layer, const LayerRouting& from, std::vector<std::uint16_t>& out) const;

 private:
  struct Layer {
    LayerId source;
    std::int32_t repetition = 0;
    std::int32_t spread = 1;  // experts of the shape that one routed expert stands for
    std::int32_t experts = 0;
    bool folded = false;
    std::size_t permutation = 0;  // into permutations_
  };
  Dressing() = default;
  Status add_layer(const ModelShape& routed, LayerId layer, std::int32_t repetition, BankId bank);
  std::size_t permutation_of(std::int32_t repetition, std::int32_t experts);
  void dress_token(const Layer& layer, std::span<const std::uint16_t> choices,
                   std::vector<std::uint16_t>& out) const;

  ModelShape shape_;
  std::vector<Layer> layers_;
  std::vector<std::vector<std::uint16_t>> permutations_;
  std::vector<std::pair<std::int32_t, std::int32_t>> permuted_;  // (repetition, experts) of each
  DressingFacts facts_;
};

// A whole trace dressed. Its provenance says so; measured operators, which are the routed model's, and
// weights stay out.
Result<RouteTrace> dress(const RouteTrace& trace, const Dressing& dressing);
RouteHeader dress(const RouteHeader& header, const Dressing& dressing);

}  // namespace pregate
