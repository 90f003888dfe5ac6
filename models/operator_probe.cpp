// SPDX-License-Identifier: Apache-2.0
// Operators of real decode steps, on a model that is a few layers of a larger one: as many weights as no
// cache holds, and few enough to be drawn in a second.
#include <algorithm>
#include <array>

#include "models/decoder.hpp"
#include "models/machine_probe.hpp"

namespace pregate {
namespace {

constexpr std::int64_t kLayers = 6, kExperts = 16, kVocabulary = 32768, kWarm = 4;

ModelSpec few_layers(ModelSpec spec, std::int64_t tokens) {
  spec.layers = std::min(spec.layers, spec.dense_layers + kLayers);
  spec.experts = std::min(spec.experts, std::max(kExperts, spec.top_k));
  spec.expert_groups = spec.top_groups = 1;
  spec.vocabulary = std::min(spec.vocabulary, kVocabulary);
  spec.context = tokens;
  return spec;
}

// One kind of operator over the layers of a token.
struct Sum {
  double seconds = 0;
  std::int64_t operators = 0, bytes = 0, experts = 0;
};

}  // namespace

Result<std::vector<OperatorRow>> probe_operators(const OperatorProbe& probe) {
  const std::int64_t tokens = probe.tokens + kWarm;
  const ModelSpec spec = few_layers(probe.spec, tokens);
  const Result<Weights> weights = Weights::random(spec, 1, {.precision = probe.precision, .progress = {}});
  if (!weights) return weights.error();
  Decoder decoder(*weights);
  KvCache cache = decoder.make_cache(tokens);
  constexpr std::array kKinds = {OperatorKind::attention, OperatorKind::dense_ffn,
                                 OperatorKind::shared_experts, OperatorKind::routed_expert,
                                 OperatorKind::head};
  std::vector<OperatorRow> rows;
  for (const OperatorKind kind : kKinds)
    rows.push_back(
        {.name = spec.name + " " + std::string(to_text(kind)), .bytes = {}, .launches = 1, .seconds = {}});
  // Of the whole model, whose head is larger.
  const auto moe = static_cast<double>(probe.spec.moe_layers());
  const std::array<double, kKinds.size()> whole = {
      static_cast<double>(probe.spec.layers), static_cast<double>(probe.spec.dense_layers), moe, moe,
      static_cast<double>(probe.spec.vocabulary) / static_cast<double>(spec.vocabulary)};
  for (std::size_t k = 0; k < rows.size(); ++k) rows[k].a_token = whole[k];
  std::vector<float> logits;
  for (std::int64_t token = 0; token < tokens; ++token) {
    const auto id = static_cast<std::int32_t>(token * 7919 % spec.vocabulary);
    const SequenceInput input{&cache, token, std::span(&id, 1)};
    if (Status ran = decoder.run(std::span(&input, 1), DecoderRows::last, logits); !ran) return ran.error();
    if (token < kWarm) continue;
    std::array<Sum, kKinds.size()> sums{};
    for (const MeasuredOperator& m : decoder.measured()) {
      Sum& sum =
          sums[static_cast<std::size_t>(std::find(kKinds.begin(), kKinds.end(), m.kind) - kKinds.begin())];
      sum.seconds += m.duration.to_seconds();
      sum.bytes += m.bytes.count();
      sum.experts += m.experts;
      ++sum.operators;
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
      if (sums[k].operators == 0) continue;
      rows[k].bytes = Bytes(sums[k].bytes / sums[k].operators);
      rows[k].launches = std::max<std::int64_t>(sums[k].experts / sums[k].operators, 1);
      rows[k].seconds.push_back(sums[k].seconds / static_cast<double>(sums[k].operators));
    }
  }
  std::erase_if(rows, [](const OperatorRow& row) { return row.seconds.empty(); });
  return rows;
}

}  // namespace pregate
