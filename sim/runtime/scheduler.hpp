// SPDX-License-Identifier: Apache-2.0
// What the NPU does next. Step by step and layer by layer: attention, then the router's answers (this layer's
// event, and what a pre-gated router says of a later layer), shared experts, routed experts as they become
// resident, and at the end of the step the output head. It waits only for loads, and records each wait with
// the load that ended it.
#pragma once

#include <functional>
#include <systemc>

#include "sim/hardware/npu.hpp"
#include "sim/residency/prefetch.hpp"
#include "sim/runtime/costs.hpp"
#include "sim/runtime/loader.hpp"

namespace pregate {

class Scheduler final : public sc_core::sc_module {
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
  Status begin_event(std::size_t layer, const LayerRouting& routing);
  void sort_out(std::size_t layer);
  Status look_ahead(std::size_t layer);
  Status tell_ahead(std::size_t target);
  void ask_for(const std::vector<PrefetchWish>& wishes);
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
  std::uint32_t next_event_ = 0;
  std::int32_t layer_tokens_ = 1;  // tokens that pass through the running layer
  // The running event.
  std::vector<ExpertId> chosen_;         // distinct, in order of last choice
  std::vector<std::int32_t> tokens_of_;  // by position in chosen_
  std::vector<Lookup> lookups_;
  std::vector<LoadId> awaited_;     // by position in chosen_; invalid once resident
  std::vector<std::size_t> ready_;  // positions that can run, in order
  std::size_t next_ready_ = 0;
  std::int32_t awaited_count_ = 0;
  LoadId last_awaited_;  // the arrival that ended the last wait
  // Scratch.
  std::vector<std::int32_t> position_of_;  // by ExpertId: position in chosen_
  std::vector<ExpertId> ahead_;
  std::vector<PrefetchWish> wishes_;
  std::vector<LoadId> arrivals_;
  std::vector<Eviction> evicted_;
};

}  // namespace pregate
