// SPDX-License-Identifier: Apache-2.0
// The report of `pregate trace reuse` as one picture of four panels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/reuse_view.hpp"
#include "experiments/table.hpp"

namespace pregate {
namespace {

double mib_of(double bytes) {
  return bytes / (1 << 20);
}
double mib_of(Bytes bytes) {
  return mib_of(static_cast<double>(bytes.count()));
}

std::vector<plot::Reference> cycle_line(const ReuseReport& report) {
  if (report.cycle == Bytes()) return {};
  return {{.at = mib_of(report.cycle), .label = fmt::format("T = {}", to_text(report.cycle))}};
}

// Exact at every point: 160 budgets to a factor of ten are finer than the picture.
plot::Series lru_series(const ReuseReport& report) {
  constexpr double kStep = 1.0145;
  const std::vector<ReuseBin> bins = byte_bins(report);
  plot::Series series{.name = "LRU hits", .marker = plot::Marker::none};
  const auto add = [&](std::int64_t budget) {
    series.x.push_back(mib_of(Bytes(budget)));
    series.y.push_back(100 * ratio(report.summary.lru_hits(Bytes(budget)), report.summary.lookups));
  };
  const std::int64_t last = bins.back().up_to.count();
  std::int64_t budget = bins.front().up_to.count();
  while (budget < last) {
    add(budget);
    budget = std::max(budget + 1, static_cast<std::int64_t>(std::ceil(static_cast<double>(budget) * kStep)));
  }
  add(last);
  return series;
}

plot::Panel curve_panel(const ReuseReport& report) {
  plot::Lines lines{.series = {lru_series(report)}, .references = cycle_line(report), .notes = {}};
  const LruAdvice advice = *lru_advice(report);
  const double most = 100 * ratio(advice.most_hits, report.summary.lookups);
  lines.references.push_back({.direction = plot::Reference::Direction::horizontal,
                              .at = most,
                              .label = fmt::format("most: {:.1f} %", most)});
  plot::Series marks{.name = {}, .joined = false, .colour = plot::Colour{0, 0, 0}};
  marks.marker = plot::Marker::circle;
  for (const auto& [share, budget] :
       {std::pair<const char*, Bytes>{"half of it", advice.half}, {"90 % of it", advice.ninety}}) {
    marks.x.push_back(mib_of(budget));
    marks.y.push_back(100 * ratio(report.summary.lru_hits(budget), report.summary.lookups));
    lines.notes.push_back({.x = marks.x.back(),
                           .y = marks.y.back(),
                           .text = fmt::format("{}: {} MiB", share, mib_text(budget))});
  }
  lines.series.push_back(std::move(marks));
  return {.title = "What an LRU hits",
          .note = "the reuse distances, summed up to each budget",
          .x = {.label = "expert budget", .unit = "MiB", .scale = plot::Scale::log2},
          .y = {.label = "hit rate", .unit = "%", .min = 0, .max = 100},
          .content = std::move(lines)};
}

plot::Panel bins_panel(const ReuseReport& report) {
  plot::StackedBars bars;
  plot::BarPart again{.name = "used again", .values = {}}, first{.name = "first use", .values = {}};
  const char* unit = report.cycle > Bytes() ? "T" : "a step";
  const auto add = [&](std::string name, std::int64_t reuses, std::int64_t firsts) {
    bars.categories.push_back(std::move(name));
    again.values.push_back(100 * ratio(reuses, report.summary.lookups));
    first.values.push_back(100 * ratio(firsts, report.summary.lookups));
  };
  for (const ReuseBin& bin : byte_bins(report))
    add(fmt::format("{:g} {}", static_cast<double>(bin.quarters) / 4, unit), bin.lookups, 0);
  add("first use", 0, report.summary.first_uses);
  bars.parts = {std::move(again), std::move(first)};
  return {.title = "Reuse distance",
          .note = "distinct experts touched since the last use: up to so much",
          .x = {.label = "lookups", .unit = "%"},
          .y = {},
          .content = std::move(bars)};
}

plot::Panel sets_panel(const ReuseReport& report) {
  plot::Series mean{.name = "mean"}, most{.name = "most"}, chance{.name = "uniform router"};
  chance.dash = plot::Dash::dashed;
  chance.colour = plot::Colour{0, 0, 0};
  chance.marker = plot::Marker::none;
  most.dash = plot::Dash::dotted;
  for (const WorkingSet& set : report.sets) {
    const auto x = static_cast<double>(set.window);
    for (plot::Series* series : {&mean, &most, &chance}) series->x.push_back(x);
    mean.y.push_back(mib_of(set.mean_bytes));
    most.y.push_back(mib_of(set.max_bytes));
    chance.y.push_back(mib_of(set.chance_bytes));
  }
  plot::Lines lines{
      .series = {std::move(mean), std::move(most), std::move(chance)}, .references = {}, .notes = {}};
  lines.references.push_back({.direction = plot::Reference::Direction::horizontal,
                              .at = mib_of(report.all_experts),
                              .label = "all experts"});
  return {.title = "Working set",
          .note = fmt::format("distinct experts of so many successive {}s", report.step_word()),
          .x = {.label = fmt::format("{}s", report.step_word()), .unit = "", .scale = plot::Scale::log2},
          .y = {.label = "experts", .unit = "MiB", .scale = plot::Scale::log2},
          .content = std::move(lines)};
}

plot::Panel steps_panel(const ReuseReport& report) {
  const SortedValues& steps = report.summary.steps;
  plot::Series series{.name = "used again", .marker = plot::Marker::none};
  const std::int64_t last = std::max<std::int64_t>(steps.quantile(1), 2);
  for (std::int64_t step = 1; step <= last; step = std::min(std::max(step + 1, step * 103 / 100), last)) {
    series.x.push_back(static_cast<double>(step));
    series.y.push_back(100 * ratio(steps.count_up_to(step), report.summary.lookups));
    if (step == last) break;
  }
  return {.title = fmt::format("Reuse in {}s", report.step_word()),
          .note = fmt::format("lookups whose expert was used at most so many {}s ago", report.step_word()),
          .x = {.label = fmt::format("{}s since the last use", report.step_word()),
                .unit = "",
                .scale = plot::Scale::log2},
          .y = {.label = "lookups", .unit = "%", .min = 0, .max = 100},
          .content = plot::Lines{.series = {std::move(series)}, .references = {}, .notes = {}}};
}

}  // namespace

plot::Figure figure_of(const ReuseReport& report) {
  plot::Figure figure{
      .title = fmt::format("Reuse of experts: {}", report.model),
      .subtitle = fmt::format(
          "counted, without time: {} routing, {}, {} {}s; T: experts of one decode token, mean; {}",
          to_text(report.origin), report.phases == Phases::decode ? "decode" : "prefill and decode",
          with_commas(report.steps), report.step_word(), report.note),
      .width = 1040,
      .height = 860,
      .columns = 2,
      .panels = {}};
  if (!report.summary.bytes.empty()) figure.panels = {curve_panel(report), bins_panel(report)};
  figure.panels.push_back(sets_panel(report));
  if (!report.summary.bytes.empty()) figure.panels.push_back(steps_panel(report));
  return figure;
}

}  // namespace pregate
