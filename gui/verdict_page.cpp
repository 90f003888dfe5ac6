// SPDX-License-Identifier: Apache-2.0
#include "gui/verdict_page.hpp"

#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtWidgets/QVBoxLayout>

namespace pregate {

VerdictPage::VerdictPage(std::shared_ptr<const RunDocument> document, Link& link, QWidget* parent)
    : Page(parent), document_(std::move(document)), link_(link), area_(new CardArea(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(area_);
  setFocusProxy(area_);
  area_->set_page(verdict_of(document_->run));
  connect(area_, &CardArea::followed, this, &VerdictPage::follow);
}

void VerdictPage::set_counterfactuals(CounterfactualState state) {
  state_ = std::move(state);
  CardPage page = area_->page();
  replace_counterfactuals(page, state_);
  area_->set_page(std::move(page));
  emit state_changed();
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
      return area_->scroll(-3);
    case Act::scroll_down:
      return area_->scroll(3);
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

Picture VerdictPage::picture_of(QSize size) {
  return pregate::picture_of(area_->page(), size.width(), size.height());
}

QString VerdictPage::status() const {
  return QString::fromStdString(area_->page().headline);
}

QString VerdictPage::text() const {
  return QString::fromStdString(plain_text(area_->page()));
}

}  // namespace pregate
