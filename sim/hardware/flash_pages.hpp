// SPDX-License-Identifier: Apache-2.0
// Flash page by page: a FlashArray (flash_array.hpp) behind a link to the host. Chunks of a request that have
// left the array cross the link one after another, in the order in which they became ready, and are written
// to DRAM on the way: the transfer is a flow like any other, so a busy DRAM slows it. A new command is
// fetched over the same link and waits for what is queued there. One sc_event for the earliest deadline of
// the array, as in flow_memory.hpp.
//
// Checked against MQSim by `pregate validate --references`. Leaves out host software but for a fixed
// overhead.
#pragma once

#include <deque>
#include <systemc>
#include <vector>

#include "sim/hardware/flash.hpp"
#include "sim/hardware/flash_array.hpp"

namespace pregate {

class PagedFlash final : public sc_core::sc_module, public Flash, private TransferClient {
 public:
  PagedFlash(const sc_core::sc_module_name& name, const DeviceSpec& device, MemorySystem& memory);

  void read(const FlashRead& read, ReadSink& sink) override;

 private:
  struct Reading {
    FlashRead request;
    ReadSink* sink = nullptr;
    Bytes in_array;  // not yet out of it
    Bytes ready;     // out of it, less than a chunk
    Bytes to_cross;  // not yet in DRAM
  };
  struct Crossing {
    std::uint32_t slot = 0;
    Bytes size;  // none: a command
  };

  void transfer_done(std::uint32_t tag) override;
  void wake();
  void arm();
  void crossed(std::uint32_t slot);
  // Starts what is next on the link; commands that reach its head go to the array at once.
  void use_link();
  void arrived(const FlashArrival& arrival);

  FlashArray array_;
  Duration latency_;
  Bytes chunk_;  // 0: a whole request
  MemorySystem& memory_;
  std::vector<Reading> readings_;  // by slot
  std::vector<std::uint32_t> free_;
  std::deque<Crossing> link_;
  bool link_busy_ = false;
  std::uint32_t busy_readings_ = 0;
  std::vector<FlashArrival> arrivals_;
  sc_core::sc_event deadline_;
  bool armed_ = false;
  SimTime armed_for_;
};

}  // namespace pregate
