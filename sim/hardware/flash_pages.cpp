// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/flash_pages.hpp"

#include <algorithm>

#include "sim/hardware/flow_memory.hpp"

namespace pregate {
namespace {

// What a tag of a transfer means: the slot, and whether it is the latency before the command or a crossing.
constexpr std::uint32_t tag_of(std::uint32_t slot, bool crossing) {
  return slot * 2 + (crossing ? 1 : 0);
}

}  // namespace

PagedFlash::PagedFlash(const sc_core::sc_module_name& name, const DeviceSpec& device, MemorySystem& memory)
    : sc_core::sc_module(name),
      array_(*device.flash.pages),
      latency_(device.flash.pages->overhead + (device.link ? device.link->latency : Duration())),
      chunk_(device.flash.pages->chunk),
      memory_(memory),
      deadline_("deadline") {
  SC_HAS_PROCESS(PagedFlash);
  SC_METHOD(wake);
  sensitive << deadline_;
  dont_initialize();
}

void PagedFlash::read(const FlashRead& read, ReadSink& sink) {
  std::uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(readings_.size());
    readings_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  readings_[slot] = {
      .request = read, .sink = &sink, .in_array = read.size, .ready = {}, .to_cross = read.size};
  // Sensing moves no bytes, but the memory must not be taken for idle meanwhile.
  if (busy_readings_++ == 0) memory_.hold();
  if (latency_ > Duration()) {
    memory_.stream_to_npu(Bytes(), Bandwidth::bytes_per_second(1), latency_, *this, tag_of(slot, false));
  } else {
    link_.push_back({slot, Bytes()});
    use_link();
  }
}

void PagedFlash::transfer_done(std::uint32_t tag) {
  const std::uint32_t slot = tag / 2;
  if (tag % 2 == 0) {
    link_.push_back({slot, Bytes()});
  } else {
    crossed(slot);
  }
  use_link();
}

void PagedFlash::crossed(std::uint32_t slot) {
  const Bytes size = link_.front().size;
  link_.pop_front();
  link_busy_ = false;
  Reading& reading = readings_[slot];
  reading.to_cross -= size;
  if (reading.to_cross > Bytes()) return;
  if (--busy_readings_ == 0) memory_.release();
  const Reading done = reading;
  free_.push_back(slot);
  done.sink->read_done(done.request.load);
}

void PagedFlash::use_link() {
  while (!link_busy_ && !link_.empty()) {
    const Crossing next = link_.front();
    if (next.size > Bytes()) {
      link_busy_ = true;
      memory_.read_flash(next.size, Duration(), Purpose::demand, *this, tag_of(next.slot, true));
      return;
    }
    link_.pop_front();
    const FlashRead& request = readings_[next.slot].request;
    array_.submit(next.slot, request.offset, request.size, kernel_now());
    arm();
  }
}

void PagedFlash::arrived(const FlashArrival& arrival) {
  Reading& reading = readings_[arrival.request];
  reading.in_array -= arrival.bytes;
  reading.ready += arrival.bytes;
  const bool whole = reading.in_array == Bytes();
  if (!whole && (chunk_ == Bytes() || reading.ready < chunk_)) return;
  link_.push_back({arrival.request, std::exchange(reading.ready, Bytes())});
}

void PagedFlash::arm() {
  const std::optional<SimTime> next = array_.next_event();
  if (!next || (armed_ && armed_for_ <= *next)) return;
  armed_ = true;
  armed_for_ = *next;
  deadline_.notify(to_kernel(*next - kernel_now()));
}

void PagedFlash::wake() {
  armed_ = false;
  arrivals_.clear();
  array_.advance(kernel_now(), arrivals_);
  for (const FlashArrival& arrival : arrivals_) arrived(arrival);
  use_link();
  arm();
}

}  // namespace pregate
