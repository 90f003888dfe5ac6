// SPDX-License-Identifier: Apache-2.0
#include "gui/sweep_table_model.hpp"

#include <algorithm>

#include "gui/qt_text.hpp"

namespace pregate {
namespace {

int compare(const SweepColumn& column, std::size_t a, std::size_t b) {
  if (column.is_words()) {
    const std::string& x = column.dictionary[static_cast<std::size_t>(column.words[a])];
    const std::string& y = column.dictionary[static_cast<std::size_t>(column.words[b])];
    return x.compare(y);
  }
  const double x = column.numbers[a], y = column.numbers[b];
  return x < y ? -1 : x > y ? 1 : 0;
}

}  // namespace

SweepTableModel::SweepTableModel(std::shared_ptr<const SweepTable> table, QObject* parent)
    : QAbstractTableModel(parent), table_(std::move(table)) {}

void SweepTableModel::show_rows(std::vector<std::size_t> rows) {
  beginResetModel();
  rows_ = std::move(rows);
  sort_rows();
  endResetModel();
}

int SweepTableModel::model_row(std::size_t sweep_row) const {
  return sweep_row < place_.size() ? place_[sweep_row] : -1;
}

int SweepTableModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int SweepTableModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(table_->columns.size()) + 1;
}

QVariant SweepTableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const std::size_t row = sweep_row(index.row());
  const SweepRow& each = table_->rows[row];
  if (index.column() == 0) {
    if (role == Qt::DisplayRole) return each.done ? tr("done") : tr("failed");
    if (role == Qt::ToolTipRole && !each.done) return to_qt(each.error);
    return {};
  }
  const SweepColumn& column = table_->columns[static_cast<std::size_t>(index.column() - 1)];
  if (role == Qt::DisplayRole) return to_qt(column.text(row));
  if (role == Qt::TextAlignmentRole && !column.is_words()) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
  return {};
}

QVariant SweepTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation == Qt::Vertical) return role == Qt::DisplayRole ? QVariant(section + 1) : QVariant();
  if (section == 0) return role == Qt::DisplayRole ? QVariant(tr("status")) : QVariant();
  const SweepColumn& column = table_->columns[static_cast<std::size_t>(section - 1)];
  if (role == Qt::DisplayRole) return to_qt(column.name);
  if (role == Qt::ToolTipRole && !column.known.empty()) return to_qt(column.known);
  return {};
}

void SweepTableModel::sort(int column, Qt::SortOrder order) {
  emit layoutAboutToBeChanged();
  const QModelIndexList before = persistentIndexList();
  std::vector<std::size_t> kept;
  for (const QModelIndex& index : before) kept.push_back(sweep_row(index.row()));
  sorted_by_ = column;
  order_ = order;
  sort_rows();
  QModelIndexList after;
  for (qsizetype i = 0; i < before.size(); ++i)
    after << index(model_row(kept[static_cast<std::size_t>(i)]), before[i].column());
  changePersistentIndexList(before, after);
  emit layoutChanged();
}

// Rows without a value come last either way; equals keep the sweep's order.
void SweepTableModel::sort_rows() {
  std::sort(rows_.begin(), rows_.end());
  if (sorted_by_ >= 0) sort_by_column();
  place_.assign(table_->rows.size(), -1);
  for (std::size_t i = 0; i < rows_.size(); ++i) place_[rows_[i]] = static_cast<int>(i);
}

void SweepTableModel::sort_by_column() {
  const bool down = order_ == Qt::DescendingOrder;
  std::stable_sort(rows_.begin(), rows_.end(), [&](std::size_t a, std::size_t b) {
    if (sorted_by_ == 0)
      return down ? table_->rows[a].done > table_->rows[b].done : table_->rows[a].done < table_->rows[b].done;
    const SweepColumn& column = table_->columns[static_cast<std::size_t>(sorted_by_ - 1)];
    if (column.has(a) != column.has(b)) return column.has(a);
    if (!column.has(a)) return false;
    const int order = compare(column, a, b);
    return down ? order > 0 : order < 0;
  });
}

}  // namespace pregate
