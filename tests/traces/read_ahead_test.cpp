// SPDX-License-Identifier: Apache-2.0
#include "traces/read_ahead.hpp"

#include <gtest/gtest.h>

namespace pregate {
namespace {

// A stream of the words, after its magic one.
std::string stream_of(const std::vector<std::string>& words) {
  std::string plain;
  append_record(plain, "magic");
  for (const std::string& word : words) append_record(plain, word);
  return compress_stream(plain);
}

bool is_end(std::string_view record) {
  return record == "end";
}

std::vector<std::string> many(std::size_t count) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < count; ++i) words.push_back("record " + std::to_string(i));
  words.emplace_back("end");
  return words;
}

TEST(ReadAhead, GivesTheRecordsInOrderAndThenTheStream) {
  const auto words = many(100);
  const std::string bytes = stream_of(words);
  auto in = RecordReader::from_bytes(bytes, "test", "magic");
  ASSERT_TRUE(in.ok());
  ReadAhead ahead(**in, is_end);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto record = ahead.next();
    ASSERT_TRUE(record.ok());
    EXPECT_EQ(*record, words[i]);
    EXPECT_EQ(ahead.place(), "record " + std::to_string(i + 1));
  }
  EXPECT_TRUE(ahead.finish().ok());
  EXPECT_TRUE((*in)->expect_end().ok());
}

TEST(ReadAhead, GivesTheStreamsErrorAtItsPlace) {
  std::string bytes = stream_of(many(20'000));
  bytes.resize(bytes.size() / 3 * 2);
  auto in = RecordReader::from_bytes(bytes, "test", "magic");
  ASSERT_TRUE(in.ok());
  std::string expected;
  {
    auto alone = RecordReader::from_bytes(bytes, "test", "magic");
    auto record = (*alone)->next();
    while (record.ok()) record = (*alone)->next();
    expected = record.error().message();
  }
  ReadAhead ahead(**in, [](std::string_view) { return false; });
  auto record = ahead.next();
  while (record.ok()) record = ahead.next();
  EXPECT_EQ(record.error().message(), expected);
}

TEST(ReadAhead, CanBeLeftAtAnyTime) {
  const std::string bytes = stream_of(many(500));
  for (std::size_t taken = 0; taken < 20; ++taken) {
    auto in = RecordReader::from_bytes(bytes, "test", "magic");
    ReadAhead ahead(**in, is_end);
    for (std::size_t i = 0; i < taken; ++i) ASSERT_TRUE(ahead.next().ok());
  }
}

TEST(ReadAhead, SaysThatMoreFollowsWhatTheUserTookForTheLast) {
  const std::string bytes = stream_of(many(3));
  auto in = RecordReader::from_bytes(bytes, "test", "magic");
  ReadAhead ahead(**in, is_end);
  ASSERT_TRUE(ahead.next().ok());
  EXPECT_FALSE(ahead.finish().ok());
}

}  // namespace
}  // namespace pregate
