// SPDX-License-Identifier: Apache-2.0
#include "sim/residency/curve.hpp"

#include "sim/residency/residency.hpp"

namespace pregate {
namespace {

double rate(std::int64_t hits, std::int64_t lookups) {
  return lookups == 0 ? 0.0 : static_cast<double>(hits) / static_cast<double>(lookups);
}

struct ReplayInputs {
  const EventSequence& sequence;
  const FutureUses& future;
  const ExpertTable& table;
  std::int32_t model_layers;
  EvictionKind policy;
  Bytes budget;
  CurveOptions options;
};

std::unique_ptr<Residency> make_residency(const ReplayInputs& in) {
  Result<std::unique_ptr<Residency>> residency =
      Residency::create(in.table, {.budget = in.budget,
                                   .eviction = in.policy,
                                   .context = {.table = &in.table,
                                               .future = &in.future,
                                               .layers = in.model_layers,
                                               .lfu_half_life = in.options.lfu_half_life,
                                               .seed = in.options.seed},
                                   .allow_overflow = !in.options.largest_event.has_value(),
                                   .preload = in.options.preload,
                                   .largest_event = in.options.largest_event.value_or(Bytes())});
  check(residency.ok(), "with the future known and room for what it holds every policy can be had");
  return std::move(*residency);
}

// Calls visit(info, lookup) for every lookup, in order. Returns the peak of resident bytes.
template <typename Visit>
Bytes replay(const ReplayInputs& in, Visit visit) {
  const std::unique_ptr<Residency> residency = make_residency(in);
  std::vector<Eviction> evicted;
  std::int32_t step = -1;
  for (std::uint32_t i = 0; i < in.sequence.size(); ++i) {
    const EventId event(i);
    const EventInfo& info = in.sequence.info(event);
    if (info.step != step) residency->begin_step(step = info.step);
    for (const Lookup& lookup : residency->begin_event(event, in.sequence.experts(event))) {
      visit(info, lookup);
      if (lookup.outcome != Outcome::miss) continue;
      const LoadId load = residency->request(lookup.expert, Purpose::demand);
      check(residency->start(load, evicted), "a replay has room for what its budget was checked for");
      residency->arrive(load);
    }
    residency->end_event(evicted);
    evicted.clear();
  }
  return residency->peak_resident();
}

}  // namespace

double CurvePoint::hit_rate() const {
  return rate(hits, lookups);
}
double CurvePoint::hit_rate_decode() const {
  return rate(hits_decode, lookups_decode);
}

CurvePoint replay_at(const EventSequence& sequence, const FutureUses& future, const ExpertTable& table,
                     std::int32_t model_layers, EvictionKind policy, Bytes budget,
                     const CurveOptions& options) {
  CurvePoint point{.policy = policy, .budget = budget};
  point.peak_resident = replay({sequence, future, table, model_layers, policy, budget, options},
                               [&](const EventInfo& info, const Lookup& lookup) {
                                 const bool hit = lookup.outcome != Outcome::miss;
                                 const bool decode = info.phase == Phase::decode;
                                 ++point.lookups;
                                 point.hits += hit ? 1 : 0;
                                 point.lookups_decode += decode ? 1 : 0;
                                 point.hits_decode += hit && decode ? 1 : 0;
                                 if (hit) return;
                                 ++point.loads;
                                 point.reloads += lookup.seen_before ? 1 : 0;
                                 point.bytes_read += table.bytes(lookup.expert);
                               });
  return point;
}

std::vector<bool> opt_hits(const EventSequence& sequence, const FutureUses& future, const ExpertTable& table,
                           std::int32_t model_layers, Bytes budget, const CurveOptions& options) {
  std::vector<bool> hits;
  hits.reserve(sequence.lookups());
  replay({sequence, future, table, model_layers, EvictionKind::belady, budget, {.preload = options.preload}},
         [&](const EventInfo&, const Lookup& lookup) { hits.push_back(lookup.outcome != Outcome::miss); });
  return hits;
}

}  // namespace pregate
