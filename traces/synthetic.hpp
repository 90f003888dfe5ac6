// SPDX-License-Identifier: Apache-2.0
// A seeded routing process for shapes that nobody has recorded. The router logit of expert e in layer l at
// token t is
//   s(l) * (popularity * p(e) + topic * a(e, t) + context * b(e, t)) + n(e, t)
// with p fixed, a and b first-order autoregressive with the given persistence, n white noise; all of unit
// deviation, so that strengths are in units of the noise. The top-k logits win. s(l) is evenly spaced around
// 1 with deviation layer_spread (0 at least), in random order: real layers differ more than chance explains.
// A prompt's tokens are more diverse than those a model writes: in prefill n has prompt_noise (a deviation,
// added in squares) on top. Layers that share a bank mix p, a and b with terms that they have in common: two
// of them correlate by group_correlation. No recording of a model with shared banks exists, so 0 is an
// assumption; provenance says so.
//
// All terms are sums of uniform integers in fixed point, so that every platform draws the same trace; the
// same seed with more decode tokens continues the same trace. Only the last token of a prompt passes the last
// layer, as in recorded engines. What it cannot show: anything a real text does beyond these correlations,
// such as words that return and bring their experts back. Its numbers are labelled synthetic wherever they
// are shown.
#pragma once

#include "traces/locality.hpp"
#include "traces/synthetic_params.hpp"

namespace pregate {

// Strengths within 0..100, persistences, correlation and spread within 0..1, and a length that
// fits memory; the error's place names the parameter.
Status validate(const SyntheticParams& params);

// One prefill step (batched; none if prompt_tokens is 0) and decode_tokens decode steps of `model`. The model
// must be valid and the parameters must have passed validate().
RouteTrace synthesize(const ModelShape& model, const SyntheticParams& params);

struct FitResult {
  SyntheticParams params;
  Locality target, reached;  // `reached` on a seed that the fit did not see
  std::int64_t evaluations = 0;
};

// Fits strengths, persistences and layer spread by a seeded direct search on the overlap at all lags and its
// spread over layers, entropy and top-8 share of the first decode tokens; then the prompt's noise on the
// distinct experts of the first prefill, and, where layers share banks, the group correlation on their
// overlap. The result is rounded to thousandths. bad_input for a trace too short to tell.
Result<FitResult> fit_synthetic(const RouteTrace& trace, std::uint64_t seed);

}  // namespace pregate
