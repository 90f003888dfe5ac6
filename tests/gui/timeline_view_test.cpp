// SPDX-License-Identifier: Apache-2.0
// The timeline page under keys and mouse.
#include "gui/timeline_view.hpp"

#include <QtCore/QFile>
#include <QtGui/QWheelEvent>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QInputDialog>

#include "gui/scene/bookmark_file.hpp"
#include "tests/gui/gui_fixtures.hpp"
#include "tests/scene/made_run.hpp"

namespace pregate {
namespace {

class TimelineViewTest : public ::testing::Test {
 protected:
  TimelineViewTest() { open(); }

  void open() {
    auto made =
        RunDocument::make(folder_.filePath("a.run").toStdString(), fixtures::made_run({.tokens = 30}));
    EXPECT_TRUE(made.ok());
    document_ = *made;
    view_ = std::make_unique<TimelineView>(document_, link_);
    view_->resize(1000, 640);
    view_->show();
    QApplication::processEvents();
    scene().resize(canvas().width(), canvas().height());
  }
  TimelineScene& scene() { return view_->scene(); }
  TimelineCanvas& canvas() { return view_->canvas(); }
  const RunTracks& tracks() { return *document_->tracks; }

  QPoint point_of(TrackId track, std::int64_t time) {
    for (const TimelineRow& row : scene().layout().visible()) {
      if (row.track != track) continue;
      return {static_cast<int>(scene().x_of(time)), row.top + row.height - 3};
    }
    ADD_FAILURE() << "the track is not visible";
    return {};
  }
  void move_to(QPoint at) { QTest::mouseMove(&canvas(), at); }
  void wheel(QPoint at, int delta, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    QWheelEvent event(at, canvas().mapToGlobal(QPointF(at)), {}, {0, delta}, Qt::NoButton, modifiers,
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(&canvas(), &event);
  }
  void drag(QPoint from, QPoint to) {
    QTest::mousePress(&canvas(), Qt::LeftButton, {}, from);
    move_to((from + to) / 2);
    move_to(to);
    QTest::mouseRelease(&canvas(), Qt::LeftButton, {}, to);
  }

  QTemporaryDir folder_;
  std::shared_ptr<const RunDocument> document_;
  Link link_;
  std::unique_ptr<TimelineView> view_;
};

TEST_F(TimelineViewTest, TheWheelZoomsAtTheCursor) {
  const QPoint at(600, 200);
  scene().zoom_at(600, 0.5);
  const std::int64_t time = scene().time_at(600);
  const std::int64_t length = scene().view().length();
  wheel(at, 240);
  EXPECT_LT(scene().view().length(), length);
  EXPECT_NEAR(static_cast<double>(scene().time_at(600)), static_cast<double>(time), 2);
  wheel(at, -240);
  EXPECT_NEAR(static_cast<double>(scene().view().length()), static_cast<double>(length), 3);
}

TEST_F(TimelineViewTest, TheWheelPansWithShiftAndScrollsWithControlAndOverNames) {
  scene().zoom_at(600, 0.1);
  const TimeSpan view = scene().view();
  wheel({600, 200}, -120, Qt::ShiftModifier);
  EXPECT_GT(scene().view().first, view.first);
  EXPECT_EQ(scene().view().length(), view.length());
  view_->act(Act::toggle_experts);
  wheel({600, 200}, -120, Qt::ControlModifier);
  EXPECT_EQ(scene().state().scroll, 60);
  wheel({20, 200}, -120);
  EXPECT_EQ(scene().state().scroll, 120);
}

TEST_F(TimelineViewTest, KeysZoomPanAndFit) {
  move_to({500, 200});
  const std::int64_t time = scene().time_at(500);
  for (int i = 0; i < 5; ++i) view_->act(Act::zoom_in);
  EXPECT_NEAR(static_cast<double>(scene().time_at(500)), static_cast<double>(time), 5);
  const TimeSpan view = scene().view();
  view_->act(Act::pan_right);
  EXPECT_GT(scene().view().first, view.first);
  view_->act(Act::pan_left);
  EXPECT_NEAR(static_cast<double>(scene().view().first), static_cast<double>(view.first), 2);
  view_->act(Act::fit);
  EXPECT_EQ(scene().view(), tracks().span());
}

TEST_F(TimelineViewTest, ADragSelectsAnAreaThatTheOtherPagesHearOf) {
  QSignalSpy heard(&link_, &Link::area_changed);
  const int y = point_of(tracks().band_track(), 0).y();
  drag({300, y}, {500, y});
  ASSERT_TRUE(link_.area().has_value());
  EXPECT_EQ(heard.count(), 1) << "once, when the drag ends";
  EXPECT_EQ(*link_.area(), (TimeSpan{scene().time_at(300), scene().time_at(500)}));
  EXPECT_NE(view_->status().indexOf("area"), -1);
  EXPECT_FALSE(view_->csv().empty());
  view_->act(Act::zoom_to_area);
  EXPECT_EQ(scene().view(), *link_.area());
  view_->act(Act::clear_selection);
  EXPECT_FALSE(link_.area().has_value());
  EXPECT_FALSE(scene().state().area.has_value());
}

TEST_F(TimelineViewTest, ADragSnapsToTheEndsOfSlices) {
  const Slice step = tracks().row(tracks().steps()).slices()[10];
  const QPoint from = point_of(tracks().steps(), step.begin), to = point_of(tracks().steps(), step.end);
  drag({from.x() + 2, from.y()}, {to.x() + 2, to.y()});
  EXPECT_EQ(link_.area(), step.span());
}

TEST_F(TimelineViewTest, ADoubleClickZoomsToTheAreaOrTheSlice) {
  const Slice step = tracks().row(tracks().steps()).slices()[12];
  const QPoint at = point_of(tracks().steps(), (step.begin + step.end) / 2);
  move_to(at);
  QTest::mouseDClick(&canvas(), Qt::LeftButton, {}, at);
  EXPECT_LE(scene().view().first, step.begin);
  EXPECT_GE(scene().view().last, step.end);
  EXPECT_LT(scene().view().length(), step.width() * 12 / 10);
  view_->act(Act::fit);
  link_.set_area(TimeSpan{step.begin, step.begin + step.width() * 3});
  const QPoint inside = point_of(tracks().steps(), step.begin + step.width());
  move_to(inside);
  QTest::mouseDClick(&canvas(), Qt::LeftButton, {}, inside);
  EXPECT_EQ(scene().view(), *link_.area());
}

TEST_F(TimelineViewTest, AClickSelectsAndAClickOnNothingLetsGo) {
  scene().zoom_to({0, tracks().span().last / 20});
  canvas().refresh();
  const Slice stall = tracks().row(tracks().stalls()).slices()[0];
  const QPoint at = point_of(tracks().stalls(), (stall.begin + stall.end) / 2);
  QTest::mouseClick(&canvas(), Qt::LeftButton, {}, at);
  EXPECT_EQ(link_.selected(), (Target{.kind = Target::Kind::stall, .row = 0}));
  EXPECT_EQ(scene().state().selected_span, stall.span());
  EXPECT_GT(scene().state().chain.size(), 1U) << "the chain of its causes is drawn";
  const QPoint nothing(at.x(), canvas().height() - scene().legend_height() - 4);
  QTest::mouseClick(&canvas(), Qt::LeftButton, {}, nothing);
  EXPECT_EQ(link_.selected().kind, Target::Kind::none);
}

TEST_F(TimelineViewTest, StepsThroughStallsAndItems) {
  EXPECT_FALSE(view_->can(Act::next_item));
  scene().zoom_to({0, 10'000});
  view_->act(Act::next_stall);
  EXPECT_EQ(link_.selected(), (Target{.kind = Target::Kind::stall, .row = 0}));
  view_->act(Act::next_item);
  EXPECT_EQ(link_.selected().row, 1U);
  view_->act(Act::previous_stall);
  EXPECT_EQ(link_.selected().row, 0U);
}

TEST_F(TimelineViewTest, ShowsWhatAnotherPageLinksTo) {
  const std::uint64_t eviction = document_->run.evictions.size() - 1;
  link_.show({.kind = Target::Kind::eviction, .row = eviction});
  EXPECT_FALSE(scene().state().folded.contains(tracks().expert_group()));
  EXPECT_TRUE(scene().view().contains(document_->run.evictions[eviction].at.count_ps()));
  EXPECT_EQ(scene().state().selected.row, eviction);
}

TEST_F(TimelineViewTest, FollowsTheBrushOfTheHeatmap) {
  link_.set_brush({.experts = {ExpertId(3), ExpertId(5)}});
  EXPECT_FALSE(scene().state().folded.contains(tracks().expert_group()));
  EXPECT_EQ(scene().layout().experts(), (std::vector<ExpertId>{ExpertId(3), ExpertId(5)}));
  view_->act(Act::clear_selection);
  EXPECT_TRUE(scene().state().expert_filter.empty());
}

TEST_F(TimelineViewTest, TracksAreHiddenPinnedMovedAndFolded) {
  move_to(point_of(tracks().stalls(), 0) + QPoint(-80, 0));
  ASSERT_TRUE(view_->can(Act::hide_track));
  view_->act(Act::pin_track);
  EXPECT_EQ(scene().state().pinned, std::vector<TrackId>{tracks().stalls()});
  move_to({20, scene().ruler_height() + 5});
  view_->act(Act::hide_track);
  EXPECT_TRUE(scene().state().hidden.contains(tracks().stalls()));
  view_->act(Act::show_all_tracks);
  EXPECT_TRUE(scene().state().hidden.empty());
  const QPoint name = point_of(tracks().flash(), 0) + QPoint(-90, -2);
  QTest::mouseClick(&canvas(), Qt::LeftButton, {}, name);
  EXPECT_TRUE(scene().state().folded.contains(tracks().flash()));
}

TEST_F(TimelineViewTest, ANameIsDraggedToAnotherPlace) {
  const QPoint from(30, point_of(tracks().stalls(), 0).y()), to(30, point_of(tracks().steps(), 0).y());
  drag(from, to);
  EXPECT_EQ(scene().state().order.front(), tracks().stalls());
}

TEST_F(TimelineViewTest, TheMiddleButtonMovesTheView) {
  scene().zoom_at(600, 0.1);
  const std::int64_t time = scene().time_at(600);
  QTest::mousePress(&canvas(), Qt::MiddleButton, {}, {600, 200});
  move_to({560, 200});
  move_to({500, 200});
  QTest::mouseRelease(&canvas(), Qt::MiddleButton, {}, {500, 200});
  EXPECT_NEAR(static_cast<double>(scene().time_at(500)), static_cast<double>(time), 3);
}

TEST_F(TimelineViewTest, TheMinimapMovesTheWindow) {
  scene().zoom_at(600, 0.1);
  const std::int64_t length = scene().view().length();
  const int x = scene().names_width() + scene().plot_width() / 2;
  QTest::mouseClick(&view_->minimap(), Qt::LeftButton, {}, {x, 20});
  const std::int64_t middle = scene().view().first + length / 2;
  EXPECT_EQ(scene().view().length(), length);
  EXPECT_NEAR(static_cast<double>(middle), static_cast<double>(tracks().span().last) / 2,
              static_cast<double>(tracks().span().last) / scene().plot_width());
}

TEST_F(TimelineViewTest, BookmarksAreKeptBesideTheRun) {
  EXPECT_FALSE(view_->can(Act::bookmark_3));
  scene().zoom_to({1'000'000, 5'000'000});
  move_to({400, 200});
  const std::int64_t time = scene().time_at(400);
  view_->act(Act::set_bookmark_3);
  view_->act(Act::note);
  auto* dialog = view_->findChild<QInputDialog*>();
  ASSERT_NE(dialog, nullptr);
  dialog->setTextValue("thrashing begins");
  dialog->accept();
  view_->act(Act::fit);
  view_->act(Act::bookmark_3);
  EXPECT_EQ(scene().view(), (TimeSpan{1'000'000, 5'000'000}));
  view_.reset();
  open();
  ASSERT_TRUE(scene().state().bookmarks[3].has_value());
  EXPECT_EQ(*scene().state().bookmarks[3],
            (Bookmark{.at = time, .view = {1'000'000, 5'000'000}, .note = "thrashing begins"}));
}

TEST_F(TimelineViewTest, AFileOfBookmarksThatCannotBeReadIsSaidAndLeftAlone) {
  const QString path = folder_.filePath("a.run.marks.json");
  QFile file(path);
  ASSERT_TRUE(file.open(QIODevice::WriteOnly));
  file.write("{\"format\": 1}");
  file.close();
  view_.reset();
  open();
  QSignalSpy said(view_.get(), &TimelineView::said);
  view_.reset();
  auto view = std::make_unique<TimelineView>(document_, link_);
  QSignalSpy heard(view.get(), &TimelineView::said);
  QApplication::processEvents();
  ASSERT_EQ(heard.count(), 1);
  EXPECT_TRUE(heard[0][0].toString().contains("pregate.marks")) << heard[0][0].toString().toStdString();
  view->act(Act::set_bookmark_1);
  EXPECT_EQ(heard.count(), 2);
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  EXPECT_EQ(file.readAll(), "{\"format\": 1}");
}

TEST_F(TimelineViewTest, TheMenuNamesTheTrackAndTheBookmark) {
  move_to(point_of(tracks().npu(), 10'000));
  QStringList texts;
  const auto menu = view_->menu_for(nullptr);
  for (const QAction* action : menu->actions()) texts << action->text();
  EXPECT_TRUE(texts.contains("Hide \"Compute unit\"")) << texts.join(", ").toStdString();
  EXPECT_TRUE(texts.contains("Pin \"Compute unit\" to the top"));
  view_->act(Act::set_bookmark_5);
  Mark mark;
  mark.target = {.kind = Target::Kind::bookmark, .row = 5};
  const auto marks = view_->menu_for(&mark);
  marks->actions()[1]->trigger();
  EXPECT_FALSE(scene().state().bookmarks[5].has_value());
  EXPECT_FALSE(QFile::exists(folder_.filePath("a.run.marks.json"))) << "nothing is left to keep";
}

TEST_F(TimelineViewTest, ExportsInAnySizeAndKeepsItsOwn) {
  const int width = scene().width();
  const Picture picture = view_->picture_of({1600, 900});
  EXPECT_EQ(picture.width, 1600);
  EXPECT_EQ(picture.height, 900);
  EXPECT_FALSE(picture.marks.empty());
  EXPECT_EQ(scene().width(), width);
}

TEST_F(TimelineViewTest, EveryActOfTheTableIsSafe) {
  move_to({400, 150});
  for (const Action& each : all_actions()) {
    if (each.act == Act::note) continue;
    view_->act(each.act);
    QApplication::processEvents();
  }
}

TEST(BookmarkFile, ReadsWhatItWrites) {
  Bookmarks bookmarks;
  bookmarks[0] =
      Bookmark{.at = 9'007'199'254'740'993, .view = {1, 4'611'686'018'427'387'904}, .note = "a \"b\"\n✓"};
  bookmarks[9] = Bookmark{.at = 5, .view = {0, 7}};
  const auto again = parse_bookmarks(bookmarks_text(bookmarks));
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(*again, bookmarks);
}

TEST(BookmarkFile, ErrorsNameThePlace) {
  const auto message = [](const std::string& marks) {
    const auto parsed =
        parse_bookmarks(R"({"format": "pregate.marks", "version": 1, "marks": )" + marks + "}");
    return parsed.ok() ? std::string() : parsed.error().message();
  };
  EXPECT_EQ(message("[]"), "");
  EXPECT_NE(message("[{\"number\": 10}]").find("marks[0].number"), std::string::npos);
  EXPECT_NE(message("[{\"number\": 1, \"at_ps\": -4}]").find("marks[0].at_ps"), std::string::npos);
  EXPECT_NE(message("[{\"number\": null}]").find("found null"), std::string::npos);
  EXPECT_NE(message("[{\"number\": 1, \"at_ps\": 1.5}]").find("marks[0].at_ps"), std::string::npos);
  EXPECT_NE(message("[{\"number\": 1, \"at_ps\": 1, \"view_ps\": [1]}]").find("view_ps"), std::string::npos);
  EXPECT_NE(message("[3]").find("marks[0]"), std::string::npos);
  EXPECT_NE(message("3").find("marks"), std::string::npos);
  const std::string good = R"({"number": 1, "at_ps": 1, "view_ps": [1, 2]})";
  EXPECT_NE(message("[" + good + "," + good + "]").find("marks[1].number"), std::string::npos);
  EXPECT_FALSE(parse_bookmarks("").ok());
  EXPECT_FALSE(parse_bookmarks("[1").ok());
}

}  // namespace
}  // namespace pregate
