// SPDX-License-Identifier: Apache-2.0
// The rows of a sweep for a table view: a column for whether it ran, then all columns of the sweep. Sorts by
// numbers, not by their texts. Shows the rows that it is given.
#pragma once

#include <QtCore/QAbstractTableModel>
#include <memory>
#include <vector>

#include "gui/scene/sweep_table.hpp"

namespace pregate {

class SweepTableModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  explicit SweepTableModel(std::shared_ptr<const SweepTable> table, QObject* parent = nullptr);

  void show_rows(std::vector<std::size_t> rows);
  // Row of the sweep at a row of the model, as it is sorted; and where a row of the sweep is, or -1.
  [[nodiscard]] std::size_t sweep_row(int row) const { return rows_[static_cast<std::size_t>(row)]; }
  [[nodiscard]] int model_row(std::size_t sweep_row) const;
  [[nodiscard]] const std::vector<std::size_t>& rows() const { return rows_; }

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  void sort(int column, Qt::SortOrder order) override;

 private:
  void sort_rows();
  void sort_by_column();

  std::shared_ptr<const SweepTable> table_;
  std::vector<std::size_t> rows_;
  std::vector<int> place_;  // row of the sweep -> row of the model; -1: not shown
  int sorted_by_ = -1;
  Qt::SortOrder order_ = Qt::AscendingOrder;
};

}  // namespace pregate
