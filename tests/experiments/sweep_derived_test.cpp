// SPDX-License-Identifier: Apache-2.0
// Shares and crossings that are read off a sweep's rows: closed forms on rows made by hand, then as a user
// asks for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/sweep/derived.hpp"
#include "experiments/sweep/pivot.hpp"
#include "experiments/sweep/selection.hpp"
#include "experiments/sweep/sweep_plot.hpp"
#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using test::Folder;
using test::run_pregate;
using test::Said;
using testing::ElementsAre;
using testing::HasSubstr;

struct Point {
  const char* budget;
  const char* prefetch;
  double speed;
};

// Speeds over two axes; every expert resident gives 8.
StoredSweep sweep_of(const std::vector<Point>& points) {
  StoredSweep sweep{.axes = {{"dram.expert_budget", Quantity::Kind::bytes}, {"policy.prefetch"}},
                    .keys = {"speed", "resident"},
                    .rows = {}};
  for (const Point& point : points) {
    StoredSweep::Row row{.done = true,
                         .values = {Quantity::parse(point.budget), Quantity::parse(point.prefetch)},
                         .summary = {point.speed, 8.0}};
    sweep.rows.push_back(std::move(row));
  }
  return sweep;
}

std::vector<double> numbers(const StoredSweep& sweep, const std::string& key) {
  std::vector<double> values;
  for (const StoredSweep::Row& row : sweep.rows)
    values.push_back(number_in(row.summary[*sweep.key(key)]).value_or(-1));
  return values;
}

// The cells of one key.
std::vector<Cell> cells(const StoredSweep& sweep) {
  std::vector<Cell> out;
  for (const StoredSweep::Row& row : sweep.rows) out.push_back(row.summary.at(0));
  return out;
}

TEST(SweepRatio, OfAKeyOfTheSameRow_IsItsShare) {
  const auto shares = with_ratio(sweep_of({{"1GiB", "none", 2}, {"2GiB", "none", 6}}), "speed/resident");
  ASSERT_TRUE(shares);
  EXPECT_THAT(numbers(*shares, "speed/resident"), ElementsAre(0.25, 0.75));
  EXPECT_EQ(shown_as("speed/resident").unit, "%");
}

TEST(SweepRatio, OfARowThatDiffersInOneAxis_LeavesTheReferenceOut) {
  const auto gains = with_ratio(
      sweep_of({{"1GiB", "none", 2}, {"1GiB", "pregate", 3}, {"2GiB", "none", 4}, {"2GiB", "pregate", 5}}),
      "speed/policy.prefetch=none");
  ASSERT_TRUE(gains);
  EXPECT_THAT(numbers(*gains, "speed/policy.prefetch=none"), ElementsAre(1.5, 1.25));
}

// As --where has it: what a number without unit means, the axis says.
TEST(SweepRatio, OfARowNamedWithoutUnit_LeavesTheReferenceOut) {
  const auto gains = with_ratio(sweep_of({{"0B", "none", 2}, {"1GiB", "none", 3}}), "speed/expert_budget=0");
  ASSERT_TRUE(gains);
  EXPECT_THAT(numbers(*gains, "speed/expert_budget=0"), ElementsAre(1.5));
}

TEST(SweepRatio, WithoutReference_IsNoNumber) {
  StoredSweep sweep = sweep_of({{"1GiB", "none", 2}, {"2GiB", "pregate", 5}, {"1GiB", "pregate", 0}});
  const auto gains = with_ratio(std::move(sweep), "speed/policy.prefetch=none");
  ASSERT_TRUE(gains);
  EXPECT_THAT(numbers(*gains, "speed/policy.prefetch=none"), ElementsAre(-1, 0)) << "no row of 2 GiB, none";
}

TEST(SweepCross, BetweenTwoPoints_IsLinear) {
  const auto cross = crossings(sweep_of({{"1GiB", "none", 2}, {"2GiB", "none", 4}, {"4GiB", "none", 8}}),
                               {.axis = "expert_budget", .levels = {3, 4, 5}, .key = "speed"});
  ASSERT_TRUE(cross);
  EXPECT_THAT(cross->keys, ElementsAre("expert_budget_bytes"));
  EXPECT_THAT(numbers(*cross, "expert_budget_bytes"),
              ElementsAre(1.5 * (1 << 30), 2.0 * (1 << 30), 2.5 * (1 << 30)));
}

TEST(SweepCross, OfALineThatDipsAgain_IsTheLastRise) {
  const auto cross = crossings(
      sweep_of({{"1GiB", "none", 2}, {"2GiB", "none", 6}, {"3GiB", "none", 2}, {"4GiB", "none", 6}}),
      {.axis = "expert_budget", .levels = {4}, .key = "speed"});
  ASSERT_TRUE(cross);
  EXPECT_THAT(numbers(*cross, "expert_budget_bytes"), ElementsAre(3.5 * (1LL << 30)));
}

TEST(SweepCross, ThatIsNotThere_IsAWord_AndEachOtherAxisHasItsLine) {
  const auto cross = crossings(
      sweep_of({{"1GiB", "none", 1}, {"2GiB", "none", 2}, {"1GiB", "pregate", 4}, {"2GiB", "pregate", 5}}),
      {.axis = "expert_budget", .levels = {3}, .key = "speed"});
  ASSERT_TRUE(cross);
  EXPECT_THAT(cells(*cross), ElementsAre(Cell(std::string("never")), Cell(std::string("always"))));
  EXPECT_EQ(cross->rows[0].values[0]->text(), "none");
}

// Nothing at a crossing was simulated, and whether more of it is better, nobody knows.
TEST(SweepCross, SaysThatItIsInterpolated_AndClaimsNoGain) {
  StoredSweep sweep =
      sweep_of({{"1GiB", "none", 1}, {"2GiB", "none", 2}, {"1GiB", "pregate", 1}, {"2GiB", "pregate", 3}});
  sweep.axes[0] = {"policy.stale_gate_accuracy", Quantity::Kind::bytes};
  const auto cross = crossings(sweep, {.axis = "stale_gate_accuracy", .levels = {1.5, 1.8}, .key = "speed"});
  ASSERT_TRUE(cross);
  const std::string key = "stale_gate_accuracy";
  StoredSweep shown = *cross;
  shown.keys = {key};
  const Result<std::string> table =
      pivot_text(shown, {.rows = {"level"}, .columns = {"prefetch"}, .metric = key}, {});
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_THAT(*table, testing::AllOf(HasSubstr("(interpolated between simulated points)"),
                                     HasSubstr("change"), testing::Not(HasSubstr("gain"))));
  const auto figure = sweep_figure(shown, {.x = "level", .metrics = {key}});
  ASSERT_TRUE(figure) << figure.error().message();
  EXPECT_THAT(figure->subtitle, HasSubstr("interpolated between simulated points"));
}

TEST(SweepDerived, AsAUserAsks) {
  const Folder folder;
  const std::string csv = test::write_file(folder.file("toy.csv"), test::small_csv());
  const std::string db = folder.file("toy.db");
  const Said swept = run_pregate({"sweep", "--trace", csv, "--vary", "dram.expert_budget=9MB,12MB,24MB",
                                  "--vary", "policy.prefetch=none,oracle", "--out", db, "--table",
                                  "expert_budget:prefetch:tokens_per_second/tokens_per_second_if_resident"});
  ASSERT_EQ(swept.code, 0) << swept.err;
  EXPECT_THAT(swept.out, HasSubstr("tokens_per_second/tokens_per_second_if_resident, % (simulated)"));
  const Said words = run_pregate({"sweep", "show", db, "--cross", "expert_budget:0,9e9:tokens_per_second"});
  ASSERT_EQ(words.code, 0) << words.err;
  EXPECT_THAT(words.out, testing::AllOf(HasSubstr("always"), HasSubstr("never")));
  const struct {
    std::vector<std::string> arguments;
    const char* part;
  } table[] = {
      {{"--cross", "expert_budget"}, "--cross: expected AXIS:LEVELS:KEY"},
      {{"--cross", "expert_budget:much:tokens_per_second"}, "--cross: expected AXIS:LEVELS:KEY"},
      {{"--cross", "prefetch:1:tokens_per_second"}, "--cross: expected an axis of numbers"},
      {{"--cross", "expert_budget:1:love"}, "expected a key of the summary"},
      {{"--table", "::tokens_per_second/love"}, "--table: expected a key of the summary"},
      {{"--metric", "tokens_per_second/prefetch=love", "--plot", folder.file("b.svg")},
       "expected a value of the sweep"},
  };
  for (const auto& row : table) {
    std::vector<std::string> arguments = {"sweep", "show", db};
    arguments.insert(arguments.end(), row.arguments.begin(), row.arguments.end());
    const Said said = run_pregate(arguments);
    EXPECT_EQ(said.code, 2) << row.part;
    EXPECT_THAT(said.err, HasSubstr(row.part));
    EXPECT_EQ(said.error_lines(), 1U);
  }
}

}  // namespace
}  // namespace pregate
