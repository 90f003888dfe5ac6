// SPDX-License-Identifier: Apache-2.0
#include "traces/record_stream.hpp"

#include <gmock/gmock.h>

#include "tests/traces/trace_fixtures.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

using fixtures::expect_message;

TEST(RecordStream, RecordsOfAllSizes_ComeBackAsTheyWere) {
  const fixtures::TempFolder folder;
  Random random(1);
  std::vector<std::string> records;
  for (const std::size_t size : {0, 1, 127, 128, 16'383, 16'384, 65'535, 65'536, 65'537, 3'000'000}) {
    std::string record(size, '\0');
    for (char& c : record) c = static_cast<char>(random.next());
    records.push_back(record);
  }
  auto writer = RecordWriter::create(folder.file("a"), "magic");
  ASSERT_TRUE(writer.ok());
  for (const std::string& record : records) ASSERT_TRUE((*writer)->write(record).ok());
  ASSERT_TRUE((*writer)->finish().ok());
  EXPECT_THAT(folder.names(), testing::ElementsAre("a"));
  auto reader = RecordReader::open(folder.file("a"), "magic");
  ASSERT_TRUE(reader.ok()) << reader.error().message();
  for (const std::string& record : records) {
    const auto read = (*reader)->next();
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_TRUE(*read == record) << record.size();
  }
  EXPECT_EQ((*reader)->place(), "record 10");
  EXPECT_TRUE((*reader)->expect_end().ok());
}

TEST(RecordStream, WrittenToAFileOrPackedInMemory_TheBytesAreTheSame) {
  const fixtures::TempFolder folder;
  auto writer = RecordWriter::create(folder.file("a"), "magic");
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->write("hello").ok());
  ASSERT_TRUE((*writer)->finish().ok());
  std::string plain;
  append_record(plain, "magic");
  append_record(plain, "hello");
  EXPECT_EQ(fixtures::slurp(folder.file("a")), compress_stream(plain));
  EXPECT_TRUE(compress_stream(plain).starts_with(kGzipHeader));
  EXPECT_EQ(*decompress_stream(compress_stream(plain), "a"), plain);
}

TEST(RecordStream, ARecordAboveTheLimit_IsNotWritten) {
  const fixtures::TempFolder folder;
  auto writer = RecordWriter::create(folder.file("a"), "magic");
  ASSERT_TRUE(writer.ok());
  const Status written = (*writer)->write(std::string(static_cast<std::size_t>(kMaxRecord) + 1, 'x'));
  ASSERT_FALSE(written.ok());
  expect_message(written.error(),
                 {"a", "expected records of at most 67108864 bytes", "found one of 67108865 bytes"});
  EXPECT_FALSE((*writer)->finish().ok()) << "A failure stays.";
  EXPECT_THAT(folder.names(), testing::IsEmpty());
}

TEST(RecordStream, ABombOfZeros_IsRefusedByItsLength) {
  std::string plain;
  append_record(plain, "magic");
  plain += "\x80\x80\x80\x80\x01";  // 256 MiB follow, it says
  plain.append(10'000'000, '\0');
  const std::string packed = compress_stream(plain);
  auto reader = RecordReader::from_bytes(packed, "bomb", "magic");
  ASSERT_TRUE(reader.ok());
  const auto read = (*reader)->next();
  ASSERT_FALSE(read.ok());
  expect_message(read.error(), {"bomb", "record 1", "expected a record of at most 67108864 bytes",
                                "found 268435456 bytes"});
}

TEST(RecordStream, ALengthThatNeverEnds_IsRefused) {
  std::string plain;
  append_record(plain, "magic");
  plain += std::string(10, '\xff');
  const std::string packed = compress_stream(plain);
  auto reader = RecordReader::from_bytes(packed, "odd", "magic");
  ASSERT_TRUE(reader.ok());
  const auto read = (*reader)->next();
  ASSERT_FALSE(read.ok());
  expect_message(read.error(),
                 {"odd", "record 1", "expected a record of at most", "a length of more than 5 bytes"});
}

TEST(InputText, OnlyWellFormedUtf8_IsUtf8) {
  const std::vector<std::string> good = {"",           "plain",        "\u00e9",          "\u2713",
                                         "\U0001F600", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"};
  for (const std::string& text : good) EXPECT_FALSE(find_non_utf8(text).has_value()) << text;
  const std::vector<std::pair<std::string, std::size_t>> bad = {{"\xff", 0},
                                                                {"ab\x80", 2},
                                                                {"\xc0\x80", 0},
                                                                {"\xc1\xbf", 0},
                                                                {"\xe0\x80\x80", 0},
                                                                {"a\xed\xa0\x80", 1},
                                                                {"\xf4\x90\x80\x80", 0},
                                                                {"\xe2\x9c", 0},
                                                                {"\xf0\x80\x80\x80", 0},
                                                                {"\xf5\x80\x80\x80", 0},
                                                                {"\xc3\x28", 0},
                                                                {"\xf0\x9f\x98", 0}};
  for (const auto& [text, at] : bad) EXPECT_EQ(find_non_utf8(text), at) << pregate::quoted(text);
}

TEST(InputText, WhatAnErrorShows_IsShortAndPrintable) {
  EXPECT_EQ(pregate::quoted("a\x01\xff\u2713"), "\"a\\x01\\xff\u2713\"");
  EXPECT_EQ(pregate::quoted(std::string(100, 'x')), "\"" + std::string(60, 'x') + "...\"");
}

TEST(InputText, Lines_ComeWithTheirNumbersAndWithoutTheirEnds) {
  std::istringstream in("one\ntwo\r\n\nlast");
  LineReader lines(in, "f");
  for (const std::string expected : {"one", "two", "", "last"}) {
    const auto line = lines.next();
    ASSERT_TRUE(line.ok() && line->has_value());
    EXPECT_EQ(**line, expected);
  }
  EXPECT_EQ(lines.number(), 4);
  EXPECT_FALSE(lines.next()->has_value());
}

TEST(InputText, AnAlreadyOpenedDirectory_IsAnErrorAndNoException) {
  std::ifstream in("/", std::ios::binary);
  LineReader lines(in, "/");
  const auto line = lines.next();
  ASSERT_FALSE(line.ok());
  EXPECT_EQ(line.error().kind, Error::Kind::run_failed);
}

}  // namespace
}  // namespace pregate
