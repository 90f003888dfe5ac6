// SPDX-License-Identifier: Apache-2.0
// The memory system at `burst` fidelity: a TLM-2.0 initiator in front of one BurstChannel for each DRAM
// channel. A transfer is striped evenly over all channels and ends when its last channel does. The NPU reads
// as fast as its window of outstanding accesses lets it, and no faster than the rate it asks for; flash
// delivers at the rate that its own part and the link give (a FluidNetwork of those alone: the DRAM is not in
// it), and its DMA writes at that pace.
//
// For trust, not for sweeps: it says what the flow model's coefficients should be, and whether they hold.
// Transfers begin at rows of their own, so streams meet in banks as they happen to (a fixed sequence of
// offsets). Leaves out: back-pressure from a DRAM that cannot take what flash delivers (it ends later, but
// does not slow the part), and a cap on all requesters together.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <deque>
#include <memory>

#include "sim/hardware/burst_channel.hpp"
#include "sim/hardware/memory_system.hpp"
#include "sim/hardware/sharing.hpp"
#include "traces/scenario.hpp"

namespace pregate {

class BurstMemory final : public sc_core::sc_module, public MemorySystem {
 public:
  // The device must have a timing set.
  BurstMemory(const sc_core::sc_module_name& name, const DeviceSpec& device,
              const ArbitrationSpec& arbitration);

  void read_flash(Bytes size, Duration latency, Purpose purpose, TransferClient& client,
                  std::uint32_t tag) override;
  void promote(const TransferClient& client, std::uint32_t tag) override;
  void stream_to_npu(Bytes size, Bandwidth cap, Duration latency, TransferClient& client,
                     std::uint32_t tag) override;
  // Never: what the NPU reads has to meet the banks, refreshes and writes of the moment.
  [[nodiscard]] bool idle() const override { return false; }
  [[nodiscard]] Bandwidth npu_port() const override { return npu_port_; }
  [[nodiscard]] std::optional<Bandwidth> npu_limit() const override { return npu_limit_; }
  [[nodiscard]] Bytes written() const override { return written_; }
  [[nodiscard]] std::int64_t wake_ups() const override;
  [[nodiscard]] const BurstController& channel(std::size_t index) const {
    return channels_[index]->controller();
  }

 private:
  struct Transfer;
  // A payload with its extension, lent to a channel until it answers.
  struct Extent {
    tlm::tlm_generic_payload payload;
    ExtentExtension what;
    Transfer* transfer = nullptr;
    Extent() { payload.set_extension(&what); }
    ~Extent() { payload.clear_extension(&what); }
    Extent(const Extent&) = delete;
    Extent& operator=(const Extent&) = delete;
  };
  struct Transfer {
    TransferClient* client = nullptr;  // none: the slot is free
    std::uint32_t tag = 0;
    Bytes size;
    std::int64_t accesses = 0;  // of all channels
    bool write = false;
    FlowId source;       // of a read from flash, while it delivers
    Bandwidth rate;      // at which the flash delivers now; zero: not yet
    SimTime not_before;  // the rate that was asked for allows no earlier end
    bool delivered = true;
    std::vector<Extent*> extents;  // by channel
    std::int32_t running = 0;
  };

  Transfer& new_transfer(Bytes size, TransferClient& client, std::uint32_t tag);
  void send(Transfer& transfer, Bandwidth rate, Duration delay);
  tlm::tlm_sync_enum answered(int channel, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay);
  void follow_flash();
  void finish_if_done(Transfer& transfer);
  void wake();
  void arm();

  FluidNetwork flash_;  // the part and the link
  FlowSpec from_flash_;
  Bandwidth npu_port_, npu_limit_, dma_limit_;
  std::int64_t access_bytes_;
  std::int64_t region_;  // accesses of one row in every bank of a channel
  std::int64_t next_region_ = 0;
  std::vector<std::unique_ptr<BurstChannel>> channels_;
  std::vector<std::unique_ptr<tlm_utils::simple_initiator_socket_tagged<BurstMemory>>> sockets_;
  FlashSpec flash_part_;
  std::deque<Extent> extents_;
  std::vector<Extent*> free_extents_;
  std::deque<Transfer> transfers_;
  std::vector<Transfer*> finishing_;  // all accesses done, or a plain delay; end at not_before
  std::vector<FlowId> ended_;
  Random offsets_{1};
  sc_core::sc_event deadline_;
  bool armed_ = false;
  SimTime armed_for_;
  Bytes written_;
};

}  // namespace pregate
