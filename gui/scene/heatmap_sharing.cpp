// SPDX-License-Identifier: Apache-2.0
// What the routers of layers that share a bank have in common, beside their cells: how many of a token's
// experts two layers choose both, with what chance and popularity alone would give, and how alike the whole
// stretch uses the bank. Numbers of locality_pairs.hpp and use_overlap().
#include <fmt/format.h>

#include <algorithm>

#include "gui/scene/heatmap_scene.hpp"
#include "gui/scene/heatmap_shape.hpp"
#include "traces/signatures.hpp"

namespace pregate {
namespace {

constexpr std::int32_t kTop = 8;

std::string percent(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

// Columns of the table of pairs, from its left edge on.
struct PairColumns {
  float names, plot, plot_width, same, chance, popular, alike, end;
  double most = 1;  // share at the right end of the plot

  PairColumns(int left, int width)
      : names(static_cast<float>(left)),
        plot(names + 52),
        plot_width(static_cast<float>(std::max(60, width - 52 - 10 - kNumbers))),
        same(plot + plot_width + 10),
        chance(same + 58),
        popular(chance + 62),
        alike(popular + 78),
        end(alike + 58) {}
  static constexpr int kNumbers = 58 + 62 + 78 + 58;
};

void small(Picture& picture, Ink ink, float x, float y, float w, std::string text, Align align) {
  picture.write(ink, x, y, w, shape::kLine, std::move(text), align).size = TextSize::small;
}

// The share at the right end of the dots: round, and above all that is shown.
double plot_end(const LayerPairs& pairs) {
  double most = 0;
  for (const LayerPair& pair : pairs.within)
    most = std::max({most, pair.overlap, pair.chance, pair.shuffled});
  for (const double end : {0.05, 0.1, 0.2, 0.25, 0.5}) {
    if (most <= end) return end;
  }
  return 1;
}

void draw_measured(Picture& picture, float x, float y) {
  picture.dot(Ink::series_1, x, y, 4);
}
void draw_chance(Picture& picture, float x, float y) {
  picture.rect(Ink::text_dim, x - 1, y - 5, 2, 11);
}
void draw_popular(Picture& picture, float x, float y) {
  picture.dot(Ink::text, x, y, 4).shape = Shape::ring;
}

void draw_titles(Picture& picture, const PairColumns& at, int top, std::string_view measure) {
  const auto y = static_cast<float>(top - shape::kLine - 3), above = y - shape::kLine + 1;
  const float middle = y + shape::kLine / 2 + 0.5F;
  small(picture, Ink::text_dim, at.names, y, 48, "layers", Align::left);
  small(picture, Ink::text_dim, at.names, above, at.alike - at.names,
        "share of a token's experts that both layers choose", Align::left);
  small(picture, Ink::text_dim, at.plot - 3, y, 30, "0", Align::left);
  small(picture, Ink::text_dim, at.plot + at.plot_width - 41, y, 44, fmt::format("{:.0f} %", at.most * 100),
        Align::right);
  small(picture, Ink::text, at.same, y, 54, "same", Align::right);
  draw_measured(picture, at.same + 16, middle);
  small(picture, Ink::text_dim, at.chance, y, 58, "chance", Align::right);
  draw_chance(picture, at.chance + 10, middle);
  small(picture, Ink::text_dim, at.popular, y, 74, "popularity", Align::right);
  draw_popular(picture, at.popular + 6, middle);
  small(picture, Ink::text_dim, at.alike - 40, above, 96, std::string(measure), Align::right);
  small(picture, Ink::text_dim, at.alike - 4, y, 60, "in common", Align::right);
}

// On one scale: what was measured, what chance and what popularity alone would give.
void draw_dots(Picture& picture, const PairColumns& at, float middle, const LayerPair& pair) {
  const auto x = [&](double share) {
    return at.plot + at.plot_width * static_cast<float>(std::clamp(share / at.most, 0.0, 1.0));
  };
  picture.rect(Ink::grid, at.plot, middle, at.plot_width, 1);
  draw_chance(picture, x(pair.chance), middle);
  draw_measured(picture, x(pair.overlap), middle + 0.5F);
  draw_popular(picture, x(pair.shuffled), middle + 0.5F);
}

std::vector<const LayerPair*> of_bank(const LayerPairs& pairs, BankId bank) {
  std::vector<const LayerPair*> out;
  for (const LayerPair& pair : pairs.within) {
    if (pair.bank == bank) out.push_back(&pair);
  }
  // Neighbours first: where not all have room, these are asked for.
  std::stable_sort(out.begin(), out.end(),
                   [](const LayerPair* a, const LayerPair* b) { return a->distance < b->distance; });
  return out;
}

}  // namespace

std::string HeatmapScene::pair_tip(const LayerPair& pair) const {
  std::string text = fmt::format(
      "Layers {} and {} of bank {}, over {} decode tokens\n"
      "{:.1f} % of a token's experts are the same; chance {:.1f} %, popularity alone {:.1f} % (+- {:.1f})\n"
      "Correlation of choices {:.2f}, of how often each expert is used {:.2f}",
      pair.first.value(), pair.second.value(), pair.bank.value(), pair.tokens, pair.overlap * 100,
      pair.chance * 100, pair.shuffled * 100, pair.shuffled_deviation * 100, pair.choice_correlation,
      pair.usage_correlation);
  if (const auto use = overlap_of(pair)) {
    text += fmt::format(
        "\n{:.0f} % of the two layers' {} fall on the same experts; of each one's {} most used, Jaccard "
        "{:.2f} "
        "(chance {:.2f})",
        use->common * 100, measure_name(options_.measure), use->top, use->jaccard, use->jaccard_chance);
  }
  return text;
}

std::optional<UseOverlap> HeatmapScene::overlap_of(const LayerPair& pair) const {
  const auto row = [this](LayerId layer) {
    const auto at = std::find(matrix_.layers.begin(), matrix_.layers.end(), layer);
    return static_cast<std::size_t>(at - matrix_.layers.begin());
  };
  const std::size_t a = row(pair.first), b = row(pair.second);
  if (a >= matrix_.layers.size() || b >= matrix_.layers.size()) return std::nullopt;
  return use_overlap(matrix_, a, b, kTop);
}

void HeatmapScene::draw_pair(Picture& picture, const Layout& at, float y, std::size_t index) const {
  const LayerPair& pair = pairs_->within[index];
  PairColumns columns(at.aside, at.aside_width);
  columns.most = plot_end(*pairs_);
  const Target target{.kind = Target::Kind::action, .row = index};
  picture.rect(Ink::background, columns.names, y, columns.end - columns.names, shape::kLine, target);
  small(picture, Ink::text, columns.names, y, 50,
        fmt::format("{} & {}", pair.first.value(), pair.second.value()), Align::left);
  draw_dots(picture, columns, y + shape::kLine / 2, pair);
  small(picture, Ink::text, columns.same, y, 54, percent(pair.overlap), Align::right);
  picture.marks.back().bold = true;
  small(picture, Ink::text_dim, columns.chance, y, 58, percent(pair.chance), Align::right);
  small(picture, Ink::text_dim, columns.popular, y, 74, percent(pair.shuffled), Align::right);
  const auto use = overlap_of(pair);
  small(picture, Ink::text_dim, columns.alike, y, 56, use ? percent(use->common) : "-", Align::right);
}

void HeatmapScene::draw_pairs(Picture& picture, const Layout& at) const {
  PairColumns columns(at.aside, at.aside_width);
  columns.most = plot_end(*pairs_);
  draw_titles(picture, columns, at.top, measure_name(options_.measure));
  for (std::size_t i = 0; i < at.shown.size();) {
    const BankId bank = table_.bank(at.shown[i]);
    std::size_t end = i;
    while (end < at.shown.size() && table_.bank(at.shown[end]) == bank) ++end;
    const int top = at.row_y[i], bottom = at.row_y[end - 1] + at.cell_height;
    const std::vector<const LayerPair*> pairs = of_bank(*pairs_, bank);
    const auto room = static_cast<std::size_t>((bottom - top + shape::kGroupGap) / shape::kLine);
    const std::size_t count = std::min(pairs.size(), room);
    const int height = static_cast<int>(count) * shape::kLine;
    int y = top + std::max(0, (bottom - top - height) / 2);
    for (std::size_t p = 0; p < count; ++p, y += shape::kLine) {
      draw_pair(picture, at, static_cast<float>(y),
                static_cast<std::size_t>(pairs[p] - pairs_->within.data()));
    }
    i = end;
  }
  draw_verdict(picture);
}

void HeatmapScene::draw_verdict(Picture& picture) const {
  const auto y = static_cast<float>(picture.height - 2 * shape::kLine - 6);
  const auto width = static_cast<float>(picture.width - 2 * shape::kMargin);
  std::string means;
  for (const PairMeans& mean : pairs_->within_means) {
    if (mean.distance > 2) break;
    means += fmt::format(
        "{}{} apart: {} of a token's experts are the same, mean of {} pairs (chance {}, popularity {})",
        means.empty() ? "Layers " : "; ", mean.distance, percent(mean.overlap), mean.pairs,
        percent(mean.chance), percent(mean.shuffled));
  }
  if (!means.empty()) small(picture, Ink::text, shape::kMargin, y, width, means, Align::left);
  small(picture, Ink::text, shape::kMargin, y + shape::kLine, width, judge_confusion(*pairs_).sentence,
        Align::left);
}

}  // namespace pregate
