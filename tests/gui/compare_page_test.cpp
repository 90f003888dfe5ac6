// SPDX-License-Identifier: Apache-2.0
// The comparison against what `pregate compare` says of the same files, and its page.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtTest/QSignalSpy>
#include <cmath>

#include "gui/compare_page.hpp"
#include "gui/scene/compare_cards.hpp"
#include "tests/gui/real_files.hpp"
#include "traces/number_text.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

using testing::HasSubstr;

std::shared_ptr<const RunDocument> open(const QString& path) {
  Result<RunRecord> run = read_run(path.toStdString());
  EXPECT_TRUE(run.ok()) << run.error().message();
  auto out = std::make_shared<RunDocument>();
  out->path = path.toStdString();
  out->run = std::move(*run);
  return out;
}

struct Told {
  std::shared_ptr<const RunDocument> a, b;
  std::shared_ptr<const RunPair> pair;
  QJsonObject json;  // of the comparison
};

const Told& told() {
  static const Told kTold = [] {
    const QString a = test::real_run("compare-a.run", {"policy.prefetch=none"});
    const QString b = test::real_run("compare-b.run", {"policy.prefetch=prev-token", "workload.max_steps=5"});
    Told out{.a = open(a), .b = open(b)};
    Result<std::unique_ptr<RunPair>> pair = RunPair::build(out.a->run, out.b->run);
    EXPECT_TRUE(pair.ok()) << pair.error().message();
    out.pair = std::move(*pair);
    out.json = QJsonDocument::fromJson(test::run_command({"compare", a, b, "--json", "--top", "1000"}))
                   .object()["comparisons"][0]
                   .toObject();
    return out;
  }();
  return kTold;
}

const CardPage& page() {
  static const CardPage kPage = comparison_of(*told().pair);
  return kPage;
}

const CardTable& table_of(std::string_view title, const CardPage& of = page()) {
  for (const Card& card : of.cards) {
    if (card.title != title) continue;
    for (const CardBlock& block : card.blocks) {
      if (const auto* table = std::get_if<CardTable>(&block)) return *table;
    }
  }
  ADD_FAILURE() << title;
  static const CardTable kNone;
  return kNone;
}

double hundredths(std::string cell) {
  std::erase_if(cell, [](char c) { return c == ',' || c == ' ' || c == '+'; });
  return std::stod(cell) * 100;
}

TEST(Comparison, TheWaterfallIsTheCommandsAndSumsAsItIsShown) {
  for (const auto& [title, key] : {std::pair("Where a decoded token's time went", "decode"),
                                   std::pair("Where the prompt's time went", "prefill")}) {
    const CardTable& table = table_of(title);
    const QJsonObject fall = told().json[key].toObject();
    double at = 0;
    for (const CardRow& row : table.rows) {
      const double shown = hundredths(row.cells[2].text);
      const bool level = row.cells[0].bold;
      if (level && &row != &table.rows.front()) {
        EXPECT_NEAR(shown, at, 0.01) << row.cells[0].text;
      }
      at = level ? shown : at + shown;
    }
    EXPECT_NEAR(hundredths(table.rows.front().cells[2].text), fall["makespan_a_ps"].toDouble() / 1e7, 1);
    EXPECT_NEAR(hundredths(table.rows.back().cells[2].text), fall["makespan_b_ps"].toDouble() / 1e7, 1);
    const QJsonObject change = fall["change_ps"].toObject();
    for (const QString& bin : change.keys()) {
      std::string name = bin.toStdString();
      std::replace(name.begin(), name.end(), '_', ' ');
      if (name.starts_with("stall ")) name.replace(0, 6, "stall: ");
      if (name == "dram contention") name = "DRAM contention";
      if (name == "management") name = "cache management";
      const auto row = std::find_if(table.rows.begin(), table.rows.end(),
                                    [&](const CardRow& r) { return r.cells[0].text == name; });
      if (row == table.rows.end()) {
        EXPECT_EQ(change[bin].toInteger(), 0) << name;
        continue;
      }
      EXPECT_NEAR(hundredths(row->cells[2].text), change[bin].toDouble() / 1e7, 1.01) << name;
    }
  }
}

TEST(Comparison, BarsOfTheWaterfallHangOnEachOther) {
  const CardTable& table = table_of("Where a decoded token's time went");
  const Waterfall fall = told().pair->focus().waterfall();
  double at = -1, change = 0;
  for (const CardRow& row : table.rows) {
    ASSERT_TRUE(row.bar.has_value());
    if (at >= 0) {
      EXPECT_DOUBLE_EQ(row.bar->from, row.cells[0].bold ? row.bar->to : at);
      if (row.cells[0].bold) {
        EXPECT_NEAR(row.bar->to, at, 1e-9);
      }
    }
    at = row.bar->to;
    change += row.bar->to - row.bar->from;
  }
  // What the bars go from the first level to the last is the difference of the makespans, in their scale.
  const double levels = table.rows.back().bar->to - table.rows.front().bar->to;
  EXPECT_NEAR(change, levels, 1e-9);
  EXPECT_EQ(levels > 0, fall.to > fall.from);
}

TEST(Comparison, TheHeadlineHasTheCommandsRates) {
  const QJsonObject json = told().json;
  EXPECT_THAT(page().headline,
              testing::StartsWith(fmt::format(
                  "B decodes {:.2f} tokens/s, A {:.2f}: {}", json["tokens_per_second_in_both_b"].toDouble(),
                  json["tokens_per_second_in_both_a"].toDouble(),
                  signed_text(100 * json["tokens_per_second_in_both_change"].toDouble(), "%"))));
}

TEST(Comparison, LayersAreTheCommands) {
  const CardTable& table = table_of("Layer by layer");
  const QJsonObject layers = told().json["layers"].toObject();
  std::size_t told_of = 0;
  for (const char* way : {"faster", "slower"}) {
    for (const QJsonValue value : layers[way].toArray()) {
      const QJsonObject layer = value.toObject();
      const std::string name =
          layer["layer"].isString() ? "head" : fmt::format("layer {}", layer["layer"].toInteger());
      const auto row = std::find_if(table.rows.begin(), table.rows.end(),
                                    [&](const CardRow& r) { return r.cells[0].text == name; });
      ASSERT_NE(row, table.rows.end()) << name;
      EXPECT_EQ(row->cells[1].text,
                fmt::format("{:.3f}", static_cast<double>(layer["a_ps"].toInteger()) / 1e9));
      EXPECT_EQ(row->cells[2].text,
                fmt::format("{:.3f}", static_cast<double>(layer["b_ps"].toInteger()) / 1e9));
      EXPECT_EQ(
          row->cells[3].text,
          fmt::format("{:+.3f}", rounded(static_cast<double>(layer["difference_ps"].toInteger()) / 1e9, 3)));
      std::string cause = row->cells[4].text;
      std::erase(cause, ':');
      std::replace(cause.begin(), cause.end(), ' ', '_');
      if (cause == "cache_management") cause = "management";
      if (cause == "DRAM_contention") cause = "dram_contention";
      EXPECT_EQ(cause, layer["main_cause"].toString().toStdString());
      ++told_of;
    }
  }
  EXPECT_GT(told_of, 3U);
}

TEST(Comparison, ChangesAndRemarksAreTheCommands) {
  const std::string text = plain_text(page());
  for (const QJsonValue value : told().json["scenario_changes"].toArray())
    EXPECT_THAT(text, HasSubstr(value.toObject()["path"].toString().toStdString() + ": "));
  for (const QJsonValue value : told().json["remarks"].toArray())
    EXPECT_THAT(text, HasSubstr(value.toString().toStdString()));
}

TEST(Comparison, OfARunWithItselfIsZeroEverywhere) {
  const Result<std::unique_ptr<RunPair>> pair = RunPair::build(told().a->run, told().a->run);
  ASSERT_TRUE(pair.ok());
  const CardPage same = comparison_of(**pair);
  EXPECT_THAT(same.headline, HasSubstr("+0.0 %"));
  for (const CardRow& row : table_of("Where a decoded token's time went", same).rows) {
    if (!row.cells[0].bold) {
      EXPECT_EQ(hundredths(row.cells[2].text), 0);
    }
  }
  for (const CardRow& row : table_of("Layer by layer", same).rows) EXPECT_EQ(row.cells[3].text, "+0.000");
  EXPECT_THAT(plain_text(same), HasSubstr("Nothing in the scenario."));
}

class ComparePageTest : public testing::Test {
 protected:
  ComparePageTest() {
    page_.resize(1200, 800);
    page_.show();
    QCoreApplication::processEvents();
  }
  const Mark* find(const std::function<bool(const Mark&)>& is_it) {
    for (const Mark& mark : page_.lanes().picture().marks) {
      if (mark.target.kind != Target::Kind::none && mark.w >= 1 && is_it(mark)) return &mark;
    }
    return nullptr;
  }
  static QPoint middle(const Mark& mark) {
    return {static_cast<int>(mark.x + mark.w / 2), static_cast<int>(mark.y + mark.h / 2)};
  }

  Link link_;
  ComparePage page_{told().a, told().b, told().pair, link_};
};

TEST_F(ComparePageTest, AClickSelectsInTheTimelineOfA) {
  const Mark* stall =
      find([](const Mark& m) { return m.target.kind == Target::Kind::stall && m.target.track == 0; });
  ASSERT_NE(stall, nullptr);
  const Target target = stall->target;
  QTest::mouseClick(&page_.lanes(), Qt::LeftButton, {}, middle(*stall));
  EXPECT_EQ(link_.selected(), target);
  const Mark* other =
      find([](const Mark& m) { return m.target.kind == Target::Kind::step && m.target.track == 1; });
  ASSERT_NE(other, nullptr);
  QTest::mouseClick(&page_.lanes(), Qt::LeftButton, {}, middle(*other));
  EXPECT_EQ(link_.selected().kind, Target::Kind::step);
}

TEST_F(ComparePageTest, ADoubleClickShowsItOnTheTimeline) {
  QSignalSpy shown(&link_, &Link::shown);
  const Mark* stall =
      find([](const Mark& m) { return m.target.kind == Target::Kind::stall && m.target.track == 0; });
  ASSERT_NE(stall, nullptr);
  QTest::mouseDClick(&page_.lanes(), Qt::LeftButton, {}, middle(*stall));
  EXPECT_EQ(shown.count(), 1);
}

TEST_F(ComparePageTest, KeysAndTheWheelMoveTheView) {
  const TimeSpan all = page_.scene().view();
  page_.act(Act::zoom_in);
  EXPECT_LT(page_.scene().view().length(), all.length());
  const TimeSpan before = page_.scene().view();
  page_.act(Act::pan_right);
  EXPECT_GT(page_.scene().view().first, before.first);
  page_.act(Act::fit);
  EXPECT_EQ(page_.scene().view(), all);
  const QPointF at(600, 100);
  const std::int64_t held = page_.scene().axis_at(600);
  QWheelEvent wheel(at, page_.lanes().mapToGlobal(at), {}, {0, 120}, Qt::NoButton, Qt::NoModifier,
                    Qt::NoScrollPhase, false);
  QCoreApplication::sendEvent(&page_.lanes(), &wheel);
  EXPECT_LT(page_.scene().view().length(), all.length());
  EXPECT_NEAR(page_.scene().x_of(held), 600, 0.1);
}

TEST_F(ComparePageTest, ADragSelectsAnAreaToZoomTo) {
  EXPECT_FALSE(page_.can(Act::zoom_to_area));
  QTest::mousePress(&page_.lanes(), Qt::LeftButton, {}, {400, 60});
  QTest::mouseMove(&page_.lanes(), {500, 60});
  QTest::mouseMove(&page_.lanes(), {700, 60});
  QMouseEvent move(QEvent::MouseMove, QPointF(700, 60), page_.lanes().mapToGlobal(QPointF(700, 60)),
                   Qt::LeftButton, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(&page_.lanes(), &move);
  QTest::mouseRelease(&page_.lanes(), Qt::LeftButton, {}, {700, 60});
  ASSERT_TRUE(page_.can(Act::zoom_to_area));
  const TimeSpan area = *page_.lanes().area();
  page_.act(Act::zoom_to_area);
  EXPECT_EQ(page_.scene().view(), area);
  EXPECT_FALSE(page_.can(Act::zoom_to_area));
}

TEST_F(ComparePageTest, IsOverlaidCopiedAndExported) {
  const std::size_t stacked = page_.lanes().picture().marks.size();
  page_.act(Act::overlay);
  EXPECT_TRUE(page_.scene().overlaid());
  EXPECT_NE(page_.lanes().picture().marks.size(), stacked);
  page_.act(Act::copy);
  EXPECT_THAT(QGuiApplication::clipboard()->text().toStdString(),
              HasSubstr("Where a decoded token's time went"));
  const Picture picture = page_.picture_of({1000, 600});
  EXPECT_EQ(picture.width, 1000);
  EXPECT_GE(picture.height, 600);
  EXPECT_THAT(page_.csv(), HasSubstr("Layer by layer,layer 1,B - A,"));
  EXPECT_EQ(page_.status().toStdString(), page().headline);
}

TEST_F(ComparePageTest, FollowsWhatIsSelectedElsewhere) {
  link_.select({.kind = Target::Kind::stall, .row = 3});
  const auto frames = [this] {
    const Picture& picture = page_.lanes().picture();
    return std::count_if(picture.marks.begin(), picture.marks.end(),
                         [](const Mark& m) { return m.shape == Shape::frame && m.ink == Ink::selection; });
  };
  EXPECT_EQ(frames(), 1);
  page_.act(Act::clear_selection);
  EXPECT_EQ(frames(), 0);
  EXPECT_EQ(link_.selected().kind, Target::Kind::none);
}

}  // namespace
}  // namespace pregate
