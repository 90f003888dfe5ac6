// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/heatmap_scene.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gui/scene/heatmap_shape.hpp"
#include "traces/expert_csv.hpp"

namespace pregate {
namespace {

HeatmapOptions possible(HeatmapData& data, HeatmapOptions options) {
  const auto& known = data.measures();
  if (std::find(known.begin(), known.end(), options.measure) == known.end())
    options.measure = ExpertMeasure::uses;
  if (!data.shares_banks()) options.view = HeatmapView::matrix;
  if (options.view == HeatmapView::sharing) options.look.rows = HeatRows::layers;
  return options;
}

bool chosen(const CellChoice& choice, LayerId layer, ExpertId expert) {
  const auto has = [](const auto& ids, auto id) {
    return ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  return (!layer.valid() || has(choice.layers, layer)) && has(choice.experts, expert);
}

}  // namespace

Result<HeatmapOptions> heatmap_options(const HeatmapData& data, const std::string& measure,
                                       const std::string& view) {
  const Result<ExpertMeasure> parsed = parse_expert_measure(measure);
  if (!parsed) return parsed.error().at("--measure");
  const auto& known = data.measures();
  if (std::find(known.begin(), known.end(), *parsed) == known.end()) {
    std::vector<std::string_view> names;
    for (const ExpertMeasure each : known) names.push_back(to_text(each));
    return bad_input(fmt::format("one of {}, which this file has", fmt::join(names, ", ")),
                     "\"" + measure + "\"")
        .at("--measure");
  }
  if (view != "layers" && view != "sharing")
    return bad_input("layers or sharing", "\"" + view + "\"").at("--view");
  if (view == "sharing" && !data.shares_banks())
    return bad_input("a model whose layers share banks of experts", data.name() + ", where none do")
        .at("--view");
  HeatmapOptions options{.view = view == "sharing" ? HeatmapView::sharing : HeatmapView::matrix,
                         .measure = *parsed};
  return options;
}

HeatmapScene::HeatmapScene(HeatmapData& data, HeatmapOptions options)
    : data_(data),
      options_(possible(data, options)),
      matrix_(data.windows(options_.measure, options_.phases).count(options_.steps)),
      table_(matrix_, data.model(), options_.look),
      pairs_(options_.view == HeatmapView::sharing ? &data.pairs(options_.steps) : nullptr) {}

HeatCell HeatmapScene::cell(std::uint64_t target_row) const {
  return table_.cell(target_row / table_.columns(), target_row % table_.columns());
}

std::string HeatmapScene::tip(const Target& target) const {
  const std::string_view name = measure_name(options_.measure);
  if (target.kind == Target::Kind::cell) {
    const HeatCell c = cell(target.row);
    const bool layer = c.layer.valid();
    std::string text =
        layer ? fmt::format("Layer {}, bank {}, expert {}", c.layer.value(), c.bank.value(), c.expert)
              : fmt::format("Bank {}, expert {}", c.bank.value(), c.expert);
    text += fmt::format("\n{}: {}", name, table_.value_text(c.value));
    text += fmt::format("\n{:.1f} % of the {}'s {}; rank {} of {}", c.share * 100, layer ? "layer" : "bank",
                        table_.value_text(c.row_sum), c.rank, c.of);
    return text;
  }
  if (target.kind == Target::Kind::action && pairs_ != nullptr && target.row < pairs_->within.size())
    return pair_tip(pairs_->within[target.row]);
  if (target.kind != Target::Kind::layer) return {};
  for (std::size_t row = 0; row < table_.rows(); ++row) {
    if (table_.layer(row).value() != target.row) continue;
    const double share = table_.sum() > 0 ? table_.row_sum(row) / table_.sum() * 100 : 0;
    return fmt::format("Layer {}, bank {}\n{}: {}, {:.1f} % of all", target.row, table_.bank(row).value(),
                       name, table_.value_text(table_.row_sum(row)), share);
  }
  return {};
}

CellChoice HeatmapScene::cells_in(const PixelBox& box, int width, int height) const {
  CellChoice out;
  const Layout at = layout(width, height);
  const auto [x1, x2] = std::minmax(box.x1, box.x2);
  const auto [y1, y2] = std::minmax(box.y1, box.y2);
  for (std::size_t i = 0; i < at.shown.size(); ++i) {
    const auto y = static_cast<float>(at.row_y[i]);
    if (y2 < y || y1 >= y + static_cast<float>(at.cell_height)) continue;
    const std::size_t row = at.shown[i];
    bool any = false;
    for (std::size_t column = 0; column < table_.columns(row); ++column) {
      const auto x = static_cast<float>(at.left + static_cast<int>(column / at.merge) * at.cell_width);
      if (x2 < x || x1 >= x + static_cast<float>(at.cell_width)) continue;
      out.experts.push_back(table_.id(row, column));
      any = true;
    }
    if (any && table_.layer(row).valid()) out.layers.push_back(table_.layer(row));
  }
  std::sort(out.experts.begin(), out.experts.end());
  out.experts.erase(std::unique(out.experts.begin(), out.experts.end()), out.experts.end());
  return out;
}

std::string HeatmapScene::steps_text() const {
  const std::size_t end = std::min(options_.steps.end, data_.steps());
  const char* what = options_.phases == Phases::decode ? "decode steps" : "steps";
  if (options_.steps.first == 0 && end == data_.steps()) {
    const auto counted = std::count_if(data_.phases().begin(), data_.phases().end(), [this](Phase phase) {
      return options_.phases == Phases::all || phase == Phase::decode;
    });
    return fmt::format("all {} {}", counted, what);
  }
  if (options_.steps.first >= end) return "no steps";
  return fmt::format("{} from {} to {} of {}", what, options_.steps.first, end - 1, data_.steps());
}

std::string HeatmapScene::csv() const {
  return pairs_ != nullptr ? pairs_csv(*pairs_) : matrix_csv(matrix_);
}

std::string HeatmapScene::summary() const {
  return fmt::format("{}; {} together", steps_text(), table_.value_text(table_.sum()));
}

Picture HeatmapScene::picture(int width, int height, const HeatmapMarks& marks) const {
  Picture picture;
  picture.width = width;
  picture.height = height;
  const Layout at = layout(width, height);
  draw_head(picture, width);
  if (at.shown.empty() || at.columns == 0) {
    draw_nothing(picture, width, height);
    return picture;
  }
  draw_scale(picture, width);
  draw_cells(picture, at);
  draw_row_names(picture, at);
  draw_columns(picture, at);
  if (pairs_ != nullptr) draw_pairs(picture, at);
  if (pairs_ == nullptr) draw_row_sums(picture, at);
  draw_marks(picture, at, marks);
  return picture;
}

HeatmapScene::Layout HeatmapScene::layout(int width, int height) const {
  Layout at;
  const bool sharing = options_.view == HeatmapView::sharing;
  std::size_t gaps = 0;
  for (std::size_t row = 0; row < table_.rows(); ++row) {
    const auto of_bank = [&](std::size_t r) {
      return r < table_.rows() && table_.bank(r) == table_.bank(row);
    };
    if (sharing && !of_bank(row + 1) && (row == 0 || !of_bank(row - 1))) continue;  // shares with nobody
    if (!at.shown.empty() && table_.bank(at.shown.back()) != table_.bank(row)) ++gaps;
    at.shown.push_back(row);
  }
  const bool parted = data_.shares_banks() && options_.look.rows == HeatRows::layers;
  const int gap = sharing ? shape::kGroupGap : parted ? shape::kBankGap : 0;
  const int rows = std::max<int>(1, static_cast<int>(at.shown.size()));
  at.left = shape::kLeft;
  at.top = sharing ? shape::kTop + shape::kPairsHead : shape::kTop;
  at.aside_width = sharing ? shape::pairs_width(width) : shape::kSums;
  const int room_across = std::max(1, width - at.left - at.aside_width - 2 * shape::kMargin);
  const int room_down =
      height - at.top - shape::kBottom - (sharing ? shape::kVerdict : 0) - static_cast<int>(gaps) * gap;
  at.cell_height = std::clamp(room_down / rows, 1, shape::kMostCellHeight);
  const std::size_t room = static_cast<std::size_t>(room_across);
  at.merge = std::max<std::size_t>(1, (table_.columns() + room - 1) / room);
  at.columns = (table_.columns() + at.merge - 1) / at.merge;
  at.cell_width =
      std::clamp(room_across / std::max(1, static_cast<int>(at.columns)), 1, shape::kMostCellWidth);
  int y = at.top;
  for (std::size_t i = 0; i < at.shown.size(); ++i) {
    if (i > 0 && table_.bank(at.shown[i]) != table_.bank(at.shown[i - 1])) y += gap;
    at.row_y.push_back(y);
    y += at.cell_height;
  }
  at.right = at.left + static_cast<int>(at.columns) * at.cell_width;
  at.bottom = y;
  at.aside = at.right + shape::kMargin;
  return at;
}

// Of the columns in one cell: most often one.
std::size_t HeatmapScene::hottest(std::size_t row, std::size_t merged, const Layout& at) const {
  std::size_t best = merged * at.merge;
  const std::size_t end = std::min(best + at.merge, table_.columns(row));
  for (std::size_t column = best; column < end; ++column) {
    if (table_.value(row, column) > table_.value(row, best)) best = column;
  }
  return best;
}

void HeatmapScene::draw_brushed(Picture& picture, const Layout& at, const CellChoice& brushed) const {
  const auto is_chosen = [&](std::size_t i, std::size_t column) {
    if (i >= at.shown.size()) return false;
    const std::size_t row = at.shown[i];
    return column < table_.columns(row) && chosen(brushed, table_.layer(row), table_.id(row, column));
  };
  std::vector<std::vector<bool>> is(at.shown.size() + 2, std::vector<bool>(at.columns + 2, false));
  for (std::size_t i = 0; i < at.shown.size(); ++i) {
    for (std::size_t c = 0; c < table_.columns(); ++c) {
      if (is_chosen(i, c)) is[i + 1][c / at.merge + 1] = true;
    }
  }
  const auto w = static_cast<float>(at.cell_width), h = static_cast<float>(at.cell_height);
  for (std::size_t i = 1; i <= at.shown.size(); ++i) {
    const auto y = static_cast<float>(at.row_y[i - 1]);
    for (std::size_t c = 1; c <= at.columns; ++c) {
      if (!is[i][c]) continue;
      const float x = static_cast<float>(at.left + static_cast<int>(c - 1) * at.cell_width);
      if (!is[i - 1][c]) picture.rect(Ink::cursor, x - 1, y - 1, w + 2, 1);
      if (!is[i + 1][c]) picture.rect(Ink::cursor, x - 1, y + h, w + 2, 1);
      if (!is[i][c - 1]) picture.rect(Ink::cursor, x - 1, y - 1, 1, h + 2);
      if (!is[i][c + 1]) picture.rect(Ink::cursor, x + w, y - 1, 1, h + 2);
    }
  }
}

void HeatmapScene::draw_marks(Picture& picture, const Layout& at, const HeatmapMarks& marks) const {
  if (!marks.brushed.empty()) draw_brushed(picture, at, marks.brushed);
  if (marks.hovered && table_.columns() > 0) {
    const std::size_t row = *marks.hovered / table_.columns();
    const std::size_t column = *marks.hovered % table_.columns() / at.merge;
    const auto place = std::find(at.shown.begin(), at.shown.end(), row);
    if (place != at.shown.end()) {
      const auto x = static_cast<float>(at.left + static_cast<int>(column) * at.cell_width);
      const auto y = static_cast<float>(at.row_y[static_cast<std::size_t>(place - at.shown.begin())]);
      picture.frame(Ink::text, x - 1, y - 1, static_cast<float>(at.cell_width + 2),
                    static_cast<float>(at.cell_height + 2));
    }
  }
  if (!marks.drag) return;
  const auto [x1, x2] = std::minmax(marks.drag->x1, marks.drag->x2);
  const auto [y1, y2] = std::minmax(marks.drag->y1, marks.drag->y2);
  picture.rect(Ink::cursor, x1, y1, x2 - x1 + 1, y2 - y1 + 1);
  picture.marks.back().alpha = 48;
  picture.frame(Ink::cursor, x1, y1, x2 - x1 + 1, y2 - y1 + 1);
}

}  // namespace pregate
