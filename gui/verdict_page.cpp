// SPDX-License-Identifier: Apache-2.0
#include "gui/verdict_page.hpp"

#include <QtCore/QEvent>
#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtWidgets/QScrollBar>
#include <QtWidgets/QVBoxLayout>

#include "gui/appearance.hpp"

namespace pregate {

VerdictCanvas::VerdictCanvas(const CardPage& page, QWidget* parent) : Canvas(parent), page_(page) {
  connect(this, &Canvas::hovered, this, [this](const Mark* mark) {
    setCursor(mark == nullptr ? Qt::ArrowCursor : Qt::PointingHandCursor);
  });
}

void VerdictCanvas::lay_out(int width) {
  const double scale = Appearance::instance().scale();
  const Picture laid_out = pregate::picture_of(page_, static_cast<int>(width / scale));
  setFixedHeight(static_cast<int>(laid_out.height * scale));
  refresh();
}

Picture VerdictCanvas::make_picture(int width, int height) {
  return pregate::picture_of(page_, width, height);
}

QString VerdictCanvas::tip(const Mark& mark) const {
  return mark.target.kind == Target::Kind::action ? QString() : QStringLiteral("Show it on the timeline");
}

VerdictPage::VerdictPage(std::shared_ptr<const RunDocument> document, Link& link, QWidget* parent)
    : Page(parent), document_(std::move(document)), link_(link), page_(verdict_of(document_->run)) {
  area_ = new QScrollArea(this);
  canvas_ = new VerdictCanvas(page_);
  area_->setWidget(canvas_);
  area_->setWidgetResizable(true);
  area_->setFrameShape(QFrame::NoFrame);
  area_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area_->viewport()->installEventFilter(this);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(area_);
  setFocusProxy(canvas_);
  connect(canvas_, &Canvas::clicked, this, [this](const Mark& mark) { follow(mark.target); });
  connect(&Appearance::instance(), &Appearance::changed, this,
          [this] { canvas_->lay_out(area_->viewport()->width()); });
}

void VerdictPage::set_counterfactuals(CounterfactualState state) {
  state_ = std::move(state);
  replace_counterfactuals(page_, state_);
  canvas_->lay_out(area_->viewport()->width());
  emit state_changed();
}

bool VerdictPage::eventFilter(QObject* watched, QEvent* event) {
  if (watched == area_->viewport() && event->type() == QEvent::Resize)
    canvas_->lay_out(area_->viewport()->width());
  return Page::eventFilter(watched, event);
}

bool VerdictPage::can(Act act) const {
  using Stage = CounterfactualState::Stage;
  switch (act) {
    case Act::copy:
    case Act::scroll_up:
    case Act::scroll_down:
      return true;
    case Act::what_if:
      return state_.stage == Stage::not_asked || state_.stage == Stage::failed;
    case Act::cancel_job:
      return state_.stage == Stage::running;
    default:
      return false;
  }
}

void VerdictPage::act(Act act) {
  if (!can(act)) return;
  switch (act) {
    case Act::copy:
      QGuiApplication::clipboard()->setText(text());
      break;
    case Act::scroll_up:
      return scroll(-3);
    case Act::scroll_down:
      return scroll(3);
    case Act::what_if:
      emit counterfactuals_wanted();
      break;
    case Act::cancel_job:
      emit counterfactuals_cancelled();
      break;
    default:
      break;
  }
}

void VerdictPage::follow(const Target& target) {
  if (target.kind != Target::Kind::action) return link_.show(target);
  act(target.row == static_cast<std::uint64_t>(VerdictAction::ask_counterfactuals) ? Act::what_if
                                                                                   : Act::cancel_job);
}

void VerdictPage::scroll(int lines) {
  QScrollBar& bar = *area_->verticalScrollBar();
  bar.setValue(bar.value() + lines * bar.singleStep());
}

Picture VerdictPage::picture_of(QSize size) {
  return pregate::picture_of(page_, size.width(), size.height());
}

QString VerdictPage::status() const {
  return QString::fromStdString(page_.headline);
}

QString VerdictPage::text() const {
  return QString::fromStdString(plain_text(page_));
}

}  // namespace pregate
