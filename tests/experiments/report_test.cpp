// SPDX-License-Identifier: Apache-2.0
// The parts of the report on a record made by hand: what it must say, and that columns add up as they are
// printed.
#include "experiments/report.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "experiments/table.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

SimTime at(std::int64_t ms) {
  return SimTime() + Duration::ms(ms);
}

// One bank of four experts in one layer. A prompt, then a token of 10 ms: 6 compute, 1 contention, 1
// management and 2 of waiting for expert 2, which expert 3 had pushed out.
RunRecord one_token() {
  RunRecord run;
  run.header = {.pregate_version = "0",
                .scenario_name = "hand",
                .device = "box",
                .model = "toy",
                .policy = "lru, prefetch none"};
  run.model.name = "toy";
  run.model.banks = {{.experts = 4, .expert_bytes = Bytes::mib(2), .expert_macs = Macs(1)}};
  run.model.layers = {{.bank = BankId(0)}};
  run.model.top_k = 1;
  run.steps = {{.phase = Phase::prefill, .tokens = 3, .begin = at(0), .end = at(5)},
               {.phase = Phase::decode, .tokens = 1, .begin = at(5), .end = at(15)}};
  run.events = {{.step = 0, .layer = LayerId(0), .at = at(0), .first_lookup = 0},
                {.step = 1, .layer = LayerId(0), .at = at(5), .first_lookup = 1}};
  run.operators = {{.step = 0, .layer = LayerId(0), .begin = at(0), .end = at(5), .alone = Duration::ms(5)},
                   {.step = 1, .layer = LayerId(0), .begin = at(5), .end = at(12), .alone = Duration::ms(6)}};
  run.management = {{.step = 1, .layer = LayerId(0), .begin = at(12), .end = at(13)}};
  run.stalls = {{.step = 1,
                 .layer = LayerId(0),
                 .begin = at(13),
                 .end = at(15),
                 .cause = StallCause::policy,
                 .load = LoadId(1)}};
  run.loads = {{.expert = ExpertId(3),
                .bytes = Bytes::mib(2),
                .state = LoadEnd::arrived,
                .step = 0,
                .layer = LayerId(0)},
               {.expert = ExpertId(2),
                .bytes = Bytes::mib(2),
                .reload = true,
                .state = LoadEnd::arrived,
                .step = 1,
                .layer = LayerId(0),
                .queued_behind = 1,
                .previous_eviction = EvictionId(0)}};
  run.evictions = {{.expert = ExpertId(2),
                    .by_load = LoadId(0),
                    .at = at(1),
                    .at_event = EventId(0),
                    .score = 7,
                    .opt_keeps = true}};
  run.lookups = {{.event = EventId(0),
                  .expert = ExpertId(3),
                  .outcome = Outcome::miss,
                  .miss_class = MissClass::compulsory,
                  .load = LoadId(0)},
                 {.event = EventId(1),
                  .expert = ExpertId(2),
                  .outcome = Outcome::miss,
                  .miss_class = MissClass::policy,
                  .load = LoadId(1)}};
  PhaseSummary& d = run.summary.decode;
  d = {.tokens = 1,
       .makespan = Duration::ms(10),
       .compute = Duration::ms(6),
       .dram_contention = Duration::ms(1),
       .management = Duration::ms(1),
       .stall = Duration::ms(2),
       .lookups = 1,
       .outcomes = {0, 0, 0, 1},
       .loads = 1,
       .reloads = 1,
       .bytes_read = Bytes::mib(2)};
  d.stall_by_cause[static_cast<std::size_t>(StallCause::policy)] = Duration::ms(2);
  run.summary.prefill = {.tokens = 3,
                         .makespan = Duration::ms(5),
                         .compute = Duration::ms(5),
                         .lookups = 1,
                         .outcomes = {0, 0, 0, 1},
                         .loads = 1};
  run.summary.all = d;
  run.summary.all.makespan = Duration::ms(15);
  run.summary.all.compute = Duration::ms(11);
  run.summary.bound = Duration::ms(7);
  run.summary.bound_by = "dram";
  run.summary.ttft = Duration::ms(5);
  return run;
}

std::string text_of(const RunRecord& run, bool per_token = false) {
  const Scenario scenario;
  return text_report({.run = run,
                      .scenario = scenario,
                      .costs_note = "costs: made up",
                      .baseline = {},
                      .wall_s = 0.5,
                      .run_file = {},
                      .per_token = per_token},
                     {.colour = false, .utf8 = false});
}

TEST(Numbers, AChangeThatRoundsToNothing_HasNoMinus) {
  EXPECT_EQ(signed_text(-0.04, "%"), "+0.0 %");
  EXPECT_EQ(signed_text(-0.06, "%"), "-0.1 %");
  EXPECT_EQ(signed_text(12.34, "pp"), "+12.3 pp");
  EXPECT_FALSE(std::signbit(rounded(-0.0004, 3)));
}

TEST(Report, SaysRateBinsAndCauses) {
  const std::string text = text_of(one_token());
  EXPECT_THAT(text, HasSubstr("100.00 tokens/s (simulated, recorded routing)"));
  EXPECT_THAT(text, HasSubstr("10.00 ms a decoded token; first token after 5.00 ms"));
  EXPECT_THAT(text, HasSubstr("stall: policy              2.00 ms   20.0 %"));
  EXPECT_THAT(text, HasSubstr("together                  10.00 ms  100.0 %"));
  EXPECT_THAT(text, HasSubstr("2.14 times as long"));
  EXPECT_THAT(text, HasSubstr("costs: made up"));
  EXPECT_THAT(text, Not(HasSubstr("pre-gating changes"))) << "there is no baseline";
}

TEST(Report, TheLongestStall_IsExplainedByLoadQueueAndEviction) {
  const RunRecord run = one_token();
  const std::string why = explain_stall(run, run.stalls.front(), EvictionKind::lru);
  EXPECT_THAT(
      why,
      HasSubstr("step 1, layer 0: waited for expert 2 of bank 0 (load 1, demand, 2 MiB, behind 1 load)"));
  EXPECT_THAT(why, HasSubstr("evicted in step 0, layer 0 for expert 3 of bank 0"));
  EXPECT_THAT(why, HasSubstr("OPT would have kept it"));
}

TEST(Report, ARunWithoutDecode_SaysSoInsteadOfARate) {
  RunRecord run = one_token();
  run.summary.decode = {};
  run.summary.all = run.summary.prefill;
  const std::string text = text_of(run);
  EXPECT_THAT(text, HasSubstr("for a prompt of 3 tokens"));
  EXPECT_THAT(text, Not(HasSubstr("tokens/s")));
}

TEST(Report, PerToken_AddsARowAStep) {
  const std::string text = text_of(one_token(), true);
  EXPECT_THAT(text, HasSubstr("Step by step"));
  const std::vector<StepView> steps = view_steps(one_token());
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[1].makespan, Duration::ms(10));
  EXPECT_EQ(steps[1].compute + steps[1].dram_contention + steps[1].management + steps[1].stall,
            steps[1].makespan);
  EXPECT_EQ(steps[1].misses, 1);
  EXPECT_EQ(steps[1].bytes, Bytes::mib(2));
}

TEST(Report, WorstExperts_AreRankedByTheWaitTheyCost) {
  const std::vector<ExpertView> worst = worst_experts(one_token(), 10);
  ASSERT_EQ(worst.size(), 2U);
  EXPECT_EQ(worst[0].expert, 2);
  EXPECT_EQ(worst[0].stall, Duration::ms(2));
  EXPECT_EQ(worst[0].reloads, 1);
  EXPECT_EQ(worst[1].expert, 3);
  EXPECT_EQ(worst_experts(one_token(), 1).size(), 1U);
}

TEST(Report, Json_SaysTheSameAsTheText) {
  const RunRecord run = one_token();
  const Scenario scenario;
  const auto out = nlohmann::json::parse(json_report({.run = run,
                                                      .scenario = scenario,
                                                      .costs_note = {},
                                                      .baseline = Baseline{.tokens_per_second = 80},
                                                      .wall_s = 0.5,
                                                      .run_file = {},
                                                      .per_token = true}));
  EXPECT_EQ(out["tokens_per_second"], 100.0);
  EXPECT_EQ(out["time_per_output_token_s"], 0.01);
  EXPECT_EQ(out["stall_by_cause"]["policy"], 0.002);
  EXPECT_EQ(out["baseline"]["tokens_per_second"], 80.0);
  EXPECT_EQ(out["per_token"].size(), 2U);
  EXPECT_EQ(out["worst_experts"][0]["expert"], 2);
  EXPECT_TRUE(out["energy_j"].is_null());
}

TEST(Apportion, Parts_SumToTheTotalExactly) {
  const std::int64_t thirds[] = {1, 1, 1};
  EXPECT_THAT(apportion(thirds, 100), ElementsAre(34, 33, 33));
  const std::int64_t skewed[] = {0, 999'999'999'999, 1};
  EXPECT_THAT(apportion(skewed, 44), ElementsAre(0, 44, 0));
  const std::int64_t nothing[] = {0, 0};
  EXPECT_THAT(apportion(nothing, 44), ElementsAre(0, 0));
  std::vector<std::int64_t> many;
  for (std::int64_t i = 1; i < 50; ++i) many.push_back(i * i * 1'000'000'007);
  const std::vector<std::int64_t> parts = apportion(many, 1000);
  EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}), 1000);
}

TEST(Table, WidthsCountCharactersAndIgnoreColour) {
  EXPECT_EQ(display_width("█▏"), 2U);
  EXPECT_EQ(display_width("\033[31mred\033[0m"), 3U);
  EXPECT_EQ(with_commas(46080), "46,080");
  EXPECT_EQ(with_commas(-1234567), "-1,234,567");
  EXPECT_EQ(with_commas(999), "999");
  Table table({{"a", Align::left}, {"two\nlines"}});
  table.row({"x", "7"});
  EXPECT_EQ(table.text({}), "       two\n  a  lines\n  x      7\n");
}

}  // namespace
}  // namespace pregate
