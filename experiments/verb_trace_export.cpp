// SPDX-License-Identifier: Apache-2.0
// `pregate trace export`: a run for ui.perfetto.dev and its tables as CSV; a routing trace as CSV.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/json_text.hpp"
#include "experiments/perfetto_view.hpp"
#include "experiments/table.hpp"
#include "experiments/trace_input.hpp"
#include "experiments/verbs.hpp"
#include "traces/export_csv.hpp"
#include "traces/export_perfetto.hpp"
#include "traces/export_route_csv.hpp"
#include "traces/record_stream.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

struct ExportOptions {
  std::string file, out, csv, table, model;
  bool perfetto = false, json = false;
};

// What was written, for people and as JSON.
struct Report {
  Json json = Json::object();
  std::string text;
  std::vector<std::string> left_out;
};

Status check_options(const ExportOptions& options) {
  if (!options.perfetto && !options.out.empty())
    return bad_input("--out beside --perfetto (--csv names its own files)",
                     fmt::format("\"{}\"", options.out))
        .at("--out");
  if (!options.perfetto && options.csv.empty())
    return bad_input("--perfetto --out FILE or --csv PATH", "neither").at("trace export");
  if (options.perfetto && options.out.empty())
    return bad_input("--out FILE beside --perfetto", "none").at("--out");
  if (options.table.empty()) return {};
  if (options.csv.empty())
    return bad_input("--table beside --csv", fmt::format("\"{}\"", options.table)).at("--table");
  const std::vector<std::string> names = run_table_names();
  if (std::find(names.begin(), names.end(), options.table) != names.end()) return {};
  return bad_input(fmt::format("one of {}", fmt::join(names, ", ")), fmt::format("\"{}\"", options.table))
      .at("--table");
}

// One table into the file that --csv names, or all of them into the folder.
std::vector<CsvFile> csv_files(const ExportOptions& options) {
  if (options.csv.empty()) return {};
  if (!options.table.empty()) return {{.table = options.table, .path = options.csv}};
  std::vector<CsvFile> files;
  for (const std::string& table : run_table_names())
    files.push_back({.table = table, .path = (fs::path(options.csv) / (table + ".csv")).string()});
  return files;
}

// The folder of --csv while it is filled: one that was made for it goes again if nothing came of it.
class CsvFolder {
 public:
  ~CsvFolder() {
    std::error_code ignored;
    if (!made_.empty()) fs::remove(made_, ignored);  // fails where something is in it
  }
  CsvFolder() = default;
  CsvFolder(const CsvFolder&) = delete;
  CsvFolder& operator=(const CsvFolder&) = delete;

  Status make(const std::string& path) {
    std::error_code error;
    if (!fs::create_directory(path, error)) {
      if (error) return run_failed(path, "a folder that can be made", error.message());
      return {};
    }
    made_ = path;
    return {};
  }

 private:
  std::string made_;
};

Status check_files(const ExportOptions& options, const std::vector<CsvFile>& files) {
  std::error_code ignored;
  const bool in_folder = options.table.empty();
  std::vector<NamedPath> outputs = {{"--out", options.out}};
  if (in_folder && !files.empty()) {
    // A folder that is not there yet has no files that could be lost; it must be possible to make it.
    if (!fs::exists(options.csv, ignored)) {
      if (const Status writable = check_writable(options.csv); !writable) return writable;
    } else if (!fs::is_directory(options.csv, ignored)) {
      return bad_input("a folder for the tables, or --table for a single one", "a file").at(options.csv);
    }
  }
  if (!in_folder || fs::is_directory(options.csv, ignored)) {
    for (const CsvFile& file : files) outputs.push_back({"--csv", file.path});
  } else if (!files.empty() && same_file(options.out, options.csv)) {
    return bad_input("another path than --out", fmt::format("\"{}\"", options.csv)).at("--csv");
  }
  return check_outputs(outputs, {{"FILE", options.file}});
}

void add_perfetto(Report& report, const PerfettoExport& written, const std::string& path) {
  Json json = {{"out", path}};
  json.update(json_of(written.counts));
  report.json["perfetto"] = std::move(json);
  report.text += fmt::format("{}: {}\n", path, text_of(written.counts));
  for (const NotShown& left_out : written.left_out)
    report.left_out.push_back(fmt::format("{}: {} {}", path, with_commas(left_out.count), left_out.what));
}

Status export_run(const ExportOptions& options, Report& report) {
  if (!options.model.empty())
    return bad_input("no model for a .run file, which holds its own", fmt::format("\"{}\"", options.model))
        .at("--model");
  std::vector<CsvFile> files = csv_files(options);
  if (const Status fine = check_files(options, files); !fine) return fine;
  const Result<RunRecord> run = read_run(options.file);
  if (!run) return run.error();
  if (options.perfetto) {
    Progress progress("exporting: simulated ms");
    const Result<PerfettoExport> written =
        export_perfetto(*run, options.out, [&progress](std::int64_t done, std::int64_t total) {
          progress.update(done / 1'000'000, total / 1'000'000);
        });
    progress.clear();
    if (!written) return written.error().at(options.file);
    add_perfetto(report, *written, options.out);
  }
  if (files.empty()) return {};
  CsvFolder folder;
  if (options.table.empty()) {
    if (const Status made = folder.make(options.csv); !made) return made;
  }
  if (const Status written = export_csv(*run, files); !written) return written.error().at(options.file);
  for (const CsvFile& file : files) {
    report.json["csv"].push_back({{"table", file.table}, {"out", file.path}, {"rows", file.rows}});
    report.text += fmt::format("{}: {} rows\n", file.path, with_commas(file.rows));
  }
  return {};
}

Status export_trace(const Session& session, const ExportOptions& options, Report& report) {
  if (options.perfetto)
    return bad_input("a .run file, whose events have times",
                     "a routing trace, which has none; simulate it first:"
                     " pregate run --trace FILE --out FILE.run")
        .at(options.file);
  if (!options.table.empty())
    return bad_input("no table of a routing trace, which is one", fmt::format("\"{}\"", options.table))
        .at("--table");
  const Status fine =
      check_outputs({{"--csv", options.csv}}, {{"FILE", options.file}, {"--model", options.model}});
  if (!fine) return fine;
  const Result<LoadedTrace> loaded = load_costed_trace(session.catalogue, options.file, options.model);
  if (!loaded) return loaded.error();
  const Result<RouteCsvExport> written = export_route_csv(*loaded->trace, options.csv);
  if (!written) return written.error().at(options.file);
  report.json["csv"].push_back({{"table", "routing"}, {"out", options.csv}, {"rows", written->rows}});
  report.text += fmt::format("{}: {} rows\n", options.csv, with_commas(written->rows));
  for (const std::string& what : written->left_out)
    report.left_out.push_back(fmt::format("{}: {}", options.csv, what));
  return {};
}

Status run_export(Session& session, const ExportOptions& options) {
  if (const Status good = check_options(options); !good) return good;
  Report report;
  const bool is_run = RecordReader::open(options.file, "pregate.run").ok();
  const Status done = is_run ? export_run(options, report) : export_trace(session, options, report);
  if (!done) return done;
  report.json["left_out"] = report.left_out;
  session.out = options.json ? json_text(report.json) : report.text;
  if (!options.json) {
    for (const std::string& what : report.left_out) session.notes.push_back("left out of " + what);
  }
  return {};
}

constexpr const char* kExamples = R"(Examples:
  pregate trace export demo.run --perfetto --out demo.pftrace    open it in ui.perfetto.dev
  pregate trace export demo.run --csv demo-tables                a file a table, into this folder
  pregate trace export demo.run --csv loads.csv --table loads
  pregate trace export phone.route --csv phone.route.csv         as route_trace v1)";

}  // namespace

void add_trace_export_verb(CLI::App& trace, Session& session) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* verb =
      trace.add_subcommand("export", "Write a run for ui.perfetto.dev or as CSV, or a trace as CSV");
  verb->add_option("FILE", options->file, "a .run file; or a routing trace of any format, for --csv")
      ->required();
  verb->add_flag("--perfetto", options->perfetto, "write a Perfetto trace into --out");
  verb->add_option("--out", options->out, "the .pftrace file to write");
  verb->add_option(
      "--csv", options->csv,
      "of a run: a folder that gets a file a table; with --table, or of a routing trace: the file");
  verb->add_option("--table", options->table,
                   fmt::format("only this table of a run: {}", fmt::join(run_table_names(), ", ")));
  verb->add_option("--model", options->model, "of a routing trace, as in trace info");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(kExamples);
  verb->callback([options, &session] {
    session.action = [options, &session] { return run_export(session, *options); };
  });
}

}  // namespace pregate
