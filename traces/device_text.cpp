// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "traces/schema/scenario.pb.h"
#include "traces/text_sections.hpp"

namespace pregate {
namespace {

constexpr std::string_view kDefaults = R"(
flash { model: "fitted" request_latency: "0" request_bytes: "0" queue_depth: 32 derate: 1 request_overhead: "0" hot_derate: 1 }
dram { reserved: "0" efficiency: 0.9 write_cost: 1 latency: "0" refresh: "all-bank" refresh_all_bank: 0
refresh_per_bank: 0 mapping: "interleaved" linear_efficiency: 1 reader_efficiency: "1" }
npu { precision: "int8" efficiency: 1 launch_latency: "0" }
management { per_load: "0" per_mib: "0" per_eviction: "0" when: "arrival" reads_per_load: 1 }
)";

// Of a flash section that has pages.
constexpr std::string_view kPagesDefaults = R"(
flash { pages { command: "0" overhead: "0" cache_read: true link_efficiency: 1 mapping_cache: "0" mapping_entry_bytes: 4 mapping_whole_page: true } }
)";

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

// "1 0.92 0.88": shares in thousandths, the first 1, none larger than the one before.
Result<std::vector<Permille>> parse_shares(std::string_view text) {
  std::vector<Permille> shares;
  std::istringstream in{std::string(text)};
  for (std::string word; in >> word;) {
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);
    const auto permille = std::llround(value * 1000);
    const bool fits = end == word.c_str() + word.size() && value > 0 && permille >= 1 &&
                      permille <= (shares.empty() ? 1000 : shares.back().value);
    if (!fits || (shares.empty() && permille != 1000) || shares.size() == 16) break;
    shares.push_back(Permille{permille});
  }
  if (shares.empty() || !in.eof()) {
    return bad_input("1 and up to 15 more shares, none above the one before, such as \"1 0.92 0.88\"",
                     fmt::format("\"{}\"", text));
  }
  return shares;
}

// What a controller with this refresh and this mapping gets out of the peak.
Bandwidth usable_bandwidth(const FieldReader& dram, const DramSpec& spec) {
  const std::string_view share = spec.refresh == Refresh::all_bank ? "refresh_all_bank" : "refresh_per_bank";
  const double refresh = spec.refresh == Refresh::none ? 0 : dram.number(share);
  const double linear = spec.mapping == DramMapping::interleaved ? 1 : dram.fraction("linear_efficiency");
  const Bandwidth one = scaled(dram, "efficiency", spec.peak_bandwidth);
  return Bandwidth::bytes_per_second(scaled(one.count(), (1 - refresh) * linear));
}

void read_timing(const FieldReader& dram, DramSpec& spec) {
  spec.timing = dram.word("timing", parse_dram_timing);
  if (dram.failed()) return;
  const std::int64_t channel = spec.timing->peak().count();
  const std::int64_t nearest =
      std::max<std::int64_t>((spec.peak_bandwidth.count() + channel / 2) / channel, 1);
  spec.channels = static_cast<std::int32_t>(dram.has("channels") ? dram.integer("channels") : nearest);
  if (spec.channels > 64) {
    dram.fail("timing", "a set with which peak_bandwidth needs at most 64 channels",
              fmt::format("{}", nearest));
  }
}

DramSpec read_dram(const FieldReader& dram) {
  DramSpec spec;
  spec.capacity = dram.bytes("capacity");
  spec.reserved = dram.bytes("reserved");
  if (spec.reserved >= spec.capacity) {
    dram.fail("reserved", fmt::format("less than the capacity, {}", to_text(spec.capacity)),
              to_text(spec.reserved));
  }
  spec.peak_bandwidth = dram.bandwidth("peak_bandwidth");
  spec.refresh = dram.word("refresh", parse_refresh);
  spec.mapping = dram.word("mapping", parse_dram_mapping);
  spec.usable_bandwidth = usable_bandwidth(dram, spec);
  spec.by_readers = dram.word("reader_efficiency", parse_shares);
  if (dram.has("timing")) read_timing(dram, spec);
  if (dram.has("dma_bandwidth")) spec.dma_bandwidth = dram.bandwidth("dma_bandwidth");
  spec.write_cost = Permille{std::llround(dram.number("write_cost") * 1000)};
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
  if (npu.has("dram_bandwidth")) spec.port = npu.bandwidth("dram_bandwidth");
  spec.launch_latency = npu.duration("launch_latency");
  if (npu.has("sram")) (void)npu.bytes("sram");
  return spec;
}

EnergySpec read_energy(const FieldReader& energy) {
  const auto number = [&energy](std::string_view name) {
    return energy.has(name) ? energy.number(name) : 0.0;
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
          .reads_per_load = static_cast<std::int32_t>(management.integer("reads_per_load"))};
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
