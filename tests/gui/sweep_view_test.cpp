// SPDX-License-Identifier: Apache-2.0
#include "gui/sweep_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QtGui/QClipboard>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QMenu>

#include "tests/gui/real_files.hpp"
#include "tests/scene/sweep_documents.hpp"

namespace pregate {
namespace {

// Six scenarios, two of which fail.
QString real_sweep() {
  const QString path = test::scratch_path("real.db");
  if (QFile::exists(path)) return path;
  QProcess process;
  process.start(test::built_command(),
                {"sweep", "--out", path, "--scenario", "synthetic", "--set",
                 "workload.synthetic.decode_tokens=3", "--set", "workload.synthetic.prompt_tokens=2",
                 "--vary", "dram.expert_budget=1MiB,1GiB,2GiB", "--vary", "policy.eviction=lru,belady"});
  EXPECT_TRUE(process.waitForFinished(60'000));
  EXPECT_EQ(process.exitCode(), 1) << process.readAllStandardError().toStdString();
  return path;
}

class SweepPageTest : public test::CommandTest {
 protected:
  std::unique_ptr<SweepPage> open(const QString& path) {
    auto page = std::make_unique<SweepPage>(path.toStdString());
    page->resize(1000, 760);
    QSignalSpy read(page.get(), &SweepPage::read);
    page->show();
    EXPECT_TRUE(test::wait_for([&] { return !read.isEmpty(); }));
    QApplication::processEvents();
    return page;
  }
  static QPoint at(SweepPage& page, std::size_t row) {
    for (const Mark& mark : page.canvas().picture().marks) {
      if (mark.target.kind == Target::Kind::sweep_row && mark.target.row == row)
        return QPointF(mark.x, mark.y).toPoint();
    }
    ADD_FAILURE() << "no point of row " << row;
    return {};
  }
  // The first row that ran.
  static std::size_t done_row(const SweepPage& page) {
    std::size_t row = 0;
    while (!page.table()->rows[row].done) ++row;
    return row;
  }
};

TEST_F(SweepPageTest, ShowsTheCommandsNumbers) {
  const auto page = open(real_sweep());
  ASSERT_NE(page->table(), nullptr);
  EXPECT_EQ(page->table()->rows.size(), 6U);
  EXPECT_EQ(page->table()->failed(), 2U);
  EXPECT_EQ(page->rows().model()->rowCount(), 6);
  const auto again = read_sweep_file(real_sweep().toStdString());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(page->csv(), sweep_csv(*again, {0, 1, 2, 3, 4, 5}));
  EXPECT_TRUE(page->status().contains("6 scenarios, 2 of them failed")) << page->status().toStdString();
}

TEST_F(SweepPageTest, APointAndItsRowAreSelectedTogether) {
  const auto page = open(real_sweep());
  const std::size_t row = done_row(*page);
  QTest::mouseClick(&page->canvas(), Qt::LeftButton, {}, at(*page, row));
  ASSERT_EQ(page->selected().size(), 1U);
  const std::size_t clicked = page->selected().front();
  EXPECT_EQ(page->rows().selectionModel()->selectedRows().size(), 1);
  EXPECT_TRUE(page->status().contains("tokens_per_second")) << "what was selected is told";
  page->rows().selectRow(5);
  EXPECT_THAT(page->selected(), testing::ElementsAre(5U));
  QTest::mouseClick(&page->canvas(), Qt::LeftButton, Qt::ControlModifier, at(*page, row));
  EXPECT_THAT(page->selected(), testing::UnorderedElementsAre(clicked, 5U));
  page->act(Act::copy);
  EXPECT_EQ(QGuiApplication::clipboard()->text().toStdString(), sweep_csv(*page->table(), page->selected()));
  page->act(Act::clear_selection);
  EXPECT_TRUE(page->selected().empty());
}

TEST_F(SweepPageTest, ADoubleClickAsksForTheScenarioOfThatRow) {
  const auto page = open(real_sweep());
  QSignalSpy asked(page.get(), &SweepPage::run_requested);
  const std::size_t row = done_row(*page);
  page->select({row});
  ASSERT_TRUE(page->can(Act::open_selected));
  page->act(Act::open_selected);
  ASSERT_TRUE(test::wait_for([&] { return !asked.isEmpty(); }));
  const QString hash = QString::fromStdString(page->table()->rows[row].hash);
  const auto text = asked.front().at(1).value<std::string>();
  EXPECT_EQ(text, test::run_command({"sweep", "show", real_sweep(), "--scenario", hash}).toStdString());
  EXPECT_TRUE(asked.front().at(0).toString().endsWith(hash.left(8)));
  QTest::mouseDClick(&page->canvas(), Qt::LeftButton, {}, at(*page, row));
  EXPECT_TRUE(test::wait_for([&] { return asked.size() == 2; }));
}

TEST_F(SweepPageTest, TheRowsAreSortedByNumbers) {
  const auto page = open(real_sweep());
  const int column = static_cast<int>(*page->table()->find("tokens_per_second")) + 1;
  page->rows().sortByColumn(column, Qt::DescendingOrder);
  auto* model = static_cast<SweepTableModel*>(page->rows().model());
  const std::vector<double>& speeds = page->table()->columns[static_cast<std::size_t>(column - 1)].numbers;
  for (int i = 1; i < 4; ++i) EXPECT_GE(speeds[model->sweep_row(i - 1)], speeds[model->sweep_row(i)]);
  EXPECT_FALSE(page->table()->rows[model->sweep_row(5)].done) << "what has no number comes last";
  page->rows().sortByColumn(column, Qt::AscendingOrder);
  EXPECT_FALSE(page->table()->rows[model->sweep_row(5)].done) << "either way";
  page->rows().selectRow(0);
  EXPECT_EQ(page->selected().front(), model->sweep_row(0));
}

TEST_F(SweepPageTest, AFilterLeavesRowsOutOfPlotAndTable) {
  const auto page = open(real_sweep());
  for (QMenu* menu : page->controls().filter_button().menu()->findChildren<QMenu*>()) {
    for (QAction* action : menu->actions()) {
      if (action->text() == "belady") action->setChecked(false);
    }
  }
  EXPECT_EQ(page->rows().model()->rowCount(), 3);
  EXPECT_EQ(page->canvas().scene()->shown().size(), 3U);
}

TEST_F(SweepPageTest, KeysChangeAxesFrontAndGhosts) {
  const auto page = open(real_sweep());
  const auto& options = [&]() -> const SweepOptions& { return page->canvas().scene()->options(); };
  const bool log_x = options().log_x;
  page->act(Act::logarithmic);
  EXPECT_NE(options().log_x, log_x);
  EXPECT_TRUE(options().front && options().ghosts);
  page->act(Act::pareto);
  page->act(Act::ghosts);
  EXPECT_FALSE(options().front || options().ghosts);
  page->act(Act::next_measure);
  EXPECT_EQ(page->table()->columns[options().y].name, "hit_rate_decode");
}

TEST_F(SweepPageTest, AFileThatIsNoSweepIsToldInTheCommandsWords) {
  write_file("no.db", QByteArray("SQLite format 3\0", 16) + QByteArray(200, 'x'));
  const auto page = open(path_of("no.db"));
  EXPECT_EQ(page->table(), nullptr);
  const auto labels = page->findChildren<QLabel*>();
  EXPECT_TRUE(std::any_of(labels.begin(), labels.end(),
                          [](const QLabel* label) { return label->text().contains("no.db"); }));
  EXPECT_FALSE(page->can(Act::copy));
  EXPECT_TRUE(page->can(Act::reload));
  EXPECT_TRUE(page->picture_of({100, 100}).marks.empty());
  EXPECT_FALSE(read_sweep_file(path_of("no.db").toStdString()));
}

TEST_F(SweepPageTest, WhatTheCommandShouldNotSayIsRefusedWithItsPlace) {
  use_script("echo '{\"format\": 1, \"axes\": [], \"keys\": 3, \"rows\": []}'\n");
  const auto page = open(path_of("a.db"));
  const auto labels = page->findChildren<QLabel*>();
  EXPECT_TRUE(std::any_of(labels.begin(), labels.end(), [](const QLabel* label) {
    return label->text().contains("the document.keys: expected a list, found a number");
  }));
}

TEST_F(SweepPageTest, ASweepWithoutRowsSaysSo) {
  write_file("document", QByteArray::fromStdString(fixtures::sweep_document_of({})));
  use_script("cat '" + path_of("document").toUtf8() + "'\n");
  const auto page = open(path_of("a.db"));
  const auto labels = page->findChildren<QLabel*>();
  EXPECT_TRUE(std::any_of(labels.begin(), labels.end(),
                          [](const QLabel* label) { return label->text().contains("no rows yet"); }));
}

TEST_F(SweepPageTest, OneThatIsClosedWhileItReadsIsGone) {
  use_script("sleep 20\n");
  auto page = std::make_unique<SweepPage>("a.db");
  EXPECT_TRUE(page->can(Act::cancel_job));
  page->act(Act::cancel_job);
  page.reset();
}

}  // namespace
}  // namespace pregate
