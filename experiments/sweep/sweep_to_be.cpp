// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/sweep_to_be.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "experiments/sweep/scenario_hash.hpp"
#include "sim/simulator.hpp"

namespace pregate {
namespace {

constexpr std::size_t kMostTried = 2000;

bool is_there(const std::string& path) {
  std::error_code none;
  return std::filesystem::exists(path, none) && std::filesystem::file_size(path, none) > 0;
}

// A value of each key: a number, or a word where the key is one.
std::vector<Cell> any_summary() {
  std::vector<Cell> cells;
  for (const auto& [key, value] : summary_row(RunSummary()))
    cells.push_back(value.is_string() ? Cell(std::string("word")) : Cell(1.0));
  return cells;
}

// Rows by hash, as the store keeps them.
class Rows {
 public:
  Rows(const ShippedCatalogue& catalogue, const SweepRequest& request, const SweepPoints& points,
       StoredSweep& sweep)
      : request_(request), points_(points), sweep_(sweep), catalogue_(catalogue), hasher_(catalogue) {
    for (const Axis& axis : points.axes()) paths_.push_back(axis.path);
    for (std::size_t i = 0; i < sweep.rows.size(); ++i) {
      StoredSweep::Row& row = sweep.rows[i];
      row.values.resize(sweep.axes.size());
      row.summary = row.done ? summary_ : std::vector<Cell>();
      by_hash_[row.hash] = i;
    }
  }

  Status add(std::size_t index) {
    const SweepPoint point = points_.at(index);
    const RunRequest run = point_request(request_, points_, point);
    const Result<ResolvedRun> resolved = resolve_run(catalogue_, run);
    const Result<std::string> hash =
        resolved ? hasher_.hash(run, *resolved) : ScenarioHasher::hash_of_unresolved(run, paths_, point);
    if (!hash) return hash.error();
    const auto [known, fresh] = by_hash_.emplace(*hash, sweep_.rows.size());
    if (fresh) {
      sweep_.rows.push_back(
          {.hash = *hash, .version = std::string(pregate_version()), .values = {}, .summary = {}});
      sweep_.rows.back().values.resize(sweep_.axes.size());
    }
    StoredSweep::Row& row = sweep_.rows[known->second];
    if (resolved) {
      row.seed = fmt::format("{}", resolved->scenario.policy.seed);
      row.done = true;
      row.summary = summary_;
    }
    for (std::size_t a = 0; a < point.size(); ++a) {
      const std::size_t axis = *sweep_.axis(paths_[a]);
      std::optional<Quantity>& value = row.values[axis];
      if (!value) value = value_of_kind(point[a], sweep_.axes[axis].kind);
    }
    return {};
  }

 private:
  const SweepRequest& request_;
  const SweepPoints& points_;
  StoredSweep& sweep_;
  const ShippedCatalogue& catalogue_;
  ScenarioHasher hasher_;
  const std::vector<Cell> summary_ = any_summary();
  std::vector<std::string> paths_;
  std::map<std::string, std::size_t> by_hash_;
};

}  // namespace

Result<StoredSweep> header_to_be(const SweepRequest& request) {
  StoredSweep header{.axes = {}, .keys = summary_keys(), .rows = {}};
  if (is_there(request.out)) {
    Result<StoredSweep> there = read_sweep_header(request.out);
    if (!there) return there.error();
    header.axes = std::move(there->axes);
  }
  for (const Axis& axis : request.axes) {
    if (!header.axis(axis.path)) header.axes.push_back({axis.path, kind_of(axis)});
  }
  return header;
}

Result<std::optional<StoredSweep>> sweep_to_be(const ShippedCatalogue& catalogue,
                                               const SweepRequest& request) {
  Result<StoredSweep> sweep = header_to_be(request);
  if (!sweep) return sweep.error();
  const Result<SweepPoints> points = SweepPoints::combine(request.axes, request.combine);
  if (!points) return points.error().at(request.axes_from);
  if (points->size() > kMostTried) return std::optional<StoredSweep>();
  if (is_there(request.out)) {
    Result<StoredSweep> there =
        read_sweep(request.out, {.keys = std::vector<std::string>(), .scenarios = false});
    if (!there) return there.error();
    if (there->rows.size() > kMostTried) return std::optional<StoredSweep>();
    sweep->rows = std::move(there->rows);
  }
  Rows rows(catalogue, request, *points, *sweep);
  for (std::size_t i = request.shard - 1; i < points->size(); i += request.shards) {
    if (Status added = rows.add(i); !added) return added.error();
  }
  sort_rows(*sweep);
  return std::optional(std::move(*sweep));
}

}  // namespace pregate
