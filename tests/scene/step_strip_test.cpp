// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/step_strip.hpp"

#include <gtest/gtest.h>

namespace pregate {
namespace {

struct Steps {
  std::vector<double> sums;
  std::vector<Phase> phases;
};

Steps hundred() {
  Steps out;
  for (int s = 0; s < 100; ++s) {
    out.sums.push_back(s == 0 ? 1000 : s);
    out.phases.push_back(s == 0 ? Phase::prefill : Phase::decode);
  }
  return out;
}

TEST(StepStrip, ABoundaryIsFoundWhereItIsDrawn) {
  const Steps steps = hundred();
  const StepStrip strip(steps.sums, steps.phases);
  for (const int width : {400, 1000, 1920}) {
    for (std::size_t boundary = 0; boundary <= 100; ++boundary)
      EXPECT_EQ(strip.boundary_at(strip.x_of(boundary, width), width), boundary);
  }
  EXPECT_EQ(strip.step_at(-5, 400), 0U);
  EXPECT_EQ(strip.step_at(5000, 400), 99U);
}

TEST(StepStrip, HandlesAndTheStretchBetweenThemAreTold) {
  const Steps steps = hundred();
  const StepStrip strip(steps.sums, steps.phases);
  const StepRange range{.first = 20, .end = 60};
  EXPECT_EQ(strip.part_at(strip.x_of(20, 800) + 1, 800, range), StepStrip::Part::first);
  EXPECT_EQ(strip.part_at(strip.x_of(60, 800) - 1, 800, range), StepStrip::Part::end);
  EXPECT_EQ(strip.part_at(strip.x_of(40, 800), 800, range), StepStrip::Part::range);
  EXPECT_EQ(strip.part_at(strip.x_of(90, 800), 800, range), StepStrip::Part::outside);
}

TEST(StepStrip, AMovedStretchKeepsItsLengthAndStaysInside) {
  const Steps steps = hundred();
  const StepStrip strip(steps.sums, steps.phases);
  const StepRange range{.first = 20, .end = 60};
  EXPECT_EQ(strip.moved(range, 5), (StepRange{.first = 25, .end = 65}));
  EXPECT_EQ(strip.moved(range, 500), (StepRange{.first = 60, .end = 100}));
  EXPECT_EQ(strip.moved(range, -500), (StepRange{.first = 0, .end = 40}));
  EXPECT_EQ(strip.moved({}, 3), (StepRange{.first = 0, .end = 100}));
}

TEST(StepStrip, OfNothingIsAPictureToo) {
  const Steps none;
  const StepStrip strip(none.sums, none.phases);
  EXPECT_EQ(strip.picture(300, 40, {}).width, 300);
  EXPECT_EQ(strip.step_at(10, 300), 0U);
  EXPECT_EQ(strip.picture(0, 0, {}).width, 0);
}

}  // namespace
}  // namespace pregate
