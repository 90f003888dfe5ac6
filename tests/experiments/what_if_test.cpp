// SPDX-License-Identifier: Apache-2.0
// Counterfactuals: closed forms on a device with round numbers, the order of the table, what is left out, and
// the command as a user runs it.
#include "experiments/what_if.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "experiments/what_if_view.hpp"
#include "tests/experiments/command_runner.hpp"
#include "tests/sim/small_world.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

using namespace pregate::testing;
using nlohmann::json;
using test::run_pregate;
using test::Said;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// One layer, one expert of 1 MB a step, never the one before: with room for one, every step waits 1000 us for
// its load and streams it in 10 us.
RunSetup on_demand() {
  const ModelShape model = round_model({{}}, 4, 1);
  RunSetup setup{.scenario = round_scenario(Bytes(1'000'000)),
                 .model = {},
                 .scenario_file = "round",
                 .trace = decode_trace(model, {{{0}}, {{1}}, {{2}}, {{0}}, {{1}}}),
                 .costs_note = {},
                 .dressed = {}};
  return setup;
}

RunSummary summary_of(const RunSetup& setup) {
  Replay source(setup.trace);
  const Result<RunRecord> run = simulate(setup.scenario, source, {.keep_details = false, .progress = {}});
  EXPECT_TRUE(run.ok()) << (run ? "" : run.error().message());
  return run->summary;
}

WhatIf ask(const RunSetup& setup) {
  Result<WhatIf> result = what_if(setup, summary_of(setup));
  EXPECT_TRUE(result.ok()) << (result ? "" : result.error().message());
  return std::move(*result);
}

const WhatIfRow& row_of(const WhatIf& all, const std::string& name) {
  for (const WhatIfRow& row : all.rows) {
    if (row.name == name) return row;
  }
  ADD_FAILURE() << name;
  return all.rows.front();
}

// Prose as it was before it was broken into lines.
std::string unwrapped(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string why_not(const WhatIf& all, const std::string& name) {
  for (const LeftOut& left : all.left_out) {
    if (left.name == name) return left.why;
  }
  return "tried";
}

TEST(WhatIfClosedForm, FlashX2_HalvesTheStallOfAnOnDemandRun) {
  const WhatIf all = ask(on_demand());
  const WhatIfRow& row = row_of(all, "flash x2");
  EXPECT_EQ(row_of(all, "the scenario itself").phase.stall, Duration::us(5 * 1000));
  EXPECT_EQ(row.phase.stall, Duration::us(5 * 500));
  EXPECT_EQ(row.saved, Duration::us(500));
  EXPECT_DOUBLE_EQ(row.gain, 1010.0 / 510.0 - 1);
}

TEST(WhatIfClosedForm, EverythingResident_IsComputeAlone) {
  const WhatIf all = ask(on_demand());
  const WhatIfRow& row = row_of(all, "everything resident");
  EXPECT_EQ(row.phase.makespan, Duration::us(5 * 10));
  EXPECT_EQ(row.phase.makespan, row.phase.compute);
  EXPECT_DOUBLE_EQ(row.gain, 1010.0 / 10.0 - 1);
  EXPECT_EQ(hit_rate(row.phase), 1.0);
  EXPECT_EQ(&row, &all.rows.front());
}

// Room for two: LRU misses all five, OPT keeps one of the two that come back.
TEST(WhatIfClosedForm, OptAndABiggerBudget_LeaveWhatTheyMustLoad) {
  RunSetup setup = on_demand();
  setup.scenario.expert_budget = Bytes(2'000'000);
  const WhatIf all = ask(setup);
  EXPECT_EQ(row_of(all, "the scenario itself").phase.loads, 5);
  EXPECT_EQ(row_of(all, "OPT eviction").phase.loads, 4);
  EXPECT_EQ(row_of(all, "expert budget x2").phase.loads, 3);
}

// Nothing to compute and nothing to launch: an NPU twice as fast changes nothing at all.
TEST(WhatIfClosedForm, ANoOp_GainsExactlyNothing) {
  const WhatIf all = ask(on_demand());
  EXPECT_EQ(row_of(all, "NPU x2").gain, 0.0);
  EXPECT_EQ(row_of(all, "NPU x2").saved, Duration());
  EXPECT_EQ(row_of(all, "the scenario itself").gain, 0.0);
}

TEST(WhatIfClosedForm, FreeManagement_SavesWhatItCost) {
  RunSetup setup = on_demand();
  setup.scenario.device.management.per_load = Duration::us(30);
  const WhatIfRow row = row_of(ask(setup), "management free");
  EXPECT_EQ(row.saved, Duration::us(30));
  EXPECT_EQ(row.phase.management, Duration());
}

TEST(WhatIf, Rows_HaveMostGainFirstAndTiesByName) {
  const WhatIf all = ask(on_demand());
  for (std::size_t i = 1; i < all.rows.size(); ++i) {
    const WhatIfRow &a = all.rows[i - 1], &b = all.rows[i];
    EXPECT_TRUE(a.gain > b.gain || (a.gain == b.gain && a.name < b.name)) << a.name << ", " << b.name;
  }
  EXPECT_THAT(all.verdict,
              HasSubstr("Most would come from everything resident: 990.10 -> 100000.00 tokens/s"));
  EXPECT_THAT(all.verdict, HasSubstr("Less than 1 %, either way: "));
}

// A lane too many for the queue, which no counterfactual mends.
TEST(WhatIf, OneThatFails_IsARowWithItsErrorAndStandsLast) {
  RunSetup setup = on_demand();
  const RunSummary summary = summary_of(setup);
  setup.scenario.runtime.io_lanes = 33;
  const Result<WhatIf> all = what_if(setup, summary);
  ASSERT_TRUE(all.ok());
  EXPECT_TRUE(all->rows.front().itself);
  for (const WhatIfRow& row : all->rows) {
    if (!row.itself) {
      EXPECT_THAT(row.error, HasSubstr("runtime.io_lanes"));
    }
  }
  EXPECT_THAT(all->verdict, HasSubstr("Nothing here makes a token faster by 1 %. Not simulated: "));
  EXPECT_THAT(unwrapped(text_of(*all, Look())),
              HasSubstr("not simulated: runtime.io_lanes: expected at most the 32"));
  nlohmann::ordered_json out;
  add_what_if(out, *all);
  EXPECT_TRUE(out["what_if"][1]["tokens_per_second"].is_null());
  EXPECT_THAT(out["what_if"][1]["error"].get<std::string>(), HasSubstr("runtime.io_lanes"));
}

TEST(WhatIf, WhatIsTheScenarioItself_IsLeftOut) {
  RunSetup setup = on_demand();
  setup.scenario.policy.eviction = EvictionKind::belady;
  EXPECT_EQ(why_not(ask(setup), "OPT eviction"), "the scenario is so");
  EXPECT_EQ(why_not(ask(setup), "OPT eviction and perfect prefetch"), "one of the two is the scenario's own");
  EXPECT_EQ(why_not(ask(setup), "management free"), "it costs nothing on this device");
  setup.scenario.policy.prefetch = PrefetchKind::pregate;
  const WhatIf pregated = ask(setup);
  EXPECT_FALSE(row_of(pregated, "pre-gating off").itself);
  for (const WhatIfRow& row : pregated.rows) EXPECT_NE(row.name, "pre-gating 1 layer ahead");
  setup.scenario.expert_budget = Bytes(4'000'000);
  EXPECT_EQ(why_not(ask(setup), "expert budget x2"), "all experts fit the budget already");
}

TEST(WhatIf, OfARunWithoutLoads_OnlyComputeAndItsMemoryAreTried) {
  RunSetup setup = on_demand();
  setup.scenario.preload = Preload::all;
  setup.scenario.expert_budget = Bytes(4'000'000);
  const WhatIf all = ask(setup);
  std::vector<std::string> names;
  for (const WhatIfRow& row : all.rows) names.push_back(row.name);
  EXPECT_THAT(names, ElementsAre("DRAM x2", "NPU x2", "the scenario itself"));
  EXPECT_DOUBLE_EQ(row_of(all, "DRAM x2").gain, 1.0);
  EXPECT_THAT(why_not(all, "flash x2"), HasSubstr("nothing is loaded"));
}

TEST(WhatIf, PreGating_IsTriedAsFarAsTheModelsRoutersKnow) {
  RunSetup setup = on_demand();
  setup.scenario.model_spec.emplace();
  EXPECT_EQ(why_not(ask(setup), "pre-gating 1 layer ahead"), "this model's routers know nothing ahead");
  setup.scenario.model_spec->pre_gate = true;
  setup.scenario.model_spec->lookahead = 1;
  EXPECT_EQ(why_not(ask(setup), "pre-gating 1 layer ahead"), "tried");
  EXPECT_EQ(why_not(ask(setup), "pre-gating 2 layers ahead"), "this model's routers answer 1 layer ahead");
  setup.scenario.model_spec->lookahead = 2;
  EXPECT_EQ(why_not(ask(setup), "pre-gating 2 layers ahead"), "tried");
}

// ---- the command ----

Said run_what_if(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  arguments.emplace_back("--what-if");
  Said said = run_pregate(arguments);
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.err, "");
  return said;
}

json what_if_json(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  return json::parse(run_what_if(std::move(arguments)).out);
}

const std::vector<std::string> kShort = {"synthetic", "--set", "workload.synthetic.decode_tokens=6"};

const json* itself(const json& rows) {
  for (const json& row : rows) {
    if (row["itself"].get<bool>()) return &row;
  }
  return nullptr;
}

TEST(WhatIfCommand, TheScenarioItself_IsTheRunBesideIt) {
  for (const char* steps : {"workload.phase=all", "workload.phase=decode", "workload.max_steps=4"}) {
    SCOPED_TRACE(steps);
    std::vector<std::string> arguments = kShort;
    arguments.insert(arguments.end(), {"--set", steps});
    const json out = what_if_json(arguments);
    const json* row = itself(out["what_if"]);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ((*row)["tokens_per_second"], out["tokens_per_second"]);
    EXPECT_EQ((*row)["hit_rate"], out["hit_rate_decode"]);
    EXPECT_EQ((*row)["gain"], 0.0);
    EXPECT_EQ(out["what_if"].size(), 11U);
    for (const json& other : out["what_if"]) {
      EXPECT_TRUE(other["error"].is_null()) << other;
      if (other["name"] == "everything resident") {
        EXPECT_DOUBLE_EQ(other["tokens_per_second"].get<double>(),
                         out["tokens_per_second_if_resident"].get<double>());
      }
      if (other["name"] == "pre-gating off") {
        EXPECT_EQ(other["tokens_per_second"], out["baseline"]["tokens_per_second"]);
      }
    }
  }
}

TEST(WhatIfCommand, TextAndJson_SayTheSame) {
  const json out = what_if_json(kShort);
  const std::string text = run_what_if(kShort).out;
  std::size_t at = text.find("\nWhat if  ");
  ASSERT_NE(at, std::string::npos);
  for (const json& row : out["what_if"]) {
    std::string line = row["name"].get<std::string>() + " ";
    at = text.find("\n  " + line, at);
    ASSERT_NE(at, std::string::npos) << line << "in order";
    line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    const auto ms = [&row](const char* key) { return fmt::format(" {:.2f}", row[key].get<double>() * 1e3); };
    for (const std::string& cell :
         {fmt::format(" {:.2f}", row["tokens_per_second"].get<double>()),
          fmt::format(" {:+.1f} %", 100 * row["gain"].get<double>()), ms("saved_per_token_s"),
          ms("compute_per_token_s"), ms("dram_contention_per_token_s"), ms("management_per_token_s"),
          ms("stall_per_token_s"), fmt::format(" {:.1f} %", 100 * row["hit_rate"].get<double>())}) {
      EXPECT_THAT(line, HasSubstr(cell));
    }
    if (!row["itself"].get<bool>()) {
      EXPECT_THAT(text, HasSubstr("  " + row["name"].get<std::string>() + ": "));
    }
  }
  EXPECT_THAT(text,
              HasSubstr("not tried: pre-gating 2 layers ahead: this model's routers answer 1 layer ahead"));
}

// What a row says can be set gives the row's number.
TEST(WhatIfCommand, TheAssignmentsOfARow_RunToItsNumber) {
  std::int64_t checked = 0;
  const json out = what_if_json(kShort);
  for (const json& row : out["what_if"]) {
    if (row["set"].empty()) continue;
    std::vector<std::string> arguments = {"run", "--json", "--no-baseline"};
    arguments.insert(arguments.end(), kShort.begin(), kShort.end());
    for (const json& assignment : row["set"]) {
      arguments.insert(arguments.end(), {"--set", assignment.get<std::string>()});
    }
    const Said said = run_pregate(arguments);
    ASSERT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(json::parse(said.out)["tokens_per_second"], row["tokens_per_second"]) << row["name"];
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

TEST(WhatIfCommand, OfARecordedTrace_AssumesRoutersThatKnowAhead) {
  const test::Folder folder;
  const std::string csv = test::write_file(folder.file("small.csv"), test::small_csv());
  const std::vector<std::string> arguments = {"--trace", csv, "--set", "dram.expert_budget=10MB"};
  const json out = what_if_json(arguments);
  ASSERT_NE(itself(out["what_if"]), nullptr);
  EXPECT_EQ((*itself(out["what_if"]))["tokens_per_second"], out["tokens_per_second"]);
  const std::string text = unwrapped(run_what_if(arguments).out);
  EXPECT_THAT(text, HasSubstr("as if the trace's routers were trained so"));
  EXPECT_THAT(text, HasSubstr("everything resident"));
}

// The prompt alone: there is no decode, and the table is of the prompt.
TEST(WhatIfCommand, OfAPromptAlone_IsAboutThePrompt) {
  const json out = what_if_json({"synthetic", "--set", "workload.synthetic.decode_tokens=0"});
  EXPECT_TRUE(out["tokens_per_second"].is_null());
  for (const json& row : out["what_if"]) {
    EXPECT_EQ(row["phase"], "prefill");
    EXPECT_GT(row["tokens_per_second"], 0.0);
  }
  EXPECT_EQ(out["what_if"][0]["name"], "NPU x2");
}

TEST(WhatIfCommand, WithoutTheOption_SaysNothingOfIt) {
  const Said said =
      run_pregate({"run", "synthetic", "--set", "workload.synthetic.decode_tokens=2", "--json"});
  EXPECT_FALSE(json::parse(said.out).contains("what_if"));
}

TEST(WhatIfCommand, PreloadingWithoutRoom_NamesTheBudget) {
  const Said said = run_pregate({"run", "synthetic", "--set", "dram.preload=all"});
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.error_lines(), 1U);
  EXPECT_THAT(said.err, HasSubstr("dram.expert_budget: expected at least 2.90 GiB"));
}

}  // namespace
}  // namespace pregate
