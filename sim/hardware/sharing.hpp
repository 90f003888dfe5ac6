// SPDX-License-Identifier: Apache-2.0
// Bandwidth shared as a fluid: weighted max-min fairness by progressive filling (Bertsekas and Gallager, Data
// Networks, section 6.5.2). A flow moves bytes through up to four resources at one rate; all flows grow
// together, in proportion to their weight, until a resource is full or a flow reaches its cap; those stop,
// the others go on growing.
//
// Rates change only when the set of flows does, so a run costs one event a change, however many bytes move.
// All arithmetic is integer: what remains of a flow is kept in byte x 10^-12, exactly, so that a flow that is
// slowed and sped up again ends no earlier than rate x time says, to the picosecond. No SystemC here: the
// module around it is flow_memory.hpp.
//
// Who gets what of a resource is data. max_min: as above. weighted: the same, with a weight for each class of
// urgency. priority: a class gets what the more urgent ones leave, nothing at worst; inside a class max-min.
// A flow that crosses resources of different rules moves at the least that any of them grants it; the grants
// are found by iteration (each resource fills locally, given what the others grant, until nothing changes).
//
// Leaves out: bank conflicts, row misses, turnaround (they are the resource's efficiency and a flow's cost),
// and queues. Agreement with a cycle-level model: a 16 MiB reader joined in flight by a 4 MiB one ends within
// 0.2 % (Ramulator 2.1, four channels of LPDDR5-6400).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "traces/base/ids.hpp"
#include "traces/base/units.hpp"
#include "traces/device_spec.hpp"

namespace pregate {

using ResourceId = StrongId<struct ResourceTag, std::uint8_t>;
using FlowId = StrongId<struct FlowTag>;

// What a flow takes of a resource: cost x its rate. A DRAM write may cost more of DRAM's time than its bytes
// say.
struct ResourceUse {
  ResourceId resource;
  Permille cost;
};

inline constexpr std::uint8_t kRequesters = 4;
inline constexpr std::size_t kResources = 8;

// Classes of urgency: demand (and whatever the NPU streams), committed, speculative.
inline constexpr std::uint8_t kUrgencies = 3;

struct ResourceSpec {
  Bandwidth capacity;
  Arbitration arbitration = Arbitration::max_min;
  // Capacity by the number of flows that read it, relative to `capacity`: the first for one or none, the last
  // for as many as are listed or more. Streams that take turns in a DRAM close each other's rows.
  std::vector<Permille> by_readers{};
};

struct FlowSpec {
  std::array<ResourceUse, 4> uses{};
  std::uint8_t use_count = 0;
  Bandwidth cap;            // of this flow alone; zero: none
  std::int32_t weight = 1;  // share against other flows
  // Flows of one requester (a flash controller with many requests in flight) divide its weight between them,
  // so that more lanes do not take more of the DRAM. Zero: a requester of its own.
  std::uint8_t requester = 0;  // below kRequesters
  std::uint8_t urgency = 0;    // below kUrgencies; 0 is the most urgent
  bool reads = false;          // counts as a reader of the resources it crosses

  FlowSpec& through(ResourceId resource, Permille cost = {}) {
    check(use_count < uses.size(), "a flow crosses at most four resources");
    uses[use_count++] = {resource, cost};
    return *this;
  }
};

class FluidNetwork {
 public:
  ResourceId add_resource(Bandwidth capacity) { return add_resource(ResourceSpec{capacity}); }
  ResourceId add_resource(const ResourceSpec& spec);
  // Weight of each class where a resource is `weighted`; 4, 2, 1 unless told.
  void set_class_weights(const std::array<std::int32_t, kUrgencies>& weights) { class_weight_ = weights; }

  // A flow of `size` bytes whose first byte moves `delay` from now. A flow of no bytes is a pure delay.
  FlowId start(const FlowSpec& spec, Bytes size, Duration delay, SimTime now);
  // The next moment at which a flow begins to move or ends; nothing when there are none.
  [[nodiscard]] std::optional<SimTime> next_event();
  // Handles what is due at `now` (not later than next_event()): appends the flows that ended, in order of
  // their start.
  void advance(SimTime now, std::vector<FlowId>& ended);
  // A flow that started less urgent is needed now (or the other way round).
  void set_urgency(FlowId flow, std::uint8_t urgency, SimTime now);
  // The rate of a flow at the moment; for tests and counters.
  [[nodiscard]] Bandwidth rate(FlowId flow);
  [[nodiscard]] std::size_t active() const { return moving_.size() + waiting_.size(); }

 private:
  struct Flow {
    FlowSpec spec;
    Int128 remaining = 0;    // byte x 10^-12, as of `since`
    std::int64_t rate = 0;   // bytes per second
    SimTime since;           // when the rate last changed; while waiting: when it starts to move
    SimTime ends;            // at this rate
    std::int64_t share = 0;  // effective weight; scratch of solve(), like `frozen`
    bool frozen = false;
    // Scratch of fill_by_class(): what each resource grants, by use; and the rate that comes of it.
    std::array<std::int64_t, 4> grant{};
    std::int64_t settled = 0;
  };

  struct Resource {
    Arbitration arbitration = Arbitration::max_min;
    std::vector<std::int64_t> capacity;  // by readers, as in ResourceSpec; bytes per second x 1000
  };

  // Who takes of a resource; scratch of fill_resource().
  struct Taker {
    std::int64_t* grant = nullptr;
    std::int64_t bound = 0, share = 0, cost = 0;
    bool content = false;  // with less than the level
  };

  void solve();
  void fill_evenly();
  void fill_by_class();
  bool fill_resource(std::size_t r, std::uint8_t urgency, std::int64_t& room);
  void settle(Flow& flow, bool rest);
  [[nodiscard]] bool classes_matter() const;
  void count_readers();
  [[nodiscard]] std::int64_t class_share(const Flow& flow, std::size_t resource) const;
  void weigh();
  [[nodiscard]] bool reweighs(const FlowSpec& spec) const;
  void take(const Flow& flow);
  void join(std::uint32_t slot);
  void leave(const Flow& flow);
  [[nodiscard]] std::int64_t rate_alone(const FlowSpec& spec) const;
  void set_rate(Flow& flow, std::int64_t rate);
  void give_back(std::uint32_t slot) { free_.push_back(slot); }

  std::vector<Taker> takers_;
  std::vector<Resource> resources_;
  std::vector<std::int64_t> capacity_;  // of each with its present readers; bytes per second x 1000
  std::vector<std::int64_t> left_;      // of each, at the present rates
  std::vector<bool> binding_;           // full, and holding some flow below its cap
  std::vector<Flow> flows_;             // by slot
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> moving_, waiting_;  // slots in order of start
  std::array<std::int32_t, kUrgencies> class_weight_{4, 2, 1};
  SimTime now_;
  bool by_class_ = false;    // some resource is not max_min
  bool by_readers_ = false;  // some capacity depends on the readers
  std::int32_t moving_readers_ = 0;
  bool dirty_ = false;  // the set of moving flows changed since the last solve()
};

}  // namespace pregate
