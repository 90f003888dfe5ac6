// SPDX-License-Identifier: Apache-2.0
// Draws pictures: on the raster of a window, or into a PNG, SVG or PDF file. One painter for all, so that a
// file holds what the window shows. Rectangles are drawn without antialiasing, on whole pixels.
#pragma once

#include <QtGui/QPainter>
#include <memory>
#include <string>

#include "gui/scene/picture.hpp"
#include "gui/scene/theme.hpp"
#include "traces/base/result.hpp"

namespace pregate {

// Laid-out labels, kept between frames: laying out a text costs ten times its drawing.
class LabelCache {
 public:
  LabelCache();
  ~LabelCache();
  LabelCache(const LabelCache&) = delete;
  LabelCache& operator=(const LabelCache&) = delete;

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// The font of a text, in pixels of the picture.
QFont font_of(TextSize size, bool bold);
// Height of a line of text.
int line_height(TextSize size);

void paint(QPainter& painter, const Picture& picture, const Theme& theme, LabelCache& labels);

// By the ending of the path: .png (times `scale` pixels), .svg or .pdf. Needs a QGuiApplication for its
// fonts. An error names the file; nothing is left of a file that could not be written to its end.
Status save_picture(const Picture& picture, const Theme& theme, const std::string& path, double scale = 1);

}  // namespace pregate
