// SPDX-License-Identifier: Apache-2.0
#include "experiments/validation/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "experiments/validation/errors.hpp"
#include "experiments/validation/machine.hpp"
#include "sim/simulator.hpp"
#include "traces/replay.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

// What a cell is, as both worlds take it.
Result<Scenario> scenario_of(const ShippedCatalogue& catalogue, const ValidationCase& of,
                             const GridOptions& options) {
  ScenarioDocument document;
  const std::string assignments[] = {
      fmt::format("device.id={}", options.device),
      fmt::format("dram.expert_budget={}B", of.budget.count()),
      fmt::format("runtime.io_lanes={}", of.lanes),
      "runtime.room=request",
      fmt::format("runtime.npu={}", options.measured_npu ? "measured" : "device"),
      fmt::format("policy.eviction={}", to_text(of.eviction)),
      fmt::format("policy.prefetch={}", to_text(of.prefetch)),
  };
  for (const std::string& assignment : assignments) {
    if (Status set = document.set(assignment); !set) return set.error();
  }
  return document.resolve(catalogue);
}

std::vector<ValidationCase> cases_of(const OpenedStream& stream, const GridAxes& axes) {
  const Bytes all = stream.pack.stride * (stream.pack.banks * stream.pack.experts);
  std::vector<ValidationCase> cases;
  for (const double share : axes.budgets) {
    // Whole experts, as many as the share holds.
    const auto experts = static_cast<std::int64_t>(
        std::floor(share * static_cast<double>(stream.pack.banks * stream.pack.experts)));
    const Bytes budget = std::min(stream.pack.stride * experts, all);
    for (const PrefetchKind prefetch : axes.prefetches) {
      for (const std::int32_t lanes : axes.lanes) {
        for (const EvictionKind eviction : axes.evictions) {
          cases.push_back({.model = stream.model.spec.name,
                           .budget_share = share,
                           .budget = budget,
                           .prefetch = prefetch,
                           .lanes = lanes,
                           .eviction = eviction});
        }
      }
    }
  }
  return cases;
}

// Of the same lanes in the same order.
std::vector<PlainRead> mean_of(std::vector<PlainRead> before, const std::vector<PlainRead>& after) {
  for (std::size_t i = 0; i < before.size(); ++i) before[i].mib_s = (before[i].mib_s + after[i].mib_s) / 2;
  return before;
}

class Grid {
 public:
  Grid(const ShippedCatalogue& catalogue, const OpenedStream& stream, const LiveOptions& live,
       const GridOptions& options)
      : catalogue_(catalogue), stream_(stream), live_(live), options_(options) {}

  Result<Validation> run() {
    for (const ValidationCase& of : cases_of(stream_, options_.axes)) {
      Result<Scenario> scenario = scenario_of(catalogue_, of, options_);
      if (!scenario) return scenario.error().at(case_text(of));
      scenarios_.push_back(std::move(*scenario));
      validation_.cells.push_back({.of = of, .predicted = {}, .measured = {}});
    }
    Result<ExpertPool> pool = ExpertPool::create(
        stream_.pack.stride, static_cast<std::size_t>(stream_.pack.banks * stream_.pack.experts));
    if (!pool) return pool.error();
    pool_.emplace(std::move(*pool));
    if (Status done = prepare_resident(); !done) return done.error();
    // First of all, so that a cell that cannot run is told before anything is measured.
    for (std::size_t cell = 0; cell < scenarios_.size(); ++cell) {
      if (const Status done = predict(cell); !done) return named(done.error(), cell);
    }
    const Result<std::vector<PlainRead>> before = plain_reads();
    if (!before) return before.error();
    total_ = static_cast<std::int64_t>(scenarios_.size()) * options_.repeats;
    for (int kept = 0, tried = 0; kept < options_.repeats; ++tried) {
      const bool last_chance = tried + options_.repeats - kept >= kMostTries * options_.repeats;
      for (std::size_t cell = 0; cell < scenarios_.size(); ++cell) {
        const Status ran = run_cell(cell);
        if (!ran) return named(ran.error(), cell);
      }
      if (Status ran = run_resident(); !ran) return ran.error();
      if (was_steady() || last_chance) {
        ++kept;
      } else {
        drop_repeat();
      }
    }
    const Result<std::vector<PlainRead>> after = plain_reads();
    if (!after) return after.error();
    validation_.head.plain_reads = mean_of(*before, *after);
    return std::move(validation_);
  }

 private:
  static constexpr int kMostTries = 2, kFirstRuns = 3;

  // The last repeat, by the resident runs on either side of it: nothing of prediction or disk is asked.
  [[nodiscard]] bool was_steady() const {
    const std::vector<ResidentRun>& runs = validation_.head.resident;
    if (options_.steady == 0 || runs.size() <= kFirstRuns) return true;
    std::array<double, kFirstRuns> first{};
    for (std::size_t i = 0; i < first.size(); ++i) first[i] = runs[i].tokens_s;
    std::sort(first.begin(), first.end());
    return std::all_of(runs.end() - 2, runs.end(), [&](const ResidentRun& run) {
      return std::abs(run.tokens_s / first[kFirstRuns / 2] - 1) <= options_.steady;
    });
  }
  void drop_repeat() {
    for (ValidationCell& cell : validation_.cells) cell.measured.pop_back();
    done_ -= static_cast<std::int64_t>(validation_.cells.size());
    ++validation_.head.dropped;
  }
  [[nodiscard]] Error named(Error error, std::size_t cell) const {
    const std::string where = case_text(validation_.cells[cell].of);
    error.place = error.place.empty() ? where : fmt::format("{}: {}", where, error.place);
    return error;
  }

  StreamOptions stream_options() {
    return {.open_disk = {},
            .engine = options_.engine,
            .pool = &*pool_,
            .verify = options_.verify,
            .future = routing_.get(),
            .provenance = stream_.provenance,
            .prompt = {},
            .progress = [this](std::int64_t) { return !options_.stop || !options_.stop(); }};
  }

  // Everything in memory from the start: the tokens that all others must give, and the routing that is
  // simulated. Once before, so that no first touch of anything is measured, and again after each repeat,
  // which tells how steady the machine is.
  Status prepare_resident() {
    ValidationCase of = validation_.cells.front().of;
    of.budget = stream_.pack.stride * (stream_.pack.banks * stream_.pack.experts);
    of.prefetch = PrefetchKind::none;
    of.eviction = EvictionKind::lru;
    Result<Scenario> scenario = scenario_of(catalogue_, of, options_);
    if (!scenario) return scenario.error();
    scenario->preload = Preload::all;
    resident_ = std::move(*scenario);
    LiveOptions live = live_;
    live.max_tokens = std::min<std::int64_t>(live_.max_tokens, 4);
    if (const auto warm = stream_run(stream_.streamed(), resident_, live, stream_options()); !warm)
      return warm.error();
    for (int i = 0; i < kFirstRuns; ++i) {
      if (Status ran = run_resident(); !ran) return ran;
    }
    return {};
  }

  Status run_resident() {
    Result<StreamResult> resident = stream_run(stream_.streamed(), resident_, live_, stream_options());
    if (!resident) return resident.error();
    ValidationHead& head = validation_.head;
    head.engine = to_text(resident->engine);
    const double rate = tokens_per_second(resident->run.summary.decode);
    if (rate > 0) head.resident.push_back({rate});
    if (!tokens_.empty()) return check_tokens(resident->tokens);
    tokens_ = std::move(resident->tokens);
    routing_ = std::move(resident->routing);
    Replay replay(routing_);
    const Result<RunRecord> predicted = simulate(resident_, replay, {.keep_details = false, .progress = {}});
    if (!predicted) return predicted.error();
    head.resident_predicted = tokens_per_second(predicted->summary.decode);
    return {};
  }

  Status run_cell(std::size_t index) {
    ValidationCell& cell = validation_.cells[index];
    if (options_.progress) options_.progress(done_++, total_);
    const auto begin = std::chrono::steady_clock::now();
    Result<StreamResult> measured =
        stream_run(stream_.streamed(), scenarios_[index], live_, stream_options());
    if (!measured) return measured.error();
    cell.wall_s += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (Status same = check_tokens(measured->tokens); !same) return same;
    cell.measured.push_back(std::move(measured->run.summary));
    return {};
  }

  Status predict(std::size_t index) {
    if (options_.stop && options_.stop()) return run_failed("", "a grid to its end", "an interruption");
    const std::unique_ptr<RoutingSource> source = std::make_unique<Replay>(routing_);
    Result<RunRecord> predicted =
        simulate(scenarios_[index], *source, {.keep_details = false, .progress = {}});
    if (!predicted) return predicted.error();
    validation_.cells[index].predicted = std::move(predicted->summary);
    return {};
  }

  [[nodiscard]] Result<std::vector<PlainRead>> plain_reads() const {
    return plain_read_rates(stream_, options_.axes.lanes, options_.stop);
  }

  Status check_tokens(const std::vector<std::int32_t>& tokens) const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (i < tokens.size() && tokens[i] == tokens_[i]) continue;
      return run_failed("", fmt::format("the token {}, as with every expert in memory", tokens_[i]),
                        i < tokens.size() ? fmt::format("{}", tokens[i]) : "none")
          .at("", fmt::format("generated token {}", i));
    }
    return {};
  }

  const ShippedCatalogue& catalogue_;
  const OpenedStream& stream_;
  const LiveOptions& live_;
  const GridOptions& options_;
  Validation validation_;
  std::optional<ExpertPool> pool_;   // of all runs, one after another
  Scenario resident_;                // everything in memory from the start
  std::vector<Scenario> scenarios_;  // by cell
  std::vector<std::int32_t> tokens_;
  std::shared_ptr<const RouteTrace> routing_;
  std::int64_t done_ = 0, total_ = 0;
};

}  // namespace

Result<Validation> run_grid(const ShippedCatalogue& catalogue, const OpenedStream& stream,
                            const LiveOptions& live, const GridOptions& options) {
  Result<Validation> validation = Grid(catalogue, stream, live, options).run();
  if (!validation) return validation;
  ValidationHead& head = validation->head;
  head.version = pregate_version();
  head.date = today();
  head.machine = machine_text(stream.file);
  head.device = options.device;
  head.npu = options.measured_npu ? "measured" : "device";
  return validation;
}

}  // namespace pregate
