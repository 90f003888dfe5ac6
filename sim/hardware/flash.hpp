// SPDX-License-Identifier: Apache-2.0
// Flash as its host sees it, fitted: a load occupies one lane; it is read as requests of at most
// request_bytes, one after another, each with a fixed latency before its first byte, then at no more than the
// rate of one outstanding request, all lanes sharing the part's rate: t(size) = t0 + size / rate. Source of
// the form: a phone's table of random reads by size and lanes (BigMoeOnEdge 2d4f2b1, iobench-ceiling.md).
// Leaves out dies, channels and mapping-table misses: a page-level model can take its place.
#pragma once

#include <systemc>
#include <vector>

#include "sim/hardware/memory_system.hpp"
#include "traces/base/ids.hpp"
#include "traces/device_spec.hpp"

namespace pregate {

// Told when all bytes of a load are in DRAM.
class LoadSink {
 public:
  virtual ~LoadSink() = default;
  virtual void load_arrived(LoadId load) = 0;
};

class Flash final : public sc_core::sc_module, private TransferClient {
 public:
  Flash(const sc_core::sc_module_name& name, const DeviceSpec& device, MemorySystem& memory);

  void read(LoadId load, Bytes size, LoadSink& sink);

 private:
  struct Reading {
    LoadId load;
    Bytes left;
    LoadSink* sink = nullptr;
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
