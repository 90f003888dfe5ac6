// SPDX-License-Identifier: Apache-2.0
#include "sim/simulator.hpp"

#include <fmt/format.h>

#include <systemc>

#include "sim/account/account.hpp"
#include "sim/hardware/burst_memory.hpp"
#include "sim/hardware/flow_memory.hpp"
#include "sim/hardware/kernel_session.hpp"
#include "sim/runtime/scheduler.hpp"

// libsystemc refers to it; our programs have a main of their own and start the kernel from simulate().
int sc_main(int, char*[]) {
  return 0;
}

namespace pregate {
namespace {

// The device with its runtime: one top module owns everything that SystemC knows of.
struct Machine final : sc_core::sc_module {
  struct Software {
    const ModelShape& model;
    const ExpertTable& table;
    RoutingSource& source;
    Residency& residency;
    Prefetcher& prefetcher;
    Recorder& recorder;
  };
  Machine(const sc_core::sc_module_name& name, const Scenario& scenario, const Software& software,
          const SimulateOptions& options)
      : sc_core::sc_module(name),
        memory(make_memory(scenario)),
        flash(make_flash(scenario.device, *memory)),
        npu("npu", scenario.device, *memory),
        loader("loader", {.table = software.table,
                          .residency = software.residency,
                          .flash = *flash,
                          .recorder = software.recorder,
                          .device = scenario.device,
                          .lanes = scenario.runtime.io_lanes,
                          .room = scenario.runtime.room}),
        scheduler("scheduler", {.model = software.model,
                                .table = software.table,
                                .source = software.source,
                                .residency = software.residency,
                                .prefetcher = software.prefetcher,
                                .loader = loader,
                                .npu = npu,
                                .recorder = software.recorder,
                                .overlap = scenario.runtime.overlap,
                                .measured_npu = scenario.runtime.measured_npu,
                                .commit_ahead = scenario.policy.prefetch == PrefetchKind::pregate,
                                .manage_at_start = scenario.device.management.at_start,
                                .progress = options.progress}) {}

  static std::unique_ptr<MemorySystem> make_memory(const Scenario& scenario) {
    if (scenario.fidelity == Fidelity::burst) {
      return std::make_unique<BurstMemory>("memory", scenario.device, scenario.runtime.arbitration);
    }
    return std::make_unique<FlowMemory>("memory", scenario.device, scenario.runtime.arbitration);
  }

  std::unique_ptr<MemorySystem> memory;
  std::unique_ptr<Flash> flash;
  Npu npu;
  Loader loader;
  Scheduler scheduler;
};

// Everything that is decided before time starts.
struct Prepared {
  ModelShape model;
  ExpertTable table;
  Bytes budget;
  std::optional<EventSequence> sequence;  // of a source with a known future
  std::optional<FutureUses> uses;
};

Status check_lanes(const Scenario& scenario) {
  if (scenario.runtime.io_lanes < 1) {
    return bad_input("at least 1 lane", fmt::format("{}", scenario.runtime.io_lanes), "runtime.io_lanes");
  }
  if (scenario.runtime.io_lanes > scenario.device.flash.queue_depth) {
    return bad_input(fmt::format("at most the {} requests that {} takes at once",
                                 scenario.device.flash.queue_depth, scenario.device.id),
                     fmt::format("{}", scenario.runtime.io_lanes), "runtime.io_lanes");
  }
  return {};
}

Status check_fidelity(const Scenario& scenario) {
  if (scenario.fidelity == Fidelity::flow || scenario.device.dram.timing) return {};
  return bad_input("a device with a timing set of its DRAM (device.dram.timing) for sim.fidelity=burst",
                   fmt::format("{} without one", scenario.device.id), "device.dram.timing");
}

// A load that shares the flash with all other lanes must end in a time that the clock can count.
Status check_load_times(const ModelShape& model, const DeviceSpec& device, std::int32_t lanes) {
  std::int64_t rate =
      std::min(device.flash.lane_bandwidth.count(), device.flash.read_bandwidth.count() / lanes);
  if (device.link) rate = std::min(rate, device.link->bandwidth.count() / lanes);
  const Duration latency = device.flash.request_latency + (device.link ? device.link->latency : Duration());
  for (std::size_t b = 0; b < model.banks.size(); ++b) {
    const Int128 size = model.banks[b].expert_bytes.count();
    const Int128 part =
        device.flash.request_bytes > Bytes() ? device.flash.request_bytes.count() : std::max(size, Int128{1});
    const Int128 ps = (size + part - 1) / part * latency.count_ps() +
                      size * detail::kPsPerSecond / std::max<std::int64_t>(rate, 1);
    if (ps <= kLongestOperator.count_ps()) continue;
    return bad_input(fmt::format("a flash that reads an expert of bank {} ({}) in less than {}", b,
                                 to_text(model.banks[b].expert_bytes), to_text(kLongestOperator)),
                     fmt::format("{} for a lane, {} before each request",
                                 to_text(Bandwidth::bytes_per_second(rate)), to_text(latency)),
                     "device.flash");
  }
  return {};
}

// The cache must hold the largest event (so that its experts can be resident together), and one load must end
// in a time that the clock can count.
Status check_room(const Prepared& prepared, const Scenario& scenario) {
  if (Status ok = check_load_times(prepared.model, scenario.device, scenario.runtime.io_lanes); !ok)
    return ok;
  if (!prepared.sequence) return {};
  EventId where;
  const Bytes largest = prepared.sequence->largest_event(prepared.table, &where);
  if (largest <= prepared.budget) return {};
  const EventInfo& info = prepared.sequence->info(where);
  return bad_input(fmt::format("at least {} ({} bytes): the {} experts of step {} ({}), layer {}",
                               to_text(largest), largest.count(), prepared.sequence->experts(where).size(),
                               info.step, to_text(info.phase), info.layer.value()),
                   fmt::format("{} ({} bytes)", to_text(prepared.budget), prepared.budget.count()),
                   "dram.expert_budget");
}

std::int64_t longest_context(const RoutingSource& source) {
  std::int64_t context = 0;
  if (source.header().context > 0) return source.header().context;
  const RouteTrace* trace = source.whole_trace();
  if (trace == nullptr) return 4096;
  for (const RouteStep& step : trace->steps) context = std::max(context, step.position + step.tokens);
  return context;
}

Result<Prepared> prepare(const Scenario& scenario, const RoutingSource& source) {
  if (Status ok = check_lanes(scenario); !ok) return ok.error();
  if (Status ok = check_fidelity(scenario); !ok) return ok.error();
  Result<ModelShape> model = costed_shape(scenario, source.header());
  if (!model) return model.error();
  Prepared prepared{.model = *model, .table = ExpertTable(*model), .budget = {}, .sequence = {}, .uses = {}};
  if (scenario.expert_budget) {
    prepared.budget = *scenario.expert_budget;
  } else {
    Result<Bytes> budget = default_expert_budget(scenario, *model, longest_context(source));
    if (!budget) return budget.error();
    prepared.budget = *budget;
  }
  if (const RouteTrace* trace = source.whole_trace()) {
    if (trace->steps.empty()) return bad_input("a trace with at least one step", "none", "workload");
    prepared.sequence.emplace(*trace, prepared.table);
    prepared.uses.emplace(*prepared.sequence, prepared.table.size());
  }
  if (Status ok = check_room(prepared, scenario); !ok) return ok.error();
  return prepared;
}

ResidencyOptions residency_options(const Prepared& prepared, const Scenario& scenario) {
  const PolicySpec& policy = scenario.policy;
  return {.budget = prepared.budget,
          .eviction = policy.eviction,
          .context = {.table = &prepared.table,
                      .future = prepared.uses ? &*prepared.uses : nullptr,
                      .layers = static_cast<std::int32_t>(prepared.model.layers.size()),
                      .lfu_half_life = policy.lfu_half_life,
                      .seed = policy.seed},
          .allow_overflow = false,
          .preload = scenario.preload == Preload::all,
          .largest_event = prepared.sequence ? prepared.sequence->largest_event(prepared.table) : Bytes()};
}

// What flash wrote to DRAM is what the accounts say was read: whole loads that arrived, and whole requests of
// the others.
void check_bytes(const RunRecord& run, Bytes written) {
  Bytes arrived, begun;
  for (const LoadRecord& load : run.loads) {
    if (load.state == LoadEnd::arrived) arrived += load.bytes;
    if (load.state == LoadEnd::unfinished) begun += load.bytes;
  }
  check(written >= arrived && written <= arrived + begun, "DRAM writes equal flash reads");
}

}  // namespace

Result<ModelShape> costed_shape(const Scenario& scenario, const RouteHeader& header) {
  const ModelShape& routed = header.model;
  const ModelShape* chosen = scenario.shape_as ? &*scenario.shape_as
                             : scenario.model  ? &*scenario.model
                                               : &routed;
  if (chosen == &routed) return routed;
  const std::string place = scenario.shape_as ? "model.shape_as" : "model.preset";
  const auto differs = [&](std::string_view what, std::size_t expected, std::size_t found) {
    return bad_input(fmt::format("a model with the {} {} of the routing's {}", expected, what, routed.name),
                     fmt::format("{} with {}", chosen->name, found), place);
  };
  if (chosen->layers.size() != routed.layers.size()) {
    return differs("layers", routed.layers.size(), chosen->layers.size());
  }
  if (chosen->banks.size() != routed.banks.size())
    return differs("banks", routed.banks.size(), chosen->banks.size());
  for (std::size_t b = 0; b < routed.banks.size(); ++b) {
    if (chosen->banks[b].experts != routed.banks[b].experts) {
      return differs("experts a bank", static_cast<std::size_t>(routed.banks[b].experts),
                     static_cast<std::size_t>(chosen->banks[b].experts));
    }
  }
  for (std::size_t l = 0; l < routed.layers.size(); ++l) {
    if (chosen->layers[l].bank != routed.layers[l].bank)
      return differs("grouping of layers into banks", l, l);
  }
  return *chosen;
}

Result<RunRecord> simulate(const Scenario& scenario, RoutingSource& source, const SimulateOptions& options) {
  Result<Prepared> prepared = prepare(scenario, source);
  if (!prepared) return prepared.error();
  Result<std::unique_ptr<Residency>> residency =
      Residency::create(prepared->table, residency_options(*prepared, scenario));
  if (!residency) return residency.error();
  Result<std::unique_ptr<Prefetcher>> prefetcher =
      make_prefetcher(scenario.policy, {.model = &prepared->model,
                                        .table = &prepared->table,
                                        .future = prepared->sequence ? &*prepared->sequence : nullptr,
                                        .residency = residency->get(),
                                        .budget = prepared->budget});
  if (!prefetcher) return prefetcher.error();

  Recorder recorder(options.keep_details);
  std::int64_t kernel_events = 0;
  Bytes peak_resident;
  {
    KernelSession kernel;
    Machine machine("machine", scenario,
                    {prepared->model, prepared->table, source, **residency, **prefetcher, recorder}, options);
    sc_core::sc_start();
    if (!machine.scheduler.status()) return machine.scheduler.status().error();
    check(machine.scheduler.finished(), "the kernel runs until the scheduler is done");
    check_bytes(recorder.record(), machine.memory->written());
    kernel_events = machine.memory->wake_ups() + machine.scheduler.waits();
    peak_resident = (*residency)->peak_resident();
  }
  return account_run(recorder, {.version = pregate_version(),
                                .scenario = scenario,
                                .model = prepared->model,
                                .table = prepared->table,
                                .route = source.header(),
                                .sequence = prepared->sequence ? &*prepared->sequence : nullptr,
                                .uses = prepared->uses ? &*prepared->uses : nullptr,
                                .budget = prepared->budget,
                                .peak_resident = peak_resident,
                                .kernel_events = kernel_events,
                                .keep_details = options.keep_details});
}

std::string_view pregate_version() {
  return "0.1.0";
}

}  // namespace pregate
