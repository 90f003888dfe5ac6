// SPDX-License-Identifier: Apache-2.0
// Stands in a document's tab while its file is read, with progress and a way to stop, or says why it could
// not be.
#pragma once

#include <QtWidgets/QLabel>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QWidget>
#include <memory>

#include "gui/loader.hpp"

namespace pregate {

class LoadingView : public QWidget {
  Q_OBJECT

 public:
  explicit LoadingView(const QString& path, QWidget* parent = nullptr);

  [[nodiscard]] const QString& path() const { return path_; }
  [[nodiscard]] QString message() const { return message_->text(); }
  [[nodiscard]] bool loading() const { return loader_ != nullptr; }
  void start();
  void cancel();
  void fail(const QString& message);

 signals:
  void run_loaded(std::shared_ptr<const pregate::RunDocument> document);
  void route_loaded(std::shared_ptr<const pregate::RouteDocument> document);
  // Which is read through the command.
  void is_sweep();
  void failed(const QString& message);

 private:
  void show_progress(qint64 read, qint64 total);

  QString path_;
  QLabel* heading_;
  QLabel* message_;
  QProgressBar* bar_;
  QPushButton* button_;
  std::unique_ptr<Loader> loader_;
  int readings_ = 0;
};

}  // namespace pregate
