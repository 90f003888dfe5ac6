// SPDX-License-Identifier: Apache-2.0
// Draws a CompareScene. Private to compare_scene.cpp.
#pragma once

#include "gui/scene/compare_scene.hpp"

namespace pregate {

class ComparePicture {
 public:
  explicit ComparePicture(const CompareScene& scene);
  Picture make();

 private:
  struct Lane {
    const char* name = "";
    int top = 0, height = 0;
  };
  enum class Over : std::uint8_t { whole, behind, before };  // how a slice stands in its lane

  void lay_out();
  void draw_ruler();
  void draw_lane(const Lane& lane, const SliceRow& row, Side side, Over over);
  void draw_slice(const Lane& lane, const Slice& slice, const SliceSpan& span, Side side, Over over);
  void draw_difference();
  void draw_selection();
  [[nodiscard]] std::string label_of(const Slice& slice, Side side) const;

  const CompareScene& scene_;
  const RunPair& pair_;
  PixelGrid grid_;
  TimeAxis ticks_;
  Picture picture_;
  std::array<Lane, 3> a_{}, b_{};  // tokens, compute unit, stalls
  Lane difference_{};
};

}  // namespace pregate
