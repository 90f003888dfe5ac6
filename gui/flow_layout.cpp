// SPDX-License-Identifier: Apache-2.0
#include "gui/flow_layout.hpp"

#include <algorithm>

namespace pregate {
namespace {

constexpr int kBetween = 14, kBetweenLines = 4;

}  // namespace

FlowLayout::FlowLayout(QWidget* parent) : QLayout(parent) {
  setContentsMargins(12, 6, 12, 6);
}

FlowLayout::~FlowLayout() = default;

void FlowLayout::addItem(QLayoutItem* item) {
  items_.emplace_back(item);
}

QLayoutItem* FlowLayout::itemAt(int index) const {
  return index >= 0 && index < count() ? items_[static_cast<std::size_t>(index)].get() : nullptr;
}

QLayoutItem* FlowLayout::takeAt(int index) {
  if (itemAt(index) == nullptr) return nullptr;
  QLayoutItem* item = items_[static_cast<std::size_t>(index)].release();
  items_.erase(items_.begin() + index);
  return item;
}

int FlowLayout::heightForWidth(int width) const {
  return lay_out(QRect(0, 0, width, 0), false);
}

QSize FlowLayout::minimumSize() const {
  QSize size;
  for (const auto& item : items_) {
    if (!item->isEmpty()) size = size.expandedTo(item->minimumSize());
  }
  const QMargins margins = contentsMargins();
  return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom());
}

void FlowLayout::setGeometry(const QRect& rect) {
  QLayout::setGeometry(rect);
  lay_out(rect, true);
}

int FlowLayout::lay_out(const QRect& rect, bool place) const {
  const QRect inside = rect.marginsRemoved(contentsMargins());
  // Lines first: a line is as high as its highest, in whose middle the others stand.
  struct Line {
    std::vector<QLayoutItem*> items;
    int height = 0;
  };
  std::vector<Line> lines;
  int x = 0;
  for (const auto& item : items_) {
    if (item->isEmpty()) continue;  // hidden
    const QSize size = item->sizeHint();
    if (lines.empty() || (x > 0 && x + size.width() > inside.width())) {
      lines.emplace_back();
      x = 0;
    }
    lines.back().items.push_back(item.get());
    lines.back().height = std::max(lines.back().height, size.height());
    x += size.width() + kBetween;
  }
  int y = inside.y();
  for (const Line& line : lines) {
    int left = inside.x();
    for (QLayoutItem* item : line.items) {
      const QSize size = item->sizeHint();
      if (place) item->setGeometry(QRect(QPoint(left, y + (line.height - size.height()) / 2), size));
      left += size.width() + kBetween;
    }
    y += line.height + kBetweenLines;
  }
  const int bottom = lines.empty() ? inside.y() : y - kBetweenLines;
  return bottom - rect.y() + contentsMargins().bottom();
}

}  // namespace pregate
