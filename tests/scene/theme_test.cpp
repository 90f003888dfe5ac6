// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/theme.hpp"

#include <gtest/gtest.h>

#include <array>

namespace pregate {
namespace {

constexpr std::array kSights{Sight::normal, Sight::protan, Sight::deutan, Sight::tritan};
// Five times what is just noticeable side by side.
constexpr double kApart = 11.5;

class ThemeTest : public testing::TestWithParam<const Theme*> {};

TEST_P(ThemeTest, MeaningsThatTouchAreToldApartByAllEyes) {
  for (const auto family : ink_families()) {
    for (std::size_t i = 0; i < family.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        for (const Sight sight : kSights) {
          const double apart = color_distance(simulate_sight(GetParam()->color(family[i]), sight),
                                              simulate_sight(GetParam()->color(family[j]), sight));
          EXPECT_GE(apart, kApart) << "inks " << static_cast<int>(family[i]) << " and "
                                   << static_cast<int>(family[j]) << ", sight " << static_cast<int>(sight);
        }
      }
    }
  }
}

TEST_P(ThemeTest, TextIsReadableOnWhatItStandsOn) {
  for (const Ink ground : {Ink::background, Ink::panel, Ink::stripe}) {
    for (const Ink text : {Ink::text, Ink::text_dim, Ink::link, Ink::warning}) {
      EXPECT_GE(contrast(GetParam()->color(text), GetParam()->color(ground)), 4.5)
          << "ink " << static_cast<int>(text) << " on " << static_cast<int>(ground);
    }
  }
  for (const auto family : ink_families()) {
    for (const Ink ink : family) {
      const QColor fill = GetParam()->color(ink);
      EXPECT_GE(contrast(Theme::text_on(fill), fill), 4.5) << "a label on ink " << static_cast<int>(ink);
    }
  }
}

TEST_P(ThemeTest, HeatGoesOneWayInLightness) {
  const QColor start = GetParam()->color(Ink::background);
  double before = contrast(GetParam()->heat(0), start);
  for (int step = 1; step <= 20; ++step) {
    const double now = contrast(GetParam()->heat(step / 20.0), start);
    EXPECT_GT(now, before) << "at " << step;
    before = now;
  }
}

TEST_P(ThemeTest, BetterAndWorseDifferToAllEyes) {
  for (const Sight sight : kSights) {
    EXPECT_GE(color_distance(simulate_sight(GetParam()->diverging(-1), sight),
                             simulate_sight(GetParam()->diverging(1), sight)),
              3 * kApart);
  }
}

INSTANTIATE_TEST_SUITE_P(Both, ThemeTest, testing::Values(&Theme::light(), &Theme::dark()),
                         [](const auto& each) { return each.param->is_dark() ? "Dark" : "Light"; });

}  // namespace
}  // namespace pregate
