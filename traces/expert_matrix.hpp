// SPDX-License-Identifier: Apache-2.0
// Layers x experts: how often each was used, or what it cost, as the numbers under a heatmap. Counted from a
// trace or from a run, whose sums it keeps. Leaves out when: it has no time axis.
#pragma once

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
Result<ExpertMatrix> count_experts(const RouteTrace& trace, ExpertMeasure measure, Phases phases);
Result<ExpertMatrix> count_experts(const RunRecord& run, ExpertMeasure measure, Phases phases);

}  // namespace pregate
