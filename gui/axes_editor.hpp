// SPDX-License-Identifier: Apache-2.0
// The axes of a sweep: fields and their values, checked as they are typed, and how many scenarios they make.
#pragma once

#include <QtWidgets/QComboBox>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QVBoxLayout>

#include "gui/small_widgets.hpp"
#include "traces/sweep_axes.hpp"

namespace pregate {

class AxesEditor final : public QWidget {
  Q_OBJECT

 public:
  explicit AxesEditor(QWidget* parent = nullptr);

  // "--vary", "dram.expert_budget=1GiB..4GiB:7", ...; and --zip or --sample.
  [[nodiscard]] QStringList arguments() const;
  // What is wrong with an axis or with all of them together; empty: nothing.
  [[nodiscard]] const QString& problem() const { return problem_; }
  [[nodiscard]] std::size_t points() const { return points_; }

  // A row more, with the focus in it where it is empty.
  void add_axis(const QString& path = {}, const QString& values = {});
  void clear();
  void set_combination(Combination how, int samples = 0, int seed = 1);
  [[nodiscard]] int count() const { return static_cast<int>(rows_.size()); }

 signals:
  void changed();

 private:
  struct Row {
    QWidget* widget = nullptr;
    QLineEdit *path = nullptr, *values = nullptr;
    MessageLabel* message = nullptr;
    ProblemFrame *path_frame = nullptr, *values_frame = nullptr;
  };
  void build();
  Row make_row();
  void remove(QWidget* widget);
  void check();
  Result<Axis> check_row(const Row& row) const;
  [[nodiscard]] CombineOptions combine_options() const;

  QVBoxLayout* list_;
  QComboBox* how_;
  QSpinBox *samples_, *seed_;
  QLabel *samples_label_, *seed_label_, *total_;
  std::vector<Row> rows_;
  QString problem_;
  std::size_t points_ = 0;
};

// "7 values: 1 GiB, 1.5 GiB, 2 GiB ... 4 GiB".
QString axis_summary(const Axis& axis);

}  // namespace pregate
