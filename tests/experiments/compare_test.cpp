// SPDX-License-Identifier: Apache-2.0
// `pregate compare`, as a user calls it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::run_pregate;
using test::Said;
using testing::HasSubstr;

// Columns of a CSV by name; cells that are empty or words count as 0.
std::map<std::string, std::vector<std::int64_t>> columns_of(const std::string& csv) {
  std::istringstream in(csv);
  std::string line, cell;
  std::vector<std::string> names;
  std::getline(in, line);
  for (std::istringstream cells(line); std::getline(cells, cell, ',');) names.push_back(cell);
  std::map<std::string, std::vector<std::int64_t>> out;
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    for (const std::string& name : names) {
      std::getline(cells, cell, ',');
      out[name].push_back(std::strtoll(cell.c_str(), nullptr, 10));
    }
  }
  return out;
}

std::int64_t sum_of(const std::vector<std::int64_t>& values) {
  std::int64_t sum = 0;
  for (const std::int64_t value : values) sum += value;
  return sum;
}

std::int64_t sum_of(const json& object) {
  std::int64_t sum = 0;
  for (const auto& [key, value] : object.items()) sum += value.get<std::int64_t>();
  return sum;
}

// From one makespan to the other by what is said on the way.
void expect_waterfall(const json& phase) {
  EXPECT_EQ(phase["makespan_a_ps"].get<std::int64_t>() + sum_of(phase["change_ps"]) +
                phase["only_in_a_ps"].get<std::int64_t>() + phase["only_in_b_ps"].get<std::int64_t>(),
            phase["makespan_b_ps"].get<std::int64_t>());
  EXPECT_EQ(phase["makespan_a_ps"].get<std::int64_t>() + phase["difference_ps"].get<std::int64_t>(),
            phase["makespan_b_ps"].get<std::int64_t>());
}

json compared(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "compare");
  arguments.emplace_back("--json");
  const Said said = run_pregate(arguments);
  EXPECT_EQ(said.code, 0) << said.err;
  return json::parse(said.out);
}

class Compare : public testing::Test {
 protected:
  // What `pregate run --json` says of small_csv() under some assignments; the run goes to NAME.run.
  json simulate(const std::string& name, const std::vector<std::string>& assignments) {
    std::vector<std::string> arguments = {"run",   "--trace", csv_, "--out", folder_.file(name + ".run"),
                                          "--json"};
    for (const std::string& assignment : assignments) {
      arguments.emplace_back("--set");
      arguments.push_back(assignment);
    }
    const Said said = run_pregate(arguments);
    EXPECT_EQ(said.code, 0) << said.err;
    return json::parse(said.out);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

  Folder folder_;
  std::string csv_ = test::write_file(folder_.file("toy.csv"), test::small_csv());
};

TEST_F(Compare, ARunWithItself_IsAllZeros) {
  simulate("a", {"dram.expert_budget=9MB"});
  const json report = compared({file("a.run"), file("a.run")});
  const json& pair = report["comparisons"][0];
  for (const char* phase : {"all", "prefill", "decode"}) {
    SCOPED_TRACE(phase);
    expect_waterfall(pair[phase]);
    EXPECT_EQ(pair[phase]["difference_ps"], 0);
    for (const auto& [bin, change] : pair[phase]["change_ps"].items()) EXPECT_EQ(change, 0) << bin;
    EXPECT_EQ(pair[phase]["rerouted_events"], 0);
  }
  EXPECT_EQ(pair["tokens_per_second_difference"], 0);
  EXPECT_EQ(pair["tokens_per_second_change"], 0);
  EXPECT_TRUE(pair["scenario_changes"].empty());
  EXPECT_TRUE(pair["remarks"].empty());
  for (const char* list : {"steps", "layers"}) {
    EXPECT_TRUE(pair[list]["faster"].empty());
    EXPECT_TRUE(pair[list]["slower"].empty());
  }
  const Said text = run_pregate({"compare", file("a.run"), file("a.run")});
  EXPECT_THAT(text.out, HasSubstr("+0.0 % (simulated)"));
  EXPECT_THAT(text.out, HasSubstr("nothing in the scenario"));
}

TEST_F(Compare, OfTwoFiles_SumsToTheDifferenceOfTheirMakespans) {
  const json a = simulate("a", {"dram.expert_budget=9MB"});
  const json b = simulate("b", {"dram.expert_budget=18MB", "policy.prefetch=pregate"});
  const std::string csv = file("tokens.csv"), layers = file("layers.csv");
  const json report = compared({file("a.run"), file("b.run"), "--csv", csv, "--csv-layers", layers});
  const json& pair = report["comparisons"][0];
  for (const char* phase : {"all", "prefill", "decode"}) expect_waterfall(pair[phase]);
  EXPECT_EQ(pair["all"]["makespan_a_ps"], a["makespan_ps"]);
  EXPECT_EQ(pair["all"]["makespan_b_ps"], b["makespan_ps"]);
  EXPECT_EQ(pair["decode"]["makespan_b_ps"], b["decode"]["makespan_ps"]);
  EXPECT_NE(pair["all"]["difference_ps"], 0);
  EXPECT_EQ(pair["all"]["change_ps"]["compute"],
            b["bins_ps"]["compute"].get<std::int64_t>() - a["bins_ps"]["compute"].get<std::int64_t>());
  EXPECT_EQ(report["runs"][1]["decode"]["bytes_read"], b["decode"]["bytes_read"]);
  EXPECT_EQ(report["runs"][0]["tokens_per_second"], a["tokens_per_second"]);
  const auto tokens = columns_of(test::read_file(csv)), rows = columns_of(test::read_file(layers));
  EXPECT_EQ(tokens.at("change_ps").size(), 5U) << "a prompt and four tokens";
  EXPECT_EQ(rows.at("change_ps").size(), 15U) << "two layers and the head of each";
  EXPECT_EQ(sum_of(tokens.at("makespan_a_ps")), a["makespan_ps"]);
  EXPECT_EQ(sum_of(tokens.at("makespan_b_ps")), b["makespan_ps"]);
  EXPECT_EQ(sum_of(rows.at("time_a_ps")), a["makespan_ps"]);
  EXPECT_EQ(sum_of(rows.at("time_b_ps")), b["makespan_ps"]);
  for (const auto* table : {&tokens, &rows}) {
    EXPECT_EQ(sum_of(table->at("change_ps")), pair["all"]["difference_ps"]);
    for (const auto& [bin, change] : pair["all"]["change_ps"].items())
      EXPECT_EQ(sum_of(table->at(bin + "_change_ps")), change) << bin;
    EXPECT_EQ(sum_of(table->at("hits_a")) + sum_of(table->at("late_a")) + sum_of(table->at("misses_a")),
              a["lookups"]);
    EXPECT_EQ(sum_of(table->at("misses_b")), b["outcomes"]["miss"]);
  }
}

// Hundredths in a line's two columns of a waterfall, "  compute  +1.25  +5.00  ####".
std::vector<std::int64_t> hundredths(const std::string& line) {
  std::vector<std::int64_t> out;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (word.find('.') == std::string::npos) continue;
    word.erase(std::remove_if(word.begin(), word.end(), [](char c) { return c == '.' || c == ','; }),
               word.end());
    out.push_back(std::strtoll(word.c_str(), nullptr, 10));
  }
  return out;
}

TEST_F(Compare, TheWaterfallAddsUpAsItIsPrinted) {
  simulate("a", {"dram.expert_budget=9MB"});
  simulate("b", {"dram.expert_budget=18MB", "policy.prefetch=pregate", "device.id=a18-pro"});
  const std::string text = run_pregate({"compare", file("a.run"), file("b.run")}).out;
  std::istringstream in(text.substr(text.find("Where a decoded token's time went")));
  std::string line;
  for (int title = 0; title < 3; ++title) std::getline(in, line);
  std::vector<std::int64_t> at;
  int changes = 0;
  while (std::getline(in, line) && !line.starts_with("  B ")) {
    const std::vector<std::int64_t> row = hundredths(line);
    ASSERT_EQ(row.size(), 2U) << line;
    if (at.empty()) {
      ASSERT_TRUE(line.starts_with("  A ")) << line;
      at = {0, 0};
    } else {
      ++changes;
    }
    for (std::size_t c = 0; c < 2; ++c) at[c] += row[c];
  }
  EXPECT_GT(changes, 2);
  EXPECT_EQ(at, hundredths(line)) << line;
}

TEST_F(Compare, SaysWhatTheScenariosChange_ByPath) {
  simulate("a", {"dram.expert_budget=9MB"});
  simulate("b", {"dram.expert_budget=18MB", "policy.prefetch=pregate"});
  const json changes = compared({file("a.run"), file("b.run")})["comparisons"][0]["scenario_changes"];
  EXPECT_EQ(changes, json::parse(R"([{"path":"dram.expert_budget","a":"9MB","b":"18MB"},
                                     {"path":"policy.prefetch","a":"none","b":"pregate"}])"));
  const Said text = run_pregate({"compare", file("a.run"), file("b.run")});
  EXPECT_THAT(text.out, HasSubstr("  policy.prefetch: none -> pregate\n"));
  EXPECT_THAT(text.out, HasSubstr("  B decodes "));
  EXPECT_THAT(text.out, HasSubstr("Where a decoded token's time went"));
}

TEST_F(Compare, TwoScenarios_SayWhatTheirFilesSay) {
  simulate("a", {"dram.expert_budget=9MB"});
  simulate("b", {"dram.expert_budget=9MB", "policy.eviction=fifo", "device.id=a18-pro"});
  const json files = compared({file("a.run"), file("b.run")});
  const json scenarios = compared({"--trace", csv_, "--set", "dram.expert_budget=9MB", "replay",
                                   ":policy.eviction=fifo,device.id=a18-pro"});
  EXPECT_EQ(scenarios["comparisons"], files["comparisons"]);
  EXPECT_EQ(scenarios["runs"][1]["given"], ":policy.eviction=fifo,device.id=a18-pro");
  EXPECT_THAT(scenarios["comparisons"][0]["remarks"].dump(), HasSubstr("The devices differ"));
  const json mixed = compared(
      {"--trace", csv_, file("a.run"), ":dram.expert_budget=9MB,policy.eviction=fifo,device.id=a18-pro"});
  EXPECT_EQ(mixed["comparisons"], files["comparisons"]);
  EXPECT_THAT(run_pregate({"compare", file("a.run"), file("b.run")}).out,
              testing::ContainsRegex("device.id: oneplus-15r -> a18-pro  \\(and [0-9]+ of its fields\\)"));
}

TEST_F(Compare, OfThree_TakesTheFirstAsTheBase) {
  simulate("a", {"dram.expert_budget=9MB"});
  const json report = compared(
      {"--trace", csv_, ":dram.expert_budget=9MB", ":dram.expert_budget=12MB", file("a.run"), "--top", "1"});
  ASSERT_EQ(report["comparisons"].size(), 2U);
  EXPECT_EQ(report["comparisons"][1]["b"], "C");
  EXPECT_EQ(report["comparisons"][1]["all"]["difference_ps"], 0) << "C is A again, from a file";
  EXPECT_LE(report["comparisons"][0]["steps"]["faster"].size(), 1U);
  const std::string plot = file("c.svg");
  const Said text = run_pregate({"compare", "--trace", csv_, ":dram.expert_budget=9MB",
                                 ":dram.expert_budget=12MB", file("a.run"), "--plot", plot});
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("==== C against A ===="));
  EXPECT_NE(test::read_file(plot).find("<title>Time of a decoded token</title>"), std::string::npos);
}

TEST_F(Compare, StepsThatOneRunLacks_AreAPartOfTheWaterfall) {
  const json a = simulate("a", {"dram.expert_budget=9MB"});
  const json b = simulate("b", {"dram.expert_budget=9MB", "workload.max_steps=3"});
  const json pair = compared({file("a.run"), file("b.run")})["comparisons"][0];
  expect_waterfall(pair["all"]);
  EXPECT_EQ(pair["decode"]["steps_only_in_a"], 2);
  EXPECT_EQ(pair["decode"]["tokens_in_both"], 2);
  EXPECT_EQ(pair["decode"]["only_in_a_ps"].get<std::int64_t>(),
            b["makespan_ps"].get<std::int64_t>() - a["makespan_ps"].get<std::int64_t>())
      << "all that is missing";
  EXPECT_EQ(sum_of(pair["all"]["change_ps"]), 0);
  const Said text = run_pregate({"compare", file("a.run"), file("b.run")});
  EXPECT_THAT(text.out, HasSubstr("2 decode steps only A has: B ends earlier."));
  EXPECT_THAT(text.out, HasSubstr(": +0.0 % (on the 2 tokens that both have; simulated)"));
  EXPECT_THAT(text.out, testing::ContainsRegex("\n  A +[0-9.]+ +[^0-9]*\n"))
      << "the level of all steps: no time a token";
  EXPECT_THAT(text.out, HasSubstr("\n  A, shared steps "));
  EXPECT_EQ(pair["tokens_per_second_in_both_change"], 0);
  EXPECT_EQ(pair["decode"]["time_in_both_a_ps"], pair["decode"]["time_in_both_b_ps"]);
  EXPECT_NE(pair["tokens_per_second_change"], 0) << "of all tokens of each";
  EXPECT_THAT(text.out, HasSubstr("steps only A has"));
}

// The prompt without its first token.
std::string shorter_prompt() {
  std::istringstream in(test::small_csv());
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("0,0,0,")) out += line + "\n";
  }
  return out;
}

TEST_F(Compare, PromptsOfOtherLengths_HaveNoTimeAToken) {
  simulate("a", {"dram.expert_budget=9MB"});
  test::write_file(csv_, shorter_prompt());
  simulate("b", {"dram.expert_budget=9MB"});
  const json pair = compared({file("a.run"), file("b.run")})["comparisons"][0];
  EXPECT_EQ(pair["prefill"]["tokens_in_both"], 3);
  EXPECT_EQ(pair["prefill"]["tokens_in_both_b"], 2);
  EXPECT_EQ(pair["prefill"]["unequal_steps"], 1);
  EXPECT_EQ(pair["decode"]["unequal_steps"], 0);
  const std::string text = run_pregate({"compare", file("a.run"), file("b.run")}).out;
  EXPECT_THAT(text, HasSubstr("1 prefill step has other numbers of tokens: A 3, B 2"));
  const std::string prompt = text.substr(text.find("Where the prompt's time went"));
  EXPECT_THAT(prompt, HasSubstr("the 1 step that both have; simulated"));
  std::istringstream in(prompt);
  std::string line;
  while (std::getline(in, line) && !line.starts_with("  A ")) {
  }
  EXPECT_EQ(hundredths(line).size(), 1U) << line;
}

TEST_F(Compare, RunsOfPromptsAlone_AreNotSaidToBeOfTheSameTokens) {
  const auto compare = [&](const std::string& steps) {
    return run_pregate({"compare", "--trace", csv_, ":workload.max_steps=1", ":workload.max_steps=" + steps})
        .out;
  };
  EXPECT_THAT(compare("1"), HasSubstr(": +0.0 % (simulated)"));
  EXPECT_THAT(compare("2"), HasSubstr(": +0.0 % (on the 3 tokens that both have; simulated)"));
  EXPECT_THAT(
      run_pregate({"compare", "--trace", csv_, ":workload.max_steps=1", ":workload.phase=decode"}).out,
      HasSubstr("  B and A have no step in common (simulated)\n"));
}

TEST_F(Compare, OtherRouting_IsSaidInWords) {
  simulate("a", {"dram.expert_budget=9MB"});
  test::write_file(csv_, test::csv_with("0,1,3,0,0,3,", "0,1,3,0,0,2,"));
  simulate("b", {"dram.expert_budget=9MB"});
  const json pair = compared({file("a.run"), file("b.run")})["comparisons"][0];
  EXPECT_EQ(pair["decode"]["rerouted_events"], 1);
  EXPECT_EQ(pair["decode"]["events_in_both"], 8);
  EXPECT_THAT(run_pregate({"compare", file("a.run"), file("b.run")}).out,
              HasSubstr("The routings differ: in 1 of 10 (step, layer) events the experts are others."));
}

TEST_F(Compare, BadInput_IsNamed_AndNothingIsWritten) {
  simulate("a", {"dram.expert_budget=9MB"});
  const std::string run = file("a.run"), out = file("out.csv");
  const std::string bytes = test::read_file(run);
  const std::string damaged = test::write_file(file("damaged.run"), bytes.substr(0, bytes.size() / 2));
  const std::string text = test::write_file(file("text.run"), "love");
  const std::string jsonl = test::write_file(file("t.jsonl"), "{\"step\":0}\n");
  const std::string route = file("toy.route");
  ASSERT_EQ(run_pregate({"trace", "import", csv_, "--out", route}).code, 0);
  const std::size_t files = folder_.count();
  const struct {
    std::vector<std::string> arguments;
    const char* part;
  } table[] = {
      {{run}, "expected two to 26 runs or scenarios, found 1"},
      {{run, csv_}, "found a routing trace"},
      {{run, jsonl}, "found a routing trace"},
      {{route, run}, "found a routing trace"},
      {{run, damaged}, "damaged.run"},
      {{run, text}, "text.run"},
      {{run, file("none.run")}, "none.run"},
      {{run, "synthetik"}, "such as synthetic"},
      {{run, "synthetic:policy.prefetc=none"}, "nearest: policy.prefetch"},
      {{run, "synthetic:policy.prefetch"}, "PATH=VALUE"},
      {{run, "synthetic:dram.expert_budget=4GX"}, "\"synthetic:dram.expert_budget=4GX\": dram.expert_budget"},
      {{run, run + ":policy.prefetch=none"}, "behind a scenario"},
      {{run, run, "--device", "a18-pro"}, "--device: expected a scenario among the operands"},
      {{run, run, "--set", "policy.eviction=lru"}, "--set: expected a scenario among the operands"},
      {{run, "demo"}, "expected a scenario that replays or draws its routing"},
      {{run, run, "--plot", file("a.gif")}, "ends in .svg or .png"},
      {{run, run, "--csv-layers", out}, "--csv-layers: expected another file than --csv"},
      {{run, run, "--csv-layers", file("./out.csv")}, "--csv-layers: expected another file than --csv"},
      {{run, run, "--plot", out}, "--plot: expected"},
      {{run, run, "--csv-layers", file("./a.run")}, "--csv-layers: expected another file than an operand"},
      {{"--trace", csv_, ":policy.eviction=lru", ":policy.eviction=fifo", "--csv-layers", csv_},
       "--csv-layers: expected another file than --trace"},
      {{run, run, "--seed", "4"}, "--seed: expected a scenario among the operands"},
      {{run, run, "--top", "-1"}, "--top"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.part);
    std::vector<std::string> arguments = {"compare"};
    arguments.insert(arguments.end(), row.arguments.begin(), row.arguments.end());
    arguments.insert(arguments.end(), {"--csv", out});
    const Said said = run_pregate(arguments);
    EXPECT_EQ(said.code, 2);
    EXPECT_THAT(said.err, HasSubstr(row.part));
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
    EXPECT_TRUE(said.out.empty());
  }
  const Said unwritable = run_pregate({"compare", run, run, "--csv", file("no/such/folder.csv")});
  EXPECT_EQ(unwritable.code, 1) << "as of every verb: the machine would not";
  EXPECT_EQ(unwritable.error_lines(), 1U);
  EXPECT_EQ(folder_.count(), files) << "nothing was written";
}

}  // namespace
}  // namespace pregate
