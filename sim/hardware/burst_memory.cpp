// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/burst_memory.hpp"

#include <algorithm>
#include <string>

#include "sim/hardware/flow_memory.hpp"
#include "sim/hardware/kernel_time.hpp"

namespace pregate {

BurstMemory::BurstMemory(const sc_core::sc_module_name& name, const DeviceSpec& device,
                         const ArbitrationSpec& arbitration)
    : sc_core::sc_module(name),
      npu_port_(std::min(device.npu.dram_bandwidth, device.dram.usable_bandwidth)),
      npu_limit_(device.npu.port.count() > 0 ? std::min(device.npu.port, device.dram.peak_bandwidth)
                                             : device.dram.peak_bandwidth),
      dma_limit_(device.dram.dma_bandwidth),
      access_bytes_(device.dram.timing->access_bytes),
      region_(device.dram.timing->row_bytes / access_bytes_ * device.dram.timing->banks()),
      flash_part_(device.flash),
      deadline_("deadline") {
  from_flash_.through(flash_.add_resource({device.flash.read_bandwidth, arbitration.flash}));
  if (device.link) from_flash_.through(flash_.add_resource({device.link->bandwidth, arbitration.link}));
  if (dma_limit_.count() > 0) from_flash_.through(flash_.add_resource({dma_limit_, arbitration.dram}));
  flash_.set_class_weights(arbitration.class_weights);
  from_flash_.cap = device.flash.lane_bandwidth;
  for (int c = 0; c < device.dram.channels; ++c) {
    const std::string channel = "channel" + std::to_string(c), socket = "to_channel" + std::to_string(c);
    channels_.push_back(std::make_unique<BurstChannel>(
        channel.c_str(), *device.dram.timing,
        BurstOptions{.refresh = device.dram.refresh, .mapping = device.dram.mapping}));
    sockets_.push_back(
        std::make_unique<tlm_utils::simple_initiator_socket_tagged<BurstMemory>>(socket.c_str()));
    sockets_.back()->register_nb_transport_bw(this, &BurstMemory::answered, c);
    sockets_.back()->bind(channels_.back()->socket);
  }
  SC_HAS_PROCESS(BurstMemory);
  SC_METHOD(wake);
  sensitive << deadline_;
  dont_initialize();
}

std::int64_t BurstMemory::wake_ups() const {
  std::int64_t sum = 0;
  for (const auto& channel : channels_) sum += channel->wake_ups();
  return sum;
}

BurstMemory::Transfer& BurstMemory::new_transfer(Bytes size, TransferClient& client, std::uint32_t tag) {
  auto it = std::find_if(transfers_.begin(), transfers_.end(),
                         [](const Transfer& t) { return t.client == nullptr; });
  Transfer& transfer = it != transfers_.end() ? *it : transfers_.emplace_back();
  transfer = {};
  transfer.client = &client;
  transfer.tag = tag;
  transfer.size = size;
  transfer.accesses = (size.count() + access_bytes_ - 1) / access_bytes_;
  transfer.not_before = kernel_now();
  return transfer;
}

void BurstMemory::read_flash(Bytes size, Duration latency, Purpose purpose, TransferClient& client,
                             std::uint32_t tag) {
  Transfer& transfer = new_transfer(size, client, tag);
  transfer.write = true;
  transfer.delivered = false;
  FlowSpec spec = from_flash_;
  spec.uses[0].cost = request_cost(flash_part_, size);
  spec.urgency = static_cast<std::uint8_t>(purpose);
  transfer.source = flash_.start(spec, size, latency, kernel_now());
  follow_flash();
  arm();
}

void BurstMemory::promote(const TransferClient& client, std::uint32_t tag) {
  for (Transfer& transfer : transfers_) {
    if (transfer.client != &client || transfer.tag != tag || transfer.delivered) continue;
    flash_.set_urgency(transfer.source, 0, kernel_now());
  }
  follow_flash();
  arm();
}

void BurstMemory::stream_to_npu(Bytes size, Bandwidth cap, Duration latency, TransferClient& client,
                                std::uint32_t tag) {
  Transfer& transfer = new_transfer(size, client, tag);
  transfer.not_before = kernel_now() + latency;
  if (size > Bytes()) {
    const Bandwidth rate = std::min(cap, npu_limit_);
    transfer.not_before = transfer.not_before + size / rate;
    send(transfer, rate, latency);
  } else {
    finish_if_done(transfer);
  }
  arm();
}

// Stripes a transfer over the channels, the odd accesses to the first ones.
void BurstMemory::send(Transfer& transfer, Bandwidth rate, Duration delay) {
  const auto channels = static_cast<std::int64_t>(channels_.size());
  // Any row, any bank to begin with: where streams meet is chance.
  const std::int64_t first =
      next_region_ * region_ +
      static_cast<std::int64_t>(offsets_.below(static_cast<std::uint64_t>(region_ / 4))) * 4;
  const std::int64_t each = (transfer.accesses + channels - 1) / channels;
  next_region_ = (next_region_ + each / region_ + 2) % 8192;
  transfer.extents.assign(channels_.size(), nullptr);
  transfer.running = static_cast<std::int32_t>(std::min(channels, transfer.accesses));
  for (std::int64_t c = 0; c < std::min(channels, transfer.accesses); ++c) {
    Extent* extent;
    if (free_extents_.empty()) {
      extent = &extents_.emplace_back();
    } else {
      extent = free_extents_.back();
      free_extents_.pop_back();
    }
    extent->transfer = &transfer;
    extent->what.spec = {
        .first = first,
        .accesses = transfer.accesses / channels + (c < transfer.accesses % channels ? 1 : 0),
        .write = transfer.write};
    extent->what.pace = Pace(access_bytes_ * channels, rate);
    extent->what.delay = delay;
    extent->payload.set_command(transfer.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    extent->payload.set_address(static_cast<std::uint64_t>(first * access_bytes_));
    extent->payload.set_data_ptr(nullptr);
    extent->payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    transfer.extents[static_cast<std::size_t>(c)] = extent;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time now = sc_core::SC_ZERO_TIME;
    (*sockets_[static_cast<std::size_t>(c)])->nb_transport_fw(extent->payload, phase, now);
  }
}

tlm::tlm_sync_enum BurstMemory::answered(int channel, tlm::tlm_generic_payload& payload, tlm::tlm_phase&,
                                         sc_core::sc_time&) {
  for (Extent& extent : extents_) {
    if (&extent.payload != &payload) continue;
    Transfer& transfer = *extent.transfer;
    transfer.extents[static_cast<std::size_t>(channel)] = nullptr;
    free_extents_.push_back(&extent);
    --transfer.running;
    finish_if_done(transfer);
    arm();
    break;
  }
  return tlm::TLM_COMPLETED;
}

void BurstMemory::finish_if_done(Transfer& transfer) {
  if (transfer.running > 0 || !transfer.delivered) return;
  finishing_.push_back(&transfer);
}

// The flash part shares its rate anew whenever a lane starts, ends or is promoted; writes follow its pace.
void BurstMemory::follow_flash() {
  for (Transfer& transfer : transfers_) {
    if (transfer.client == nullptr || transfer.delivered) continue;
    const Bandwidth rate = flash_.rate(transfer.source);
    if (rate == transfer.rate) continue;
    const bool begins = transfer.rate == Bandwidth() && transfer.extents.empty();
    transfer.rate = rate;
    // A paused lane delivers nothing: as slow as can be said.
    const Bandwidth pace = std::max(rate, Bandwidth::bytes_per_second(1000));
    if (begins) {
      send(transfer, pace, Duration());
      continue;
    }
    const Pace interval(access_bytes_ * static_cast<std::int64_t>(channels_.size()), pace);
    for (std::size_t c = 0; c < transfer.extents.size(); ++c) {
      if (transfer.extents[c] != nullptr) channels_[c]->set_pace(transfer.extents[c]->payload, interval);
    }
  }
}

void BurstMemory::arm() {
  std::optional<SimTime> next = flash_.next_event();
  for (const Transfer* transfer : finishing_) {
    const SimTime at = std::max(transfer->not_before, kernel_now());
    next = next ? std::min(*next, at) : at;
  }
  if (!next || (armed_ && armed_for_ <= *next)) return;
  armed_ = true;
  armed_for_ = *next;
  deadline_.notify(to_kernel(*next - kernel_now()));
}

void BurstMemory::wake() {
  armed_ = false;
  const SimTime now = kernel_now();
  ended_.clear();
  flash_.advance(now, ended_);
  for (const FlowId flow : ended_) {
    for (Transfer& transfer : transfers_) {
      if (transfer.client == nullptr || transfer.delivered || transfer.source != flow) continue;
      transfer.delivered = true;
      if (transfer.extents.empty() && transfer.accesses > 0) send(transfer, Bandwidth(), Duration());
      // Whatever the pace's rounding left is written now.
      for (std::size_t c = 0; c < transfer.extents.size(); ++c) {
        if (transfer.extents[c] != nullptr) channels_[c]->set_pace(transfer.extents[c]->payload, Pace());
      }
      finish_if_done(transfer);
    }
  }
  follow_flash();
  // Clients start new transfers from here.
  std::vector<Transfer*> done;
  std::erase_if(finishing_, [&](Transfer* transfer) {
    if (transfer->not_before > now) return false;
    done.push_back(transfer);
    return true;
  });
  for (Transfer* transfer : done) {
    if (transfer->write) written_ += transfer->size;
    TransferClient* client = std::exchange(transfer->client, nullptr);
    client->transfer_done(transfer->tag);
  }
  arm();
}

}  // namespace pregate
