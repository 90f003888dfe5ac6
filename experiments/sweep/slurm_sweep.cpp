// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/slurm_sweep.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

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

// What all points are: how many scenarios, and a hash of them with the files behind them.
struct Contents {
  std::string name;
  std::int64_t scenarios = 0;  // points of the same scenario count once
};

Result<Contents> contents_of(const ShippedCatalogue& catalogue, ScenarioHasher& hasher,
                             const SweepRequest& request, const SweepPoints& points) {
  std::vector<std::string> paths;
  for (const Axis& axis : points.axes()) paths.push_back(axis.path);
  std::vector<XXH128_hash_t> hashes;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const RunRequest run = point_request(request, points, points.at(i));
    const Result<ResolvedRun> resolved = resolve_run(catalogue, run);
    const Result<std::string> hash =
        resolved ? hasher.hash(run, *resolved) : ScenarioHasher::hash_of_unresolved(run, paths, points.at(i));
    if (!hash) return hash.error();
    hashes.push_back(XXH3_128bits(hash->data(), hash->size()));
  }
  const XXH128_hash_t all = XXH3_128bits(hashes.data(), hashes.size() * sizeof hashes[0]);
  std::sort(hashes.begin(), hashes.end(),
            [](const XXH128_hash_t& a, const XXH128_hash_t& b) { return XXH128_cmp(&a, &b) < 0; });
  const auto end = std::unique(hashes.begin(), hashes.end(),
                               [](const auto& a, const auto& b) { return XXH128_isEqual(a, b) != 0; });
  return Contents{.name = fmt::format("{} scenarios {:016x}{:016x}", points.size(), all.high64, all.low64),
                  .scenarios = end - hashes.begin()};
}

// What the shards have come to. A scenario that two of them have, as a sample may, counts once.
class ShardCount {
 public:
  ShardCount(const ArrayEnd& end, SweepOutcome& outcome) : end_(end), outcome_(outcome) {}

  Status add(const std::string& file, int shard) {
    const Result<StoredSweep> rows =
        read_sweep(file, {.keys = std::vector<std::string>(), .scenarios = false});
    if (!rows) return rows.error();
    const std::vector<int>& now = end_.submitted;
    const bool simulated = std::find(now.begin(), now.end(), shard) != now.end();
    for (const StoredSweep::Row& row : rows->rows) {
      if (!seen_.insert(row.hash).second) continue;
      ++(!row.done ? outcome_.failed : simulated ? outcome_.done : outcome_.before);
      std::vector<std::string>& causes = outcome_.causes;
      if (!row.done && causes.size() < kCausesTold &&
          std::find(causes.begin(), causes.end(), row.error) == causes.end())
        causes.push_back(row.error);
    }
    return {};
  }

 private:
  const ArrayEnd& end_;
  SweepOutcome& outcome_;
  std::set<std::string> seen_;
};

// The rows of all shards into the sweep's file.
Status merge_shards(const ShardArray& array, const ArrayEnd& end, const std::string& out,
                    SweepOutcome& outcome) {
  Result<SweepStore> store = SweepStore::open(out);
  if (!store) return store.error();
  ShardCount count(end, outcome);
  std::vector<std::string> files;
  for (int shard = 1; shard <= array.shards; ++shard) {
    const std::string file = result_file(array, shard);
    if (std::error_code error; !std::filesystem::exists(file, error)) continue;
    if (Status counted = count.add(file, shard); !counted) return counted;
    files.push_back(file);
  }
  const Result<std::int64_t> merged = store->merge(files);
  return merged ? Status() : Status(merged.error());
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
  const Result<Contents> contents = contents_of(catalogue, hasher, request, *points);
  if (!contents) return contents.error();
  const ShardArray array{.program = *program,
                         .before = words_of(arguments),
                         .after = {},
                         .shards = std::min(options.shards, static_cast<int>(points->size())),
                         .folder = request.out + ".slurm",
                         .contents = contents->name,
                         .options = options.options};
  const Result<ArrayEnd> end = run_on_slurm(array);
  if (!end) return end.error();
  const auto all = static_cast<std::int64_t>(points->size());
  SweepOutcome outcome{.scenarios = all, .twins = all - contents->scenarios, .elsewhere = true};
  if (Status merged = merge_shards(array, *end, request.out, outcome); !merged) return merged.error();
  // A shard whose scenarios failed ends with code 1 and all its rows; only what has no row is missing.
  outcome.stopped = outcome.left() > 0;
  if (outcome.stopped) {
    if (Status well = all_ended_well(array, *end); !well) return well.error();
  }
  outcome.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return outcome;
}

}  // namespace pregate
