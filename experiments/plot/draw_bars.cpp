// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "experiments/plot/draw.hpp"

namespace pregate::plot {

void draw_bars(Canvas& canvas, const PanelPlan& plan, const StackedBars& bars, const Styles& styles) {
  const double slot = plan.plot.height / static_cast<double>(bars.categories.size());
  const double thickness = std::min(slot * 0.72, 30.0);
  const TextStyle style{.size = kTickSize, .anchor = Anchor::end};
  canvas.clip(plan.plot);
  for (std::size_t c = 0; c < bars.categories.size(); ++c) {
    const double y = plan.plot.y + (static_cast<double>(c) + 0.5) * slot - thickness / 2;
    double sum = 0;
    for (const BarPart& part : bars.parts) {
      const double begin = plan.at_x(sum);
      sum += part.values[c];
      canvas.fill(Box{begin, y, plan.at_x(sum) - begin, thickness}, styles.of(part).colour);
    }
  }
  canvas.unclip();
  for (std::size_t c = 0; plan.labels_y && c < bars.categories.size(); ++c) {
    const double y = plan.plot.y + (static_cast<double>(c) + 0.5) * slot + kTickSize * 0.36;
    canvas.text({plan.plot.x - 6, y}, bars.categories[c], style);
  }
}

}  // namespace pregate::plot
