// SPDX-License-Identifier: Apache-2.0
// The ablation's plots: quality, caching and time against n, d and the budget.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "experiments/ablation/results.hpp"

namespace pregate {
namespace {

using Model = std::vector<const VariantResult*>;

constexpr plot::Dash kOff = plot::Dash::dashed;

double mib(Bytes bytes) {
  return static_cast<double>(bytes.count()) / (1 << 20);
}

std::string seeds_of(const AblationResult& result) {
  return result.plan->request.seeds;
}

std::vector<Model> models_where(const AblationResult& result, bool (*wanted)(const Variant&)) {
  std::vector<Model> models = by_model(result);
  std::erase_if(models, [&](const Model& model) { return !wanted(*model.front()->variant); });
  // A line goes from left to right.
  std::stable_sort(models.begin(), models.end(), [](const Model& a, const Model& b) {
    const Variant &left = *a.front()->variant, &right = *b.front()->variant;
    return std::tuple(left.group, left.lookahead) < std::tuple(right.group, right.lookahead);
  });
  return models;
}
bool compares_groups(const Variant& v) {
  return v.lookahead == 1;
}
bool compares_distances(const Variant& v) {
  return v.group == kBaseGroup;
}

// The mean as a line, what lies between the seeds as bars.
void add_point(plot::Series& series, double x, const std::vector<double>& values) {
  if (values.empty()) return;
  const Spread spread = spread_of(values);
  series.x.push_back(x);
  series.y.push_back(spread.mean);
  series.low.push_back(spread.low);
  series.high.push_back(spread.high);
}

template <typename X>
plot::Lines quality_lines(const std::vector<Model>& models, X x_of) {
  plot::Series mean{.name = "mean of seeds", .marker = plot::Marker::none};
  plot::Series seeds{.name = "a seed", .joined = false};
  for (const Model& model : models) {
    std::vector<double> values;
    for (const VariantResult* v : model) {
      values.push_back(v->trained.bits_per_byte);
      seeds.x.push_back(x_of(*v->variant));
      seeds.y.push_back(v->trained.bits_per_byte);
    }
    mean.x.push_back(x_of(*model.front()->variant));
    mean.y.push_back(spread_of(values).mean);
  }
  return {.series = {mean, seeds}};
}

double group_of(const Variant& v) {
  return static_cast<double>(v.group);
}
double distance_of(const Variant& v) {
  return static_cast<double>(v.lookahead);
}

NamedFigure quality(const AblationResult& result) {
  const plot::Axis bits{.label = "validation", .unit = "bits a byte"};
  return {.name = "quality",
          .what = "Quality against group size and lookahead: a point a seed.",
          .figure = {
              .title = "What sharing and looking ahead cost in quality",
              .subtitle =
                  fmt::format("measured on the whole validation text after {} steps of training; seeds {}",
                              result.plan->request.recipe.steps, seeds_of(result)),
              .width = 900,
              .height = 420,
              .columns = 2,
              .share = {.y = true},
              .panels = {{.title = "layers that share a bank, at d = 1",
                          .x = {.label = "n", .unit = "layers", .min = 0, .max = 5},
                          .y = bits,
                          .content = quality_lines(models_where(result, compares_groups), group_of)},
                         {.title = "lookahead, at n = 3",
                          .x = {.label = "d", .unit = "layers", .min = 0, .max = 4},
                          .y = bits,
                          .content = quality_lines(models_where(result, compares_distances), distance_of)}}}};
}

std::string group_name(const Model& model) {
  return fmt::format("n = {}", model.front()->variant->group);
}

struct Curve {
  std::size_t device = 0;
  bool pregate = false;
  double RunFigures::*value = nullptr;
  double scale = 1;
};

// With one seed nothing lies between the seeds.
plot::Series without_empty_spread(plot::Series series) {
  if (series.low == series.high) series.low = series.high = {};
  return series;
}

// One model over the budgets.
plot::Series over_budgets(const AblationPlan& plan, const Model& model, const Curve& of) {
  plot::Series series;
  for (std::size_t budget = 0; budget < plan.budgets.size(); ++budget) {
    std::vector<double> values;
    for (const VariantResult* v : model) {
      if (const SimulatedRun* run = find_run(*v, of.device, budget, of.pregate))
        values.push_back(run->figures.*of.value * of.scale);
    }
    add_point(series, mib(plan.budgets[budget].bytes), values);
  }
  return without_empty_spread(std::move(series));
}

// Where T of the base model stands; those of the others lie close to it.
std::vector<plot::Reference> cycle_lines(const std::vector<Model>& models) {
  for (const Model& model : models) {
    if (model.front()->variant->group != kBaseGroup) continue;
    return {{.at = mib(model.front()->routing.locality.token_cycle),
             .label = fmt::format("T, n = {}", kBaseGroup)}};
  }
  return {};
}

// Without prefetch a hit is a matter of order alone: every device has the same.
plot::Panel hit_panel(const AblationPlan& plan, const std::vector<Model>& models) {
  plot::Lines lines{.references = cycle_lines(models)};
  for (std::size_t m = 0; m < models.size(); ++m) {
    const plot::Colour colour = plot::category_colour(m);
    plot::Series lru = over_budgets(plan, models[m], {0, false, &RunFigures::hit_rate, 100});
    lru.name = group_name(models[m]);
    lru.colour = colour;
    lines.series.push_back(std::move(lru));
    plot::Series opt = over_budgets(plan, models[m], {0, false, &RunFigures::opt_hit_rate, 100});
    opt.colour = colour;
    opt.marker = plot::Marker::none;
    opt.dash = plot::Dash::dotted;
    lines.series.push_back(std::move(opt));
  }
  // In the legend once, for all.
  lines.series.push_back({.name = "OPT of each",
                          .colour = plot::Colour{96, 96, 96},
                          .marker = plot::Marker::none,
                          .dash = plot::Dash::dotted});
  return {.title = "LRU without prefetch, any device",
          .x = {.label = "expert budget", .unit = "MiB"},
          .y = {.label = "decode hit rate", .unit = "%", .min = 0, .max = 100},
          .content = std::move(lines)};
}

plot::Panel rate_panel(const AblationPlan& plan, const std::vector<Model>& models, std::size_t device) {
  plot::Lines lines;
  for (std::size_t m = 0; m < models.size(); ++m) {
    plot::Series rate = over_budgets(plan, models[m], {device, true, &RunFigures::tokens_per_second, 1});
    rate.name = group_name(models[m]);
    rate.colour = plot::category_colour(m);
    lines.series.push_back(std::move(rate));
  }
  return {.title = plan.device_ids[device] + ": with pre-gating",
          .x = {.label = "expert budget", .unit = "MiB"},
          .y = {.label = "decode", .unit = "tokens/s", .min = 0},
          .content = std::move(lines)};
}

std::string simulated_on(const AblationResult& result) {
  return fmt::format("simulated; routing of trained models in the width of {}, {} layers; bars: seeds {}",
                     result.plan->request.width, result.plan->variants.front().spec.layers, seeds_of(result));
}

std::int32_t columns_for(std::size_t panels) {
  return static_cast<std::int32_t>(std::min<std::size_t>(panels, 3));
}

// A grid of panels of one size.
plot::Figure grid_of(const std::string& title, const std::string& subtitle, std::size_t panels) {
  const std::int32_t columns = columns_for(panels);
  const auto rows = (static_cast<std::int32_t>(panels) + columns - 1) / columns;
  return {.title = title,
          .subtitle = subtitle,
          .width = std::max(420 * columns, 640),
          .height = 120 + 310 * rows,
          .columns = columns};
}

NamedFigure budgets(const AblationResult& result) {
  const AblationPlan& plan = *result.plan;
  const std::vector<Model> models = models_where(result, compares_groups);
  plot::Figure figure = grid_of("Hit rate and speed against the budget, by group size (d = 1)",
                                simulated_on(result), plan.devices.size() + 1);
  figure.panels.push_back(hit_panel(plan, models));
  for (std::size_t device = 0; device < plan.devices.size(); ++device)
    figure.panels.push_back(rate_panel(plan, models, device));
  return {.name = "budgets",
          .what = "The same bytes hold a larger share of the experts where more layers share a bank.",
          .figure = std::move(figure)};
}

// A budget over the distances; at d = 0 there is only the run without pre-gating.
plot::Series over_distances(const std::vector<Model>& models, std::size_t device, std::size_t budget) {
  plot::Series series;
  for (const Model& model : models) {
    std::vector<double> values;
    for (const VariantResult* v : model) {
      if (const SimulatedRun* run = find_run(*v, device, budget, v->variant->lookahead > 0))
        values.push_back(run->figures.stall_ms_per_token);
    }
    add_point(series, distance_of(*model.front()->variant), values);
  }
  return without_empty_spread(std::move(series));
}

NamedFigure stalls(const AblationResult& result) {
  const AblationPlan& plan = *result.plan;
  const std::vector<Model> models = models_where(result, compares_distances);
  plot::Figure figure = grid_of("What is left of the stall, by lookahead (n = 3)",
                                simulated_on(result) + "; d = 0 has no pre-gating", plan.devices.size());
  for (std::size_t device = 0; device < plan.devices.size(); ++device) {
    plot::Lines lines;
    for (std::size_t budget = 0; budget < plan.budgets.size(); ++budget) {
      plot::Series series = over_distances(models, device, budget);
      series.name = fmt::format("{:.0f} % ({:.0f} MiB)", plan.budgets[budget].share * 100,
                                mib(plan.budgets[budget].bytes));
      lines.series.push_back(std::move(series));
    }
    figure.panels.push_back({.title = plan.device_ids[device],
                             .x = {.label = "d", .unit = "layers", .min = 0, .max = 4},
                             .y = {.label = "stall", .unit = "ms a token", .min = 0},
                             .content = std::move(lines)});
  }
  return {.name = "stall", .what = "Stall against lookahead, a line a budget.", .figure = std::move(figure)};
}

NamedFigure on_and_off(const AblationResult& result) {
  const AblationPlan& plan = *result.plan;
  const std::vector<Model> models = models_where(result, compares_groups);
  plot::Figure figure =
      grid_of("Pre-gating on against off (d = 1)", simulated_on(result), plan.devices.size());
  for (std::size_t device = 0; device < plan.devices.size(); ++device) {
    plot::Lines lines;
    for (std::size_t m = 0; m < models.size(); ++m) {
      for (const bool pregate : {true, false}) {
        plot::Series series =
            over_budgets(plan, models[m], {device, pregate, &RunFigures::stall_ms_per_token, 1});
        series.name = group_name(models[m]) + (pregate ? "" : ", off");
        series.colour = plot::category_colour(m);
        series.marker = pregate ? plot::Marker::circle : plot::Marker::none;
        if (!pregate) series.dash = kOff;
        lines.series.push_back(std::move(series));
      }
    }
    figure.panels.push_back({.title = plan.device_ids[device],
                             .x = {.label = "expert budget", .unit = "MiB"},
                             .y = {.label = "stall", .unit = "ms a token", .min = 0},
                             .content = std::move(lines)});
  }
  return {.name = "on-off",
          .what = "Stall with pre-gating (solid) and without it (dashed) on the same routing.",
          .figure = std::move(figure)};
}

}  // namespace

std::vector<NamedFigure> figures_of(const AblationResult& result) {
  return {quality(result), budgets(result), stalls(result), on_and_off(result)};
}

}  // namespace pregate
