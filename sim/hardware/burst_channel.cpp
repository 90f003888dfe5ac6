// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/burst_channel.hpp"

#include "sim/hardware/kernel_time.hpp"

namespace pregate {

BurstChannel::BurstChannel(const sc_core::sc_module_name& name, const DramTiming& timing,
                           const BurstOptions& options)
    : sc_core::sc_module(name), socket("socket"), controller_(timing, options), deadline_("deadline") {
  socket.register_nb_transport_fw(this, &BurstChannel::accept);
  SC_HAS_PROCESS(BurstChannel);
  SC_METHOD(wake);
  sensitive << deadline_;
  dont_initialize();
}

tlm::tlm_sync_enum BurstChannel::accept(tlm::tlm_generic_payload& extent, tlm::tlm_phase& phase,
                                        sc_core::sc_time&) {
  check(phase == tlm::BEGIN_REQ, "an extent begins with BEGIN_REQ and ends with BEGIN_RESP");
  const auto* what = extent.get_extension<ExtentExtension>();
  catch_up();
  const StreamId stream = controller_.start(what->spec, what->pace, kernel_now() + what->delay);
  if (stream.value() >= extents_.size()) extents_.resize(stream.value() + 1);
  extents_[stream.value()] = &extent;
  arm();
  phase = tlm::END_REQ;
  return tlm::TLM_UPDATED;
}

void BurstChannel::set_pace(const tlm::tlm_generic_payload& extent, const Pace& pace) {
  catch_up();
  for (std::uint32_t slot = 0; slot < extents_.size(); ++slot) {
    if (extents_[slot] == &extent) controller_.set_pace(StreamId(slot), pace, kernel_now());
  }
  arm();
}

// Extents that end in this step are answered from wake() alone, so that no answer comes inside a call of the
// initiator.
void BurstChannel::catch_up() {
  controller_.advance(kernel_now(), ended_);
}

void BurstChannel::arm() {
  if (controller_.idle() && ended_.empty()) return;
  const SimTime next = ended_.empty() ? controller_.earliest_end() : kernel_now();
  if (armed_ && armed_for_ <= next) return;
  armed_ = true;
  armed_for_ = next;
  deadline_.notify(to_kernel(next - kernel_now()));
}

void BurstChannel::wake() {
  ++wake_ups_;
  armed_ = false;
  catch_up();
  respond();
  arm();
}

void BurstChannel::respond() {
  // Answers may start new extents, which may take over the ids of those that just ended: look up all first.
  due_.clear();
  for (const BurstController::Ended& end : ended_)
    due_.push_back(std::exchange(extents_[end.stream.value()], nullptr));
  ended_.clear();
  for (tlm::tlm_generic_payload* extent : due_) {
    extent->set_response_status(tlm::TLM_OK_RESPONSE);
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->nb_transport_bw(*extent, phase, delay);
  }
}

}  // namespace pregate
