// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/run_tracks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "gui/scene/work_rows.hpp"

namespace pregate {
namespace {

// The last time that anything is recorded at.
std::int64_t end_of(const RunRecord& run) {
  std::int64_t end = 1;
  const auto reach = [&end](SimTime time) { end = std::max(end, time.count_ps()); };
  for (const StepRecord& step : run.steps) reach(step.end);
  for (const StallRecord& stall : run.stalls) reach(stall.end);
  if (!run.operators.empty()) reach(run.operators.back().end);
  if (!run.management.empty()) reach(run.management.back().end);
  if (!run.counters.empty()) reach(run.counters.back().at);
  for (const LoadRecord& load : run.loads) {
    reach(load.requested);
    if (load.state == LoadEnd::arrived) reach(load.arrived);
    if (load.state == LoadEnd::unfinished) reach(load.started);
  }
  return std::min(end, kLatestTime);
}

Status put(Result<SliceRow> row, SliceRow& out) {
  if (!row) return row.error();
  out = std::move(*row);
  return {};
}

Status first_failure(std::initializer_list<Status> parts) {
  for (const Status& part : parts) {
    if (!part) return part;
  }
  return {};
}

constexpr int kBandHeight = 64;
constexpr int kCounterHeight = 36;

}  // namespace

Result<std::unique_ptr<RunTracks>> RunTracks::build(const RunRecord& run) {
  std::unique_ptr<RunTracks> tracks(new RunTracks(run));
  tracks->end_ = end_of(run);
  // Flash, counters and experts beside the compute unit's rows; the band needs both.
  auto beside = std::async(std::launch::async, [&] { return tracks->make_device_rows(); });
  const Status work = tracks->make_work_rows();
  const Status device = beside.get();
  if (!work) return work.error();
  if (!device) return device.error();
  auto band = DramBand::create(run, tracks->npu_row_, tracks->lanes_.lanes);
  if (!band) return band.error();
  tracks->band_ = std::move(*band);
  tracks->name_tracks();
  return tracks;
}

Status RunTracks::make_work_rows() {
  const Status made = first_failure({put(step_row(run_), step_row_), put(npu_row(run_), npu_row_),
                                     put(stall_row(run_), stall_row_), put(layer_row(run_), layer_row_)});
  if (!made) return made;
  stall_flow_ = Flow(stall_row_, {0}, [](const Slice& slice) { return Amount{slice.width(), 0}; });
  return {};
}

Status RunTracks::make_device_rows() {
  auto lanes = flash_lanes(run_, end_);
  if (!lanes) return lanes.error();
  lanes_ = std::move(*lanes);
  experts_ = std::make_unique<ExpertLanes>(run_, end_);
  limits_ = device_limits(run_);
  return make_counters();
}

Status RunTracks::make_counters() {
  std::array<std::vector<CounterChange>, kCounterNames.size()> changes;
  for (std::size_t i = 0; i < run_.counters.size(); ++i) {
    const CounterRecord& record = run_.counters[i];
    auto& of = changes.at(record.counter);
    const std::int64_t at = record.at.count_ps(), earliest = of.empty() ? 0 : of.back().at;
    if (at < earliest || at > end_) {
      return bad_input(fmt::format("a time from {} to {} ps", earliest, end_), fmt::format("{} ps", at),
                       fmt::format("counter {}", i));
    }
    of.push_back({.at = at, .value = record.value, .row = static_cast<std::uint32_t>(i)});
  }
  for (std::size_t k = 0; k < changes.size(); ++k) counters_[k] = CounterRow(std::move(changes[k]), end_);
  return {};
}

TrackId RunTracks::add(Track track) {
  tracks_.push_back(std::move(track));
  return static_cast<TrackId>(tracks_.size() - 1);
}

void RunTracks::name_tracks() {
  using Kind = Track::Kind;
  const auto slices = [this](const SliceRow& row, const char* name, const char* about) {
    return row.empty() ? kNoTrack : add({.kind = Kind::slices, .name = name, .about = about});
  };
  const auto counter = [this](std::size_t k, const char* name, const char* about, TrackId group) {
    if (counters_[k].empty()) return kNoTrack;
    return add({.kind = Kind::counter,
                .name = name,
                .about = about,
                .height = kCounterHeight,
                .group = group,
                .data = static_cast<std::uint32_t>(k)});
  };
  steps_ = slices(step_row_, "Tokens", "Steps: a prompt in prefill, a token in decode");
  layers_ = slices(layer_row_, "Layers", "From a layer's first operator to its last");
  npu_ = slices(npu_row_, "Compute unit", "Operators, and what the runtime does to its cache between them");
  stalls_ = slices(stall_row_, "Stalls", "The compute unit waits; the colour is the cause");
  if (!lanes_.lanes.empty() || !counters_[1].empty()) {
    flash_ = add({.kind = Kind::group, .name = "Flash", .about = "Loads, from their start to their arrival"});
  }
  for (std::size_t i = 0; i < lanes_.lanes.size(); ++i) {
    const TrackId lane = add({.kind = Kind::slices,
                              .name = fmt::format("lane {}", i),
                              .about = "Loads that were in flight at once lie in different lanes",
                              .height = 16,
                              .group = flash_,
                              .data = static_cast<std::uint32_t>(i)});
    if (i == 0) first_lane_ = lane;
  }
  counter_track_[1] = counter(1, "queue", "Loads that were asked for and have not started", flash_);
  if (!npu_row_.empty() || !lanes_.lanes.empty()) {
    band_track_ =
        add({.kind = Kind::band,
             .name = "DRAM",
             .about = "Bytes moved, by who asked. The bytes are exact; within a load or an operator "
                      "they are spread evenly (estimated)",
             .height = kBandHeight});
  }
  counter_track_[0] = counter(0, "Expert cache", "Bytes of resident experts, under the budget", kNoTrack);
  if (experts_->size() > 0) {
    expert_group_ =
        add({.kind = Kind::group, .name = "Experts", .about = "The life of each expert, a lane each"});
  }
}

std::string RunTracks::name_of(TrackId track) const {
  if (track < tracks_.size()) return tracks_[track].name;
  return is_expert(track) ? experts_->name(expert_of(track)) : "?";
}

const SliceRow& RunTracks::row(TrackId track) const {
  if (is_expert(track)) return experts_->lane(expert_of(track)).row;
  if (track >= tracks_.size()) return none_;
  if (track == steps_) return step_row_;
  if (track == layers_) return layer_row_;
  if (track == npu_) return npu_row_;
  if (track == stalls_) return stall_row_;
  if (tracks_[track].kind == Track::Kind::slices) return lanes_.lanes[tracks_[track].data];
  return none_;
}

std::uint64_t RunTracks::inks() const {
  std::uint64_t inks = step_row_.inks() | layer_row_.inks() | npu_row_.inks() | stall_row_.inks();
  for (const SliceRow& lane : lanes_.lanes) inks |= lane.inks();
  return inks;
}

const CounterRow& RunTracks::counter(TrackId track) const {
  if (track >= tracks_.size() || tracks_[track].kind != Track::Kind::counter) return no_counter_;
  return counters_.at(tracks_[track].data);
}

// In its flash lane; one that never started where its expert is queued.
std::optional<RunTracks::Place> RunTracks::place_of_load(std::size_t row) const {
  const LoadRecord& load = run_.loads[row];
  const std::uint32_t lane = lanes_.lane_of[row];
  if (lane != FlashLanes::kNoLane) return Place{first_lane_ + lane, *reading_time(load, end_)};
  if (!load.expert.valid()) return std::nullopt;
  const std::int64_t until = load.state == LoadEnd::cancelled ? load.requested.count_ps() : end_;
  return Place{lane_of(load.expert), {load.requested.count_ps(), until}};
}

std::optional<RunTracks::Place> RunTracks::locate(const Target& target) const {
  using Kind = Target::Kind;
  const std::size_t row = target.row;
  const auto within = [row](const auto& table) { return row < table.size(); };
  const auto on = [](TrackId track, const auto& record) {
    return Place{track, {record.begin.count_ps(), record.end.count_ps()}};
  };
  switch (target.kind) {
    case Kind::step:
      if (within(run_.steps)) return on(steps_, run_.steps[row]);
      break;
    case Kind::operation:
      if (within(run_.operators)) return on(npu_, run_.operators[row]);
      break;
    case Kind::management:
      if (within(run_.management)) return on(npu_, run_.management[row]);
      break;
    case Kind::stall:
      if (within(run_.stalls)) return on(stalls_, run_.stalls[row]);
      break;
    case Kind::load:
      if (!within(run_.loads)) break;
      return place_of_load(row);
    case Kind::lookup:
      if (!within(run_.lookups) || !run_.lookups[row].event.valid()) break;
      return locate({.kind = Kind::event, .row = run_.lookups[row].event.value()});
    case Kind::event: {
      if (!within(run_.events)) break;
      const std::int64_t at = run_.events[row].at.count_ps();
      const auto slice = find(layers_, target, at);
      if (!slice) return Place{layers_, {at, at}};
      return Place{layers_, layer_row_.slices()[*slice].span()};
    }
    case Kind::eviction: {
      if (!within(run_.evictions) || !run_.evictions[row].expert.valid()) break;
      const std::int64_t at = run_.evictions[row].at.count_ps();
      return Place{lane_of(run_.evictions[row].expert), {at, at}};
    }
    case Kind::counter:
      if (!within(run_.counters)) break;
      return Place{counter_track_.at(run_.counters[row].counter),
                   {run_.counters[row].at.count_ps(), run_.counters[row].at.count_ps()}};
    case Kind::expert:
      if (row < experts_->size()) return Place{lane_of(ExpertId(static_cast<std::uint32_t>(row))), span()};
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<std::size_t> RunTracks::find(TrackId track, const Target& target, std::int64_t near) const {
  const auto slices = row(track).slices();
  const auto is_it = [&](std::size_t i) {
    return slices[i].kind == target.kind && slices[i].row == target.row;
  };
  // A target's slices lie close together in time (an expert's: some; all others: one), so look around.
  const std::size_t middle = row(track).first_reaching(near);
  constexpr std::size_t kReach = 64;
  const std::size_t from = middle - std::min(middle, kReach), to = std::min(slices.size(), middle + kReach);
  std::optional<std::size_t> best;
  const auto away = [&](std::size_t i) { return i < middle ? middle - i : i - middle; };
  for (std::size_t i = from; i < to; ++i) {
    if (is_it(i) && (!best || away(i) < away(*best))) best = i;
  }
  return best;
}

}  // namespace pregate
