// SPDX-License-Identifier: Apache-2.0
// A sweep: its plot with what is on each axis above it and its rows below. A click selects a scenario, in the
// plot and among the rows; a double click asks for it to be run and shown.
#pragma once

#include <QtWidgets/QCheckBox>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QStackedWidget>
#include <QtWidgets/QTableView>
#include <QtWidgets/QToolButton>
#include <memory>

#include "gui/canvas.hpp"
#include "gui/document_view.hpp"
#include "gui/page.hpp"
#include "gui/scene/sweep_scene.hpp"
#include "gui/sweep_file.hpp"
#include "gui/sweep_table_model.hpp"

namespace pregate {

class SweepCanvas : public Canvas {
  Q_OBJECT

 public:
  explicit SweepCanvas(QWidget* parent = nullptr);

  // Null: nothing yet. The scene's table must outlive it.
  void show_scene(std::unique_ptr<SweepScene> scene);
  void show_selected(std::vector<std::size_t> rows);
  [[nodiscard]] const SweepScene* scene() const { return scene_.get(); }

 protected:
  Picture make_picture(int width, int height) override;
  [[nodiscard]] QString tip(const Mark& mark) const override;

 private:
  std::unique_ptr<SweepScene> scene_;
  SweepMarks marks_;
};

// The controls above the plot.
class SweepControls : public QWidget {
  Q_OBJECT

 public:
  explicit SweepControls(QWidget* parent = nullptr);

  // Fills the lists; shows the options of a sweep.
  void show_table(std::shared_ptr<const SweepTable> table);
  void show_options(const SweepOptions& options);
  [[nodiscard]] SweepOptions options() const;
  void toggle_logarithmic();
  void toggle_front() { front_->toggle(); }
  void toggle_ghosts() { ghosts_->toggle(); }
  // The next of the metrics that are asked for most.
  void next_metric();
  [[nodiscard]] QToolButton& filter_button() { return *filter_; }

 signals:
  void changed();

 private:
  QComboBox* add_list(const QString& name);
  QCheckBox* add_check(const QString& name);
  void add_filters();
  void hear();

  std::shared_ptr<const SweepTable> table_;
  QComboBox* x_;
  QComboBox* y_;
  QComboBox* colour_;
  QCheckBox* log_x_;
  QCheckBox* log_y_;
  QCheckBox* front_;
  QCheckBox* ghosts_;
  QToolButton* filter_;
  bool showing_ = false;
};

class SweepPage : public Page {
  Q_OBJECT

 public:
  // Begins to read the file at once.
  explicit SweepPage(std::string path, QWidget* parent = nullptr);

  [[nodiscard]] const SweepTable* table() const { return table_.get(); }
  [[nodiscard]] SweepCanvas& canvas() { return *canvas_; }
  [[nodiscard]] SweepControls& controls() { return *controls_; }
  [[nodiscard]] QTableView& rows() { return *rows_; }
  // Rows of the sweep that are selected, in its order.
  [[nodiscard]] std::vector<std::size_t> selected() const;
  void select(const std::vector<std::size_t>& rows);

  [[nodiscard]] bool can(Act act) const override;
  void act(Act act) override;
  [[nodiscard]] Picture picture_of(QSize size) override;
  // The rows that are shown, in their order there.
  [[nodiscard]] std::string csv() const override;
  [[nodiscard]] bool has_table() const override { return model_ != nullptr; }
  [[nodiscard]] QString status() const override;

 signals:
  // The file was read, or could not be.
  void read();
  // The scenario of a row is to be run, or its run to be opened where it was run before; `name` tells it from
  // the sweep's others and is fit for a file.
  void run_requested(const QString& name, const std::string& scenario_text);

 private:
  void show_table(std::shared_ptr<const SweepTable> table);
  void show_message(const QString& text, bool reading);
  void refresh();
  void open_row(std::size_t row);
  [[nodiscard]] QString name_of(std::size_t row) const;
  void click(const Mark& mark, Qt::KeyboardModifiers modifiers);

  std::string path_;
  SweepReader reader_;
  std::shared_ptr<const SweepTable> table_;
  std::unique_ptr<CommandJob> scenario_job_;
  QString problem_;  // of the last scenario that was asked for
  QStackedWidget* stack_;
  QLabel* message_;
  QPushButton* again_;
  SweepControls* controls_;
  SweepCanvas* canvas_;
  QTableView* rows_;
  SweepTableModel* model_ = nullptr;
  bool selecting_ = false;
};

// The document: one page.
class SweepView : public DocumentView {
  Q_OBJECT

 public:
  explicit SweepView(const std::string& path, QWidget* parent = nullptr);
  [[nodiscard]] SweepPage& sweep_page() { return *page_; }

 signals:
  void run_requested(const QString& name, const std::string& scenario_text, const std::string& beside);

 private:
  SweepPage* page_;
};

}  // namespace pregate
