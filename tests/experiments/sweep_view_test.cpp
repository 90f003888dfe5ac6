// SPDX-License-Identifier: Apache-2.0
// What a sweep's rows are shown as: tables, plots, CSV.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/sweep/derived.hpp"
#include "experiments/sweep/pivot.hpp"
#include "experiments/sweep/selection.hpp"
#include "experiments/sweep/sweep_csv.hpp"
#include "experiments/sweep/sweep_plot.hpp"
#include "tests/experiments/sweep_runner.hpp"

namespace pregate {
namespace {

using test::Folder;
using test::run_pregate;
using test::Said;
using test::small_sweep;
using test::Words;
using testing::ElementsAre;
using testing::HasSubstr;
using test::operator+;

struct Point {
  const char* budget;
  const char* prefetch;
  std::optional<double> speed;  // none: it failed
  std::optional<double> bytes = 1 << 20;
};

StoredSweep sweep_of(const std::vector<Point>& points) {
  StoredSweep sweep{
      .axes = {{"dram.expert_budget", Quantity::Kind::bytes}, {"policy.prefetch", Quantity::Kind::text}},
      .keys = {"tokens_per_second", "bytes_read", "hit_rate", "energy_j", "token_cycle_bytes"},
      .rows = {}};
  for (const Point& point : points) {
    StoredSweep::Row row{.hash = "h",
                         .error = "why",
                         .scenario = {},
                         .version = "1",
                         .seed = "1",
                         .done = point.speed.has_value(),
                         .wall_s = 0,
                         .values = {Quantity::parse(point.budget), Quantity::parse(point.prefetch)},
                         .summary = {}};
    if (row.done)
      row.summary = {Cell(*point.speed), point.bytes ? Cell(*point.bytes) : Cell(), Cell(*point.speed / 10),
                     Cell(2.0), Cell(std::int64_t{1} << 29)};
    sweep.rows.push_back(std::move(row));
  }
  return sweep;
}

std::string table_of(const StoredSweep& sweep, const std::string& request) {
  const Result<PivotRequest> pivot = parse_pivot(request);
  if (!pivot) return pivot.error().message();
  const Result<std::string> text = pivot_text(sweep, *pivot, {});
  return text ? *text : text.error().message();
}

TEST(SweepTable, HasARowAValue_AColumnAValue_AndTheGain) {
  const StoredSweep sweep = sweep_of(
      {{"900MiB", "none", 2}, {"900MiB", "pregate", 3}, {"1GiB", "none", 4}, {"1GiB", "pregate", 4}});
  EXPECT_EQ(table_of(sweep, ""),
            "tokens_per_second, tokens/s (simulated)\n"
            "  expert budget  none  pregate     gain\n"
            "        900 MiB  2.00     3.00  +50.0 %\n"
            "          1 GiB  4.00     4.00   +0.0 %\n");
  EXPECT_EQ(table_of(sweep, "prefetch:expert_budget"),
            "tokens_per_second, tokens/s (simulated)\n"
            "  prefetch  900 MiB  1 GiB      gain\n"
            "  none         2.00   4.00  +100.0 %\n"
            "  pregate      3.00   4.00   +33.3 %\n");
  EXPECT_EQ(table_of(sweep, "expert_budget,prefetch:"),
            "tokens_per_second, tokens/s (simulated)\n"
            "  expert budget  prefetch  tokens/s\n"
            "        900 MiB  none          2.00\n"
            "        900 MiB  pregate       3.00\n"
            "          1 GiB  none          4.00\n"
            "          1 GiB  pregate       4.00\n");
}

// Fewer bytes are no loss, and of a percentage the difference is told, not a percentage.
TEST(SweepTable, OfWhatIsNotBetterWhenMore_ClaimsNoGain) {
  StoredSweep sweep = sweep_of({{"1GiB", "none", 2, 4 << 20}, {"1GiB", "pregate", 4, 2 << 20}});
  const std::string bytes = table_of(sweep, "expert_budget:prefetch:bytes_read");
  EXPECT_THAT(bytes, HasSubstr("bytes_read, MiB (simulated)"));
  EXPECT_THAT(bytes, HasSubstr("change"));
  EXPECT_THAT(bytes, HasSubstr("-50.0 %"));
  EXPECT_THAT(bytes, testing::Not(HasSubstr("gain")));
  const std::string hits = table_of(sweep, ":prefetch:hit_rate");
  EXPECT_THAT(hits, HasSubstr("+20.0 pp"));
  EXPECT_THAT(hits, HasSubstr("gain"));
  EXPECT_THAT(table_of(sweep, "::energy_j"), HasSubstr("(estimated)"));
}

// Rows of another sweep are points of other axes: a value and none are no pair to compare.
TEST(SweepTable, WithRowsWithoutAValue_ComparesNothing) {
  StoredSweep sweep = sweep_of({{"1GiB", "none", 2}, {"1GiB", "pregate", 4}});
  sweep.rows[0].values[1].reset();
  const std::string one = table_of(sweep, "");
  EXPECT_THAT(one, testing::AllOf(HasSubstr("pregate"), testing::Not(HasSubstr("gain"))));
  sweep = sweep_of({{"1GiB", "none", 3}, {"1GiB", "none", 2}, {"1GiB", "pregate", 4}});
  sweep.rows[0].values[1].reset();
  EXPECT_THAT(table_of(sweep, ""), testing::Not(HasSubstr("gain")));
}

TEST(SweepTable, OfARatio_IsAPercentageOfOneUnitAlone) {
  EXPECT_EQ(shown_as("tokens_per_second/policy.prefetch=none").unit, "%");
  EXPECT_EQ(shown_as("loads/lookups").unit, "%");
  EXPECT_DOUBLE_EQ(shown_as("ttft_s/stall_s").factor, 100);
  EXPECT_DOUBLE_EQ(shown_as("makespan_ps/stall_s").factor * 1e12, 100);
  EXPECT_EQ(shown_as("stall_s/loads").unit, "s");
  EXPECT_EQ(shown_as("tokens_per_second/energy_j").unit, "tokens/s per J");
  Result<StoredSweep> sweep = with_ratio(sweep_of({{"1GiB", "none", 0.004}}), "tokens_per_second/energy_j");
  ASSERT_TRUE(sweep);
  const std::string text = table_of(*sweep, "::tokens_per_second/energy_j");
  EXPECT_THAT(text, testing::AllOf(HasSubstr("energy_j, tokens/s per J"), HasSubstr("0.002")));
  StoredSweep words = sweep_of({{"1GiB", "none", 2}});
  words.rows[0].summary[1] = Cell(std::string("flash"));
  EXPECT_THAT(with_ratio(words, "bytes_read/energy_j").error().message(),
              HasSubstr("expected keys of numbers in KEY/OTHER, found bytes_read, which is a word"));
  EXPECT_FALSE(with_ratio(words, "energy_j/bytes_read"));
}

TEST(SweepTable, SaysWhatIsMissing_WhatFailed_AndWhatHasNoValue) {
  const StoredSweep sweep = sweep_of(
      {{"1GiB", "none", 2, std::nullopt}, {"1GiB", "pregate", std::nullopt}, {"2GiB", "pregate", 4}});
  const std::string text = table_of(sweep, "expert_budget:prefetch:bytes_read");
  EXPECT_THAT(text, HasSubstr("1 GiB   n/a   failed"));
  EXPECT_THAT(text, HasSubstr("2 GiB     -      1.0"));
}

TEST(SweepTable, BadRequest_IsNamed) {
  const StoredSweep sweep = sweep_of({{"1GiB", "none", 2}, {"1GiB", "pregate", 4}, {"2GiB", "none", 2}});
  EXPECT_THAT(table_of(sweep, "a:b:c:d"), HasSubstr("expected ROWS:COLUMNS"));
  EXPECT_THAT(table_of(sweep, "expert_budget:love"),
              HasSubstr("expected an axis of the sweep (dram.expert_budget, policy.prefetch)"));
  EXPECT_THAT(table_of(sweep, "::tokens_per_secnd"), HasSubstr("nearest: tokens_per_second"));
  EXPECT_THAT(table_of(sweep, "expert_budget:"),
              HasSubstr("expected policy.prefetch among the rows or columns"));
  EXPECT_THAT(table_of(sweep, "expert_budget:prefetch,expert_budget"), HasSubstr("each axis once"));
  EXPECT_THAT(table_of(StoredSweep{}, ""), HasSubstr("a sweep with rows"));
}

// Two versions ran the same point: which number is meant, the user says.
TEST(SweepTable, TwoRowsOfOnePoint_AreAnError_UntilOneIsChosen) {
  StoredSweep sweep = sweep_of({{"1GiB", "none", 2}, {"1GiB", "none", 3}});
  sweep.rows[1].version = "2";
  EXPECT_THAT(table_of(sweep, ""), HasSubstr("--where version=2"));
  const Result<StoredSweep> chosen = select_rows(sweep, {"version=2"});
  ASSERT_TRUE(chosen);
  EXPECT_THAT(table_of(*chosen, "expert_budget:"), HasSubstr("3.00"));
  sweep.rows[0].done = false;  // a failure of long ago
  sweep.rows[0].summary.clear();
  EXPECT_THAT(table_of(sweep, "expert_budget:"), HasSubstr("3.00"));
}

TEST(SweepWhere, KeepsRows_AndNamesWhatIsNotThere) {
  const StoredSweep sweep = sweep_of({{"1GiB", "none", 2}, {"2GiB", "none", 4}, {"2GiB", "pregate", 5}});
  const Result<StoredSweep> kept = select_rows(sweep, {"expert_budget=2048MiB", "policy.prefetch=none"});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->rows.size(), 1U);
  const auto error_of = [&](const std::string& where) {
    return select_rows(sweep, {where}).error().message();
  };
  EXPECT_THAT(error_of("expert_budget=3GiB"), HasSubstr("a value of the sweep (1GiB, 2GiB)"));
  EXPECT_THAT(error_of("budget=1GiB"), HasSubstr("an axis of the sweep"));
  EXPECT_THAT(error_of("expert_budget"), HasSubstr("PATH=VALUE"));
  EXPECT_THAT(error_of("seed=4"), HasSubstr("a value of the sweep (1)"));
}

TEST(SweepPlot, HasALineASeries_APanelAMetric_AndTheTokenCycle) {
  const StoredSweep sweep = sweep_of({{"512MiB", "none", 1},
                                      {"512MiB", "pregate", 2},
                                      {"8GiB", "none", 3},
                                      {"8GiB", "pregate", std::nullopt}});
  const Result<plot::Figure> figure = sweep_figure(
      sweep,
      {.x = "", .series = "", .panels = "", .metrics = {"tokens_per_second", "bytes_read"}, .title = ""});
  ASSERT_TRUE(figure) << figure.error().message();
  EXPECT_TRUE(plot::check_figure(*figure));
  ASSERT_EQ(figure->panels.size(), 2U);
  const plot::Panel& speed = figure->panels[0];
  EXPECT_EQ(speed.x.label, "expert budget");
  EXPECT_EQ(speed.x.unit, "MiB");
  EXPECT_EQ(speed.x.scale, plot::Scale::log2) << "a factor of sixteen";
  EXPECT_EQ(speed.y.label, "tokens per second");
  EXPECT_EQ(speed.y.unit, "tokens/s");
  const auto& lines = std::get<plot::Lines>(speed.content);
  ASSERT_EQ(lines.series.size(), 2U);
  EXPECT_EQ(lines.series[0].name, "none");
  EXPECT_THAT(lines.series[0].x, ElementsAre(512, 8192));
  EXPECT_THAT(lines.series[0].y, ElementsAre(1, 3));
  EXPECT_THAT(lines.series[1].y, ElementsAre(2)) << "a failure is no point";
  ASSERT_EQ(lines.references.size(), 1U);
  EXPECT_EQ(lines.references[0].label, "T = 512 MiB");
  EXPECT_EQ(figure->panels[1].y.unit, "MiB");
  EXPECT_THAT(figure->subtitle, HasSubstr("4 scenarios, 1 of them failed"));
}

TEST(SweepPlot, BadRequest_IsNamed) {
  const StoredSweep sweep = sweep_of({{"1GiB", "none", 1}, {"2GiB", "pregate", 2}});
  const auto error_of = [&](const PlotRequest& request) {
    const Result<plot::Figure> figure = sweep_figure(sweep, request);
    return figure ? "no error" : figure.error().message();
  };
  EXPECT_THAT(error_of({.x = "prefetch"}), HasSubstr("an axis of numbers for x"));
  EXPECT_THAT(error_of({.x = "expert_budget", .series = "expert_budget"}), HasSubstr("different axes"));
  EXPECT_THAT(error_of({.metrics = {"love"}}), HasSubstr("a key of the summary"));
}

// A file of two sweeps has axes that the rows of one of them do not have.
TEST(SweepPlot, OverAnAxisThatNoRowHas_IsNamed) {
  StoredSweep sweep = sweep_of({{"1GiB", "none", 1}, {"2GiB", "none", 2}});
  sweep.axes.push_back({"runtime.io_lanes", Quantity::Kind::number});
  for (StoredSweep::Row& row : sweep.rows) row.values.emplace_back(std::nullopt);
  const Result<plot::Figure> figure = sweep_figure(sweep, {.x = "io_lanes"});
  ASSERT_FALSE(figure);
  EXPECT_THAT(figure.error().message(), HasSubstr("runtime.io_lanes"));
}

TEST(SweepPlot, TokenCycleThatIsNoNumberOfBytes_IsLeftOut) {
  StoredSweep sweep = sweep_of({{"1GiB", "none", 1}, {"2GiB", "none", 2}});
  for (StoredSweep::Row& row : sweep.rows) row.summary.back() = Cell(1e300);
  const Result<plot::Figure> figure = sweep_figure(sweep, {});
  ASSERT_TRUE(figure) << figure.error().message();
  EXPECT_TRUE(std::get<plot::Lines>(figure->panels[0].content).references.empty());
}

TEST(SweepCsv, QuotesWhatHasCommas_AndLeavesEmptyWhatIsNotThere) {
  StoredSweep sweep = sweep_of({{"1GiB", "none", std::nullopt}});
  sweep.rows[0].error = "a, \"b\"";
  EXPECT_EQ(
      sweep_csv(sweep),
      "hash,status,dram.expert_budget,policy.prefetch,error,version,seed,wall_s,tokens_per_second,bytes_read,"
      "hit_rate,energy_j,token_cycle_bytes\n"
      "h,failed,1073741824,none,\"a, \"\"b\"\"\",1,1,0,,,,,\n");
}

TEST(SweepShow, WritesTableCsvAndPlot) {
  const Folder folder;
  const std::string out = folder.file("a.db");
  const Said swept =
      run_pregate(small_sweep(out) + Words{"--vary", "dram.expert_budget=1GiB,2GiB", "--vary",
                                           "policy.prefetch=none,pregate", "--table", "--csv",
                                           folder.file("a.csv"), "--plot", folder.file("a.svg")});
  ASSERT_EQ(swept.code, 0) << swept.err;
  EXPECT_THAT(swept.out, HasSubstr("expert budget"));
  EXPECT_THAT(test::read_file(folder.file("a.svg")), HasSubstr("tokens per second"));
  EXPECT_THAT(test::read_file(folder.file("a.csv")),
              testing::StartsWith("hash,status,dram.expert_budget,policy.prefetch,"));
  const Said shown =
      run_pregate({"sweep", "show", out, "--plot", folder.file("b.png"), "--metric",
                   "hit_rate_decode,stall_s", "--where", "prefetch=none", "--title", "a title"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(test::read_file(folder.file("b.png")).substr(1, 3), "PNG");
  const Said file_last = run_pregate({"sweep", "show", "--plot", folder.file("c.svg"), "--metric", "stall_s",
                                      "--metric", "loads", "--where", "prefetch=none", out});
  EXPECT_EQ(file_last.code, 0) << file_last.err;
  const bool of_both =
      test::read_file(folder.file("c.svg")).find("<title>sweep over expert budget") != std::string::npos;
  EXPECT_TRUE(of_both) << "a figure of one metric is named after it";
}

}  // namespace
}  // namespace pregate
