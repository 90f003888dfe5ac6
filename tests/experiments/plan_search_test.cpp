// SPDX-License-Identifier: Apache-2.0
#include "experiments/plan/search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "traces/base/random.hpp"

namespace pregate {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// Scores from a table; notes that no candidate is asked for twice.
class Table {
 public:
  explicit Table(std::vector<double> scores) : scores_(std::move(scores)) {}
  [[nodiscard]] SearchResult search(const SearchOptions& options = {}) {
    const auto result = find_first(
        scores_.size(),
        [this](const std::vector<std::size_t>& looks) {
          std::vector<double> out;
          for (const std::size_t look : looks) {
            EXPECT_TRUE(asked_.insert(look).second) << "candidate " << look << " a second time";
            out.push_back(scores_[look]);
          }
          return Result<std::vector<double>>(out);
        },
        options);
    EXPECT_TRUE(result.ok());
    return *result;
  }
  [[nodiscard]] std::optional<std::size_t> brute() const {
    for (std::size_t i = 0; i < scores_.size(); ++i) {
      if (scores_[i] <= 0) return i;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::size_t looks() const { return asked_.size(); }

 private:
  std::vector<double> scores_;
  std::set<std::size_t> asked_;
};

std::vector<double> falling_to(std::size_t count, std::size_t first) {
  std::vector<double> scores;
  for (std::size_t i = 0; i < count; ++i)
    scores.push_back((static_cast<double>(first) - static_cast<double>(i)) / static_cast<double>(count));
  return scores;
}

TEST(PlanSearch, OfAMonotoneScore_EveryAnswerIsFoundExactly) {
  for (std::size_t first = 0; first < 200; ++first) {
    Table table(falling_to(200, first));
    const SearchResult result = table.search();
    ASSERT_EQ(result.first, first);
    EXPECT_TRUE(result.monotone);
    EXPECT_LT(table.looks(), 80U) << first;
  }
}

TEST(PlanSearch, TheCandidateBeforeTheAnswer_WasLookedAt) {
  Random random(7);
  for (int world = 0; world < 200; ++world) {
    std::vector<double> scores;
    for (int i = 0; i < 150; ++i) scores.push_back(random.unit() - 0.05);
    Table table(scores);
    const SearchResult result = table.search();
    if (!result.first || *result.first == 0) continue;
    EXPECT_TRUE(result.seen.contains(*result.first - 1));
    EXPECT_GT(result.seen.at(*result.first - 1), 0);
  }
}

TEST(PlanSearch, NothingReaches_SaysSoAndCountsWhatItDidNotSee) {
  Table table(std::vector<double>(100, 0.5));
  const SearchResult result = table.search();
  EXPECT_FALSE(result.first.has_value());
  EXPECT_EQ(result.seen.size() + result.unseen, 100U);
}

TEST(PlanSearch, OneCandidateOrNone_IsNoTrouble) {
  EXPECT_EQ(Table({-1}).search().first, 0U);
  EXPECT_FALSE(Table({1}).search().first.has_value());
  EXPECT_FALSE(Table({}).search().first.has_value());
}

// A dip of the size that the score moves around it, between looks: a bisection would walk past it.
TEST(PlanSearch, AnAnswerBelowTheBracket_IsFoundWhereTheScoreMovesThatMuch) {
  std::vector<double> scores = falling_to(257, 200);
  for (double& score : scores) score += 0.02;
  for (std::size_t i = 150; i < 156; ++i)
    scores[i] = -0.001;  // the score around here is 0.2, a step of 16 is 0.06
  for (std::size_t i = 140; i < 166; ++i) scores[i] = std::min(scores[i], 0.05);
  Table table(scores);
  const SearchResult result = table.search();
  EXPECT_EQ(result.first, table.brute());
  EXPECT_FALSE(result.monotone);
}

TEST(PlanSearch, WobblingScores_AreSearchedLikeAFineGrid) {
  Random random(11);
  int found = 0;
  for (int world = 0; world < 300; ++world) {
    std::vector<double> scores = falling_to(256, 40 + random.below(200));
    for (double& score : scores) score += (random.unit() - 0.5) * 0.01;  // two steps of noise
    Table table(scores);
    found += table.search().first == table.brute() ? 1 : 0;
  }
  EXPECT_GE(found,
            285);  // what neighbours that fall short by more than they differ may hide is told, not found
}

TEST(PlanSearch, LookingAtAll_MissesNothing) {
  Random random(13);
  for (int world = 0; world < 100; ++world) {
    std::vector<double> scores;
    for (int i = 0; i < 60; ++i) scores.push_back(random.unit() - 0.03);
    Table table(scores);
    const SearchResult result = table.search({.all = true});
    EXPECT_EQ(result.first, table.brute());
    EXPECT_EQ(result.unseen, 0U);
  }
}

TEST(PlanSearch, CandidatesThatAreNoScenario_AreSteppedOver) {
  std::vector<double> scores = falling_to(100, 60);
  for (std::size_t i = 0; i < 37; ++i) scores[i] = kNever;
  Table table(scores);
  EXPECT_EQ(table.search().first, 60U);
}

TEST(PlanSearch, AnErrorOfTheScorer_IsPassedOn) {
  const auto result = find_first(10, [](const std::vector<std::size_t>&) {
    return Result<std::vector<double>>(bad_input("a world", "none"));
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().found, "none");
}

}  // namespace
}  // namespace pregate
