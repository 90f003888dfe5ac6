// SPDX-License-Identifier: Apache-2.0
// `pregate devices [ID]`: what can be simulated, and where each number comes from.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/json_text.hpp"
#include "experiments/table.hpp"
#include "experiments/verbs.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct DevicesOptions {
  std::string id;
  bool json = false;
};

Json json_of(const DeviceSpec& device) {
  Json out = {{"id", device.id}, {"name", device.name}, {"kind", device.kind}};
  out["flash"] = {{"read_bytes_per_s", device.flash.read_bandwidth.count()},
                  {"lane_bytes_per_s", device.flash.lane_bandwidth.count()},
                  {"request_latency_s", seconds(device.flash.request_latency)},
                  {"request_bytes", device.flash.request_bytes.count()},
                  {"queue_depth", device.flash.queue_depth}};
  out["link"] = nullptr;
  if (device.link) {
    out["link"] = {{"bytes_per_s", device.link->bandwidth.count()},
                   {"latency_s", seconds(device.link->latency)}};
  }
  out["dram"] = {{"capacity_bytes", device.dram.capacity.count()},
                 {"reserved_bytes", device.dram.reserved.count()},
                 {"peak_bytes_per_s", device.dram.peak_bandwidth.count()},
                 {"usable_bytes_per_s", device.dram.usable_bandwidth.count()},
                 {"write_cost", static_cast<double>(device.dram.write_cost.value) / 1000},
                 {"latency_s", seconds(device.dram.latency)}};
  out["npu"] = {{"name", device.npu.name},
                {"precision", device.npu.precision},
                {"macs_per_s", device.npu.mac_rate.count()},
                {"dram_bytes_per_s", device.npu.dram_bandwidth.count()},
                {"launch_latency_s", seconds(device.npu.launch_latency)}};
  out["management"] = {{"per_load_s", seconds(device.management.per_load)},
                       {"per_mib_s", seconds(device.management.per_mib)},
                       {"per_eviction_s", seconds(device.management.per_eviction)}};
  out["energy"] = nullptr;
  if (device.energy) {
    out["energy"] = {{"flash_pj_per_bit", device.energy->flash_pj_per_bit},
                     {"link_pj_per_bit", device.energy->link_pj_per_bit},
                     {"dram_pj_per_bit", device.energy->dram_pj_per_bit},
                     {"mac_pj", device.energy->mac_pj},
                     {"idle_watts", device.energy->idle_watts}};
  }
  out["notes"] = device.notes;
  return out;
}

std::vector<std::string> row_of(const DeviceSpec& device) {
  const std::string flash = device.link ? fmt::format("{} + link {}", to_text(device.flash.read_bandwidth),
                                                      to_text(device.link->bandwidth))
                                        : to_text(device.flash.read_bandwidth);
  return {device.id,
          device.kind,
          flash,
          to_text(device.dram.capacity),
          to_text(device.dram.usable_bandwidth),
          to_text(device.npu.mac_rate),
          device.npu.precision};
}

Status list_devices(Session& session, bool json) {
  Table table({{"id", Align::left},
               {"kind", Align::left},
               {"flash", Align::left},
               {"DRAM"},
               {"usable rate"},
               {"compute"},
               {"in", Align::left}});
  Json all = Json::array();
  for (const EmbeddedFile& file : ShippedCatalogue::list("device")) {
    const Result<DeviceSpec> device = parse_device({std::string(file.path), std::string(file.text)});
    if (!device) return device.error();
    table.row(row_of(*device));
    all.push_back(json_of(*device));
  }
  session.out =
      json ? json_text(all)
           : table.text(session.look) + "\nThe numbers of one, with a source each: pregate devices ID\n";
  return {};
}

Status show_device(Session& session, const DevicesOptions& options) {
  const Result<NamedText> source = session.catalogue.device(options.id);
  if (!source) return source.error();
  const Result<DeviceSpec> device = parse_device(*source);
  if (!device) return device.error();
  if (!options.json) {
    session.out = source->text;
    return {};
  }
  Json out = json_of(*device);
  out["text"] = source->text;
  session.out = json_text(out);
  return {};
}

}  // namespace

void add_devices_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<DevicesOptions>();
  CLI::App* verb =
      app.add_subcommand("devices", "List the shipped devices, or show one with the source of each number");
  verb->add_option("ID", options->id, "a shipped device or a .device.textproto file");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer("Examples:\n  pregate devices\n  pregate devices oneplus-15r\n  pregate devices --json");
  verb->callback([options, &session] {
    session.action = [options, &session] {
      return options->id.empty() ? list_devices(session, options->json) : show_device(session, *options);
    };
  });
}

}  // namespace pregate
