// SPDX-License-Identifier: Apache-2.0
// Small parts that the forms are put together from.
#pragma once

#include <QtWidgets/QComboBox>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QToolButton>

namespace pregate {

// One line that ends in an ellipsis where there is no room; the whole is its tooltip.
class ElidedLabel final : public QLabel {
  Q_OBJECT

 public:
  explicit ElidedLabel(QWidget* parent = nullptr);
  void set_faint(bool faint) { faint_ = faint; }  // words that may be passed over
  [[nodiscard]] QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  bool faint_ = false;
};

// What is wrong with an entry, in a sentence; hidden while nothing is.
class MessageLabel final : public QLabel {
  Q_OBJECT

 public:
  explicit MessageLabel(QWidget* parent = nullptr);
  void show_problem(const QString& sentence);
  void show_note(const QString& text);  // faint: nothing is wrong

 protected:
  bool event(QEvent* event) override;

 private:
  void show_text(const QString& text, bool problem);
  void take_color();

  bool problem_ = false;
};

// A red frame around a widget, wherever it goes and whatever it is.
class ProblemFrame final : public QWidget {
  Q_OBJECT

 public:
  explicit ProblemFrame(QWidget* around);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  QWidget* around_;
};

// A line for a path with a button that opens the system's dialog.
class PathEdit final : public QWidget {
  Q_OBJECT

 public:
  enum class Kind { open_file, save_file };
  PathEdit(Kind kind, QString filter, QWidget* parent = nullptr);

  [[nodiscard]] QString path() const { return line_->text().trimmed(); }
  void set_path(const QString& path) { line_->setText(path); }
  [[nodiscard]] QLineEdit* line() const { return line_; }

 signals:
  void changed();

 private:
  void browse();

  Kind kind_;
  QString filter_;
  QLineEdit* line_;
};

// The wheel scrolls the form and changes no value that the cursor happens to pass.
void ignore_wheel(QWidget* widget);

// A combo box that takes any text and offers what it has by any part of it.
QComboBox* open_combo(QWidget* parent);

}  // namespace pregate
