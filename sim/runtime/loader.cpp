// SPDX-License-Identifier: Apache-2.0
#include "sim/runtime/loader.hpp"

#include "sim/hardware/kernel_time.hpp"

namespace pregate {
namespace {

enum Counter : std::uint8_t { kResidentBytes, kQueuedLoads, kLoadsInFlight };

}  // namespace

Loader::Loader(const sc_core::sc_module_name& name, const Parts& parts)
    : sc_core::sc_module(name),
      parts_(parts),
      queue_(parts.table, parts.residency, parts.recorder),
      arrival_("arrival") {
  Bytes end;
  for (std::uint32_t expert = 0; expert < parts.table.size(); ++expert) {
    offsets_.push_back(end);
    end += parts.table.bytes(ExpertId(expert));
  }
  note_queue();  // what is resident before the first load
}

LoadId Loader::request(ExpertId expert, Purpose purpose, LayerId layer) {
  const LoadId load = queue_.request(expert, purpose, layer, in_flight_, kernel_now());
  if (load.valid()) parts_left_.push_back(parts_.device.management.reads_per_load);
  return load;
}

void Loader::adopt(LoadId load) {
  if (queue_.adopt(load)) return;
  parts_waiting_.promote([load](const Part& part) { return part.load == load; });
  parts_.flash.promote(load);
}

void Loader::cancel_stale_speculation(LayerId layer) {
  queue_.cancel_stale_speculation(layer);
  note_queue();
}

bool Loader::try_start(LoadId load) {
  if (!queue_.start_front(kernel_now(), evicted_)) return false;
  debt_ += parts_.device.management.per_eviction * static_cast<std::int64_t>(evicted_.size());
  if (parts_.device.management.at_start) {
    debt_ += parts_.device.management.of_load(parts_.table.bytes(parts_.residency.expert_of(load)));
  }
  ++in_flight_;
  // Of loads that started with a lane, the parts keep that order.
  const bool waits = parts_.room == RoomAt::request;
  const Purpose purpose = waits ? parts_.residency.purpose_of(load) : Purpose::demand;
  for (std::int32_t part = 0; part < parts_left_[load.value()]; ++part)
    parts_waiting_.push(purpose, {load, part});
  read_parts();
  return true;
}

void Loader::read_parts() {
  while (!parts_waiting_.empty() && lanes_busy_ < parts_.lanes) {
    const Part part = parts_waiting_.pop();
    if (part.index == 0) parts_.recorder.started(part.load, kernel_now());
    read(part);
  }
}

// Parts of even size, whole bytes; the first ones take the remainder.
void Loader::read(const Part& part) {
  const ExpertId expert = parts_.residency.expert_of(part.load);
  const std::int64_t count = parts_.device.management.reads_per_load;
  const std::int64_t bytes = parts_.table.bytes(expert).count();
  const std::int64_t before = bytes / count * part.index + std::min<std::int64_t>(part.index, bytes % count);
  const std::int64_t size = bytes / count + (part.index < bytes % count ? 1 : 0);
  ++lanes_busy_;
  parts_.flash.read({part.load, offsets_[expert.value()] + Bytes(before), Bytes(size),
                     parts_.residency.purpose_of(part.load)},
                    *this);
}

void Loader::read_done(LoadId load) {
  --lanes_busy_;
  const bool whole = --parts_left_[load.value()] == 0;
  read_parts();
  if (whole) {
    load_arrived(load);
  } else {
    pump();
  }
}

bool Loader::may_start() const {
  return parts_.room == RoomAt::request || lanes_busy_ < parts_.lanes;
}

void Loader::pump() {
  while (may_start()) {
    const std::optional<LoadId> next = queue_.front();
    if (!next || !try_start(*next)) break;
  }
  note_queue();
}

void Loader::event_ended(std::span<const Eviction> evicted) {
  if (!evicted.empty()) {
    parts_.recorder.evicted(evicted, kernel_now());
    debt_ += parts_.device.management.per_eviction * static_cast<std::int64_t>(evicted.size());
  }
  pump();
}

void Loader::load_arrived(LoadId load) {
  const SimTime now = kernel_now();
  --in_flight_;
  parts_.residency.arrive(load);
  parts_.recorder.arrived(load, now);
  if (!parts_.device.management.at_start) {
    debt_ += parts_.device.management.of_load(parts_.table.bytes(parts_.residency.expert_of(load)));
  }
  arrivals_.push_back(load);
  // With room taken on request, decisions belong to routers and to the ends of events; only what would wait
  // for ever is tried again at an arrival.
  if (parts_.room == RoomAt::start || in_flight_ == 0) pump();
  note_queue();
  arrival_.notify(sc_core::SC_ZERO_TIME);
}

Duration Loader::take_management_debt() {
  return std::exchange(debt_, Duration());
}

void Loader::take_arrivals(std::vector<LoadId>& out) {
  out.insert(out.end(), arrivals_.begin(), arrivals_.end());
  arrivals_.clear();
}

void Loader::note_queue() {
  const SimTime now = kernel_now();
  parts_.recorder.count(kResidentBytes, parts_.residency.used().count(), now);
  parts_.recorder.count(kQueuedLoads, queue_.size(), now);
  parts_.recorder.count(kLoadsInFlight, in_flight_, now);
}

}  // namespace pregate
