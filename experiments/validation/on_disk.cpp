// SPDX-License-Identifier: Apache-2.0
#include "experiments/validation/on_disk.hpp"

#include <fmt/format.h>

#include "experiments/interrupts.hpp"
#include "experiments/validation/grid.hpp"
#include "experiments/validation/prepare.hpp"
#include "experiments/validation/report.hpp"

namespace pregate {
namespace {

template <typename Kind>
Status words_to(const std::vector<std::string>& words, Result<Kind> (*parse)(std::string_view),
                const char* option, std::vector<Kind>& out) {
  for (const std::string& word : words) {
    const Result<Kind> kind = parse(word);
    if (!kind) return kind.error().at(option);
    if (std::find(out.begin(), out.end(), *kind) == out.end()) out.push_back(*kind);
  }
  return {};
}

Result<GridAxes> axes_of(const DiskValidationOptions& options) {
  GridAxes axes;
  if (Status ok = words_to(
          options.budgets, +[](std::string_view word) { return parse_budget_share(std::string(word)); },
          "--budgets", axes.budgets);
      !ok) {
    return ok.error();
  }
  if (Status ok = words_to(options.prefetches, parse_prefetch, "--prefetch", axes.prefetches); !ok)
    return ok.error();
  if (Status ok = words_to(options.evictions, parse_eviction, "--eviction", axes.evictions); !ok)
    return ok.error();
  for (const std::int32_t lanes : options.lanes) {
    if (std::find(axes.lanes.begin(), axes.lanes.end(), lanes) == axes.lanes.end())
      axes.lanes.push_back(lanes);
  }
  return axes;
}

Status check_files(const DiskValidationOptions& options) {
  const StreamRequest& stream = options.stream;
  if (stream.model.model.empty()) {
    return bad_input("a model to stream from this machine's disk, or --references", "neither").at("--model");
  }
  if (!options.plot.empty()) {
    if (const Result<plot::Format> format = plot::format_of(options.plot); !format)
      return format.error().at("--plot");
  }
  return check_outputs({{"--csv", options.csv}, {"--plot", options.plot}, {"--save", options.save}},
                       {{"--experts", stream.experts},
                        {"--prompt-file", stream.prompt.file},
                        {"--choices", stream.choices == "synthetic" ? std::string() : stream.choices},
                        {"--device", options.device}});
}

Status write_files(const DiskValidationOptions& options, const Validation& validation) {
  if (!options.save.empty()) {
    if (Status written = write_text_file(options.save, validation_json(validation)); !written) return written;
  }
  if (!options.csv.empty()) {
    if (Status written = write_validation_csv(validation, options.csv); !written) return written;
  }
  if (options.plot.empty()) return {};
  const Result<plot::Figure> figure = validation_figure(validation);
  if (!figure) return figure.error();
  return plot::write_figure(*figure, options.plot);
}

std::string workload_text(const OpenedStream& stream, const StreamRequest& request, const LiveOptions& live) {
  const std::string choices =
      request.choices.empty() ? std::string("the model's own routing")
      : request.choices == "synthetic"
          ? fmt::format("synthetic routing (seed {}) forced on the routers", request.choices_seed)
          : fmt::format("routing of {} forced on the routers", request.choices);
  return fmt::format("{}; {}; prompt of {}, {} generated", stream.provenance, choices, live.prompt.size(),
                     live.max_tokens);
}

}  // namespace

void add_disk_validation_options(CLI::App& verb, DiskValidationOptions& options) {
  add_stream_options(verb, options.stream);
  verb.add_option(
      "--device", options.device,
      "what predicts: this machine as a device file, as `pregate calibrate --out` writes it; default: it "
      "is calibrated first, on the file of experts");
  verb.add_option("--dir", options.folder,
                  "where the file of experts is packed if none is given; it is removed afterwards")
      ->capture_default_str();
  const auto list = [&verb](const char* name, auto& values, const char* help) {
    return verb.add_option(name, values, help)->delimiter(',')->capture_default_str();
  };
  list("--budgets", options.budgets, "memory for routed experts, each a share of all of them: 25% or 0.25");
  list("--prefetch", options.prefetches, "on demand (none), or as soon as a router has spoken (pregate)");
  list("--lanes", options.lanes, "reads in flight at most")->check(CLI::Range(1, 256));
  list("--eviction", options.evictions, "what makes room: words of policy.eviction");
  verb.add_option("--repeats", options.repeats, "runs of each cell; the whole grid is run so often")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  verb.add_option(
          "--steady", options.steady,
          "how far runs with all experts in memory, before and after a repeat, may be from the first three, "
          "or the repeat is run again (twice as often at most); 0: any")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  verb.add_option(
          "--npu", options.npu,
          "compute times of the prediction: device, or measured (what the run with all experts in memory "
          "took)")
      ->check(CLI::IsMember({"device", "measured"}))
      ->capture_default_str();
  verb.add_option("--csv", options.csv, "write a row for each cell and repeat to this file");
  verb.add_option("--plot", options.plot, "draw predicted and measured tokens/s: .svg or .png");
  verb.add_option("--save", options.save, "write everything, as --json prints it, to this file");
}

Status validate_on_disk(Session& session, const DiskValidationOptions& options, bool json) {
  if (Status fine = check_files(options); !fine) return fine;
  Result<GridAxes> axes = axes_of(options);
  if (!axes) return axes.error();
  if (!options.device.empty()) {
    if (Status known = check_device(session.catalogue, options.device); !known) return known;
  }
  const Result<ValidationInputs> inputs =
      prepare_validation(session.catalogue, {.model = options.stream.model,
                                             .experts = options.stream.experts,
                                             .device = options.device,
                                             .folder = options.folder});
  if (!inputs) return inputs.error();
  const Result<std::unique_ptr<OpenedStream>> stream =
      open_stream(session.catalogue, options.stream.model, inputs->experts);
  if (!stream) return stream.error();
  const Result<LiveOptions> live = stream_live_options(session.catalogue, **stream, options.stream);
  if (!live) return live.error();
  const Interrupts interrupts;
  Progress progress("measuring: run");
  Result<Validation> validation =
      run_grid(session.catalogue, **stream, *live,
               {.axes = std::move(*axes),
                .device = inputs->device,
                .repeats = options.repeats,
                .steady = options.steady,
                .measured_npu = options.npu == "measured",
                .verify = !options.stream.no_verify,
                .engine = engine_of(options.stream),
                .progress = [&](std::int64_t done, std::int64_t total) { progress.update(done, total); },
                .stop = [&] { return interrupts.any(); }});
  if (!validation) {
    return of_option(validation.error(), {{"dram.expert_budget", "--budgets"},
                                          {"runtime.io_lanes", "--lanes"},
                                          {"model", "--choices"},
                                          {"routing", "--choices"}});
  }
  progress.clear();
  if (options.device.empty()) validation->head.device = "this machine, calibrated just before";
  validation->head.workload = workload_text(**stream, options.stream, *live);
  if (Status sound = check_validation(*validation); !sound) return sound;
  if (Status written = write_files(options, *validation); !written) return written;
  session.out = json ? validation_json(*validation) : validation_text(*validation, session.look);
  session.found_wanting = !all_met(*validation);
  return {};
}

}  // namespace pregate
