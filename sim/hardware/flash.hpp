// SPDX-License-Identifier: Apache-2.0
// Flash as the loader sees it: reads go in, their ends come back when all bytes are in DRAM. Two models,
// chosen by the device file (flash.model): fitted (here) and page by page (flash_pages.hpp).
//
// Fitted: a read occupies one lane; it is made of requests of at most request_bytes, one after another, each
// with a fixed latency before its first byte, then at no more than the rate of one outstanding request, all
// lanes sharing the part's rate, of which every request takes request_overhead beside its bytes: one lane
// t(size) = t0 + size / lane rate; many lanes t(size) = overhead + size / part rate each. Source of the form:
// a phone's table of random reads by size and lanes (BigMoeOnEdge 2d4f2b1, iobench-ceiling.md). Leaves out
// dies, channels and mapping-table misses.
#pragma once

#include <memory>
#include <systemc>
#include <vector>

#include "sim/hardware/memory_system.hpp"
#include "traces/base/ids.hpp"
#include "traces/device_spec.hpp"

namespace pregate {

// Told when all bytes of a read are in DRAM.
class ReadSink {
 public:
  virtual ~ReadSink() = default;
  virtual void read_done(LoadId load) = 0;
};

struct FlashRead {
  LoadId load;   // what it is for; several reads may be for one load
  Bytes offset;  // on flash
  Bytes size;
  Purpose purpose = Purpose::demand;
};

class Flash {
 public:
  virtual ~Flash() = default;
  virtual void read(const FlashRead& read, ReadSink& sink) = 0;
  // A load that is on its way is needed now: what is left of it goes as demand, where the model tells classes
  // apart (the fitted one does).
  virtual void promote(LoadId) {}
};

// The model that the device names.
std::unique_ptr<Flash> make_flash(const DeviceSpec& device, MemorySystem& memory);

class FittedFlash final : public Flash, private TransferClient {
 public:
  FittedFlash(const DeviceSpec& device, MemorySystem& memory);

  void read(const FlashRead& read, ReadSink& sink) override;
  void promote(LoadId load) override;

 private:
  struct Reading {
    LoadId load;
    Bytes left;
    Purpose purpose = Purpose::demand;
    ReadSink* sink = nullptr;
  };
  void next_request(std::uint32_t slot);
  void transfer_done(std::uint32_t slot) override;

  FlashSpec spec_;
  Duration latency_;  // of a request, link included
  MemorySystem& memory_;
  std::vector<Reading> readings_;  // by slot
  std::vector<std::uint32_t> free_;
};

}  // namespace pregate
