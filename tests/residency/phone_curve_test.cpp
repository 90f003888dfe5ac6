// SPDX-License-Identifier: Apache-2.0
// The hit curve of a phone's trace against an independent replay of the same trace (see the trace's README).
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "tests/residency/worlds.hpp"
#include "traces/import.hpp"

namespace pregate {
namespace {

using testing_worlds::World;

const std::string kPhone = PREGATE_SHARED_DIR "/traces/phone/";

struct Row {
  Bytes budget;
  std::string policy;
  double hit_percent = 0, hit_percent_decode = 0, read_mib = 0;
};

std::vector<Row> reference_rows() {
  std::ifstream in(kPhone + "qwen3-30b-a3b.hit-curve.csv");
  std::vector<Row> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream fields(line);
    Row row;
    std::int64_t mib = 0;
    fields >> mib >> row.policy >> row.hit_percent >> row.hit_percent_decode >> row.read_mib;
    row.budget = Bytes::mib(mib);
    rows.push_back(row);
  }
  return rows;
}

World phone_world() {
  Result<RouteTrace> trace = load_trace(kPhone + "qwen3-30b-a3b.route.csv");
  check(trace.ok(), trace.ok() ? "" : trace.error().message());
  const ExpertTable table(trace->header.model);
  EventSequence sequence(*trace, table);
  return {trace->header.model, std::move(sequence)};
}

struct Reference {
  EvictionKind kind;
  double points = 0;        // tolerance of hit rates, percentage points
  double read_percent = 0;  // tolerance of bytes read
};
const std::map<std::string, Reference> kReferences = {
    {"lru", {EvictionKind::lru, 0.1, 0.5}},
    {"lfu", {EvictionKind::lfu, 0.3, 0.5}},
    {"belady", {EvictionKind::belady, 0.3, 0.5}},
    {"layer", {EvictionKind::layer_lru, 0.3, 0.5}},
    {"layerlfu", {EvictionKind::layer_lfu, 0.3, 0.5}},
    {"random", {EvictionKind::random, 3, 5}},
};

TEST(PhoneCurve, EveryRowOfTheIndependentReplayIsMet) {
  if (!std::filesystem::exists(kPhone)) GTEST_SKIP() << "no shared traces at " << kPhone;
  const World world = phone_world();
  const std::vector<Row> rows = reference_rows();
  ASSERT_EQ(rows.size(), 66U);
  for (const Row& row : rows) {
    SCOPED_TRACE(row.policy + " at " + to_text(row.budget));
    const Reference& reference = kReferences.at(row.policy);
    const CurvePoint point = world.replay(reference.kind, row.budget);
    EXPECT_NEAR(100 * point.hit_rate(), row.hit_percent, reference.points);
    EXPECT_NEAR(100 * point.hit_rate_decode(), row.hit_percent_decode, reference.points);
    const double read_mib = static_cast<double>(point.bytes_read.count()) / (1 << 20);
    EXPECT_NEAR(read_mib, row.read_mib, row.read_mib * reference.read_percent / 100);
  }
}

TEST(PhoneCurve, LruBelowTheTokenCycle_HitsExactlyNothing) {
  if (!std::filesystem::exists(kPhone)) GTEST_SKIP() << "no shared traces at " << kPhone;
  const World world = phone_world();
  EXPECT_EQ(world.replay(EvictionKind::lru, Bytes::mib(750)).hits, 0);
  EXPECT_GT(world.replay(EvictionKind::lru, Bytes::mib(1000)).hit_rate(), 0.3);
}

TEST(PhoneCurve, ABankShareBelowOneEvent_SaysHowMuchRoomItTook) {
  if (!std::filesystem::exists(kPhone)) GTEST_SKIP() << "no shared traces at " << kPhone;
  const World world = phone_world();
  EXPECT_GT(world.replay(EvictionKind::layer_lru, Bytes::mib(250)).peak_resident, Bytes::mib(250));
  EXPECT_LE(world.replay(EvictionKind::lru, Bytes::mib(4000)).peak_resident, Bytes::mib(4000));
}

}  // namespace
}  // namespace pregate
