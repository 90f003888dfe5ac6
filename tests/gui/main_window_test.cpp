// SPDX-License-Identifier: Apache-2.0
#include "gui/main_window.hpp"

#include <QtCore/QMimeData>
#include <QtGui/QDropEvent>
#include <QtTest/QSignalSpy>
#include <QtWidgets/QMenuBar>

#include "gui/command_palette.hpp"
#include "gui/run_view.hpp"
#include "gui/sweep_view.hpp"
#include "tests/gui/real_files.hpp"

namespace pregate {
namespace {

using test::real_run;
using test::wait_for;

class MainWindowTest : public testing::Test {
 protected:
  void SetUp() override {
    CommandJob::set_program(test::built_command());
    window_.resize(1024, 700);
    window_.show();
  }
  void TearDown() override {
    window_.close();
    CommandJob::set_program({});
  }

  RunView* open_run(const QString& path) {
    QSignalSpy opened(&window_, &MainWindow::opened);
    window_.open(path);
    EXPECT_TRUE(wait_for([&] { return opened.count() == 1; }));
    return qobject_cast<RunView*>(window_.document());
  }

  MainWindow window_;
};

TEST_F(MainWindowTest, EveryActionIsInAMenuUnderItsKey) {
  std::size_t found = 0;
  for (const QAction* top : window_.menuBar()->actions()) {
    for (const QAction* entry : top->menu()->actions())
      found += entry->menu() == nullptr && !entry->shortcut().isEmpty();
  }
  EXPECT_EQ(found, all_actions().size());
}

TEST_F(MainWindowTest, ARunOpensWithItsVerdictAndWhatWouldHelp) {
  RunView* run = open_run(real_run());
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(run->page(), &run->verdict());
  EXPECT_TRUE(wait_for([&] {
    return run->verdict().counterfactuals().stage == CounterfactualState::Stage::done;
  })) << run->verdict().counterfactuals().message;
  EXPECT_GT(run->verdict().counterfactuals().list.rows.size(), 5U);
}

TEST_F(MainWindowTest, AFileIsOpenOnceAndGoesToTheRecentOnes) {
  const RunView* first = open_run(real_run());
  window_.open(real_run());
  EXPECT_EQ(window_.document(), first);
  EXPECT_TRUE(RecentFiles().paths().contains(real_run()));
}

TEST_F(MainWindowTest, FilesCanBeDropped) {
  QMimeData data;
  data.setUrls({QUrl::fromLocalFile(real_run())});
  QSignalSpy opened(&window_, &MainWindow::opened);
  QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(&window_, &enter);
  EXPECT_TRUE(enter.isAccepted());
  QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(&window_, &drop);
  EXPECT_TRUE(wait_for([&] { return opened.count() == 1; }));
  EXPECT_NE(qobject_cast<RunView*>(window_.document()), nullptr);
}

TEST_F(MainWindowTest, NextStallWorksFromEveryPageAndShowsTheTimeline) {
  RunView* run = open_run(real_run());
  ASSERT_TRUE(window_.can(Act::next_stall));
  window_.act(Act::next_stall);
  EXPECT_EQ(run->page(), &run->timeline());
  EXPECT_EQ(run->link().selected().kind, Target::Kind::stall);
  EXPECT_TRUE(run->details().text().contains("waited"));
}

TEST_F(MainWindowTest, TheCauseChainIsWalkedThereAndBack) {
  RunView* run = open_run(real_run());
  window_.act(Act::next_stall);
  const Target stall = run->link().selected();
  ASSERT_TRUE(window_.can(Act::chain_forward));
  EXPECT_FALSE(window_.can(Act::chain_back));
  window_.act(Act::chain_forward);
  EXPECT_EQ(run->link().selected().kind, Target::Kind::load);
  window_.act(Act::chain_back);
  EXPECT_EQ(run->link().selected(), stall);
}

TEST_F(MainWindowTest, ASearchGoesFromMatchToMatchAndAWrongOneSaysWhere) {
  RunView* run = open_run(real_run());
  run->search().search("kind:stall");
  ASSERT_EQ(run->search().found().size(), run->document_of_run()->run.stalls.size());
  window_.act(Act::next_match);
  EXPECT_EQ(run->link().selected(), run->search().found().front());
  run->search().search("layr:3");
  EXPECT_TRUE(run->search().message().contains("layer")) << run->search().message().toStdString();
  EXPECT_TRUE(run->search().found().empty());
}

TEST_F(MainWindowTest, TheAreaTableIsThatOfTheSelectedArea) {
  RunView* run = open_run(real_run());
  const SimTime end = run->document_of_run()->run.steps[1].end;
  run->link().set_area(TimeSpan{0, end.count_ps()});
  EXPECT_TRUE(wait_for([&] { return run->area().table().area.last == end.count_ps(); }));
  EXPECT_EQ(run->area().table(), area_table(*run->document_of_run()->tracks, {0, end.count_ps()}));
}

TEST_F(MainWindowTest, TwoRunsAreCompared) {
  const QString off = real_run("off.run", {"policy.prefetch=none"});
  QSignalSpy opened(&window_, &MainWindow::opened);
  window_.open_compared(real_run(), off);
  ASSERT_TRUE(wait_for([&] { return opened.count() == 1; }));
  EXPECT_TRUE(wait_for([&] { return window_.document()->status().contains("B decodes"); }))
      << window_.document()->status().toStdString();
}

TEST_F(MainWindowTest, ARunThatCannotBeComparedIsANotice) {
  QSignalSpy opened(&window_, &MainWindow::opened);
  window_.open_compared(real_run(), test::write_bytes("b.run", "not a run"));
  ASSERT_TRUE(wait_for([&] { return opened.count() == 1; }));
  EXPECT_TRUE(wait_for([&] {
    return window_.document()->notice().text().contains("expected a pregate.run file");
  })) << window_.document()->notice().text().toStdString();
}

TEST_F(MainWindowTest, AScenarioOfASweepIsRunAndOpened) {
  const QString sweep = test::scratch_path("window.db");
  test::run_command({"sweep", "--scenario", "synthetic", "--set", "workload.synthetic.prompt_tokens=4",
                     "--set", "workload.synthetic.decode_tokens=6", "--vary", "dram.expert_budget=1GiB,2GiB",
                     "--out", sweep});
  window_.open(sweep);
  ASSERT_TRUE(wait_for([&] { return qobject_cast<SweepView*>(window_.document()) != nullptr; }));
  SweepPage& page = qobject_cast<SweepView*>(window_.document())->sweep_page();
  ASSERT_TRUE(wait_for([&] { return page.table() != nullptr; }));
  EXPECT_EQ(page.table()->rows.size(), 2U);
  page.select({1});
  window_.act(Act::open_selected);
  EXPECT_TRUE(wait_for([&] { return qobject_cast<RunView*>(window_.document()) != nullptr; }));
}

TEST_F(MainWindowTest, ThePaletteFindsAnActionByItsWordsAndDoesIt) {
  CommandPalette palette([this](Act act) { return window_.can(act); }, &window_);
  std::optional<Act> chosen;
  QObject::connect(&palette, &CommandPalette::chosen, [&](Act act) { chosen = act; });
  auto* query = palette.findChild<QLineEdit*>();
  QTest::keyClicks(query, "light dark");
  QTest::keyClick(query, Qt::Key_Return);
  EXPECT_EQ(chosen, Act::toggle_theme);
}

TEST_F(MainWindowTest, TextAtTwiceTheSizeLeavesEveryPageUsable) {
  RunView* run = open_run(real_run());
  for (int i = 0; i < 4; ++i) window_.act(Act::larger_text);
  for (const Act page : {Act::show_verdict, Act::show_timeline, Act::show_heatmap}) {
    window_.act(page);
    QCoreApplication::processEvents();
    EXPECT_FALSE(run->page()->picture_of(run->page()->size() / 2).marks.empty());
    EXPECT_LE(window_.minimumSizeHint().width(), 1400);
  }
  for (int i = 0; i < 4; ++i) window_.act(Act::smaller_text);
}

}  // namespace
}  // namespace pregate
