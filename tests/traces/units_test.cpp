// SPDX-License-Identifier: Apache-2.0
#include "traces/base/units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregate {
namespace {

using testing::HasSubstr;

std::int64_t bytes(std::string_view text) {
  const auto parsed = parse_bytes(text);
  return parsed ? parsed->count() : -1;
}
std::int64_t rate(std::string_view text) {
  const auto parsed = parse_bandwidth(text);
  return parsed ? parsed->count() : -1;
}
std::int64_t picoseconds(std::string_view text) {
  const auto parsed = parse_duration(text);
  return parsed ? parsed->count_ps() : -1;
}
std::int64_t macs(std::string_view text) {
  const auto parsed = parse_mac_rate(text);
  return parsed ? parsed->count() : -1;
}

TEST(Units, GigabytesAndGibibytes_Differ) {
  EXPECT_EQ(bytes("1GB"), 1'000'000'000);
  EXPECT_EQ(bytes("1GiB"), 1'073'741'824);
  EXPECT_EQ(rate("2GB/s"), 2'000'000'000);
  EXPECT_EQ(rate("2GiB/s"), 2'147'483'648);
}

TEST(Units, EveryByteUnit_HasItsSize) {
  EXPECT_EQ(bytes("512"), 512);
  EXPECT_EQ(bytes("512B"), 512);
  EXPECT_EQ(bytes("3kB"), 3'000);
  EXPECT_EQ(bytes("3KB"), 3'000);
  EXPECT_EQ(bytes("3KiB"), 3'072);
  EXPECT_EQ(bytes("3MB"), 3'000'000);
  EXPECT_EQ(bytes("4000MiB"), 4'194'304'000);
  EXPECT_EQ(bytes("1TB"), 1'000'000'000'000);
  EXPECT_EQ(bytes("1TiB"), 1'099'511'627'776);
}

TEST(Units, AFractionAndABlank_AreAllowed) {
  EXPECT_EQ(bytes("2.5 GiB"), 2'684'354'560);
  EXPECT_EQ(bytes("2.5GB"), 2'500'000'000);
  EXPECT_EQ(bytes(".5KiB"), 512);
  EXPECT_EQ(picoseconds("18.75ns"), 18'750);
  EXPECT_EQ(macs("22.5TMAC/s"), 22'500'000'000'000);
}

TEST(Units, AFractionOfTheSmallestUnit_RoundsToTheNearest) {
  EXPECT_EQ(bytes("0.5B"), 1);
  EXPECT_EQ(bytes("0.4B"), 0);
  EXPECT_EQ(bytes("1.5B"), 2);
  EXPECT_EQ(picoseconds("0.0004ns"), 0);
  EXPECT_EQ(picoseconds("0.0005ns"), 1);
}

TEST(Units, TwoOperations_AreOneMac) {
  EXPECT_EQ(macs("45TOPS"), macs("22.5TMAC/s"));
  EXPECT_EQ(macs("60.5TOPS"), 30'250'000'000'000);
}

TEST(Units, ZeroTime_NeedsNoUnit) {
  EXPECT_EQ(picoseconds("0"), 0);
  EXPECT_EQ(picoseconds("1"), -1);
}

TEST(Units, TextThatIsNoQuantity_IsRefused) {
  for (const std::string_view text :
       {"",     " ",     "4 GX", "1e999", "1e3MB", "-1GB",   "+1GB",  "nan",
        "NaN",  "inf",   "GB",   ".",     ".GB",   "1..5GB", "1,5GB", "1GB ",
        " 1GB", "1GB x", "1 gb", "1gB",   "0x10",  "1\tGB",  "1GB/s", "\xC2\xBD GB"}) {
    EXPECT_FALSE(parse_bytes(text)) << '"' << text << '"';
    EXPECT_FALSE(parse_duration(text)) << '"' << text << '"';
    EXPECT_FALSE(parse_mac_rate(text)) << '"' << text << '"';
  }
  for (const std::string_view text : {"", "4GX", "4GB", "-4GB/s", "nanGB/s", "1e9B/s", "4 GB /s", "4GB/h"}) {
    EXPECT_FALSE(parse_bandwidth(text)) << '"' << text << '"';
  }
  EXPECT_FALSE(parse_bytes(std::string_view("1GB\0", 4)));
}

TEST(Units, AnOverflow_IsRefused) {
  EXPECT_EQ(bytes("9223372036854775799"), INT64_MAX - 8);
  for (const std::string_view text : {"9223372036854775808", "9999999999999999999GB", "9300000000GB",
                                      "99999999999999999999999999999999999999999", "8388608TiB"}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
  EXPECT_FALSE(parse_duration("9300000s"));
  EXPECT_EQ(picoseconds("9200000s"), 9'200'000'000'000'000'000);
}

TEST(Units, ARateNearZero_IsRefused) {
  EXPECT_FALSE(parse_bandwidth("0GB/s"));
  EXPECT_FALSE(parse_bandwidth("999B/s"));
  EXPECT_EQ(rate("1kB/s"), 1000);
  EXPECT_FALSE(parse_mac_rate("0TMAC/s"));
  EXPECT_FALSE(parse_mac_rate("0.9MMAC/s"));
  EXPECT_EQ(macs("1MMAC/s"), 1'000'000);
}

TEST(Units, AnError_SaysWhatWasExpectedAndFound) {
  const Error error = parse_bytes("4 GX").error();
  EXPECT_EQ(error.kind, Error::Kind::bad_input);
  EXPECT_THAT(error.expected, HasSubstr("4000MiB"));
  EXPECT_EQ(error.found, "\"4 GX\"");
}

TEST(Units, BytesOverBandwidth_RoundsUp) {
  EXPECT_EQ((Bytes(3) / Bandwidth::bytes_per_second(3)).count_ps(), 1'000'000'000'000);
  EXPECT_EQ((Bytes(1) / Bandwidth::bytes_per_second(3)).count_ps(), 333'333'333'334);
  EXPECT_EQ((Bytes(0) / Bandwidth::bytes_per_second(3)).count_ps(), 0);
  EXPECT_EQ((Macs(1) / MacRate::per_second(3)).count_ps(), 333'333'333'334);
  // 64 GiB x 10^12 is far beyond 64 bits.
  EXPECT_EQ((Bytes::gib(64) / Bandwidth::bytes_per_second(1 << 30)).count_ps(), 64'000'000'000'000);
}

TEST(UnitsDeathTest, DivisionByNoBandwidth_StopsTheProgram) {
  EXPECT_DEATH((void)(Bytes(1) / Bandwidth()), "internal error");
  EXPECT_DEATH((void)(Bytes::gib(1 << 20) / Bandwidth::bytes_per_second(1)), "63 bits");
}

TEST(Units, TextForPeople_HasThreeDigitsAndAUnit) {
  EXPECT_EQ(to_text(Bytes::mib(4000)), "3.91 GiB");
  EXPECT_EQ(to_text(Bytes::mib(156)), "156 MiB");
  EXPECT_EQ(to_text(Bytes(0)), "0 B");
  EXPECT_EQ(to_text(Duration::us(3260)), "3.26 ms");
  EXPECT_EQ(to_text(Duration::ps(-1500)), "-1.50 ns");
  EXPECT_EQ(to_text(SimTime::at_ps(2'000'000'000'000)), "2 s");
  EXPECT_EQ(to_text(Bandwidth::bytes_per_second(2'579'496'960)), "2.58 GB/s");
  EXPECT_EQ(to_text(MacRate::per_second(23'090'000'000)), "23.1 GMAC/s");
  EXPECT_EQ(to_text(Macs(8'650'752)), "8.65 MMAC");
}

}  // namespace
}  // namespace pregate
