// SPDX-License-Identifier: Apache-2.0
#include "gui/search_panel.hpp"

#include <QtWidgets/QVBoxLayout>

#include "gui/appearance.hpp"
#include "gui/scene/search.hpp"
#include "traces/number_text.hpp"

namespace pregate {

void FoundModel::set(std::vector<Target> found) {
  beginResetModel();
  found_ = std::move(found);
  sentences_.clear();
  endResetModel();
}

int FoundModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(found_.size());
}

QVariant FoundModel::data(const QModelIndex& index, int role) const {
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
  QString& sentence = sentences_[index.row()];
  if (sentence.isEmpty())
    sentence =
        QString::fromStdString(explainer_.explain(found_[static_cast<std::size_t>(index.row())]).plain());
  return sentence;
}

SearchPanel::SearchPanel(const Explainer& explainer, Link& link, QWidget* parent)
    : QWidget(parent),
      explainer_(explainer),
      link_(link),
      query_(new QLineEdit),
      message_(new QLabel),
      list_(new QListView),
      model_(explainer) {
  query_->setPlaceholderText(
      tr("layer:3 expert:17 cause:late longer:1ms token:10..20 kind:load purpose:speculative"));
  query_->setClearButtonEnabled(true);
  query_->setAccessibleName(tr("Search"));
  list_->setModel(&model_);
  list_->setUniformItemSizes(true);
  list_->setFrameShape(QFrame::NoFrame);
  list_->setAccessibleName(tr("Found"));
  message_->setWordWrap(true);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(6, 6, 6, 0);
  column->addWidget(query_);
  column->addWidget(message_);
  column->addWidget(list_, 1);
  later_.setSingleShot(true);
  later_.setInterval(150);
  connect(&later_, &QTimer::timeout, this, &SearchPanel::run);
  connect(query_, &QLineEdit::textChanged, &later_, qOverload<>(&QTimer::start));
  connect(query_, &QLineEdit::returnPressed, this, [this] {
    if (later_.isActive()) run();
    step(1);
  });
  connect(list_->selectionModel(), &QItemSelectionModel::currentChanged, this,
          [this](const QModelIndex& now) {
            if (now.isValid()) link_.show(model_.found()[static_cast<std::size_t>(now.row())]);
          });
}

void SearchPanel::begin() {
  query_->setFocus();
  query_->selectAll();
}

void SearchPanel::search(const QString& query) {
  query_->setText(query);
  run();
}

bool SearchPanel::step(int by) {
  const int count = model_.rowCount();
  if (count == 0) return false;
  const int now = list_->currentIndex().isValid() ? list_->currentIndex().row() : (by > 0 ? -1 : 0);
  list_->setCurrentIndex(model_.index((now + by + count) % count));
  return true;
}

void SearchPanel::run() {
  later_.stop();
  const QString text = query_->text().trimmed();
  std::vector<Target> found;
  QString message;
  if (!text.isEmpty()) {
    const auto query = parse_query(text.toStdString());
    if (query) {
      found = pregate::search(explainer_.run(), explainer_.names(), *query);
      message =
          tr("%1 found").arg(QString::fromStdString(with_commas(static_cast<std::int64_t>(found.size()))));
    } else {
      message = QString::fromStdString(query.error().message());
    }
  }
  message_->setText(message);
  model_.set(std::move(found));
  emit found_changed();
}

}  // namespace pregate
