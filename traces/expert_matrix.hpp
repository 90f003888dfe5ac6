// SPDX-License-Identifier: Apache-2.0
// Layers x experts: how often each was used, or what it cost, as the numbers under a heatmap. Counted from a
// trace or from a run, whose sums it keeps; of all steps or of some that follow each other. Whoever asks for
// many stretches of one run takes ExpertWindows (expert_windows.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "traces/route_trace.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// uses: choices of a trace (each token's), lookups of a run (distinct experts of an event). weight: sum of
// the router's weights; traces that recorded them. misses: lookups that found nothing resident or on its way.
// stall: time that the compute unit waited for a load. reloads: loads of what had been evicted. bytes: read
// from flash, prefetches included, at the layer that a load was for. The last four are a run's.
enum class ExpertMeasure : std::uint8_t { uses, weight, misses, stall, reloads, bytes };
std::string_view to_text(ExpertMeasure measure);
Result<ExpertMeasure> parse_expert_measure(const std::string& word);

struct ExpertMatrix {
  ExpertMeasure measure = ExpertMeasure::uses;
  std::string_view unit;              // of the values: "choices", "lookups", "weight", "ps", "loads", "bytes"
  std::vector<LayerId> layers;        // rows: layers with experts, in order
  std::vector<BankId> banks;          // of the rows
  std::vector<std::int32_t> experts;  // of the rows: experts of the bank
  std::size_t columns = 0;            // the largest bank's experts
  // Row after row; whole numbers but for weight; 0 beyond a bank's experts. Exact below 2^53.
  std::vector<double> values;

  [[nodiscard]] double at(std::size_t row, std::size_t expert) const {
    return values[row * columns + expert];
  }
  [[nodiscard]] double sum() const;
  [[nodiscard]] double sum(std::size_t row) const;
};

enum class Phases : std::uint8_t { all, decode };

// Errors: a measure that the source does not have.
Result<ExpertMatrix> count_experts(const RouteTrace& trace, ExpertMeasure measure, Phases phases,
                                   StepRange range = {});
Result<ExpertMatrix> count_experts(const RunRecord& run, ExpertMeasure measure, Phases phases,
                                   StepRange range = {});

// Whether count_experts() has such numbers.
bool has_measure(const RouteTrace& trace, ExpertMeasure measure);
bool has_measure(const RunRecord& run, ExpertMeasure measure);
inline constexpr int kExpertMeasures = 6;

// How alike two layers of one bank use its experts, by their rows: nothing where one of them used none.
struct UseOverlap {
  double common = 0;          // sum over experts of the smaller of both shares: 1 for the same use
  std::int32_t top = 0;       // of each row: its most used experts, as many as were asked for and were used
  double jaccard = 0;         // |A n B| / |A u B| of those
  double jaccard_chance = 0;  // the same, expected of two sets of that size drawn blindly
};
std::optional<UseOverlap> use_overlap(const ExpertMatrix& matrix, std::size_t a, std::size_t b,
                                      std::int32_t top);

}  // namespace pregate
