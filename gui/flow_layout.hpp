// SPDX-License-Identifier: Apache-2.0
// Widgets in a row that goes on below where the window is too narrow, as words do.
#pragma once

#include <QtWidgets/QLayout>
#include <memory>
#include <vector>

namespace pregate {

class FlowLayout final : public QLayout {
 public:
  explicit FlowLayout(QWidget* parent);
  ~FlowLayout() override;

  void addItem(QLayoutItem* item) override;
  [[nodiscard]] int count() const override { return static_cast<int>(items_.size()); }
  [[nodiscard]] QLayoutItem* itemAt(int index) const override;
  QLayoutItem* takeAt(int index) override;
  [[nodiscard]] Qt::Orientations expandingDirections() const override { return {}; }
  [[nodiscard]] bool hasHeightForWidth() const override { return true; }
  [[nodiscard]] int heightForWidth(int width) const override;
  [[nodiscard]] QSize sizeHint() const override { return minimumSize(); }
  [[nodiscard]] QSize minimumSize() const override;
  void setGeometry(const QRect& rect) override;

 private:
  // The height that it takes; `place`: also puts the widgets there.
  int lay_out(const QRect& rect, bool place) const;

  std::vector<std::unique_ptr<QLayoutItem>> items_;
};

}  // namespace pregate
