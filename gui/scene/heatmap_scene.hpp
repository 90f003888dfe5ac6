// SPDX-License-Identifier: Apache-2.0
// The heatmap of a run or a trace as a picture: layers (or banks) down, experts across; or, where layers
// share banks, group by group with what the routers of a bank have in common. Cells lie on whole pixels and
// are targets of their own (Target::cell), names of layers are Target::layer, pairs of layers Target::action
// with their index in LayerPairs::within.
//
//   HeatmapData data(run);                                   // heatmap_data.hpp
//   const HeatmapScene scene(data, {.measure = ExpertMeasure::misses});
//   Picture picture = scene.picture(1024, 700);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gui/scene/heat_table.hpp"
#include "gui/scene/heatmap_data.hpp"
#include "gui/scene/picture.hpp"

namespace pregate {

enum class HeatmapView : std::uint8_t { matrix, sharing };

struct HeatmapOptions {
  HeatmapView view = HeatmapView::matrix;
  ExpertMeasure measure = ExpertMeasure::uses;
  Phases phases = Phases::decode;
  StepRange steps;
  HeatLook look;
};

// By the words of the command's --measure and --view. Errors: a word that is none, a measure that the data
// does not have, a view of shared banks where none is.
Result<HeatmapOptions> heatmap_options(const HeatmapData& data, const std::string& measure,
                                       const std::string& view);

// Cells that a person or another page chose: those of these experts in these layers; an empty list is all.
struct CellChoice {
  std::vector<ExpertId> experts;
  std::vector<LayerId> layers;

  [[nodiscard]] bool empty() const { return experts.empty() && layers.empty(); }
};

// Between two corners in pixels, in any order.
struct PixelBox {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

// What lies over the cells.
struct HeatmapMarks {
  CellChoice brushed;                    // outlined
  std::optional<std::uint64_t> hovered;  // row of a Target::cell
  std::optional<PixelBox> drag;
};

class HeatmapScene {
 public:
  // `data` must outlive the scene; a measure that it does not have becomes uses.
  HeatmapScene(HeatmapData& data, HeatmapOptions options);

  [[nodiscard]] Picture picture(int width, int height, const HeatmapMarks& marks = {}) const;
  [[nodiscard]] const HeatTable& table() const { return table_; }
  // A line a cell, or in the sharing view a line a pair: as `pregate heatmap` writes it.
  [[nodiscard]] std::string csv() const;
  [[nodiscard]] const HeatmapOptions& options() const { return options_; }

  // Of a Target::cell.
  [[nodiscard]] HeatCell cell(std::uint64_t target_row) const;
  // A few lines: layer, bank, expert, value, share, rank.
  [[nodiscard]] std::string tip(const Target& target) const;
  // The experts and layers of the cells that a box touches, in a picture of this size.
  [[nodiscard]] CellChoice cells_in(const PixelBox& box, int width, int height) const;
  // One line: what is shown and of how much.
  [[nodiscard]] std::string summary() const;

 private:
  // Where rows and columns lie, on whole pixels.
  struct Layout {
    int left = 0, top = 0;  // of the first cell
    int cell_width = 1, cell_height = 1;
    std::size_t merge = 1;           // columns in one cell, where there are more than pixels
    std::size_t columns = 0;         // of merged ones
    std::vector<int> row_y;          // top of each row
    std::vector<std::size_t> shown;  // rows of the table, from above
    int right = 0, bottom = 0;       // behind the last cell
    int aside = 0;                   // where what stands right of the cells begins
    int aside_width = 0;
  };
  [[nodiscard]] Layout layout(int width, int height) const;
  [[nodiscard]] std::size_t hottest(std::size_t row, std::size_t merged, const Layout& at) const;
  void draw_head(Picture& picture, int width) const;
  void draw_scale(Picture& picture, int width) const;
  void draw_cells(Picture& picture, const Layout& at) const;
  void draw_row_names(Picture& picture, const Layout& at) const;
  void draw_columns(Picture& picture, const Layout& at) const;
  void draw_row_sums(Picture& picture, const Layout& at) const;
  void draw_marks(Picture& picture, const Layout& at, const HeatmapMarks& marks) const;
  void draw_brushed(Picture& picture, const Layout& at, const CellChoice& brushed) const;
  void draw_nothing(Picture& picture, int width, int height) const;
  // heatmap_sharing.cpp
  void draw_pairs(Picture& picture, const Layout& at) const;
  void draw_pair(Picture& picture, const Layout& at, float y, std::size_t index) const;
  void draw_verdict(Picture& picture) const;
  [[nodiscard]] std::string pair_tip(const LayerPair& pair) const;
  [[nodiscard]] std::optional<UseOverlap> overlap_of(const LayerPair& pair) const;
  [[nodiscard]] std::string steps_text() const;
  [[nodiscard]] std::uint64_t target_of(std::size_t row, std::size_t column) const {
    return std::uint64_t{row} * table_.columns() + column;
  }

  HeatmapData& data_;
  HeatmapOptions options_;
  ExpertMatrix matrix_;
  HeatTable table_;
  const LayerPairs* pairs_ = nullptr;  // of the sharing view
};

}  // namespace pregate
