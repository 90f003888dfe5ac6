// SPDX-License-Identifier: Apache-2.0
// What DiskReader refuses to open, and the reader of the tests that does wrong on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/models/counting_file.hpp"
#include "tests/models/faulty_reader.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& path, const DiskReader::Options& options = {}) {
  const auto reader = DiskReader::open(path, options);
  return reader ? "opened" : reader.error().message();
}

TEST(DiskReader, AFileSystemThatCannotBypassThePageCache_IsRefusedByName) {
  EXPECT_EQ(refusal("/proc/version"),
            "/proc/version: expected a file system that can be read past the page cache (O_DIRECT), found a "
            "file system that refuses it (proc)");
}

TEST(DiskReader, OnTmpfs_IsRefusedWhereTheKernelRefuses) {
  const fs::path path = "/dev/shm/pregate_disk_reader_refused";
  std::ofstream(path) << std::string(kDiskBlock, 'x');
  if (!fs::exists(path)) GTEST_SKIP() << "no /dev/shm here";
  const std::string shm = refusal(path.string());
  fs::remove(path);
  if (shm == "opened") GTEST_SKIP() << "this kernel's tmpfs takes O_DIRECT (Linux 6.6 and later)";
  EXPECT_THAT(shm, HasSubstr("(tmpfs)"));
}

TEST(DiskReader, WhatIsNoFile_IsRefused) {
  EXPECT_EQ(refusal("/nowhere/at/all"), "/nowhere/at/all: expected a file, found No such file or directory");
  EXPECT_THAT(refusal(testing::TempDir()), HasSubstr("expected a file or a block device, found a folder"));
}

TEST(DiskReader, LanesThatMakeNoSense_AreRefused) {
  const CountingFile file("disk_reader_lanes", kDiskBlock);
  EXPECT_THAT(refusal(file.path.string(), {.lanes = 0}), HasSubstr("expected 1..256 lanes, found 0"));
  EXPECT_THAT(refusal(file.path.string(), {.lanes = 257}), HasSubstr("found 257"));
}

TEST(FaultyReader, DoesWrongWhatItIsTold_AndNothingElse) {
  const CountingFile file("faulty_reader", kMiB);
  Memory memory(5 * kDiskBlock);
  auto real = DiskReader::open(file.path.string(), {.lanes = 1});
  ASSERT_TRUE(real.ok()) << real.error().message();
  FaultyReader reader(std::move(*real),
                      {{.request = 0, .what = Fault::delay, .by = std::chrono::milliseconds(20)},
                       {.request = 1, .what = Fault::error},
                       {.request = 2, .what = Fault::short_read},
                       {.request = 3, .what = Fault::flipped_bit}});
  for (std::uint32_t tag = 0; tag < 5; ++tag) {
    reader.submit({.tag = tag,
                   .offset = Bytes(static_cast<std::int64_t>(kDiskBlock) * tag),
                   .into = memory.all.subspan(kDiskBlock * tag, kDiskBlock)});
  }
  std::map<std::uint32_t, std::string> ends;
  for (const DiskDone& one : wait_for(reader, 5))
    ends[one.tag] = one.status ? "" : one.status.error().message();
  EXPECT_THAT(ends, ElementsAre(testing::Pair(0, ""), testing::Pair(1, HasSubstr("Input/output error")),
                                testing::Pair(2, HasSubstr("short read: 2048")), testing::Pair(3, ""),
                                testing::Pair(4, "")));
  EXPECT_FALSE(is_of_file(memory.all.subspan(3 * kDiskBlock, kDiskBlock), 3 * kDiskBlock));
  EXPECT_TRUE(is_of_file(memory.all.subspan(4 * kDiskBlock), 4 * kDiskBlock));
}

}  // namespace
}  // namespace pregate
