// SPDX-License-Identifier: Apache-2.0
#include "experiments/stream/expert_stream.hpp"

#include <fmt/format.h>

namespace pregate {
namespace {

enum Counter : std::uint8_t { kResidentBytes, kQueuedLoads, kLoadsInFlight };

LayerId layer_id(std::size_t layer) {
  return LayerId(static_cast<std::uint32_t>(layer));
}

}  // namespace

ExpertStream::ExpertStream(const Parts& parts)
    : parts_(parts),
      event_({.model = parts.model,
              .table = parts.table,
              .residency = parts.residency,
              .prefetcher = parts.prefetcher,
              .desk = *this,
              .commit_ahead = parts.commit_ahead}),
      queue_(parts.table, parts.residency, parts.recorder),
      slot_of_(parts.table.size(), kNoSlot),
      load_of_(parts.table.size()) {}

Status ExpertStream::preload() {
  for (std::uint32_t i = 0; i < parts_.table.size(); ++i) {
    const ExpertId expert(i);
    if (!parts_.residency.is_resident(expert)) continue;
    slot_of_[i] = parts_.pool.take();
    read(expert, Purpose::demand);
    ++in_flight_;
  }
  while (in_flight_ > 0) {
    done_.clear();
    parts_.disk.wait(done_);
    for (const DiskDone& done : done_) {
      if (!done.status) return done.status;
      if (Status sound = verify(ExpertId(done.tag)); !sound) return sound;
      --in_flight_;
    }
  }
  return {};
}

// ---- decisions, in the order in which EventLoads makes them ----

Status ExpertStream::router_answers(std::size_t layer, RoutingSource& source) {
  const LayerId id = layer_id(layer);
  first_group_ = true;
  if (Status polled = poll(); !polled) return polled;
  const Result<std::int32_t> tokens = event_.router_answers(layer, source);
  if (!tokens) return tokens.error();
  take_room();
  parts_.timeline.managed(id);
  if (parts_.overlap || !parts_.model.layers[layer].is_moe()) return {};
  while (event_.awaited() > 0) {
    if (Status waited = wait_for_one(id); !waited) return waited;
  }
  return {};
}

void ExpertStream::looked_up(LayerId layer, std::span<const Lookup> lookups) {
  parts_.recorder.begin_event(layer, lookups, parts_.timeline.now());
}

LoadId ExpertStream::request(ExpertId expert, Purpose purpose, LayerId layer) {
  return queue_.request(expert, purpose, layer, in_flight_, parts_.timeline.now());
}

void ExpertStream::adopt(LoadId load) {
  if (!queue_.adopt(load)) parts_.disk.promote(parts_.residency.expert_of(load).value());
}

void ExpertStream::cancel_stale_speculation(LayerId layer) {
  queue_.cancel_stale_speculation(layer);
}

void ExpertStream::take_room() {
  while (const std::optional<LoadId> load = queue_.front()) {
    if (!queue_.start_front(parts_.timeline.now(), evicted_)) break;
    free_slots();
    const ExpertId expert = parts_.residency.expert_of(*load);
    slot_of_[expert.value()] = parts_.pool.take();
    load_of_[expert.value()] = *load;
    ++in_flight_;
    read(expert, parts_.residency.purpose_of(*load));
  }
  count();
}

void ExpertStream::read(ExpertId expert, Purpose purpose) {
  const std::int64_t bank = parts_.table.bank(expert).value();
  parts_.disk.submit({.tag = expert.value(),
                      .offset = parts_.pack.offset(bank, parts_.table.index_in_bank(expert)),
                      .into = parts_.pool.at(slot_of_[expert.value()]),
                      .purpose = purpose});
}

void ExpertStream::free_slots() {
  for (const Eviction& eviction : evicted_) {
    parts_.pool.give_back(std::exchange(slot_of_[eviction.expert.value()], kNoSlot));
  }
}

// ---- arrivals ----

Status ExpertStream::poll() {
  done_.clear();
  parts_.disk.poll(done_);
  return take_done();
}

Status ExpertStream::take_done() {
  for (const DiskDone& done : done_) {
    if (!done.status) return done.status;
    if (Status sound = verify(ExpertId(done.tag)); !sound) return sound;
    const LoadId load = load_of_[done.tag];
    --in_flight_;
    parts_.residency.arrive(load);
    parts_.recorder.started(load, parts_.timeline.at(done.handed));
    parts_.recorder.arrived(load, parts_.timeline.at(done.ended));
    event_.arrived(load);
  }
  if (done_.empty()) return {};
  // As in the simulator: between routers and ends of events only what would wait for ever is tried again.
  if (in_flight_ == 0) take_room();
  count();
  return {};
}

// By the computing threads, all together: a thread of its own would take the processor from one of them in
// the middle of an operator, and the others would wait for it.
Status ExpertStream::verify(ExpertId expert) const {
  if (!parts_.verify) return {};
  const auto size = static_cast<std::size_t>(parts_.pack.expert_bytes.count());
  const std::uint64_t expected = parts_.pack.checksums[expert.value()];
  if (block_checksum(parts_.pool.at(slot_of_[expert.value()]).first(size)) == expected) return {};
  return run_failed(parts_.pack_file, fmt::format("a block with the checksum {:016x}", expected),
                    "other bytes: the file was changed since it was packed")
      .at("", fmt::format("bank {}, expert {}", parts_.table.bank(expert).value(),
                          parts_.table.index_in_bank(expert)));
}

Status ExpertStream::wait_for_one(LayerId layer) {
  if (in_flight_ == 0) {
    return bad_input(
        fmt::format("room for all {} experts of an event", event_.chosen().size()),
        fmt::format("{} for experts of {}, split between the banks or held by experts of the same event",
                    to_text(parts_.residency.budget()), to_text(parts_.table.bytes(event_.first_awaited()))),
        "dram.expert_budget");
  }
  parts_.timeline.managed(layer);
  const SimTime begin = parts_.timeline.cursor();
  const std::int32_t before = event_.awaited();
  while (event_.awaited() == before) {
    done_.clear();
    parts_.disk.wait(done_);
    if (done_.empty()) return {};  // nothing is with the disk: the next call says what is wrong
    // The wait ends as the bytes are there; what is done with them then is management.
    for (const DiskDone& done : done_) {
      const LoadId load = load_of_[done.tag];
      if (!event_.awaits(load)) continue;
      const bool lacked_room = queue_.held_back(load) >= parts_.timeline.now() - begin;
      parts_.timeline.stalled(layer, load, lacked_room);
      break;
    }
    if (Status taken = take_done(); !taken) return taken;
  }
  parts_.timeline.managed(layer);
  return {};
}

void ExpertStream::count() {
  const SimTime now = parts_.timeline.now();
  parts_.recorder.count(kResidentBytes, parts_.residency.used().count(), now);
  parts_.recorder.count(kQueuedLoads, queue_.size(), now);
  parts_.recorder.count(kLoadsInFlight, in_flight_, now);
}

// ---- what the decoder asks ----

Status ExpertStream::ready(std::int64_t layer, std::vector<std::int32_t>& experts) {
  const LayerId id = layer_id(static_cast<std::size_t>(layer));
  if (std::exchange(first_group_, false)) parts_.timeline.operator_ran(id, OperatorKind::shared_experts);
  if (Status polled = poll(); !polled) return polled;
  while (!event_.has_ready()) {
    if (Status waited = wait_for_one(id); !waited) return waited;
  }
  group_.clear();
  while (event_.has_ready()) {
    group_.push_back(event_.chosen()[event_.take_ready()]);
    experts.push_back(parts_.table.index_in_bank(group_.back()));
  }
  parts_.timeline.managed(id);
  return {};
}

SwigluWeights ExpertStream::weights(std::int64_t layer, std::int32_t expert) const {
  const BankId bank = parts_.model.layers[static_cast<std::size_t>(layer)].bank;
  const ExpertPool::Slot slot = slot_of_[parts_.table.id(bank, expert).value()];
  check(slot != kNoSlot, "the decoder computes what ready() gave");
  return parts_.layout.at(parts_.pool.at(slot).data());
}

void ExpertStream::computed(std::int64_t layer) {
  // The last group's slice goes on to the end of the layer, where results are summed.
  if (event_.awaited() == 0 && !event_.has_ready()) return;
  parts_.timeline.experts_ran(layer_id(static_cast<std::size_t>(layer)), group_);
}

Status ExpertStream::end_layer(std::size_t layer) {
  const LayerId id = layer_id(layer);
  if (!parts_.model.layers[layer].is_moe()) {
    parts_.timeline.operator_ran(id, OperatorKind::dense_ffn);
    return {};
  }
  parts_.timeline.experts_ran(id, group_);
  if (Status polled = poll(); !polled) return polled;
  evicted_.clear();
  event_.end_event(evicted_);
  parts_.recorder.evicted(evicted_, parts_.timeline.now());
  free_slots();
  take_room();
  parts_.timeline.managed(id);
  return {};
}

}  // namespace pregate
