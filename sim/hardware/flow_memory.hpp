// SPDX-License-Identifier: Apache-2.0
// The memory system at `flow` fidelity: flash part, optional link and DRAM are resources of one FluidNetwork;
// SystemC keeps the time. One sc_event, notified for the earliest deadline only: SystemC's cancel() leaves
// dead entries in its queue, so a deadline that moved later is met by a wake-up that finds nothing due and
// arms again.
#pragma once

#include <systemc>

#include "sim/hardware/kernel_time.hpp"
#include "sim/hardware/memory_system.hpp"
#include "sim/hardware/sharing.hpp"
#include "traces/scenario.hpp"

namespace pregate {

// A request takes the whole part for a while beside its bytes: what it takes of the part, relative to its
// bytes.
Permille request_cost(const FlashSpec& flash, Bytes size);

class FlowMemory final : public sc_core::sc_module, public MemorySystem {
 public:
  FlowMemory(const sc_core::sc_module_name& name, const DeviceSpec& device,
             const ArbitrationSpec& arbitration = {});

  void read_flash(Bytes size, Duration latency, Purpose purpose, TransferClient& client,
                  std::uint32_t tag) override;
  void promote(const TransferClient& client, std::uint32_t tag) override;
  void stream_to_npu(Bytes size, Bandwidth cap, Duration latency, TransferClient& client,
                     std::uint32_t tag) override;
  [[nodiscard]] bool idle() const override { return network_.active() == 0 && !held(); }
  [[nodiscard]] Bandwidth npu_port() const override { return npu_port_; }
  [[nodiscard]] Bytes written() const override { return written_; }
  [[nodiscard]] std::int64_t wake_ups() const override { return wake_ups_; }

 private:
  struct Owner {
    TransferClient* client = nullptr;
    std::uint32_t tag = 0;
    Bytes from_flash;  // none: the NPU's
  };
  void start(const FlowSpec& spec, Bytes size, Duration delay, const Owner& owner);
  void wake();
  void arm();

  FluidNetwork network_;
  FlowSpec from_flash_, to_npu_;
  Bandwidth npu_port_;
  FlashSpec flash_;
  std::vector<Owner> owners_;  // by FlowId
  std::vector<FlowId> ended_;
  std::vector<Owner> due_;
  sc_core::sc_event deadline_;
  bool armed_ = false;
  SimTime armed_for_;
  std::int64_t wake_ups_ = 0;
  Bytes written_;
};

}  // namespace pregate
