// SPDX-License-Identifier: Apache-2.0
// What a scene draws, as a list of marks in pixels: the painter draws it in a window, into a PNG, SVG or PDF,
// and a click is looked up in the same list, so that what is drawn and what can be hit cannot differ. Scenes
// make pictures; they know no colours (theme.hpp) and no widgets.
//
//   Picture picture = scene.picture(view);       // marks in drawing order: later ones lie on earlier ones
//   paint(painter, picture, Theme::dark());      // painter.hpp
//   const Mark* mark = picture.hit(x, y);        // the topmost mark there that stands for something
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pregate {

// What a colour means; theme.hpp says how each looks in light and dark. Scenes choose by meaning only.
enum class Ink : std::uint8_t {
  none,
  // surroundings
  background,
  panel,
  stripe,  // every second row
  grid,
  axis,
  text,
  text_dim,
  link,
  selection,
  cursor,
  bookmark,
  warning,
  // steps and layers
  prefill,
  decode,
  layer,
  // work of the compute unit
  attention,
  dense_ffn,
  shared_experts,
  routed_expert,
  head,
  management,
  dram_contention,
  // stalls, in the order of StallCause
  stall_compulsory,
  stall_capacity,
  stall_policy,
  stall_pollution,
  stall_late_prefetch,
  stall_no_room,
  // loads
  load_demand,
  load_useful,   // a prefetch that was used
  load_useless,  // a prefetch that was not
  // the life of an expert; absent is the background
  life_queued,
  life_loading,
  life_unused,
  life_used,
  life_in_use,
  // DRAM bandwidth, from below: the same loads as above, then what the compute unit streams
  npu_reads,
  limit,
  occupancy,
  // lines and dots of plots
  series_0,
  series_1,
  series_2,
  series_3,
  series_4,
  series_5,
  series_6,
  series_7,
  frontier,
  ghost,
  // of a difference
  better,
  worse,
  // coloured by Mark::value: heat 0 to 1, diverging -1 (better) to 1 (worse)
  heat,
  diverging,
  count
};

// What a mark stands for. `row` indexes the table that the kind names, in the record that the scene shows.
struct Target {
  enum class Kind : std::uint8_t {
    none,
    step,
    event,
    operation,
    management,
    stall,
    load,
    eviction,
    lookup,
    counter,     // row: index of CounterRecord
    bandwidth,   // row: bucket of the band
    expert,      // row: ExpertId
    layer,       // row: LayerId
    cell,        // of a heatmap: row * columns + column
    bin,         // of a bar or waterfall: TimeBin
    sweep_row,   // row of a sweep
    step_pair,   // row: index in RunDiff::steps()
    bookmark,    // row: its number
    track_name,  // row: index of the track
    action       // row: whatever the scene says
  };
  Kind kind = Kind::none;
  std::uint32_t track = 0;
  std::uint64_t row = 0;

  friend bool operator==(const Target&, const Target&) = default;
};

enum class Shape : std::uint8_t { rect, frame, line, area, polyline, dot, ring, cross, text };
enum class Align : std::uint8_t { left, centre, right };
enum class TextSize : std::uint8_t { small, normal, large, title };

struct Point {
  float x = 0, y = 0;
};

// Pixels, y downwards. rect and frame: the box, whole pixels; line: from (x, y) to (x + w, y + h); dot, ring,
// cross: around (x, y) with radius w; area (filled polygon) and polyline: `points` from first_point; text:
// drawn inside the box, elided to its width.
struct Mark {
  Shape shape = Shape::rect;
  Ink ink = Ink::none;
  Align align = Align::left;
  TextSize size = TextSize::normal;
  bool bold = false;
  bool dashed = false;  // lines
  std::uint8_t alpha = 255;
  float x = 0, y = 0, w = 0, h = 0;
  float value = 0;         // of heat and diverging
  float thickness = 1;     // of lines
  std::int32_t text = -1;  // index into Picture::texts
  Ink on = Ink::none;      // of a text: the fill that it lies on; it is then black or white, as reads better
  std::uint32_t first_point = 0, points = 0;
  std::uint32_t merged =
      1;  // slices that this mark stands for: neighbours below a pixel; the target is the widest
  Target target{};
};

struct Picture {
  int width = 0, height = 0;
  std::vector<Mark> marks;
  std::vector<std::string> texts;
  std::vector<Point> points;

  void rect(Ink ink, float x, float y, float w, float h, Target target = {});
  void frame(Ink ink, float x, float y, float w, float h, Target target = {});
  void line(Ink ink, float x1, float y1, float x2, float y2, float thickness = 1);
  Mark& dot(Ink ink, float x, float y, float radius, Target target = {});
  // Returns the mark, to set size, bold or target.
  Mark& write(Ink ink, float x, float y, float w, float h, std::string text, Align align = Align::left);
  // Of points that were added since `first`.
  Mark& shape_of(Shape shape, Ink ink, std::uint32_t first, Target target = {});

  // The topmost mark with a target whose drawn pixels hold (x, y); lines and dots have two pixels of grace.
  // Null: nothing that stands for anything.
  [[nodiscard]] const Mark* hit(float x, float y) const;
  [[nodiscard]] std::string_view text_of(const Mark& mark) const;
};

}  // namespace pregate
