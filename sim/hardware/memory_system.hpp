// SPDX-License-Identifier: Apache-2.0
// What moves bytes between flash, DRAM and NPU, whatever the fidelity: flow_memory.hpp shares bandwidth as a
// fluid; a burst-level model can take its place behind the same calls (scenario: sim.fidelity).
#pragma once

#include "traces/base/units.hpp"

namespace pregate {

// Told, at the simulated moment, that a transfer it started has ended.
class TransferClient {
 public:
  virtual ~TransferClient() = default;
  virtual void transfer_done(std::uint32_t tag) = 0;
};

class MemorySystem {
 public:
  virtual ~MemorySystem() = default;

  // One request from flash into DRAM (over the link, where the device has one); the first byte moves after
  // `latency`.
  virtual void read_flash(Bytes size, Duration latency, TransferClient& client, std::uint32_t tag) = 0;
  // The NPU streams `size` bytes from DRAM at no more than `cap`. No bytes: a plain wait of `latency`.
  virtual void stream_to_npu(Bytes size, Bandwidth cap, Duration latency, TransferClient& client,
                             std::uint32_t tag) = 0;
  // Nothing moves and nothing waits to: what is started now has the memory to itself until somebody starts
  // more.
  [[nodiscard]] virtual bool idle() const = 0;
  // Somebody will start a transfer without being asked (a flash chip that senses): not idle until released.
  void hold() { ++holds_; }
  void release() { --holds_; }
  // The fastest the NPU can stream with DRAM to itself.
  [[nodiscard]] virtual Bandwidth npu_port() const = 0;

 protected:
  [[nodiscard]] bool held() const { return holds_ > 0; }

 private:
  std::int32_t holds_ = 0;
};

}  // namespace pregate
