// SPDX-License-Identifier: Apache-2.0
// What moves bytes between flash, DRAM and NPU, whatever the fidelity: flow_memory.hpp shares bandwidth as a
// fluid; burst_memory.hpp issues every DRAM command. The scenario says which (sim.fidelity).
#pragma once

#include <optional>

#include "traces/base/units.hpp"
#include "traces/run_record.hpp"

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
  // `latency`. The purpose is its class where resources are arbitrated by class.
  virtual void read_flash(Bytes size, Duration latency, Purpose purpose, TransferClient& client,
                          std::uint32_t tag) = 0;
  // The request of `client` and `tag` is needed now: demand from here on. Nothing happens if there is none.
  virtual void promote(const TransferClient& client, std::uint32_t tag) = 0;
  // The NPU streams `size` bytes from DRAM at no more than `cap`. No bytes: a plain wait of `latency`.
  virtual void stream_to_npu(Bytes size, Bandwidth cap, Duration latency, TransferClient& client,
                             std::uint32_t tag) = 0;
  // Nothing moves and nothing waits to: what is started now has the memory to itself until somebody starts
  // more.
  [[nodiscard]] virtual bool idle() const = 0;
  // Somebody will start a transfer without being asked (a flash chip that senses): not idle until released.
  void hold() { ++holds_; }
  void release() { --holds_; }
  // The fastest the NPU is reckoned to stream with DRAM to itself.
  [[nodiscard]] virtual Bandwidth npu_port() const = 0;
  // What it may ask for at most, where the model itself finds out what it gets; nothing where npu_port() is
  // what it gets.
  [[nodiscard]] virtual std::optional<Bandwidth> npu_limit() const { return std::nullopt; }
  // Bytes that flash has written to DRAM, requests that ended; for the accounts to be checked against.
  [[nodiscard]] virtual Bytes written() const = 0;
  // Of the SystemC kernel by this memory.
  [[nodiscard]] virtual std::int64_t wake_ups() const = 0;

 protected:
  [[nodiscard]] bool held() const { return holds_ > 0; }

 private:
  std::int32_t holds_ = 0;
};

}  // namespace pregate
