// SPDX-License-Identifier: Apache-2.0
// `pregate ablate` behind the trainer: trainings that are there are taken over, every variant is routed and
// simulated on every device and budget, and nothing is computed twice.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "experiments/ablation/results.hpp"
#include "tests/experiments/ablation_folder.hpp"
#include "traces/route_file.hpp"

namespace pregate {
namespace {

using Json = nlohmann::json;
using test::Folder;
using test::Said;
using test::ToyAblation;
using testing::HasSubstr;

Json ablated(const ToyAblation& toy, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = toy.arguments(more);
  arguments.push_back("--json");
  const Said said = test::run_pregate(arguments);
  EXPECT_EQ(said.code, 0) << said.err;
  return Json::parse(said.out, nullptr, false);
}

std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream in(csv);
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

TEST(Ablate, FinishedTrainings_AreRoutedAndSimulatedOnEveryDeviceAndBudget) {
  const Folder folder;
  const ToyAblation toy(folder);
  toy.pretend_all_trained();
  const Json out = ablated(toy, {"--report", folder.file("report")});
  // Two seeds of seven models; two devices, two budgets, off and on, but for d = 0, which has no on.
  ASSERT_EQ(out["variants"].size(), 14U);
  EXPECT_EQ(out["made_now"], Json({{"trainings", 0}, {"routings", 14}, {"runs", 2 * (6 * 8 + 4)}}));
  std::set<std::tuple<std::string, std::string, std::int64_t, bool>> runs;
  for (const Json& variant : out["variants"]) {
    EXPECT_EQ(variant["runs"].size(), variant["lookahead"] == 0 ? 4U : 8U) << variant["variant"];
    for (const Json& run : variant["runs"]) {
      runs.emplace(variant["variant"], run["device"], run["budget_bytes"], run["pregate"]);
      EXPECT_GE(run["opt_hit_rate_decode_share"].get<double>() + 1e-12,
                run["lru_hit_rate_decode_share"].get<double>());
      EXPECT_GT(run["tokens_per_second"], 0);
    }
  }
  EXPECT_EQ(runs.size(), 2U * (6 * 8 + 4));
  // The CSV has the same runs, a row each, and as many cells in every row as in its heading.
  const auto rows = rows_of(test::read_file(toy.out("ablation.csv")));
  ASSERT_EQ(rows.size(), runs.size() + 1);
  for (const auto& row : rows) EXPECT_EQ(row.size(), rows.front().size());
  // What is put into the report is what is in the folder.
  for (const char* name : {"ablation.csv", "ablation.md", "quality.svg", "quality.png", "budgets.svg",
                           "stall.png", "on-off.svg"}) {
    EXPECT_FALSE(test::read_file(toy.out(name)).empty()) << name;
    EXPECT_EQ(test::read_file(toy.out(name)), test::read_file(folder.file("report") + "/" + name)) << name;
  }
}

TEST(Ablate, CalledAgain_ComputesNothingAndSaysTheSame) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().seeds = "1";
  const AblationPlan plan = toy.pretend_all_trained();
  const Json first = ablated(toy);
  const std::string document = test::read_file(toy.out("ablation.md"));
  // Recorded again, the file would have a new time stamp even with the same bytes.
  const std::string route = plan.variants.front().folder + "/routing.route";
  const auto written = std::filesystem::last_write_time(route);
  const Json second = ablated(toy);
  EXPECT_EQ(second["made_now"], Json({{"trainings", 0}, {"routings", 0}, {"runs", 0}}));
  EXPECT_EQ(first["variants"], second["variants"]);
  EXPECT_EQ(test::read_file(toy.out("ablation.md")), document);
  EXPECT_EQ(std::filesystem::last_write_time(route), written);
}

TEST(Ablate, ANewBudget_SimulatesOnlyItsOwnRuns) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().seeds = "1";
  toy.request().devices = "oneplus-15r";
  toy.pretend_all_trained();
  ablated(toy);
  toy.request().budgets = "50%,75%,100%";
  EXPECT_EQ(ablated(toy)["made_now"], Json({{"trainings", 0}, {"routings", 0}, {"runs", 6 * 2 + 1}}));
}

TEST(Ablate, AnotherModelInAFolder_IsRoutedAndSimulatedAnew) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().seeds = "1";
  toy.request().devices = "oneplus-15r";
  const AblationPlan plan = toy.pretend_all_trained();
  ablated(toy);
  Variant other = plan.variants.front();
  other.seed = 9;  // of the random weights alone
  toy.pretend_trained(other, 4);
  EXPECT_EQ(ablated(toy)["made_now"], Json({{"trainings", 0}, {"routings", 1}, {"runs", 4}}));
}

TEST(Ablate, EveryVariant_RoutesTheSameTextInItsOwnWay) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().seeds = "1";
  toy.request().devices = "oneplus-15r";
  toy.request().budgets = "100%";
  const AblationPlan plan = toy.pretend_all_trained();
  const Json out = ablated(toy);
  for (const Variant& variant : plan.variants) {
    const Result<RouteTrace> trace = read_route(variant.folder + "/routing.route");
    ASSERT_TRUE(trace.ok()) << trace.error().message();
    // Two passages: a prompt of 4 tokens and 8 decoded ones each.
    ASSERT_EQ(trace->steps.size(), 18U);
    EXPECT_EQ(trace->steps[0].tokens, 4);
    EXPECT_EQ(trace->steps[8].position, 11);
    EXPECT_EQ(trace->steps[9].phase, Phase::prefill);
    EXPECT_EQ(trace->steps[9].turn, 1);
    EXPECT_EQ(trace->header.model.banks.size(),
              static_cast<std::size_t>((6 + variant.group - 1) / variant.group));
  }
  // Activated parameters are the same for every n; stored ones fall; the same bytes are the budget of all.
  std::map<std::int64_t, Json> by_group;
  for (const Json& variant : out["variants"]) {
    if (variant["lookahead"] == 1) by_group[variant["group"]] = variant;
  }
  ASSERT_EQ(by_group.size(), 4U);
  for (std::int64_t n = 2; n <= 4; ++n) {
    EXPECT_EQ(by_group[n]["activated_parameters"], by_group[1]["activated_parameters"]);
    EXPECT_EQ(by_group[n]["runs"][0]["budget_bytes"], by_group[1]["runs"][0]["budget_bytes"]);
  }
  EXPECT_LT(by_group[2]["stored_parameters"], by_group[1]["stored_parameters"]);
  EXPECT_EQ(by_group[3]["all_experts_bytes"], out["base_experts_bytes"]);
  EXPECT_EQ(by_group[1]["all_experts_bytes"].get<std::int64_t>(),
            3 * by_group[3]["all_experts_bytes"].get<std::int64_t>());
}

TEST(Ablate, OnlyTrained_LeavesOutWhatIsMissingAndSaysSo) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().seeds = "1";
  toy.request().devices = "oneplus-15r";
  const AblationPlan plan = toy.plan();
  toy.pretend_trained(plan.variants[0], 3);
  const Json out = ablated(toy, {"--only-trained"});
  EXPECT_EQ(out["variants"].size(), 1U);
  EXPECT_EQ(out["missing"].size(), 6U);
  EXPECT_THAT(test::read_file(toy.out("ablation.md")), HasSubstr("Not trained when this was written"));
}

TEST(Ablate, TheDocument_HasMeansAndSpreadsAndNoRunWhereThereIsNone) {
  const Folder folder;
  const ToyAblation toy(folder);
  const AblationPlan plan = toy.pretend_all_trained();
  ablated(toy);
  const std::string document = test::read_file(toy.out("ablation.md"));
  // n3-d1 is the first variant of both seeds: 3.25 and 3.25 + 7 x 0.25.
  EXPECT_THAT(document, HasSubstr("| 3 | 1 | 2 |"));
  EXPECT_THAT(document, HasSubstr("4.1250 ± 0.8750"));
  EXPECT_THAT(document, HasSubstr("| - |"));
  EXPECT_THAT(document, HasSubstr("[README.md](README.md)"));
  // A document is read by others: no folder of this machine is in it.
  EXPECT_THAT(document, testing::Not(HasSubstr(testing::TempDir())));
  EXPECT_THAT(document, testing::Not(HasSubstr(PREGATE_SOURCE_DIR)));
}

TEST(Ablate, BadInput_IsOneClearError) {
  const Folder folder;
  const ToyAblation toy(folder);
  struct Case {
    std::vector<std::string> more;
    const char* says;
  };
  const std::vector<Case> cases = {{{"--seeds", ","}, "at least one seed"},
                                   {{"--seeds", "1,1"}, "each seed once"},
                                   {{"--seeds", "one"}, "a whole number"},
                                   {{"--devices", "abacus"}, "abacus"},
                                   {{"--devices", ""}, "at least one device"},
                                   {{"--budgets", "1%"}, "prompt of 4 tokens"},
                                   {{"--budgets", "much"}, "much"},
                                   {{"--text", "/nowhere/text"}, "/nowhere/text"},
                                   {{"--validation", folder.file("short.txt")}, "a text of at least"},
                                   {{"--config", "/nowhere/config.json"}, "/nowhere/config.json"},
                                   {{"--decode-tokens", "1000"}, "the model's context"},
                                   {{"--width", "abacus"}, "abacus"}};
  test::write_file(folder.file("short.txt"), "short");
  for (const Case& one : cases) {
    const std::vector<std::string> base = toy.arguments();
    std::vector<std::string> arguments = base;
    for (std::size_t i = 0; i < one.more.size(); i += 2) {
      const auto given = std::find(arguments.begin(), arguments.end(), one.more[i]);
      if (given != arguments.end()) {
        given[1] = one.more[i + 1];
      } else {
        arguments.insert(arguments.end(), {one.more[i], one.more[i + 1]});
      }
    }
    const Said said = test::run_pregate(arguments);
    EXPECT_EQ(said.code, 2) << one.says << ": " << said.err;
    EXPECT_THAT(said.err, HasSubstr(one.says));
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
  }
  EXPECT_FALSE(std::filesystem::exists(toy.out("ablation.csv")));
}

TEST(Ablate, AFolderOfAnotherTraining_IsLeftAlone) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().seeds = "1";
  toy.pretend_all_trained();
  toy.request().recipe.steps = 3;
  const Said steps = test::run_pregate(toy.arguments());
  EXPECT_EQ(steps.code, 2);
  EXPECT_THAT(steps.err, HasSubstr("another number of steps"));
  toy.request().recipe.steps = 2;
  toy.request().recipe.batch = 3;
  const Said batch = test::run_pregate(toy.arguments());
  EXPECT_EQ(batch.code, 2);
  EXPECT_THAT(batch.err, HasSubstr("another \"batch\""));
}

TEST(Ablate, AnotherValidationText_IsRefused) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().seeds = "1";
  toy.request().devices = "oneplus-15r";
  toy.pretend_all_trained();
  ablated(toy);
  toy.request().validation = PREGATE_SOURCE_DIR "/docs/dram.md";
  const Said said = test::run_pregate(toy.arguments());
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("the validation text that this folder began with"));
}

TEST(Ablate, WithoutATrainer_SaysSoBeforeAnythingElse) {
  const Folder folder;
  const ToyAblation toy(folder);
  // A copy of the program, with nothing beside it.
  const std::string alone = folder.file("pregate");
  std::filesystem::copy_file(PREGATE_BINARY_DIR "/bin/pregate", alone);
  const Said said = test::run_pregate(toy.arguments(), {.program = alone});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, HasSubstr("pregate-train"));
  EXPECT_THAT(said.err, HasSubstr("libtorch"));
  EXPECT_EQ(said.error_lines(), 1U) << said.err;
}

TEST(Ablate, ATrainerThatFails_IsQuoted) {
  const Folder folder;
  const ToyAblation toy(folder);
  const std::string program = folder.file("pregate");
  std::filesystem::copy_file(PREGATE_BINARY_DIR "/bin/pregate", program);
  const std::string trainer = test::write_file(
      folder.file("pregate-train"), "#!/bin/sh\necho first >&2\necho the disk is full >&2\nexit 1\n");
  std::filesystem::permissions(trainer, std::filesystem::perms::owner_all);
  const Said said = test::run_pregate(toy.arguments(), {.program = program});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, HasSubstr("n3-d1-seed1"));
  EXPECT_THAT(said.err, HasSubstr("the disk is full"));
  EXPECT_EQ(said.error_lines(), 1U) << said.err;
}

TEST(Ablate, TheTrainer_IsCalledAsTheShippedTrainingsWere) {
  const Folder folder;
  ToyAblation toy(folder);
  toy.request().recipe = AblationRequest().recipe;
  const AblationPlan plan = toy.plan();
  EXPECT_EQ(plan.variants[0].name, "n3-d1-seed1");
  EXPECT_EQ(plan.variants[4].name, "n3-d0-seed1");
  const std::vector<std::string> arguments = training_arguments(plan, plan.variants[4]);
  EXPECT_EQ(testing::PrintToString(arguments),
            testing::PrintToString(std::vector<std::string>{"--config",        toy.request().config,
                                                            "--set",           "experts_shared_frequency=3",
                                                            "--set",           "pre_gate=false",
                                                            "--text",          toy.request().text,
                                                            "--validation",    toy.request().validation,
                                                            "--tokenizer",     toy.request().tokenizer,
                                                            "--out",           toy.out("n3-d0-seed1"),
                                                            "--steps",         "150",
                                                            "--warmup",        "20",
                                                            "--batch",         "16",
                                                            "--context",       "256",
                                                            "--threads",       "1",
                                                            "--learning-rate", "0.004",
                                                            "--balance-rate",  "0.002",
                                                            "--seed",          "1",
                                                            "--measure-every", "0"}));
}

TEST(Spread, IsTheMeanAndTheEnds) {
  const Spread spread = spread_of({2, 5, 3});
  EXPECT_DOUBLE_EQ(spread.mean, 10.0 / 3);
  EXPECT_EQ(spread.low, 2);
  EXPECT_EQ(spread.high, 5);
  EXPECT_EQ(spread.seeds, 3U);
  EXPECT_EQ(spread_of({}).seeds, 0U);
}

}  // namespace
}  // namespace pregate
