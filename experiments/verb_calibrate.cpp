// SPDX-License-Identifier: Apache-2.0
// `pregate calibrate`: this machine as a device file. With `--dram NAME`: what the flow model should believe
// of a memory, from the burst model, beside what the device file says; and the text of it for a device file.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/calibrate_host.hpp"
#include "experiments/fidelity.hpp"
#include "experiments/json_text.hpp"
#include "experiments/table.hpp"
#include "experiments/verbs.hpp"
#include "sim/hardware/dram_calibration.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct CalibrateOptions {
  std::string dram;
  std::string out;
  bool token = false;
  bool json = false;
  HostOptions host;
};

// A memory to calibrate: that of a device, or a timing set alone.
struct Memory {
  DramTiming timing;
  std::int32_t channels = 4;
  Bandwidth writes = Bandwidth::bytes_per_second(4'000'000'000);
  std::optional<DeviceSpec> device;
};

Result<Memory> find_memory(const Session& session, const std::string& name) {
  Memory memory;
  Result<DramTiming> timing = parse_dram_timing(name);
  if (timing) {
    memory.timing = std::move(*timing);
    return memory;
  }
  const Result<NamedText> source = session.catalogue.device(name);
  if (!source) {
    return bad_input(fmt::format("a device or a timing set: {}", timing.error().expected),
                     source.error().found)
        .at("--dram");
  }
  Result<DeviceSpec> device = parse_device(*source);
  if (!device) return device.error();
  if (!device->dram.timing) {
    return bad_input("a device with a timing set of its DRAM (dram.timing)",
                     fmt::format("{} without one", device->id), "dram.timing")
        .at(source->path);
  }
  memory.timing = *device->dram.timing;
  memory.channels = device->dram.channels;
  memory.writes = device->flash.read_bandwidth;
  if (device->link) memory.writes = std::min(memory.writes, device->link->bandwidth);
  memory.device = std::move(*device);
  return memory;
}

std::string shares_text(const std::vector<double>& shares) {
  std::string text;
  for (const double share : shares) text += fmt::format("{}{:.3f}", text.empty() ? "" : " ", share);
  return text;
}

// As it stands in a device file.
std::string device_text(const Memory& memory, const DramCoefficients& c) {
  const std::string source =
      fmt::format("# source: burst model on {} ({}), pregate calibrate --dram: simulated", memory.timing.name,
                  memory.timing.source);
  const std::string cost = fmt::format("{}, {} of writes in 4 lanes", source, to_text(memory.writes));
  std::string text;
  const auto line = [&text](const std::string& field, const std::string& why) {
    text += fmt::format("  {}  {}\n", field, why);
  };
  line(fmt::format("efficiency: {:.3f}", c.efficiency), source + ", one reader without refresh");
  line(fmt::format("refresh_all_bank: {:.3f}", c.refresh_all_bank), source);
  line(fmt::format("refresh_per_bank: {:.3f}", c.refresh_per_bank), source);
  line(fmt::format("linear_efficiency: {:.3f}", std::min(c.linear_efficiency, 1.0)), source);
  line(fmt::format("reader_efficiency: \"{}\"", shares_text(c.reader_efficiency)), source);
  line(fmt::format("write_cost: {:.2f}", c.write_cost), cost);
  line(fmt::format("latency: \"{}ns\"", c.latency.count_ps() / 1000), source);
  return text;
}

struct Line {
  std::string name;
  std::optional<double> file;
  double burst = 0;
};

std::vector<Line> lines_of(const Memory& memory, const DramCoefficients& c) {
  std::vector<Line> lines;
  const auto add = [&](std::string name, double burst, auto from_device) {
    Line line{std::move(name), std::nullopt, burst};
    if (memory.device) line.file = from_device(memory.device->dram);
    lines.push_back(std::move(line));
  };
  const bool per_bank = memory.device && memory.device->dram.refresh == Refresh::per_bank;
  add("usable share of peak, one reader",
      c.efficiency * (1 - (per_bank ? c.refresh_per_bank : c.refresh_all_bank)), [](const DramSpec& d) {
        return static_cast<double>(d.usable_bandwidth.count()) /
               static_cast<double>(d.peak_bandwidth.count());
      });
  for (std::size_t n = 1; n < c.reader_efficiency.size(); ++n) {
    add(fmt::format("{} readers together, relative to one", n + 1), c.reader_efficiency[n],
        [n](const DramSpec& d) {
          return static_cast<double>(d.by_readers[std::min(n, d.by_readers.size() - 1)].value) / 1000;
        });
  }
  add("cost of a written byte beside a reader", c.write_cost,
      [](const DramSpec& d) { return static_cast<double>(d.write_cost.value) / 1000; });
  add("latency of a lone random 64 B, ns", static_cast<double>(c.latency.count_ps()) / 1000,
      [](const DramSpec& d) { return static_cast<double>(d.latency.count_ps()) / 1000; });
  return lines;
}

std::string report(const Session& session, const Memory& memory, const DramCoefficients& c) {
  Table table({{"coefficient", Align::left}, {"device file"}, {"burst"}, {"difference"}});
  for (const Line& line : lines_of(memory, c)) {
    table.row({line.name, line.file ? fmt::format("{:.3f}", *line.file) : "-",
               fmt::format("{:.3f}", line.burst),
               line.file ? fmt::format("{:+.1f} %", 100 * (*line.file / line.burst - 1)) : "-"});
  }
  return fmt::format(
      "{}: {} x {} bits, peak {} (timing: {})\nSimulated command by command; {} of writes beside the "
      "reader.\n\n{}\n"
      "For a device file:\n\n{}",
      memory.device ? memory.device->id : memory.timing.name, memory.channels, memory.timing.width_bits,
      to_text(Bandwidth::bytes_per_second(memory.timing.peak().count() * memory.channels)),
      memory.timing.source, to_text(memory.writes), table.text(session.look), device_text(memory, c));
}

Json json_of(const Memory& memory, const DramCoefficients& c) {
  Json out = {{"timing", memory.timing.name},
              {"channels", memory.channels},
              {"write_bytes_per_s", memory.writes.count()},
              {"efficiency", c.efficiency},
              {"refresh_all_bank", c.refresh_all_bank},
              {"refresh_per_bank", c.refresh_per_bank},
              {"linear_efficiency", c.linear_efficiency},
              {"reader_efficiency", c.reader_efficiency},
              {"write_cost", c.write_cost},
              {"latency_s", seconds(c.latency)}};
  out["device"] = memory.device ? Json(memory.device->id) : Json(nullptr);
  out["compared"] = Json::array();
  for (const Line& line : lines_of(memory, c)) {
    out["compared"].push_back(
        {{"name", line.name}, {"file", line.file ? Json(*line.file) : Json(nullptr)}, {"burst", line.burst}});
  }
  return out;
}

// One token by both, for the eye.
std::string token_text(const FidelityComparison& both) {
  const auto line = [](std::string_view name, Duration flow, Duration burst) {
    return fmt::format("  {:<10} flow {:>10}  burst {:>10}  {:+.2f} %\n", name, milliseconds(flow),
                       milliseconds(burst), 100 * (flow.to_seconds() / burst.to_seconds() - 1));
  };
  return fmt::format(
      "\nOne decoded token of the synthetic scenario (simulated):\n{}{}  wall time  flow {:.4f} s, burst "
      "{:.2f} s: {:.0f} "
      "times (measured)\n",
      line("makespan", both.flow.makespan, both.burst.makespan),
      line("operators", both.flow.npu, both.burst.npu), both.flow.wall_s, both.burst.wall_s,
      both.burst.wall_s / both.flow.wall_s);
}

Status calibrate_this_machine(Session& session, const CalibrateOptions& options) {
  Progress progress("calibrating");
  HostOptions how = options.host;
  how.progress = [&progress](const std::string& what, std::int64_t done, std::int64_t total) {
    progress.update(done, total, what);
  };
  const Result<HostCalibration> host = calibrate_host(session.catalogue, how);
  progress.clear();
  if (!host) return host.error();
  const std::string text = host_device_text(*host);
  if (!options.out.empty()) {
    if (Status done = write_text_file(options.out, text); !done) return done;
  }
  session.out = options.json ? json_text(host_json(*host)) : host_report(session.look, *host);
  if (!options.json && options.out.empty()) session.out += "\nFor a device file (or --out FILE):\n\n" + text;
  return {};
}

Status calibrate(Session& session, const CalibrateOptions& options) {
  const Status writable = check_outputs({{"--out", options.out}}, {{"--file", options.host.file}});
  if (!writable) return writable;
  if (options.dram.empty()) {
    if (options.token) return bad_input("--dram DEVICE beside --token", "no --dram").at("--token");
    return calibrate_this_machine(session, options);
  }
  const Result<Memory> memory = find_memory(session, options.dram);
  if (!memory) return memory.error();
  const DramCoefficients c =
      calibrate_dram(memory->timing, {.channels = memory->channels, .write_rate = memory->writes});
  if (!options.out.empty()) {
    if (Status done = write_text_file(options.out, "dram {\n" + device_text(*memory, c) + "}\n"); !done)
      return done;
  }
  session.out = options.json ? json_text(json_of(*memory, c)) : report(session, *memory, c);
  if (!options.token || options.json) return {};
  if (!memory->device) return bad_input("a device beside --token", "a timing set alone").at("--token");
  const Result<FidelityComparison> both = compare_fidelities(session.catalogue, options.dram);
  if (!both) return both.error();
  session.out += token_text(*both);
  return {};
}

}  // namespace

void add_calibrate_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<CalibrateOptions>();
  CLI::App* verb = app.add_subcommand(
      "calibrate",
      "Measure this machine as a device file; with --dram, a fast model's coefficients from a "
      "detailed one");
  CLI::Option* dram = verb->add_option(
      "--dram", options->dram, "instead of this machine: a device, or a timing set such as lpddr5x-9600");
  verb->add_option("--out", options->out, "write the device file (with --dram: its dram section) here");
  HostOptions& host = options->host;
  CLI::Option* file =
      verb->add_option("--file", host.file,
                       "read from this file, such as one of experts, or make one in this folder")
          ->excludes(dram);
  verb->add_option(
          "--dir", host.folder,
          "folder for a file of 4 GiB (1 GiB where little is free) to read from, which leaves no trace")
      ->excludes(dram)
      ->excludes(file)
      ->capture_default_str();
  verb->add_option("--precision", host.precision, "of the products: int8, bf16 or f32")
      ->excludes(dram)
      ->capture_default_str();
  verb->add_flag("--quick", host.quick, "seconds instead of minutes: to try it, the numbers say little")
      ->excludes(dram);
  verb->add_flag("--token", options->token,
                 "run a token of the synthetic scenario at both fidelities as well (half a minute)");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(
      "Examples:\n  pregate calibrate --out host.device.textproto\n  pregate run synthetic --device "
      "host.device.textproto\n  pregate calibrate --dram snapdragon-8-gen-3\n  pregate calibrate --dram "
      "lpddr5x-10667 "
      "--out "
      "dram.textproto");
  verb->callback(
      [options, &session] { session.action = [options, &session] { return calibrate(session, *options); }; });
}

}  // namespace pregate
