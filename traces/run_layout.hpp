// SPDX-License-Identifier: Apache-2.0
// A run as tracks of slices: which row stands where, and which rows belong together. Computed once, from a
// record that is held against it: rows in order of time, slices of one track without overlap, layers within
// their steps, loads that begin after they were asked for. A record that has no such timeline is refused with
// table and row. The exporter writes it; it knows nothing of a file.
//
// Leaves out measured operators, which have another clock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "traces/run_record.hpp"

namespace pregate {

// A slice of the NPU's timeline: a row of one of three tables.
struct NpuRow {
  enum class Table : std::uint8_t { operators, management, stalls };
  Table table = Table::operators;
  std::size_t row = 0;
  std::int32_t step = 0;
  LayerId layer;
  bool head = false;  // the output head, which is no layer's
  SimTime begin, end;
};

// The three tables as one, in order of time. Walks a run that outlives it.
class NpuRows {
 public:
  explicit NpuRows(const RunRecord& run) : run_(run) {}
  // Nothing at the end.
  std::optional<NpuRow> next();

 private:
  [[nodiscard]] std::optional<NpuRow> peek(NpuRow::Table table) const;

  const RunRecord& run_;
  std::size_t at_[3] = {};  // by table
};

// Consecutive slices of one layer of one step, or of a step's output head.
struct LayerSpan {
  std::int32_t step = 0;
  LayerId layer;
  bool head = false;
  SimTime begin, end;
};

// A load on a lane: no two loads of a lane overlap.
struct LaneSlice {
  LoadId load;
  std::uint32_t lane = 0;
  SimTime begin, end;
};

struct Lanes {
  std::vector<LaneSlice> slices;  // by begin, then by load
  std::uint32_t lanes = 0;
};

// Gives each slice the first lane that is free when it begins, in order of begin: as many lanes as there are
// loads at once at most.
Lanes allocate_lanes(std::vector<LaneSlice> slices);

// An arrow from a load's arrival to where it mattered.
struct LoadArrow {
  LoadId load;
  std::uint32_t row = 0;  // of the operators, or of the stalls
};

struct RunLayout {
  SimTime end;  // of everything
  std::vector<LayerSpan> layers;
  Lanes flights;                               // started to arrived, or to the end
  Lanes queue;                                 // requested to started, where that took time, or to the end
  std::vector<LoadId> withdrawn;               // by time of request
  std::vector<LoadArrow> uses;                 // to the first operator that used it, by load
  std::vector<LoadArrow> stalls;               // to the stall that it ended, by load
  std::vector<EventId> event_of_layer;         // of each of `layers`; invalid: none
  std::vector<std::uint32_t> lookup_of;        // of each operator: the lookup of its expert; kNoRow: none
  std::vector<std::uint32_t> first_lookup_of;  // of each load: the lookup that used it first; kNoRow: none

  // What has no place: said to the user.
  std::int64_t events_without_slices = 0;
  std::int64_t lookups_without_operator = 0;
  std::int64_t uses_without_arrow = 0;    // first uses without an operator, or before the arrival
  std::int64_t stalls_without_arrow = 0;  // that end without their load having arrived

  static constexpr std::uint32_t kNoRow = static_cast<std::uint32_t>(-1);
};

// The steps a run took, counted within their phase: "prefill 0", "token 118".
std::vector<std::int32_t> numbers_in_phase(std::span<const StepRecord> steps);

Result<RunLayout> lay_out_run(const RunRecord& run);

}  // namespace pregate
