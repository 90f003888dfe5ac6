// SPDX-License-Identifier: Apache-2.0
// `pregate trace reuse`: how long experts wait for their next use and how many a stretch of tokens touches,
// beside the budgets that this asks of an LRU. No device and no time.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "experiments/json_text.hpp"
#include "experiments/reuse_view.hpp"
#include "experiments/trace_input.hpp"
#include "experiments/verbs.hpp"
#include "traces/locality.hpp"

namespace pregate {
namespace {

struct ReuseOptions {
  std::string file, model, plot, csv;
  std::string phase = "decode", by;
  bool json = false;
};

Status check_word(const std::string& word, const std::vector<std::string>& words, const char* option) {
  if (std::find(words.begin(), words.end(), word) != words.end()) return {};
  return bad_input(fmt::format("one of {}", fmt::join(words, ", ")), fmt::format("\"{}\"", word)).at(option);
}

// A table a file: "reuse.csv", "reuse.working-set.csv" and "reuse.by-layer.csv".
std::vector<std::string> csv_paths(const ReuseOptions& options) {
  if (options.csv.empty()) return {};
  const std::filesystem::path path(options.csv);
  const auto beside = [&path](const std::string& word) {
    std::filesystem::path other = path;
    other.replace_filename(path.stem().string() + "." + word + path.extension().string());
    return other.string();
  };
  std::vector<std::string> paths = {options.csv, beside("working-set")};
  if (!options.by.empty()) paths.push_back(beside("by-" + options.by));
  return paths;
}

Status check_options(const ReuseOptions& options) {
  if (const Status phase = check_word(options.phase, {"decode", "all"}, "--phase"); !phase) return phase;
  if (!options.by.empty()) {
    const Status by = check_word(options.by, {"layer", "bank", "expert"}, "--by");
    if (!by) return by;
  }
  if (!options.plot.empty()) {
    const Result<plot::Format> format = plot::format_of(options.plot);
    if (!format) return format.error().at("--plot");
  }
  std::vector<NamedPath> outputs = {{"--plot", options.plot}};
  for (const std::string& path : csv_paths(options)) outputs.push_back({"--csv", path});
  return check_outputs(outputs, {{"FILE", options.file}, {"--model", options.model}});
}

std::vector<ReuseGroup> groups_by(const std::string& by, const EventSequence& sequence,
                                  const ExpertTable& table, std::span<const Reuse> reuses, Phases phases,
                                  std::size_t layers) {
  std::vector<ReuseGroup> out;
  const auto summarize = [&](std::size_t groups, const std::function<std::size_t(const Reuse&)>& group_of) {
    return summarize_reuse_by(sequence, reuses, phases, groups, group_of);
  };
  std::vector<ReuseSummary> summaries;
  if (by == "layer") {
    summaries = summarize(layers, [&](const Reuse& r) { return sequence.info(r.event).layer.value(); });
  } else if (by == "bank") {
    summaries = summarize(table.banks(), [&](const Reuse& r) { return table.bank(r.expert).value(); });
  } else {
    summaries = summarize(table.size(), [](const Reuse& r) { return r.expert.value(); });
  }
  for (std::uint32_t i = 0; i < summaries.size(); ++i) {
    if (summaries[i].lookups == 0) continue;
    ReuseGroup group{.layer = {}, .bank = {}, .expert = {}, .summary = std::move(summaries[i])};
    if (by == "layer") group.layer = LayerId(i);
    if (by == "bank") group.bank = BankId(i);
    if (by == "expert") {
      group.bank = table.bank(ExpertId(i));
      group.expert = table.index_in_bank(ExpertId(i));
    }
    out.push_back(std::move(group));
  }
  return out;
}

Result<ReuseReport> measure(const LoadedTrace& loaded, const ReuseOptions& options) {
  const RouteTrace& trace = *loaded.trace;
  const Phases phases = options.phase == "all" ? Phases::all : Phases::decode;
  const ExpertTable table(trace.header.model);
  const EventSequence sequence(trace, table);
  const std::vector<Reuse> reuses = measure_reuse(sequence, table);
  ReuseReport report{.model = trace.header.model.name,
                     .note = loaded.note,
                     .origin = trace.header.origin,
                     .phases = phases,
                     .cycle = measure_locality(trace).token_cycle,
                     .all_experts = trace.header.model.all_experts_bytes(),
                     .summary = summarize_reuse(sequence, reuses, phases),
                     .sets = measure_working_sets(sequence, table, phases),
                     .by = options.by,
                     .groups = {}};
  if (report.summary.lookups == 0) {
    const bool decode = phases == Phases::decode;
    return bad_input(decode ? "decode steps that use experts, or --phase all" : "steps that use experts",
                     fmt::format("{} steps{}", trace.steps.size(), decode ? ", none of them such" : ""))
        .at(options.file);
  }
  report.steps = report.sets.back().window;
  if (!options.by.empty())
    report.groups = groups_by(options.by, sequence, table, reuses, phases, trace.header.model.layers.size());
  return report;
}

Status write_files(const ReuseReport& report, const ReuseOptions& options) {
  const std::vector<std::string> paths = csv_paths(options);
  if (!paths.empty()) {
    if (const Status written = write_text_file(paths[0], bins_csv(report)); !written) return written;
    if (const Status written = write_text_file(paths[1], sets_csv(report)); !written) return written;
  }
  if (paths.size() > 2) {
    if (const Status written = write_text_file(paths[2], groups_csv(report)); !written) return written;
  }
  return options.plot.empty() ? Status() : plot::write_figure(figure_of(report), options.plot);
}

Status run_reuse(Session& session, const ReuseOptions& options) {
  if (const Status good = check_options(options); !good) return good;
  const Result<LoadedTrace> loaded = load_costed_trace(session.catalogue, options.file, options.model);
  if (!loaded) return loaded.error();
  const Result<ReuseReport> report = measure(*loaded, options);
  if (!report) return report.error();
  if (const Status written = write_files(*report, options); !written) return written;
  if (options.json) {
    session.out = json_text(json_of(*report));
    return {};
  }
  session.out = text_of(*report, session.look);
  std::vector<std::string> files = csv_paths(options);
  if (!options.plot.empty()) files.insert(files.begin(), options.plot);
  if (!files.empty()) session.out += fmt::format("\nWritten: {}\n", fmt::join(files, ", "));
  return {};
}

}  // namespace

void add_trace_reuse_verb(CLI::App& trace, Session& session) {
  auto options = std::make_shared<ReuseOptions>();
  CLI::App* verb = trace.add_subcommand(
      "reuse", "How soon experts are used again, how many some tokens touch, and the budget that asks for");
  verb->add_option("FILE", options->file,
                   "a .route file, a route_trace v1 CSV or JSON Lines, told apart by content")
      ->required();
  verb->add_option("--phase", options->phase, "decode or all; earlier steps are remembered in either case")
      ->capture_default_str();
  verb->add_option("--by", options->by, "a table more, by layer, bank or expert");
  verb->add_option("--model", options->model,
                   "costs of this model; none: the trace's own; default: by the trace's name");
  verb->add_option("--plot", options->plot, "draw all of it into this .svg or .png file");
  verb->add_option("--csv", options->csv,
                   "write the distances into this file, working sets and --by into files beside it");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(
      "Examples:\n  pregate trace reuse phone.route.csv\n"
      "  pregate trace reuse phone.route.csv --by layer --csv reuse.csv --plot reuse.svg\n"
      "  pregate trace reuse phone.route --phase all --json");
  verb->callback(
      [options, &session] { session.action = [options, &session] { return run_reuse(session, *options); }; });
}

}  // namespace pregate
