// SPDX-License-Identifier: Apache-2.0
// `pregate run` by the real program: keys, sums, reproducible files, and outputs that cannot be written.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/experiments/command_runner.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::run_pregate;
using test::Said;
using testing::HasSubstr;
using testing::Not;

// The synthetic scenario, shortened: every path of it in a few milliseconds.
std::vector<std::string> short_run(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"run", "synthetic", "--set", "workload.synthetic.decode_tokens=12"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

json run_json(std::vector<std::string> more) {
  more.emplace_back("--json");
  const Said said = run_pregate(short_run(std::move(more)));
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.err, "");
  return json::parse(said.out);
}

TEST(RunJson, HasEveryStableKey) {
  const json out = run_json({});
  for (const char* key :
       {"tokens",          "makespan_s", "tokens_per_second", "ttft_s",       "time_per_output_token_s",
        "compute_s",       "stall_s",    "dram_contention_s", "management_s", "stall_by_cause",
        "lookups",         "hit_rate",   "hit_rate_decode",   "prefetch",     "loads",
        "reloads",         "evictions",  "bytes_read",        "thrash_share", "opt_hit_rate_decode",
        "recoverable_gap", "bound_s",    "energy_j",          "events",       "wall_s"}) {
    EXPECT_TRUE(out.contains(key)) << key;
  }
  for (const char* key : {"issued", "useful", "late", "useless", "accuracy", "coverage"}) {
    EXPECT_TRUE(out["prefetch"].contains(key)) << key;
  }
  EXPECT_FALSE(out.contains("per_token"));
  EXPECT_EQ(out["tokens"], 12);
  EXPECT_EQ(out["events"], 13 * 30);
  EXPECT_EQ(out["origin"], "synthetic");
  EXPECT_EQ(out["synthetic"], true);
}

TEST(RunJson, BinsSumToTheMakespanToThePicosecond) {
  for (const char* policy : {"none", "pregate", "stale-gate", "prev-token"}) {
    SCOPED_TRACE(policy);
    const json out =
        run_json({"--set", std::string("policy.prefetch=") + policy, "--per-token", "--no-baseline"});
    const auto sum = [](const json& bins) {
      std::int64_t total = 0;
      for (const char* bin : {"compute", "dram_contention", "management", "stall"}) {
        total += bins.at(bin).get<std::int64_t>();
      }
      return total;
    };
    EXPECT_EQ(sum(out["bins_ps"]), out["makespan_ps"].get<std::int64_t>());
    std::int64_t steps = 0, bytes = 0, hits = 0, misses = 0;
    for (const json& step : out["per_token"]) {
      EXPECT_EQ(sum(step["bins_ps"]), step["makespan_ps"].get<std::int64_t>());
      steps += step["makespan_ps"].get<std::int64_t>();
      bytes += step["bytes_read"].get<std::int64_t>();
      hits += step["hits"].get<std::int64_t>();
      misses += step["misses"].get<std::int64_t>();
    }
    EXPECT_EQ(out["per_token"].size(), 13U);
    EXPECT_EQ(steps, out["makespan_ps"].get<std::int64_t>());
    EXPECT_EQ(bytes, out["bytes_read"].get<std::int64_t>());
    EXPECT_EQ(hits, out["outcomes"]["resident_hit"].get<std::int64_t>() +
                        out["outcomes"]["prefetch_hit"].get<std::int64_t>());
    EXPECT_EQ(misses, out["outcomes"]["miss"].get<std::int64_t>());
    double causes = 0;
    for (const auto& [cause, time] : out["stall_by_cause"].items()) causes += time.get<double>();
    EXPECT_NEAR(causes, out["stall_s"].get<double>(), 1e-9);
  }
}

TEST(RunJson, RatesFollowFromTheirParts) {
  const json out = run_json({});
  const double decode_s = out["decode"]["makespan_s"];
  EXPECT_NEAR(out["tokens_per_second"].get<double>(), 12 / decode_s, 1e-9);
  EXPECT_NEAR(out["time_per_output_token_s"].get<double>(), decode_s / 12, 1e-12);
  EXPECT_LE(out["bound_s"].get<double>(), out["makespan_s"].get<double>());
  EXPECT_NEAR(out["hit_rate_decode"].get<double>(), out["decode"]["hit_rate"].get<double>(), 0);
}

TEST(Run, PregateIsComparedWithItsBaseline_UnlessToldNotTo) {
  const json out = run_json({});
  const json off = run_json({"--set", "policy.prefetch=none"});
  EXPECT_EQ(out["baseline"]["tokens_per_second"], off["tokens_per_second"]);
  EXPECT_TRUE(off["baseline"].is_null());
  EXPECT_TRUE(run_json({"--no-baseline"})["baseline"].is_null());
  EXPECT_GT(out["tokens_per_second"].get<double>(), off["tokens_per_second"].get<double>());
}

TEST(Run, TwoRuns_WriteTheSameBytes) {
  const Folder folder;
  const std::string first = folder.file("a.run"), second = folder.file("b.run"), other = folder.file("c.run");
  ASSERT_EQ(run_pregate(short_run({"--out", first})).code, 0);
  ASSERT_EQ(run_pregate(short_run({"--out", second, "--json", "--per-token"})).code, 0);
  ASSERT_EQ(run_pregate(short_run({"--out", other, "--seed", "7"})).code, 0);
  EXPECT_EQ(test::read_file(first), test::read_file(second));
  EXPECT_NE(test::read_file(first), test::read_file(other));
  const Result<RunRecord> run = read_run(first);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(run->summary.decode.tokens, 12);
  EXPECT_EQ(folder.count(), 3U);
}

TEST(Run, ItsResolvedScenario_RunsToTheSameRecord) {
  const Folder folder;
  const std::string first = folder.file("a.run"), second = folder.file("b.run");
  ASSERT_EQ(run_pregate(short_run({"--out", first, "--device", "apple-m4"})).code, 0);
  const Result<RunRecord> run = read_run(first);
  ASSERT_TRUE(run) << run.error().message();
  const std::string scenario =
      test::write_file(folder.file("again.scenario.textproto"), run->header.scenario_text);
  const Said again = run_pregate({"run", scenario, "--out", second});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(test::read_file(first), test::read_file(second));
}

TEST(Run, AnOutputThatCannotBeWritten_FailsAndLeavesNothing) {
  const Folder folder;
  const std::string file = test::write_file(folder.file("file"), "keep");
  for (const std::string& path :
       {folder.file("missing/demo.run"), folder.file(""), file + "/demo.run", std::string("/dev/full")}) {
    SCOPED_TRACE(path);
    const Said said = run_pregate(short_run({"--out", path}));
    EXPECT_EQ(said.code, 1);
    EXPECT_EQ(said.out, "");
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
    EXPECT_THAT(said.err, HasSubstr(path));
    EXPECT_EQ(folder.count(), 1U);
  }
}

TEST(Run, AFullDisk_FailsAndLeavesNothing) {
  const Folder folder;
  const std::string path = folder.file("demo.run");
  const Said said = run_pregate(short_run({"--out", path}), {.file_limit = 4096});
  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_THAT(said.err, HasSubstr(path));
  EXPECT_EQ(folder.count(), 0U);
}

TEST(RunText, SaysTheVerdictFirstAndThatItIsSynthetic) {
  const Said said = run_pregate(short_run({}));
  ASSERT_EQ(said.code, 0) << said.err;
  const std::string verdict = said.out.substr(0, said.out.find("Where the time goes"));
  EXPECT_THAT(verdict, HasSubstr("tokens/s (simulated, synthetic routing)"));
  for (const char* part :
       {"Where the time goes", "Expert cache", "OPT", "Bound", "What pre-gating changes", "Stalls by cause",
        "Prefetch", "Phases", "Energy  estimated", "(measured)", "seed 1"}) {
    EXPECT_THAT(said.out, HasSubstr(part));
  }
  EXPECT_THAT(said.out, Not(HasSubstr("\033["))) << "colour belongs on a terminal";
  EXPECT_THAT(said.out, Not(HasSubstr(" \n"))) << "no line ends in blanks";
  std::istringstream lines(said.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 160U) << line;
}

TEST(Run, ATrace_RunsFromEveryFolderAndFormat) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const std::string route = folder.file("toy.route");
  ASSERT_EQ(run_pregate({"trace", "import", csv, "--out", route}).code, 0);
  const std::vector<std::string> rest = {"--set", "dram.expert_budget=16MiB", "--json"};
  std::vector<std::string> by_csv = {"run", "--trace", csv}, by_route = {"run", "--trace", "toy.route"};
  by_csv.insert(by_csv.end(), rest.begin(), rest.end());
  by_route.insert(by_route.end(), rest.begin(), rest.end());
  const Said a = run_pregate(by_csv, {.folder = "/"}), b = run_pregate(by_route, {.folder = folder.file("")});
  ASSERT_EQ(a.code, 0) << a.err;
  ASSERT_EQ(b.code, 0) << b.err;
  const json first = json::parse(a.out), second = json::parse(b.out);
  EXPECT_EQ(first["makespan_ps"], second["makespan_ps"]);
  EXPECT_EQ(first["tokens"], 4);
  EXPECT_EQ(first["prefill_tokens"], 3);
  EXPECT_EQ(first["origin"], "recorded");
}

TEST(Run, AScenarioFile_MeansTheTraceBesideIt) {
  const Folder folder;
  test::write_file(folder.file("toy.csv"), test::small_csv());
  const std::string scenario =
      test::write_file(folder.file("toy.scenario.textproto"),
                       "device { id: \"oneplus-15r\" }\nworkload { trace: \"toy.csv\" }\n");
  const Said said = run_pregate({"run", scenario, "--json"}, {.folder = "/"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(json::parse(said.out)["tokens"], 4);
}

}  // namespace
}  // namespace pregate
