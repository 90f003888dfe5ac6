// SPDX-License-Identifier: Apache-2.0
#include "traces/expert_matrix.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traces/trace_fixtures.hpp"

namespace pregate {
namespace {

double choices_of(const RouteTrace& trace, bool decode_only) {
  std::size_t sum = 0;
  for (const RouteStep& step : trace.steps) {
    if (!decode_only || step.phase == Phase::decode) sum += step.experts.size();
  }
  return static_cast<double>(sum);
}

TEST(ExpertMatrix, OfATrace_HasEveryChoiceOnce) {
  const RouteTrace trace = fixtures::random_trace(5);
  const Result<ExpertMatrix> all = count_experts(trace, ExpertMeasure::uses, Phases::all);
  const Result<ExpertMatrix> decode = count_experts(trace, ExpertMeasure::uses, Phases::decode);
  ASSERT_TRUE(all && decode);
  EXPECT_EQ(all->sum(), choices_of(trace, false));
  EXPECT_EQ(decode->sum(), choices_of(trace, true));
  EXPECT_LT(decode->sum(), all->sum());
  EXPECT_EQ(all->unit, "choices");
  EXPECT_EQ(all->layers.size(), static_cast<std::size_t>(trace.header.model.moe_layers()));
  double rows = 0;
  for (std::size_t row = 0; row < all->layers.size(); ++row) rows += all->sum(row);
  EXPECT_EQ(rows, all->sum());
}

TEST(ExpertMatrix, OfWeights_IsTheirSumWherePlaced) {
  const RouteTrace trace = fixtures::random_trace(6);
  const Result<ExpertMatrix> matrix = count_experts(trace, ExpertMeasure::weight, Phases::all);
  ASSERT_TRUE(matrix);
  double expected = 0, first = 0;
  const std::size_t layer = matrix->layers[0].value();
  for (const RouteStep& step : trace.steps) {
    for (const float weight : step.weights) expected += double{weight};
    for (std::size_t i = 0; i < step.layer_experts(layer).size(); ++i)
      first += step.layer_experts(layer)[i] == 3 ? double{step.layer_weights(layer)[i]} : 0;
  }
  EXPECT_NEAR(matrix->sum(), expected, 1e-9);
  EXPECT_NEAR(matrix->at(0, 3), first, 1e-9);
}

TEST(ExpertMatrix, OfWhatATraceDoesNotHave_IsRefused) {
  RouteTrace trace = fixtures::random_trace(6);
  for (const ExpertMeasure measure :
       {ExpertMeasure::misses, ExpertMeasure::stall, ExpertMeasure::reloads, ExpertMeasure::bytes}) {
    const auto counted = count_experts(trace, measure, Phases::all);
    ASSERT_FALSE(counted);
    EXPECT_THAT(counted.error().message(), testing::HasSubstr("a .run file for --measure"));
  }
  for (RouteStep& step : trace.steps) step.weights.clear();
  EXPECT_FALSE(count_experts(trace, ExpertMeasure::weight, Phases::all));
}

// Two layers that share a bank of four; a prompt and two decode steps.
RunRecord small_run() {
  RunRecord run;
  run.model.top_k = 1;
  run.model.layers.resize(3);
  run.model.layers[1].bank = run.model.layers[2].bank = BankId(0);
  run.model.banks = {{.experts = 4, .expert_bytes = Bytes(10), .expert_macs = {}}};
  run.steps = {{.phase = Phase::prefill, .tokens = 2}, {}, {}};
  for (std::int32_t step = 0; step < 3; ++step) {
    for (const std::uint32_t layer : {1U, 2U})
      run.events.push_back({.step = step,
                            .layer = LayerId(layer),
                            .first_lookup = static_cast<std::uint32_t>(run.events.size())});
  }
  const Outcome outcomes[] = {Outcome::miss, Outcome::miss,          Outcome::resident_hit,
                              Outcome::miss, Outcome::late_prefetch, Outcome::miss};
  for (std::uint32_t e = 0; e < 6; ++e)
    run.lookups.push_back({.event = EventId(e), .expert = ExpertId(e % 4), .outcome = outcomes[e]});
  run.loads = {
      {.expert = ExpertId(3),
       .bytes = Bytes(10),
       .reload = true,
       .state = LoadEnd::arrived,
       .step = 1,
       .layer = LayerId(2)},
      {.expert = ExpertId(3),
       .bytes = Bytes(10),
       .reload = true,
       .state = LoadEnd::cancelled,
       .step = 1,
       .layer = LayerId(2)},
      {.expert = ExpertId(1), .bytes = Bytes(10), .state = LoadEnd::arrived, .step = 2, .layer = LayerId(2)}};
  run.stalls = {{.step = 0,
                 .layer = LayerId(1),
                 .begin = SimTime::at_ps(0),
                 .end = SimTime::at_ps(5),
                 .load = LoadId(0)},
                {.step = 2,
                 .layer = LayerId(2),
                 .begin = SimTime::at_ps(10),
                 .end = SimTime::at_ps(17),
                 .load = LoadId(2)}};
  return run;
}

TEST(ExpertMatrix, OfARun_CountsLookupsMissesStallsReloadsAndBytes) {
  const RunRecord run = small_run();
  const auto count = [&run](ExpertMeasure measure, Phases phases) {
    return *count_experts(run, measure, phases);
  };
  EXPECT_EQ(count(ExpertMeasure::uses, Phases::all).sum(), 6);
  EXPECT_EQ(count(ExpertMeasure::uses, Phases::decode).sum(), 4);
  EXPECT_EQ(count(ExpertMeasure::misses, Phases::decode).sum(), 2) << "a late prefetch is no miss";
  const ExpertMatrix stall = count(ExpertMeasure::stall, Phases::all);
  EXPECT_EQ(stall.sum(), 12);
  EXPECT_EQ(stall.at(1, 1), 7) << "layer 2 waited for expert 1";
  EXPECT_EQ(count(ExpertMeasure::stall, Phases::decode).sum(), 7);
  const ExpertMatrix reloads = count(ExpertMeasure::reloads, Phases::all);
  EXPECT_EQ(reloads.sum(), 1);
  EXPECT_EQ(reloads.at(1, 3), 1);
  const ExpertMatrix bytes = count(ExpertMeasure::bytes, Phases::all);
  EXPECT_EQ(bytes.sum(), 20) << "a cancelled load reads nothing";
  EXPECT_EQ(bytes.at(1, 1), 10);
  EXPECT_FALSE(count_experts(run, ExpertMeasure::weight, Phases::all));
}

TEST(ExpertMeasure, Words_AreReadBack) {
  for (const char* word : {"uses", "weight", "misses", "stall", "reloads", "bytes"})
    EXPECT_EQ(to_text(*parse_expert_measure(word)), word);
  EXPECT_THAT(parse_expert_measure("hits").error().message(),
              testing::HasSubstr("uses, weight, misses, stall, reloads, bytes"));
}

}  // namespace
}  // namespace pregate
