// SPDX-License-Identifier: Apache-2.0
#include "gui/axes_editor.hpp"

#include <gtest/gtest.h>

#include <QtTest/QSignalSpy>
#include <QtWidgets/QCompleter>

#include "gui/qt_text.hpp"

namespace pregate {
namespace {

bool shows(const QWidget& widget, const QString& text) {
  for (const QLabel* label : widget.findChildren<QLabel*>()) {
    if (!label->isHidden() && label->text() == text) return true;
  }
  return false;
}

TEST(AxesEditor, Axes_AreCountedAndPassedOn) {
  AxesEditor axes;
  EXPECT_EQ(axes.problem(), "Add an axis: a field that is varied.");
  axes.add_axis("dram.expert_budget", "1GiB..4GiB:7");
  axes.add_axis("policy.prefetch", "none,pregate");
  EXPECT_EQ(axes.problem(), "");
  EXPECT_EQ(axes.points(), 14U);
  EXPECT_TRUE(shows(axes, "14 scenarios"));
  EXPECT_TRUE(
      shows(axes, QString::fromUtf8("7 values: 1 GiB, 1536 MiB, 2 GiB, 2560 MiB, 3 GiB \xE2\x80\xA6 4 GiB")));
  EXPECT_EQ(axes.arguments(), QStringList({"--vary", "dram.expert_budget=1GiB..4GiB:7", "--vary",
                                           "policy.prefetch=none,pregate"}));
}

TEST(AxesEditor, AValueThatDoesNotFit_IsSaidAsItIsTyped) {
  AxesEditor axes;
  QSignalSpy changes(&axes, &AxesEditor::changed);
  axes.add_axis("dram.expert_budget", "1GiB,2ms");
  const QString sentence = "expected a size such as 4000MiB or 2.5GB, from 1 B to 64 TiB, found \"2ms\"";
  EXPECT_EQ(axes.problem(), "dram.expert_budget: " + sentence);
  EXPECT_TRUE(shows(axes, sentence));
  EXPECT_EQ(axes.points(), 0U);
  EXPECT_GT(changes.count(), 0);
}

TEST(AxesEditor, Ranges_AreCheckedAtBothEnds) {
  AxesEditor axes;
  axes.add_axis("runtime.io_lanes", "1..8192:4");
  EXPECT_EQ(axes.problem(), "runtime.io_lanes: expected a whole number from 1 to 4096, found 8192");
  axes.clear();
  axes.add_axis("dram.expert_budget", "4GiB..1GiB:4");
  EXPECT_TRUE(axes.problem().contains("a range whose end is above its beginning"))
      << axes.problem().toStdString();
}

TEST(AxesEditor, AnUnknownField_SuggestsTheNearest) {
  AxesEditor axes;
  axes.add_axis("dram.expert_budge", "1GiB");
  EXPECT_TRUE(axes.problem().contains("nearest: dram.expert_budget")) << axes.problem().toStdString();
}

TEST(AxesEditor, PathsAreCompletedByAnyPart) {
  AxesEditor axes;
  axes.add_axis();
  QCompleter* completer = nullptr;
  for (const QLineEdit* line : axes.findChildren<QLineEdit*>()) {
    if (line->accessibleName() == "Field of an axis") completer = line->completer();
  }
  ASSERT_NE(completer, nullptr);
  completer->setCompletionPrefix("read_band");
  ASSERT_EQ(completer->completionCount(), 1);
  EXPECT_EQ(completer->currentCompletion(), "device.flash.read_bandwidth");
}

TEST(AxesEditor, Zip_WantsEquallyManyValues) {
  AxesEditor axes;
  axes.add_axis("dram.expert_budget", "1GiB,2GiB,3GiB");
  axes.add_axis("policy.prefetch", "none,pregate");
  axes.set_combination(Combination::zip);
  EXPECT_EQ(axes.points(), 0U);
  EXPECT_TRUE(axes.problem().contains("as many values as dram.expert_budget has, 3"))
      << axes.problem().toStdString();
  EXPECT_TRUE(axes.arguments().contains("--zip"));
}

TEST(AxesEditor, ASample_NeedsNoCountBehindARange) {
  AxesEditor axes;
  axes.add_axis("dram.expert_budget", "1GiB..4GiB");
  EXPECT_TRUE(axes.problem().contains("a count of values behind the range")) << axes.problem().toStdString();
  axes.set_combination(Combination::sample, 50, 7);
  EXPECT_EQ(axes.problem(), "");
  EXPECT_EQ(axes.points(), 50U);
  EXPECT_EQ(axes.arguments(),
            QStringList({"--vary", "dram.expert_budget=1GiB..4GiB", "--sample", "50", "--sample-seed", "7"}));
}

}  // namespace
}  // namespace pregate
