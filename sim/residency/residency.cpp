// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/residency.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/residency/residency_state.hpp"

namespace pregate {
namespace {

Status check_shares(const ExpertTable& table, Bytes share, std::size_t partitions) {
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    const ExpertId expert(i);
    if (table.bytes(expert) <= share) continue;
    if (partitions == 1) {
      return bad_input(fmt::format("room for an expert of {}", to_text(table.bytes(expert))), to_text(share),
                       "dram.expert_budget");
    }
    return bad_input(
        fmt::format("room for an expert of {} in each of {} banks", to_text(table.bytes(expert)), partitions),
        fmt::format("a share of {}", to_text(share)), "dram.expert_budget");
  }
  return {};
}

// Room for all experts at once, in each part of the budget, so that nothing ever leaves.
Status check_preload(const ExpertTable& table, const ResidencyOptions& options, Bytes share,
                     std::size_t partitions) {
  if (options.eviction == EvictionKind::none) {
    return bad_input("a policy that keeps what is resident beside dram.preload=all", "\"none\"",
                     "policy.eviction");
  }
  std::vector<Bytes> needed(partitions);
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    needed[partitions == 1 ? 0 : table.bank(ExpertId(i)).value()] += table.bytes(ExpertId(i));
  }
  const bool keeps_aside = options.eviction == EvictionKind::belady_bypass && !options.allow_overflow;
  const Bytes room = keeps_aside ? std::max(share - options.largest_event, Bytes()) : share;
  for (const Bytes bytes : needed) {
    if (bytes <= room) continue;
    const std::string of_what =
        partitions == 1 ? fmt::format("all {} experts", table.size()) : "all experts of a bank";
    const std::string what = partitions == 1 ? "the budget" : fmt::format("each of {} shares", partitions);
    return bad_input(fmt::format("at least {} ({} bytes) for {} with dram.preload=all", to_text(bytes),
                                 bytes.count(), of_what),
                     fmt::format("{} ({} bytes) in {}", to_text(room), room.count(), what),
                     "dram.expert_budget");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Residency>> Residency::create(const ExpertTable& table,
                                                     const ResidencyOptions& options) {
  auto state = std::make_unique<State>(table, options);
  const std::size_t partitions =
      is_partitioned(options.eviction) ? std::max<std::size_t>(table.banks(), 1) : 1;
  const Bytes share(options.budget.count() / static_cast<std::int64_t>(partitions));
  if (!options.allow_overflow) {
    if (Status fits = check_shares(table, share, partitions); !fits) return fits.error();
  }
  if (options.preload) {
    if (Status fits = check_preload(table, options, share, partitions); !fits) return fits.error();
  }
  for (std::size_t i = 0; i < partitions; ++i) {
    EvictionContext context = options.context;
    context.table = &table;
    context.bank = partitions == 1 ? BankId() : BankId(static_cast<std::uint32_t>(i));
    Result<std::unique_ptr<EvictionPolicy>> policy = make_eviction(options.eviction, context);
    if (!policy) return policy.error();
    state->partitions.push_back({.budget = share, .used = {}, .by_pin = {}, .policy = std::move(*policy)});
  }
  if (options.preload) state->preload();
  return std::unique_ptr<Residency>(new Residency(std::move(state)));
}

Residency::Residency(std::unique_ptr<State> state) : state_(std::move(state)) {}
Residency::~Residency() = default;

void Residency::begin_step(std::int32_t step) {
  state_->step = step;
  for (State::Partition& partition : state_->partitions) partition.policy->step_begins(step);
}

std::span<const Lookup> Residency::begin_event(EventId event, std::span<const ExpertId> distinct) {
  State& s = *state_;
  check(s.lookups.empty() || !s.of(s.lookups.front().expert).active, "an event ends before the next begins");
  s.event = event;
  s.lookups.clear();
  for (const ExpertId id : distinct) s.lookups.push_back(s.look_up(id));
  return s.lookups;
}

Lookup Residency::State::look_up(ExpertId id) {
  Expert& expert = of(id);
  check(!expert.active, "an event names each expert once");
  Lookup lookup{.expert = id, .seen_before = expert.seen};
  if (expert.presence == Presence::absent) {
    lookup.outcome = Outcome::miss;
    lookup.previous_eviction = expert.previous_eviction;
  } else {
    lookup.load = expert.load;
    if (expert.presence == Presence::resident) {
      lookup.outcome = expert.unused_prefetch ? Outcome::prefetch_hit : Outcome::resident_hit;
    } else {
      lookup.outcome = Outcome::late_prefetch;
      of(expert.load).purpose = Purpose::demand;
    }
  }
  expert.unused_prefetch = false;
  expert.active = true;
  expert.last_used = event;
  expert.order = ++order;
  if (expert.commits > 0) --expert.commits;
  update_pin(id);
  partition_of(id).policy->touched({.expert = id, .event = event, .step = step, .order = expert.order});
  return lookup;
}

void Residency::end_event(std::vector<Eviction>& evicted) {
  State& s = *state_;
  if (s.lookups.empty()) return;
  // All experts of an event are of one bank, so of one partition. Those that it touched outstay the others.
  State::Partition& partition = s.partition_of(s.lookups.front().expert);
  const EvictionKind kind = s.options.eviction;
  if (s.options.allow_overflow && kind != EvictionKind::belady_bypass) {
    s.shrink(partition, partition.budget, evicted);
  }
  s.unpin_event();
  if (kind == EvictionKind::none) s.drop_event(evicted);
  if (kind == EvictionKind::belady_bypass) {
    const Bytes aside = s.options.allow_overflow ? Bytes() : s.options.largest_event;
    s.shrink(partition, std::max(partition.budget - aside, Bytes()), evicted);
  }
  s.lookups.clear();
}

LoadId Residency::request(ExpertId expert, Purpose purpose) {
  State& s = *state_;
  State::Expert& entry = s.of(expert);
  if (entry.presence != Presence::absent) return {};
  entry.presence = Presence::queued;
  entry.load = LoadId(static_cast<std::uint32_t>(s.loads.size()));
  s.loads.push_back({.expert = expert, .purpose = purpose});
  return entry.load;
}

void Residency::commit(ExpertId expert) {
  ++state_->of(expert).commits;
  state_->update_pin(expert);
}

bool Residency::start(LoadId id, std::vector<Eviction>& evicted) {
  State& s = *state_;
  State::Load& load = s.of(id);
  check(load.stage == State::Load::Stage::queued, "only a queued load starts");
  State::Partition& partition = s.partition_of(load.expert);
  const Bytes need = s.table.bytes(load.expert);
  const Pin strongest = load.purpose == Purpose::demand ? Pin::committed : Pin::none;
  const auto& by_pin = partition.by_pin;
  const Bytes can_go = strongest == Pin::none ? by_pin[0] : by_pin[0] + by_pin[1];
  if (!s.options.allow_overflow && partition.used - can_go + need > partition.budget) return false;
  if (!s.admits_before_evicting()) {
    while (partition.used + need > partition.budget && s.evict_one(partition, strongest, id, evicted)) {
    }
  }
  load.stage = State::Load::Stage::started;
  s.admit(load.expert, s.of(load.expert), partition);
  check(s.options.allow_overflow || s.used <= s.options.budget,
        "resident and reserved bytes stay within the budget");
  return true;
}

void Residency::State::take_room(ExpertId id, Partition& partition, Pin pin) {
  const Bytes size = table.bytes(id);
  used += size;
  peak = std::max(peak, used);
  partition.used += size;
  pins.set(id, pin);
  partition.by_pin[static_cast<std::size_t>(pin)] += size;
}

void Residency::State::preload() {
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    const ExpertId id(i);
    Expert& expert = of(id);
    Partition& partition = partition_of(id);
    take_room(id, partition, Pin::none);
    expert.presence = Presence::resident;
    expert.order = ++order;
    partition.policy->admitted({.expert = id, .event = EventId(), .step = 0, .order = expert.order});
  }
}

void Residency::State::admit(ExpertId id, Expert& expert, Partition& partition) {
  // What is loading cannot leave: it counts as active until it arrives.
  take_room(id, partition, Pin::active);
  expert.presence = Presence::loading;
  expert.seen = true;
  expert.unused_prefetch = of(expert.load).purpose != Purpose::demand;
  if (!expert.active) {
    expert.last_used = EventId();
    expert.order = ++order;
  }
  partition.policy->admitted({.expert = id, .event = event, .step = step, .order = expert.order});
}

void Residency::arrive(LoadId id) {
  State& s = *state_;
  State::Load& load = s.of(id);
  check(load.stage == State::Load::Stage::started, "only a started load arrives");
  load.stage = State::Load::Stage::arrived;
  s.of(load.expert).presence = Presence::resident;
  s.update_pin(load.expert);
}

void Residency::cancel(LoadId id) {
  State::Load& load = state_->of(id);
  check(load.stage == State::Load::Stage::queued, "only a queued load is withdrawn");
  load.stage = State::Load::Stage::cancelled;
  state_->of(load.expert).presence = Presence::absent;
}

void Residency::State::update_pin(ExpertId id) {
  const Expert& expert = of(id);
  Pin pin = expert.commits > 0 ? Pin::committed : Pin::none;
  if (expert.active || expert.presence == Presence::loading) pin = Pin::active;
  const Pin before = pins.of(id);
  if (pin == before) return;
  pins.set(id, pin);
  if (expert.presence == Presence::absent || expert.presence == Presence::queued) return;
  Partition& partition = partition_of(id);
  partition.by_pin[static_cast<std::size_t>(before)] -= table.bytes(id);
  partition.by_pin[static_cast<std::size_t>(pin)] += table.bytes(id);
}

void Residency::State::evict(ExpertId id, LoadId by_load, std::vector<Eviction>& evicted) {
  Expert& expert = of(id);
  Partition& partition = partition_of(id);
  check(expert.presence == Presence::resident && pins.of(id) != Pin::active,
        "what is in use or on its way stays");
  expert.previous_eviction = EvictionId(evictions++);
  evicted.push_back({.id = expert.previous_eviction,
                     .expert = id,
                     .by_load = by_load,
                     .last_used = expert.last_used,
                     .score = partition.policy->score(id)});
  partition.policy->evicted(id);
  const Bytes size = table.bytes(id);
  used -= size;
  partition.used -= size;
  partition.by_pin[static_cast<std::size_t>(pins.of(id))] -= size;
  expert.presence = Presence::absent;
  expert.unused_prefetch = false;
}

bool Residency::State::evict_one(Partition& partition, Pin strongest, LoadId by_load,
                                 std::vector<Eviction>& evicted) {
  Pin pin = Pin::none;
  if (partition.by_pin[0] == Bytes()) {
    if (strongest == Pin::none || partition.by_pin[1] == Bytes()) return false;
    pin = Pin::committed;
  }
  const std::optional<ExpertId> victim = partition.policy->victim(pins, pin);
  check(victim.has_value(), "a policy finds a victim where one is resident");
  evict(*victim, by_load, evicted);
  return true;
}

void Residency::State::shrink(Partition& partition, Bytes limit, std::vector<Eviction>& evicted) {
  while (partition.used > limit && evict_one(partition, Pin::none, LoadId(), evicted)) {
  }
}

void Residency::State::unpin_event() {
  for (const Lookup& lookup : lookups) {
    of(lookup.expert).active = false;
    update_pin(lookup.expert);
  }
}

void Residency::State::drop_event(std::vector<Eviction>& evicted) {
  for (const Lookup& lookup : lookups) {
    const bool stays =
        of(lookup.expert).presence != Presence::resident || pins.of(lookup.expert) != Pin::none;
    if (!stays) evict(lookup.expert, LoadId(), evicted);
  }
}

Presence Residency::presence(ExpertId expert) const {
  return state_->of(expert).presence;
}
ExpertId Residency::expert_of(LoadId load) const {
  return state_->of(load).expert;
}
Purpose Residency::purpose_of(LoadId load) const {
  return state_->of(load).purpose;
}
Bytes Residency::used() const {
  return state_->used;
}
Bytes Residency::peak_resident() const {
  return state_->peak;
}
Bytes Residency::budget() const {
  return state_->options.budget;
}
EvictionId Residency::previous_eviction(ExpertId expert) const {
  return state_->of(expert).previous_eviction;
}
bool Residency::is_unused_prefetch(ExpertId expert) const {
  return state_->of(expert).unused_prefetch;
}

}  // namespace pregate
