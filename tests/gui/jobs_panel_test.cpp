// SPDX-License-Identifier: Apache-2.0
#include "gui/jobs_panel.hpp"

#include <gtest/gtest.h>

#include <QtTest/QSignalSpy>
#include <QtWidgets/QPlainTextEdit>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QToolButton>

#include "gui/job_row.hpp"
#include "tests/gui/gui_fixtures.hpp"

namespace pregate {
namespace {

class JobsPanelTest : public test::CommandTest {
 protected:
  static QToolButton* button(const QWidget& panel, const QString& text) {
    for (QToolButton* each : panel.findChildren<QToolButton*>()) {
      if (each->text() == text && !each->isHidden()) return each;
    }
    return nullptr;
  }
  static bool shows(const QWidget& panel, const QString& text) {
    for (const QLabel* each : panel.findChildren<QLabel*>()) {
      if (!each->isHidden() && each->text().contains(text)) return true;
    }
    return false;
  }
};

TEST_F(JobsPanelTest, ARunThatEnds_OffersItsResult) {
  JobsPanel panel;
  panel.show();
  write_file("a.run", "x");
  use_script("printf 'progress 250 1000 simulating: step\\n' >&2; sleep 0.2; echo text\n");
  const CommandJob* job =
      panel.start({.arguments = {"run", "a b"}, .output_file = path_of("a.run"), .title = "my run"});
  EXPECT_EQ(panel.running(), 1);
  EXPECT_TRUE(shows(panel, "my run"));
  ASSERT_TRUE(test::wait_for([&] { return shows(panel, "simulating: step 250 of 1,000"); }));
  EXPECT_EQ(panel.findChild<QProgressBar*>()->value(), 250);
  ASSERT_TRUE(test::wait_for([&] { return job->ended(); }));
  EXPECT_EQ(panel.running(), 0);
  EXPECT_TRUE(shows(panel, "done in 0:0"));
  QSignalSpy opened(&panel, &JobsPanel::open_result);
  button(panel, "Open result")->click();
  ASSERT_EQ(opened.count(), 1);
  EXPECT_EQ(opened[0][0].toString(), path_of("a.run"));
  button(panel, "Command")->click();
  EXPECT_EQ(panel.findChild<QPlainTextEdit*>()->toPlainText(), "pregate run 'a b'");
  button(panel, "Output")->click();
  EXPECT_EQ(panel.findChild<QPlainTextEdit*>()->toPlainText(), "text\n");
  button(panel, "Clear")->click();
  EXPECT_EQ(panel.count(), 0);
  EXPECT_TRUE(shows(panel, "No runs yet"));
}

TEST_F(JobsPanelTest, ARunThatFails_ShowsWhy) {
  JobsPanel panel;
  const CommandJob* job =
      panel.start({.arguments = {"run", "no-such"}, .output_file = path_of("n.run"), .title = "t"});
  ASSERT_TRUE(test::wait_for([&] { return job->ended(); }));
  EXPECT_EQ(job->state(), CommandJob::State::failed);
  EXPECT_TRUE(shows(panel, "no-such"));
  EXPECT_TRUE(shows(panel, "failed after"));
  EXPECT_EQ(button(panel, "Open result"), nullptr);
}

TEST_F(JobsPanelTest, Cancel_EndsTheOneThatItStandsBeside) {
  JobsPanel panel;
  use_script("printf 'progress 1 9 a\\n' >&2\nexec sleep 600\n");
  CommandJob* first = panel.start({.title = "first"});
  CommandJob* second = panel.start({.title = "second"});
  ASSERT_TRUE(test::wait_for([&] { return first->progress().done == 1 && second->progress().done == 1; }));
  button(panel, "Cancel")->click();  // the newest stands on top in the list, not among children
  ASSERT_TRUE(test::wait_for([&] { return first->ended() || second->ended(); }));
  EXPECT_EQ(panel.running(), 1);
  panel.cancel_all();
  ASSERT_TRUE(test::wait_for([&] { return panel.running() == 0; }));
  EXPECT_EQ(first->state(), CommandJob::State::cancelled);
  EXPECT_EQ(second->state(), CommandJob::State::cancelled);
  panel.clear_ended();
  EXPECT_EQ(panel.count(), 0);
}

TEST(ClockText, CountsUp) {
  EXPECT_EQ(clock_text(7'400), "0:07");
  EXPECT_EQ(clock_text(760'000), "12:40");
  EXPECT_EQ(clock_text(3'723'000), "1:02:03");
}

}  // namespace
}  // namespace pregate
