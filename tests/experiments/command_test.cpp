// SPDX-License-Identifier: Apache-2.0
// The command's manners, by the real program: help, usage errors, streams, catalogues and the verbs on
// traces.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::run_pregate;
using test::Said;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Command, EveryVerb_HasHelpWithExamples) {
  const std::vector<std::vector<std::string>> verbs = {{},
                                                       {"run"},
                                                       {"trace"},
                                                       {"trace", "info"},
                                                       {"trace", "check"},
                                                       {"trace", "import"},
                                                       {"trace", "curve"},
                                                       {"trace", "reuse"},
                                                       {"trace", "fit"},
                                                       {"record"},
                                                       {"forward"},
                                                       {"pack"},
                                                       {"stream"},
                                                       {"validate"},
                                                       {"eval"},
                                                       {"bench"},
                                                       {"devices"},
                                                       {"models"},
                                                       {"scenarios"}};
  for (std::vector<std::string> verb : verbs) {
    SCOPED_TRACE(testing::PrintToString(verb));
    verb.emplace_back("--help");
    const Said said = run_pregate(verb);
    EXPECT_EQ(said.code, 0);
    EXPECT_EQ(said.err, "");
    EXPECT_THAT(said.out, HasSubstr("Examples:\n  pregate "));
  }
}

TEST(Command, Version_IsOneLine) {
  const Said said = run_pregate({"--version"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, StartsWith("pregate "));
  EXPECT_EQ(std::count(said.out.begin(), said.out.end(), '\n'), 1);
}

TEST(Command, WrongUsage_IsOneLineAndExitCode2) {
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{}, "expected a verb"},
      {{"rum"}, "did you mean run?"},
      {{"trace"}, "expected a verb (info, check, import, curve, reuse, fit, export), found none"},
      {{"trace", "inof", "x"}, "found \"inof\""},
      {{"run", "--budget", "1GB"}, "--budget"},
      {{"run", "demo", "extra"}, "extra"},
      {{"run", "--seed", "many"}, "many"},
      {{"run", "--seed", "-1"}, "--seed"},
      {{"trace", "curve", "x.csv", "--seed", "-1"}, "x.csv"},
      {{"trace", "fit", "x.csv", "--seed", "-1"}, "--seed"},
      {{"trace", "info"}, "FILE"},
      {{"trace", "import", "x.csv"}, "--out"},
      {{"run", "demmo"}, "demo"},
      {{"devices", "oneplus"}, "oneplus-15r"},
      {{"models", "megrez"}, "megrez2-3x7b-a3b"},
      {{"scenarios", "demmo"}, "demo"},
      {{"run", "--device", "oneplus"},
       "--device: device: expected the name of a shipped device (such as oneplus-15r"},
  };
  for (const auto& [arguments, part] : rows) {
    SCOPED_TRACE(testing::PrintToString(arguments));
    const Said said = run_pregate(arguments);
    EXPECT_EQ(said.code, 2);
    EXPECT_EQ(said.out, "");
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
    EXPECT_THAT(said.err, StartsWith("pregate: "));
    EXPECT_THAT(said.err, HasSubstr(part));
  }
}

TEST(Command, AFullOrClosedStdout_IsAFailure) {
  const Said full = run_pregate({"devices"}, {.stdout_path = "/dev/full"});
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, HasSubstr("stdout"));
  const Said closed = run_pregate({"devices"}, {.close_stdout = true});
  EXPECT_EQ(closed.code, 1);
  EXPECT_THAT(closed.err, HasSubstr("stdout"));
  const Said help = run_pregate({"--help"}, {.close_stdout = true});
  EXPECT_EQ(help.code, 1);
}

TEST(Command, AClosedStdout_NeverLandsInTheOutputFile) {
  const Folder folder;
  const std::vector<std::string> rest = {"run", "synthetic", "--set", "workload.synthetic.decode_tokens=2",
                                         "--out"};
  std::vector<std::string> open = rest, closed = rest;
  open.push_back(folder.file("open.run"));
  closed.push_back(folder.file("closed.run"));
  ASSERT_EQ(run_pregate(open).code, 0);
  EXPECT_EQ(run_pregate(closed, {.close_stdout = true}).code, 1);
  EXPECT_EQ(test::read_file(folder.file("open.run")), test::read_file(folder.file("closed.run")));
}

TEST(Devices, List_NamesEveryShippedFile) {
  const Said text = run_pregate({"devices"}, {.folder = "/"});
  const json list = json::parse(run_pregate({"devices", "--json"}).out);
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(PREGATE_SOURCE_DIR) + "/experiments/devices")) {
    const std::string name = entry.path().filename();
    EXPECT_THAT(text.out, HasSubstr(name.substr(0, name.find(".device"))));
    ++files;
  }
  EXPECT_EQ(list.size(), files);
}

TEST(Devices, One_IsPrintedAsItsFile) {
  const Said text = run_pregate({"devices", "oneplus-15r"}, {.folder = "/"});
  const std::string file =
      test::read_file(std::string(PREGATE_SOURCE_DIR) + "/experiments/devices/oneplus-15r.device.textproto");
  EXPECT_EQ(text.out, file);
  EXPECT_EQ(json::parse(run_pregate({"devices", "oneplus-15r", "--json"}).out)["text"], file);
}

TEST(Scenarios, List_NamesEachAndWhatItIs) {
  const Said text = run_pregate({"scenarios"}, {.folder = "/"});
  const json list = json::parse(run_pregate({"scenarios", "--json"}).out);
  ASSERT_GE(list.size(), 3U);
  for (const json& scenario : list) {
    EXPECT_THAT(text.out, HasSubstr(scenario["name"].get<std::string>()));
    EXPECT_THAT(text.out, HasSubstr(scenario["about"].get<std::string>()));
    EXPECT_GT(scenario["about"].get<std::string>().size(), 20U);
  }
}

TEST(Scenarios, One_IsPrintedAsItsFile_AndRuns) {
  const Folder folder;
  const Said text = run_pregate({"scenarios", "synthetic"}, {.folder = "/"});
  EXPECT_EQ(text.out, test::read_file(std::string(PREGATE_SOURCE_DIR) +
                                      "/experiments/scenarios/synthetic.scenario.textproto"));
  const std::string mine = test::write_file(folder.file("mine.scenario.textproto"), text.out);
  const Said run = run_pregate({"run", mine, "--set", "workload.synthetic.decode_tokens=2", "--json"});
  EXPECT_EQ(run.code, 0) << run.err;
}

// The environment of the program for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(Progress, WithoutATerminal_IsLinesWhereTheyAreAskedFor) {
  const std::vector<std::string> arguments = {"run", "synthetic", "--set",
                                              "workload.synthetic.decode_tokens=20"};
  const Said quiet = run_pregate(arguments);
  EXPECT_EQ(quiet.err, "");
  const Variable asked("PREGATE_PROGRESS", "lines");
  const Said said = run_pregate(arguments);
  // Its result is told as before, but for the time that it took.
  const auto until_measured = [](const std::string& out) {
    return out.substr(0, out.find("(measured)") - 16);
  };
  EXPECT_EQ(until_measured(said.out), until_measured(quiet.out));
  ASSERT_GE(said.error_lines(), 1U);
  std::istringstream lines(said.err);
  for (std::string line; std::getline(lines, line);)
    EXPECT_THAT(line, testing::MatchesRegex("progress [0-9]+ 21 simulating.*: step"));
}

TEST(Progress, InOtherWords_IsNotAskedFor) {
  const Variable asked("PREGATE_PROGRESS", "yes");
  EXPECT_EQ(run_pregate({"run", "synthetic", "--set", "workload.synthetic.decode_tokens=20"}).err, "");
}

TEST(Models, Megrez2_HasTenBanksOf64) {
  const json model = json::parse(run_pregate({"models", "megrez2-3x7b-a3b", "--json"}).out);
  EXPECT_EQ(model["banks"], 10);
  EXPECT_EQ(model["experts"], 64);
  EXPECT_EQ(model["top_k"], 6);
  EXPECT_NEAR(model["activated_parameters"].get<double>(), 3.0e9, 0.06e9);
  EXPECT_THAT(run_pregate({"models"}).out, HasSubstr("megrez2-3x7b-a3b"));
}

TEST(Trace, InfoCheckImport_AgreeOnTheCounts) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const std::string route = folder.file("toy.route");
  const Said imported = run_pregate({"trace", "import", csv, "--out", route});
  ASSERT_EQ(imported.code, 0) << imported.err;
  for (const std::string& file : {csv, route}) {
    const json info = json::parse(run_pregate({"trace", "info", file, "--json"}).out);
    EXPECT_EQ(info["steps"], 5);
    EXPECT_EQ(info["prefill_tokens"], 3);
    EXPECT_EQ(info["decode_tokens"], 4);
    EXPECT_EQ(info["layers"], 2);
    EXPECT_EQ(info["banks"], 2);
    EXPECT_EQ(info["experts"], 4);
    EXPECT_EQ(info["top_k"], 2);
    EXPECT_EQ(info["token_cycle_bytes"], 12'000'000);
    for (const char* key : {"lag1_overlap", "entropy_bits", "top8_share"}) {
      EXPECT_TRUE(info.contains(key) && info.contains(std::string(key) + "_chance")) << key;
    }
    EXPECT_THAT(run_pregate({"trace", "check", file}).out, StartsWith("ok: "));
    EXPECT_EQ(json::parse(run_pregate({"trace", "check", file, "--json"}).out)["choices"], 28);
  }
}

TEST(Trace, ImportThatCannotWrite_Fails) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const Said said = run_pregate({"trace", "import", csv, "--out", folder.file("none/toy.route")});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, HasSubstr("none/toy.route"));
}

TEST(Trace, Curve_ListsEveryPolicyAtEveryBudget) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const json list = json::parse(
      run_pregate({"trace", "curve", csv, "--budgets", "6MB,24MB", "--policies", "lru,belady", "--json"})
          .out);
  ASSERT_EQ(list.size(), 4U);
  for (const json& point : list) {
    for (const char* key :
         {"policy", "budget_bytes", "hit_rate", "hit_rate_decode", "bytes_read", "loads", "reloads"}) {
      EXPECT_TRUE(point.contains(key)) << key;
    }
    EXPECT_EQ(point["bytes_read"], point["loads"].get<std::int64_t>() * 3'000'000);
  }
  EXPECT_EQ(list[0]["policy"], "lru");
  EXPECT_EQ(list[0]["hit_rate_decode"], 0.0) << "below T = 12 MB a global LRU finds nothing";
  EXPECT_EQ(list[2]["loads"], 8) << "with room for all experts only first loads are left";
  EXPECT_EQ(list[2]["loads"], list[3]["loads"]);
  const Said text = run_pregate({"trace", "curve", csv, "--budgets", "6MB,24MB"});
  EXPECT_THAT(text.out, HasSubstr("<T"));
  EXPECT_THAT(text.out, HasSubstr("= OPT"));
}

TEST(Trace, CurvePlot_IsDrawnBesideTheNumbers_WithTAndOptMarked) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const std::vector<std::string> curve = {"trace", "curve", csv, "--budgets", "24MB,6MB", "--json"};
  const std::string plain = run_pregate(curve).out;
  for (const char* name : {"a.svg", "a.png"}) {
    std::vector<std::string> arguments = curve;
    arguments.insert(arguments.end(), {"--plot", folder.file(name)});
    EXPECT_EQ(run_pregate(arguments).out, plain);
  }
  const std::string svg = test::read_file(folder.file("a.svg"));
  EXPECT_THAT(svg, HasSubstr("Decode hit rate over the expert budget"));
  EXPECT_THAT(svg, HasSubstr("counted: recorded routing, 5 steps"));
  EXPECT_EQ(test::read_file(folder.file("a.png")).substr(1, 3), "PNG");
  const Said wrong = run_pregate({"trace", "curve", csv, "--plot", folder.file("a.pdf")});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--plot: expected a file name that ends in .svg or .png"));
  EXPECT_EQ(run_pregate({"trace", "curve", csv, "--plot", folder.file("none/a.svg")}).code, 1);
}

TEST(Trace, APresetInTheModelsName_BringsItsCosts_UnlessToldNotTo) {
  const std::string trace = std::string(PREGATE_SHARED_DIR) + "/traces/phone/qwen3-30b-a3b.route.csv";
  if (!std::filesystem::exists(trace)) GTEST_SKIP() << "no phone traces beside this clone";
  const json costed = json::parse(run_pregate({"trace", "info", trace, "--json"}).out);
  EXPECT_THAT(costed["costs_note"].get<std::string>(), HasSubstr("shipped model qwen3-30b-a3b"));
  const json own = json::parse(run_pregate({"trace", "info", trace, "--json", "--model", "none"}).out);
  EXPECT_THAT(own["costs_note"].get<std::string>(), HasSubstr("estimated"));
  EXPECT_EQ(costed["token_cycle_bytes"], own["token_cycle_bytes"]) << "bytes of experts stay the trace's";
}

TEST(Run, ThePhonesTrace_GainsFromPregatingAndLosesFromAStaleGate) {
  const std::string trace = std::string(PREGATE_SHARED_DIR) + "/traces/phone/qwen3-30b-a3b.route.csv";
  if (!std::filesystem::exists(trace)) GTEST_SKIP() << "no phone traces beside this clone";
  const auto rate = [&trace](const std::string& prefetch) {
    const Said said = run_pregate({"run", "--trace", trace, "--device", "oneplus-15r", "--set",
                                   "dram.expert_budget=4000MiB", "--set", "policy.prefetch=" + prefetch,
                                   "--no-baseline", "--json"});
    EXPECT_EQ(said.code, 0) << said.err;
    return json::parse(said.out)["tokens_per_second"].get<double>();
  };
  const double off = rate("none");
  EXPECT_GT(rate("pregate"), off * 1.05);
  EXPECT_LT(rate("stale-gate"), off);
}

}  // namespace
}  // namespace pregate
