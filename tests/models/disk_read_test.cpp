// SPDX-License-Identifier: Apache-2.0
// One read that the kernel answers in pieces, or not at all: what no disk of a test does on demand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "models/disk_reader_parts.hpp"
#include "tests/models/counting_file.hpp"

namespace pregate {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kBlock = static_cast<std::int64_t>(kDiskBlock);

class DiskReads : public testing::Test {
 protected:
  Memory memory_{4 * kDiskBlock};
  DiskRead read_{DiskRequest{.tag = 3, .offset = Bytes(8 * kBlock), .into = memory_.all}};
  DiskDone done() { return read_.take_done(); }
};

TEST_F(DiskReads, AnsweredInPieces_GoOnWhereThePieceEnded) {
  EXPECT_FALSE(read_.answered(kBlock, "f"));
  EXPECT_EQ(read_.rest().data(), memory_.all.data() + kDiskBlock);
  EXPECT_EQ(read_.rest_offset(), 9 * kDiskBlock);
  EXPECT_FALSE(read_.answered(2 * kBlock, "f"));
  EXPECT_EQ(read_.rest().size(), kDiskBlock);
  EXPECT_TRUE(read_.answered(kBlock, "f"));
  EXPECT_TRUE(done().status.ok());
}

TEST_F(DiskReads, APieceThatEndsWithinABlock_IsAskedForFromThatBlockOn) {
  EXPECT_FALSE(read_.answered(kBlock + 512, "f"));
  EXPECT_EQ(read_.rest_offset(), 9 * kDiskBlock);
  EXPECT_TRUE(read_.answered(3 * kBlock, "f"));
  EXPECT_TRUE(done().status.ok());
}

TEST_F(DiskReads, ABlockThatDoesNotComeWholeTwice_IsTheEndOfTheFile) {
  EXPECT_FALSE(read_.answered(kBlock + 512, "f"));
  EXPECT_TRUE(read_.answered(512, "f"));
  const DiskDone end = done();
  ASSERT_FALSE(end.status.ok());
  EXPECT_EQ(end.status.error().message(),
            "f: byte 32768: expected 16384 bytes, found a short read: the file ends after 4608 of them");
  EXPECT_EQ(end.status.error().kind, Error::Kind::bad_input);
}

TEST_F(DiskReads, Interrupted_AreAskedForAgainButNotForEver) {
  int answers = 0;
  while (!read_.answered(-EINTR, "f")) ASSERT_LT(++answers, 1000);
  EXPECT_GT(answers, 10);
  EXPECT_FALSE(done().status.ok());
}

TEST_F(DiskReads, ThatTheDiskFails_NameFileAndPlace) {
  EXPECT_TRUE(read_.answered(-EIO, "f"));
  const DiskDone end = done();
  ASSERT_FALSE(end.status.ok());
  EXPECT_EQ(end.status.error().message(),
            "f: byte 32768: expected to read 16384 bytes, found Input/output error");
  EXPECT_EQ(end.status.error().kind, Error::Kind::run_failed);
  EXPECT_EQ(end.tag, 3U);
}

}  // namespace
}  // namespace pregate
