// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/event_sequence.hpp"

#include <algorithm>
#include <ranges>

namespace pregate {
namespace {

// Up to here comparing with what is there already is faster than marking.
constexpr std::size_t kFewChoices = 32;

}  // namespace

void distinct_experts(std::span<const std::uint16_t> choices, BankId bank, const ExpertTable& table,
                      std::vector<ExpertId>& out) {
  out.clear();
  std::vector<bool> seen;
  const bool few = choices.size() <= kFewChoices;
  if (!few) seen.resize(std::size_t{*std::max_element(choices.begin(), choices.end())} + 1);
  // Backwards, so that the last choice of an expert gives it its place.
  for (const std::uint16_t choice : std::views::reverse(choices)) {
    const ExpertId expert = table.id(bank, choice);
    if (few ? std::find(out.begin(), out.end(), expert) != out.end() : seen[choice]) continue;
    if (!few) seen[choice] = true;
    out.push_back(expert);
  }
  std::reverse(out.begin(), out.end());
}

EventSequence::EventSequence(const RouteTrace& trace, const ExpertTable& table) {
  const std::vector<LayerShape>& layers = trace.header.model.layers;
  std::vector<ExpertId> distinct;
  for (std::size_t step = 0; step < trace.steps.size(); ++step) {
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      if (!layers[layer].is_moe()) continue;
      distinct_experts(trace.steps[step].layer_experts(layer), layers[layer].bank, table, distinct);
      append({.step = static_cast<std::int32_t>(step),
              .layer = LayerId(static_cast<std::uint32_t>(layer)),
              .bank = layers[layer].bank,
              .phase = trace.steps[step].phase},
             distinct);
    }
  }
}

void EventSequence::append(const EventInfo& info, std::span<const ExpertId> distinct) {
  check(experts_.size() + distinct.size() < EventId::kNone, "a run has fewer than 2^32 lookups");
  infos_.push_back(info);
  experts_.insert(experts_.end(), distinct.begin(), distinct.end());
  first_.push_back(static_cast<std::uint32_t>(experts_.size()));
}

Bytes EventSequence::largest_event(const ExpertTable& table, EventId* where) const {
  Bytes largest;
  for (std::size_t i = 0; i < size(); ++i) {
    const EventId event(static_cast<std::uint32_t>(i));
    Bytes bytes;
    for (const ExpertId expert : experts(event)) bytes += table.bytes(expert);
    if (bytes <= largest) continue;
    largest = bytes;
    if (where != nullptr) *where = event;
  }
  return largest;
}

FutureUses::FutureUses(const EventSequence& sequence, std::size_t experts)
    : first_(experts + 1, 0), uses_(sequence.lookups()) {
  const auto events = static_cast<std::uint32_t>(sequence.size());
  for (std::uint32_t event = 0; event < events; ++event) {
    for (const ExpertId expert : sequence.experts(EventId(event))) ++first_[expert.value() + 1];
  }
  for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
  std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
  for (std::uint32_t event = 0; event < events; ++event) {
    for (const ExpertId expert : sequence.experts(EventId(event)))
      uses_[next[expert.value()]++] = EventId(event);
  }
}

EventId FutureUses::next_use(ExpertId expert, EventId event) const {
  const EventId* from = uses_.data() + first_[expert.value()];
  const EventId* to = uses_.data() + first_[expert.value() + 1];
  const EventId* next = event.valid() ? std::upper_bound(from, to, event) : from;
  return next == to ? EventId() : *next;
}

}  // namespace pregate
