// SPDX-License-Identifier: Apache-2.0
// A run, its Perfetto trace as our reader reads it, and what of the run must be in it.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/traces/trace_fixtures.hpp"
#include "traces/export_perfetto.hpp"
#include "traces/read_perfetto.hpp"

namespace pregate::fixtures {

struct Exported {
  PerfettoModel model;
  PerfettoExport said;
  std::string bytes;
};

inline Exported exported(const RunRecord& run) {
  const fixtures::TempFolder folder;
  const std::string path = folder.file("a.pftrace");
  const auto said = export_perfetto(run, path);
  EXPECT_TRUE(said.ok()) << said.error().message();
  const auto model = read_perfetto(path);
  EXPECT_TRUE(model.ok()) << model.error().message();
  EXPECT_THAT(folder.names(), testing::ElementsAre("a.pftrace"));
  return {.model = *model, .said = *said, .bytes = fixtures::slurp(path)};
}

inline std::int64_t number(const PerfettoSlice& slice, std::string_view name) {
  const PerfettoNote* note = slice.find(name);
  return note != nullptr ? std::get<std::int64_t>(note->value) : -1;
}

inline std::string text(const PerfettoSlice& slice, std::string_view name) {
  const PerfettoNote* note = slice.find(name);
  return note != nullptr ? std::get<std::string>(note->value) : "";
}

inline std::vector<PerfettoSlice> on_track(const PerfettoModel& model, std::string_view name) {
  std::vector<PerfettoSlice> out;
  for (const PerfettoSlice& slice : model.slices) {
    if (model.tracks[slice.track].name == name) out.push_back(slice);
  }
  return out;
}

// Slices of the tracks below a group.
inline std::vector<PerfettoSlice> under(const PerfettoModel& model, std::uint64_t group) {
  std::vector<PerfettoSlice> out;
  for (const PerfettoSlice& slice : model.slices) {
    if (model.tracks[slice.track].parent == group) out.push_back(slice);
  }
  return out;
}

inline std::uint64_t uuid_of(const PerfettoModel& model, std::string_view name) {
  for (const PerfettoTrack& track : model.tracks) {
    if (track.name == name) return track.uuid;
  }
  ADD_FAILURE() << "no track " << name;
  return 0;
}

// What a slice must be, by hand.
using Plain =
    std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>;  // name, begin, end, exact ps

inline Plain plain(const PerfettoSlice& slice) {
  return {slice.name, slice.begin, slice.end, number(slice, "duration_ps")};
}

template <typename Row>
Plain plain(std::string name, const Row& row) {
  return {std::move(name), row.begin.count_ps() / 1000, row.end.count_ps() / 1000,
          (row.end - row.begin).count_ps()};
}

inline std::string expert_name(const RunRecord& run, ExpertId expert) {
  const ExpertTable table(run.model);
  return "bank " + std::to_string(table.bank(expert).value()) + " expert " +
         std::to_string(table.index_in_bank(expert));
}

inline std::vector<Plain> npu_of(const RunRecord& run) {
  std::vector<Plain> out;
  for (const OperatorRecord& op : run.operators)
    out.push_back(plain(op.expert.valid() ? expert_name(run, op.expert) : std::string(to_text(op.kind)), op));
  for (const ManagementRecord& row : run.management) out.push_back(plain("management", row));
  for (const StallRecord& row : run.stalls) {
    std::string name = "stall: ";
    name += to_text(row.cause);
    out.push_back(plain(name, row));
  }
  return out;
}

inline std::vector<Plain> all_plain(const std::vector<PerfettoSlice>& slices) {
  std::vector<Plain> out;
  for (const PerfettoSlice& slice : slices) out.push_back(plain(slice));
  return out;
}

inline void expect_same_slices(std::vector<Plain> a, std::vector<Plain> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  EXPECT_EQ(a, b);
}

}  // namespace pregate::fixtures
