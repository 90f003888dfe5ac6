// SPDX-License-Identifier: Apache-2.0
// Two runs on one axis: tokens, compute unit and stalls of A above those of B, or one upon the other, and
// between them what each token, or from near each layer, takes longer or shorter in B. Moved like the
// timeline. Targets of A have track 0, those of B track 1.
//
//   CompareScene scene(*pair);
//   scene.resize(1600, 400);
//   Picture picture = scene.picture();
#pragma once

#include "gui/scene/run_pair.hpp"
#include "gui/scene/time_axis.hpp"

namespace pregate {

class CompareScene {
 public:
  // The pair must outlive it.
  explicit CompareScene(const RunPair& pair);

  [[nodiscard]] const RunPair& pair() const { return pair_; }
  void resize(int width, int height);
  [[nodiscard]] int names_width() const { return 112; }
  [[nodiscard]] int plot_width() const { return std::max(1, width_ - names_width()); }
  // Of the axis; not empty.
  [[nodiscard]] TimeSpan view() const { return view_; }
  [[nodiscard]] std::int64_t axis_at(double x) const;
  [[nodiscard]] double x_of(std::int64_t axis) const;

  void fit();
  void zoom_to(TimeSpan span);
  // factor below 1: closer. What is under x stays under it, unless the ends are in the way.
  void zoom_at(double x, double factor);
  void pan(double pixels);
  void set_overlaid(bool on) { overlaid_ = on; }
  [[nodiscard]] bool overlaid() const { return overlaid_; }

  // An area being dragged; empty: none.
  void set_area(std::optional<TimeSpan> area);
  void select(const Target& target) { selected_ = target; }
  // Brings it into view: of A (track 0) or B (track 1), a pair of steps, or an interval.
  bool reveal(const Target& target);
  [[nodiscard]] std::optional<TimeSpan> place_of(const Target& target) const;

  // In words: what it is, and how long in A and in B.
  [[nodiscard]] std::string describe(const Target& target) const;
  // The same thing in A, as the timeline of A knows it; kind none: A has none.
  [[nodiscard]] Target in_a(const Target& target) const;
  // The first difference shown when layers are far enough apart.
  [[nodiscard]] bool by_layer() const;

  [[nodiscard]] Picture picture() const;

 private:
  friend class ComparePicture;
  void keep_in_bounds();

  const RunPair& pair_;
  TimeSpan view_;
  std::optional<TimeSpan> area_;
  Target selected_;
  bool overlaid_ = false;
  int width_ = 1024, height_ = 360;
};

}  // namespace pregate
