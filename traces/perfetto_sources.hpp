// SPDX-License-Identifier: Apache-2.0
// The parts of a run as streams of events, each in order of time. The exporter merges them; where several
// have an event at the same time, the order of PerfettoSources::all() holds: what arrives comes before what
// waited for it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "traces/perfetto_writer.hpp"
#include "traces/run_layout.hpp"

namespace pregate {

// What all sources need to know of a run. Refers to run and layout.
struct ExportedRun {
  ExportedRun(const RunRecord& record, const RunLayout& plan);

  const RunRecord& run;
  const RunLayout& layout;
  ExpertTable table;
  std::vector<std::string> expert_names;     // by ExpertId: "bank 2 expert 17"
  std::vector<std::string> layer_names;      // by LayerId: "layer 7"
  std::vector<std::int32_t> step_numbers;    // within their phase
  std::vector<std::uint32_t> uses_by_row;    // indices of layout.uses, by operator
  std::vector<std::uint32_t> stalls_by_row;  // indices of layout.stalls, by stall

  [[nodiscard]] std::string step_name(std::int32_t step) const;
  // "token 118, layer 7".
  [[nodiscard]] std::string event_name(EventId event) const;
  [[nodiscard]] std::string_view expert_name(ExpertId expert, std::string_view otherwise) const;
  // An arrow's number in the file.
  [[nodiscard]] std::uint64_t use_flow(std::size_t index) const { return 1 + index; }
  [[nodiscard]] std::uint64_t stall_flow(std::size_t index) const { return 1 + layout.uses.size() + index; }
};

class EventSource {
 public:
  EventSource() = default;
  virtual ~EventSource() = default;
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;

  // Describes its tracks as children of `parent`, from `rank` on, and returns the next free rank.
  virtual Result<std::int32_t> describe(PerfettoWriter& out, std::uint64_t parent, std::int32_t rank) = 0;
  // When its next event is; nothing at the end.
  [[nodiscard]] virtual std::optional<SimTime> next() const = 0;
  virtual Status write(PerfettoWriter& out) = 0;
};

std::unique_ptr<EventSource> steps_source(const ExportedRun& run);
std::unique_ptr<EventSource> npu_source(const ExportedRun& run);
std::unique_ptr<EventSource> flash_source(const ExportedRun& run);
std::unique_ptr<EventSource> queue_source(const ExportedRun& run);
std::unique_ptr<EventSource> withdrawn_source(const ExportedRun& run);
std::unique_ptr<EventSource> evictions_source(const ExportedRun& run);
std::unique_ptr<EventSource> counters_source(const ExportedRun& run);

// Track numbers, with room for as many lanes as there may be loads.
inline constexpr std::uint64_t kRunTrack = 1, kStepsTrack = 2, kNpuTrack = 3, kFlashTrack = 4,
                               kQueueTrack = 5, kWithdrawnTrack = 6, kEvictionsTrack = 7, kArrivedTrack = 8,
                               kCounterTracks = 10, kFlashLanes = std::uint64_t{1} << 32,
                               kQueueLanes = std::uint64_t{2} << 32;

}  // namespace pregate
