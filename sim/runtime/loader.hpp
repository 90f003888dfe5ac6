// SPDX-License-Identifier: Apache-2.0
// What flash does next: a bounded number of lanes, demand before committed before speculative, first come
// first served within each. A load is read in as many requests as the runtime makes of it (reads_per_load),
// which take a lane each. Room in DRAM is taken as a lane becomes free (RoomAt::start), or as soon as the
// load is asked for (RoomAt::request): then which experts leave does not depend on how fast anything is, and
// a real disk has the same evictions.
#pragma once

#include <systemc>
#include <vector>

#include "sim/account/load_book.hpp"
#include "sim/hardware/flash.hpp"
#include "sim/residency/lane_queue.hpp"
#include "traces/scenario.hpp"

namespace pregate {

class Loader final : public sc_core::sc_module, private ReadSink {
 public:
  struct Parts {
    const ExpertTable& table;
    Residency& residency;
    Flash& flash;
    Recorder& recorder;
    const DeviceSpec& device;
    std::int32_t lanes = 1;
    RoomAt room = RoomAt::start;
  };
  Loader(const sc_core::sc_module_name& name, const Parts& parts);

  // Asks for an expert for `layer`; an invalid id if it is there or coming already. pump() starts what was
  // asked for.
  LoadId request(ExpertId expert, Purpose purpose, LayerId layer);
  // A prefetch that an event needs now: it moves to the demand queue if it has not started.
  void adopt(LoadId load);
  // Withdraws queued speculation for layers of the running step up to `layer`.
  void cancel_stale_speculation(LayerId layer);
  // Starts as many loads as lanes and room allow.
  void pump();
  // Room may have become free at the end of an event.
  void event_ended(std::span<const Eviction> evicted);

  // Notified at each arrival.
  [[nodiscard]] const sc_core::sc_event& arrival() const { return arrival_; }
  // The NPU's time for cache management that has piled up, handed over and reset.
  [[nodiscard]] Duration take_management_debt();
  [[nodiscard]] bool has_queued() const { return queue_.size() > 0; }
  [[nodiscard]] bool idle() const { return in_flight_ == 0; }
  // Loads that arrived since the last call, in order.
  void take_arrivals(std::vector<LoadId>& out);
  // For how long a load that has started was refused before, because there was no room for it.
  [[nodiscard]] Duration held_back(LoadId load) const { return queue_.held_back(load); }

 private:
  struct Part {
    LoadId load;
    std::int32_t index = 0;
  };
  void read_done(LoadId load) override;
  void load_arrived(LoadId load);
  // Gives free lanes to the parts of loads that have started.
  void read_parts();
  void read(const Part& part);
  bool try_start(LoadId load);
  [[nodiscard]] bool may_start() const;
  void note_queue();

  Parts parts_;
  LoadBook queue_;                        // for room
  LaneQueue<Part> parts_waiting_;         // of loads that have room, for a lane
  std::vector<std::int32_t> parts_left_;  // by LoadId
  std::vector<Bytes> offsets_;            // of experts on flash, one after another
  std::int32_t lanes_busy_ = 0;
  std::vector<LoadId> arrivals_;
  std::vector<Eviction> evicted_;  // scratch
  std::int32_t in_flight_ = 0;     // have room and have not arrived
  Duration debt_;
  sc_core::sc_event arrival_;
};

}  // namespace pregate
