// SPDX-License-Identifier: Apache-2.0
// Writes down what happens while it happens: who waited for which load, which load stood in which queue,
// which eviction made it necessary. Nothing is guessed afterwards; what needs the future by its definition
// (policy and pollution misses) is labelled at the end from these records (attribution.hpp).
#pragma once

#include <span>

#include "sim/residency/residency.hpp"
#include "traces/run_record.hpp"

namespace pregate {

class Recorder {
 public:
  explicit Recorder(bool keep_details) : keep_details_(keep_details) {}

  void begin_step(const StepInfo& info, SimTime now);
  void end_step(SimTime now);
  void begin_event(LayerId layer, std::span<const Lookup> lookups, SimTime now);
  void operator_ran(LayerId layer, OperatorKind kind, ExpertId expert, SimTime begin, SimTime end,
                    Duration alone);
  void managed(LayerId layer, SimTime begin, SimTime end);
  void stalled(LayerId layer, SimTime begin, SimTime end, LoadId load, bool lacked_room);

  struct Request {
    LoadId load;
    ExpertId expert;
    Bytes bytes;
    Purpose purpose = Purpose::demand;
    LayerId layer;            // it is for
    std::int32_t behind = 0;  // loads queued or in flight before it
    bool reload = false;
    EvictionId previous_eviction;
  };
  void requested(const Request& request, SimTime now);
  void started(LoadId load, SimTime now);
  void arrived(LoadId load, SimTime now);
  void cancelled(LoadId load);
  // `now` and the running event complete what residency says of its evictions.
  void evicted(std::span<const Eviction> evictions, SimTime now);
  void redundant_prefetch() { ++redundant_; }
  void count(std::uint8_t counter, std::int64_t value, SimTime now);

  // The operators of the step as a real machine ran them.
  void measured(std::span<const MeasuredOperator> operators);

  // What the NPU read and computed; summed apart so that a run without details has them too.
  void worked(Phase phase, Bytes streamed, Macs macs);

  [[nodiscard]] const RunRecord& record() const { return record_; }
  [[nodiscard]] RunRecord take() { return std::move(record_); }
  [[nodiscard]] std::int64_t redundant() const { return redundant_; }
  // Bins, bytes streamed and MACs by phase, kept also without details.
  [[nodiscard]] const std::array<PhaseSummary, 2>& bins() const { return bins_; }
  // Whether the load a stall waited for was held up for want of room before it started, by stall.
  [[nodiscard]] const std::vector<bool>& stall_lacked_room() const { return stall_lacked_room_; }

 private:
  [[nodiscard]] std::int32_t step() const { return static_cast<std::int32_t>(record_.steps.size()) - 1; }
  PhaseSummary& bin() { return bins_[static_cast<std::size_t>(record_.steps.back().phase)]; }

  bool keep_details_;
  RunRecord record_;
  std::array<PhaseSummary, 2> bins_{};
  std::vector<bool> stall_lacked_room_;  // by stall
  std::int64_t redundant_ = 0;
  std::array<std::int64_t, kCounterNames.size()>
      last_count_{};  // counters start at zero; only changes are kept
};

}  // namespace pregate
