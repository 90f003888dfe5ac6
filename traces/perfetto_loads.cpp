// SPDX-License-Identifier: Apache-2.0
// Loads as tracks: lanes of flash, lanes of the queue before it, and what was withdrawn; and the bytes that
// have arrived.
#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "traces/perfetto_sources.hpp"

namespace pregate {
namespace {

using Event = PerfettoWriter::Event;

// What is true of a load from its request on.
void note_request(Event& event, const ExportedRun& run, LoadId id) {
  const LoadRecord& load = run.run.loads[id.value()];
  event.name(run.expert_name(load.expert, "load")).number("load", id.value());
  if (load.expert.valid())
    event.number("bank", run.table.bank(load.expert).value())
        .number("expert", run.table.index_in_bank(load.expert));
  event.number("bytes", load.bytes.count()).text("purpose", to_text(load.purpose)).number("step", load.step);
  if (load.layer.valid()) event.number("layer", load.layer.value());
  event.number("queued_behind", load.queued_behind);
}

void note_previous_eviction(Event& event, const ExportedRun& run, EvictionId id) {
  if (!id.valid()) return;
  const EvictionRecord& eviction = run.run.evictions[id.value()];
  event.number("evicted_before_ps", eviction.at.count_ps());
  if (eviction.by_load.valid())
    event.text("evicted_by", run.expert_name(run.run.loads[eviction.by_load.value()].expert, "an expert"));
}

// And what is known of it at the end.
void note_end(Event& event, const ExportedRun& run, LoadId id) {
  const LoadRecord& load = run.run.loads[id.value()];
  event.text("state", to_text(load.state)).flag("adopted", load.adopted).flag("reload", load.reload);
  note_previous_eviction(event, run, load.previous_eviction);
  event.text("first_use", load.first_use.valid() ? run.event_name(load.first_use) : "never");
  if (const std::uint32_t lookup = run.layout.first_lookup_of[id.value()]; lookup != RunLayout::kNoRow)
    event.text("outcome", to_text(run.run.lookups[lookup].outcome));
  event.number("requested_ps", load.requested.count_ps());
}

// Loads on lanes. At equal times a lane's slice ends before its next one begins, and a slice without length
// ends before anything else begins.
class LanesSource : public EventSource {
 public:
  struct Tracks {
    std::uint64_t group, first_lane;
    const char* name;  // of the group
    const char* lane;  // of a lane, with its number behind it
  };
  LanesSource(const ExportedRun& run, const Lanes& lanes, const Tracks& tracks)
      : run_(run), lanes_(lanes), tracks_(tracks) {}

  Result<std::int32_t> describe(PerfettoWriter& out, std::uint64_t parent, std::int32_t rank) override {
    Status described =
        out.describe({.uuid = tracks_.group, .parent = parent, .name = tracks_.name, .rank = rank});
    for (std::uint32_t i = 0; i < lanes_.lanes && described.ok(); ++i) {
      described = out.describe({.uuid = tracks_.first_lane + i,
                                .parent = tracks_.group,
                                .name = fmt::format("{} {}", tracks_.lane, i),
                                .rank = static_cast<std::int32_t>(i)});
    }
    if (!described) return described.error();
    return rank + 1;
  }

  [[nodiscard]] std::optional<SimTime> next() const override {
    if (!open_.empty() && ends_first()) return open_.top().first;
    if (next_ >= lanes_.slices.size()) return std::nullopt;
    return lanes_.slices[next_].begin;
  }

  Status write(PerfettoWriter& out) override {
    if (!open_.empty() && ends_first()) {
      const LaneSlice& slice = lanes_.slices[open_.top().second];
      open_.pop();
      Event event = out.end(tracks_.first_lane + slice.lane, slice.end);
      end_slice(event, slice);
      const Status written = event.write();
      return written.ok() ? after_end(out, slice) : written;
    }
    const LaneSlice& slice = lanes_.slices[next_];
    open_.emplace(slice.end, next_++);
    Event event = out.begin(tracks_.first_lane + slice.lane, slice.begin);
    begin_slice(event, slice);
    return event.number("duration_ps", (slice.end - slice.begin).count_ps()).write();
  }

 protected:
  virtual void begin_slice(Event& event, const LaneSlice& slice) = 0;
  virtual void end_slice(Event& /*event*/, const LaneSlice& /*slice*/) {}
  virtual Status after_end(PerfettoWriter& /*out*/, const LaneSlice& /*slice*/) { return {}; }
  [[nodiscard]] const ExportedRun& run() const { return run_; }

 private:
  [[nodiscard]] bool ends_first() const {
    return next_ >= lanes_.slices.size() || open_.top().first <= lanes_.slices[next_].begin;
  }

  const ExportedRun& run_;
  const Lanes& lanes_;
  Tracks tracks_;
  std::size_t next_ = 0;
  using Open = std::pair<SimTime, std::size_t>;  // end, slice
  std::priority_queue<Open, std::vector<Open>, std::greater<>> open_;
};

class FlashSource final : public LanesSource {
 public:
  explicit FlashSource(const ExportedRun& run)
      : LanesSource(run, run.layout.flights,
                    {.group = kFlashTrack, .first_lane = kFlashLanes, .name = "flash", .lane = "lane"}) {}

  Result<std::int32_t> describe(PerfettoWriter& out, std::uint64_t parent, std::int32_t rank) override {
    const Result<std::int32_t> next = LanesSource::describe(out, parent, rank);
    if (!next) return next.error();
    const Status described = out.describe({.uuid = kArrivedTrack,
                                           .parent = kFlashTrack,
                                           .name = "bytes_arrived",
                                           .rank = static_cast<std::int32_t>(run().layout.flights.lanes),
                                           .counter = true,
                                           .unit = PerfettoUnit::bytes});
    if (!described) return described.error();
    return *next;
  }

 protected:
  void begin_slice(Event& event, const LaneSlice& slice) override {
    const LoadRecord& load = run().run.loads[slice.load.value()];
    event.category("load").category(to_text(load.purpose));
    if (load.reload) event.category("reload");
    note_request(event, run(), slice.load);
    note_end(event, run(), slice.load);
  }

  // Arrows leave when the expert is there.
  void end_slice(Event& event, const LaneSlice& slice) override {
    const auto each = [&slice](const std::vector<LoadArrow>& arrows, auto begin_arrow) {
      auto arrow = std::lower_bound(arrows.begin(), arrows.end(), slice.load,
                                    [](const LoadArrow& a, LoadId load) { return a.load < load; });
      for (; arrow != arrows.end() && arrow->load == slice.load; ++arrow)
        begin_arrow(static_cast<std::size_t>(arrow - arrows.begin()));
    };
    each(run().layout.uses, [&](std::size_t i) { event.begins_flow(run().use_flow(i)); });
    each(run().layout.stalls, [&](std::size_t i) { event.begins_flow(run().stall_flow(i)); });
  }

  Status after_end(PerfettoWriter& out, const LaneSlice& slice) override {
    const LoadRecord& load = run().run.loads[slice.load.value()];
    if (load.state != LoadEnd::arrived) return {};
    arrived_ += load.bytes;
    return out.sample(kArrivedTrack, slice.end, arrived_.count());
  }

 private:
  Bytes arrived_;
};

class QueueSource final : public LanesSource {
 public:
  explicit QueueSource(const ExportedRun& run)
      : LanesSource(run, run.layout.queue,
                    {.group = kQueueTrack, .first_lane = kQueueLanes, .name = "queue", .lane = "place"}) {}

 protected:
  void begin_slice(Event& event, const LaneSlice& slice) override {
    event.category("queued").category(to_text(run().run.loads[slice.load.value()].purpose));
    note_request(event, run(), slice.load);
  }
};

// Prefetches that were withdrawn before they started; when is not recorded, so they stand at their request.
class WithdrawnSource final : public EventSource {
 public:
  explicit WithdrawnSource(const ExportedRun& run) : run_(run) {}

  Result<std::int32_t> describe(PerfettoWriter& out, std::uint64_t parent, std::int32_t rank) override {
    const Status described = out.describe(
        {.uuid = kWithdrawnTrack, .parent = parent, .name = "withdrawn prefetches", .rank = rank});
    if (!described) return described.error();
    return rank + 1;
  }

  [[nodiscard]] std::optional<SimTime> next() const override {
    if (row_ >= run_.layout.withdrawn.size()) return std::nullopt;
    return run_.run.loads[run_.layout.withdrawn[row_].value()].requested;
  }

  Status write(PerfettoWriter& out) override {
    const SimTime at = *next();
    const LoadId id = run_.layout.withdrawn[row_++];
    Event event = out.instant(kWithdrawnTrack, at);
    event.category("withdrawn").category(to_text(run_.run.loads[id.value()].purpose));
    note_request(event, run_, id);
    return event.write();
  }

 private:
  const ExportedRun& run_;
  std::size_t row_ = 0;
};

}  // namespace

std::unique_ptr<EventSource> flash_source(const ExportedRun& run) {
  return std::make_unique<FlashSource>(run);
}
std::unique_ptr<EventSource> queue_source(const ExportedRun& run) {
  return std::make_unique<QueueSource>(run);
}
std::unique_ptr<EventSource> withdrawn_source(const ExportedRun& run) {
  return std::make_unique<WithdrawnSource>(run);
}

}  // namespace pregate
