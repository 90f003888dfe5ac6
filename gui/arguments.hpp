// SPDX-License-Identifier: Apache-2.0
// The viewer's command line, without a window: what to open, or what to draw into a file.
//
//   pregate-view FILE...
//   pregate-view --render timeline FILE -o out.png [--range 1.2s..1.5s] [--size 1600x900] ...
#pragma once

#include <QtCore/QStringList>
#include <optional>
#include <string>
#include <vector>

#include "gui/scene/time_span.hpp"
#include "traces/base/result.hpp"

namespace pregate {

enum class RenderWhat : std::uint8_t { timeline, heatmap, sweep, verdict, compare };

struct RenderRequest {
  RenderWhat what = RenderWhat::timeline;
  std::vector<std::string> files;  // one; two of compare
  std::string out;
  std::optional<TimeSpan> range;              // picoseconds
  std::optional<std::pair<int, int>> tokens;  // decoded tokens first to last, counted from 0
  int width = 1600, height = 900;
  double scale = 1;
  bool dark = false;
  std::string measure = "uses", view = "layers";  // of heatmaps
  std::string x, y, color;  // of sweeps; empty: the first axis, tokens_per_second, the second axis
};

struct Arguments {
  std::vector<std::string> files;
  std::string compare_with;  // a second run; empty: none
  std::optional<RenderRequest> render;
  bool help = false, version = false;
};

// Without the program's name. Errors name the option.
Result<Arguments> parse_arguments(const QStringList& arguments);
std::string help_text();

}  // namespace pregate
