// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "traces/schema/scenario.pb.h"
#include "traces/text_sections.hpp"

namespace pregate {
namespace {

constexpr std::string_view kDefaults = R"(
flash { model: "fitted" request_latency: "0" request_bytes: "0" queue_depth: 32 derate: 1 request_overhead: "0" hot_derate: 1 }
dram { reserved: "0" efficiency: 0.9 write_cost: 1 latency: "0" }
npu { precision: "int8" efficiency: 1 launch_latency: "0" }
management { per_load: "0" per_mib: "0" per_eviction: "0" when: "arrival" reads_per_load: 1 }
)";

// Of a flash section that has pages.
constexpr std::string_view kPagesDefaults = R"(
flash { pages { command: "0" overhead: "0" cache_read: true link_efficiency: 1 mapping_cache: "0" mapping_entry_bytes: 4 mapping_whole_page: true } }
)";

constexpr Bytes kLargestDram = Bytes::gib(64 * 1024);

// rate x fraction in millionths, so that every machine gets the same integer.
std::int64_t scaled(std::int64_t rate, double fraction) {
  return static_cast<std::int64_t>(Int128{rate} * std::llround(fraction * 1e6) / 1'000'000);
}
MacRate scaled(const FieldReader& section, std::string_view name, MacRate rate) {
  const std::int64_t left = scaled(rate.count(), section.fraction(name));
  if (left < 100'000'000) {
    section.fail(name, "a fraction that leaves at least 0.1GMAC/s", to_text(MacRate::per_second(left)));
  }
  return MacRate::per_second(left);
}

LinkSpec read_link(const FieldReader& link) {
  return {.bandwidth = link.bandwidth("bandwidth"),
          .latency = link.has("latency") ? link.duration("latency") : Duration()};
}

DramSpec read_dram(const FieldReader& dram) {
  DramSpec spec;
  spec.capacity = dram.bytes("capacity", Bytes::mib(1), kLargestDram);
  spec.reserved = dram.bytes("reserved", Bytes(0), kLargestDram);
  if (spec.reserved >= spec.capacity) {
    dram.fail("reserved", fmt::format("less than the capacity, {}", to_text(spec.capacity)),
              to_text(spec.reserved));
  }
  spec.peak_bandwidth = dram.bandwidth("peak_bandwidth");
  spec.usable_bandwidth = scaled(dram, "efficiency", spec.peak_bandwidth);
  spec.write_cost = Permille{std::llround(dram.number("write_cost", {0.1, 100}) * 1000)};
  spec.latency = dram.duration("latency");
  return spec;
}

Result<std::string> parse_precision(std::string_view word) {
  for (const std::string_view known : {"int8", "fp16", "fp32"}) {
    if (word == known) return std::string(word);
  }
  return bad_input("int8, fp16 or fp32", fmt::format("\"{}\"", word));
}

NpuSpec read_npu(const FieldReader& npu, Bandwidth usable) {
  NpuSpec spec;
  spec.name = npu.has("name") ? npu.text("name") : "NPU";
  spec.precision = npu.word("precision", parse_precision);
  if (npu.failed()) return spec;
  // All rates are checked, though only one is used: a wrong one would surface with the next --set.
  for (const std::string_view rate : {"int8_rate", "fp16_rate", "fp32_rate"}) {
    const bool used = rate == spec.precision + "_rate";
    if (!used && !npu.has(rate)) continue;
    const MacRate value = npu.mac_rate(rate);
    if (used) spec.mac_rate = scaled(npu, "efficiency", value);
  }
  spec.dram_bandwidth =
      npu.has("dram_bandwidth") ? std::min(npu.bandwidth("dram_bandwidth"), usable) : usable;
  spec.launch_latency = npu.duration("launch_latency");
  if (npu.has("sram")) (void)npu.bytes("sram", Bytes(0), Bytes::gib(64));
  return spec;
}

EnergySpec read_energy(const FieldReader& energy) {
  const auto number = [&energy](std::string_view name) {
    return energy.has(name) ? energy.number(name, {0, 1e6}) : 0.0;
  };
  return {.flash_pj_per_bit = number("flash_pj_per_bit"),
          .link_pj_per_bit = number("link_pj_per_bit"),
          .dram_pj_per_bit = number("dram_pj_per_bit"),
          .mac_pj = number("mac_pj"),
          .idle_watts = number("idle_watts"),
          .sram_pj_per_bit = number("sram_pj_per_bit")};
}

Result<bool> parse_management_time(std::string_view word) {
  if (word == "start" || word == "arrival") return word == "start";
  return bad_input("start or arrival", fmt::format("\"{}\"", word));
}

ManagementSpec read_management(const FieldReader& management) {
  return {.per_load = management.duration("per_load"),
          .per_mib = management.duration("per_mib"),
          .per_eviction = management.duration("per_eviction"),
          .at_start = management.word("when", parse_management_time),
          .reads_per_load = static_cast<std::int32_t>(management.integer("reads_per_load", {1, 64}))};
}

}  // namespace

Bandwidth scaled(const FieldReader& section, std::string_view name, Bandwidth rate) {
  const std::int64_t left = scaled(rate.count(), section.fraction(name));
  if (left < 1'000'000) {
    section.fail(name, "a fraction that leaves at least 1MB/s", to_text(Bandwidth::bytes_per_second(left)));
  }
  return Bandwidth::bytes_per_second(left);
}

DeviceSpec read_device(const FieldReader& device) {
  DeviceSpec spec;
  spec.id = device.text("id");
  spec.name = device.has("name") ? device.text("name") : spec.id;
  if (device.has("kind")) spec.kind = device.text("kind");
  if (device.has("notes")) spec.notes = device.text("notes");
  spec.flash = read_flash(device.section("flash"));
  if (device.has("link")) spec.link = read_link(device.section("link"));
  spec.dram = read_dram(device.section("dram"));
  spec.npu = read_npu(device.section("npu"), spec.dram.usable_bandwidth);
  spec.management = read_management(device.section("management"));
  if (device.has("energy")) spec.energy = read_energy(device.section("energy"));
  return spec;
}

void merge_under(const google::protobuf::Message& base, google::protobuf::Message& fields) {
  const std::unique_ptr<google::protobuf::Message> merged(base.New());
  merged->CopyFrom(base);
  merged->MergeFrom(fields);
  fields.CopyFrom(*merged);
}

void add_device_defaults(google::protobuf::Message& device) {
  schema::Device defaults;
  merge_known_text(std::string(kDefaults), defaults);
  if (static_cast<const schema::Device&>(device).flash().has_pages()) {
    merge_known_text(std::string(kPagesDefaults), defaults);
  }
  merge_under(defaults, device);
}

Result<DeviceSpec> parse_device(const NamedText& source) {
  schema::Device message;
  FieldOrigins origins;
  if (const Status parsed = parse_text_message(source, message, origins); !parsed) return parsed.error();
  add_device_defaults(message);
  ReadContext context{origins, source.path, std::nullopt};
  DeviceSpec spec = read_device(FieldReader(message, context));
  if (context.failure) return *context.failure;
  return spec;
}

}  // namespace pregate
