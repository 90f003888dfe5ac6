// SPDX-License-Identifier: Apache-2.0
// A validation as text, CSV, picture and section of the document.
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "experiments/table.hpp"
#include "experiments/validation/report.hpp"
#include "tests/experiments/command_runner.hpp"
#include "tests/experiments/validation_cells.hpp"

namespace pregate {
namespace {

using test::Folder;
using test::made_run;
using test::made_validation;
using testing::HasSubstr;
using testing::Not;

// Two budgets, prefetch on and off, one and four lanes.
Validation grid(const std::string& model = "megrez2-nano") {
  std::vector<test::MadeCell> cells;
  for (const double budget : {0.125, 0.5}) {
    for (const bool prefetch : {false, true}) {
      for (const std::int32_t lanes : {1, 4}) {
        const double speed = 20 * budget * (prefetch ? 1.5 : 1) * (lanes == 4 ? 1.3 : 1);
        cells.push_back({.model = model,
                         .budget_share = budget,
                         .prefetch = prefetch,
                         .lanes = lanes,
                         .predicted = speed * (lanes == 4 ? 1.06 : 0.96),
                         .measured = speed,
                         .noise = 0.02});
      }
    }
  }
  return made_validation(cells);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

TEST(ValidationText, SaysEachCellAndTheVerdict) {
  const std::string text = validation_text(grid(), {});
  EXPECT_THAT(text, HasSubstr("8 cells, 3 repeats each"));
  EXPECT_THAT(text, HasSubstr("Example CPU"));
  EXPECT_THAT(text, HasSubstr("+/- 2.0 % in the median cell, +/- 2.0 % in the noisiest"));
  EXPECT_THAT(text, HasSubstr("2.400  2.500 (2.450..2.550)  -4.0 %"));
  EXPECT_THAT(text,
              HasSubstr("megrez2-nano\n  tokens/s: median |error| 5.0 % (target 10 %: met), worst +6.0 % "
                        "(target 20 %: met); counts equal in all 8 cells."));
  EXPECT_THAT(text, Not(HasSubstr("Counts that differ")));
}

TEST(ValidationText, FitsInto120Columns) {
  Validation made = grid();
  made.cells[0].of.eviction = EvictionKind::belady_bypass;
  made.cells[1].predicted = made_run({.tokens_per_second = 0.012});
  made.cells[2].measured[1] = made_run({.misses = 410});
  for (const std::string& line : lines_of(validation_text(made, {}))) {
    EXPECT_LE(display_width(line), 120U) << line;
  }
}

TEST(ValidationText, NamesUnequalCounts_TheFirstTwentyOfThem) {
  Validation made = grid();
  for (ValidationCell& cell : made.cells) cell.measured[1] = made_run({.misses = 410});
  const std::string text = validation_text(made, {});
  EXPECT_THAT(text, HasSubstr("repeat 2 of 3: expected 490 misses in all phases as predicted,\n  found 500"));
  EXPECT_THAT(text, HasSubstr("and 76 more: --json"));
  const std::vector<std::string> lines = lines_of(text);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) { return line.find(": repeat 2 of 3:") != line.npos; }),
            20);
  EXPECT_THAT(text, HasSubstr("counts DIFFER in 8 of 8 cells"));
}

TEST(ValidationText, WithOneRepeat_ThereIsNoRangeAndNoNoise) {
  Validation made = grid();
  for (ValidationCell& cell : made.cells) cell.measured.resize(1);
  const std::string text = validation_text(made, {});
  EXPECT_THAT(text, HasSubstr("not known: no cell decodes twice"));
  EXPECT_THAT(text, Not(HasSubstr("..")));
}

// As one line.
std::string unwrapped(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) text[at] = ' ';
  return text;
}

TEST(ValidationText, JudgesTheDiskByCellsThatPrefetch) {
  Validation made = made_validation({{.lanes = 1}, {.lanes = 4, .measured = 12}, {.prefetch = false}});
  made.head.plain_reads = {{.lanes = 1, .mib_s = 530}, {.lanes = 4, .mib_s = 700}};
  std::string text = unwrapped(validation_text(made, {}));
  EXPECT_THAT(text, HasSubstr("530.0 MiB/s with 1 lane, 700.0 MiB/s with 4 lanes; an expert each"));
  EXPECT_THAT(text, HasSubstr("disk-bound cells with prefetch reach 85.8 % to 94.5 % of plain reads with the "
                              "same lanes (target 85 %: met)."));
  EXPECT_THAT(text, HasSubstr("disk-bound cells without prefetch reach 71.5 %; not judged: nothing is read "
                              "while the model computes, so that the 60.0 % of their time"));
  made.head.plain_reads[1].mib_s = 720;
  EXPECT_THAT(validation_text(made, {}), HasSubstr("(target 85 %: MISSED)"));
  made.cells.erase(made.cells.begin(), made.cells.begin() + 2);
  text = unwrapped(validation_text(made, {}));
  EXPECT_THAT(text, HasSubstr("; counts equal in the one cell"));
  EXPECT_THAT(text, HasSubstr("disk-bound cells without prefetch"));
  EXPECT_THAT(text, Not(HasSubstr("target 85 %"))) << "there is no cell that it is for";
}

TEST(ValidationText, WithoutPlainReads_SaysNothingOfThem) {
  Validation made = grid();
  made.head.plain_reads.clear();
  EXPECT_THAT(validation_text(made, {}), Not(HasSubstr("plain reads")));
  EXPECT_THAT(validation_section(made), Not(HasSubstr("lain reads")));
}

TEST(ValidationCsv, HasARowForEachCellAndRepeat_OfOneWidth) {
  const Folder folder;
  Validation made = grid("a,\"b");
  made.cells[7].measured[2] = made_run({.misses = 401});
  ASSERT_TRUE(write_validation_csv(made, folder.file("v.csv")).ok());
  const std::vector<std::string> lines = lines_of(test::read_file(folder.file("v.csv")));
  ASSERT_EQ(lines.size(), 1U + 8 * 3);
  const std::vector<std::string> titles = cells_of(lines[0]);
  for (const std::string& line : lines) EXPECT_EQ(cells_of(line).size(), titles.size()) << line;
  EXPECT_EQ(std::set<std::string>(titles.begin(), titles.end()).size(), titles.size()) << "a title twice";
  const auto column = [&](const char* title) {
    const auto at = std::find(titles.begin(), titles.end(), title);
    EXPECT_NE(at, titles.end()) << title;
    return static_cast<std::size_t>(at - titles.begin());
  };
  const std::vector<std::string> last = cells_of(lines.back());
  EXPECT_EQ(last[column("model")], "a  b");
  EXPECT_EQ(last[column("budget_share")], "0.5");
  EXPECT_EQ(last[column("prefetch")], "pregate");
  EXPECT_EQ(last[column("repeat")], "3");
  EXPECT_EQ(last[column("counts_equal")], "no");
  EXPECT_EQ(last[column("decode_misses_predicted")], "400");
  EXPECT_EQ(last[column("decode_misses_measured")], "401");
  EXPECT_EQ(cells_of(lines[lines.size() - 2])[column("counts_equal")], "yes");
  const std::vector<std::string> first = cells_of(lines[1]);
  EXPECT_NEAR(std::stod(first[column("tokens_per_second_measured")]), 2.45, 1e-9) << "the repeat's own";
  EXPECT_NEAR(std::stod(first[column("tokens_per_second_error")]), 2.4 / 2.45 - 1, 1e-9);
}

TEST(ValidationCsv, WhatARunHasNot_IsEmpty) {
  const Folder folder;
  Validation made = made_validation({{}});
  made.cells[0].predicted.decode = PhaseSummary();
  ASSERT_TRUE(write_validation_csv(made, folder.file("v.csv")).ok());
  EXPECT_THAT(lines_of(test::read_file(folder.file("v.csv")))[1], HasSubstr("no,,"));
  EXPECT_FALSE(write_validation_csv(made, folder.file("none/v.csv")).ok());
}

const plot::Lines& lines_in(const plot::Panel& panel) {
  return std::get<plot::Lines>(panel.content);
}

const plot::Series* series_named(const plot::Panel& panel, const std::string& name) {
  for (const plot::Series& series : lines_in(panel).series) {
    if (series.name == name) return &series;
  }
  return nullptr;
}

TEST(ValidationFigure, HasAMarkForEachCell_ColouredByPrefetchAndShapedByLanes) {
  const Result<plot::Figure> figure = validation_figure(grid());
  ASSERT_TRUE(figure.ok());
  ASSERT_EQ(figure->panels.size(), 1U);
  const plot::Series* on4 = series_named(figure->panels[0], "prefetch on, 4 lanes");
  const plot::Series* on1 = series_named(figure->panels[0], "prefetch on, 1 lane");
  const plot::Series* off4 = series_named(figure->panels[0], "prefetch off, 4 lanes");
  ASSERT_TRUE(on4 != nullptr && on1 != nullptr && off4 != nullptr);
  EXPECT_EQ(on4->x.size(), 2U);
  EXPECT_NEAR(on4->y[1], 19.5, 1e-6);
  EXPECT_NEAR(on4->x[1], 19.5 * 1.06, 1e-6);
  EXPECT_NEAR(on4->high[1], 19.5 * 1.02, 1e-6);
  EXPECT_EQ(on4->colour, on1->colour);
  EXPECT_NE(on4->marker, on1->marker);
  EXPECT_NE(on4->colour, off4->colour);
  EXPECT_EQ(on4->marker, off4->marker);
  // Without colours: far apart in lightness.
  EXPECT_GT(std::abs(plot::luminance(*on4->colour) - plot::luminance(*off4->colour)), 0.2);
}

TEST(ValidationFigure, TheGuidesAreWhereAnErrorIs10And20Percent) {
  const Result<plot::Figure> figure = validation_figure(grid());
  const std::vector<plot::Series>& series = lines_in(figure->panels[0]).series;
  std::vector<double> errors;
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t end = 0; end < 2; ++end) {
      EXPECT_NEAR(series[i].x[end] / series[i].y[end], series[i].x[0] / series[i].y[0], 1e-9);
      EXPECT_GE(series[i].x[end], *figure->panels[0].x.min * (1 - 1e-9));
      EXPECT_LE(series[i].y[end], *figure->panels[0].y.max * (1 + 1e-9));
    }
    errors.push_back(series[i].x[1] / series[i].y[1] - 1);
  }
  const std::vector<double> expected{0, 0.1, -0.1, 0.2, -0.2};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(errors[i], expected[i], 1e-9);
}

TEST(ValidationFigure, AWideRangeHasLogarithmicAxes_ANarrowOneBeginsAtZero) {
  EXPECT_EQ(validation_figure(grid())->panels[0].x.scale, plot::Scale::log10);
  const plot::Panel narrow =
      validation_figure(made_validation({{}, {.lanes = 1, .measured = 12}}))->panels[0];
  EXPECT_EQ(narrow.x.scale, plot::Scale::linear);
  EXPECT_EQ(narrow.x.min, 0);
  EXPECT_EQ(narrow.x.max, narrow.y.max) << "one range for both, or the diagonal is none";
}

TEST(ValidationFigure, IsDrawn_APanelAModel) {
  Validation both = grid();
  const Validation other = grid("olmoe-1b-7b");
  both.cells.insert(both.cells.end(), other.cells.begin(), other.cells.end());
  const Result<plot::Figure> figure = validation_figure(both);
  ASSERT_TRUE(figure.ok());
  EXPECT_EQ(figure->panels.size(), 2U);
  EXPECT_TRUE(plot::check_figure(*figure).ok());
  EXPECT_TRUE(plot::png_of(*figure).ok());
  EXPECT_TRUE(plot::svg_of(*figure).ok());
}

TEST(ValidationFigure, WithoutDecode_SaysSo) {
  Validation made = made_validation({{}});
  made.cells[0].predicted.decode = PhaseSummary();
  const Result<plot::Figure> figure = validation_figure(made);
  ASSERT_FALSE(figure.ok());
  EXPECT_THAT(figure.error().message(), HasSubstr("a cell that decodes"));
}

TEST(ValidationSection, HasMachineVerdictCellsErrorsAndTheWorst) {
  const std::string section = validation_section(grid());
  EXPECT_THAT(section, testing::StartsWith("## Streamed from a real disk: megrez2-nano\n"));
  EXPECT_THAT(section, HasSubstr("* **Machine**: Example CPU"));
  EXPECT_THAT(section, HasSubstr("* **Date**: 2026-01-02, version 0.1.0\n"));
  EXPECT_THAT(section, HasSubstr("* **Plain reads**: 500.0 MiB/s with 1 lane, 600.0 MiB/s with 4 lanes; an"));
  EXPECT_THAT(section, HasSubstr("* megrez2-nano: tokens/s: median |error| 5.0 %"));
  EXPECT_THAT(section, HasSubstr("\n* disk-bound cells with prefetch reach "));
  EXPECT_THAT(section, HasSubstr("\n* disk-bound cells without prefetch reach "));
  EXPECT_THAT(section,
              HasSubstr("| megrez2-nano | 12.5 % | off | 1 | lru | 2.400 | 2.500 (2.450..2.550) | -4.0 % |"));
  EXPECT_THAT(section, HasSubstr("| megrez2-nano | tokens/s | 8 | +1.0 % | 5.0 % | 5.0 % | +6.0 % |"));
  EXPECT_THAT(section, HasSubstr("Furthest off:\n\n* megrez2-nano, budget"));
  EXPECT_EQ(section.back(), '\n');
  EXPECT_THAT(section, Not(HasSubstr("Counts that differ")));
}

TEST(ValidationSection, NamesUnequalCounts) {
  Validation made = grid();
  made.cells[0].measured[0] = made_run({.misses = 401});
  EXPECT_THAT(validation_section(made), HasSubstr("Counts that differ:\n\n* megrez2-nano, budget 12.5 %"));
}

TEST(ValidationRecorded, IsASectionOfTheDocument_AndPartOfTheAnswer) {
  const Folder folder;
  const std::string good = test::write_file(folder.file("good.json"), validation_json(grid()));
  const std::string other = test::write_file(folder.file("other.json"), validation_json(grid("olmoe-1b-7b")));
  const test::Said said = test::run_pregate(
      {"validate", "--references", "--recorded", good, "--recorded", other, "--out", folder.file("v.md")});
  EXPECT_LE(said.code, 1) << said.err;
  EXPECT_THAT(said.out, HasSubstr("megrez2-nano\n  tokens/s: median |error|"));
  const std::string document = test::read_file(folder.file("v.md"));
  EXPECT_THAT(document, HasSubstr("\n\n## Streamed from a real disk: megrez2-nano\n"));
  EXPECT_THAT(document, HasSubstr("\n\n## Streamed from a real disk: olmoe-1b-7b\n"));
  EXPECT_THAT(document, Not(HasSubstr("No recorded validation")));
}

TEST(ValidationRecorded, ThatMissesItsTargets_IsToldInTheJson) {
  const Folder folder;
  Validation made = grid();
  made.cells[0].measured[0] = made_run({.misses = 401});
  const std::string file = test::write_file(folder.file("bad.json"), validation_json(made));
  const test::Said said = test::run_pregate({"validate", "--references", "--json", "--recorded", file});
  EXPECT_EQ(said.code, 1) << said.err;
  const nlohmann::json json = nlohmann::json::parse(said.out);
  ASSERT_EQ(json["recorded"].size(), 1U);
  EXPECT_EQ(json["recorded"][0]["file"], file);
  EXPECT_EQ(json["recorded"][0]["results"]["met"], false);
  EXPECT_EQ(json["recorded"][0]["results"]["models"][0]["unequal_cells"], 1);
}

TEST(ValidationRecorded, ADamagedFile_IsBadInputWithItsName) {
  const Folder folder;
  const std::string bad = test::write_file(folder.file("bad.json"), "{\"format\": \"another\"}");
  const test::Said said = test::run_pregate({"validate", "--references", "--recorded", bad});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("bad.json: format: expected \"pregate-validation 1\", found \"another\""));
  EXPECT_EQ(said.error_lines(), 1U);
}

}  // namespace
}  // namespace pregate
