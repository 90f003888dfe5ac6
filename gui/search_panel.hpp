// SPDX-License-Identifier: Apache-2.0
// The search field, what it found, in order of time, and the way from one to the next.
#pragma once

#include <QtCore/QAbstractListModel>
#include <QtCore/QHash>
#include <QtCore/QTimer>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QListView>
#include <vector>

#include "gui/link.hpp"
#include "gui/scene/explanation.hpp"

namespace pregate {

// Targets with a sentence each, made when it is seen.
class FoundModel : public QAbstractListModel {
  Q_OBJECT

 public:
  explicit FoundModel(const Explainer& explainer, QObject* parent = nullptr)
      : QAbstractListModel(parent), explainer_(explainer) {}
  void set(std::vector<Target> found);
  [[nodiscard]] const std::vector<Target>& found() const { return found_; }
  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

 private:
  const Explainer& explainer_;
  std::vector<Target> found_;
  mutable QHash<int, QString> sentences_;  // of rows that were seen
};

class SearchPanel : public QWidget {
  Q_OBJECT

 public:
  // Both outlive it.
  SearchPanel(const Explainer& explainer, Link& link, QWidget* parent = nullptr);

  void begin();  // puts the cursor into the field
  void search(const QString& query);
  [[nodiscard]] const std::vector<Target>& found() const { return model_.found(); }
  [[nodiscard]] QString message() const { return message_->text(); }
  bool step(int by);

 signals:
  void found_changed();

 private:
  void run();

  const Explainer& explainer_;
  Link& link_;
  QLineEdit* query_;
  QLabel* message_;
  QListView* list_;
  FoundModel model_;
  QTimer later_;
};

}  // namespace pregate
