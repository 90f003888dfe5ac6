// SPDX-License-Identifier: Apache-2.0
#include "experiments/scaling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>

namespace pregate {
namespace {

// A positive factor in millionths, so that every machine gets the same integers.
class Factor {
 public:
  explicit Factor(double factor) : millionths_(std::llround(factor * 1e6)) {
    check(factor > 0 && factor <= 1e6 && millionths_ > 0, "a device is scaled by a factor above 0");
  }
  [[nodiscard]] Bandwidth times(Bandwidth v) const { return Bandwidth::bytes_per_second(up(v.count())); }
  [[nodiscard]] MacRate times(MacRate v) const { return MacRate::per_second(up(v.count())); }
  [[nodiscard]] Bytes times(Bytes v) const { return Bytes(up(v.count())); }
  [[nodiscard]] Duration over(Duration v) const { return Duration::ps(down(v.count_ps())); }
  [[nodiscard]] Permille over(Permille v) const { return {std::max<std::int64_t>(down(v.value), 1)}; }

 private:
  [[nodiscard]] std::int64_t up(std::int64_t v) const {
    return static_cast<std::int64_t>(std::min(Int128{v} * millionths_ / 1'000'000, Int128{INT64_MAX}));
  }
  [[nodiscard]] std::int64_t down(std::int64_t v) const {
    return static_cast<std::int64_t>(std::min(Int128{v} * 1'000'000 / millionths_, Int128{INT64_MAX}));
  }
  std::int64_t millionths_;
};

// What the schema derives from other values. Whoever had all of what limits him has all of it again;
// everybody else keeps a limit of his own.
void settle(const DeviceSpec& before, DeviceSpec& after) {
  FlashSpec& flash = after.flash;
  if (flash.model == FlashModel::pages && flash.pages) {
    flash.read_bandwidth = flash.lane_bandwidth = flash.pages->link;
  } else {
    const bool whole = before.flash.lane_bandwidth >= before.flash.read_bandwidth;
    flash.lane_bandwidth =
        whole ? flash.read_bandwidth : std::min(flash.lane_bandwidth, flash.read_bandwidth);
  }
  const bool whole = before.npu.dram_bandwidth >= before.dram.usable_bandwidth;
  const Bandwidth usable = after.dram.usable_bandwidth;
  after.npu.dram_bandwidth = after.npu.port.count() > 0 ? std::min(after.npu.port, usable)
                             : whole                    ? usable
                                                        : std::min(after.npu.dram_bandwidth, usable);
}

// ---- parts ----

void scale_flash(FlashSpec& flash, Factor f) {
  flash.read_bandwidth = f.times(flash.read_bandwidth);
  flash.lane_bandwidth = f.times(flash.lane_bandwidth);
  flash.request_latency = f.over(flash.request_latency);
  flash.request_overhead = f.over(flash.request_overhead);
  if (!flash.pages) return;
  FlashPagesSpec& pages = *flash.pages;
  pages.sense = f.over(pages.sense);
  pages.command = f.over(pages.command);
  pages.bus = f.times(pages.bus);
  pages.link = f.times(pages.link);
  pages.overhead = f.over(pages.overhead);
}

// What follows from the peak: the rate that is achieved, and in a timing set the clock.
void scale_achieved(DramSpec& dram, Factor f) {
  dram.usable_bandwidth = f.times(dram.usable_bandwidth);
  if (dram.timing) dram.timing->clock = std::max(f.over(dram.timing->clock), Duration::ps(1));
}

void scale_dram(DeviceSpec& device, Factor f) {
  device.dram.peak_bandwidth = f.times(device.dram.peak_bandwidth);
  scale_achieved(device.dram, f);
  device.dram.dma_bandwidth = f.times(device.dram.dma_bandwidth);
  device.dram.latency = f.over(device.dram.latency);
  device.npu.port = f.times(device.npu.port);
}

// ---- single parameters ----

using Slot = std::variant<Bandwidth*, MacRate*, Bytes*, Duration*, Permille*>;

struct Field {
  std::string_view path, name;
  Better better;
  bool (*matters)(const Scenario&);
  Slot (*slot)(Scenario&);  // of a scenario in which it matters
};

bool loads(const Scenario& s) {
  return s.preload != Preload::all;
}
bool fitted(const Scenario& s) {
  return loads(s) && s.device.flash.model == FlashModel::fitted;
}
bool paged(const Scenario& s) {
  return loads(s) && s.device.flash.model == FlashModel::pages && s.device.flash.pages;
}
bool linked(const Scenario& s) {
  return loads(s) && s.device.link;
}
bool port_binds(const Scenario& s) {
  const DramSpec& dram = s.device.dram;
  const Bandwidth port = s.device.npu.port;
  return port.count() > 0 &&
         port < (s.fidelity == Fidelity::burst ? dram.peak_bandwidth : dram.usable_bandwidth);
}

// The NPU's rate at the precision that is used: the path says which.
constexpr std::string_view kMacRate = "device.npu.mac_rate";
constexpr std::string_view kDramPeak = "device.dram.peak_bandwidth";

constexpr Duration kNone;

const Field kFlashFields[] = {
    {"device.flash.read_bandwidth", "flash bandwidth", Better::higher, fitted,
     [](Scenario& s) -> Slot { return &s.device.flash.read_bandwidth; }},
    {"device.flash.lane_bandwidth", "flash bandwidth of one request", Better::higher,
     [](const Scenario& s) {
       return fitted(s) && s.device.flash.lane_bandwidth < s.device.flash.read_bandwidth;
     },
     [](Scenario& s) -> Slot { return &s.device.flash.lane_bandwidth; }},
    {"device.flash.request_latency", "flash latency of a request", Better::lower,
     [](const Scenario& s) { return fitted(s) && s.device.flash.request_latency > kNone; },
     [](Scenario& s) -> Slot { return &s.device.flash.request_latency; }},
    {"device.flash.request_overhead", "flash overhead of a request", Better::lower,
     [](const Scenario& s) { return fitted(s) && s.device.flash.request_overhead > kNone; },
     [](Scenario& s) -> Slot { return &s.device.flash.request_overhead; }},
    {"device.flash.pages.sense", "flash sensing time of a page", Better::lower,
     [](const Scenario& s) { return paged(s) && s.device.flash.pages->sense > kNone; },
     [](Scenario& s) -> Slot { return &s.device.flash.pages->sense; }},
    {"device.flash.pages.command", "flash bus time of a command", Better::lower,
     [](const Scenario& s) { return paged(s) && s.device.flash.pages->command > kNone; },
     [](Scenario& s) -> Slot { return &s.device.flash.pages->command; }},
    {"device.flash.pages.bus_bandwidth", "flash bus of a channel", Better::higher, paged,
     [](Scenario& s) -> Slot { return &s.device.flash.pages->bus; }},
    {"device.flash.pages.link_bandwidth", "flash link to the host", Better::higher, paged,
     [](Scenario& s) -> Slot { return &s.device.flash.pages->link; }},
    {"device.flash.pages.mapping_cache", "flash mapping cache", Better::higher,
     [](const Scenario& s) { return paged(s) && s.device.flash.pages->mapping_cache > Bytes(); },
     [](Scenario& s) -> Slot { return &s.device.flash.pages->mapping_cache; }},
    {"device.flash.pages.overhead", "flash overhead of a request", Better::lower,
     [](const Scenario& s) { return paged(s) && s.device.flash.pages->overhead > kNone; },
     [](Scenario& s) -> Slot { return &s.device.flash.pages->overhead; }},
    {"device.link.bandwidth", "link bandwidth", Better::higher, linked,
     [](Scenario& s) -> Slot { return &s.device.link->bandwidth; }},
    {"device.link.latency", "link latency", Better::lower,
     [](const Scenario& s) { return linked(s) && s.device.link->latency > kNone; },
     [](Scenario& s) -> Slot { return &s.device.link->latency; }},
};

const Field kOtherFields[] = {
    {"device.dram.capacity", "DRAM capacity", Better::higher,
     [](const Scenario& s) { return loads(s) && !s.expert_budget; },
     [](Scenario& s) -> Slot { return &s.device.dram.capacity; }},
    {kDramPeak, "DRAM bandwidth", Better::higher, [](const Scenario&) { return true; },
     [](Scenario& s) -> Slot { return &s.device.dram.peak_bandwidth; }},
    {"device.dram.write_cost", "DRAM time of a written byte", Better::lower,
     [](const Scenario& s) { return loads(s) && s.fidelity == Fidelity::flow; },
     [](Scenario& s) -> Slot { return &s.device.dram.write_cost; }},
    {"device.dram.latency", "DRAM latency", Better::lower,
     [](const Scenario& s) { return s.device.dram.latency > kNone; },
     [](Scenario& s) -> Slot { return &s.device.dram.latency; }},
    {"device.dram.dma_bandwidth", "flash's port to DRAM", Better::higher,
     [](const Scenario& s) { return loads(s) && s.device.dram.dma_bandwidth.count() > 0; },
     [](Scenario& s) -> Slot { return &s.device.dram.dma_bandwidth; }},
    {kMacRate, "NPU arithmetic", Better::higher, [](const Scenario& s) { return !s.runtime.measured_npu; },
     [](Scenario& s) -> Slot { return &s.device.npu.mac_rate; }},
    {"device.npu.dram_bandwidth", "NPU's port to DRAM", Better::higher, port_binds,
     [](Scenario& s) -> Slot { return &s.device.npu.port; }},
    {"device.npu.launch_latency", "NPU launch of an operator", Better::lower,
     [](const Scenario& s) { return s.device.npu.launch_latency > kNone; },
     [](Scenario& s) -> Slot { return &s.device.npu.launch_latency; }},
    {"device.management.per_load", "management of a load", Better::lower,
     [](const Scenario& s) { return loads(s) && s.device.management.per_load > kNone; },
     [](Scenario& s) -> Slot { return &s.device.management.per_load; }},
    {"device.management.per_mib", "management of a loaded MiB", Better::lower,
     [](const Scenario& s) { return loads(s) && s.device.management.per_mib > kNone; },
     [](Scenario& s) -> Slot { return &s.device.management.per_mib; }},
    {"device.management.per_eviction", "management of an eviction", Better::lower,
     [](const Scenario& s) { return loads(s) && s.device.management.per_eviction > kNone; },
     [](Scenario& s) -> Slot { return &s.device.management.per_eviction; }},
    {"dram.expert_budget", "DRAM for experts", Better::higher,
     [](const Scenario& s) { return loads(s) && s.expert_budget.has_value(); },
     [](Scenario& s) -> Slot { return &*s.expert_budget; }},
};

std::vector<const Field*> all_fields() {
  std::vector<const Field*> out;
  for (const Field& field : kFlashFields) out.push_back(&field);
  for (const Field& field : kOtherFields) out.push_back(&field);
  return out;
}

// What a quantity is to a program and to people.
void put_value(Bandwidth v, DeviceParameter& out) {
  out.amount = static_cast<double>(v.count());
  out.unit = "bytes/s";
  out.value = to_text(v);
}
void put_value(MacRate v, DeviceParameter& out) {
  out.amount = static_cast<double>(v.count());
  out.unit = "MAC/s";
  out.value = to_text(v);
}
void put_value(Bytes v, DeviceParameter& out) {
  out.amount = static_cast<double>(v.count());
  out.unit = "bytes";
  out.value = to_text(v);
}
void put_value(Duration v, DeviceParameter& out) {
  out.amount = static_cast<double>(v.count_ps()) / 1e12;
  out.unit = "s";
  out.value = to_text(v);
}
void put_value(Permille v, DeviceParameter& out) {
  out.amount = static_cast<double>(v.value) / 1000;
  out.value = fmt::format("{:g}", out.amount);
}

std::string path_of(const Field& field, const Scenario& scenario) {
  if (field.path != kMacRate) return std::string(field.path);
  return fmt::format("device.npu.{}_rate", scenario.device.npu.precision);
}

DeviceParameter parameter_of(const Field& field, Scenario& scenario) {
  DeviceParameter out{.path = path_of(field, scenario),
                      .name = std::string(field.name),
                      .better = field.better,
                      .amount = 0,
                      .unit = {},
                      .value = {}};
  std::visit([&out](const auto* v) { put_value(*v, out); }, field.slot(scenario));
  return out;
}

// Rates and sizes are better higher, times and costs lower.
struct Scale {
  Factor f;
  void operator()(Bandwidth* v) const { *v = f.times(*v); }
  void operator()(MacRate* v) const { *v = f.times(*v); }
  void operator()(Bytes* v) const { *v = f.times(*v); }
  void operator()(Duration* v) const { *v = f.over(*v); }
  void operator()(Permille* v) const { *v = f.over(*v); }
};

}  // namespace

Scenario scaled(const Scenario& scenario, DevicePart part, double factor) {
  Scenario out = scenario;
  out.text.clear();
  const Factor f(factor);
  DeviceSpec& device = out.device;
  switch (part) {
    case DevicePart::flash:
      scale_flash(device.flash, f);
      break;
    case DevicePart::link:
      if (device.link) device.link = {f.times(device.link->bandwidth), f.over(device.link->latency)};
      break;
    case DevicePart::dram:
      scale_dram(device, f);
      break;
    case DevicePart::npu:
      device.npu.mac_rate = f.times(device.npu.mac_rate);
      device.npu.launch_latency = f.over(device.npu.launch_latency);
      break;
  }
  settle(scenario.device, device);
  return out;
}

Scenario without_management(const Scenario& scenario) {
  Scenario out = scenario;
  out.text.clear();
  ManagementSpec& management = out.device.management;
  management.per_load = management.per_mib = management.per_eviction = Duration();
  return out;
}

std::vector<DeviceParameter> device_parameters(const Scenario& scenario) {
  Scenario copy = scenario;  // slots point into what may be changed
  std::vector<DeviceParameter> out;
  for (const Field* field : all_fields()) {
    if (field->matters(scenario)) out.push_back(parameter_of(*field, copy));
  }
  return out;
}

Improvement improved(const Scenario& scenario, const DeviceParameter& parameter, double factor) {
  Improvement out{.scenario = scenario, .after = {}};
  out.scenario.text.clear();
  for (const Field* field : all_fields()) {
    if (path_of(*field, scenario) != parameter.path) continue;
    check(field->matters(scenario), "a parameter that is improved is one that matters in its scenario");
    const Factor f(factor);
    std::visit(Scale{f}, field->slot(out.scenario));
    if (field->path == kDramPeak) scale_achieved(out.scenario.device.dram, f);
    settle(scenario.device, out.scenario.device);
    out.after = parameter_of(*field, out.scenario);
    return out;
  }
  check(false, "a parameter that is improved is one of device_parameters()");
  return out;
}

}  // namespace pregate
