// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/flow_memory.hpp"

#include <algorithm>

namespace pregate {

// As if the request had more bytes.
Permille request_cost(const FlashSpec& flash, Bytes size) {
  if (flash.request_overhead == Duration() || size == Bytes()) return {};
  const Int128 extra =
      Int128{flash.request_overhead.count_ps()} * flash.read_bandwidth.count() / detail::kPsPerSecond;
  return Permille{1000 + static_cast<std::int64_t>(extra * 1000 / size.count())};
}

FlowMemory::FlowMemory(const sc_core::sc_module_name& name, const DeviceSpec& device,
                       const ArbitrationSpec& arbitration)
    : sc_core::sc_module(name),
      npu_port_(std::min(device.npu.dram_bandwidth, device.dram.usable_bandwidth)),
      flash_(device.flash),
      deadline_("deadline") {
  const ResourceId flash = network_.add_resource({device.flash.read_bandwidth, arbitration.flash});
  const ResourceId dram =
      network_.add_resource({device.dram.usable_bandwidth, arbitration.dram, device.dram.by_readers});
  network_.set_class_weights(arbitration.class_weights);
  from_flash_.through(flash).through(dram, device.dram.write_cost);
  from_flash_.cap = device.flash.lane_bandwidth;
  if (device.dram.dma_bandwidth.count() > 0) {
    from_flash_.through(network_.add_resource({device.dram.dma_bandwidth, arbitration.dram}));
  }
  from_flash_.requester = 1;  // one DMA engine, however many lanes
  if (device.link) from_flash_.through(network_.add_resource({device.link->bandwidth, arbitration.link}));
  to_npu_.through(dram).reads = true;

  SC_HAS_PROCESS(FlowMemory);
  SC_METHOD(wake);
  sensitive << deadline_;
  dont_initialize();
}

void FlowMemory::read_flash(Bytes size, Duration latency, Purpose purpose, TransferClient& client,
                            std::uint32_t tag) {
  FlowSpec spec = from_flash_;
  spec.uses[0].cost = request_cost(flash_, size);
  spec.urgency = static_cast<std::uint8_t>(purpose);
  start(spec, size, latency, {.client = &client, .tag = tag, .from_flash = size});
}

void FlowMemory::promote(const TransferClient& client, std::uint32_t tag) {
  for (std::uint32_t slot = 0; slot < owners_.size(); ++slot) {
    if (owners_[slot].client != &client || owners_[slot].tag != tag) continue;
    network_.set_urgency(FlowId(slot), 0, kernel_now());
    arm();
  }
}

void FlowMemory::stream_to_npu(Bytes size, Bandwidth cap, Duration latency, TransferClient& client,
                               std::uint32_t tag) {
  FlowSpec spec = to_npu_;
  spec.cap = std::min(cap, npu_port_);
  start(spec, size, latency, {.client = &client, .tag = tag, .from_flash = {}});
}

void FlowMemory::start(const FlowSpec& spec, Bytes size, Duration delay, const Owner& owner) {
  const FlowId flow = network_.start(spec, size, delay, kernel_now());
  if (flow.value() >= owners_.size()) owners_.resize(flow.value() + 1);
  owners_[flow.value()] = owner;
  arm();
}

void FlowMemory::arm() {
  const std::optional<SimTime> next = network_.next_event();
  if (!next || (armed_ && armed_for_ <= *next)) return;
  armed_ = true;
  armed_for_ = *next;
  deadline_.notify(to_kernel(*next - kernel_now()));
}

void FlowMemory::wake() {
  ++wake_ups_;
  armed_ = false;
  ended_.clear();
  network_.advance(kernel_now(), ended_);
  // Clients start new transfers from here, which may take over the ids of those that just ended: look up all
  // owners first.
  due_.clear();
  for (const FlowId flow : ended_) {
    due_.push_back(owners_[flow.value()]);
    written_ += due_.back().from_flash;
    owners_[flow.value()].client = nullptr;
  }
  for (const Owner& owner : due_) owner.client->transfer_done(owner.tag);
  arm();
}

}  // namespace pregate
