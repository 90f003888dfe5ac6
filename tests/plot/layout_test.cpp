// SPDX-License-Identifier: Apache-2.0
// Text never meets text: the places that the layout gives out, on seeded random figures.
#include "experiments/plot/layout.hpp"

#include <gtest/gtest.h>

#include "tests/plot/figures.hpp"
#include "traces/base/random.hpp"

namespace pregate::plot {
namespace {

constexpr TextStyle kText = {.size = kTickSize};

void expect_apart(const std::vector<Box>& boxes) {
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    for (std::size_t j = i + 1; j < boxes.size(); ++j)
      EXPECT_FALSE(boxes[i].meets(boxes[j])) << i << " and " << j;
  }
}

Figure random_figure(Random& random) {
  Figure figure{.title = "t",
                .width = 300 + static_cast<std::int32_t>(random.below(900)),
                .height = 250 + static_cast<std::int32_t>(random.below(500)),
                .columns = 1 + static_cast<std::int32_t>(random.below(3)),
                .share = {.x = random.chance(0.5), .y = random.chance(0.5)}};
  const std::uint64_t panels = 1 + random.below(4);
  for (std::uint64_t p = 0; p < panels; ++p) {
    Lines lines{.series = {series_of("a", random.unit() * 1e5)}};
    for (std::uint64_t r = random.below(5); r > 0; --r) {
      lines.references.push_back({.at = 1 + random.unit() * 7, .label = "T = 1,234 MiB"});
    }
    figure.panels.push_back({.x = {.label = "x", .scale = random.chance(0.5) ? Scale::log2 : Scale::linear},
                             .y = {.label = "y"},
                             .content = lines});
  }
  return figure;
}

TEST(Layout, OfRandomFigures_KeepsTextsApart) {
  Random random(11);
  for (int round = 0; round < 60; ++round) {
    const Figure figure = random_figure(random);
    Canvas canvas(Format::png, {.width = figure.width, .height = figure.height});
    const Box area{10, 10, figure.width - 20.0, figure.height - 20.0};
    const Result<std::vector<PanelPlan>> plans = plan_panels(figure, area, canvas);
    if (!plans) continue;  // it said that it has no room
    std::vector<Box> plots;
    for (const PanelPlan& plan : *plans) {
      plots.push_back(plan.plot);
      EXPECT_EQ(plan.plot.width, plans->front().plot.width);
      EXPECT_EQ(plan.plot.height, plans->front().plot.height);
      EXPECT_GE(plan.plot.x, area.x);
      EXPECT_LE(plan.plot.right(), area.right());
      EXPECT_LE(plan.plot.bottom(), area.bottom());
      std::vector<Box> labels;
      for (const Tick& tick : plan.x.ticks) {
        const double width = canvas.text_width(tick.label, kText);
        labels.push_back({plan.at_x(tick.value) - width / 2, plan.plot.bottom(), width, 10});
      }
      if (plan.x.ticks.size() > 3) expect_apart(labels);
      labels.clear();
      for (const ReferenceLabel& label : plan.reference_labels) {
        const double width = canvas.text_width(label.reference->label, kText);
        labels.push_back(
            {label.along - width / 2, plan.plot.y - (label.level + 1) * kReferenceLine, width, 10});
      }
      expect_apart(labels);
    }
    expect_apart(plots);
  }
}

TEST(Layout, SharedAxes_HaveOneRangeAndLabelsAtTheEdge) {
  Figure figure = lines_figure();
  figure.panels.push_back(figure.panels[0]);
  std::get<Lines>(figure.panels[1].content).series = {series_of("high", 1000)};
  figure.columns = 2;
  figure.share = {.x = true, .y = true};
  const Canvas canvas(Format::png, {.width = 640, .height = 400});
  const Result<std::vector<PanelPlan>> plans = plan_panels(figure, {0, 0, 640, 400}, canvas);
  ASSERT_TRUE(plans);
  EXPECT_EQ((*plans)[0].y.high, (*plans)[1].y.high);
  EXPECT_TRUE((*plans)[0].labels_y);
  EXPECT_FALSE((*plans)[1].labels_y);
  EXPECT_TRUE((*plans)[1].labels_x);
}

}  // namespace
}  // namespace pregate::plot
