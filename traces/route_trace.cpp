// SPDX-License-Identifier: Apache-2.0
#include "traces/route_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace pregate {
namespace {

// Far beyond any context, and small enough that costs (tokens x context x bytes) are computed without
// overflow.
constexpr std::int32_t kMaxTokens = 1 << 24;
constexpr std::int64_t kMaxPosition = std::int64_t{1} << 31;

Status validate_size(const RouteStep& step, const ModelShape& model) {
  if (step.tokens < 1 || step.tokens > kMaxTokens) {
    return bad_input(fmt::format("a step of 1 to {} tokens", kMaxTokens),
                     fmt::format("{} tokens", step.tokens));
  }
  if (step.position < 0 || step.position > kMaxPosition) {
    return bad_input(fmt::format("a position from 0 to {}", kMaxPosition), fmt::format("{}", step.position));
  }
  if (step.turn < 0) return bad_input("a turn of at least 0", fmt::format("{}", step.turn));
  if (step.dropped < 0) return bad_input("a count of dropped choices", fmt::format("{}", step.dropped));
  const std::size_t layers = model.layers.size();
  if (step.layer_tokens.size() != layers || step.offset.size() != layers + 1) {
    return bad_input(fmt::format("{} layers", layers), fmt::format("{}", step.layer_tokens.size()));
  }
  if (step.offset.front() != 0 || step.offset.back() != step.experts.size()) {
    return bad_input(fmt::format("layers that cover {} choices", step.experts.size()),
                     fmt::format("choices {} to {}", step.offset.front(), step.offset.back()));
  }
  if (!step.weights.empty() && step.weights.size() != step.experts.size()) {
    return bad_input(fmt::format("a weight for each of {} choices", step.experts.size()),
                     fmt::format("{}", step.weights.size()));
  }
  if (!step.norms.empty() && step.norms.size() != layers) {
    return bad_input(fmt::format("norms of {} layers", layers), fmt::format("{}", step.norms.size()));
  }
  return {};
}

Status validate_norms(const RouteStep& step, std::size_t layer) {
  if (step.norms.empty()) return {};
  for (const float norm : {step.norms[layer].shared, step.norms[layer].routed}) {
    if (!(norm >= 0) || !std::isfinite(norm))
      return bad_input("a finite norm of at least 0", fmt::format("{}", norm));
  }
  return {};
}

Status validate_count(const RouteStep& step, const ModelShape& model, std::size_t layer) {
  if (step.offset[layer] > step.offset[layer + 1]) {
    return bad_input("choices in order of layers", "offsets that go back");
  }
  const std::int64_t tokens = step.layer_tokens[layer];
  if (tokens < 1 || tokens > step.tokens) {
    return bad_input(fmt::format("1 to {} tokens", step.tokens), fmt::format("{}", tokens));
  }
  const std::int64_t choices = step.offset[layer + 1] - step.offset[layer];
  if (!model.layers[layer].is_moe()) {
    if (choices == 0) return {};
    return bad_input("no choices in a dense layer", fmt::format("{}", choices));
  }
  if (choices > tokens * model.top_k || (choices == 0 && step.dropped == 0)) {
    return bad_input(
        fmt::format("1 to {} choices ({} tokens of top-{})", tokens * model.top_k, tokens, model.top_k),
        fmt::format("{}", choices));
  }
  return {};
}

// Tokens are told apart where each has its full top-k, or where there is only one.
Status validate_distinct(std::span<const std::uint16_t> choices, std::size_t per_token) {
  std::vector<std::uint16_t> sorted;
  for (std::size_t at = 0; at < choices.size(); at += per_token) {
    const auto token = choices.subspan(at, std::min(per_token, choices.size() - at));
    sorted.assign(token.begin(), token.end());
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) {
      return bad_input("distinct experts for a token", fmt::format("expert {} twice", *twice));
    }
  }
  return {};
}

Status validate_choices(const RouteStep& step, const ModelShape& model, std::size_t layer) {
  const auto choices = step.layer_experts(layer);
  if (choices.empty()) return {};
  const std::int32_t experts = model.banks[model.layers[layer].bank.value()].experts;
  for (const std::uint16_t expert : choices) {
    if (expert >= experts) {
      return bad_input(fmt::format("an expert below {}", experts), fmt::format("{}", expert));
    }
  }
  for (const float weight : step.layer_weights(layer)) {
    if (!std::isfinite(weight)) return bad_input("a finite weight", fmt::format("{}", weight));
  }
  const auto tokens = static_cast<std::size_t>(step.layer_tokens[layer]);
  const auto top_k = static_cast<std::size_t>(model.top_k);
  if (tokens == 1 || choices.size() == tokens * top_k) return validate_distinct(choices, top_k);
  return {};
}

}  // namespace

const MeasuredOperator* find_measured(std::span<const MeasuredOperator> measured, LayerId layer,
                                      OperatorKind kind) {
  const auto found = std::find_if(measured.begin(), measured.end(), [&](const MeasuredOperator& m) {
    return m.layer == layer && m.kind == kind;
  });
  return found == measured.end() ? nullptr : &*found;
}

std::string_view to_text(OperatorKind v) {
  constexpr std::array<std::string_view, 5> kWords = {"attention", "dense_ffn", "shared_experts",
                                                      "routed_expert", "head"};
  return kWords.at(static_cast<std::size_t>(v));
}

std::string_view to_text(Origin origin) {
  switch (origin) {
    case Origin::recorded:
      return "recorded";
    case Origin::synthetic:
      return "synthetic";
    case Origin::live:
      return "live";
  }
  return "unknown";
}

std::string_view to_text(Phase phase) {
  return phase == Phase::prefill ? "prefill" : "decode";
}

Status validate_step(const RouteStep& step, const ModelShape& model) {
  if (const Status size = validate_size(step, model); !size) return size;
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    Status fits = validate_count(step, model, layer);
    if (fits) fits = validate_choices(step, model, layer);
    if (fits) fits = validate_norms(step, layer);
    if (!fits) return fits.error().at({}, fmt::format("layer {}", layer));
  }
  return {};
}

Status validate_order(const RouteStep& previous, const RouteStep& next) {
  if (next.turn > previous.turn) return {};
  if (next.turn < previous.turn) {
    return bad_input(fmt::format("turn {} or a later one", previous.turn), fmt::format("{}", next.turn));
  }
  // A decode step of several tokens is a batch of sequences, each one position further.
  const std::int64_t least = previous.position + (previous.phase == Phase::prefill ? previous.tokens : 1);
  if (next.position >= least) return {};
  return bad_input(fmt::format("a position of at least {}", least), fmt::format("{}", next.position));
}

}  // namespace pregate
