// SPDX-License-Identifier: Apache-2.0
// Who used what in a run: from an event and an expert to the operator that ran it and the lookup that asked
// for it. For records that pass validate_run().
#pragma once

#include <cstdint>
#include <vector>

#include "traces/run_record.hpp"

namespace pregate {

class RunUses {
 public:
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);

  // Refers to the run, which must outlive it.
  explicit RunUses(const RunRecord& run);

  // Of a (step, layer); the first one if a record has several, invalid if it has none.
  [[nodiscard]] EventId event_of(std::int32_t step, LayerId layer) const;
  // The row of the first operator that ran an expert in an event.
  [[nodiscard]] std::uint32_t operator_of(EventId event, ExpertId expert) const;
  // By row of `operators`: the lookup of its expert in its event.
  [[nodiscard]] std::vector<std::uint32_t> lookups_of_operators() const;
  // By row of `loads`: the lookup that used it first.
  [[nodiscard]] std::vector<std::uint32_t> first_lookups_of_loads() const;

 private:
  // Rows of a table by event: those of event e are rows[first[e]] to rows[first[e + 1]], by expert, then in
  // order.
  struct ByEvent {
    std::vector<std::uint32_t> first, rows;
  };
  template <typename Row, typename EventOf>
  [[nodiscard]] ByEvent group(const std::vector<Row>& table, EventOf event_of_row) const;
  template <typename Row>
  [[nodiscard]] static std::uint32_t find(const ByEvent& rows, const std::vector<Row>& table, EventId event,
                                          ExpertId expert);

  const RunRecord& run_;
  std::vector<std::uint32_t> first_event_;  // by step: into `by_layer_`
  std::vector<std::pair<LayerId, EventId>> by_layer_;
  ByEvent operators_, lookups_;
};

}  // namespace pregate
