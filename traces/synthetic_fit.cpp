// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "traces/base/simplex.hpp"
#include "traces/locality_measures.hpp"
#include "traces/synthetic.hpp"

namespace pregate {
namespace {

// The search moves in logarithms: a strength doubles as easily as it halves, and a persistence counts by the
// number of tokens it lasts, -1 / ln(persistence).
enum Axis : std::size_t { popularity, topic, topic_tokens, context, context_tokens, spread };
constexpr std::size_t kAxes = 6;
using Point = Simplex<kAxes>::Point;

// A start that most traces lie within a factor of four of, the first step of the search, and bounds far
// outside.
constexpr Point kStart = {0.0, 0.0, 3.4, 0.0, 0.4, -1.5};
constexpr Point kFirstStep = {0.5, 0.5, 0.8, 0.5, 0.5, 0.5};
constexpr Point kLeast = {-5, -5, 1.8, -5, -1.0, -5};   // a topic lasts at least 6 tokens,
constexpr Point kMost = {2.5, 2.5, 7, 2.5, 1.8, -0.7};  // a context at most 6: two terms, two time scales
constexpr int kEvaluations = 240;
constexpr int kBisections = 12;
constexpr double kMostPromptNoise = 20;
constexpr std::int32_t kMostPrompt = 4096;  // a longer prompt touches nearly all experts whatever its noise
constexpr std::int64_t kMostTokens = 256;   // of decode that the fit looks at
constexpr std::int32_t kLeastTokens = 16;
constexpr double kEnough = 1e-4;  // relative spread of the simplex at which the search ends

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

SyntheticParams params_at(const Point& point, const SyntheticParams& like) {
  const auto persistence = [](double log_tokens) { return rounded(std::exp(-1 / std::exp(log_tokens))); };
  SyntheticParams params = like;
  params.popularity = rounded(std::exp(point[popularity]));
  params.topic = rounded(std::exp(point[topic]));
  params.topic_persistence = persistence(point[topic_tokens]);
  params.context = rounded(std::exp(point[context]));
  params.context_persistence = persistence(point[context_tokens]);
  params.layer_spread = rounded(std::exp(point[spread]));
  return params;
}

// How far two traces are apart, in squares of what one would call close for each number.
double distance(const LocalityMeasures& a, const LocalityMeasures& b) {
  const auto term = [](double x, double y, double close) { return (x - y) * (x - y) / (close * close); };
  double sum = 0;
  for (std::size_t i = 0; i < a.overlap.size(); ++i) {
    if (a.has_lag[i] && b.has_lag[i]) sum += term(a.overlap[i], b.overlap[i], i == 0 ? 0.005 : 0.01);
  }
  sum += term(a.entropy_bits, b.entropy_bits, 0.06);
  sum += term(a.top8_share, b.top8_share, 0.015);
  sum += term(a.overlap_spread, b.overlap_spread, 0.01);
  return sum;
}

// The number in [low, high] at which `reaches` turns true, for a predicate that is false below and true
// above.
template <typename Predicate>
double bisect(double low, double high, Predicate reaches) {
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (low + high) / 2;
    (reaches(middle) ? high : low) = middle;
  }
  return rounded(low);
}

// The noise that gives a prompt as many distinct experts as the real one has. Decode does not depend on it.
double fit_prompt_noise(const ModelShape& model, SyntheticParams params, const LocalityMeasures& target) {
  if (target.prefill_distinct == 0 || params.prompt_tokens > kMostPrompt) return 0;
  params.decode_tokens = 0;
  return bisect(0, kMostPromptNoise, [&](double noise) {
    params.prompt_noise = noise;
    return measure_fast(synthesize(model, params)).prefill_distinct >= target.prefill_distinct;
  });
}

// What the layers of a bank have in common, by how much they choose alike for the same token.
double fit_group_correlation(const ModelShape& model, SyntheticParams params,
                             const LocalityMeasures& target) {
  if (target.bank_overlap == 0) return 0;
  params.prompt_tokens = 0;
  return bisect(0, 1, [&](double correlation) {
    params.group_correlation = correlation;
    return measure_fast(synthesize(model, params)).bank_overlap >= target.bank_overlap;
  });
}

// The trace up to its first kMostTokens decode tokens: enough to tell, and it bounds the time of the fit.
RouteTrace beginning_of(const RouteTrace& trace) {
  RouteTrace out;
  out.header = trace.header;
  std::int64_t decode = 0;
  for (const RouteStep& step : trace.steps) {
    if (step.phase == Phase::decode && ++decode > kMostTokens) break;
    out.steps.push_back(step);
  }
  return out;
}

// Lengths and label of the trace that the parameters are for.
SyntheticParams like(const RouteTrace& trace, std::uint64_t seed) {
  SyntheticParams params;
  params.seed = seed;
  params.fitted_to = trace.header.model.name.empty() ? "a trace without a name" : trace.header.model.name;
  params.prompt_tokens = 0;
  params.decode_tokens = 0;
  for (const RouteStep& step : trace.steps) {
    if (step.phase == Phase::decode) {
      params.decode_tokens += step.tokens == 1 ? 1 : 0;
    } else if (params.prompt_tokens == 0) {
      params.prompt_tokens = step.tokens;
    }
  }
  return params;
}

}  // namespace

Result<FitResult> fit_synthetic(const RouteTrace& trace, std::uint64_t seed) {
  const RouteTrace beginning = beginning_of(trace);
  SyntheticParams params = like(beginning, seed);
  if (trace.header.model.moe_layers() == 0)
    return bad_input("a trace with routed experts", "dense layers only");
  if (params.decode_tokens < kLeastTokens) {
    return bad_input(fmt::format("a trace of at least {} decode steps of one token", kLeastTokens),
                     fmt::format("{}", params.decode_tokens));
  }
  const ModelShape& model = trace.header.model;
  const LocalityMeasures target = measure_fast(beginning);
  const std::int32_t prompt = std::exchange(params.prompt_tokens, 0);  // the search is about decode alone
  Simplex<kAxes> search({.start = kStart,
                         .first_step = kFirstStep,
                         .least = kLeast,
                         .most = kMost,
                         .evaluations = kEvaluations,
                         .enough = kEnough},
                        [&](const Point& point) {
                          return distance(target, measure_fast(synthesize(model, params_at(point, params))));
                        });
  FitResult fit;
  fit.params = params_at(search.run(), params);
  fit.evaluations = search.evaluations();
  fit.params.prompt_tokens = prompt;
  fit.params.group_correlation = fit_group_correlation(model, fit.params, target);
  fit.params.prompt_noise = fit_prompt_noise(model, fit.params, target);

  SyntheticParams other = fit.params;
  other.seed = seed + 1;
  fit.target = measure_locality(beginning);
  fit.reached = measure_locality(synthesize(model, other));
  return fit;
}

}  // namespace pregate
