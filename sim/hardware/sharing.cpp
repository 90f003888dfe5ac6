// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/sharing.hpp"

#include <algorithm>

namespace pregate {
namespace {

// A fill level (bytes per second per weight) as a fraction: exact comparison without floating point.
struct Level {
  std::int64_t numerator = 0;
  std::int64_t denominator = 0;  // 0: no limit

  [[nodiscard]] bool below(const Level& other) const {
    if (denominator == 0) return false;
    if (other.denominator == 0) return true;
    return Int128{numerator} * other.denominator < Int128{other.numerator} * denominator;
  }
};

// More than any rate (a petabyte a second), and small enough to be multiplied by a cost.
constexpr std::int64_t kUnbounded = 4'000'000'000'000'000;
// Slower than this (bytes per second) a flow pauses, where classes are told apart.
constexpr std::int64_t kLeastRate = 10'000;
// When a paused flow ends.
constexpr SimTime kNever = SimTime::at_ps(INT64_MAX);

// Small dividends take the machine's own division: the common case of an expert of a few MiB.
std::int64_t ceil_div_fast(Int128 numerator, std::int64_t denominator) {
  if (numerator <= INT64_MAX - denominator) {
    return (static_cast<std::int64_t>(numerator) + denominator - 1) / denominator;
  }
  return detail::ceil_div(numerator, denominator);
}

}  // namespace

ResourceId FluidNetwork::add_resource(const ResourceSpec& spec) {
  check(spec.capacity.count() > 0, "a resource needs a capacity");
  Resource resource{.arbitration = spec.arbitration, .capacity = {}};
  for (const Permille share : spec.by_readers) {
    resource.capacity.push_back(std::max<std::int64_t>(spec.capacity.count() * share.value, 1));
  }
  if (resource.capacity.empty()) resource.capacity.push_back(spec.capacity.count() * 1000);
  by_readers_ = by_readers_ || resource.capacity.size() > 1;
  by_class_ = by_class_ || spec.arbitration != Arbitration::max_min;
  capacity_.push_back(resource.capacity.front());
  resources_.push_back(std::move(resource));
  left_ = capacity_;
  binding_.assign(capacity_.size(), false);
  check(capacity_.size() <= kResources, "too many resources");
  return ResourceId(static_cast<std::uint8_t>(capacity_.size() - 1));
}

FlowId FluidNetwork::start(const FlowSpec& spec, Bytes size, Duration delay, SimTime now) {
  check(now >= now_, "time runs forward");
  now_ = now;
  check(spec.requester < kRequesters && spec.urgency < kUrgencies, "too many requesters or classes");
  std::uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(flows_.size());
    flows_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Flow& flow = flows_[slot];
  flow.spec = spec;
  flow.remaining = Int128{size.count()} * detail::kPsPerSecond;
  flow.rate = 0;
  flow.since = now + delay;
  if (delay > Duration() || size == Bytes()) {
    waiting_.push_back(slot);
  } else {
    join(slot);
  }
  return FlowId(slot);
}

void FluidNetwork::set_rate(Flow& flow, std::int64_t rate) {
  if (flow.rate == rate) return;
  if (flow.rate > 0) {
    flow.remaining = std::max(flow.remaining - Int128{flow.rate} * (now_ - flow.since).count_ps(), Int128{0});
  }
  flow.since = now_;
  flow.rate = rate;
  if (rate == 0) {
    flow.ends = kNever;  // paused
    return;
  }
  flow.ends = now_ + Duration::ps(ceil_div_fast(flow.remaining, rate));
}

void FluidNetwork::take(const Flow& flow) {
  for (std::uint8_t u = 0; u < flow.spec.use_count; ++u) {
    std::int64_t& room = left_[flow.spec.uses[u].resource.value()];
    room = std::max<std::int64_t>(room - flow.rate * flow.spec.uses[u].cost.value, 0);
  }
}

// Whether the coming or going of a flow changes the weights of others that are held back somewhere: its
// requester's.
bool FluidNetwork::reweighs(const FlowSpec& spec) const {
  return spec.requester != 0 && std::find(binding_.begin(), binding_.end(), true) != binding_.end();
}

// A flow that gets all it may have from resources that hold nobody back leaves everyone else's rate as it is:
// no filling.
void FluidNetwork::join(std::uint32_t slot) {
  moving_.push_back(slot);
  Flow& flow = flows_[slot];
  moving_readers_ += flow.spec.reads ? 1 : 0;
  dirty_ = dirty_ || (by_readers_ && flow.spec.reads);
  if (dirty_) return;
  const std::int64_t cap = flow.spec.cap.count();
  bool fits = cap > 0 && moving_.size() > 1 && !reweighs(flow.spec);
  for (std::uint8_t u = 0; u < flow.spec.use_count && fits; ++u) {
    const std::size_t r = flow.spec.uses[u].resource.value();
    fits = !binding_[r] && Int128{cap} * flow.spec.uses[u].cost.value <= left_[r];
  }
  if (!fits) {
    dirty_ = true;
    return;
  }
  set_rate(flow, cap);
  take(flow);
}

// The same the other way round.
void FluidNetwork::leave(const Flow& flow) {
  moving_readers_ -= flow.spec.reads ? 1 : 0;
  dirty_ = dirty_ || (by_readers_ && flow.spec.reads);
  if (dirty_) return;
  bool was_free = flow.rate == flow.spec.cap.count() && !reweighs(flow.spec);
  for (std::uint8_t u = 0; u < flow.spec.use_count; ++u)
    was_free = was_free && !binding_[flow.spec.uses[u].resource.value()];
  if (!was_free) {
    dirty_ = true;
    return;
  }
  for (std::uint8_t u = 0; u < flow.spec.use_count; ++u) {
    left_[flow.spec.uses[u].resource.value()] += flow.rate * flow.spec.uses[u].cost.value;
  }
}

// A flow by itself needs no filling: the tightest of its cap and what its resources can give.
std::int64_t FluidNetwork::rate_alone(const FlowSpec& spec) const {
  std::int64_t rate = spec.cap.count() > 0 ? spec.cap.count() : INT64_MAX;
  for (std::uint8_t u = 0; u < spec.use_count; ++u) {
    rate = std::min(rate, capacity_[spec.uses[u].resource.value()] / spec.uses[u].cost.value);
  }
  check(rate < INT64_MAX, "a flow needs a cap or a resource");
  return std::max<std::int64_t>(rate, 1);
}

// Weights are scaled so that dividing them among the flows of a requester leaves integers.
void FluidNetwork::weigh() {
  constexpr std::int64_t kScale = 27'720;  // divisible by 1..12
  std::array<std::int32_t, kRequesters> flows_of{};
  for (const std::uint32_t slot : moving_) ++flows_of[flows_[slot].spec.requester];
  for (const std::uint32_t slot : moving_) {
    Flow& flow = flows_[slot];
    flow.frozen = false;
    const std::int32_t siblings = flow.spec.requester == 0 ? 1 : flows_of[flow.spec.requester];
    flow.share = std::max<std::int64_t>(flow.spec.weight * kScale / siblings, 1);
  }
}

void FluidNetwork::set_urgency(FlowId flow, std::uint8_t urgency, SimTime now) {
  check(now >= now_, "time runs forward");
  FlowSpec& spec = flows_[flow.value()].spec;
  if (spec.urgency == urgency) return;
  spec.urgency = urgency;
  if (!by_class_) return;
  // Rates up to now stand; those from now on are found at the next question.
  if (dirty_) solve();
  now_ = now;
  dirty_ = true;
}

void FluidNetwork::count_readers() {
  if (!by_readers_) return;
  const auto beyond_first = static_cast<std::size_t>(std::max(moving_readers_ - 1, 0));
  for (std::size_t r = 0; r < resources_.size(); ++r) {
    const auto& capacity = resources_[r].capacity;
    capacity_[r] = capacity[std::min(beyond_first, capacity.size() - 1)];
  }
}

bool FluidNetwork::classes_matter() const {
  if (!by_class_) return false;
  const std::uint8_t first = flows_[moving_.front()].spec.urgency;
  return std::any_of(moving_.begin(), moving_.end(),
                     [&](std::uint32_t slot) { return flows_[slot].spec.urgency != first; });
}

void FluidNetwork::solve() {
  dirty_ = false;
  count_readers();
  left_ = capacity_;
  binding_.assign(capacity_.size(), false);
  if (moving_.size() == 1) {
    Flow& only = flows_[moving_.front()];
    set_rate(only, rate_alone(only.spec));
    binding_.assign(capacity_.size(), only.rate < only.spec.cap.count() || only.spec.cap.count() == 0);
    take(only);
    return;
  }
  if (moving_.empty()) return;
  weigh();
  if (classes_matter()) {
    fill_by_class();
  } else {
    fill_evenly();
  }
}

// Progressive filling. Each round finds the tightest constraint, settles the flows it binds, and takes what
// they use away.
void FluidNetwork::fill_evenly() {
  std::size_t unsettled = moving_.size();
  while (unsettled > 0) {
    std::array<std::int64_t, kResources> pressure{};  // weight x cost of the unsettled flows on each resource
    Level lowest;
    for (const std::uint32_t slot : moving_) {
      const Flow& flow = flows_[slot];
      if (flow.frozen) continue;
      for (std::uint8_t u = 0; u < flow.spec.use_count; ++u) {
        pressure[flow.spec.uses[u].resource.value()] += flow.share * flow.spec.uses[u].cost.value;
      }
      if (flow.spec.cap.count() > 0) {
        const Level own{flow.spec.cap.count(), flow.share};
        if (own.below(lowest)) lowest = own;
      }
    }
    for (std::size_t r = 0; r < capacity_.size(); ++r) {
      if (pressure[r] == 0) continue;
      const Level full{left_[r], pressure[r]};
      if (full.below(lowest)) lowest = full;
    }
    check(lowest.denominator > 0, "a flow needs a cap or a resource");

    for (const std::uint32_t slot : moving_) {
      Flow& flow = flows_[slot];
      if (flow.frozen) continue;
      const bool capped = flow.spec.cap.count() > 0 && !lowest.below({flow.spec.cap.count(), flow.share});
      bool bound = capped;
      for (std::uint8_t u = 0; u < flow.spec.use_count; ++u) {
        const std::size_t r = flow.spec.uses[u].resource.value();
        if (lowest.below({left_[r], pressure[r]})) continue;
        binding_[r] = true;
        bound = true;
      }
      if (!bound) continue;
      flow.frozen = true;
      --unsettled;
      const std::int64_t share =
          capped ? flow.spec.cap.count()
                 : static_cast<std::int64_t>(Int128{lowest.numerator} * flow.share / lowest.denominator);
      set_rate(flow, std::max<std::int64_t>(share, 1));
    }
    // What the settled flows use is taken away only after the round, so that all of a bottleneck's flows see
    // the same level.
    left_ = capacity_;
    for (const std::uint32_t slot : moving_) {
      const Flow& flow = flows_[slot];
      if (flow.frozen) take(flow);
    }
  }
}

std::int64_t FluidNetwork::class_share(const Flow& flow, std::size_t resource) const {
  const bool weighted = resources_[resource].arbitration == Arbitration::weighted;
  return flow.share * (weighted ? class_weight_[flow.spec.urgency] : 1);
}

// What resource `r` grants to the flows of one class (kUrgencies: of all): its room, filled up evenly, where
// a flow takes no more than its cap and what other resources grant it.
bool FluidNetwork::fill_resource(std::size_t r, std::uint8_t urgency, std::int64_t& room) {
  std::vector<Taker>& takers = takers_;
  takers.clear();
  std::int64_t pressure = 0;
  for (const std::uint32_t slot : moving_) {
    Flow& flow = flows_[slot];
    if (urgency < kUrgencies && flow.spec.urgency != urgency) continue;
    Taker taker{.bound = kUnbounded};
    if (flow.spec.cap.count() > 0) taker.bound = flow.spec.cap.count();
    for (std::uint8_t u = 0; u < flow.spec.use_count; ++u) {
      if (flow.spec.uses[u].resource.value() == r) {
        taker.grant = &flow.grant[u];
        taker.cost = flow.spec.uses[u].cost.value;
      } else {
        taker.bound = std::min(taker.bound, flow.grant[u]);
      }
    }
    if (taker.grant == nullptr) continue;
    taker.share = class_share(flow, r);
    pressure += taker.share * taker.cost;
    takers.push_back(taker);
  }
  // Whoever is bound below the level leaves the rest to the others, which raises the level.
  for (bool again = true; again;) {
    again = false;
    for (Taker& taker : takers) {
      if (taker.content || Int128{taker.bound} * pressure > Int128{room} * taker.share) continue;
      taker.content = again = true;
      room -= taker.bound * taker.cost;
      pressure -= taker.share * taker.cost;
    }
  }
  bool changed = false;
  for (const Taker& taker : takers) {
    const std::int64_t grant =
        pressure == 0 ? kUnbounded : static_cast<std::int64_t>(Int128{room} * taker.share / pressure);
    changed = changed || grant != *taker.grant;
    *taker.grant = grant;
  }
  if (pressure > 0) room = 0;
  return changed;
}

void FluidNetwork::fill_by_class() {
  for (const std::uint32_t slot : moving_) flows_[slot].grant.fill(kUnbounded);
  // Each round settles at least the tightest resource for good, unless classes starved in one resource had
  // taken part in another: a few rounds more.
  bool again = true;
  for (std::size_t round = 0; again && round < 4 * resources_.size() + 8; ++round) {
    again = false;
    for (std::size_t r = 0; r < resources_.size(); ++r) {
      std::int64_t room = capacity_[r];
      const bool strict = resources_[r].arbitration == Arbitration::priority;
      for (std::uint8_t urgency = strict ? 0 : kUrgencies; urgency < (strict ? kUrgencies : kUrgencies + 1);
           ++urgency) {
        again = fill_resource(r, urgency, room) || again;
      }
    }
  }
  // The least of the grants; and, should the rounds not have been enough, no more than there is, and nothing
  // left that somebody could use.
  std::fill(binding_.begin(), binding_.end(), true);
  for (const bool rest : {false, true}) {
    for (std::uint8_t urgency = 0; urgency < kUrgencies; ++urgency) {
      for (const std::uint32_t slot : moving_) {
        Flow& flow = flows_[slot];
        if (flow.spec.urgency == urgency) settle(flow, rest);
      }
    }
  }
  const auto most_urgent = std::min_element(
      moving_.begin(), moving_.end(),
      [&](std::uint32_t a, std::uint32_t b) { return flows_[a].spec.urgency < flows_[b].spec.urgency; });
  for (const std::uint32_t slot : moving_) {
    Flow& flow = flows_[slot];
    const bool may_pause = flow.spec.urgency > flows_[*most_urgent].spec.urgency;
    set_rate(flow, may_pause && flow.settled < kLeastRate ? 0 : std::max<std::int64_t>(flow.settled, 1));
  }
}

// Takes a flow's rate out of what is left: what it was granted, or (`rest`) as much more as fits, if that is
// worth it.
void FluidNetwork::settle(Flow& flow, bool rest) {
  std::int64_t rate = flow.spec.cap.count() > 0 ? flow.spec.cap.count() : kUnbounded;
  if (rest) rate -= flow.settled;
  for (std::uint8_t u = 0; u < flow.spec.use_count; ++u) {
    const ResourceUse& use = flow.spec.uses[u];
    rate = std::min(rate, left_[use.resource.value()] / use.cost.value);
    if (!rest) rate = std::min(rate, flow.grant[u]);
  }
  if (rest && rate < kLeastRate) return;
  flow.settled = rest ? flow.settled + rate : rate;
  for (std::uint8_t u = 0; u < flow.spec.use_count; ++u) {
    left_[flow.spec.uses[u].resource.value()] -= rate * flow.spec.uses[u].cost.value;
  }
}

std::optional<SimTime> FluidNetwork::next_event() {
  if (dirty_) solve();
  std::optional<SimTime> next;
  for (const std::uint32_t slot : moving_) {
    if (flows_[slot].ends == kNever) continue;
    if (!next || flows_[slot].ends < *next) next = flows_[slot].ends;
  }
  for (const std::uint32_t slot : waiting_) {
    if (!next || flows_[slot].since < *next) next = flows_[slot].since;
  }
  return next;
}

void FluidNetwork::advance(SimTime now, std::vector<FlowId>& ended) {
  check(now >= now_, "time runs forward");
  if (dirty_) solve();
  now_ = now;
  const auto ends_now = [&](std::uint32_t slot) {
    if (flows_[slot].ends > now) return false;
    ended.emplace_back(slot);
    leave(flows_[slot]);
    give_back(slot);
    return true;
  };
  std::erase_if(moving_, ends_now);

  std::erase_if(waiting_, [&](std::uint32_t slot) {
    Flow& flow = flows_[slot];
    if (flow.since > now) return false;
    if (flow.remaining == 0) {
      ended.emplace_back(slot);
      give_back(slot);
    } else {
      join(slot);
    }
    return true;
  });
}

Bandwidth FluidNetwork::rate(FlowId flow) {
  if (dirty_) solve();
  return Bandwidth::bytes_per_second(flows_[flow.value()].rate);
}

}  // namespace pregate
