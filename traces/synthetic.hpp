// SPDX-License-Identifier: Apache-2.0
// A seeded routing process for shapes that nobody has recorded. Each layer's router logit of expert e at token t is
//   popularity * p(e) + topic * a(e, t) + context * b(e, t) + n(e, t)
// with p fixed, a and b first-order autoregressive with the given persistence, n white noise of unit deviation; the top-k
// logits win. Layers that share a bank mix their terms with common ones by group_correlation. All terms are normal-like
// sums of uniform integers, so that every platform draws the same trace. What it cannot show: anything a real prompt does
// beyond these correlations. Its numbers are labelled synthetic wherever they are shown.
#pragma once

#include "traces/locality.hpp"
#include "traces/synthetic_params.hpp"

namespace pregate {

// One prefill step (batched) and decode_tokens decode steps of `model`.
RouteTrace synthesize(const ModelShape& model, const SyntheticParams& params);

struct FitResult {
  SyntheticParams params;
  Locality target, reached;  // `reached` on a seed that the fit did not see
  std::int64_t evaluations = 0;
};

// Fits the strengths and persistences by a seeded direct search on the overlap at all lags, entropy and top-8 share.
Result<FitResult> fit_synthetic(const RouteTrace& trace, std::uint64_t seed);

}  // namespace pregate
