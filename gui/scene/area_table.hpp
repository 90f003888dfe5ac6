// SPDX-License-Identifier: Apache-2.0
// What happened in an area of time, by category: kinds of operators, cache management, causes of stalls,
// loads by purpose. Of a slice that the area cuts, the part inside counts (and that part of its bytes,
// rounded down); every number is a plain sum over the tables of the record.
//
//   const AreaTable table = area_table(tracks, {first, last});
//   std::string csv = table.to_csv();
#pragma once

#include <string>
#include <vector>

#include "gui/scene/run_tracks.hpp"

namespace pregate {

struct AreaRow {
  Ink ink = Ink::none;
  std::string category;     // "operator", "management", "stall", "load"
  std::string name;         // "shared experts", "late prefetch", "committed, used"
  std::int64_t count = 0;   // slices that lie in the area at least in part
  Duration total;           // of the parts inside
  Duration p50, p95, most;  // of the parts inside: the least that so many of a hundred do not exceed
  Bytes bytes;              // streamed or loaded

  [[nodiscard]] Duration mean() const;  // rounded down
  friend bool operator==(const AreaRow&, const AreaRow&) = default;
};

struct AreaTable {
  TimeSpan area;
  std::vector<AreaRow> rows;  // only categories that occur, in the order of Ink

  // Bytes over the time of the area, in GB/s.
  [[nodiscard]] double gb_per_second(const AreaRow& row) const;
  [[nodiscard]] std::string to_csv() const;
  friend bool operator==(const AreaTable&, const AreaTable&) = default;
};

// Which tracks take part: those that are hidden may be left out.
struct AreaTracks {
  bool npu = true, stalls = true, loads = true;
};

AreaTable area_table(const RunTracks& tracks, TimeSpan area, AreaTracks which = {});

}  // namespace pregate
