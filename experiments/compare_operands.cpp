// SPDX-License-Identifier: Apache-2.0
#include "experiments/compare_operands.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "experiments/simulate_setup.hpp"
#include "traces/record_stream.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;

std::string quote(const std::string& text) {
  return fmt::format("\"{}\"", text);
}

std::string first_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string start(512, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  return start;
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Error a_trace(const std::string& path) {
  return bad_input("a .run file or a scenario (--trace FILE beside scenarios simulates a trace)",
                   "a routing trace")
      .at(path);
}

// A file says by its content what it is; one that is called .run must be one.
Result<bool> is_run_file(const std::string& path) {
  std::error_code ignored;
  const std::string start = fs::is_regular_file(path, ignored) ? first_bytes(path) : std::string();
  const bool packed = start.starts_with("\x1f\x8b");
  if (packed && RecordReader::open(path, "pregate.route").ok()) return a_trace(path);
  if (packed || path.ends_with(".run")) {
    const auto reader = RecordReader::open(path, "pregate.run");
    return reader ? Result<bool>(true) : Result<bool>(reader.error());
  }
  if (start.starts_with("{") || start.find("route_trace v1") != std::string::npos) return a_trace(path);
  return false;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Before anything is simulated: a field that does not exist, a value of another type.
Status check_assignments(const CompareOperand& operand) {
  ScenarioDocument document;
  for (const std::string& assignment : operand.assignments) {
    if (Status done = document.set(assignment, quote(operand.given)); !done) return done;
  }
  return {};
}

Result<RunSetup> set_up_operand(const ShippedCatalogue& catalogue, const CompareOperand& operand,
                                const RunRequest& options) {
  const std::string place = quote(operand.given);
  RunRequest request = options;
  request.scenario = operand.name;
  request.assignments.insert(request.assignments.end(), operand.assignments.begin(),
                             operand.assignments.end());
  Result<RunSetup> setup = set_up_run(catalogue, request);
  if (!setup) {
    Error error = setup.error();
    // A value that does not fit is reported where it was given: here, if there is no --set.
    if (error.file == "--set" && options.assignments.empty()) error.file = place;
    return error.at(place);
  }
  if (setup->scenario.workload.live()) {
    return bad_input(
               "a scenario that replays or draws its routing (`pregate run ... --out A.run` keeps a run)",
               "one that runs a model")
        .at(place);
  }
  return setup;
}

}  // namespace

Result<CompareOperand> parse_operand(const ShippedCatalogue& catalogue, const std::string& text) {
  CompareOperand operand{.given = text, .name = text, .is_run = false, .assignments = {}};
  if (text.empty()) return bad_input("a .run file or a scenario", "an empty name").at("compare");
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos && !exists(text)) {
    operand.name = text.substr(0, colon);
    operand.assignments = split(text.substr(colon + 1), ',');
  }
  const Result<bool> run = is_run_file(operand.name);
  if (!run) return run.error();
  operand.is_run = *run;
  if (operand.is_run && !operand.assignments.empty()) {
    return bad_input("assignments behind a scenario, as a .run file is simulated already",
                     quote(operand.assignments.front()))
        .at(operand.name);
  }
  if (operand.is_run) return operand;
  if (!operand.name.empty()) {
    if (const Result<NamedText> found = catalogue.scenario(operand.name); !found) return found.error();
  }
  if (Status known = check_assignments(operand); !known) return known.error();
  return operand;
}

Result<ReadyOperand> prepare_operand(const ShippedCatalogue& catalogue, const CompareOperand& operand,
                                     const RunRequest& options) {
  ReadyOperand ready;
  if (operand.is_run) {
    Result<RunRecord> run = read_run(operand.name);
    if (!run) return run.error();
    ready.run = std::move(*run);
    return ready;
  }
  Result<RunSetup> setup = set_up_operand(catalogue, operand, options);
  if (!setup) return setup.error();
  ready.setup = std::move(*setup);
  return ready;
}

Result<RunRecord> run_operand(ReadyOperand ready, char letter) {
  if (ready.run) return std::move(*ready.run);
  Result<TimedRun> timed = simulate_setup({.setup = *ready.setup,
                                           .scenario = ready.setup->scenario,
                                           .what = fmt::format("simulating {}", letter)});
  if (!timed) return timed.error();
  return std::move(timed->run);
}

}  // namespace pregate
