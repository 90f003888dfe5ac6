// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/flash.hpp"

#include <algorithm>

#include "sim/hardware/flash_pages.hpp"

namespace pregate {

std::unique_ptr<Flash> make_flash(const DeviceSpec& device, MemorySystem& memory) {
  if (device.flash.model == FlashModel::pages) {
    return std::make_unique<PagedFlash>("flash_pages", device, memory);
  }
  return std::make_unique<FittedFlash>(device, memory);
}

FittedFlash::FittedFlash(const DeviceSpec& device, MemorySystem& memory)
    : spec_(device.flash),
      latency_(device.flash.request_latency + (device.link ? device.link->latency : Duration())),
      memory_(memory) {}

void FittedFlash::read(const FlashRead& read, ReadSink& sink) {
  std::uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(readings_.size());
    readings_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  readings_[slot] = {read.load, read.size, read.purpose, &sink};
  next_request(slot);
}

void FittedFlash::promote(LoadId load) {
  // As many slots as lanes: few. A slot that is free still holds its last load, which has ended.
  for (std::uint32_t slot = 0; slot < readings_.size(); ++slot) {
    Reading& reading = readings_[slot];
    if (reading.load != load || reading.sink == nullptr) continue;
    reading.purpose = Purpose::demand;
    memory_.promote(*this, slot);
  }
}

void FittedFlash::next_request(std::uint32_t slot) {
  Reading& reading = readings_[slot];
  const bool split = spec_.request_bytes > Bytes();
  const Bytes size = split ? std::min(reading.left, spec_.request_bytes) : reading.left;
  reading.left -= size;
  memory_.read_flash(size, latency_, reading.purpose, *this, slot);
}

void FittedFlash::transfer_done(std::uint32_t slot) {
  const Reading reading = readings_[slot];
  if (reading.left > Bytes()) {
    next_request(slot);
    return;
  }
  readings_[slot].sink = nullptr;
  free_.push_back(slot);
  reading.sink->read_done(reading.load);
}

}  // namespace pregate
