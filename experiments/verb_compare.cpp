// SPDX-License-Identifier: Apache-2.0
// `pregate compare`: what a run gained and lost against another, and why.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "experiments/compare.hpp"
#include "experiments/compare_operands.hpp"
#include "experiments/scenario_options.hpp"
#include "experiments/verbs.hpp"

namespace pregate {
namespace {

constexpr std::size_t kMostOperands = 26;  // a letter each

struct CompareOptions {
  std::vector<std::string> operands;
  RunRequest request;  // of every scenario
  std::string csv, layers_csv, plot;
  std::size_t top = 5;
  bool json = false;
};

std::vector<NamedPath> outputs(const CompareOptions& options) {
  return {{"--csv", options.csv}, {"--csv-layers", options.layers_csv}, {"--plot", options.plot}};
}

bool is_file(const std::string& path) {
  std::error_code none;
  return std::filesystem::is_regular_file(path, none);
}

Status check_files(const CompareOptions& options) {
  std::vector<NamedPath> inputs = input_files(options.request);
  for (const std::string& operand : options.operands)
    inputs.push_back({"an operand", operand.substr(0, is_file(operand) ? operand.npos : operand.find(':'))});
  if (Status fine = check_outputs(outputs(options), inputs); !fine) return fine;
  if (options.plot.empty()) return {};
  const Result<plot::Format> format = plot::format_of(options.plot);
  return format ? Status() : Status(format.error().at("--plot"));
}

Result<std::vector<CompareOperand>> parse_operands(const Session& session, const CompareOptions& options) {
  const std::size_t count = options.operands.size();
  if (count < 2 || count > kMostOperands) {
    return bad_input(fmt::format("two to {} runs or scenarios", kMostOperands), fmt::format("{}", count))
        .at("compare");
  }
  std::vector<CompareOperand> operands;
  bool all_files = true;
  for (const std::string& text : options.operands) {
    Result<CompareOperand> operand = parse_operand(session.catalogue, text);
    if (!operand) return operand.error();
    all_files = all_files && operand->is_run;
    operands.push_back(std::move(*operand));
  }
  const RunRequest& r = options.request;
  const std::string set = r.assignments.empty() ? std::string() : r.assignments.front();
  for (const auto& [option, value] :
       {std::pair("--trace", r.trace), std::pair("--model", r.model), std::pair("--device", r.device),
        std::pair("--shape-as", r.shape_as), std::pair("--seed", r.seed), std::pair("--set", set)}) {
    if (all_files && !value.empty())
      return bad_input("a scenario among the operands", "only .run files, which are simulated already")
          .at(option);
  }
  return operands;
}

// Everything that can be wrong with any operand is found before the first one is simulated.
Result<Comparison> compare_operands(const Session& session, const CompareOptions& options) {
  const Result<std::vector<CompareOperand>> operands = parse_operands(session, options);
  if (!operands) return operands.error();
  std::vector<ReadyOperand> ready;
  for (const CompareOperand& operand : *operands) {
    Result<ReadyOperand> prepared = prepare_operand(session.catalogue, operand, options.request);
    if (!prepared) return prepared.error();
    ready.push_back(std::move(*prepared));
  }
  std::vector<ComparedRun> runs;
  for (std::size_t i = 0; i < ready.size(); ++i) {
    const char letter = static_cast<char>('A' + static_cast<char>(i));
    Result<RunRecord> run = run_operand(std::move(ready[i]), letter);
    if (!run) return run.error();
    Result<ComparedRun> compared = make_compared_run(letter, (*operands)[i].given, std::move(*run));
    if (!compared) return compared.error();
    runs.push_back(std::move(*compared));
  }
  return compare_runs(std::move(runs), options.top);
}

Status run_compare(Session& session, const CompareOptions& options) {
  if (Status fine = check_files(options); !fine) return fine;
  const Result<Comparison> comparison = compare_operands(session, options);
  if (!comparison) return comparison.error();
  Status written;
  if (!options.csv.empty()) written = write_text_file(options.csv, compare_csv(*comparison));
  if (written.ok() && !options.layers_csv.empty())
    written = write_text_file(options.layers_csv, compare_layers_csv(*comparison));
  if (written.ok() && !options.plot.empty())
    written = plot::write_figure(compare_figure(*comparison), options.plot);
  if (!written) return written;
  session.out = options.json ? compare_json(*comparison) : compare_text(*comparison, session.look);
  if (options.json) return {};
  for (const NamedPath& output : outputs(options)) {
    if (!output.path.empty())
      session.out += fmt::format("\n{} written: {}", output.name.substr(2), output.path);
  }
  if (session.out.back() != '\n') session.out += "\n";
  return {};
}

constexpr const char* kExamples = R"(Examples:
  pregate compare before.run after.run
  pregate compare synthetic synthetic:policy.prefetch=none
  pregate compare --trace phone.route.csv :policy.eviction=lru :policy.eviction=belady --csv tokens.csv
  pregate compare synthetic synthetic:device.id=a18-pro,dram.expert_budget=2GiB --plot phones.svg
A scenario may be followed by ':' and assignments as of --set, with commas between them; nothing before the ':' is the
scenario that --trace, --model and --device ask for. A scenario that runs a model is run first: pregate run --out A.run.)";

}  // namespace

void add_compare_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* verb = app.add_subcommand(
      "compare", "Two runs or more: what the others gain and lose against the first, and why");
  RunRequest& request = options->request;
  verb->add_option("RUN", options->operands,
                   "a .run file, or a scenario (a shipped name or a file) with assignments behind ':'")
      ->type_name("");
  add_scenario_options(*verb, request);  // of every scenario
  verb->add_option("--top", options->top, "tokens and layers to show, each way")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  verb->add_option("--csv", options->csv, "write a line a token to this file");
  verb->add_option("--csv-layers", options->layers_csv, "write a line a (token, layer) to this file");
  verb->add_option("--plot", options->plot, "draw times and differences into this .svg or .png file");
  verb->add_flag("--json", options->json, "JSON instead of text, times in picoseconds");
  verb->footer(kExamples);
  verb->callback([options, &session] {
    session.action = [options, &session] { return run_compare(session, *options); };
  });
}

}  // namespace pregate
