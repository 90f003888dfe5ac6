// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/sweep_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "tests/scene/sweep_documents.hpp"

namespace pregate {
namespace {

using fixtures::sweep_document_of;
using testing::HasSubstr;

constexpr std::int64_t kGiB = 1 << 30;

std::string good() {
  return sweep_document_of({{kGiB, "lru", 2.5}, {kGiB, "belady", 3.5}, {2 * kGiB, "lru", std::nullopt}});
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(SweepTable, HasColumnsOfNumbersAndWordsWithUnits) {
  const Result<SweepTable> table = parse_sweep(good());
  ASSERT_TRUE(table) << table.error().message();
  ASSERT_EQ(table->rows.size(), 3U);
  EXPECT_EQ(table->axes, 2U);
  EXPECT_EQ(table->failed(), 1U);
  const SweepColumn& budget = table->columns[0];
  EXPECT_EQ(budget.numbers[0], static_cast<double>(kGiB));
  EXPECT_EQ(budget.text(2), "2 GiB");
  EXPECT_EQ(budget.raw_text(2), "2147483648");
  const SweepColumn& eviction = table->columns[1];
  EXPECT_TRUE(eviction.is_words());
  EXPECT_EQ(eviction.text(1), "belady");
  const SweepColumn& speed = table->columns[*table->find("tokens_per_second")];
  EXPECT_EQ(speed.text(0), "2.50 tokens/s");
  EXPECT_EQ(speed.better, Better::more);
  EXPECT_TRUE(std::isnan(speed.numbers[2])) << "it failed";
  EXPECT_EQ(speed.text(2), "");
  EXPECT_EQ(table->rows[2].error, "a budget too small");
  EXPECT_EQ(table->columns[*table->find("hit_rate_decode")].text(0), "50.0 %");
  EXPECT_EQ(table->columns[*table->find("wall_s")].known, "measured");
  EXPECT_FALSE(table->find("version")) << "all rows have the same";
  EXPECT_THAT(table->varied_axes(), testing::ElementsAre(0U, 1U));
}

TEST(SweepTable, OfAMixOfNumbersAndWordsIsOneOfWords) {
  const std::string mixed =
      replaced(good(), "\"values\":[1073741824,\"lru\"]", "\"values\":[1073741824,0.5]");
  const Result<SweepTable> table = parse_sweep(mixed);
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ(table->columns[1].text(0), "0.5");
  EXPECT_EQ(table->columns[1].text(1), "belady");
}

TEST(SweepTable, CsvHasAllRowsAndQuotesWhatNeedsIt) {
  Result<SweepTable> table = parse_sweep(good());
  ASSERT_TRUE(table);
  table->rows[2].error = "a \"budget\", too small";
  const std::string csv = sweep_csv(*table, {2, 0});
  EXPECT_THAT(csv, HasSubstr("hash,status,error,dram.expert_budget,policy.eviction,tokens_per_second"));
  EXPECT_THAT(csv, HasSubstr("failed,\"a \"\"budget\"\", too small\",2147483648,lru,,"));
  EXPECT_THAT(csv, HasSubstr("done,,1073741824,lru,2.5,0.5,0.8,536870912,flash"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3);
}

struct Broken {
  const char* name;
  const char* from;
  const char* to;
  const char* complaint;
};

class BrokenSweep : public testing::TestWithParam<Broken> {};

TEST_P(BrokenSweep, IsRefusedWithItsPlace) {
  const Result<SweepTable> table = parse_sweep(replaced(good(), GetParam().from, GetParam().to));
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error().message(), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Each, BrokenSweep,
    testing::Values(
        Broken{"Syntax", "\"rows\": [", "\"rows\": [[", "byte "},
        Broken{"Format", "\"format\": 1", "\"format\": 2", "the document.format: expected 1, found 2"},
        Broken{"NoRows", "\"rows\"", "\"lines\"", "the document.rows: expected a list, found nothing"},
        Broken{"Kind", "\"kind\":\"bytes\"", "\"kind\":\"apples\"", "axes[0].kind"},
        Broken{"Factor", "\"factor\":100.0", "\"factor\":-1", "keys[1].factor: expected a number above 0"},
        Broken{"Decimals", "\"decimals\":1,", "\"decimals\":1e9,", "decimals"},
        Broken{"Better", "\"better\":\"more\"", "\"better\":\"red\"", "expected more, less or neither"},
        Broken{"Twice", "\"key\":\"hit_rate_decode\"", "\"key\":\"tokens_per_second\"",
               "\"tokens_per_second\" twice"},
        Broken{"Status", "\"status\":\"failed\"", "\"status\":\"lost\"", "rows[2].status"},
        Broken{"FewValues", "[1073741824,\"belady\"]", "[1073741824]", "rows[1].values: expected 2 values"},
        Broken{"List", "[1073741824,\"belady\"]", "[1073741824,[]]", "rows[1].values[1]"},
        Broken{"Summary", "[2.5,", "[", "rows[0].summary: expected 5 values, found 4"},
        Broken{"SummaryOfFailed", "\"summary\":[]", "\"summary\":[1]", "rows[2].summary: expected 0 values"}),
    [](const auto& each) { return each.param.name; });

TEST(SweepTable, CutAnywhereIsRefused) {
  const std::string whole = good();
  for (std::size_t length = 0; length + 2 < whole.size(); length += 7)
    EXPECT_FALSE(parse_sweep(std::string_view(whole).substr(0, length))) << length;
}

TEST(SweepTable, OfTenThousandRowsIsReadInASecond) {
  std::vector<fixtures::SweepPoint> points;
  for (std::int64_t i = 0; i < 10'000; ++i) points.push_back({kGiB + i, i % 2 == 0 ? "lru" : "belady", 1.0});
  const std::string text = sweep_document_of(points);
  const auto begin = std::chrono::steady_clock::now();
  const Result<SweepTable> table = parse_sweep(text);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(table);
  EXPECT_EQ(table->rows.size(), points.size());
  EXPECT_LT(took.count(), 1);
}

}  // namespace
}  // namespace pregate
