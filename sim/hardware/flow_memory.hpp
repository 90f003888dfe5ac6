// SPDX-License-Identifier: Apache-2.0
// The memory system at `flow` fidelity: flash part, optional link and DRAM are resources of one FluidNetwork;
// SystemC keeps the time. One sc_event, notified for the earliest deadline only: SystemC's cancel() leaves
// dead entries in its queue, so a deadline that moved later is met by a wake-up that finds nothing due and
// arms again.
#pragma once

#include <systemc>

#include "sim/hardware/memory_system.hpp"
#include "sim/hardware/sharing.hpp"
#include "traces/device_spec.hpp"

namespace pregate {

class FlowMemory final : public sc_core::sc_module, public MemorySystem {
 public:
  FlowMemory(const sc_core::sc_module_name& name, const DeviceSpec& device);

  void read_flash(Bytes size, Duration latency, TransferClient& client, std::uint32_t tag) override;
  void stream_to_npu(Bytes size, Bandwidth cap, Duration latency, TransferClient& client,
                     std::uint32_t tag) override;
  [[nodiscard]] bool idle() const override { return network_.active() == 0 && !held(); }
  [[nodiscard]] Bandwidth npu_port() const override { return npu_port_; }
  // Bytes that flash has written to DRAM, requests that ended; for the accounts to be checked against.
  [[nodiscard]] Bytes written() const { return written_; }
  [[nodiscard]] std::int64_t wake_ups() const { return wake_ups_; }

 private:
  struct Owner {
    TransferClient* client = nullptr;
    std::uint32_t tag = 0;
    Bytes from_flash;  // none: the NPU's
  };
  void start(const FlowSpec& spec, Bytes size, Duration delay, const Owner& owner);
  void wake();
  void arm();

  [[nodiscard]] Permille flash_cost(Bytes size) const;

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

// The kernel's clock in our type and back; its resolution is 1 ps.
SimTime kernel_now();
sc_core::sc_time to_kernel(Duration span);

}  // namespace pregate
