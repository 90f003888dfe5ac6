// SPDX-License-Identifier: Apache-2.0
// Bad input by the real program: each row gets exit code 2 and one line that says file, place, expected and
// found. Nothing is repaired, nothing crashes, nothing is printed as a result.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using test::csv_with;
using test::Folder;
using test::run_pregate;
using test::Said;
using test::small_csv;
using test::write_file;
using testing::HasSubstr;
using testing::StartsWith;

void expect_refused(const Said& said, const std::vector<std::string>& parts) {
  EXPECT_EQ(said.code, 2) << said.err;
  EXPECT_EQ(said.out, "");
  EXPECT_EQ(said.error_lines(), 1U) << said.err;
  EXPECT_THAT(said.err, StartsWith("pregate: "));
  EXPECT_THAT(said.err, HasSubstr("expected "));
  EXPECT_THAT(said.err, HasSubstr("found "));
  for (const std::string& part : parts) EXPECT_THAT(said.err, HasSubstr(part));
}

struct Row {
  const char* name;
  std::string text;
  std::string place;  // what the message says of where it is wrong
};

// Both ways into the program read traces by the same door.
void expect_trace_refused(const Row& row) {
  SCOPED_TRACE(row.name);
  const Folder folder;
  const std::string file = write_file(folder.file("bad.trace"), row.text);
  expect_refused(run_pregate({"trace", "check", file}), {file, row.place});
  expect_refused(run_pregate({"run", "--trace", file, "--json"}), {file, row.place});
}

TEST(BadTrace, Csv_IsRefusedWithTheLine) {
  const Row rows[] = {
      {"empty", "", "empty"},
      {"foreign", "hello world, this is no trace\n", "found"},
      {"only a preamble", small_csv().substr(0, small_csv().find("turn,")), "found"},
      {"missing column", csv_with("layer,slot,expert,", "layer,slot,other,"), "line 5"},
      {"one column too few", csv_with("0,0,0,0,0,0,0.5,0,0\n", "0,0,0,0,0,0,0.5,0\n"), "line 6"},
      {"negative expert", csv_with("0,0,0,0,0,0,0.5", "0,0,0,0,0,-1,0.5"), "line 6"},
      {"expert out of range", csv_with("0,0,0,0,0,0,0.5", "0,0,0,0,0,4,0.5"), "line 6"},
      {"not a number", csv_with("0,0,0,0,0,0,0.5", "0,0,0,0,0,nan,0.5"), "line 6"},
      {"infinite weight", csv_with("0,0,0,0,0,0,0.5", "0,0,0,0,0,0,inf"), "line 6"},
      {"duplicate slot", csv_with("0,0,0,0,1,1,0.5", "0,0,0,0,0,1,0.5"), "line 7"},
      {"duplicate expert", csv_with("0,0,0,0,1,1,0.5", "0,0,0,0,1,0,0.5"), "line 7"},
      {"layer out of range", csv_with("0,1,3,1,0,0,0.5", "0,1,3,7,0,0,0.5"), "line 20"},
      {"layer gap", csv_with("0,1,3,1,0,0,0.5,0,0\n0,1,3,1,1,2,0.5,0,0\n", ""), "line 20"},
      {"phase", csv_with("0,1,3,0,0,3,0.5", "0,2,3,0,0,3,0.5"), "line 18"},
      {"not UTF-8", csv_with("0,0,0,0,0,0,0.5", "0,0,0,0,0,\xff,0.5"), "line 6"},
      {"beyond 2^63", csv_with("0,0,0,0,0,0,0.5", "0,0,0,0,0,99999999999999999999,0.5"), "line 6"},
  };
  for (const Row& row : rows) expect_trace_refused(row);
}

TEST(BadTrace, JsonLines_AreRefusedWithTheLine) {
  const std::string head =
      R"({"model":"toy","layers":1,"experts":4,"top_k":2,"expert_bytes":1000,"dense_bytes":1000})";
  const std::string line = R"({"step":0,"phase":"decode","token":0,"layer":0,"experts":[0,1]})";
  const Row rows[] = {
      {"truncated", head + "\n" + line.substr(0, 30) + "\n", "line 2"},
      {"expert out of range",
       head + "\n" + R"({"step":0,"phase":"decode","token":0,"layer":0,"experts":[0,4]})" + "\n", "line 2"},
      {"duplicate expert",
       head + "\n" + R"({"step":0,"phase":"decode","token":0,"layer":0,"experts":[1,1]})" + "\n", "line 2"},
      {"duplicate row", head + "\n" + line + "\n" + line + "\n", "line 3"},
      {"no experts", head + "\n" + R"({"step":0,"phase":"decode","token":0,"layer":0})" + "\n", "line 2"},
  };
  for (const Row& row : rows) expect_trace_refused(row);
}

TEST(BadTrace, RouteFile_TruncatedOrFlippedIsRefused) {
  const Folder folder;
  const std::string csv = write_file(folder.file("good.csv"), small_csv());
  const std::string route = folder.file("good.route");
  ASSERT_EQ(run_pregate({"trace", "import", csv, "--out", route}).code, 0);
  const std::string bytes = test::read_file(route);
  const std::string bad = folder.file("bad.route");
  for (const std::size_t length : {std::size_t{2}, std::size_t{11}, bytes.size() / 2, bytes.size() - 1}) {
    SCOPED_TRACE(length);
    write_file(bad, bytes.substr(0, length));
    expect_refused(run_pregate({"trace", "check", bad}), {bad});
  }
  for (const std::size_t at : {std::size_t{0}, std::size_t{12}, bytes.size() / 2, bytes.size() - 3}) {
    SCOPED_TRACE(at);
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    write_file(bad, flipped);
    expect_refused(run_pregate({"trace", "check", bad}), {bad});
  }
  write_file(bad, bytes + "tail");
  expect_refused(run_pregate({"trace", "check", bad}), {bad});
}

TEST(BadTrace, WhatIsNoRegularFile_IsRefusedWithoutWaiting) {
  const Folder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, folder.file(""), std::string("/dev/zero"), folder.file("missing")}) {
    SCOPED_TRACE(path);
    expect_refused(run_pregate({"trace", "info", path}), {path});
    expect_refused(run_pregate({"run", "--trace", path}), {path});
    expect_refused(run_pregate({"run", path}), {path});
  }
}

TEST(BadScenario, IsRefusedWithLineAndField) {
  const std::string device = "device { id: \"oneplus-15r\" }\n";
  const std::string model = "model { preset: \"megrez2-3x7b-a3b\" }\n";
  const std::string work = "workload { synthetic { decode_tokens: 2 } }\n";
  const Row rows[] = {
      {"unknown field", device + "dram { budgets: \"1GB\" }\n", "line 2"},
      {"unknown section", "flashy { }\n", "line 1"},
      {"syntax", device + "dram { expert_budget: \n", "line"},
      {"unit", device + model + work + "dram { expert_budget: \"4 GX\" }\n", "line 4: dram.expert_budget"},
      {"negative", device + model + work + "dram { expert_budget: \"-4GB\" }\n",
       "line 4: dram.expert_budget"},
      {"zero bandwidth", model + work + "device { id: \"a18-pro\" flash { read_bandwidth: \"0GB/s\" } }\n",
       "device.flash.read_bandwidth"},
      {"efficiency above one", model + work + "device { id: \"a18-pro\" dram { efficiency: 1.2 } }\n",
       "device.dram.efficiency"},
      {"NaN", model + work + "device { id: \"a18-pro\" dram { efficiency: nan } }\n",
       "device.dram.efficiency"},
      {"duplicate", device + model + work + "sim { seed: 1 seed: 2 }\n", "line 4"},
      {"unknown policy", device + model + work + "policy { eviction: \"lrv\" }\n", "line 4: policy.eviction"},
      {"unknown device", model + work + "device { id: \"oneplus-16\" }\n", "oneplus-15r"},
      {"no device", model + work, "device"},
      {"nothing to route", device + model, "workload"},
      {"no model", device + work, "model"},
      {"not UTF-8", device + "name: \"\xff\xfe\"\n", "line 2"},
      {"a budget below one event", device + model + work + "dram { expert_budget: \"10MiB\" }\n",
       "dram.expert_budget"},
      {"more lanes than the queue is deep", device + model + work + "runtime { io_lanes: 4000 }\n",
       "runtime.io_lanes"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const Folder folder;
    const std::string file = write_file(folder.file("bad.scenario.textproto"), row.text);
    expect_refused(run_pregate({"run", file}), {file, row.place});
  }
}

TEST(BadScenario, OversizedAndEmpty_AreRefused) {
  const Folder folder;
  const std::string large = write_file(folder.file("large"), std::string((1 << 20) + 1, '#'));
  expect_refused(run_pregate({"run", large}), {large, "1 MiB"});
  expect_refused(run_pregate({"run", write_file(folder.file("empty"), "")}), {folder.file("empty")});
}

TEST(BadAssignment, IsRefusedAtSet) {
  const std::pair<const char*, const char*> rows[] = {
      {"dram.expert_budgets=1GB", "dram.expert_budget"},  // the nearest path is suggested
      {"policy.evict=lru", "policy.eviction"},
      {"dram.expert_budget=4 GX", "4 GX"},
      {"dram.expert_budget", "dram.expert_budget"},
      {"dram=1GB", "dram"},
      {"=1", "found"},
      {"runtime.io_lanes=-1", "runtime.io_lanes"},
      {"runtime.overlap=perhaps", "runtime.overlap"},
      {"device.flash.read_bandwidth=0GB/s", "device.flash.read_bandwidth"},
      {"policy.stale_gate_accuracy=1.5", "policy.stale_gate_accuracy"},
      {"workload.phase=prefill", "workload.phase"},
  };
  for (const auto& [assignment, part] : rows) {
    SCOPED_TRACE(assignment);
    expect_refused(run_pregate({"run", "synthetic", "--set", assignment}), {"--set", part});
  }
}

TEST(BadCurve, BudgetsAndPolicies_AreRefused) {
  const Folder folder;
  const std::string csv = write_file(folder.file("good.csv"), small_csv());
  expect_refused(run_pregate({"trace", "curve", csv, "--budgets", "4 GX"}), {"--budgets", "4 GX"});
  expect_refused(run_pregate({"trace", "curve", csv, "--budgets", "0"}), {"--budgets"});
  expect_refused(run_pregate({"trace", "curve", csv, "--budgets=-1GB"}), {"--budgets", "-1GB"});
  expect_refused(run_pregate({"trace", "curve", csv, "--policies", "lru,lrv"}), {"--policies", "lrv"});
  expect_refused(run_pregate({"trace", "curve", csv, "--model", "qwen"}), {"--model", "qwen3-30b-a3b"});
}

}  // namespace
}  // namespace pregate
