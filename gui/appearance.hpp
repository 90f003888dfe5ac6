// SPDX-License-Identifier: Apache-2.0
// Light or dark, and how large: one setting for all windows, remembered. Whoever draws asks it and listens.
#pragma once

#include <QtCore/QObject>

#include "gui/scene/theme.hpp"

namespace pregate {

class Appearance : public QObject {
  Q_OBJECT

 public:
  static Appearance& instance();

  [[nodiscard]] const Theme& theme() const;
  // Of texts and pictures: 0.75 to 3.
  [[nodiscard]] double scale() const { return scale_; }
  void set_dark(bool dark);
  void set_scale(double scale);
  // The application's style, palette and font follow. Once, after the application was made.
  void apply();

 signals:
  void changed();

 private:
  Appearance();
  bool dark_;
  double scale_;
};

}  // namespace pregate
