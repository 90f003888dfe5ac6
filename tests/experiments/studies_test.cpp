// SPDX-License-Identifier: Apache-2.0
// The studies of experiments/studies: each shipped sweep runs, and each page says what its tables say and
// what the program says today.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/catalogue.hpp"
#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Folder;
using test::run_pregate;
using test::Said;
using testing::HasSubstr;

const fs::path kStudies = fs::path(PREGATE_SOURCE_DIR) / "experiments/studies";

// A few points of every shipped sweep: what --vary puts in place of its axes.
struct Sample {
  const char* sweep;
  bool needs_trace;
  std::vector<std::string> vary;
  int scenarios;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> kSamples = {
      {"memory", false, {"dram.expert_budget=600MiB,2970MiB", "device.id=oneplus-15r"}, 4},
      {"memory-synthetic", false, {"dram.expert_budget=600MiB,2970MiB", "policy.prefetch=pregate"}, 10},
      {"policies", true, {"dram.expert_budget=12MB"}, 9},
      {"sharing", false, {"dram.expert_budget=1000MiB", "policy.eviction=lru"}, 8},
      {"sharing-stored", false, {"dram.expert_budget=1000MiB", "policy.eviction=lru"}, 16},
      {"speculation",
       true,
       {"dram.expert_budget=12MB", "policy.stale_gate_accuracy=0,1", "device.flash.derate=0.25"},
       16},
  };
  return kSamples;
}

TEST(Studies, EveryShippedSweep_IsAmongTheSamples) {
  std::set<std::string> shipped, sampled;
  for (const EmbeddedFile& file : ShippedCatalogue::list("sweep")) shipped.emplace(file.name);
  for (const Sample& sample : samples()) sampled.emplace(sample.sweep);
  EXPECT_EQ(shipped, sampled);
}

TEST(Studies, EveryShippedSweep_RunsByName) {
  const Folder folder;
  const std::string trace = test::write_file(folder.file("toy.csv"), test::small_csv());
  for (const Sample& sample : samples()) {
    std::vector<std::string> arguments = {"sweep", sample.sweep, "--out", folder.file(sample.sweep) + ".db",
                                          "--json"};
    if (sample.needs_trace) arguments.insert(arguments.end(), {"--trace", trace});
    for (const std::string& vary : sample.vary) arguments.insert(arguments.end(), {"--vary", vary});
    const Said said = run_pregate(arguments);
    ASSERT_EQ(said.code, 0) << sample.sweep << ": " << said.err << said.out;
    const json outcome = json::parse(said.out);
    EXPECT_EQ(outcome["done"], sample.scenarios) << sample.sweep;
    EXPECT_EQ(outcome["failed"], 0) << sample.sweep;
  }
}

// The table between a page's marks, by name.
std::map<std::string, std::string> tables_of(const std::string& page) {
  std::map<std::string, std::string> tables;
  std::istringstream in(page);
  std::string line, name;
  const std::string mark = "<!-- table: ";
  while (std::getline(in, line)) {
    if (line.starts_with(mark)) {
      name = line.substr(mark.size(), line.size() - mark.size() - 4);
    } else if (line == "<!-- end of table -->") {
      name.clear();
    } else if (!name.empty() && !line.starts_with("```")) {
      tables[name] += line + "\n";
    }
  }
  return tables;
}

std::string without_trailing_blanks(const std::string& text) {
  std::string out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  return out;
}

TEST(Studies, EveryPage_HoldsItsTablesAndPlots_AndSaysWhatTheyAre) {
  int pages = 0;
  for (const fs::directory_entry& study : fs::directory_iterator(kStudies)) {
    ++pages;
    const std::string page = test::read_file((study.path() / "README.md").string());
    const std::map<std::string, std::string> tables = tables_of(page);
    std::size_t files = 0;
    for (const fs::directory_entry& file : fs::directory_iterator(study.path())) {
      const std::string name = file.path().filename().string(), stem = file.path().stem().string();
      if (file.path().extension() == ".svg") {
        EXPECT_THAT(page, HasSubstr("(" + name + ")")) << study.path();
      }
      if (file.path().extension() != ".txt") continue;
      ++files;
      ASSERT_TRUE(tables.contains(stem)) << study.path() << ": " << stem;
      EXPECT_EQ(tables.at(stem), without_trailing_blanks(test::read_file(file.path().string()))) << stem;
      EXPECT_THAT(tables.at(stem), testing::AnyOf(HasSubstr("(simulated)"), HasSubstr("(counted)"),
                                                  HasSubstr("(interpolated between simulated points)")));
    }
    EXPECT_EQ(files, tables.size()) << study.path() << ": a table without its file";
    EXPECT_THAT(page, testing::AllOf(HasSubstr("scripts/study " + study.path().filename().string()),
                                     HasSubstr("## What it does not say"), HasSubstr("routing")));
  }
  EXPECT_EQ(pages, 4);
}

// The cell of a table: rows begin with `row`, columns have a title each.
std::string cell_of(const std::string& table, const std::vector<std::string>& row, std::size_t column) {
  std::istringstream in(table);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::vector<std::string> cells;
    for (std::string word; words >> word;) cells.push_back(word);
    if (cells.size() > row.size() + column && std::equal(row.begin(), row.end(), cells.begin()))
      return cells[row.size() + column];
  }
  return "no such cell";
}

// A change of the simulator that moves the numbers says here that `scripts/study all` is due.
TEST(Studies, NumbersOnThePages_AreWhatTheProgramSaysToday) {
  const Folder folder;
  const auto row_of = [&](std::vector<std::string> arguments) {
    const std::string db = folder.file("one.db");
    fs::remove(db);
    arguments.insert(arguments.begin(), "sweep");
    arguments.insert(arguments.end(), {"--out", db});
    const Said swept = run_pregate(arguments);
    EXPECT_EQ(swept.code, 0) << swept.err;
    return json::parse(run_pregate({"sweep", "show", db, "--json"}).out).at(0);
  };
  const auto table = [](const char* file) { return test::read_file((kStudies / file).string()); };
  const json shared = row_of({"sharing", "--vary", "dram.expert_budget=940MiB", "--vary",
                              "model.preset_shape.experts_shared_frequency=3", "--vary",
                              "workload.synthetic.group_correlation=0", "--vary", "policy.eviction=lru"});
  EXPECT_EQ(cell_of(table("sharing/independent-hits.txt"), {"3", "lru"}, 4),
            fmt::format("{:.1f}", shared["hit_rate_decode"].get<double>() * 100));
  EXPECT_EQ(cell_of(table("sharing/independent-speed.txt"), {"3", "lru"}, 4),
            fmt::format("{:.2f}", shared["tokens_per_second"].get<double>()));
  const json memory = row_of({"memory-synthetic", "--vary", "dram.expert_budget=2970MiB", "--vary",
                              "device.id=apple-m4", "--vary", "policy.prefetch=pregate"});
  EXPECT_EQ(cell_of(table("memory/synthetic-speed.txt"), {"2970", "MiB"}, 0),
            fmt::format("{:.2f}", memory["tokens_per_second"].get<double>()));
}

// What a script prints and how it ends.
Said run_script(const std::string& arguments, const Folder& folder) {
  const std::string out = folder.file("out"), err = folder.file("err");
  const std::string command = "PREGATE=" + std::string(PREGATE_BINARY_DIR) + "/bin/pregate " +
                              PREGATE_SOURCE_DIR + "/scripts/study " + arguments + " >" + out + " 2>" + err;
  const int status = std::system(command.c_str());
  return {.code = WEXITSTATUS(status), .out = test::read_file(out), .err = test::read_file(err)};
}

TEST(Studies, AQuickStudy_ShowsItsTables_AndLeavesThePageAlone) {
  const Folder folder;
  const std::string page = (kStudies / "sharing/README.md").string();
  const std::string before = test::read_file(page);
  const Said said = run_script("sharing --quick", folder);
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, testing::AllOf(HasSubstr("hit_rate_decode, % (simulated)"), HasSubstr("never")));
  EXPECT_EQ(test::read_file(page), before);
}

TEST(Studies, AStudyThatCannotBe_IsNamed) {
  const Folder folder;
  const Said unknown = run_script("memories", folder);
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err,
              HasSubstr("expected memory, sharing, policies, speculation or all, found \"memories\""));
  const Said nowhere = run_script("all --traces " + folder.file("nowhere"), folder);
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("github.com/Helldez/BigMoeOnEdge"));
  EXPECT_EQ(nowhere.out, "") << "nothing was begun";
}

}  // namespace
}  // namespace pregate
