// SPDX-License-Identifier: Apache-2.0
// The verdict page against what the command says of the same run.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtTest/QSignalSpy>
#include <numeric>

#include "gui/verdict_page.hpp"
#include "tests/gui/real_files.hpp"
#include "traces/number_text.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// One run, as a file and as JSON.
struct Told {
  std::shared_ptr<RunDocument> document = std::make_shared<RunDocument>();
  QByteArray text;
  QJsonObject json;
};

const Told& told() {
  static const Told kTold = [] {
    Told out;
    const QString path = test::scratch_path("verdict.run");
    QStringList arguments{"run", "synthetic", "--json", "--what-if", "--out", path};
    for (const char* set : {"workload.synthetic.prompt_tokens=4", "workload.synthetic.decode_tokens=40",
                            "policy.prefetch=prev-token"})
      arguments << "--set" << set;
    out.text = test::run_command(arguments);
    out.json = QJsonDocument::fromJson(out.text).object();
    Result<RunRecord> run = read_run(path.toStdString());
    EXPECT_TRUE(run.ok()) << run.error().message();
    out.document->path = path.toStdString();
    out.document->run = std::move(*run);
    return out;
  }();
  return kTold;
}

CounterfactualState done() {
  Result<CounterfactualList> list = parse_counterfactuals(
      std::string_view(told().text.data(), static_cast<std::size_t>(told().text.size())));
  EXPECT_TRUE(list.ok()) << list.error().message();
  return {.stage = CounterfactualState::Stage::done, .list = std::move(*list)};
}

const CardPage& page() {
  static const CardPage kPage = [] {
    const CounterfactualState state = done();
    return verdict_of(told().document->run, {.counterfactuals = &state});
  }();
  return kPage;
}

using Cells = std::vector<std::vector<std::string>>;

// The cells of a card's tables, row by row.
Cells cells_of(std::string_view title) {
  Cells out;
  for (const Card& card : page().cards) {
    if (card.title != title) continue;
    for (const CardBlock& block : card.blocks) {
      const auto* table = std::get_if<CardTable>(&block);
      if (table == nullptr) continue;
      for (const CardRow& row : table->rows) {
        out.emplace_back();
        for (const CardCell& cell : row.cells) out.back().push_back(cell.text);
      }
    }
  }
  EXPECT_FALSE(out.empty()) << title;
  return out;
}

std::string words_of_card(std::string_view title) {
  std::string out;
  for (const Card& card : page().cards) {
    if (card.title != title) continue;
    out = card.note;
    for (const CardBlock& block : card.blocks) {
      if (const auto* text = std::get_if<CardText>(&block)) {
        for (const TextRun& run : text->runs) out += " " + run.text;
      }
    }
  }
  return out;
}

double number(const QJsonValue& value) {
  EXPECT_TRUE(value.isDouble());
  return value.toDouble();
}
std::int64_t whole(const QJsonValue& value) {
  EXPECT_TRUE(value.isDouble());
  return value.toInteger();
}
std::string ms(double seconds) {
  return fmt::format("{:.2f} ms", seconds * 1e3);
}
std::string time(double seconds) {
  return seconds < 1 ? ms(seconds) : fmt::format("{:.2f} s", seconds);
}
std::string text(const QJsonValue& value) {
  return value.toString().toStdString();
}
std::string spaced(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

TEST(Verdict, FiguresAreTheCommands) {
  const QJsonObject json = told().json, decode = json["decode"].toObject();
  const double waiting = number(decode["bins_ps"]["stall"]) / number(decode["makespan_ps"]);
  std::vector<std::string> values;
  for (const Figure& figure : page().figures) values.push_back(figure.value);
  EXPECT_THAT(values, ElementsAre(fmt::format("{:.2f}", number(json["tokens_per_second"])),
                                  time(number(json["time_per_output_token_s"])), time(number(json["ttft_s"])),
                                  percent(waiting), percent(number(json["hit_rate_decode"])),
                                  fmt::format("{:.3f} J", number(json["energy_per_token_j"]))));
  EXPECT_EQ(page().figures[4].note, "OPT " + percent(number(json["opt_hit_rate_decode"])));
}

TEST(Verdict, TheSentenceHasTheCommandsNumbers) {
  const QJsonObject json = told().json, decode = json["decode"].toObject();
  const std::string waiting = percent(number(decode["bins_ps"]["stall"]) / number(decode["makespan_ps"]));
  EXPECT_THAT(page().headline, testing::StartsWith(fmt::format("{:.2f} tokens/s; {} of a token is waiting",
                                                               number(json["tokens_per_second"]), waiting)));
  EXPECT_THAT(page().headline,
              testing::EndsWith(fmt::format("with every expert in DRAM it would be {:.2f} at most",
                                            number(json["tokens_per_second_if_resident"]))));
}

TEST(Verdict, TimesAreTheCommandsAndSumExactly) {
  const QJsonObject decode = told().json["decode"].toObject();
  const double tokens = number(decode["tokens"]);
  const Cells cells = cells_of("Where the time goes");
  std::int64_t hundredths = 0, permille = 0;
  const auto digits = [](std::string cell) {
    std::erase_if(cell, [](char c) { return c < '0' || c > '9'; });
    return std::stoll(cell);
  };
  for (std::size_t i = 0; i + 1 < cells.size(); ++i) {
    hundredths += digits(cells[i][1]);
    permille += digits(cells[i][2]);
    const std::string& name = cells[i][0];
    const double ps = name == "compute"           ? number(decode["bins_ps"]["compute"])
                      : name == "DRAM contention" ? number(decode["bins_ps"]["dram_contention"])
                      : name == "cache management"
                          ? number(decode["bins_ps"]["management"])
                          : 1e12 * number(decode["stall_by_cause"][QString::fromStdString([&] {
                              std::string key = name.substr(7);
                              std::replace(key.begin(), key.end(), ' ', '_');
                              return key;
                            }())]);
    EXPECT_NEAR(static_cast<double>(digits(cells[i][1])) / 100, ps / tokens / 1e9, 0.0101) << name;
    EXPECT_NEAR(static_cast<double>(digits(cells[i][2])) / 10, 100 * ps / number(decode["makespan_ps"]),
                0.101)
        << name;
  }
  EXPECT_EQ(cells.back()[1], ms(number(told().json["time_per_output_token_s"])));
  EXPECT_EQ(hundredths, digits(cells.back()[1]));
  EXPECT_EQ(permille, 1000);
  EXPECT_EQ(cells.back()[2], "100.0 %");
}

TEST(Verdict, TheCacheIsTheCommands) {
  const QJsonObject json = told().json, decode = json["decode"].toObject();
  Cells expected = {{"decode hit rate", percent(number(json["hit_rate_decode"]))},
                    {"lru alone", percent(number(json["policy_hit_rate_decode"]))},
                    {"OPT", percent(number(json["opt_hit_rate_decode"]))}};
  const std::pair<const char*, const char*> outcomes[] = {{"resident", "resident_hit"},
                                                          {"prefetched in time", "prefetch_hit"},
                                                          {"late", "late_prefetch"},
                                                          {"missed", "miss"}};
  for (const auto& [name, key] : outcomes) {
    const std::int64_t count = whole(decode["outcomes"][key]);
    expected.push_back({name, with_commas(count), percent(ratio(count, whole(decode["lookups"])))});
  }
  EXPECT_EQ(cells_of("Expert cache"), expected);
  const std::string words = words_of_card("Expert cache");
  EXPECT_THAT(words,
              HasSubstr("recoverable gap " + percent(number(json["recoverable_gap"])) + " of the misses"));
  EXPECT_THAT(words, HasSubstr("T = " + to_text(Bytes(whole(json["token_cycle_bytes"]))) + " a token"));
  EXPECT_THAT(words, testing::StartsWith(to_text(Bytes(whole(json["expert_budget_bytes"]))) + " of "));
}

TEST(Verdict, PrefetchesAreTheCommands) {
  const QJsonObject json = told().json, p = json["prefetch"].toObject();
  const std::int64_t issued = whole(p["issued"]), useful = whole(p["useful"]), late = whole(p["late"]),
                     useless = whole(p["useless"]);
  ASSERT_GT(issued, 0);
  const auto line = [issued](const char* name, std::int64_t count) {
    return std::vector<std::string>{name, with_commas(count), percent(ratio(count, issued))};
  };
  EXPECT_EQ(cells_of("Prefetch"), (Cells{line("used, there in time", useful - late),
                                         line("used, but late", late), line("never used", useless)}));
  const std::string words = words_of_card("Prefetch");
  EXPECT_THAT(words,
              HasSubstr(fmt::format("Accuracy {} (useful of issued), coverage {} (misses removed). Redundant "
                                    "{}, cancelled {}.",
                                    percent(number(p["accuracy"])), percent(number(p["coverage"])),
                                    with_commas(whole(p["redundant"])), with_commas(whole(p["cancelled"])))));
  EXPECT_THAT(words, HasSubstr(percent(number(json["thrash_share"])) + " of the bytes read are reloads"));
  if (json["thrash_step"].isDouble()) {
    EXPECT_THAT(words, HasSubstr(fmt::format("step {}", whole(json["thrash_step"]))));
  }
}

TEST(Verdict, ExpertsAreTheCommandsAndLinked) {
  Cells expected;
  for (const QJsonValue value : told().json["worst_experts"].toArray()) {
    const QJsonObject e = value.toObject();
    expected.push_back({fmt::format("expert {} of bank {}", whole(e["expert"]), whole(e["bank"])),
                        ms(number(e["stall_s"])), with_commas(whole(e["misses"])),
                        with_commas(whole(e["reloads"])), to_text(Bytes(whole(e["bytes_read"])))});
  }
  EXPECT_EQ(expected.size(), 10U);
  EXPECT_EQ(cells_of("Experts that cost most waiting"), expected);
  const ExpertTable table(told().document->run.model);
  for (const Card& card : page().cards) {
    if (card.title != "Experts that cost most waiting") continue;
    for (const CardRow& row : std::get<CardTable>(card.blocks.front()).rows) {
      ASSERT_EQ(row.target.kind, Target::Kind::expert);
      const ExpertId id(static_cast<std::uint32_t>(row.target.row));
      EXPECT_EQ(row.cells[0].text,
                fmt::format("expert {} of bank {}", table.index_in_bank(id), table.bank(id).value()));
    }
  }
}

TEST(Verdict, StallsAreTheCommandsAndLinked) {
  const QJsonObject json = told().json;
  Cells expected;
  for (const QJsonValue value : json["stalls"].toArray()) {
    const QJsonObject s = value.toObject();
    expected.push_back({spaced(text(s["cause"])), time(number(s["time_s"])),
                        percent(number(s["time_s"]) / number(json["stall_s"])),
                        with_commas(whole(s["count"])), ms(number(s["time_s"]) / number(s["count"])),
                        ms(number(s["longest_s"]))});
  }
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(cells_of("Stalls by cause"), expected);
}

TEST(Verdict, TheBoundIsTheCommands) {
  const QJsonObject json = told().json;
  EXPECT_EQ(cells_of("Bound"),
            (Cells{{fmt::format("bound ({})", text(json["bound_by"])), time(number(json["bound_s"]))},
                   {"the whole run", time(number(json["makespan_s"]))}}));
  const std::string words = words_of_card("Bound");
  EXPECT_THAT(words, HasSubstr(fmt::format("takes {:.2f} times as long",
                                           number(json["makespan_s"]) / number(json["bound_s"]))));
  EXPECT_THAT(words, HasSubstr(fmt::format("{:.2f} tokens/s at most",
                                           number(json["tokens_per_second_if_resident"]))));
}

TEST(Verdict, SignaturesAreTheCommands) {
  const Cells cells = cells_of("Failure signatures");
  const QJsonArray signatures = told().json["signatures"].toArray();
  ASSERT_EQ(cells.size(), static_cast<std::size_t>(signatures.size()));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const QJsonObject s = signatures[static_cast<qsizetype>(i)].toObject();
    EXPECT_EQ(cells[i][1], s["value"].isNull() ? "-" : fmt::format("{:.2f}", number(s["value"])));
    const std::string side = text(s["bad_side"]) == "above" ? "from" : "to";
    EXPECT_EQ(cells[i][2], fmt::format("{} {:g}", side, number(s["watch"])));
    EXPECT_EQ(cells[i][3], fmt::format("{} {:g}", side, number(s["failing"])));
    EXPECT_EQ(cells[i][4], text(s["verdict"]));
    if (cells[i][4] == "failing" || cells[i][4] == "watch") {
      EXPECT_THAT(words_of_card("Failure signatures"), HasSubstr(text(s["sentence"])));
    }
  }
}

TEST(Verdict, PhasesAreTheCommands) {
  const QJsonObject phases[] = {told().json["prefill"].toObject(), told().json["decode"].toObject()};
  Cells expected = {{"tokens"}, {"makespan"},        {"waiting"},   {"hit rate"},
                    {"loads"},  {"of them reloads"}, {"evictions"}, {"read from flash"}};
  for (const QJsonObject& p : phases) {
    const std::string column[] = {with_commas(whole(p["tokens"])),
                                  time(number(p["makespan_s"])),
                                  percent(number(p["bins_ps"]["stall"]) / number(p["makespan_ps"])),
                                  percent(number(p["hit_rate"])),
                                  with_commas(whole(p["loads"])),
                                  with_commas(whole(p["reloads"])),
                                  with_commas(whole(p["evictions"])),
                                  to_text(Bytes(whole(p["bytes_read"])))};
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i].push_back(column[i]);
  }
  EXPECT_EQ(cells_of("Phases"), expected);
}

TEST(Verdict, CounterfactualsAreTheCommands) {
  Cells expected;
  for (const QJsonValue value : told().json["what_if"].toArray()) {
    const QJsonObject row = value.toObject();
    if (row["error"].isNull()) {
      expected.push_back({text(row["name"]), fmt::format("{:.2f}", number(row["tokens_per_second"])),
                          row["itself"].toBool() ? "-" : signed_text(100 * number(row["gain"]), "%")});
    } else {
      expected.push_back({text(row["name"]), "-", "failed"});
    }
  }
  ASSERT_GT(expected.size(), 5U);
  EXPECT_EQ(cells_of("What would help"), expected);
  EXPECT_THAT(words_of_card("What would help"), HasSubstr(text(told().json["what_if_verdict"])));
}

TEST(Verdict, SaysWhetherNumbersAreSimulatedCountedOrEstimated) {
  EXPECT_THAT(page().above.front().text, HasSubstr("simulated, synthetic routing"));
  for (const Card& card : page().cards) {
    if (card.title == "How it was computed" || card.title == "Expert cache") continue;
    EXPECT_THAT(card.note, testing::ContainsRegex("simulated|counted|estimated")) << card.title;
  }
}

// ---- the picture ----

TEST(VerdictPicture, HasEverythingInsideAtAnyWidth) {
  for (const int width : {320, 700, 1024, 1400, 1920, 3000}) {
    const Picture picture = picture_of(page(), width, 500);
    EXPECT_EQ(picture.width, width);
    EXPECT_GE(picture.height, 500);
    for (const Mark& mark : picture.marks) {
      EXPECT_GE(mark.x, 0);
      EXPECT_GE(mark.y, 0);
      EXPECT_LE(mark.x + mark.w, static_cast<float>(width)) << picture.text_of(mark);
      EXPECT_LE(mark.y + mark.h, static_cast<float>(picture.height)) << picture.text_of(mark);
    }
  }
}

TEST(VerdictPicture, BarsOfTheTimesFillTheirWidth) {
  const Picture picture = picture_of(page(), 1024);
  std::vector<const Mark*> parts;
  float y = -1;
  for (const Mark& mark : picture.marks) {
    if (mark.shape == Shape::rect && mark.h == 22 && (y < 0 || mark.y == y)) {
      y = mark.y;
      parts.push_back(&mark);
    }
  }
  ASSERT_GT(parts.size(), 1U);
  const std::int64_t column = (1024 - 2 * 24 - 16) / 2 - 2 * 16;
  float before = parts.front()->x;
  for (const Mark* part : parts) {
    EXPECT_EQ(part->x, before);
    before += part->w;
    if (before - parts.front()->x == static_cast<float>(column)) break;
  }
  EXPECT_EQ(before - parts.front()->x, static_cast<float>(column));
}

TEST(VerdictPicture, EveryLinkCanBeHit) {
  const Picture picture = picture_of(page(), 1024);
  int links = 0;
  for (const Mark& mark : picture.marks) {
    if (mark.target.kind == Target::Kind::none) continue;
    const Mark* hit = picture.hit(mark.x + mark.w / 2, mark.y + mark.h / 2);
    ASSERT_NE(hit, nullptr);
    ++links;
  }
  EXPECT_GT(links, 10);
}

// ---- the counterfactuals' words ----

TEST(Counterfactuals, EachStageIsSaid) {
  CardPage page = verdict_of(told().document->run);
  const auto text = [&] { return plain_text(page); };
  EXPECT_THAT(text(), HasSubstr("can be simulated on this run's routing"));
  replace_counterfactuals(page, {.stage = CounterfactualState::Stage::running, .simulated = 3, .all = 11});
  EXPECT_THAT(text(), HasSubstr("Simulated 3 of 11."));
  replace_counterfactuals(page, {.stage = CounterfactualState::Stage::failed, .message = "the disk is full"});
  EXPECT_THAT(text(), HasSubstr("the disk is full"));
  replace_counterfactuals(page, done());
  EXPECT_THAT(text(), HasSubstr("everything resident"));
}

TEST(Counterfactuals, WhatIsNotTheCommandsIsRefusedWithItsPlace) {
  const std::string row =
      R"({"name":"a","change":"b","set":[],"itself":true,"phase":"decode","tokens_per_second":1,"gain":0,)"
      R"("saved_per_token_s":0,"time_per_token_s":1,"hit_rate":0.5,"error":null})";
  const auto document = [](const std::string& rows) {
    return R"({"what_if":[)" + rows + R"(],"what_if_left_out":[],"what_if_verdict":"x"})";
  };
  EXPECT_TRUE(parse_counterfactuals(document(row)).ok());
  const auto with = [&row](const std::string& from, const std::string& to) {
    std::string out = row;
    return out.replace(out.find(from), from.size(), to);
  };
  const std::pair<std::string, const char*> wrong[] = {
      {"", "byte"},
      {"{", "byte"},
      {"[]", "an object"},
      {"{}", "what_if"},
      {document("3"), "what_if[0]"},
      {document(row + "," + row), "one row that is the scenario itself"},
      {document(""), "one row that is the scenario itself"},
      {document(with("\"name\":\"a\"", "\"name\":3")), "what_if[0].name"},
      {document(with("\"set\":[]", "\"set\":[1]")), "what_if[0].set"},
      {document(with("\"itself\":true", "\"itself\":1")), "what_if[0].itself"},
      {document(with("\"phase\":\"decode\"", "\"phase\":\"x\"")), "what_if[0].phase"},
      {document(with("\"gain\":0", "\"gain\":null")), "what_if[0].gain"},
      {document(with("\"gain\":0", "\"gain\":\"0\"")), "what_if[0].gain"},
      {document(with("\"error\":null", "\"error\":1")), "what_if[0].error"},
      {document(with("\"hit_rate\":0.5,", "")), "what_if[0].hit_rate"},
      {R"({"what_if":[)" + row + R"(],"what_if_left_out":[{}],"what_if_verdict":"x"})",
       "what_if_left_out[0].name"}};
  for (const auto& [json, place] : wrong) {
    const Result<CounterfactualList> list = parse_counterfactuals(json);
    ASSERT_FALSE(list.ok()) << json;
    EXPECT_THAT(list.error().message(), HasSubstr(place)) << json;
  }
}

// ---- the page ----

class VerdictPageTest : public testing::Test {
 protected:
  VerdictPageTest() {
    page_.resize(1024, 700);
    page_.show();
    QCoreApplication::processEvents();
  }
  void click(const Mark& mark) {
    QTest::mouseClick(&page_.canvas(), Qt::LeftButton, {},
                      QPoint(static_cast<int>(mark.x + mark.w / 2), static_cast<int>(mark.y + mark.h / 2)));
  }
  const Mark* find(Target::Kind kind) {
    for (const Mark& mark : page_.canvas().picture().marks) {
      if (mark.target.kind == kind && mark.shape == Shape::text) return &mark;
    }
    return nullptr;
  }

  Link link_;
  VerdictPage page_{told().document, link_};
};

TEST_F(VerdictPageTest, AClickedLinkIsShownOnTheTimeline) {
  for (const Target::Kind kind : {Target::Kind::expert, Target::Kind::stall}) {
    const Mark* mark = find(kind);
    ASSERT_NE(mark, nullptr);
    const Target target = mark->target;
    QSignalSpy shown(&link_, &Link::shown);
    click(*mark);
    EXPECT_EQ(shown.count(), 1);
    EXPECT_EQ(link_.selected(), target);
  }
}

TEST_F(VerdictPageTest, IsAsHighAsItsContentAndScrolls) {
  EXPECT_EQ(page_.canvas().height(),
            picture_of(verdict_of(told().document->run), page_.canvas().width()).height);
  EXPECT_GT(page_.canvas().height(), page_.height());
  const int before = page_.canvas().y();
  page_.act(Act::scroll_down);
  EXPECT_LT(page_.canvas().y(), before);
  page_.act(Act::scroll_up);
  EXPECT_EQ(page_.canvas().y(), before);
}

TEST_F(VerdictPageTest, AsksForCounterfactualsOnceAndShowsThem) {
  QSignalSpy wanted(&page_, &VerdictPage::counterfactuals_wanted);
  QSignalSpy cancelled(&page_, &VerdictPage::counterfactuals_cancelled);
  const Mark* button = find(Target::Kind::action);
  ASSERT_NE(button, nullptr);
  click(*button);
  EXPECT_EQ(wanted.count(), 1);
  page_.set_counterfactuals({.stage = CounterfactualState::Stage::running});
  EXPECT_FALSE(page_.can(Act::what_if));
  page_.act(Act::what_if);
  EXPECT_EQ(wanted.count(), 1);
  click(*find(Target::Kind::action));
  EXPECT_EQ(cancelled.count(), 1);
  page_.set_counterfactuals(done());
  EXPECT_EQ(find(Target::Kind::action), nullptr);
  EXPECT_THAT(page_.text().toStdString(), HasSubstr("everything resident"));
}

TEST_F(VerdictPageTest, ItsTextIsCopied) {
  page_.act(Act::copy);
  EXPECT_EQ(QGuiApplication::clipboard()->text(), page_.text());
  EXPECT_THAT(page_.text().toStdString(), HasSubstr(page_.status().toStdString()));
  EXPECT_THAT(page_.csv(), HasSubstr("Where the time goes,compute,,"));
}

TEST_F(VerdictPageTest, ARunWithoutDecodeIsToldAsAWhole) {
  RunRecord run = told().document->run;
  run.summary.decode = {};
  run.summary.all = run.summary.prefill;
  const CardPage page = verdict_of(run);
  EXPECT_THAT(page.headline, HasSubstr("for a prompt of 4 tokens"));
  EXPECT_THAT(plain_text(page), HasSubstr("the whole run; simulated"));
}

TEST(Verdict, OfAnEmptyRunIsMadeWithoutHarm) {
  const RunRecord nothing;
  const CardPage page = verdict_of(nothing);
  EXPECT_GT(picture_of(page, 800).height, 0);
}

}  // namespace
}  // namespace pregate
