// SPDX-License-Identifier: Apache-2.0
// `pregate sweep`: many scenarios into one file, and what the file says as table, CSV and plot.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "experiments/interrupts.hpp"
#include "experiments/json_text.hpp"
#include "experiments/scenario_options.hpp"
#include "experiments/sweep/derived.hpp"
#include "experiments/sweep/pivot.hpp"
#include "experiments/sweep/selection.hpp"
#include "experiments/sweep/slurm_sweep.hpp"
#include "experiments/sweep/sweep_arguments.hpp"
#include "experiments/sweep/sweep_csv.hpp"
#include "experiments/sweep/sweep_plot.hpp"
#include "experiments/sweep/sweep_to_be.hpp"
#include "experiments/table.hpp"
#include "experiments/verbs.hpp"

namespace pregate {
namespace {

// What is shown of a sweep's file.
struct ViewOptions {
  bool table = false;
  std::string pivot;  // of --table
  std::vector<std::string> where;
  std::string csv, plot, x, series, panels, title, cross;
  std::vector<std::string> metrics = {"tokens_per_second"};
  std::string option;  // one that was given and says nothing without --table, --csv or --plot

  [[nodiscard]] bool asked() const { return table || !csv.empty() || !plot.empty(); }
};

struct SweepOptions {
  SweepArguments arguments;
  bool slurm = false;
  SlurmOptions cluster;
  ViewOptions view;
  bool json = false;
};

struct ShowOptions {
  std::string file;
  ViewOptions view;
  bool json = false, document = false;
  std::string scenario;  // a hash, or as much of it as tells it
};

struct MergeOptions {
  std::string out;
  std::vector<std::string> files;
};

// `inputs` are those beside the sweep's own file and what SQLite keeps next to it.
Status check_files(const ViewOptions& view, const std::string& database, std::vector<NamedPath> inputs) {
  for (const char* part : {"", "-wal", "-shm", "-journal"})
    inputs.push_back({"the sweep's", database + part});
  const Status fine = check_outputs({{"--csv", view.csv}, {"--plot", view.plot}}, inputs);
  if (!fine) return fine;
  if (view.plot.empty()) return {};
  const Result<plot::Format> format = plot::format_of(view.plot);
  return format ? Status() : Status(format.error().at("--plot"));
}

// A key that rows have, or one that is derived from them: "KEY/OTHER", OTHER a key or PATH=VALUE.
Status check_key(const StoredSweep& sweep, const std::string& name) {
  const std::size_t slash = name.find('/');
  if (const auto key = find_key(sweep, name.substr(0, slash)); !key) return key.error();
  if (slash == std::string::npos) return {};
  const std::string other = name.substr(slash + 1);
  if (other.find('=') == std::string::npos) {
    const Result<std::size_t> key = find_key(sweep, other);
    return key ? Status() : Status(key.error());
  }
  const Result<PathValue> wanted = split_assignment(other);
  if (!wanted) return wanted.error();
  const Result<std::size_t> axis = find_axis(sweep, wanted->path);
  return axis ? Status() : Status(axis.error());
}

Status check_cross(const StoredSweep& sweep, const std::string& text) {
  const Result<CrossRequest> cross = parse_cross(text);
  if (!cross) return cross.error();
  if (const auto axis = find_axis(sweep, cross->axis); !axis) return axis.error();
  return check_key(sweep, cross->key);
}

// Names and axes in the options of a view, by what a sweep has: asked before a long run.
Status check_names(const StoredSweep& sweep, const ViewOptions& view) {
  for (const std::string& condition : view.where) {
    const Result<PathValue> wanted = split_assignment(condition);
    if (!wanted) return wanted.error().at("--where");
    if (wanted->path == "version" || wanted->path == "seed") continue;
    if (const auto axis = find_axis(sweep, wanted->path); !axis) return axis.error().at("--where");
  }
  // Crossings are another table, with an axis of their own: what names it is checked once they are there.
  if (!view.cross.empty()) {
    const Status known = check_cross(sweep, view.cross);
    return known ? Status() : Status(known.error().at("--cross"));
  }
  if (view.table) {
    const Result<PivotRequest> pivot = parse_pivot(view.pivot);
    if (!pivot) return pivot.error().at("--table");
    for (const auto& axes : {pivot->rows, pivot->columns}) {
      for (const std::string& path : axes) {
        if (const auto axis = find_axis(sweep, path); !axis) return axis.error().at("--table");
      }
    }
    if (const Status known = check_key(sweep, pivot->metric); !known) return known.error().at("--table");
  }
  if (view.plot.empty()) return {};
  for (const auto& [option, path] :
       {std::pair("--x", view.x), std::pair("--series", view.series), std::pair("--panels", view.panels)}) {
    if (path.empty()) continue;
    if (const auto axis = find_axis(sweep, path); !axis) return axis.error().at(option);
  }
  for (const std::string& metric : view.metrics) {
    if (const Status known = check_key(sweep, metric); !known) return known.error().at("--metric");
  }
  return {};
}

// What the views need of the rows: of a sweep of very many, not everything.
SweepContents contents_of(const ViewOptions& view, bool json) {
  if (json || !view.csv.empty() || !view.cross.empty()) return {};
  std::vector<std::string> keys;
  if (view.table) {
    if (const Result<PivotRequest> pivot = parse_pivot(view.pivot)) keys.push_back(pivot->metric);
  }
  const auto derived = [](const std::string& key) { return key.find('/') != std::string::npos; };
  if (std::any_of(view.metrics.begin(), view.metrics.end(), derived) ||
      std::any_of(keys.begin(), keys.end(), derived))
    return {};
  if (!view.plot.empty()) {
    keys.insert(keys.end(), view.metrics.begin(), view.metrics.end());
    keys.emplace_back("token_cycle_bytes");
  }
  return {.keys = std::move(keys), .scenarios = false};
}

// The first failures in words: each cause once.
std::string failures_of(const StoredSweep& sweep) {
  std::vector<std::string> causes;
  std::int64_t failed = 0;
  for (const StoredSweep::Row& row : sweep.rows) {
    if (row.done) continue;
    ++failed;
    if (causes.size() < 3 && std::find(causes.begin(), causes.end(), row.error) == causes.end())
      causes.push_back(row.error);
  }
  if (failed == 0) return {};
  std::string text = fmt::format("\n{} failed, for example\n", failed);
  for (const std::string& cause : causes) text += fmt::format("  {}\n", cause);
  return text;
}

PlotRequest plot_request(const StoredSweep& sweep, const ViewOptions& view) {
  return {.x = view.x,
          .series = view.series,
          .panels = view.panels,
          .metrics = view.cross.empty() ? view.metrics : sweep.keys,
          .title = view.title};
}

Result<PivotRequest> pivot_request(const StoredSweep& sweep, const ViewOptions& view) {
  Result<PivotRequest> pivot = parse_pivot(view.pivot);
  if (pivot && !view.cross.empty()) pivot->metric = sweep.keys[0];
  return pivot;
}

Status write_views(const StoredSweep& sweep, const ViewOptions& view, const Look& look, std::string& text) {
  if (!view.csv.empty()) {
    if (Status written = write_text_file(view.csv, sweep_csv(sweep)); !written) return written;
    text += fmt::format("CSV: {}\n", view.csv);
  }
  if (!view.plot.empty()) {
    const Result<plot::Figure> figure = sweep_figure(sweep, plot_request(sweep, view));
    if (!figure) return figure.error().at("--plot");
    if (Status written = plot::write_figure(*figure, view.plot); !written) return written;
    text += fmt::format("Plot: {}\n", view.plot);
  }
  if (!view.table) return {};
  const Result<PivotRequest> pivot = pivot_request(sweep, view);
  if (!pivot) return pivot.error().at("--table");
  const Result<std::string> table = pivot_text(sweep, *pivot, look);
  if (!table) return table.error().at("--table");
  text += "\n" + *table;
  return {};
}

// What --table, --metric and --cross ask for and no row holds by itself.
Result<StoredSweep> derive(StoredSweep sweep, const ViewOptions& view) {
  Result<StoredSweep> derived = std::move(sweep);
  if (view.cross.empty()) {
    for (const std::string& key : view.metrics) {
      derived = with_ratio(std::move(*derived), key);
      if (!derived) return derived.error().at("--metric");
    }
    const Result<PivotRequest> pivot = parse_pivot(view.pivot);
    if (pivot) derived = with_ratio(std::move(*derived), pivot->metric);
    return derived ? std::move(derived) : derived.error().at("--table");
  }
  const Result<CrossRequest> cross = parse_cross(view.cross);
  if (!cross) return cross.error().at("--cross");
  derived = with_ratio(std::move(*derived), cross->key);
  if (derived) derived = crossings(*derived, *cross);
  if (!derived) return derived.error().at("--cross");
  return derived;
}

Result<StoredSweep> select(StoredSweep sweep, const ViewOptions& view) {
  Result<StoredSweep> selected = select_rows(std::move(sweep), view.where);
  if (!selected) return selected.error().at("--where");
  return derive(std::move(*selected), view);
}

Result<StoredSweep> read_selected(const std::string& file, const ViewOptions& view, bool json) {
  Result<StoredSweep> sweep = read_sweep(file, contents_of(view, json));
  if (!sweep) return sweep.error();
  return select(std::move(*sweep), view);
}

// Whether a sweep will have what a view asks for: before hours are spent on it.
Status check_views(const ShippedCatalogue& catalogue, const SweepRequest& request, const ViewOptions& view) {
  if (!view.asked()) {
    if (view.option.empty()) return {};
    return bad_input("--table, --csv or --plot beside it", "none").at(view.option);
  }
  const Result<StoredSweep> header = header_to_be(request);
  if (!header) return header.error();
  if (Status fine = check_names(*header, view); !fine) return fine;
  Result<std::optional<StoredSweep>> to_be = sweep_to_be(catalogue, request);
  if (!to_be) return to_be.error();
  if (!to_be->has_value()) return {};
  const Result<StoredSweep> sweep = select(std::move(**to_be), view);
  if (!sweep) return sweep.error();
  if (!view.plot.empty()) {
    if (const Status fine = check_figure(*sweep, plot_request(*sweep, view)); !fine)
      return fine.error().at("--plot");
  }
  if (!view.table) return {};
  const Result<PivotRequest> pivot = pivot_request(*sweep, view);
  if (!pivot) return pivot.error().at("--table");
  const Status fine = check_pivot(*sweep, *pivot);
  return fine ? Status() : Status(fine.error().at("--table"));
}

std::string outcome_text(const SweepOutcome& outcome, const SweepRequest& request) {
  const std::string shard =
      request.shards > 1 ? fmt::format(" of shard {}/{}", request.shard, request.shards) : std::string();
  std::string text = fmt::format("{} scenarios{}: {} simulated", with_commas(outcome.scenarios), shard,
                                 with_commas(outcome.done));
  if (outcome.before > 0) text += fmt::format(", {} were done before", with_commas(outcome.before));
  if (outcome.failed > 0) text += fmt::format(", {} failed", with_commas(outcome.failed));
  const std::int64_t ran = outcome.done + outcome.failed;
  if (ran > 0 && !outcome.elsewhere) {
    text += fmt::format("; {:.1f} s, {:.1f} scenarios/s (measured)", outcome.wall_s,
                        static_cast<double>(ran) / outcome.wall_s);
  }
  if (outcome.twins > 0)
    text += fmt::format("\n{} were the same scenario as another", with_commas(outcome.twins));
  const std::int64_t left = outcome.left();
  if (left > 0) text += fmt::format("\nstopped with {} to go: the same command goes on", with_commas(left));
  if (!outcome.causes.empty()) text += "\nfailed, for example (the same command tries them again)";
  for (const std::string& cause : outcome.causes) text += "\n  " + cause;
  return text + fmt::format("\nFile: {}\n", request.out);
}

Json outcome_json(const SweepOutcome& outcome, const SweepRequest& request) {
  return {{"file", request.out},        {"scenarios", outcome.scenarios}, {"shard", request.shard},
          {"shards", request.shards},   {"done_before", outcome.before},  {"done", outcome.done},
          {"failed", outcome.failed},   {"twins", outcome.twins},         {"left", outcome.left()},
          {"stopped", outcome.stopped}, {"causes", outcome.causes},       {"wall_s", outcome.wall_s}};
}

Result<SweepOutcome> sweep_with_progress(const ShippedCatalogue& catalogue, const SweepRequest& request) {
  Progress progress("sweeping: scenario");
  // After the scenarios in flight.
  const Interrupts interrupts({.second_ends = true, .if_ignored = true});
  return run_sweep(catalogue, request,
                   {.progress =
                        [&](std::int64_t ended, std::int64_t of, std::int64_t failed) {
                          progress.update(ended, of, failed > 0 ? fmt::format("{} failed", failed) : "");
                        },
                    .stop = [&] { return interrupts.any(); }});
}

Status sweep_all(Session& session, SweepOptions& options) {
  ViewOptions& view = options.view;
  std::vector<NamedPath> inputs = input_files(options.arguments.base);
  inputs.push_back({"the sweep's description", options.arguments.spec});
  if (Status fine = check_files(view, options.arguments.out, std::move(inputs)); !fine) return fine;
  const Result<SweepRequest> request = sweep_request(session.catalogue, options.arguments);
  if (!request) return request.error();
  if (Status fine = check_views(session.catalogue, *request, view); !fine) return fine;
  if (view.title.empty()) view.title = request->title;
  if (options.slurm && request->shards > 1)
    return bad_input("--slurm, which makes shards of its own, or --shard", "both").at("--slurm");
  const Result<SweepOutcome> outcome =
      options.slurm ? sweep_on_slurm(session.catalogue, options.arguments, *request, options.cluster)
                    : sweep_with_progress(session.catalogue, *request);
  if (!outcome) return outcome.error();
  if (outcome->failed > 0 || outcome->stopped) session.found_wanting = true;
  std::string text = outcome_text(*outcome, *request);
  if (view.asked()) {
    // The rows are there, whatever becomes of what is shown of them: their count is said in any case.
    const Result<StoredSweep> sweep = read_selected(options.arguments.out, view, false);
    const Status written = sweep ? write_views(*sweep, view, session.look, text) : Status(sweep.error());
    if (!written) session.failed_after = written.error();
  }
  session.out = options.json ? json_text(outcome_json(*outcome, *request)) : text;
  return {};
}

// The text of one row's scenario.
Result<std::string> scenario_of(const std::string& file, const std::string& hash) {
  std::string text;
  std::size_t found = 0;
  const auto row = [&](const StoredSweep&, StoredSweep::Row each) {
    if (!each.hash.starts_with(hash)) return Status();
    ++found;
    text = std::move(each.scenario);
    return Status();
  };
  const SweepContents contents{.keys = std::vector<std::string>(), .scenarios = true};
  if (Status read = visit_sweep(file, contents, {.header = {}, .row = row}); !read) return read.error();
  if (found == 1) return text;
  return bad_input("the hash of one row, or its beginning",
                   found == 0 ? fmt::format("\"{}\", which none has", hash)
                              : fmt::format("\"{}\", which {} have", hash, found))
      .at("--scenario");
}

Status show_scenario(Session& session, const ShowOptions& options) {
  if (options.json || options.document || options.view.asked() || !options.view.option.empty())
    return bad_input("no other option beside it", "one").at("--scenario");
  Result<std::string> text = scenario_of(options.file, options.scenario);
  if (!text) return text.error();
  session.out = std::move(*text);
  if (!session.out.ends_with('\n')) session.out += '\n';
  return {};
}

Status show(Session& session, ShowOptions& options) {
  ViewOptions& view = options.view;
  if (!options.scenario.empty()) return show_scenario(session, options);
  if (options.document && options.json) return bad_input("--json or --document", "both").at("--document");
  if (Status fine = check_files(view, options.file, {}); !fine) return fine;
  if (!view.table && view.csv.empty() && view.plot.empty() && !options.json && !options.document)
    view.table = true;
  const Result<StoredSweep> header = read_sweep_header(options.file);
  if (!header) return header.error();
  if (Status fine = check_names(*header, view); !fine) return fine;
  const Result<StoredSweep> sweep = read_selected(options.file, view, options.json || options.document);
  if (!sweep) return sweep.error();
  std::string text;
  if (Status written = write_views(*sweep, view, session.look, text); !written) return written;
  if (text.starts_with('\n')) text.erase(0, 1);
  if (options.document)
    session.out = sweep_document(*sweep);
  else
    session.out = options.json ? json_text(sweep_json(*sweep)) : text + failures_of(*sweep);
  return {};
}

Status merge(Session& session, const MergeOptions& options) {
  for (const std::string& file : options.files) {
    if (same_file(file, options.out))
      return bad_input("other files than the one that they are merged into", file).at("merge");
    // All of them are read once before anything is written.
    const auto take = [](const StoredSweep&, const StoredSweep::Row&) { return Status(); };
    if (Status read = visit_sweep(file, {}, {.header = {}, .row = take}); !read) return read;
  }
  Result<SweepStore> store = SweepStore::open(options.out);
  if (!store) return store.error();
  const Result<std::int64_t> news = store->merge(options.files);
  if (!news) return news.error();
  session.out = fmt::format("{}: {} new rows from {} file{}\n", options.out, with_commas(*news),
                            options.files.size(), options.files.size() == 1 ? "" : "s");
  return {};
}

constexpr const char* kExamples = R"(Examples:
  pregate sweep --trace phone.route.csv --vary dram.expert_budget=500MiB..8GiB:12:log --vary policy.prefetch=none,pregate --out b.db --table
  pregate sweep memory --out memory.db                            a shipped sweep: which device memory pays
  pregate sweep my.sweep.textproto --out my.db --shard 2/4        on the second of four machines, then: merge
  pregate sweep merge all.db shard1.db shard2.db
  pregate sweep show all.db --table expert_budget:prefetch:hit_rate_decode --plot hits.svg --metric hit_rate_decode
  pregate sweep show all.db --table expert_budget:prefetch:tokens_per_second/tokens_per_second_if_resident     as a share
  pregate sweep show all.db --cross expert_budget:0.8,0.9:tokens_per_second/tokens_per_second_if_resident      which budget
Values: a list V1,V2,...; a range LO..HI:N; a logarithmic one LO..HI:N:log. Several --vary: each with each (--zip: together).
A killed sweep goes on with the same command. The file is SQLite: sqlite3 b.db 'SELECT "dram.expert_budget", tokens_per_second FROM runs'.)";

void add_view_options(CLI::App& verb, ViewOptions& view) {
  verb.add_option("--table", view.pivot,
                  "print a table ROWS:COLUMNS:METRIC, lists of axes by commas; alone: the first axis down, "
                  "the others across")
      ->expected(0, 1)
      ->type_name("ROWS:COLUMNS:METRIC");
  add_repeated(verb, "--where", view.where,
               "look at rows with this value alone: an axis, version or seed; may be repeated")
      ->type_name("PATH=VALUE");
  verb.add_option("--csv", view.csv, "write the rows to this CSV file");
  verb.add_option("--plot", view.plot, "draw to this .svg or .png file");
  add_repeated(verb, "--metric", view.metrics, "keys of the summary to plot; default: tokens_per_second")
      ->delimiter(',');
  verb.add_option(
          "--cross", view.cross,
          "look at where along an axis a key comes to stay at or above levels: table, plot and CSV hold "
          "that in place of the rows")
      ->type_name("AXIS:LEVELS:KEY");
  verb.add_option("--x", view.x, "axis along x of the plot; default: the first of numbers");
  verb.add_option("--series", view.series, "axis with a line a value");
  verb.add_option("--panels", view.panels, "axis with a panel a value");
  verb.add_option("--title", view.title, "of the plot");
}

std::string option_of_view(const CLI::App& verb) {
  for (const char* name : {"--where", "--metric", "--cross", "--x", "--series", "--panels", "--title"}) {
    if (verb.count(name) > 0) return name;
  }
  return {};
}

void add_base_options(CLI::App& verb, SweepArguments& arguments) {
  RunRequest& base = arguments.base;
  verb.add_option("--scenario", base.scenario,
                  "what is varied: a shipped scenario or a file; default: as in pregate run");
  add_scenario_options(verb, base);
  verb.add_option("--threads", arguments.threads, "of a forward pass; 0: all")->check(CLI::Range(0, 256));
}

void add_show_verb(CLI::App& sweep, Session& session) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* verb = sweep.add_subcommand("show", "Say what a sweep's file holds: table, CSV, plot, JSON");
  verb->add_option("FILE", options->file, "of a sweep")->required();
  add_view_options(*verb, options->view);
  verb->add_flag("--json", options->json, "the rows as JSON");
  verb->add_flag("--document", options->document,
                 "as JSON, the axes with their kinds, the keys with their units, and the rows as lists");
  verb->add_option("--scenario", options->scenario,
                   "print the scenario of the row with this hash, as `pregate run` takes it")
      ->type_name("HASH");
  verb->callback([options, verb, &session] {
    options->view.table = verb->count("--table") > 0;
    options->view.option = option_of_view(*verb);
    session.action = [options, &session] { return show(session, *options); };
  });
}

void add_merge_verb(CLI::App& sweep, Session& session) {
  auto options = std::make_shared<MergeOptions>();
  CLI::App* verb = sweep.add_subcommand("merge", "Add the rows of sweeps, such as shards, to one file");
  verb->add_option("OUT", options->out, "the file that they are added to; made if it is not there")
      ->required();
  verb->add_option("FILES", options->files, "the files to add")->required();
  verb->callback(
      [options, &session] { session.action = [options, &session] { return merge(session, *options); }; });
}

}  // namespace

void add_sweep_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<SweepOptions>();
  SweepArguments& arguments = options->arguments;
  CLI::App* verb =
      app.add_subcommand("sweep", "Simulate many scenarios into one file, resumable at any moment");
  verb->add_option("SPEC", arguments.spec,
                   "a shipped sweep or a .sweep.textproto file; without: --vary says it");
  add_repeated(*verb, "--vary", arguments.vary,
               "an axis: PATH=V1,V2,.. or PATH=LO..HI:N or PATH=LO..HI:N:log; may be repeated")
      ->type_name("PATH=VALUES");
  verb->add_flag("--zip", arguments.zip, "the axes' values together, instead of each with each");
  verb->add_option("--sample", arguments.sample, "so many points of a Latin hypercube, instead of the grid");
  verb->add_option("--sample-seed", arguments.sample_seed, "of the sample; default 1");
  add_base_options(*verb, arguments);
  verb->add_option("--out", arguments.out,
                   "the file of the sweep (SQLite); rows that it has are not simulated again");
  verb->add_option("--jobs", arguments.jobs, "scenarios at a time; default: one a core");
  verb->add_option("--shard", arguments.shard, "I/N: the I-th of N equal parts, for another machine each");
  verb->add_flag("--slurm", options->slurm,
                 "run the shards as a job array of Slurm, wait for it and merge; its script, logs and "
                 "results are in OUT.slurm");
  verb->add_option("--shards", options->cluster.shards, "tasks of the job array")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  add_repeated(*verb, "--slurm-option", options->cluster.options,
               "of sbatch: --slurm-option=--partition=x; may be repeated")
      ->type_name("--NAME=VALUE");
  add_view_options(*verb, options->view);
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(kExamples);
  add_show_verb(*verb, session);
  add_merge_verb(*verb, session);
  verb->callback([options, verb, &session] {
    if (!verb->get_subcommands().empty()) return;
    if (options->arguments.out.empty()) throw CLI::RequiredError("--out");
    options->view.table = verb->count("--table") > 0;
    options->view.option = option_of_view(*verb);
    session.action = [options, &session] { return sweep_all(session, *options); };
  });
}

}  // namespace pregate
