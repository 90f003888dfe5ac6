// SPDX-License-Identifier: Apache-2.0
#include "gui/compare_page.hpp"

#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtGui/QMouseEvent>
#include <QtGui/QWheelEvent>
#include <QtWidgets/QVBoxLayout>
#include <cmath>

#include "gui/appearance.hpp"
#include "gui/scene/compare_cards.hpp"

namespace pregate {
namespace {

constexpr double kCloser = 0.8;
constexpr double kStep = 0.1;  // of the width, by a key
constexpr double kLeastDrag = 3;

}  // namespace

// ---- the lanes ----

CompareCanvas::CompareCanvas(CompareScene& scene, QWidget* parent) : Canvas(parent), scene_(scene) {
  setMinimumHeight(220);
}

Picture CompareCanvas::make_picture(int width, int height) {
  scene_.resize(width, height);
  scene_.set_area(area_);
  return scene_.picture();
}

QString CompareCanvas::tip(const Mark& mark) const {
  QString text = QString::fromStdString(scene_.describe(mark.target));
  if (mark.merged > 1) text += QStringLiteral("\n%1 share this place; this is the longest").arg(mark.merged);
  return text;
}

double CompareCanvas::zoom_place() const {
  return mouse_ >= scene_.names_width() ? mouse_ : scene_.names_width() + scene_.plot_width() / 2.0;
}

void CompareCanvas::clear_area() {
  area_.reset();
  refresh();
  emit area_changed();
}

void CompareCanvas::wheelEvent(QWheelEvent* event) {
  const QPoint delta = event->angleDelta();
  const double steps = (delta.y() != 0 ? delta.y() : delta.x()) / 120.0;
  if ((event->modifiers() & Qt::ShiftModifier) != 0 || delta.y() == 0) {
    scene_.pan(-steps * scene_.plot_width() * kStep);
  } else {
    scene_.zoom_at(to_picture(event->position()).x(), std::pow(kCloser, steps));
  }
  event->accept();
  emit moved();
}

void CompareCanvas::mousePressEvent(QMouseEvent* event) {
  Canvas::mousePressEvent(event);
  const double x = to_picture(event->position()).x();
  if (event->button() == Qt::LeftButton && x >= scene_.names_width()) drag_from_ = scene_.axis_at(x);
}

void CompareCanvas::mouseMoveEvent(QMouseEvent* event) {
  Canvas::mouseMoveEvent(event);
  mouse_ = to_picture(event->position()).x();
  if (!drag_from_ || (event->buttons() & Qt::LeftButton) == 0) return;
  if (!area_ && std::abs(scene_.x_of(*drag_from_) - mouse_) < kLeastDrag) return;
  const std::int64_t to = scene_.axis_at(mouse_);
  area_ = TimeSpan{std::min(*drag_from_, to), std::max(*drag_from_, to)};
  refresh();
}

void CompareCanvas::mouseReleaseEvent(QMouseEvent* event) {
  Canvas::mouseReleaseEvent(event);
  if (!drag_from_) return;
  drag_from_.reset();
  emit area_changed();
}

// ---- the page ----

ComparePage::ComparePage(std::shared_ptr<const RunDocument> a, std::shared_ptr<const RunDocument> b,
                         std::shared_ptr<const RunPair> pair, Link& link, QWidget* parent)
    : Page(parent),
      a_(std::move(a)),
      b_(std::move(b)),
      pair_(std::move(pair)),
      link_(link),
      scene_(*pair_),
      lanes_(new CompareCanvas(scene_)),
      cards_(new CardArea) {
  auto* split = new QSplitter(Qt::Vertical, this);
  split->addWidget(lanes_);
  split->addWidget(cards_);
  split->setChildrenCollapsible(false);
  split->setStretchFactor(0, 1);
  split->setStretchFactor(1, 1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(split);
  setFocusProxy(lanes_);
  cards_->set_page(comparison_of(*pair_));
  connect(cards_, &CardArea::followed, this, [this](const Target& target) { link_.show(target); });
  connect(lanes_, &Canvas::clicked, this, [this](const Mark& mark) {
    chosen_ = mark.target;
    const Target in_a = scene_.in_a(mark.target);
    if (in_a.kind != Target::Kind::none) link_.select(in_a);
    scene_.select(chosen_);
    redraw();
  });
  connect(lanes_, &Canvas::activated, this, [this](const Mark& mark) {
    const Target in_a = scene_.in_a(mark.target);
    if (in_a.kind != Target::Kind::none) link_.show(in_a);
  });
  connect(lanes_, &Canvas::hovered, this, [this](const Mark* mark) {
    pointed_ = mark == nullptr ? Target() : mark->target;
    emit state_changed();
  });
  connect(lanes_, &CompareCanvas::moved, this, &ComparePage::redraw);
  connect(lanes_, &CompareCanvas::area_changed, this, &Page::state_changed);
  connect(&link_, &Link::selected_changed, this, &ComparePage::follow_selection);
}

void ComparePage::redraw() {
  lanes_->refresh();
  emit state_changed();
}

// The selection of A's other pages; what has no place here is not marked.
void ComparePage::follow_selection() {
  Target target = link_.selected();
  target.track = 0;
  if (chosen_.kind != Target::Kind::none && scene_.in_a(chosen_) == target) return;
  chosen_ = target;
  scene_.select(target);
  redraw();
}

bool ComparePage::can(Act act) const {
  switch (act) {
    case Act::zoom_in:
    case Act::zoom_out:
    case Act::pan_left:
    case Act::pan_right:
    case Act::fit:
    case Act::scroll_up:
    case Act::scroll_down:
    case Act::overlay:
    case Act::copy:
      return true;
    case Act::zoom_to_area:
      return lanes_->area().has_value();
    case Act::clear_selection:
      return lanes_->area().has_value() || chosen_.kind != Target::Kind::none;
    default:
      return false;
  }
}

void ComparePage::act(Act act) {
  if (!can(act)) return;
  switch (act) {
    case Act::scroll_up:
      return cards_->scroll(-3);
    case Act::scroll_down:
      return cards_->scroll(3);
    case Act::copy:
      QGuiApplication::clipboard()->setText(QString::fromStdString(plain_text(cards_->page())));
      return;
    case Act::clear_selection:
      chosen_ = {};
      scene_.select({});
      lanes_->clear_area();
      link_.select({});
      return redraw();
    default:
      return change_view(act);
  }
}

void ComparePage::change_view(Act act) {
  switch (act) {
    case Act::zoom_in:
      scene_.zoom_at(lanes_->zoom_place(), kCloser);
      break;
    case Act::zoom_out:
      scene_.zoom_at(lanes_->zoom_place(), 1 / kCloser);
      break;
    case Act::pan_left:
      scene_.pan(-scene_.plot_width() * kStep);
      break;
    case Act::pan_right:
      scene_.pan(scene_.plot_width() * kStep);
      break;
    case Act::fit:
      scene_.fit();
      break;
    case Act::zoom_to_area:
      scene_.zoom_to(*lanes_->area());
      lanes_->clear_area();
      break;
    case Act::overlay:
      scene_.set_overlaid(!scene_.overlaid());
      break;
    default:
      return;
  }
  redraw();
}

// The lanes above, the cards below, as on the screen.
Picture ComparePage::picture_of(QSize size) {
  return picture_of_comparison(scene_, cards_->page(), size.width(), size.height());
}

QString ComparePage::status() const {
  const std::string words = scene_.describe(pointed_.kind == Target::Kind::none ? chosen_ : pointed_);
  return QString::fromStdString(words.empty() ? cards_->page().headline : words);
}

}  // namespace pregate
