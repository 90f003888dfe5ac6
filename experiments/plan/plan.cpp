// SPDX-License-Identifier: Apache-2.0
#include "experiments/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>

#include "experiments/scaling.hpp"
#include "experiments/sweep/point_answer.hpp"
#include "experiments/sweep/selection.hpp"
#include "experiments/workers.hpp"
#include "sim/residency/event_sequence.hpp"
#include "sim/runtime/cache_setup.hpp"
#include "sim/simulator.hpp"

namespace pregate {
namespace {

// Values of a range without a count; fewer of each where there are two.
constexpr std::size_t kSteps = 256, kStepsOfTwo = 64;
constexpr double kBetter = 1.1;
constexpr double kNone = std::numeric_limits<double>::infinity();

using At = std::vector<std::size_t>;

class Planner {
 public:
  Planner(const ShippedCatalogue& catalogue, const PlanRequest& request,
          const std::function<void(std::int64_t)>& progress)
      : catalogue_(catalogue), request_(request), progress_(progress), share_(catalogue, request.threads) {}

  Result<Plan> make() {
    const auto begin = std::chrono::steady_clock::now();
    plan_.targets = request_.targets;
    if (Status read = read_axes(); !read) return read.error();
    if (Status priced = read_prices(); !priced) return priced.error();
    if (Status searched = plan_.axes.size() == 1 ? search_line({}, candidates_of(0)) : search_plane();
        !searched)
      return searched.error();
    collect();
    choose();
    if (request_.sensitivity && plan_.answer) {
      if (Status asked = ask_sensitivity(); !asked) return asked.error();
    }
    plan_.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] std::size_t candidates_of(std::size_t axis) const { return plan_.axes[axis].values.size(); }

  Status read_axes() {
    if (request_.over.empty() || request_.over.size() > 2)
      return bad_input("one or two parameters, as in --over dram.expert_budget=256MiB..6GiB",
                       request_.over.empty() ? "none" : fmt::format("{}", request_.over.size()))
          .at("--over");
    const Result<BudgetRange> budget = budget_range();
    if (!budget) return budget.error();
    for (const std::string& over : request_.over) {
      const std::string path = over.substr(0, over.find('='));
      const bool high = std::find(request_.high_first.begin(), request_.high_first.end(), path) !=
                        request_.high_first.end();
      Result<PlanAxis> axis =
          plan_axis(over, high, request_.over.size() == 1 ? kSteps : kStepsOfTwo, *budget);
      if (!axis) return axis.error().at("--over");
      plan_.axes.push_back(std::move(*axis));
    }
    if (plan_.axes.size() == 2 && plan_.axes[0].path == plan_.axes[1].path)
      return bad_input("two different parameters", fmt::format("{} twice", plan_.axes[0].path)).at("--over");
    for (const std::string& path : request_.high_first) {
      if (!axis_of(path))
        return bad_input("a parameter of --over", fmt::format("\"{}\"", path)).at("--high-first");
    }
    return check_ends();
  }

  // The sizes that bound a budget, asked only where it is named without a range.
  Result<BudgetRange> budget_range() {
    if (std::find(request_.over.begin(), request_.over.end(), "dram.expert_budget") == request_.over.end())
      return BudgetRange{};
    const Result<ResolvedRun> run = resolve_run(catalogue_, request_.base);
    if (!run) return run.error();
    const Result<Workload> workload = share_.get(request_.base, *run);
    if (!workload) return workload.error();
    const Result<ModelShape> shape = costed_shape(run->scenario, workload->trace->header);
    if (!shape) return shape.error();
    const ExpertTable table(*shape);
    const EventSequence sequence(*workload->trace, table);
    return BudgetRange{sequence.largest_event(table), shape->all_experts_bytes()};
  }

  // A unit that does not fit is told before anything is simulated.
  Status check_ends() {
    for (std::size_t a = 0; a < plan_.axes.size(); ++a) {
      for (const std::size_t end : {std::size_t{0}, candidates_of(a) - 1}) {
        At at(plan_.axes.size(), 0);
        at[a] = end;
        const Result<ResolvedRun> run = resolve_run(catalogue_, request_at(at));
        if (!run) return run.error();
      }
    }
    return {};
  }

  [[nodiscard]] PlanAxis* axis_of(const std::string& path) {
    const auto found =
        std::find_if(plan_.axes.begin(), plan_.axes.end(), [&](const PlanAxis& a) { return a.path == path; });
    return found == plan_.axes.end() ? nullptr : &*found;
  }

  // PATH=AMOUNT/UNIT: dram.expert_budget=3.5/GiB.
  Status read_prices() {
    for (const std::string& text : request_.prices) {
      const auto wrong = [&text] {
        return bad_input("PATH=AMOUNT/UNIT of a parameter of --over, such as dram.expert_budget=3.5/GiB",
                         fmt::format("\"{}\"", text))
            .at("--price");
      };
      const Result<PathValue> given = split_assignment(text);
      const std::size_t slash = given ? given->value.find('/') : std::string::npos;
      PlanAxis* axis = given ? axis_of(given->path) : nullptr;
      if (axis == nullptr) return wrong();
      const Quantity amount = Quantity::parse(given->value.substr(0, slash));
      std::string unit = slash == std::string::npos ? "1" : given->value.substr(slash + 1);
      if (unit.empty() || unit[0] < '0' || unit[0] > '9') unit = "1" + unit;
      const Quantity per = Quantity::parse(unit);
      if (amount.kind() != Quantity::Kind::number || amount.value() < 0 || per.value() <= 0 ||
          per.kind() != axis->values[0].kind())
        return wrong();
      axis->price = amount.value();
      axis->price_unit = per;
      if (!std::isfinite(cost_of_value(*axis, axis->values.back()))) return wrong();
      if (std::find(request_.high_first.begin(), request_.high_first.end(), axis->path) !=
          request_.high_first.end())
        return bad_input("a price or --high-first, which both say what is cheap", axis->path).at("--price");
      // The search goes by position: what costs less comes first.
      std::sort(axis->values.begin(), axis->values.end());
    }
    const auto priced = std::count_if(plan_.axes.begin(), plan_.axes.end(),
                                      [](const PlanAxis& a) { return a.price.has_value(); });
    if (priced == 0 || static_cast<std::size_t>(priced) == plan_.axes.size()) return {};
    return bad_input("a price for each parameter, or for none",
                     fmt::format("{} of {}", priced, plan_.axes.size()))
        .at("--price");
  }

  [[nodiscard]] RunRequest request_at(const At& at) const {
    RunRequest request = request_.base;
    for (std::size_t a = 0; a < at.size(); ++a)
      request.point.push_back({"--over", plan_.axes[a].path, plan_.axes[a].values[at[a]].text()});
    return request;
  }

  // Candidates of the first axis beside fixed values of the others.
  Status search_line(const At& others, std::size_t candidates) {
    const auto full = [&others](std::size_t first) {
      At at = {first};
      at.insert(at.end(), others.begin(), others.end());
      return at;
    };
    const Scorer score = [&](const std::vector<std::size_t>& looks) -> Result<std::vector<double>> {
      std::vector<At> points;
      for (const std::size_t look : looks) points.push_back(full(look));
      if (Status simulated = simulate_all(points); !simulated) return simulated.error();
      std::vector<double> scores;
      for (const At& at : points) scores.push_back(points_.at(at).shortfall);
      return scores;
    };
    const Result<SearchResult> found =
        find_first(candidates, score, {.at_once = request_.jobs, .all = request_.all});
    if (!found) return found.error();
    plan_.candidates += static_cast<std::int64_t>(candidates);
    plan_.unseen += static_cast<std::int64_t>(found->unseen);
    plan_.monotone = plan_.monotone && found->monotone;
    if (found->first) reaching_.push_back(full(*found->first));
    return {};
  }

  // For each value of the second axis the cheapest of the first that reaches; only what undercuts those
  // before can matter.
  Status search_plane() {
    std::size_t candidates = candidates_of(0);
    for (std::size_t second = 0; second < candidates_of(1) && candidates > 0; ++second) {
      if (Status searched = search_line({second}, candidates); !searched) return searched;
      if (!reaching_.empty()) candidates = std::min(candidates, reaching_.back()[0]);
    }
    return {};
  }

  Status simulate_all(const std::vector<At>& points) {
    if (points.empty()) return {};
    return run_in_workers(
        points.size(), [&](std::size_t i) { return answer_point(catalogue_, request_at(points[i]), share_); },
        [&](std::size_t i, const Result<std::string>& answer) {
          PointAnswer read = read_answer(answer);
          PlanPoint point{
              .at = points[i], .error = read.error, .summary = std::move(read.summary), .shortfall = 0};
          point.shortfall = shortfall(plan_.targets, point.summary);
          points_[points[i]] = std::move(point);
          if (progress_) progress_(static_cast<std::int64_t>(points_.size()));
          return Status();
        },
        {.at_once = request_.jobs, .before = [&](std::size_t i) { prepare(points[i]); }});
  }

  // Routing that points share is loaded here, once; what fails here fails again in the worker, which says it.
  void prepare(const At& at) {
    const RunRequest request = request_at(at);
    if (const Result<ResolvedRun> run = resolve_run(catalogue_, request))
      static_cast<void>(share_.get(request, *run));
  }

  // In order: the first axis changes fastest.
  void collect() {
    for (auto& [at, point] : points_) {
      plan_.failed += point.error.empty() ? 0 : 1;
      plan_.seen.push_back(std::move(point));
    }
    std::sort(plan_.seen.begin(), plan_.seen.end(), [](const PlanPoint& a, const PlanPoint& b) {
      return std::lexicographical_compare(a.at.rbegin(), a.at.rend(), b.at.rbegin(), b.at.rend());
    });
    const auto nearest =
        std::min_element(plan_.seen.begin(), plan_.seen.end(),
                         [](const PlanPoint& a, const PlanPoint& b) { return a.shortfall < b.shortfall; });
    plan_.best = static_cast<std::size_t>(nearest - plan_.seen.begin());
    for (const At& at : reaching_) {
      const auto found =
          std::find_if(plan_.seen.begin(), plan_.seen.end(), [&](const PlanPoint& p) { return p.at == at; });
      plan_.frontier.push_back(static_cast<std::size_t>(found - plan_.seen.begin()));
    }
  }

  static double cost_of_value(const PlanAxis& axis, const Quantity& value) {
    return *axis.price * value.value() / axis.price_unit->value();
  }

  // By price; without prices by how far into the ranges the values lie, taken together.
  [[nodiscard]] double cost_of(const PlanPoint& point) const {
    double cost = 0;
    for (std::size_t a = 0; a < plan_.axes.size(); ++a) {
      const PlanAxis& axis = plan_.axes[a];
      cost += axis.price ? cost_of_value(axis, axis.values[point.at[a]])
                         : static_cast<double>(point.at[a]) /
                               static_cast<double>(std::max<std::size_t>(axis.values.size() - 1, 1));
    }
    return cost;
  }

  void choose() {
    for (const std::size_t i : plan_.frontier) {
      if (!plan_.answer || cost_of(plan_.seen[i]) < cost_of(plan_.seen[*plan_.answer])) plan_.answer = i;
    }
    if (plan_.answer && plan_.axes[0].price) plan_.cost = cost_of(plan_.seen[*plan_.answer]);
  }

  Status ask_sensitivity() {
    const PlanPoint& answer = plan_.seen[*plan_.answer];
    const RunRequest request = request_at(answer.at);
    const Result<ResolvedRun> run = resolve_run(catalogue_, request);
    if (!run) return run.error();
    const std::vector<DeviceParameter> parameters = device_parameters(run->scenario);
    for (const DeviceParameter& parameter : parameters) {
      plan_.sensitivity.push_back({.name = parameter.name,
                                   .before = parameter.value,
                                   .after = improved(run->scenario, parameter, kBetter).after.value,
                                   .path = parameter.path,
                                   .value = {},
                                   .better = {},
                                   .error = {}});
    }
    const Status ran = run_in_workers(
        parameters.size(),
        [&](std::size_t i) {
          return answer_point(catalogue_, request, share_, [&](Scenario& scenario) {
            scenario = improved(scenario, parameters[i], kBetter).scenario;
          });
        },
        [&](std::size_t i, const Result<std::string>& text) {
          const PointAnswer read = read_answer(text);
          SensitivityRow& row = plan_.sensitivity[i];
          row.error = read.error;
          const std::string& key = plan_.targets[0].key;
          row.value = value_of(read.summary, key);
          const auto before = value_of(answer.summary, key);
          if (row.value && before && *before != 0)
            row.better = (*row.value / *before - 1) * (plan_.targets[0].at_least ? 1 : -1);
          return Status();
        },
        {.at_once = request_.jobs, .before = [&](std::size_t) { prepare(answer.at); }});
    std::stable_sort(plan_.sensitivity.begin(), plan_.sensitivity.end(),
                     [](const SensitivityRow& a, const SensitivityRow& b) {
                       return a.better.value_or(-kNone) > b.better.value_or(-kNone);
                     });
    return ran;
  }

  const ShippedCatalogue& catalogue_;
  const PlanRequest& request_;
  const std::function<void(std::int64_t)>& progress_;
  RoutingShare share_;
  std::map<At, PlanPoint> points_;
  std::vector<At> reaching_;  // for each value of the second axis that has one, the first that reaches
  Plan plan_;
};

}  // namespace

Result<Plan> make_plan(const ShippedCatalogue& catalogue, const PlanRequest& request,
                       const std::function<void(std::int64_t done)>& progress) {
  return Planner(catalogue, request, progress).make();
}

}  // namespace pregate
