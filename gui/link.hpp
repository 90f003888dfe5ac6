// SPDX-License-Identifier: Apache-2.0
// What the pages of one run look at together: an area of time, one item, some experts and layers. A page that
// the user works in sets it; all others hear of it and follow. Setting what is set already says nothing, so
// that two pages cannot echo each other.
#pragma once

#include <QtCore/QObject>
#include <optional>
#include <vector>

#include "gui/scene/picture.hpp"
#include "gui/scene/time_span.hpp"
#include "traces/base/ids.hpp"

namespace pregate {

// Empty: all. Sorted, each once.
struct Brush {
  std::vector<ExpertId> experts;
  std::vector<LayerId> layers;

  [[nodiscard]] bool empty() const { return experts.empty() && layers.empty(); }
  friend bool operator==(const Brush&, const Brush&) = default;
};

class Link : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;

  [[nodiscard]] const std::optional<TimeSpan>& area() const { return area_; }
  [[nodiscard]] const Target& selected() const { return selected_; }
  [[nodiscard]] const Brush& brush() const { return brush_; }

  void set_area(std::optional<TimeSpan> area);
  // Kind none: nothing.
  void select(const Target& target);
  void set_brush(Brush brush);
  // The same as select(), and asks to see it on the timeline: a link in a sentence was clicked.
  void show(const Target& target);
  void clear();

 signals:
  void area_changed();
  void selected_changed();
  void brush_changed();
  void shown(const pregate::Target& target);

 private:
  std::optional<TimeSpan> area_;
  Target selected_;
  Brush brush_;
};

}  // namespace pregate
