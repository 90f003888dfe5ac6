// SPDX-License-Identifier: Apache-2.0
#include "gui/loading_view.hpp"

#include <QtCore/QFileInfo>
#include <QtCore/QLocale>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QVBoxLayout>

namespace pregate {

LoadingView::LoadingView(const QString& path, QWidget* parent)
    : QWidget(parent),
      path_(path),
      heading_(new QLabel(tr("Reading %1").arg(QFileInfo(path).fileName()))),
      message_(new QLabel),
      bar_(new QProgressBar),
      button_(new QPushButton(tr("Cancel"))) {
  QFont large = heading_->font();
  large.setPixelSize(large.pixelSize() * 5 / 4);
  large.setBold(true);
  heading_->setFont(large);
  message_->setWordWrap(true);
  message_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  bar_->setRange(0, 0);
  bar_->setAccessibleName(tr("Progress"));
  auto* row = new QHBoxLayout;
  row->addWidget(button_);
  row->addStretch();
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(40, 40, 40, 40);
  for (QWidget* each :
       {static_cast<QWidget*>(heading_), static_cast<QWidget*>(message_), static_cast<QWidget*>(bar_)})
    column->addWidget(each);
  column->addLayout(row);
  column->addStretch();
  connect(button_, &QPushButton::clicked, this, [this] { loading() ? cancel() : start(); });
}

void LoadingView::start() {
  message_->clear();
  heading_->setText(tr("Reading %1").arg(QFileInfo(path_).fileName()));
  bar_->show();
  button_->setText(tr("Cancel"));
  const auto kind = file_kind(path_.toStdString());
  if (!kind) {
    fail(QString::fromStdString(kind.error().message()));
    return;
  }
  if (*kind == FileKind::sweep) {
    emit is_sweep();
    return;
  }
  loader_ = std::make_unique<Loader>(path_.toStdString());
  // What a reading that was left has sent may still be on its way.
  const auto current = [this, reading = ++readings_] { return reading == readings_; };
  connect(loader_.get(), &Loader::progressed, this, [this, current](qint64 read, qint64 total) {
    if (current()) show_progress(read, total);
  });
  connect(loader_.get(), &Loader::run_loaded, this, [this, current](std::shared_ptr<const RunDocument> run) {
    if (current()) emit run_loaded(std::move(run));
  });
  connect(loader_.get(), &Loader::route_loaded, this,
          [this, current](std::shared_ptr<const RouteDocument> route) {
            if (current()) emit route_loaded(std::move(route));
          });
  connect(loader_.get(), &Loader::failed, this, [this, current](const QString& message) {
    if (current()) fail(message);
  });
  loader_->start(*kind);
}

void LoadingView::show_progress(qint64 read, qint64 total) {
  bar_->setRange(0, 1000);
  bar_->setValue(total > 0 ? static_cast<int>(read * 1000 / total) : 0);
  const QLocale locale;
  message_->setText(tr("%1 of %2").arg(locale.formattedDataSize(read), locale.formattedDataSize(total)));
}

void LoadingView::cancel() {
  if (!loading()) return;
  ++readings_;
  loader_.reset();  // waits for one block
  fail(tr("Reading was cancelled."));
}

void LoadingView::fail(const QString& message) {
  if (loader_ != nullptr) loader_.release()->deleteLater();  // this may be its own signal
  heading_->setText(tr("%1 could not be opened").arg(QFileInfo(path_).fileName()));
  message_->setText(message);
  bar_->hide();
  button_->setText(tr("Try again"));
  emit failed(message);
}

}  // namespace pregate
