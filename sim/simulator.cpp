// SPDX-License-Identifier: Apache-2.0
#include "sim/simulator.hpp"

#include <fmt/format.h>

#include <systemc>

#include "sim/account/account.hpp"
#include "sim/hardware/burst_memory.hpp"
#include "sim/hardware/flow_memory.hpp"
#include "sim/hardware/kernel_session.hpp"
#include "sim/runtime/cache_setup.hpp"
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

Result<RunRecord> simulate(const Scenario& scenario, RoutingSource& source, const SimulateOptions& options) {
  if (Status ok = check_lanes(scenario); !ok) return ok.error();
  if (Status ok = check_fidelity(scenario); !ok) return ok.error();
  Result<std::unique_ptr<CacheSetup>> made =
      CacheSetup::make(scenario, source.header(), source.whole_trace());
  if (!made) return made.error();
  CacheSetup& setup = **made;
  if (Status ok = check_load_times(setup.model, scenario.device, scenario.runtime.io_lanes); !ok)
    return ok.error();

  Recorder recorder(options.keep_details);
  std::int64_t kernel_events = 0;
  Bytes peak_resident;
  {
    KernelSession kernel;
    Machine machine("machine", scenario,
                    {setup.model, setup.table, source, *setup.residency, *setup.prefetcher, recorder},
                    options);
    sc_core::sc_start();
    if (!machine.scheduler.status()) return machine.scheduler.status().error();
    check(machine.scheduler.finished(), "the kernel runs until the scheduler is done");
    check_bytes(recorder.record(), machine.memory->written());
    kernel_events = machine.memory->wake_ups() + machine.scheduler.waits();
    peak_resident = setup.residency->peak_resident();
  }
  return account_run(recorder, {.version = pregate_version(),
                                .scenario = scenario,
                                .model = setup.model,
                                .table = setup.table,
                                .route = source.header(),
                                .sequence = setup.sequence ? &*setup.sequence : nullptr,
                                .uses = setup.uses ? &*setup.uses : nullptr,
                                .budget = setup.budget,
                                .peak_resident = peak_resident,
                                .kernel_events = kernel_events,
                                .keep_details = options.keep_details});
}

std::string_view pregate_version() {
  return "0.1.0";
}

}  // namespace pregate
