// SPDX-License-Identifier: Apache-2.0
#include "experiments/what_if_list.hpp"

#include <fmt/format.h>

#include "experiments/scaling.hpp"
#include "sim/runtime/cache_setup.hpp"
#include "sim/simulator.hpp"

namespace pregate {
namespace {

constexpr const char* kNoLoads = "everything is resident from the start already, so nothing is loaded";

std::string layers_ahead(std::int64_t layers) {
  return fmt::format("{} layer{} ahead", layers, layers == 1 ? "" : "s");
}

class Builder {
 public:
  Builder(const Scenario& base, Bytes budget, Bytes all_experts)
      : base_(base), budget_(budget), all_(all_experts), warm_(base.preload == Preload::all) {}

  Counterfactuals build() && {
    add_resident();
    add_policies();
    add_pregating();
    add_device();
    add_budget();
    return std::move(out_);
  }

 private:
  void add(std::string name, std::string change, std::vector<std::string> set, Scenario scenario) {
    scenario.text.clear();  // it is not what the document says any more
    out_.tried.push_back({std::move(name), std::move(change), std::move(set), std::move(scenario)});
  }
  void leave_out(std::string name, std::string why) {
    out_.left_out.push_back({std::move(name), std::move(why)});
  }
  // For what can only help loads.
  bool leave_out_if_warm(const char* name) {
    if (warm_) leave_out(name, kNoLoads);
    return warm_;
  }

  // With all there, neither eviction nor prefetch has anything to do: the plainest ones, which keep what is
  // there.
  void add_resident() {
    constexpr const char* kName = "everything resident";
    if (warm_) return leave_out(kName, "the scenario is so");
    Scenario scenario = base_;
    scenario.preload = Preload::all;
    scenario.expert_budget = all_;
    scenario.policy.eviction = EvictionKind::lru;
    scenario.policy.prefetch = PrefetchKind::none;
    const std::string room =
        all_ <= budget_ ? fmt::format("{}, which the budget holds", to_text(all_))
                        : fmt::format("{}, {} more than the budget", to_text(all_), to_text(all_ - budget_));
    add(kName, fmt::format("all experts in DRAM from the start ({}): no load at all", room),
        {"dram.preload=all", fmt::format("dram.expert_budget={}", all_.count()), "policy.eviction=lru",
         "policy.prefetch=none"},
        std::move(scenario));
  }

  void add_policies() {
    constexpr const char *kOpt = "OPT eviction", *kPerfect = "perfect prefetch",
                         *kBoth = "OPT eviction and perfect prefetch";
    const bool opt = base_.policy.eviction == EvictionKind::belady;
    const bool perfect = base_.policy.prefetch == PrefetchKind::oracle;
    if (leave_out_if_warm(kOpt)) {
      leave_out(kPerfect, kNoLoads);
      return leave_out(kBoth, kNoLoads);
    }
    Scenario scenario = base_;
    scenario.policy.eviction = EvictionKind::belady;
    const std::string opt_change =
        fmt::format("Belady's choice of what leaves in place of {}", to_text(base_.policy.eviction));
    if (opt) {
      leave_out(kOpt, "the scenario is so");
    } else {
      add(kOpt, opt_change + "; prefetch stays", {"policy.eviction=belady"}, scenario);
    }
    scenario = base_;
    scenario.policy.prefetch = PrefetchKind::oracle;
    const std::string perfect_change =
        "a prefetch that knows the trace, through the same flash into the same room";
    if (perfect) {
      leave_out(kPerfect, "the scenario is so");
    } else {
      // What it foresees is kept; among the rest the policy chooses, without its knowledge.
      const std::string blind = opt ? std::string()
                                    : fmt::format("; what it does not see coming soon leaves as {} has it",
                                                  to_text(base_.policy.eviction));
      add(kPerfect, perfect_change + blind, {"policy.prefetch=oracle"}, scenario);
    }
    if (opt || perfect) return leave_out(kBoth, "one of the two is the scenario's own");
    scenario.policy.eviction = EvictionKind::belady;
    add(kBoth, "Belady's choice of what leaves, and a prefetch that knows the trace",
        {"policy.eviction=belady", "policy.prefetch=oracle"}, std::move(scenario));
  }

  void add_pregating() {
    const PolicySpec& policy = base_.policy;
    const bool on = policy.prefetch == PrefetchKind::pregate;
    if (warm_) return leave_out("pre-gating", kNoLoads);
    if (policy.prefetch != PrefetchKind::none) {
      Scenario off = base_;
      off.policy.prefetch = PrefetchKind::none;
      add(on ? "pre-gating off" : "prefetch off", "each choice is known only at its layer's own router",
          {"policy.prefetch=none"}, std::move(off));
    }
    const std::int64_t known = known_ahead(base_);
    for (std::int32_t ahead = 1; ahead <= 2; ++ahead) {
      const std::string name = fmt::format("pre-gating {}", layers_ahead(ahead));
      if (on && policy.lookahead == ahead) continue;
      if (ahead > known) {
        leave_out(name, known == 0 ? std::string("this model's routers know nothing ahead")
                                   : fmt::format("this model's routers answer {}", layers_ahead(known)));
        continue;
      }
      Scenario scenario = base_;
      scenario.policy.prefetch = PrefetchKind::pregate;
      scenario.policy.lookahead = ahead;
      // A trace alone does not say what its routers could know.
      const bool assumed = !base_.model_spec && !base_.shape_as_spec;
      add(name,
          fmt::format("each choice is known and fetched {}{}", layers_ahead(ahead),
                      assumed ? ", as if the trace's routers were trained so" : ""),
          {"policy.prefetch=pregate", fmt::format("policy.lookahead={}", ahead)}, std::move(scenario));
    }
  }

  void add_device() {
    if (!leave_out_if_warm("flash x2")) {
      add("flash x2", "rates doubled, fixed times halved", {}, scaled(base_, DevicePart::flash, 2));
    }
    if (base_.device.link && !leave_out_if_warm("link x2")) {
      add("link x2", "the link to the device's memory: rate doubled, latency halved", {},
          scaled(base_, DevicePart::link, 2));
    }
    add("DRAM x2", "bandwidth and the ports to it doubled, latency halved; the room for experts stays", {},
        scaled(base_, DevicePart::dram, 2));
    if (base_.runtime.measured_npu) {
      leave_out("NPU x2", "compute times are measured ones (runtime.npu)");
    } else {
      add("NPU x2", "arithmetic doubled, launches halved; its port to DRAM stays", {},
          scaled(base_, DevicePart::npu, 2));
    }
    constexpr const char* kFree = "management free";
    const ManagementSpec& management = base_.device.management;
    if (leave_out_if_warm(kFree)) return;
    if (management.per_load == Duration() && management.per_mib == Duration() &&
        management.per_eviction == Duration()) {
      return leave_out(kFree, "it costs nothing on this device");
    }
    add(kFree, "loads and evictions take the compute unit no time",
        {"device.management.per_load=0", "device.management.per_mib=0", "device.management.per_eviction=0"},
        without_management(base_));
  }

  void add_budget() {
    constexpr const char* kName = "expert budget x2";
    if (leave_out_if_warm(kName)) return;
    if (budget_ >= all_) return leave_out(kName, "all experts fit the budget already");
    Scenario scenario = base_;
    scenario.expert_budget = budget_ * 2;
    add(kName, fmt::format("{} of DRAM for experts in place of {}", to_text(budget_ * 2), to_text(budget_)),
        {fmt::format("dram.expert_budget={}", (budget_ * 2).count())}, std::move(scenario));
  }

  const Scenario& base_;
  Bytes budget_, all_;
  bool warm_;
  Counterfactuals out_;
};

}  // namespace

Result<Counterfactuals> counterfactuals(const RunSetup& setup, Bytes expert_budget) {
  check(setup.trace != nullptr, "counterfactuals replay a run's routing");
  const Result<ModelShape> model = costed_shape(setup.scenario, setup.trace->header);
  if (!model) return model.error();
  return Builder(setup.scenario, expert_budget, model->all_experts_bytes()).build();
}

}  // namespace pregate
