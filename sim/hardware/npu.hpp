// SPDX-License-Identifier: Apache-2.0
// The compute unit (an NPU, a GPU, or a phone's CPU): one operator at a time. An operator takes the longer of
// its arithmetic and its weight streaming, plus a launch. Streaming is simulated: the operator asks DRAM for
// its bytes at the rate that would keep up with its arithmetic, so that other traffic can slow it; the excess
// over `alone` is DRAM contention. Leaves out SRAM reuse across operators: every operator reads its weights.
#pragma once

#include <array>
#include <systemc>

#include "sim/hardware/memory_system.hpp"
#include "traces/device_spec.hpp"

namespace pregate {

struct OperatorCost {
  Macs macs;
  Bytes bytes;  // streamed from DRAM: weights, and the KV cache for attention
  std::optional<Duration>
      measured;  // what a real machine took: instead of arithmetic; streaming may still take longer
};

class Npu final : public sc_core::sc_module, private TransferClient {
 public:
  Npu(const sc_core::sc_module_name& name, const DeviceSpec& device, MemorySystem& memory);

  // Time of an operator with DRAM to itself; nothing if it exceeds kLongestOperator (the device cannot be
  // meant so).
  struct Plan {
    Duration alone;
    Bytes bytes;
    Bandwidth rate;  // at which the bytes are asked for
    Duration lead;   // before the first is asked for
  };
  [[nodiscard]] bool plan(const OperatorCost& cost, Plan& out);
  // Runs it; returns when it is done. Call from an SC_THREAD, the one that also starts all loads.
  void run(const Plan& plan);
  // Occupies the unit with something that is not an operator (cache management).
  void occupy(Duration span);

  // While the memory is idle nothing can happen before the caller does something, so the unit runs ahead of
  // the kernel's clock and only notes by how much: a run of resident experts costs no kernel event. now() is
  // the unit's time; settle() lets the kernel catch up, and must be called before anything else that depends
  // on its clock.
  [[nodiscard]] SimTime now() const;
  void settle();

 private:
  void transfer_done(std::uint32_t tag) override;
  [[nodiscard]] bool work_out(const OperatorCost& cost, Plan& out) const;

  // Layers repeat, so a few costs make up a whole run: the divisions of a plan are done once for each.
  struct Remembered {
    OperatorCost cost;
    Plan plan;
    bool filled = false;
  };
  std::array<Remembered, 64> remembered_{};

  NpuSpec spec_;
  Duration fixed_;  // launch and first DRAM access
  MemorySystem& memory_;
  sc_core::sc_event done_;
  Duration ahead_;
};

inline constexpr Duration kLongestOperator = Duration::seconds(100'000);

}  // namespace pregate
