// SPDX-License-Identifier: Apache-2.0
// What one event asks of the disk: the protocol between a router's answer and the loader, without time. When
// the router of a layer answers, its experts are looked up; what is there can run, what is on its way is
// adopted, wrong guesses that still wait for this layer are withdrawn, what is missing is asked for; then
// choices of later layers that are known now are committed, and what the prefetcher wishes is asked for. The
// simulated device and the runtime on a real disk go through this one class.
#pragma once

#include <span>
#include <vector>

#include "sim/residency/prefetch.hpp"
#include "sim/residency/residency.hpp"

namespace pregate {

// Who reads: called in the order in which things are decided.
class LoadDesk {
 public:
  virtual ~LoadDesk() = default;
  // An event begins.
  virtual void looked_up(LayerId layer, std::span<const Lookup> lookups) = 0;
  // Asks for an expert for `layer`; an invalid id if it is there or coming already.
  virtual LoadId request(ExpertId expert, Purpose purpose, LayerId layer) = 0;
  // A prefetch is needed by the event that begins.
  virtual void adopt(LoadId load) = 0;
  // Queued speculation for layers up to `layer` comes too late.
  virtual void cancel_stale_speculation(LayerId layer) = 0;
};

class EventLoads {
 public:
  struct Parts {
    const ModelShape& model;
    const ExpertTable& table;
    Residency& residency;
    Prefetcher& prefetcher;
    LoadDesk& desk;
    bool commit_ahead = false;  // what the prefetcher is told ahead is certain (pregate): protect it
  };
  explicit EventLoads(const Parts& parts);

  void begin_step(std::int32_t step);
  // The moment after attention: the layer's own choice is known now if it was not before, and with
  // pre-gating that of later layers. Returns the tokens that pass through the layer; 0 for a dense one.
  Result<std::int32_t> router_answers(std::size_t layer, RoutingSource& source);
  // Unpins; appends what had to go.
  void end_event(std::vector<Eviction>& evicted) { parts_.residency.end_event(evicted); }

  // The running event, by position: distinct experts in order of last choice.
  [[nodiscard]] std::span<const ExpertId> chosen() const { return chosen_; }
  [[nodiscard]] std::int32_t tokens_of(std::size_t position) const { return tokens_of_[position]; }
  // A load has arrived; a position of this event may have become ready.
  void arrived(LoadId load);
  [[nodiscard]] bool has_ready() const { return next_ready_ < ready_.size(); }
  // The next position that can run, in the order in which they became ready.
  std::size_t take_ready() { return ready_[next_ready_++]; }
  [[nodiscard]] std::int32_t awaited() const { return awaited_count_; }
  [[nodiscard]] bool awaits(LoadId load) const;
  // The arrival that made a position ready last; the first expert that is still awaited.
  [[nodiscard]] LoadId last_awaited() const { return last_awaited_; }
  [[nodiscard]] ExpertId first_awaited() const;

 private:
  void begin_event(std::size_t layer, const LayerRouting& routing);
  void sort_out(std::size_t layer);
  Status look_ahead(std::size_t layer, RoutingSource& source);
  Status tell_ahead(std::size_t target, RoutingSource& source);

  Parts parts_;
  std::uint32_t next_event_ = 0;
  std::vector<ExpertId> chosen_;
  std::vector<std::int32_t> tokens_of_;
  std::vector<Lookup> lookups_;
  std::vector<LoadId> awaited_;     // by position; invalid once resident
  std::vector<std::size_t> ready_;  // positions that can run, in order
  std::size_t next_ready_ = 0;
  std::int32_t awaited_count_ = 0;
  LoadId last_awaited_;
  // Scratch.
  std::vector<std::int32_t> position_of_;  // by ExpertId: position in chosen_
  std::vector<ExpertId> ahead_;
  std::vector<PrefetchWish> wishes_;
};

}  // namespace pregate
