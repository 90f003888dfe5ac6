// SPDX-License-Identifier: Apache-2.0
// A DRAM channel as a TLM-2.0 target. A transaction is an extent: a run of consecutive accesses of this
// channel, described in an extension (no data move). Approximately timed, two phases: BEGIN_REQ is accepted
// at once; BEGIN_RESP goes back at the moment the last data are there. What happens in between, command by
// command, is burst_controller.hpp's; the channel wakes no later than the next extent can end, so that a
// transfer of any length costs a few kernel events. Extents are not split into one transaction a burst: a
// queue of bursts inside the target says the same at a hundredth of the cost.
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <systemc>
#include <tlm>
#include <vector>

#include "sim/hardware/burst_controller.hpp"

namespace pregate {

struct ExtentExtension final : tlm::tlm_extension<ExtentExtension> {
  StreamSpec spec;
  Pace pace;
  Duration delay;  // before the first access is asked for
  tlm::tlm_extension_base* clone() const override { return new ExtentExtension(*this); }
  void copy_from(const tlm::tlm_extension_base& other) override {
    *this = static_cast<const ExtentExtension&>(other);
  }
};

class BurstChannel final : public sc_core::sc_module {
 public:
  BurstChannel(const sc_core::sc_module_name& name, const DramTiming& timing, const BurstOptions& options);

  tlm_utils::simple_target_socket<BurstChannel> socket;

  // The pace of an extent that is on its way: its flash lane got faster or slower.
  void set_pace(const tlm::tlm_generic_payload& extent, const Pace& pace);
  [[nodiscard]] const BurstController& controller() const { return controller_; }
  [[nodiscard]] std::int64_t wake_ups() const { return wake_ups_; }

 private:
  tlm::tlm_sync_enum accept(tlm::tlm_generic_payload& extent, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void wake();
  void catch_up();
  void respond();
  void arm();

  BurstController controller_;
  std::vector<tlm::tlm_generic_payload*> extents_;  // by StreamId
  std::vector<BurstController::Ended> ended_;
  std::vector<tlm::tlm_generic_payload*> due_;
  sc_core::sc_event deadline_;
  bool armed_ = false;
  SimTime armed_for_;
  std::int64_t wake_ups_ = 0;
};

}  // namespace pregate
