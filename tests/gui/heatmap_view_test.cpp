// SPDX-License-Identifier: Apache-2.0
#include "gui/heatmap_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QtGui/QClipboard>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>

#include "tests/gui/real_files.hpp"
#include "tests/scene/heatmap_fixtures.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

std::shared_ptr<const RunDocument> made_run() {
  auto document = std::make_shared<RunDocument>();
  document->run = *fixtures::looked_up_run(fixtures::model_of(6, 3, 16), 12, 5);
  return document;
}

class HeatmapPageTest : public test::CommandTest {
 protected:
  HeatmapPageTest() : page(made_run(), link) {
    page.resize(900, 640);
    page.show();
    QApplication::processEvents();
  }

  // The middle of a cell, in the canvas' pixels.
  QPoint at(std::size_t row, std::size_t column) {
    const std::uint64_t wanted = row * page.canvas().scene().table().columns() + column;
    for (const Mark& mark : page.canvas().picture().marks) {
      if (mark.target.kind == Target::Kind::cell && mark.target.row == wanted)
        return QPointF(mark.x + mark.w / 2, mark.y + mark.h / 2).toPoint();
    }
    ADD_FAILURE() << "no such cell";
    return {};
  }
  void drag(QWidget& widget, QPoint from, QPoint to) {
    QTest::mousePress(&widget, Qt::LeftButton, {}, from);
    // QTest::mouseMove knows no buttons.
    for (const QPoint point : {(from + to) / 2, to}) {
      QMouseEvent move(QEvent::MouseMove, point, widget.mapToGlobal(point), Qt::NoButton, Qt::LeftButton, {});
      QApplication::sendEvent(&widget, &move);
    }
    QTest::mouseRelease(&widget, Qt::LeftButton, {}, to);
  }
  ExpertId id(std::size_t row, std::size_t column) { return page.canvas().scene().table().id(row, column); }

  Link link;
  HeatmapPage page;
};

TEST_F(HeatmapPageTest, ADragOverCellsIsTheBrushOfAllPages) {
  drag(page.canvas(), at(1, 2), at(4, 5));
  EXPECT_THAT(link.brush().layers, testing::ElementsAre(LayerId(1), LayerId(2), LayerId(3), LayerId(4)));
  EXPECT_EQ(link.brush().experts.size(), 8U) << "four of each of two banks";
  drag(page.canvas(), QPoint(2, 2), QPoint(40, 30));
  EXPECT_TRUE(link.brush().empty()) << "no cells there";
}

TEST_F(HeatmapPageTest, AClickBrushesOneExpertAndWithControlOneMore) {
  QTest::mouseClick(&page.canvas(), Qt::LeftButton, {}, at(0, 3));
  EXPECT_THAT(link.brush().experts, testing::ElementsAre(id(0, 3)));
  QTest::mouseClick(&page.canvas(), Qt::LeftButton, Qt::ControlModifier, at(0, 7));
  EXPECT_THAT(link.brush().experts, testing::ElementsAre(id(0, 3), id(0, 7)));
  QTest::mouseClick(&page.canvas(), Qt::LeftButton, Qt::ControlModifier, at(1, 3));
  EXPECT_THAT(link.brush().experts, testing::ElementsAre(id(0, 7)))
      << "the same expert of the same bank again";
  QTest::mouseClick(&page.canvas(), Qt::LeftButton, {}, QPoint(4, 4));
  EXPECT_TRUE(link.brush().empty());
}

TEST_F(HeatmapPageTest, ABrushOfAnotherPageIsOutlined) {
  const auto outlined = [&] {
    return std::any_of(page.canvas().picture().marks.begin(), page.canvas().picture().marks.end(),
                       [](const Mark& mark) { return mark.ink == Ink::cursor; });
  };
  EXPECT_FALSE(outlined());
  link.set_brush({.experts = {ExpertId(2)}, .layers = {}});
  EXPECT_TRUE(outlined());
  page.act(Act::clear_selection);
  EXPECT_FALSE(outlined());
}

TEST_F(HeatmapPageTest, AnAreaOfTimeIsTheStretchOfSteps) {
  const auto document = made_run();
  const std::int64_t first = document->run.steps[3].begin.count_ps(),
                     last = document->run.steps[5].end.count_ps();
  link.set_area(TimeSpan{first, last});
  EXPECT_EQ(page.options().steps, (StepRange{.first = 3, .end = 6}));
  EXPECT_EQ(page.slider().range(), (StepRange{.first = 3, .end = 6}));
  EXPECT_TRUE(page.status().contains("from 3 to 5 of 12")) << page.status().toStdString();
  link.set_area(std::nullopt);
  EXPECT_EQ(page.options().steps, (StepRange{.first = 0, .end = 12}));
}

TEST_F(HeatmapPageTest, TheSliderMovesTheEndsAndTheWhole) {
  StepSlider& slider = page.slider();
  const int width = slider.width(), y = slider.height() / 3;
  const auto x = [&](std::size_t boundary) { return static_cast<int>(slider.strip().x_of(boundary, width)); };
  drag(slider, {x(12), y}, {x(8), y});
  EXPECT_EQ(page.options().steps, (StepRange{.first = 0, .end = 8}));
  drag(slider, {x(0), y}, {x(4), y});
  EXPECT_EQ(page.options().steps, (StepRange{.first = 4, .end = 8}));
  drag(slider, {x(6), y}, {x(9), y});
  EXPECT_EQ(page.options().steps, (StepRange{.first = 7, .end = 11}));
  drag(slider, {x(7), y}, {x(12), y});
  EXPECT_EQ(page.options().steps, (StepRange{.first = 10, .end = 11})) << "an end stops before the other";
  page.act(Act::pan_left);
  EXPECT_EQ(page.options().steps, (StepRange{.first = 9, .end = 10}));
  EXPECT_TRUE(page.can(Act::fit));
  page.act(Act::fit);
  EXPECT_EQ(page.options().steps, (StepRange{.first = 0, .end = 12}));
  EXPECT_FALSE(page.can(Act::fit));
}

TEST_F(HeatmapPageTest, KeysChangeMeasureColoursOrderAndView) {
  EXPECT_EQ(page.options().measure, ExpertMeasure::uses);
  page.act(Act::next_measure);
  EXPECT_EQ(page.options().measure, ExpertMeasure::misses);
  page.act(Act::logarithmic);
  EXPECT_EQ(page.options().look.colours, HeatColours::logarithmic);
  page.act(Act::sort_columns);
  EXPECT_EQ(page.options().look.order, HeatOrder::heat);
  page.act(Act::sharing_view);
  EXPECT_EQ(page.options().view, HeatmapView::sharing);
  EXPECT_EQ(page.canvas().scene().options().view, HeatmapView::sharing);
  for (int i = 0; i < 4; ++i) page.act(Act::next_measure);
  EXPECT_EQ(page.options().measure, ExpertMeasure::uses) << "all five, and again the first";
}

TEST_F(HeatmapPageTest, ItsPictureHasTheSizeAskedForAndItsCellsAreThoseShown) {
  const Picture picture = page.picture_of({1280, 800});
  EXPECT_EQ(picture.width, 1280);
  EXPECT_EQ(picture.height, 800);
  std::size_t cells = 0;
  for (const Mark& mark : picture.marks) cells += mark.target.kind == Target::Kind::cell;
  EXPECT_EQ(cells, 96U);
}

TEST_F(HeatmapPageTest, TheTableIsTheCommandsOwn) {
  const QString path = test::real_run();
  auto document = std::make_shared<RunDocument>();
  document->run = *read_run(path.toStdString());
  Link other;
  HeatmapPage real(document, other);
  for (const char* measure : {"uses", "misses", "stall", "bytes", "reloads"}) {
    const QString csv = test::scratch_path(QString("heat-%1.csv").arg(measure));
    test::run_command({"heatmap", path, "--measure", measure, "--out", csv});
    HeatmapOptions options = real.options();
    options.measure = *parse_expert_measure(measure);
    real.set_options(options);
    EXPECT_EQ(real.csv(), test::bytes_of(csv).toStdString()) << measure;
  }
  real.act(Act::copy);
  EXPECT_EQ(QGuiApplication::clipboard()->text().toStdString(), real.csv());
}

TEST(HeatmapPage, OfATraceHasUsesAndWeightsAndNoTimes) {
  auto document = std::make_shared<RouteDocument>();
  document->trace = fixtures::random_trace(4, 10);
  Link link;
  HeatmapPage page(document, link);
  page.resize(700, 500);
  page.act(Act::next_measure);
  EXPECT_EQ(page.options().measure, ExpertMeasure::weight);
  link.set_area(TimeSpan{0, 10});
  EXPECT_EQ(page.options().steps, (StepRange{.first = 0, .end = 12}));
  EXPECT_TRUE(page.can(Act::sharing_view));
}

TEST(HeatmapPage, OfARunWithoutATokenShowsItsPrompt) {
  auto document = std::make_shared<RunDocument>();
  document->run = *fixtures::looked_up_run(fixtures::model_of(2, 1, 8), 1, 5);
  Link link;
  const HeatmapPage page(document, link);
  EXPECT_EQ(page.options().phases, Phases::all);
}

}  // namespace
}  // namespace pregate
