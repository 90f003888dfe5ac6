// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/event_loads.hpp"

#include <algorithm>

namespace pregate {
namespace {

LayerId layer_id(std::size_t layer) {
  return LayerId(static_cast<std::uint32_t>(layer));
}

}  // namespace

EventLoads::EventLoads(const Parts& parts) : parts_(parts), position_of_(parts.table.size(), -1) {}

void EventLoads::begin_step(std::int32_t step) {
  parts_.residency.begin_step(step);
  parts_.prefetcher.step_begins(step);
}

// Demand goes first into the queues, whatever a prefetcher wishes.
Result<std::int32_t> EventLoads::router_answers(std::size_t layer, RoutingSource& source) {
  wishes_.clear();
  std::int32_t tokens = 0;
  if (parts_.model.layers[layer].is_moe()) {
    const Result<LayerRouting> routing = source.route(layer_id(layer));
    if (!routing) return routing.error();
    tokens = routing->tokens;
    begin_event(layer, *routing);
  }
  if (Status ok = look_ahead(layer, source); !ok) return ok.error();
  for (const PrefetchWish& wish : wishes_) parts_.desk.request(wish.expert, wish.purpose, wish.layer);
  return tokens;
}

void EventLoads::begin_event(std::size_t layer, const LayerRouting& routing) {
  const BankId bank = parts_.model.layers[layer].bank;
  distinct_experts(routing.experts, bank, parts_.table, chosen_);
  tokens_of_.assign(chosen_.size(), 0);
  for (std::size_t i = 0; i < chosen_.size(); ++i)
    position_of_[chosen_[i].value()] = static_cast<std::int32_t>(i);
  for (const std::uint16_t choice : routing.experts) {
    ++tokens_of_[static_cast<std::size_t>(position_of_[parts_.table.id(bank, choice).value()])];
  }
  const EventId event(next_event_++);
  const auto lookups = parts_.residency.begin_event(event, chosen_);
  lookups_.assign(lookups.begin(), lookups.end());
  parts_.desk.looked_up(layer_id(layer), lookups_);
  sort_out(layer);
  parts_.prefetcher.event(event, layer_id(layer), chosen_, wishes_);
  for (const ExpertId expert : parts_.prefetcher.certain()) parts_.residency.commit(expert);
}

// What is there can run; what is on its way is adopted; wrong guesses still queued for this layer are
// withdrawn; what is left is asked for, and stands behind nothing but loads that matter as much.
void EventLoads::sort_out(std::size_t layer) {
  awaited_.assign(chosen_.size(), LoadId());
  ready_.clear();
  next_ready_ = 0;
  awaited_count_ = 0;
  for (std::size_t i = 0; i < lookups_.size(); ++i) {
    if (lookups_[i].outcome == Outcome::miss) continue;
    if (lookups_[i].outcome != Outcome::late_prefetch) {
      ready_.push_back(i);
      continue;
    }
    awaited_[i] = lookups_[i].load;
    parts_.desk.adopt(lookups_[i].load);
    ++awaited_count_;
  }
  parts_.desk.cancel_stale_speculation(layer_id(layer));
  for (std::size_t i = 0; i < lookups_.size(); ++i) {
    if (lookups_[i].outcome != Outcome::miss) continue;
    awaited_[i] = parts_.desk.request(lookups_[i].expert, Purpose::demand, layer_id(layer));
    check(awaited_[i].valid(), "a miss is absent, so its load is new");
    check(lookups_[i].previous_eviction == parts_.residency.previous_eviction(lookups_[i].expert),
          "a miss and its load agree on the eviction behind it");
    ++awaited_count_;
  }
}

// With lookahead d the router of layer i+d has read the state that layer i leaves; the first layer answers
// for all layers that have no layer d before them.
Status EventLoads::look_ahead(std::size_t layer, RoutingSource& source) {
  const auto d = static_cast<std::size_t>(parts_.prefetcher.lookahead());
  if (d == 0) return {};
  for (std::size_t target = layer == 0 ? 1 : layer + d; target <= layer + d; ++target) {
    if (target >= parts_.model.layers.size() || !parts_.model.layers[target].is_moe()) continue;
    if (Status ok = tell_ahead(target, source); !ok) return ok;
  }
  return {};
}

Status EventLoads::tell_ahead(std::size_t target, RoutingSource& source) {
  const Result<LayerRouting> routing = source.route(layer_id(target));
  if (!routing) return routing.error();
  distinct_experts(routing->experts, parts_.model.layers[target].bank, parts_.table, ahead_);
  if (parts_.commit_ahead) {
    for (const ExpertId expert : ahead_) parts_.residency.commit(expert);
  }
  parts_.prefetcher.ahead(layer_id(target), ahead_, wishes_);
  return {};
}

void EventLoads::arrived(LoadId load) {
  const auto it = std::find(awaited_.begin(), awaited_.end(), load);
  if (it == awaited_.end()) return;
  ready_.push_back(static_cast<std::size_t>(it - awaited_.begin()));
  *it = LoadId();
  --awaited_count_;
  last_awaited_ = load;
}

bool EventLoads::awaits(LoadId load) const {
  return std::find(awaited_.begin(), awaited_.end(), load) != awaited_.end();
}

ExpertId EventLoads::first_awaited() const {
  const auto waiting =
      std::find_if(awaited_.begin(), awaited_.end(), [](LoadId load) { return load.valid(); });
  return waiting == awaited_.end() ? ExpertId()
                                   : chosen_[static_cast<std::size_t>(waiting - awaited_.begin())];
}

}  // namespace pregate
