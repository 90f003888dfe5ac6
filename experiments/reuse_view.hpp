// SPDX-License-Identifier: Apache-2.0
// What `pregate trace reuse` says, as text, JSON, CSV and plot: the reuse distances of a trace in bins beside
// the budgets that they mean, its working sets, and a sentence on which budget an LRU wants. All counted.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/plot/figure.hpp"
#include "experiments/terminal.hpp"
#include "sim/residency/reuse.hpp"
#include "sim/residency/working_set.hpp"

namespace pregate {

// The lookups of one layer, bank or expert.
struct ReuseGroup {
  std::optional<LayerId> layer;
  std::optional<BankId> bank;
  std::optional<std::int32_t> expert;  // within the bank
  ReuseSummary summary;
};

struct ReuseReport {
  std::string model, note;  // the note: whose costs they are
  Origin origin = Origin::recorded;
  Phases phases = Phases::decode;
  std::int64_t steps = 0;  // that were counted
  Bytes cycle;             // T; 0 without decode
  Bytes all_experts;
  ReuseSummary summary;
  std::vector<WorkingSet> sets;  // never empty
  std::string by;                // layer, bank, expert; empty: no groups
  std::vector<ReuseGroup> groups;

  // What distances are told in multiples of: T, or without decode the experts of a step, mean.
  [[nodiscard]] Bytes unit() const;
  [[nodiscard]] const char* step_word() const { return phases == Phases::decode ? "token" : "step"; }
};

// Lookups whose distance is above the bin before and up to this one.
struct ReuseBin {
  std::int64_t quarters = 0;  // of unit()
  Bytes up_to;
  std::int64_t lookups = 0;
  std::int64_t lru_hits = 0;  // of a global LRU with this budget
};
// Bounds of 1/4, 1/2, 3/4, 1, 1.25, 1.5, 2, 2.5, 3, 4 ... of unit(), three to an octave, up to the largest.
std::vector<ReuseBin> byte_bins(const ReuseReport& report);

// Values of from..to.
struct CountBin {
  std::int64_t from = 0, to = 0, lookups = 0;
};
// 0 (if there is any), 1, 2, 3-4, 5-8, ...
std::vector<CountBin> count_bins(const SortedValues& values);

// Which budgets matter to a global LRU. Only of a report with reuses.
struct LruAdvice {
  std::int64_t most_hits = 0;      // that any budget gives
  Bytes first, half, ninety, all;  // least budgets for a first hit, half of the most, 90 %, all of it
  std::int64_t hits_at_cycle = 0;
};
std::optional<LruAdvice> lru_advice(const ReuseReport& report);
std::string advice_text(const ReuseReport& report);
// "1,616", "0.33": without its unit.
std::string mib_text(Bytes bytes);

std::string text_of(const ReuseReport& report, const Look& look);
nlohmann::ordered_json json_of(const ReuseReport& report);
plot::Figure figure_of(const ReuseReport& report);

// One table a file.
std::string bins_csv(const ReuseReport& report);
std::string sets_csv(const ReuseReport& report);
std::string groups_csv(const ReuseReport& report);

}  // namespace pregate
