// SPDX-License-Identifier: Apache-2.0
// What the NPU does next. Step by step and layer by layer: attention, then the router's answers (this layer's
// event, and what a pre-gated router says of a later layer), shared experts, routed experts as they become
// resident, and at the end of the step the output head. It waits only for loads, and records each wait with
// the load that ended it.
#pragma once

#include <functional>
#include <systemc>

#include "sim/hardware/npu.hpp"
#include "sim/residency/event_loads.hpp"
#include "sim/runtime/costs.hpp"
#include "sim/runtime/loader.hpp"

namespace pregate {

class Scheduler final : public sc_core::sc_module, private LoadDesk {
 public:
  struct Parts {
    const ModelShape& model;
    const ExpertTable& table;
    RoutingSource& source;
    Residency& residency;
    Prefetcher& prefetcher;
    Loader& loader;
    Npu& npu;
    Recorder& recorder;
    bool overlap = true;
    bool measured_npu =
        false;  // operators take the time that the source measured, where it is longer than streaming
    bool commit_ahead = false;     // what the prefetcher is told ahead is certain (pregate): protect it
    bool manage_at_start = false;  // loads are paid for while they are read (ManagementSpec::at_start)
    std::function<bool(std::int64_t, SimTime)> progress;
  };
  Scheduler(const sc_core::sc_module_name& name, const Parts& parts);

  // After the kernel has run: what went wrong, if anything.
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] bool finished() const { return finished_; }
  // Times the NPU slept for a load.
  [[nodiscard]] std::int64_t waits() const { return waits_; }

 private:
  void main();
  Status run_all_steps();
  Status run_step(const StepInfo& info);
  Status run_layer(std::size_t layer);
  Status router_answers(std::size_t layer);
  void start_loads(std::size_t layer);
  // LoadDesk.
  void looked_up(LayerId layer, std::span<const Lookup> lookups) override;
  LoadId request(ExpertId expert, Purpose purpose, LayerId layer) override;
  void adopt(LoadId load) override { parts_.loader.adopt(load); }
  void cancel_stale_speculation(LayerId layer) override { parts_.loader.cancel_stale_speculation(layer); }
  Status run_routed_experts(std::size_t layer);
  Status run_operator(std::size_t layer, OperatorKind kind, ExpertId expert, const OperatorCost& cost);
  // Waits until an expert of this event has arrived; false (with status) when none can.
  Status wait_for_arrival(std::size_t layer);
  // What a real machine took for the operator; nothing unless runtime.npu asks for it.
  Result<std::optional<Duration>> measured_time(std::size_t layer, OperatorKind kind);
  [[nodiscard]] Status check_clock() const;
  void collect_arrivals();
  void manage_cache(std::size_t layer);

  Parts parts_;
  Status status_;
  bool finished_ = false;
  std::int64_t waits_ = 0;

  StepInfo info_;
  std::int32_t layer_tokens_ = 1;  // tokens that pass through the running layer
  EventLoads event_;
  // Scratch.
  std::vector<LoadId> arrivals_;
  std::vector<Eviction> evicted_;
};

}  // namespace pregate
