// SPDX-License-Identifier: Apache-2.0
#include "experiments/plot/figure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include "tests/plot/figures.hpp"

namespace pregate::plot {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The error of drawing a figure; "" where it can be drawn.
std::string complaint(const Figure& figure) {
  const Result<std::string> drawn = svg_of(figure);
  return drawn ? "" : drawn.error().message();
}

Figure with(const Series& series, const Axis& x = {}, const Axis& y = {}) {
  return {.title = "t", .panels = {{.x = x, .y = y, .content = Lines{.series = {series}}}}};
}

Figure heatmap_figure(std::vector<double> values, std::size_t columns) {
  Heatmap map{.rows = values.size() / columns, .columns = columns};
  map.values = std::move(values);
  return {.title = "t", .width = 400, .height = 300, .panels = {{.content = map}}};
}

TEST(Figure, HasTheSizeAsked) {
  const Figure figure = lines_figure();
  const Result<std::string> svg = svg_of(figure);
  ASSERT_TRUE(svg) << svg.error().message();
  EXPECT_THAT(*svg, HasSubstr("width=\"640px\" height=\"400px\" viewBox=\"0 0 640 400\""));
  const Pixels once = decode_png(*png_of(figure));
  EXPECT_EQ(once.width, 640);
  EXPECT_EQ(once.height, 400);
  const Pixels twice = decode_png(*png_of(figure, {.pixels_per_unit = 2}));
  EXPECT_EQ(twice.width, 1280);
  EXPECT_EQ(twice.height, 800);
}

TEST(Figure, DrawnTwice_HasTheSameBytes) {
  const Figure figure = lines_figure();
  EXPECT_EQ(*svg_of(figure), *svg_of(figure));
  EXPECT_EQ(*png_of(figure), *png_of(figure));
  const Figure map = heatmap_figure({1, 2, 3, 4}, 2);
  EXPECT_EQ(*svg_of(map), *svg_of(map));  // an image inside, whose id cairo counts for the whole process
}

TEST(Figure, ShowsEverySeriesInItsColour) {
  const Pixels pixels = decode_png(*png_of(lines_figure(8)));
  for (std::size_t i = 0; i < 8; ++i) EXPECT_GT(pixels.count(category_colour(i)), 40) << "series " << i;
  const Pixels fewer = decode_png(*png_of(lines_figure(3)));
  EXPECT_EQ(fewer.count(category_colour(4)), 0);
}

TEST(Figure, NamesLookTheSameInEveryPanel) {
  Figure figure = lines_figure(2);
  Panel second = figure.panels[0];
  auto& series = std::get<Lines>(second.content).series;
  series.erase(series.begin());  // "series 1" alone: still the second colour
  figure.panels = {second, figure.panels[0]};
  figure.columns = 2;
  std::swap(figure.panels[0], figure.panels[1]);
  const Pixels pixels = decode_png(*png_of(figure));
  const auto on_the_right = [&pixels](Colour colour) {
    std::int64_t count = 0;
    for (int y = 100; y < pixels.height; ++y) {
      for (int x = pixels.width / 2 + 20; x < pixels.width; ++x) count += pixels.at(x, y) == colour ? 1 : 0;
    }
    return count;
  };
  EXPECT_GT(on_the_right(category_colour(1)), 40);
  EXPECT_EQ(on_the_right(category_colour(0)), 0);
}

TEST(Figure, SvgCarriesItsTitleForReaders) {
  Figure figure = lines_figure();
  figure.title = "a < b & c";
  EXPECT_THAT(*svg_of(figure), HasSubstr("<title>a &lt; b &amp; c</title>"));
}

TEST(Figure, NamesThatAreNotText_AreDrawnAllTheSame) {
  Figure figure = lines_figure();
  figure.title = "\xff\xc0 \x01 \xed\xa0\x80 \xf5 \xe2\x82";
  figure.subtitle = "\xe2\x82\xac";  // a euro sign, which is text
  EXPECT_EQ(complaint(figure), "");
  EXPECT_THAT(*svg_of(figure), HasSubstr("<desc>\xe2\x82\xac</desc>"));
}

TEST(Figure, WithoutData_HasItsFrame) {
  EXPECT_EQ(complaint(with({})), "");
  EXPECT_EQ(complaint({.title = "t", .panels = {{.content = Lines{}}}}), "");
}

TEST(Figure, ThatCannotBeDrawn_SaysWhichPart) {
  EXPECT_THAT(complaint(with({.name = "lru", .x = {1, 2}, .y = {1}})),
              HasSubstr("panel 1: series \"lru\": y: expected 2 values, found 1"));
  EXPECT_THAT(complaint(with({.name = "lru", .x = {1, 2}, .y = {1, NAN}})),
              HasSubstr("series \"lru\": y[1]"));
  EXPECT_THAT(complaint(with({.name = "lru", .x = {1}, .y = {1}, .low = {1}})), HasSubstr("high"));
  EXPECT_THAT(complaint(with({.name = "lru", .x = {0}, .y = {1}}, {.scale = Scale::log2})),
              HasSubstr("above zero on a logarithmic axis"));
  EXPECT_THAT(complaint(with({}, {.min = 2, .max = 1})), HasSubstr("x axis"));
  EXPECT_THAT(complaint({.title = "t"}), HasSubstr("at least one panel"));
  EXPECT_THAT(complaint({.title = "t", .width = 5, .panels = {{}}}), HasSubstr("width and height"));
  EXPECT_THAT(complaint({.title = "t", .columns = 0, .panels = {{}}}), HasSubstr("at least one column"));
  EXPECT_THAT(complaint({.title = "t", .panels = std::vector<Panel>(200)}), HasSubstr("room for 200 panels"));
  EXPECT_THAT(
      complaint({.title = "t", .panels = {{.content = Heatmap{.rows = 2, .columns = 2, .values = {1}}}}}),
      HasSubstr("heatmap: values: expected 4 values, found 1"));
  EXPECT_THAT(complaint({.title = "t", .panels = {{.content = Heatmap{}}}}), HasSubstr("rows and columns"));
  EXPECT_THAT(complaint({.title = "t",
                         .panels = {{.content = StackedBars{.categories = {"a"}, .parts = {{"p", {-1}}}}}}}),
              HasSubstr("part \"p\": expected no negative values"));
}

TEST(Figure, PathsThatCannotBeWritten_AreNamed) {
  const auto message = [](const std::string& path) {
    const Status written = write_figure(lines_figure(), path);
    return written ? std::string("written") : written.error().message();
  };
  EXPECT_THAT(message("plot.pdf"), HasSubstr("ends in .svg or .png"));
  EXPECT_THAT(message("plot"), HasSubstr("ends in .svg or .png"));
  EXPECT_THAT(message("/nowhere/at/all/plot.svg"), HasSubstr("/nowhere/at/all/plot.svg"));
}

TEST(Figure, IsWrittenWhole) {
  const fs::path base = fs::path(testing::TempDir()) / "pregate_plot_written";
  for (const char* extension : {".svg", ".PNG"}) {
    const std::string path = base.string() + extension;
    ASSERT_TRUE(write_figure(lines_figure(), path));
    const std::string bytes = read(path);
    EXPECT_EQ(bytes, *(extension == std::string(".svg") ? svg_of(lines_figure()) : png_of(lines_figure())));
    fs::remove(path);
  }
}

TEST(Heatmap, CellsGoFromDarkToLight_AndAbsentOnesAreGrey) {
  const Pixels pixels = decode_png(*png_of(heatmap_figure({0, 1, NAN, 1}, 2)));
  const Colour dark = sequence_colour(ColourMap::viridis, 0), light = sequence_colour(ColourMap::viridis, 1);
  const std::int64_t cell = pixels.count(Colour{205, 205, 205});
  EXPECT_GT(cell, 10'000);
  EXPECT_NEAR(static_cast<double>(pixels.count(dark)), static_cast<double>(cell),
              300);  // the colour bar has some
  EXPECT_NEAR(static_cast<double>(pixels.count(light)), 2.0 * static_cast<double>(cell), 300);
}

TEST(StackedBars, PartsHaveAreasInProportion) {
  const Figure figure{.title = "t",
                      .width = 500,
                      .height = 300,
                      .panels = {{.content = StackedBars{.categories = {"a", "b"},
                                                         .parts = {{"", {10, 20}}, {"more", {20, 40}}}}}}};
  const Pixels pixels = decode_png(*png_of(figure));
  const auto less = static_cast<double>(pixels.count(category_colour(0)));
  EXPECT_GT(less, 1000);
  EXPECT_NEAR(static_cast<double>(pixels.count(category_colour(1))) / less, 2.0, 0.1);
}

TEST(Palette, Sequences_RiseInLightness) {
  for (const ColourMap map : {ColourMap::viridis, ColourMap::cividis}) {
    double before = -1;
    for (int i = 0; i <= 100; ++i) {
      const double now = luminance(sequence_colour(map, i / 100.0));
      EXPECT_GT(now, before) << i;
      before = now;
    }
    EXPECT_EQ(sequence_colour(map, -3), sequence_colour(map, 0));
    EXPECT_EQ(sequence_colour(map, 3), sequence_colour(map, 1));
  }
}

TEST(Palette, Categories_Differ) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < kCategoryColours; ++i) {
    const Colour c = category_colour(i);
    seen.insert(std::to_string(c.red) + " " + std::to_string(c.green) + " " + std::to_string(c.blue));
  }
  EXPECT_EQ(seen.size(), kCategoryColours);
}

}  // namespace
}  // namespace pregate::plot
