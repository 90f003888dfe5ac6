// SPDX-License-Identifier: Apache-2.0
// What the matrix of a heatmap is drawn with: title, scale of colours, cells, names, sums.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/scene/heatmap_scene.hpp"
#include "gui/scene/heatmap_shape.hpp"

namespace pregate {
namespace {

// The least of 1, 2, 4, 8, 16, ... so that `pixels` of each make `least`.
int every(int pixels, int least) {
  int step = 1;
  while (step * pixels < least && step < 4096) step *= 2;
  return step;
}

}  // namespace

void HeatmapScene::draw_head(Picture& picture, int width) const {
  const auto w = static_cast<float>(width - shape::kScaleWidth - 3 * shape::kMargin);
  const char* what = options_.view == HeatmapView::sharing    ? "in the layers that share a bank"
                     : options_.look.rows == HeatRows::layers ? "by layer and expert"
                                                              : "by bank and expert";
  Mark& title = picture.write(Ink::text, shape::kMargin, 10, w, 22,
                              fmt::format("{}: {} {}", data_.name(), measure_name(options_.measure), what));
  title.size = TextSize::large;
  title.bold = true;
  picture.write(Ink::text_dim, shape::kMargin, 33, w, 16, summary()).size = TextSize::small;
  const char* known = !data_.is_run()                            ? "counted"
                      : options_.measure == ExpertMeasure::stall ? data_.times().data()
                                                                 : "counted in a run";
  picture.write(Ink::text_dim, shape::kMargin, 49, w, 16, fmt::format("{}; {}", known, data_.about())).size =
      TextSize::small;
}

void HeatmapScene::draw_scale(Picture& picture, int width) const {
  constexpr int kBar = 10, kStep = 2;
  const int left = width - shape::kScaleWidth - shape::kMargin - 8;
  const int top = 30;
  const plot::Ruler& ruler = table_.ruler();
  picture.write(Ink::text, static_cast<float>(left), 11, shape::kScaleWidth, 16, table_.value_label()).size =
      TextSize::small;
  const bool logarithmic = ruler.scale != plot::Scale::linear;
  // Nothing has a place of its own on a logarithmic scale.
  const int zero = logarithmic ? 26 : 0;
  const int bar = shape::kScaleWidth - zero;
  const auto patch = [&](int x, int w, float heat) {
    picture.rect(Ink::heat, static_cast<float>(x), static_cast<float>(top), static_cast<float>(w), kBar);
    picture.marks.back().value = heat;
  };
  if (logarithmic) {
    patch(left, 14, 0);
    Mark& name = picture.write(Ink::text_dim, static_cast<float>(left - 8), top + kBar + 3, 30, 14, "0",
                               Align::centre);
    name.size = TextSize::small;
  }
  for (int x = 0; x < bar; x += kStep) {
    const double share = (x + kStep / 2.0) / bar;
    const double shown = logarithmic ? ruler.low * std::pow(ruler.high / ruler.low, share)
                                     : ruler.low + (ruler.high - ruler.low) * share;
    patch(left + zero + x, kStep, table_.heat_of_shown(shown));
  }
  for (const plot::Tick& tick : ruler.ticks) {
    const auto x = static_cast<float>(left + zero + static_cast<int>(ruler.share(tick.value) * (bar - 1)));
    picture.rect(Ink::axis, x, top + kBar, 1, 3);
    picture.write(Ink::text_dim, x - 30, top + kBar + 3, 60, 14, tick.label, Align::centre).size =
        TextSize::small;
  }
}

void HeatmapScene::draw_cells(Picture& picture, const Layout& at) const {
  // A hair of background between cells that are large enough to lose it.
  const int gap = std::min(at.cell_width, at.cell_height) >= 7 ? 1 : 0;
  const bool numbers = at.cell_width >= 34 && at.cell_height >= 15 && at.merge == 1;
  const auto w = static_cast<float>(at.cell_width - gap), h = static_cast<float>(at.cell_height - gap);
  for (std::size_t i = 0; i < at.shown.size(); ++i) {
    const std::size_t row = at.shown[i];
    const auto y = static_cast<float>(at.row_y[i]);
    for (std::size_t merged = 0; merged * at.merge < table_.columns(row); ++merged) {
      const std::size_t column = hottest(row, merged, at);
      const auto x = static_cast<float>(at.left + static_cast<int>(merged) * at.cell_width);
      picture.rect(Ink::heat, x, y, w, h, {.kind = Target::Kind::cell, .row = target_of(row, column)});
      Mark& mark = picture.marks.back();
      mark.value = table_.heat(row, column);
      mark.merged = static_cast<std::uint32_t>(std::min(at.merge, table_.columns(row) - merged * at.merge));
      if (!numbers) continue;
      const Ink ink = mark.value > 0.5F ? Ink::background : Ink::text;
      picture.write(ink, x, y, w, h, table_.short_text(row, column), Align::centre).size = TextSize::small;
    }
  }
}

void HeatmapScene::draw_row_names(Picture& picture, const Layout& at) const {
  const bool banks = options_.look.rows == HeatRows::banks;
  picture
      .write(Ink::text_dim, 4, static_cast<float>(at.top - 17), static_cast<float>(at.left - 10), 14,
             banks ? "bank" : "layer", Align::right)
      .size = TextSize::small;
  const int step = every(at.cell_height, 11);
  for (std::size_t i = 0; i < at.shown.size(); ++i) {
    const std::size_t row = at.shown[i];
    const std::uint32_t number = banks ? table_.bank(row).value() : table_.layer(row).value();
    const bool told = number % static_cast<std::uint32_t>(step) == 0;
    const float height = static_cast<float>(told ? std::max(at.cell_height, 14) : at.cell_height);
    const float y = static_cast<float>(at.row_y[i]) + (static_cast<float>(at.cell_height) - height) / 2;
    const Target target = banks ? Target{} : Target{.kind = Target::Kind::layer, .row = number};
    Mark& name = picture.write(Ink::text_dim, 4, y, static_cast<float>(at.left - 10), height,
                               told ? fmt::format("{}", number) : std::string(), Align::right);
    name.size = TextSize::small;
    name.target = target;
  }
}

void HeatmapScene::draw_columns(Picture& picture, const Layout& at) const {
  const bool by_heat = options_.look.order == HeatOrder::heat;
  const int pixels = at.cell_width;
  const int step = every(pixels, 30);
  const auto y = static_cast<float>(at.bottom + 3);
  for (std::size_t c = 0; c < at.columns; c += static_cast<std::size_t>(step)) {
    const float x = static_cast<float>(at.left + static_cast<int>(c) * pixels);
    const std::size_t number = c * at.merge + (by_heat ? 1 : 0);
    picture.rect(Ink::axis, x + static_cast<float>(pixels / 2), y, 1, 3);
    picture
        .write(Ink::text_dim, x + static_cast<float>(pixels) / 2 - 24, y + 3, 48, 14,
               fmt::format("{}", number), Align::centre)
        .size = TextSize::small;
  }
  std::string name = by_heat ? "experts from the hottest on, each bank in an order of its own"
                             : "expert of the layer's bank";
  if (at.merge > 1) name += fmt::format("; a cell is the hottest of {}", at.merge);
  picture
      .write(Ink::text_dim, static_cast<float>(at.left), y + 17,
             static_cast<float>(std::max(at.right - at.left, 360)), 14, name)
      .size = TextSize::small;
}

void HeatmapScene::draw_row_sums(Picture& picture, const Layout& at) const {
  const float left = static_cast<float>(at.aside);
  const int bar = shape::kSums - 62;
  double most = 0;
  for (const std::size_t row : at.shown) most = std::max(most, table_.row_sum(row));
  picture
      .write(Ink::text_dim, left, static_cast<float>(at.top - 17), shape::kSums, 14,
             options_.look.rows == HeatRows::banks ? "the bank's sum" : "the layer's sum")
      .size = TextSize::small;
  const int step = every(at.cell_height, 11);
  for (std::size_t i = 0; i < at.shown.size(); ++i) {
    const std::size_t row = at.shown[i];
    const int gap = at.cell_height >= 4 ? 1 : 0;
    const auto y = static_cast<float>(at.row_y[i]), h = static_cast<float>(at.cell_height - gap);
    const double share = most > 0 ? std::max(0.0, table_.row_sum(row)) / most : 0;
    const auto length = static_cast<float>(static_cast<int>(share * bar + 0.5));
    const LayerId layer = table_.layer(row);
    const Target target =
        layer.valid() ? Target{.kind = Target::Kind::layer, .row = layer.value()} : Target{};
    picture.rect(Ink::panel, left, y, static_cast<float>(bar), h, target);
    picture.rect(Ink::series_0, left, y, length, h, target);
    const std::uint32_t number = layer.valid() ? layer.value() : table_.bank(row).value();
    if (number % static_cast<std::uint32_t>(step) != 0) continue;
    const float height = std::max(h, 14.0F);
    picture
        .write(Ink::text_dim, left + static_cast<float>(bar) + 4, y + (h - height) / 2, 60, height,
               table_.sum_text(row))
        .size = TextSize::small;
  }
}

void HeatmapScene::draw_nothing(Picture& picture, int width, int height) const {
  picture.write(Ink::text_dim, shape::kMargin, static_cast<float>(height) / 2 - 10,
                static_cast<float>(width - 2 * shape::kMargin), 20, "No layer of this model has experts",
                Align::centre);
}

}  // namespace pregate
