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

// Small dividends take the machine's own division: the common case of an expert of a few MiB.
std::int64_t ceil_div_fast(Int128 numerator, std::int64_t denominator) {
  if (numerator <= INT64_MAX - denominator) {
    return (static_cast<std::int64_t>(numerator) + denominator - 1) / denominator;
  }
  return detail::ceil_div(numerator, denominator);
}

}  // namespace

ResourceId FluidNetwork::add_resource(Bandwidth capacity) {
  check(capacity.count() > 0, "a resource needs a capacity");
  capacity_.push_back(capacity.count() * 1000);
  left_ = capacity_;
  binding_.assign(capacity_.size(), false);
  check(capacity_.size() <= kResources, "too many resources");
  return ResourceId(static_cast<std::uint8_t>(capacity_.size() - 1));
}

FlowId FluidNetwork::start(const FlowSpec& spec, Bytes size, Duration delay, SimTime now) {
  check(now >= now_, "time runs forward");
  now_ = now;
  check(spec.requester < kRequesters, "too many requesters");
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
  if (dirty_) return;
  Flow& flow = flows_[slot];
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

// Progressive filling. Each round finds the tightest constraint, settles the flows it binds, and takes what
// they use away.
void FluidNetwork::solve() {
  dirty_ = false;
  left_ = capacity_;
  binding_.assign(capacity_.size(), false);
  if (moving_.size() == 1) {
    Flow& only = flows_[moving_.front()];
    set_rate(only, rate_alone(only.spec));
    binding_.assign(capacity_.size(), only.rate < only.spec.cap.count() || only.spec.cap.count() == 0);
    take(only);
    return;
  }
  weigh();

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

std::optional<SimTime> FluidNetwork::next_event() {
  if (dirty_) solve();
  std::optional<SimTime> next;
  for (const std::uint32_t slot : moving_) {
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
