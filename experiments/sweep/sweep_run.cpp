// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/sweep_run.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <tuple>

#include "experiments/sweep/point_answer.hpp"
#include "experiments/sweep/scenario_hash.hpp"
#include "experiments/sweep/store.hpp"
#include "experiments/workers.hpp"
#include "sim/simulator.hpp"

namespace pregate {
namespace {

// What names a routing or a scenario, short: there may be very many.
using Digest = std::array<std::uint64_t, 2>;

Digest digest_of(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

// A scenario that has no row yet.
struct Pending {
  std::size_t index = 0;  // of its point
  Digest hash = {};
  std::uint32_t routing = 0;  // which of the routings
  bool resolves = false;      // false: a point that makes no scenario
};

constexpr std::uint32_t kNoRouting = UINT32_MAX;

// Tries each value of each axis, so that a unit that does not fit is an error before anything has run: beside
// the first values of the other axes, and if these do not go with it, beside the last ones. The files that it
// names are read as well.
Status check_values(const ShippedCatalogue& catalogue, const SweepRequest& request, const SweepPoints& points,
                    ScenarioHasher& hasher) {
  for (std::size_t a = 0; a < points.axes().size(); ++a) {
    const Axis& axis = points.axes()[a];
    std::vector<Quantity> values = axis.values;
    if (axis.range) values = {axis.range->low, axis.range->high};  // between them are more of the kind
    for (const Quantity& value : values) {
      const auto fits = [&](std::size_t beside) {
        SweepPoint point = points.at(beside);
        point[a] = value;
        const RunRequest tried = point_request(request, points, point);
        const Result<ResolvedRun> run = resolve_run(catalogue, tried);
        if (!run) return Result<std::string>(run.error());
        if (Status shareable = check_shareable(*run); !shareable)
          return Result<std::string>(shareable.error());
        return hasher.hash(tried, *run);
      };
      const Result<std::string> first = fits(0);
      if (!first && !fits(points.size() - 1)) return first.error();
    }
  }
  return {};
}

class SweepRun {
 public:
  SweepRun(const ShippedCatalogue& catalogue, const SweepRequest& request, const SweepHooks& hooks,
           SweepPoints points, SweepStore store, ScenarioHasher hasher)
      : catalogue_(catalogue),
        request_(request),
        hooks_(hooks),
        points_(std::move(points)),
        store_(std::move(store)),
        hasher_(std::move(hasher)),
        share_(catalogue, request.threads) {
    for (const Axis& axis : points_.axes()) paths_.push_back(axis.path);
  }

  Result<SweepOutcome> run() {
    const auto begin = std::chrono::steady_clock::now();
    if (Status added = store_.add_axes(stored_axes()); !added) return added.error();
    outcome_.scenarios = of_shard(points_.size());
    if (Status found = find_pending(); !found) return found.error();
    const Status ran = run_in_workers(
        pending_.size(), [this](std::size_t i) { return simulate_point(i); },
        [this](std::size_t i, Result<std::string> answer) { return keep(i, answer); },
        {.at_once = request_.jobs,
         .stop =
             [this] {
               outcome_.stopped = outcome_.stopped || (hooks_.stop && hooks_.stop());
               return outcome_.stopped;
             },
         .idle = [this] { show(); },
         .before = [this](std::size_t i) { prepare(i); }});
    if (!ran) return ran.error();
    outcome_.stopped = outcome_.left() > 0;  // not where it was asked for at the end
    outcome_.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return outcome_;
  }

 private:
  [[nodiscard]] std::int64_t of_shard(std::size_t points) const {
    const std::size_t first = request_.shard - 1;
    return points <= first ? 0 : static_cast<std::int64_t>((points - first - 1) / request_.shards + 1);
  }
  [[nodiscard]] RunRequest request_at(std::size_t index) const {
    return point_request(request_, points_, points_.at(index));
  }

  [[nodiscard]] std::vector<StoredAxis> stored_axes() const {
    std::vector<StoredAxis> axes;
    for (const Axis& axis : points_.axes()) axes.push_back({axis.path, kind_of(axis)});
    return axes;
  }

  // In order of their routing, so that one is held at a time; rows do not depend on the order.
  Status find_pending() {
    for (std::size_t i = request_.shard - 1; i < points_.size(); i += request_.shards) {
      outcome_.stopped = hooks_.stop && hooks_.stop();
      if (outcome_.stopped) break;
      const Result<bool> done = look_up(i);
      if (!done) return done.error();
      outcome_.before += *done ? 1 : 0;
      show();
    }
    leave_out_twins();
    std::sort(pending_.begin(), pending_.end(), [](const Pending& a, const Pending& b) {
      return std::tie(a.routing, a.index) < std::tie(b.routing, b.index);
    });
    return {};
  }

  // Whether there is a row of the scenario; without one it is pending.
  Result<bool> look_up(std::size_t i) {
    const RunRequest request = request_at(i);
    const Result<ResolvedRun> run = resolve_run(catalogue_, request);
    Pending pending{.index = i, .hash = {}, .routing = kNoRouting, .resolves = run.ok()};
    std::string hash = ScenarioHasher::hash_of_unresolved(request, paths_, points_.at(i));
    if (run) {
      const Result<std::string> known = hasher_.hash(request, *run);
      if (!known) return known.error();
      hash = *known;
      const Result<bool> done = store_.has_done(hash);
      if (!done) return done.error();
      if (*done) {
        const Status noted = store_.note_point(hash, paths_, points_.at(i));
        if (!noted) return noted.error();
        return true;
      }
      const auto next = static_cast<std::uint32_t>(routings_.size());
      pending.routing = routings_.emplace(digest_of(run->scenario.routing_text), next).first->second;
    }
    pending.hash = digest_of(hash);
    pending_.push_back(pending);
    return false;
  }

  // Points of a sample may coincide: one scenario is one row, and is simulated once, as the first of them.
  void leave_out_twins() {
    std::sort(pending_.begin(), pending_.end(), [](const Pending& a, const Pending& b) {
      return std::tie(a.hash, a.index) < std::tie(b.hash, b.index);
    });
    const auto end = std::unique(pending_.begin(), pending_.end(),
                                 [](const Pending& a, const Pending& b) { return a.hash == b.hash; });
    outcome_.twins = pending_.end() - end;
    pending_.erase(end, pending_.end());
  }

  // In this process, before the worker of `i` is forked: a routing that more than one scenario replays is
  // loaded here.
  void prepare(std::size_t i) {
    const bool shared = i + 1 < pending_.size() && pending_[i + 1].routing == pending_[i].routing;
    if (!shared || !pending_[i].resolves || tried_ == pending_[i].routing) return;
    tried_ = pending_[i].routing;
    const RunRequest request = request_at(pending_[i].index);
    const Result<ResolvedRun> run = resolve_run(catalogue_, request);
    // What fails here fails again in each worker, which says it in its row.
    if (run) static_cast<void>(share_.get(request, *run));
  }

  // In a worker. The answer is a JSON object: the summary's row and the wall time, or an error.
  std::string simulate_point(std::size_t i) {
    store_.forget_in_child();
    return answer_point(catalogue_, request_at(pending_[i].index), share_);
  }

  // Back in this process: the row of a scenario that has ended.
  Status keep(std::size_t i, const Result<std::string>& answer) {
    const RunRequest request = request_at(pending_[i].index);
    SweepRow row{.version = std::string(pregate_version())};
    row.paths = paths_;
    row.values = points_.at(pending_[i].index);
    row.hash = ScenarioHasher::hash_of_unresolved(request, row.paths, row.values);
    if (const Result<ResolvedRun> run = resolve_run(catalogue_, request)) {
      const Result<std::string> hash = hasher_.hash(request, *run);
      if (!hash) return hash.error();
      row.hash = *hash;
      row.scenario = run->scenario.text;
      row.seed = fmt::format("{}", run->scenario.policy.seed);
    }
    PointAnswer read = read_answer(answer);
    row.done = read.error.empty();
    row.error = std::move(read.error);
    row.wall_s = read.wall_s;
    row.summary = std::move(read.summary);
    outcome_.done += row.done ? 1 : 0;
    if (!row.done) count_failure(row.error);
    if (Status added = store_.add(row); !added) return added;
    show();
    return {};
  }

  void count_failure(const std::string& cause) {
    ++outcome_.failed;
    std::vector<std::string>& causes = outcome_.causes;
    if (causes.size() < kCausesTold && std::find(causes.begin(), causes.end(), cause) == causes.end())
      causes.push_back(cause);
  }

  void show() const {
    if (hooks_.progress)
      hooks_.progress(outcome_.scenarios - outcome_.left(), outcome_.scenarios, outcome_.failed);
  }

  const ShippedCatalogue& catalogue_;
  const SweepRequest& request_;
  const SweepHooks& hooks_;
  SweepPoints points_;
  SweepStore store_;
  ScenarioHasher hasher_;
  RoutingShare share_;
  std::vector<std::string> paths_;  // of the axes
  std::map<Digest, std::uint32_t> routings_;
  std::vector<Pending> pending_;
  std::optional<std::uint32_t> tried_;  // the routing that was loaded last, or could not be
  SweepOutcome outcome_;
};

}  // namespace

RunRequest point_request(const SweepRequest& request, const SweepPoints& points, const SweepPoint& point) {
  RunRequest run = request.base;
  for (std::size_t a = 0; a < point.size(); ++a)
    run.point.push_back({request.axes_from, points.axes()[a].path, point[a].text()});
  return run;
}

Result<SweepPoints> check_sweep(const ShippedCatalogue& catalogue, const SweepRequest& request,
                                ScenarioHasher& hasher) {
  Result<SweepPoints> points = SweepPoints::combine(request.axes, request.combine);
  if (!points) return points.error().at(request.axes_from);
  if (Status fit = check_values(catalogue, request, *points, hasher); !fit) return fit.error();
  return points;
}

Result<SweepOutcome> run_sweep(const ShippedCatalogue& catalogue, const SweepRequest& request,
                               const SweepHooks& hooks) {
  ScenarioHasher hasher(catalogue);
  Result<SweepPoints> points = check_sweep(catalogue, request, hasher);
  if (!points) return points.error();
  Result<SweepStore> store = SweepStore::open(request.out);
  if (!store) return store.error();
  return SweepRun(catalogue, request, hooks, std::move(*points), std::move(*store), std::move(hasher)).run();
}

}  // namespace pregate
