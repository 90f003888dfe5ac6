// SPDX-License-Identifier: Apache-2.0
#include "models/disk_reader.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "tests/models/counting_file.hpp"
#include "traces/base/random.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::uint32_t> tags(const std::vector<DiskDone>& done) {
  std::vector<std::uint32_t> out;
  for (const DiskDone& one : done) out.push_back(one.tag);
  return out;
}

class DiskReaders : public testing::TestWithParam<DiskReader::Engine> {
 protected:
  // Names of files: tests of the two engines run side by side.
  [[nodiscard]] static std::string name(const std::string& test) {
    return fmt::format("disk_reader_{}_{}", test, to_text(GetParam()));
  }
  static std::unique_ptr<DiskReader> open(const fs::path& path, DiskReader::Options options) {
    options.engine = GetParam();
    auto reader = DiskReader::open(path.string(), options);
    EXPECT_TRUE(reader.ok()) << reader.error().message();
    EXPECT_EQ((*reader)->engine(), GetParam());
    return std::move(*reader);
  }
  void SetUp() override {
    const CountingFile file(name("probe"), kDiskBlock);
    const auto reader = DiskReader::open(file.path.string(), {.lanes = 1, .engine = GetParam()});
    if (!reader) GTEST_SKIP() << "not to be had here: " << reader.error().message();
  }
};

struct RandomReads {
  std::int32_t lanes = 1;
  bool memory_is_known = true;
  int requests = 300;
};

// Checks bytes and order of times of random reads, with at most a few outstanding more than there are lanes.
void expect_random_reads(DiskReader& reader, std::span<std::byte> memory, std::size_t file_bytes,
                         const RandomReads& of) {
  constexpr std::size_t kSlot = 64 * 1024;
  const std::size_t slots = memory.size() / kSlot;
  Random random(static_cast<std::uint64_t>(of.lanes));
  std::vector<std::size_t> free;
  for (std::size_t i = 0; i < slots; ++i) free.push_back(i);
  struct Asked {
    std::size_t slot;
    DiskRequest request;
  };
  std::map<std::uint32_t, Asked> asked;
  std::vector<DiskDone> all;
  for (std::uint32_t tag = 0; all.size() < static_cast<std::size_t>(of.requests);) {
    while (!free.empty() && tag < static_cast<std::uint32_t>(of.requests)) {
      const std::size_t bytes = (1 + random.below(kSlot / kDiskBlock)) * kDiskBlock;
      const std::size_t offset = random.below((file_bytes - bytes) / kDiskBlock + 1) * kDiskBlock;
      const DiskRequest request = {.tag = tag,
                                   .offset = Bytes(static_cast<std::int64_t>(offset)),
                                   .into = memory.subspan(free.back() * kSlot, bytes),
                                   .purpose = static_cast<Purpose>(random.below(3))};
      asked[tag++] = {free.back(), request};
      free.pop_back();
      reader.submit(request);
    }
    std::vector<DiskDone> done;
    reader.wait(done);
    ASSERT_FALSE(done.empty());
    for (const DiskDone& one : done) {
      ASSERT_TRUE(one.status.ok()) << one.status.error().message();
      const Asked& was = asked.at(one.tag);
      ASSERT_TRUE(is_of_file(was.request.into, static_cast<std::uint64_t>(was.request.offset.count())));
      EXPECT_LE(one.handed, one.ended);
      free.push_back(was.slot);
      asked.erase(one.tag);
      all.push_back(one);
    }
  }
  // With the disk at any time: no more than lanes. Where one leaves as another comes, it leaves first.
  std::vector<std::pair<DiskDone::Clock::time_point, int>> changes;
  for (const DiskDone& one : all) {
    changes.emplace_back(one.handed, +1);
    changes.emplace_back(one.ended, -1);
  }
  std::sort(changes.begin(), changes.end());
  int now = 0, most = 0;
  for (const auto& [at, change] : changes) most = std::max(most, now += change);
  EXPECT_LE(most, of.lanes);
}

TEST_P(DiskReaders, AtRandomOffsets_BringTheFilesBytes_WithNoMoreThanLanesAtTheDisk) {
  constexpr std::size_t kFile = 4 * kMiB;
  const CountingFile file(name("random"), kFile);
  Memory memory(16 * 64 * 1024);
  for (const std::int32_t lanes : {1, 2, 3, 5, 8}) {
    const auto reader = open(file.path, {.lanes = lanes, .memory = memory.all});
    expect_random_reads(*reader, memory.all, kFile, {.lanes = lanes});
  }
}

TEST_P(DiskReaders, IntoMemoryThatWasNotNamed_BringTheSameBytes) {
  const CountingFile file(name("unnamed"), kMiB);
  Memory memory(8 * 64 * 1024), other(kMiB);
  const auto plain = open(file.path, {.lanes = 4});
  expect_random_reads(*plain, memory.all, kMiB, {.lanes = 4, .requests = 100});
  const auto elsewhere = open(file.path, {.lanes = 4, .memory = other.all});
  expect_random_reads(*elsewhere, memory.all, kMiB, {.lanes = 4, .requests = 100});
}

// Requests behind one that has the only lane: 0, of the whole file.
struct Behind {
  struct Request {
    std::uint32_t tag;
    Purpose purpose;
  };
  std::vector<Request> requests;
  std::vector<std::uint32_t> promoted;  // after all of them
  std::vector<Request> last;
};

// In what order they end. The disk may have read all of the file before the last was asked for, which says
// nothing: then once more.
std::vector<std::uint32_t> order_behind(DiskReader& reader, std::size_t file_bytes, const Behind& asked) {
  const Memory memory(file_bytes), small(16 * kDiskBlock);
  const auto submit = [&](const std::vector<Behind::Request>& requests) {
    for (const auto& [tag, purpose] : requests)
      reader.submit(
          {.tag = tag, .into = small.all.subspan(kDiskBlock * tag, kDiskBlock), .purpose = purpose});
  };
  for (int tries = 0; tries < 100; ++tries) {
    reader.submit({.tag = 0, .into = memory.all});
    submit(asked.requests);
    for (const std::uint32_t tag : asked.promoted) reader.promote(tag);
    submit(asked.last);
    const auto all_asked = DiskDone::Clock::now();
    const std::vector<DiskDone> done = wait_for(reader, 1 + asked.requests.size() + asked.last.size());
    if (done.front().tag != 0 || done.front().ended > all_asked) return tags(done);
  }
  return {};
}

TEST_P(DiskReaders, WithFullLanes_TakeDemandBeforeCommittedBeforeSpeculative) {
  const CountingFile file(name("order"), 16 * kMiB);
  const auto reader = open(file.path, {.lanes = 1});
  const Behind asked = {.requests = {{1, Purpose::speculative},
                                     {2, Purpose::committed},
                                     {3, Purpose::demand},
                                     {4, Purpose::committed},
                                     {5, Purpose::demand}},
                        .promoted = {},
                        .last = {}};
  EXPECT_THAT(order_behind(*reader, 16 * kMiB, asked), ElementsAre(0, 3, 5, 2, 4, 1));
}

TEST_P(DiskReaders, APromotedRequest_GoesBehindDemandAndBeforeTheRest) {
  const CountingFile file(name("promote"), 16 * kMiB);
  const auto reader = open(file.path, {.lanes = 1});
  const Behind asked = {.requests = {{1, Purpose::committed},
                                     {2, Purpose::speculative},
                                     {3, Purpose::speculative},
                                     {4, Purpose::demand}},
                        .promoted = {3, 0, 99},  // 0 is with the disk, 99 unknown
                        .last = {{5, Purpose::demand}}};
  EXPECT_THAT(order_behind(*reader, 16 * kMiB, asked), ElementsAre(0, 4, 3, 5, 1, 2));
}

TEST_P(DiskReaders, AReadOverTheEndOfTheFile_IsAShortReadThatNamesItsPlace) {
  const CountingFile file(name("end"), kMiB);
  Memory memory(4 * kDiskBlock);
  const auto reader = open(file.path, {.lanes = 2, .memory = memory.all});
  // Cut behind the reader's back: one block whole, and a part of the next.
  fs::resize_file(file.path, 5 * kDiskBlock + 1000);
  const auto end_of = [&](std::int64_t block) {
    reader->submit(
        {.tag = 7, .offset = Bytes(static_cast<std::int64_t>(kDiskBlock) * block), .into = memory.all});
    return wait_for(*reader, 1).at(0);
  };
  EXPECT_TRUE(end_of(1).status.ok());
  const DiskDone part = end_of(4);
  ASSERT_FALSE(part.status.ok());
  EXPECT_EQ(part.status.error().message(),
            fmt::format(
                "{}: byte 16384: expected 16384 bytes, found a short read: the file ends after 5096 of them",
                file.path.string()));
  const DiskDone nothing = end_of(100);
  ASSERT_FALSE(nothing.status.ok());
  EXPECT_THAT(nothing.status.error().message(),
              HasSubstr("byte 409600: expected 16384 bytes, found a short read"));
  EXPECT_TRUE(end_of(0).status.ok()) << "the reader goes on";
}

TEST_P(DiskReaders, WithNothingOutstanding_WaitReturns) {
  const CountingFile file(name("nothing"), kMiB);
  const auto reader = open(file.path, {.lanes = 2});
  std::vector<DiskDone> done;
  reader->wait(done);
  reader->poll(done);
  EXPECT_TRUE(done.empty());
}

TEST_P(DiskReaders, DestroyedWithRequestsOutstanding_EndAfterThoseAtTheDisk) {
  const CountingFile file(name("destroyed"), 4 * kMiB);
  Memory memory(64 * 64 * 1024);
  for (int round = 0; round < 20; ++round) {
    const auto reader = open(file.path, {.lanes = 3, .memory = memory.all});
    for (std::uint32_t tag = 0; tag < 64; ++tag) {
      reader->submit({.tag = tag,
                      .offset = Bytes(std::int64_t{65536} * tag),
                      .into = memory.all.subspan(65536 * tag, 65536),
                      .purpose = Purpose::speculative});
    }
  }
}

TEST_P(DiskReaders, WhileOneThreadWaits_AnotherMaySubmit) {
  constexpr std::uint32_t kRequests = 400;
  const CountingFile file(name("threads"), kRequests * kDiskBlock);
  Memory memory(kRequests * kDiskBlock);
  const auto reader = open(file.path, {.lanes = 4, .memory = memory.all});
  const auto submit = [&](std::uint32_t tag) {
    reader->submit({.tag = tag,
                    .offset = Bytes(static_cast<std::int64_t>(kDiskBlock * tag)),
                    .into = memory.all.subspan(kDiskBlock * tag, kDiskBlock)});
  };
  submit(0);
  std::thread other([&] {
    for (std::uint32_t tag = 1; tag < kRequests; ++tag) submit(tag);
  });
  std::vector<DiskDone> done;
  while (done.size() < kRequests) reader->wait(done);
  other.join();
  EXPECT_EQ(done.size(), kRequests);
  EXPECT_TRUE(is_of_file(memory.all, 0));
}

// The kernel drops what a task that ends has submitted and not begun; the reader asks for it again.
TEST_P(DiskReaders, WhatAThreadSubmittedThatIsNoMore_ComesAllTheSame) {
  const CountingFile file(name("gone"), 4 * kMiB);
  Memory memory(4 * kMiB);
  const auto reader = open(file.path, {.lanes = 8, .memory = memory.all});
  std::thread([&] {
    for (std::uint32_t tag = 0; tag < 64; ++tag) {
      reader->submit({.tag = tag,
                      .offset = Bytes(std::int64_t{65536} * tag),
                      .into = memory.all.subspan(65536 * tag, 65536)});
    }
  }).join();
  for (const DiskDone& one : wait_for(*reader, 64))
    EXPECT_TRUE(one.status.ok()) << one.status.error().message();
  EXPECT_TRUE(is_of_file(memory.all, 0));
}

std::string name_of_engine(const testing::TestParamInfo<DiskReader::Engine>& engine) {
  return engine.param == DiskReader::Engine::uring ? "Uring" : "Threads";
}
INSTANTIATE_TEST_SUITE_P(Engines, DiskReaders,
                         testing::Values(DiskReader::Engine::uring, DiskReader::Engine::threads),
                         name_of_engine);

}  // namespace
}  // namespace pregate
