// SPDX-License-Identifier: Apache-2.0
#include "traces/quantity.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "traces/base/random.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

using Kind = Quantity::Kind;

TEST(Quantity, Text_TellsItsKindAndItsNumber) {
  const struct {
    const char* text;
    Kind kind;
    double value;
    const char* canonical;
  } table[] = {
      {"4000MiB", Kind::bytes, 4000.0 * (1 << 20), "4000MiB"},
      {"4096MiB", Kind::bytes, 4294967296.0, "4GiB"},
      {"1.5GiB", Kind::bytes, 1610612736.0, "1536MiB"},
      {"2.5 GB", Kind::bytes, 2.5e9, "2500MB"},
      {"0MiB", Kind::bytes, 0, "0B"},
      {"2.58GB/s", Kind::bandwidth, 2.58e9, "2.58GB/s"},
      {"1810MiB/s", Kind::bandwidth, 1810.0 * (1 << 20), "1810MiB/s"},
      {"0.2ms", Kind::duration, 0.0002, "200us"},
      {"18.75ns", Kind::duration, 18.75e-9, "18.75ns"},
      {"0s", Kind::duration, 0, "0ps"},
      {"22.5TMAC/s", Kind::mac_rate, 22.5e12, "22.5TMAC/s"},
      {"0.50", Kind::number, 0.5, "0.5"},
      {"-0", Kind::number, 0, "0"},
      {"1e15", Kind::number, 1e15, "1000000000000000"},
      {"lru", Kind::text, 0, "lru"},
      {"", Kind::text, 0, ""},
      {"MiB", Kind::text, 0, "MiB"},
      {"nan", Kind::text, 0, "nan"},
      {"inf", Kind::text, 0, "inf"},
      {"../a.route", Kind::text, 0, "../a.route"},
      {"true", Kind::text, 0, "true"},
  };
  for (const auto& row : table) {
    const Quantity value = Quantity::parse(row.text);
    EXPECT_EQ(value.kind(), row.kind) << row.text;
    EXPECT_DOUBLE_EQ(value.value(), row.value) << row.text;
    EXPECT_EQ(value.text(), row.canonical) << row.text;
    EXPECT_EQ(value.is_text(), row.kind == Kind::text) << row.text;
  }
}

// A seed of 64 bits must reach the scenario as it was written; as a double it would be another one.
TEST(Quantity, WholeNumberThatNoDoubleIs_StaysAsItIsWritten) {
  for (const char* text : {"9007199254740993", "18446744073709551615"}) {
    const Quantity value = Quantity::parse(text);
    EXPECT_TRUE(value.is_text());
    EXPECT_EQ(value.text(), text);
  }
  EXPECT_EQ(Quantity::parse("9007199254740991").kind(), Kind::number);
  EXPECT_EQ(Quantity::parse("9007199254740991").text(), "9007199254740991");
}

void expect_fixed_point(const Quantity& value) {
  const Quantity again = Quantity::parse(value.text());
  EXPECT_EQ(again.text(), value.text());
  EXPECT_TRUE(again == value) << value.text();
  EXPECT_EQ(again.count(), value.count()) << value.text();
  EXPECT_EQ(again.value(), value.value()) << value.text();
}

TEST(Quantity, ParseOfText_IsExact_ForEveryCount) {
  Random random(7);
  for (const Kind kind : {Kind::bytes, Kind::bandwidth, Kind::duration, Kind::mac_rate}) {
    // Slower ones are refused as a mistaken unit.
    const std::int64_t least = kind == Kind::mac_rate ? 1'000'000 : kind == Kind::bandwidth ? 1'000 : 1;
    expect_fixed_point(Quantity::of_count(kind, least));
    expect_fixed_point(Quantity::of_count(kind, INT64_MAX - 8));
    for (int i = 0; i < 2000; ++i) {
      // Counts of every length, some of them round.
      std::int64_t count = static_cast<std::int64_t>(random.next() >> (1 + random.below(62))) + 1;
      if (random.chance(0.3)) count = std::max<std::int64_t>(1, count / 1'000'000) * 1'000;
      if (random.chance(0.3)) count &= ~std::int64_t{0x3ff};
      expect_fixed_point(Quantity::of_count(kind, std::max(least, count)));
    }
  }
}

TEST(Quantity, ParseOfText_IsExact_ForEveryNumber) {
  Random random(8);
  for (const double value : {0.0, 0.1, 1e-320, 1e300, 9007199254740992.0, 1e16, 123456.789, -2.5})
    expect_fixed_point(Quantity::of_number(value));
  for (int i = 0; i < 2000; ++i)
    expect_fixed_point(Quantity::of_number((random.unit() - 0.5) * static_cast<double>(random.next())));
}

TEST(Quantity, Order_IsByNumberWithinAKind_AndByKindBetween) {
  std::vector<Quantity> values;
  for (const char* text : {"pregate", "2GiB", "10", "1GB/s", "900MiB", "none", "9", "1ms", "2us"})
    values.push_back(Quantity::parse(text));
  std::sort(values.begin(), values.end());
  std::vector<std::string> texts;
  for (const Quantity& value : values) texts.push_back(value.text());
  EXPECT_EQ(texts, (std::vector<std::string>{"9", "10", "900MiB", "2GiB", "1GB/s", "2us", "1ms", "none",
                                             "pregate"}));
  EXPECT_TRUE(Quantity::parse("0.5") == Quantity::parse("0.50"));
  EXPECT_TRUE(Quantity::parse("1024MiB") == Quantity::parse("1GiB"));
  EXPECT_FALSE(Quantity::parse("1GiB") == Quantity::parse("1GiB/s"));
}

TEST(Quantity, Pretty_HasABlankBeforeItsUnit) {
  EXPECT_EQ(Quantity::parse("1024MiB").pretty(), "1 GiB");
  EXPECT_EQ(Quantity::parse("0.2ms").pretty(), "200 us");
  EXPECT_EQ(Quantity::parse("0.5").pretty(), "0.5");
  EXPECT_EQ(Quantity::parse("lru").pretty(), "lru");
  EXPECT_EQ(unit_of(Kind::bandwidth), "bytes/s");
  EXPECT_EQ(unit_of(Kind::text), "");
}

}  // namespace
}  // namespace pregate
