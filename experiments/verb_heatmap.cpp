// SPDX-License-Identifier: Apache-2.0
// `pregate heatmap`: layers x experts of a trace or a run, as PNG, SVG and CSV.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/heatmap_figure.hpp"
#include "experiments/json_text.hpp"
#include "experiments/trace_input.hpp"
#include "experiments/verbs.hpp"
#include "traces/expert_csv.hpp"
#include "traces/record_stream.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct HeatmapOptions {
  std::string file, out, model;
  std::vector<std::string> formats;
  std::string measure = "uses", phase = "decode", view = "layers", scale = "layer";
  bool json = false;
};

// What a file holds, for either kind of file.
struct Counted {
  ExpertMatrix matrix;
  LayerPairs pairs;
  std::string model, provenance;
};

Result<std::string> one_of(const std::string& word, const std::vector<std::string>& words,
                           const char* option) {
  if (std::find(words.begin(), words.end(), word) != words.end()) return word;
  return bad_input(fmt::format("one of {}", fmt::join(words, ", ")), fmt::format("\"{}\"", word)).at(option);
}

// --out with an extension is one file; without, one a format of --formats.
Result<std::vector<std::string>> output_paths(const HeatmapOptions& options) {
  const std::vector<std::string> known = {"png", "svg", "csv"};
  std::string extension = std::filesystem::path(options.out).extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  const bool named = std::find(known.begin(), known.end(), extension) != known.end();
  std::vector<std::string> paths;
  if (named) {
    if (!options.formats.empty() && options.formats != std::vector<std::string>{extension})
      return bad_input("a name without extension beside --formats", fmt::format("\"{}\"", options.out))
          .at("--out");
    paths = {options.out};
  } else if (options.formats.empty()) {
    return bad_input("a file name that ends in .png, .svg or .csv, or --formats",
                     fmt::format("\"{}\"", options.out))
        .at("--out");
  } else {
    for (const std::string& format : options.formats) {
      const Result<std::string> word = one_of(format, known, "--formats");
      if (!word) return word.error();
      paths.push_back(options.out + "." + format);
    }
  }
  std::vector<NamedPath> outputs;
  for (const std::string& path : paths) outputs.push_back({named ? "--out" : "--formats", path});
  const Status fine = check_outputs(outputs, {{"FILE", options.file}, {"--model", options.model}});
  if (!fine) return fine.error();
  return paths;
}

bool is_run_file(const std::string& path) {
  return RecordReader::open(path, "pregate.run").ok();
}

std::string phases_text(Phases phases, std::size_t steps) {
  return fmt::format("{}, {} steps", phases == Phases::decode ? "decode" : "prefill and decode", steps);
}

template <typename Step>
std::size_t count_steps(const std::vector<Step>& steps, Phases phases) {
  return static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), [phases](const Step& step) {
    return phases == Phases::all || step.phase == Phase::decode;
  }));
}

Result<Counted> count_run(const HeatmapOptions& options, ExpertMeasure measure, Phases phases) {
  if (!options.model.empty())
    return bad_input("no model for a .run file, which holds its own", fmt::format("\"{}\"", options.model))
        .at("--model");
  const Result<RunRecord> run = read_run(options.file);
  if (!run) return run.error();
  Result<ExpertMatrix> matrix = count_experts(*run, measure, phases);
  if (!matrix) return matrix.error().at(options.file);
  const bool timed = measure == ExpertMeasure::stall;
  return Counted{.matrix = std::move(*matrix),
                 .pairs = measure_pairs(*run),
                 .model = run->header.model,
                 .provenance = fmt::format(
                     "{}: {} routing on {}, {}; {}", timed ? "simulated" : "counted in a simulated run",
                     to_text(run->header.origin), run->header.device, run->header.policy,
                     phases_text(phases, count_steps(run->steps, phases)))};
}

Result<Counted> count_trace(const Session& session, const HeatmapOptions& options, ExpertMeasure measure,
                            Phases phases) {
  const Result<LoadedTrace> loaded = load_costed_trace(session.catalogue, options.file, options.model);
  if (!loaded) return loaded.error();
  const RouteTrace& trace = *loaded->trace;
  Result<ExpertMatrix> matrix = count_experts(trace, measure, phases);
  if (!matrix) return matrix.error().at(options.file);
  return Counted{.matrix = std::move(*matrix),
                 .pairs = measure_pairs(trace),
                 .model = trace.header.model.name,
                 .provenance = fmt::format("counted: {} routing, {}", to_text(trace.header.origin),
                                           phases_text(phases, count_steps(trace.steps, phases)))};
}

Status write_outputs(const std::vector<std::string>& paths, const Counted& counted,
                     const HeatmapOptions& options) {
  const HeatSource source{.matrix = counted.matrix,
                          .pairs = counted.pairs,
                          .model = counted.model,
                          .provenance = counted.provenance,
                          .scale = options.scale == "layer" ? HeatScale::layer : HeatScale::absolute};
  const bool sharing = options.view == "sharing";
  const Result<plot::Figure> figure = sharing ? sharing_figure(source) : Result(layers_figure(source));
  if (!figure) return figure.error().at(options.file);
  for (const std::string& path : paths) {
    const bool csv = path.ends_with(".csv");
    const Status written =
        csv ? write_text_file(path, sharing ? pairs_csv(counted.pairs) : matrix_csv(counted.matrix))
            : plot::write_figure(*figure, path);
    if (!written) return written;
  }
  return {};
}

std::string text_of(const Counted& counted, const std::vector<std::string>& paths, bool json) {
  const ExpertMatrix& m = counted.matrix;
  if (json) {
    const Json out = {{"files", paths},       {"measure", to_text(m.measure)},
                      {"unit", m.unit},       {"layers", m.layers.size()},
                      {"experts", m.columns}, {"sum", m.sum()}};
    return json_text(out);
  }
  return fmt::format("{}: {} layers x {} experts, {} altogether ({})\n", fmt::join(paths, ", "),
                     m.layers.size(), m.columns, sum_text(m), counted.provenance);
}

Status draw_heatmap(Session& session, const HeatmapOptions& options) {
  const Result<ExpertMeasure> measure = parse_expert_measure(options.measure);
  if (!measure) return measure.error().at("--measure");
  const Result<std::string> phase = one_of(options.phase, {"decode", "all"}, "--phase");
  if (!phase) return phase.error();
  if (const auto view = one_of(options.view, {"layers", "sharing"}, "--view"); !view) return view.error();
  if (const auto scale = one_of(options.scale, {"layer", "absolute"}, "--scale"); !scale)
    return scale.error();
  const Result<std::vector<std::string>> paths = output_paths(options);
  if (!paths) return paths.error();
  const Phases phases = *phase == "all" ? Phases::all : Phases::decode;
  const Result<Counted> counted = is_run_file(options.file) ? count_run(options, *measure, phases)
                                                            : count_trace(session, options, *measure, phases);
  if (!counted) return counted.error();
  if (const Status written = write_outputs(*paths, *counted, options); !written) return written;
  session.out = text_of(*counted, *paths, options.json);
  return {};
}

constexpr const char* kExamples = R"(Examples:
  pregate heatmap phone.route.csv --out uses.png
  pregate heatmap demo.run --out stall --formats png,svg,csv --measure stall --scale absolute
  pregate heatmap demo.run --view sharing --out sharing.svg)";

}  // namespace

void add_heatmap_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<HeatmapOptions>();
  CLI::App* verb = app.add_subcommand("heatmap", "Draw which experts each layer uses, or what they cost");
  verb->add_option("FILE", options->file,
                   "a .run file, a .route file, a route_trace v1 CSV or JSON Lines, told apart by content")
      ->required();
  verb->add_option("--out", options->out,
                   "the .png, .svg or .csv file to write; with --formats: without extension")
      ->required();
  verb->add_option("--formats", options->formats, "of png, svg, csv: a file each")->delimiter(',');
  verb->add_option("--measure", options->measure,
                   "uses; weight (of traces); misses, stall, reloads, bytes (of .run files)")
      ->capture_default_str();
  verb->add_option("--phase", options->phase, "decode or all")->capture_default_str();
  verb->add_option(
          "--view", options->view,
          "layers, or sharing: the layers of each group side by side over the experts that they share")
      ->capture_default_str();
  verb->add_option("--scale", options->scale, "colours: layer (share of the layer's sum) or absolute")
      ->capture_default_str();
  verb->add_option("--model", options->model, "of a trace, as in trace info");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(kExamples);
  verb->callback([options, &session] {
    session.action = [options, &session] { return draw_heatmap(session, *options); };
  });
}

}  // namespace pregate
