// SPDX-License-Identifier: Apache-2.0
// What is compared of a validation's cells.
#include <gmock/gmock.h>

#include "experiments/validation/errors.hpp"
#include "tests/experiments/validation_cells.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

using test::made_run;
using test::made_validation;
using testing::ElementsAre;
using testing::HasSubstr;

ErrorRow row_of(const Validation& validation, ValidationFigure figure, const std::string& model) {
  for (const ErrorRow& row : error_table(validation)) {
    if (row.figure == figure && row.model == model) return row;
  }
  ADD_FAILURE() << "no row of " << words_of(figure) << " for \"" << model << '"';
  return {};
}

TEST(ValidationErrors, TheMedianOfRepeatsIsMeasured_AndItsEndsAreTheNoise) {
  const auto odd = repeats_of({3, 1, 2});
  EXPECT_EQ(odd->median, 2);
  EXPECT_EQ(odd->low, 1);
  EXPECT_EQ(odd->high, 3);
  EXPECT_EQ(repeats_of({4, 1, 2, 3})->median, 2.5);
  EXPECT_FALSE(repeats_of({}).has_value());
}

TEST(ValidationErrors, AnErrorIsPredictedOverMeasuredLessOne) {
  const Validation made = made_validation({{.predicted = 11, .measured = 10, .noise = 0.2}});
  const ComparedFigure speed = compare(made.cells[0], ValidationFigure::tokens_per_second);
  EXPECT_NEAR(*speed.error, 0.1, 1e-6);
  EXPECT_NEAR(speed.measured->low, 8, 1e-6);
  EXPECT_NEAR(speed.measured->high, 12, 1e-6);
}

TEST(ValidationErrors, FiguresAreThoseOfTheReport) {
  const RunSummary run = made_run({.tokens_per_second = 8, .stall_share = 0.5, .late = 60});
  EXPECT_EQ(figure_of(run, ValidationFigure::tokens_per_second), tokens_per_second(run.decode));
  EXPECT_EQ(figure_of(run, ValidationFigure::hit_rate_decode), hit_rate(run.decode));
  EXPECT_NEAR(*figure_of(run, ValidationFigure::stall_per_token), 0.0625, 1e-12);
  EXPECT_EQ(figure_of(run, ValidationFigure::bytes_read), static_cast<double>(run.all.bytes_read.count()));
  EXPECT_NEAR(*figure_of(run, ValidationFigure::makespan), 3.5, 1e-12);
  EXPECT_NEAR(*figure_of(run, ValidationFigure::prefill_time), 1.5, 1e-12);
}

TEST(ValidationErrors, ALatePrefetchIsNoHit_ButNoUnequalCountEither) {
  Validation made = made_validation({{}});
  made.cells[0].predicted = made_run({.late = 0});
  for (RunSummary& run : made.cells[0].measured) run = made_run({.late = 30});
  EXPECT_TRUE(counts_equal(made.cells[0]));
  EXPECT_GT(*compare(made.cells[0], ValidationFigure::hit_rate_decode).error, 0);
}

TEST(ValidationErrors, WithoutDecode_ThereIsNoErrorOfDecode) {
  Validation made = made_validation({{}});
  for (RunSummary* run : {&made.cells[0].predicted, &made.cells[0].measured[0], &made.cells[0].measured[1],
                          &made.cells[0].measured[2]})
    run->decode = PhaseSummary();
  EXPECT_FALSE(compare(made.cells[0], ValidationFigure::tokens_per_second).error.has_value());
  EXPECT_TRUE(compare(made.cells[0], ValidationFigure::makespan).error.has_value());
  ASSERT_EQ(model_verdicts(made).size(), 1U);
  EXPECT_FALSE(model_verdicts(made)[0].met()) << "what was not judged is not met";
}

TEST(ValidationErrors, OfNothingMeasured_OnlyNothingPredictedIsRight) {
  Validation made = made_validation({{}});
  for (RunSummary& run : made.cells[0].measured) run = made_run({.stall_share = 0});
  EXPECT_FALSE(compare(made.cells[0], ValidationFigure::stall_per_token).error.has_value());
  made.cells[0].predicted = made_run({.stall_share = 0});
  EXPECT_EQ(compare(made.cells[0], ValidationFigure::stall_per_token).error, 0);
}

TEST(ValidationErrors, TheTableHasMeanSizeMedianAndWorst) {
  const Validation made = made_validation({{.budget_share = 0.1, .predicted = 10.4},
                                           {.budget_share = 0.2, .predicted = 8.5},
                                           {.budget_share = 0.3, .predicted = 10.2},
                                           {.budget_share = 0.4, .predicted = 10.8}});
  const ErrorRow row = row_of(made, ValidationFigure::tokens_per_second, "megrez2-nano");
  EXPECT_EQ(row.cells, 4U);
  EXPECT_NEAR(row.mean, (0.04 - 0.15 + 0.02 + 0.08) / 4, 1e-6);
  EXPECT_NEAR(row.mean_size, (0.04 + 0.15 + 0.02 + 0.08) / 4, 1e-6);
  EXPECT_NEAR(row.median_size, 0.06, 1e-6);
  EXPECT_NEAR(row.worst, -0.15, 1e-6);
  EXPECT_EQ(row.worst_cell, 1U);
}

TEST(ValidationErrors, ModelsAreJudgedEachAlone_AndTogetherAtTheEnd) {
  const Validation made = made_validation(
      {{.model = "a", .predicted = 10.5}, {.model = "b", .predicted = 13}, {.model = "a", .lanes = 1}});
  EXPECT_THAT(models_of(made), ElementsAre("a", "b"));
  EXPECT_EQ(row_of(made, ValidationFigure::tokens_per_second, "a").cells, 2U);
  EXPECT_EQ(row_of(made, ValidationFigure::tokens_per_second, "").cells, 3U);
  EXPECT_TRUE(error_table(made).back().model.empty());
  const std::vector<ModelVerdict> verdicts = model_verdicts(made);
  ASSERT_EQ(verdicts.size(), 2U);
  EXPECT_TRUE(verdicts[0].met());
  EXPECT_FALSE(verdicts[1].met());
  EXPECT_FALSE(all_met(made));
}

TEST(ValidationErrors, TheTargetsAreAMedianOf10AndAWorstOf20Percent) {
  const auto verdict = [](std::vector<double> predicted) {
    std::vector<test::MadeCell> cells;
    for (const double p : predicted)
      cells.push_back({.budget_share = 0.1 * static_cast<double>(cells.size() + 1), .predicted = p});
    return model_verdicts(made_validation(cells)).front();
  };
  EXPECT_TRUE(verdict({10.9, 9.1, 8.1}).met());
  EXPECT_TRUE(verdict({10, 10, 12.1}).median_met());
  EXPECT_FALSE(verdict({10, 10, 12.1}).worst_met());
  EXPECT_FALSE(verdict({10, 10, 7.9}).worst_met()) << "below counts as above";
  EXPECT_FALSE(verdict({11.1, 8.9, 10}).median_met());
  EXPECT_TRUE(verdict({11.1, 8.9, 10}).worst_met());
}

TEST(ValidationErrors, AnUnequalCountIsNamedWithItsCellAndRepeat) {
  Validation made = made_validation({{.lanes = 1}, {.budget_share = 0.5}});
  made.cells[1].measured[2] = made_run({.misses = 401});
  const std::vector<CountDifference> differences = count_differences(made);
  std::vector<std::string> keys;
  for (const CountDifference& d : differences) {
    EXPECT_EQ(d.cell, 1U);
    EXPECT_EQ(d.repeat, 2U);
    if (d.decode) keys.emplace_back(d.count->key);
  }
  EXPECT_THAT(keys, ElementsAre("misses", "resident_hits", "loads", "bytes_read"));
  EXPECT_THAT(to_text(made, differences.back()),
              HasSubstr("megrez2-nano, budget 50 %, prefetch on, 4 lanes, lru: repeat 3 of 3: expected "
                        "840,000,000 bytes read in decode as predicted, found 841,200,000"));
  EXPECT_TRUE(counts_equal(made.cells[0]));
  EXPECT_FALSE(counts_equal(made.cells[1]));
  EXPECT_EQ(model_verdicts(made)[0].unequal, 1U);
  EXPECT_FALSE(model_verdicts(made)[0].met()) << "a count is no matter of noise";
}

TEST(ValidationErrors, EveryCountIsCompared) {
  using Change = void (*)(PhaseSummary&);
  const std::vector<std::pair<std::string, Change>> changes = {
      {"tokens", [](PhaseSummary& p) { ++p.tokens; }},
      {"lookups", [](PhaseSummary& p) { ++p.lookups; }},
      {"misses", [](PhaseSummary& p) { ++p.outcomes[3]; }},
      {"resident_hits", [](PhaseSummary& p) { ++p.outcomes[0]; }},
      {"prefetch_hits", [](PhaseSummary& p) { ++p.outcomes[1]; }},
      {"prefetch_hits", [](PhaseSummary& p) { ++p.outcomes[2]; }},
      {"loads", [](PhaseSummary& p) { ++p.loads; }},
      {"reloads", [](PhaseSummary& p) { ++p.reloads; }},
      {"evictions", [](PhaseSummary& p) { ++p.evictions; }},
      {"bytes_read", [](PhaseSummary& p) { p.bytes_read += Bytes(1); }}};
  for (const auto& [key, change] : changes) {
    for (PhaseSummary RunSummary::*phase : {&RunSummary::all, &RunSummary::decode}) {
      Validation made = made_validation({{}});
      change(made.cells[0].measured[1].*phase);
      const std::vector<CountDifference> found = count_differences(made);
      ASSERT_EQ(found.size(), 1U) << key;
      EXPECT_EQ(found[0].count->key, key);
      EXPECT_EQ(found[0].decode, phase == &RunSummary::decode);
    }
  }
}

TEST(ValidationErrors, OnlyDiskBoundCellsHaveAShareOfTheDisk) {
  Validation made = made_validation({{}, {.budget_share = 0.5}});
  for (RunSummary& run : made.cells[1].measured) run = made_run({.stall_share = 0.4});
  const std::vector<DiskShare> shares = disk_shares(made);
  ASSERT_EQ(shares.size(), 1U);
  EXPECT_EQ(shares[0].cell, 0U);
  EXPECT_NEAR(shares[0].stall_share, 0.6, 1e-6);
  // 700 experts of 1.2 MB in 1.6 s, of 600 MiB/s.
  EXPECT_NEAR(shares[0].measured, 840e6 / 1.6 / (600.0 * 1048576), 1e-6);
  made.head.plain_reads.clear();
  EXPECT_TRUE(disk_shares(made).empty());
}

TEST(ValidationErrors, TheShareOfTheDiskIsOfPlainReadsWithTheSameLanes) {
  Validation made = made_validation({{.lanes = 4}, {.lanes = 1}});
  made.head.plain_reads = {{.lanes = 1, .mib_s = 300}, {.lanes = 4, .mib_s = 900}};
  const std::vector<DiskShare> shares = disk_shares(made);
  ASSERT_EQ(shares.size(), 2U);
  EXPECT_NEAR(shares[0].measured, 840e6 / 1.6 / (900.0 * 1048576), 1e-6);
  EXPECT_NEAR(shares[1].measured, 840e6 / 1.6 / (300.0 * 1048576), 1e-6);
  EXPECT_NEAR(shares[1].predicted, 840e6 / 1.6 / (300.0 * 1048576), 1e-6);
}

TEST(ValidationErrors, TheTargetOfTheDiskIsForCellsWithPrefetch) {
  Validation made = made_validation({{.prefetch = false}});
  EXPECT_FALSE(disk_shares(made)[0].judged);
  EXPECT_FALSE(disk_met(disk_shares(made)).has_value()) << "nothing is judged";
  made = made_validation({{.prefetch = false}, {.prefetch = true}, {.prefetch = true, .lanes = 1}});
  const auto met = [&made](double one, double four) {
    made.head.plain_reads = {{.lanes = 1, .mib_s = one}, {.lanes = 4, .mib_s = four}};
    return disk_met(disk_shares(made));
  };
  // 840 MB in 1.6 s are 500.7 MiB/s.
  EXPECT_EQ(met(580, 580), true);
  EXPECT_EQ(met(600, 580), false) << "each cell has to reach it";
  EXPECT_EQ(met(580, 600), false);
}

}  // namespace
}  // namespace pregate
