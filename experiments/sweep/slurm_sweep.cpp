// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/slurm_sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "experiments/sibling_program.hpp"
#include "experiments/sweep/scenario_hash.hpp"
#include "experiments/sweep/slurm.hpp"
#include "experiments/sweep/store.hpp"

namespace pregate {
namespace {

// The words that ask for the same sweep again.
std::vector<std::string> words_of(const SweepArguments& arguments) {
  std::vector<std::string> words = {"sweep"};
  if (!arguments.spec.empty()) words.push_back(arguments.spec);
  const auto option = [&words](const char* name, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {name, value});
  };
  const RunRequest& base = arguments.base;
  option("--scenario", base.scenario);
  option("--model", base.model);
  option("--device", base.device);
  option("--trace", base.trace);
  option("--shape-as", base.shape_as);
  option("--seed", base.seed);
  for (const std::string& assignment : base.assignments) option("--set", assignment);
  for (const std::string& axis : arguments.vary) option("--vary", axis);
  if (arguments.zip) words.emplace_back("--zip");
  option("--sample", arguments.sample);
  option("--sample-seed", arguments.sample_seed);
  option("--threads", arguments.threads > 0 ? fmt::format("{}", arguments.threads) : "");
  // A task is given one core unless sbatch is told otherwise; then --jobs says so as well.
  option("--jobs", arguments.jobs.empty() ? "1" : arguments.jobs);
  return words;
}

// Names what is computed: the first and the last scenario with the files behind them, and how many there are.
Result<std::string> contents_of(const ShippedCatalogue& catalogue, ScenarioHasher& hasher,
                                const SweepRequest& request, const SweepPoints& points) {
  std::string contents = fmt::format("{} scenarios", points.size());
  for (const std::size_t index : {std::size_t{0}, points.size() - 1}) {
    const RunRequest run = point_request(request, points, points.at(index));
    const Result<ResolvedRun> resolved = resolve_run(catalogue, run);
    if (!resolved) continue;
    const Result<std::string> hash = hasher.hash(run, *resolved);
    if (!hash) return hash.error();
    contents += " " + *hash;
  }
  return contents;
}

// The rows of all shards into the sweep's file.
Status merge_shards(const ShardArray& array, const std::string& out, SweepOutcome& outcome) {
  Result<SweepStore> store = SweepStore::open(out);
  if (!store) return store.error();
  for (int shard = 1; shard <= array.shards; ++shard) {
    const std::string file = result_file(array, shard);
    if (std::error_code error; !std::filesystem::exists(file, error)) continue;
    const Result<StoredSweep> rows = read_sweep(file);
    if (!rows) return rows.error();
    for (const StoredSweep::Row& row : rows->rows) ++(row.done ? outcome.done : outcome.failed);
    if (const Result<std::int64_t> merged = store->merge(file); !merged) return merged.error();
  }
  return {};
}

}  // namespace

Result<SweepOutcome> sweep_on_slurm(const ShippedCatalogue& catalogue, const SweepArguments& arguments,
                                    const SweepRequest& request, const SlurmOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  ScenarioHasher hasher(catalogue);
  const Result<SweepPoints> points = check_sweep(catalogue, request, hasher);
  if (!points) return points.error();
  if (Status writable = check_writable(request.out); !writable) return writable.error();
  const Result<std::string> program = own_program();
  if (!program) return program.error();
  const Result<std::string> contents = contents_of(catalogue, hasher, request, *points);
  if (!contents) return contents.error();
  const ShardArray array{.program = *program,
                         .before = words_of(arguments),
                         .after = {},
                         .shards = std::min(options.shards, static_cast<int>(points->size())),
                         .folder = request.out + ".slurm",
                         .contents = *contents,
                         .options = options.options};
  const Result<ArrayEnd> end = run_on_slurm(array);
  if (!end) return end.error();
  SweepOutcome outcome{.scenarios = static_cast<std::int64_t>(points->size())};
  if (Status merged = merge_shards(array, request.out, outcome); !merged) return merged.error();
  // A shard whose scenarios failed ends with code 1 and all its rows; only what has no row is missing.
  if (outcome.done + outcome.failed < outcome.scenarios) {
    if (Status well = all_ended_well(array, *end); !well) return well.error();
  }
  outcome.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return outcome;
}

}  // namespace pregate
