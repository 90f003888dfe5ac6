// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/flash.hpp"

#include <algorithm>

namespace pregate {

Flash::Flash(const sc_core::sc_module_name& name, const DeviceSpec& device, MemorySystem& memory)
    : sc_core::sc_module(name),
      spec_(device.flash),
      latency_(device.flash.request_latency + (device.link ? device.link->latency : Duration())),
      memory_(memory) {}

void Flash::read(LoadId load, Bytes size, LoadSink& sink) {
  std::uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(readings_.size());
    readings_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  readings_[slot] = {load, size, &sink};
  next_request(slot);
}

void Flash::next_request(std::uint32_t slot) {
  Reading& reading = readings_[slot];
  const bool split = spec_.request_bytes > Bytes();
  const Bytes size = split ? std::min(reading.left, spec_.request_bytes) : reading.left;
  reading.left -= size;
  memory_.read_flash(size, latency_, *this, slot);
}

void Flash::transfer_done(std::uint32_t slot) {
  const Reading reading = readings_[slot];
  if (reading.left > Bytes()) {
    next_request(slot);
    return;
  }
  free_.push_back(slot);
  reading.sink->load_arrived(reading.load);
}

}  // namespace pregate
