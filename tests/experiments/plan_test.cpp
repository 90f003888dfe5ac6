// SPDX-License-Identifier: Apache-2.0
#include "experiments/plan/plan.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/workers.hpp"
#include "tests/experiments/command_runner.hpp"
#include "traces/base/random.hpp"

namespace pregate {
namespace {

using testing::HasSubstr;
using Json = nlohmann::ordered_json;

// Four layers of 32 experts of half a MiB, 24 decoded tokens: a run takes about a millisecond.
constexpr const char* kToy = R"(name: "toy"
model {
  preset: "toy"
  preset_shape {
    complete: true name: "toy" hidden_size: 512 num_hidden_layers: 4 num_attention_heads: 8 num_key_value_heads: 8
    intermediate_size: 512 moe_intermediate_size: 512 n_routed_experts: 32 num_experts_per_tok: 4 vocab_size: 512
  }
}
device { id: "oneplus-15r" }
workload { synthetic { prompt_tokens: 4 decode_tokens: 24 popularity: 1.5 topic: 1 topic_persistence: 0.9 seed: 5 } }
)";

class PlanTest : public testing::Test {
 protected:
  PlanTest() { scenario_ = test::write_file(folder_.file("toy.scenario.textproto"), kToy); }
  [[nodiscard]] test::Said plan(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"plan", scenario_});
    return test::run_pregate(arguments);
  }
  [[nodiscard]] Json json(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const test::Said said = plan(arguments);
    EXPECT_EQ(said.err, "");
    return Json::parse(said.out, nullptr, false);
  }
  [[nodiscard]] double speed(const std::vector<std::string>& assignments) const {
    std::vector<std::string> arguments = {"run", scenario_, "--json", "--no-baseline"};
    for (const std::string& assignment : assignments)
      arguments.insert(arguments.end(), {"--set", assignment});
    return Json::parse(test::run_pregate(arguments).out)["tokens_per_second"].get<double>();
  }

  test::Folder folder_;
  std::string scenario_;
};

std::vector<std::string> random_device(Random& random) {
  const auto between = [&random](double low, double high) {
    return low * std::pow(high / low, random.unit());
  };
  const double flash = between(0.3, 6);
  return {fmt::format("device.flash.read_bandwidth={:.3f}GB/s", flash),
          fmt::format("device.flash.lane_bandwidth={:.3f}GB/s", flash * between(0.3, 1)),
          fmt::format("device.flash.request_latency={:.0f}us", between(20, 400)),
          fmt::format("device.npu.int8_rate={:.1f}GMAC/s", between(5, 200)),
          fmt::format("device.npu.fp16_rate={:.1f}GMAC/s", between(5, 200)),
          fmt::format("device.npu.fp32_rate={:.1f}GMAC/s", between(5, 200)),
          fmt::format("device.management.per_load={:.0f}us", between(1, 300)),
          fmt::format("policy.prefetch={}", random.chance(0.5) ? "none" : "pregate"),
          fmt::format("policy.eviction={}", random.chance(0.5) ? "lru" : "lfu"),
          fmt::format("workload.synthetic.seed={}", random.below(1000))};
}

TEST_F(PlanTest, OnTenRandomDevices_FindsWhatAFineGridFinds) {
  Random random(2026);
  for (int device = 0; device < 10; ++device) {
    RunRequest base{.scenario = scenario_, .assignments = random_device(random)};
    PlanRequest request{.base = base,
                        .over = {"dram.expert_budget=4MiB..64MiB:121"},
                        .all = true,
                        .sensitivity = false,
                        .jobs = available_cores()};
    // A target that some values reach and some do not.
    request.targets = {*parse_target("tokens_per_second>=0.001")};
    const Result<Plan> grid = make_plan(ShippedCatalogue(), request, {});
    ASSERT_TRUE(grid.ok()) << grid.error().message();
    std::vector<double> speeds;
    for (const PlanPoint& point : grid->seen)
      speeds.push_back(value_of(point.summary, "tokens_per_second").value_or(0));
    const auto [low, high] = std::minmax_element(speeds.begin(), speeds.end());
    const double wanted = *low + (*high - *low) * (0.1 + 0.8 * random.unit());
    const auto first = std::find_if(speeds.begin(), speeds.end(), [wanted](double s) { return s >= wanted; });

    request.all = false;
    request.targets = {*parse_target(fmt::format("tokens_per_second>={}", wanted))};
    const Result<Plan> plan = make_plan(ShippedCatalogue(), request, {});
    ASSERT_TRUE(plan.ok()) << plan.error().message();
    ASSERT_TRUE(plan->answer.has_value());
    const PlanPoint& answer = plan->seen[*plan->answer];
    EXPECT_EQ(answer.at[0], static_cast<std::size_t>(first - speeds.begin())) << "device " << device;
    EXPECT_LT(plan->seen.size(), 90U) << "device " << device;
  }
}

TEST_F(PlanTest, TheAnswer_IsWhatARunWithItSays) {
  const double middle = speed({"dram.expert_budget=24MiB"});
  const Json plan = json({"--target", fmt::format("tokens_per_second>={}", middle), "--over",
                          "dram.expert_budget=4MiB..64MiB:61"});
  ASSERT_TRUE(plan["reached"].get<bool>());
  const auto budget = plan["answer"]["values"]["dram.expert_budget"].get<std::int64_t>();
  EXPECT_LE(budget, 24 << 20);
  EXPECT_DOUBLE_EQ(plan["answer"]["tokens_per_second"].get<double>(),
                   speed({fmt::format("dram.expert_budget={}", budget)}));
}

TEST_F(PlanTest, WhatNoValueReaches_IsForbiddenByWhatIsNamed) {
  const test::Said said = plan({"--target", "100000tok/s", "--over", "dram.expert_budget"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("reaches tokens_per_second >= 100000."));
  EXPECT_THAT(said.out, HasSubstr("Compute forbids it"));
}

TEST_F(PlanTest, TwoParameters_GiveAFrontierThatNothingUndercuts) {
  const double wanted = speed(
      {"dram.expert_budget=32MiB", "device.flash.read_bandwidth=2GB/s", "device.flash.lane_bandwidth=1GB/s"});
  const std::vector<std::string> arguments = {"--target", fmt::format("tokens_per_second>={}", wanted),
                                              "--set",    "device.flash.lane_bandwidth=0.5GB/s",
                                              "--over",   "dram.expert_budget=8MiB..64MiB:15",
                                              "--over",   "device.flash.read_bandwidth=0.5GB/s..8GB/s:9:log"};
  const Json plan = json(arguments);
  ASSERT_GE(plan["frontier"].size(), 1U);
  for (std::size_t i = 1; i < plan["frontier"].size(); ++i) {
    const Json &before = plan["frontier"][i - 1]["values"], &here = plan["frontier"][i]["values"];
    EXPECT_LT(here["dram.expert_budget"].get<std::int64_t>(),
              before["dram.expert_budget"].get<std::int64_t>());
    EXPECT_GT(here["device.flash.read_bandwidth"].get<std::int64_t>(),
              before["device.flash.read_bandwidth"].get<std::int64_t>());
  }
  // A price that only flash has chooses the slowest flash of the frontier.
  std::vector<std::string> priced = arguments;
  priced.insert(priced.end(),
                {"--price", "dram.expert_budget=0/GiB", "--price", "device.flash.read_bandwidth=10/GB/s"});
  const Json cheap = json(priced);
  EXPECT_EQ(cheap["answer"]["values"], plan["frontier"][0]["values"]);
  EXPECT_GT(cheap["cost"].get<double>(), 0);
}

TEST_F(PlanTest, AListStandsFromTheCheapest_AndARangeCanBeTurned) {
  const Json devices = json({"--target", "0.1tok/s", "--over", "device.id=raspberry-pi-5,apple-m4"});
  EXPECT_EQ(devices["answer"]["values"]["device.id"], "raspberry-pi-5");
  const Json latency = json({"--target", "0.1tok/s", "--over", "device.flash.request_latency=10us..400us:5",
                             "--high-first", "device.flash.request_latency", "--no-sensitivity"});
  EXPECT_DOUBLE_EQ(latency["answer"]["values"]["device.flash.request_latency"].get<double>(), 400e-6);
}

TEST_F(PlanTest, TenPercentOfEachDeviceParameter_IsSaidBesideWhatItIsNow) {
  const Json plan = json({"--target", "1tok/s", "--over", "dram.expert_budget=16MiB,32MiB"});
  ASSERT_GT(plan["sensitivity"].size(), 3U);
  double last = 1e9;
  for (const Json& row : plan["sensitivity"]) {
    EXPECT_LE(row["better"].get<double>(), last);
    last = row["better"].get<double>();
    EXPECT_GT(last, -0.02) << row["path"];  // better parts do not slow it
  }
}

TEST_F(PlanTest, WithPrices_WhatCostsLessIsTheCheapest_HoweverItWasWritten) {
  const Json plan = json({"--target", "1tok/s", "--over", "dram.expert_budget=64MiB,32MiB,16MiB", "--price",
                          "dram.expert_budget=4/GiB", "--no-sensitivity"});
  EXPECT_EQ(plan["answer"]["values"]["dram.expert_budget"].get<std::int64_t>(), 16 << 20);
  EXPECT_DOUBLE_EQ(plan["cost"].get<double>(), 4.0 / 64);
}

TEST_F(PlanTest, ABoundOfTheRun_IsNoReasonForAnotherTarget) {
  const Json plan = json({"--target", "loads<=0", "--over", "dram.expert_budget=16MiB,32MiB"});
  EXPECT_FALSE(plan["reached"].get<bool>());
  EXPECT_TRUE(plan["forbidden_by"].is_null());
}

TEST_F(PlanTest, AKeyWithoutAValue_IsSaid) {
  const test::Said said = plan(
      {"--target", "1tok/s", "--over", "dram.expert_budget=16MiB,32MiB", "--set", "workload.max_steps=1"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("has no value in these runs"));
}

TEST_F(PlanTest, WhatWasNotSimulated_IsPartOfTheFirstSentence) {
  const std::vector<std::string> wide = {"--target", "20tok/s", "--over",
                                         "dram.expert_budget=4MiB..64MiB:121", "--no-sensitivity"};
  const Json some = json(wide);
  const test::Said said = plan(wide);
  EXPECT_EQ(said.out.find("simulated values that reaches") != std::string::npos,
            some["unseen"].get<int>() > 0);
  std::vector<std::string> all = wide;
  all.emplace_back("--all");
  EXPECT_THAT(plan(all).out, HasSubstr("is the cheapest value that reaches"));
}

TEST_F(PlanTest, JobsAndCandidatesAllLookedAt_ChangeNoAnswer) {
  const std::vector<std::string> arguments = {"--target", "20tok/s", "--over",
                                              "dram.expert_budget=4MiB..64MiB:31", "--no-sensitivity"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), arguments.begin(), arguments.end());
    return json(more)["answer"];
  };
  EXPECT_EQ(with({"--jobs", "1"}), with({"--jobs", "3"}));
  EXPECT_EQ(with({"--jobs", "1"}), with({"--all"}));
}

struct Mistake {
  std::vector<std::string> arguments;
  const char* says;
};

TEST_F(PlanTest, EveryMistake_IsOneClearLine) {
  const std::vector<std::string> fine = {"--target", "1tok/s", "--over", "dram.expert_budget=8MiB..64MiB"};
  const std::vector<Mistake> mistakes = {
      {{"--target", "fast", "--over", "dram.expert_budget"}, "a target such as"},
      {{"--target", "tokens_per_secnd>=2", "--over", "dram.expert_budget"}, "nearest: tokens_per_second"},
      {{"--target", "tokens_per_second>=2ms", "--over", "dram.expert_budget"}, "a number such as 20"},
      {{"--target", "ttft_s<=2GiB", "--over", "dram.expert_budget"}, "a time such as 500ms"},
      {{"--target", "1tok/s", "--over", "dram.expert_budget=4GiB..1GiB"}, "an empty one"},
      {{"--target", "1tok/s", "--over", "dram.expert_buget=1GiB..4GiB"}, "nearest: dram.expert_budget"},
      {{"--target", "1tok/s", "--over", "dram.expert_budget=1ms..4ms"}, "a size such as"},
      {{"--target", "1tok/s", "--over", "dram.expert_budget=8MiB,16MiB", "--price",
        "dram.expert_budget=3/ms"},
       "--price"},
      {{"--target", "1tok/s", "--over", "dram.expert_budget=8MiB,16MiB", "--high-first", "runtime.io_lanes"},
       "--high-first"},
      {{"--target", "1tok/s"}, "--over"},
      {{"--target", "bound_by>=3", "--over", "dram.expert_budget"}, "a key that is a number"},
      {{"--target", "hit_rate_decode>=90", "--over", "dram.expert_budget"}, "in percent as in 90%"},
      {{"--target", "1tok/s", "--over", "dram.expert_budget=8MiB,16MiB", "--price",
        "dram.expert_budget=-3/GiB"},
       "--price"},
      {{"--target", "1tok/s", "--over", "dram.expert_budget=8MiB,16MiB", "--price",
        "dram.expert_budget=1e308/B"},
       "--price"},
      {{"--target", "1tok/s", "--over", "dram.expert_budget=8MiB,16MiB", "--price",
        "dram.expert_budget=3/GiB", "--high-first", "dram.expert_budget"},
       "--price"},
  };
  for (const Mistake& mistake : mistakes) {
    const test::Said said = plan(mistake.arguments);
    EXPECT_EQ(said.code, 2) << mistake.says;
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
    EXPECT_THAT(said.err, HasSubstr(mistake.says));
    EXPECT_EQ(said.out, "");
  }
}

TEST(PlanTarget, ReadsUnitsAndShares) {
  EXPECT_DOUBLE_EQ(parse_target("ttft_s<=500ms")->bound, 0.5);
  EXPECT_DOUBLE_EQ(parse_target("hit_rate_decode >= 90%")->bound, 0.9);
  EXPECT_DOUBLE_EQ(parse_target("bytes_read<2GiB")->bound, 2.0 * (1 << 30));
  EXPECT_EQ(parse_target("20 tokens/s")->key, "tokens_per_second");
  EXPECT_FALSE(parse_target("bytes_read<2GiB")->at_least);
}

}  // namespace
}  // namespace pregate
