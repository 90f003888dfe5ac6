// SPDX-License-Identifier: Apache-2.0
#include "gui/small_widgets.hpp"

#include <QtCore/QEvent>
#include <QtCore/QFileInfo>
#include <QtGui/QPainter>
#include <QtWidgets/QApplication>
#include <QtWidgets/QCompleter>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QStyle>
#include <QtWidgets/QStyleOption>
#include <utility>

#include "gui/message_color.hpp"

namespace pregate {

ElidedLabel::ElidedLabel(QWidget* parent) : QLabel(parent) {
  setTextFormat(Qt::PlainText);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
}

QSize ElidedLabel::minimumSizeHint() const {
  return {fontMetrics().averageCharWidth() * 4, QLabel::minimumSizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const QString shown = fontMetrics().elidedText(text(), Qt::ElideRight, contentsRect().width());
  QPalette colors = palette();
  if (faint_) colors.setColor(foregroundRole(), faint_color(colors));
  style()->drawItemText(&painter, contentsRect(), static_cast<int>(alignment()), colors, isEnabled(), shown,
                        foregroundRole());
}

MessageLabel::MessageLabel(QWidget* parent) : QLabel(parent) {
  setTextFormat(Qt::PlainText);
  setWordWrap(true);
  setTextInteractionFlags(Qt::TextSelectableByMouse);
  hide();
}

void MessageLabel::show_text(const QString& text, bool problem) {
  problem_ = problem;
  take_color();
  setText(text);
  setVisible(!text.isEmpty());
}

void MessageLabel::take_color() {
  QPalette colors = QApplication::palette();
  colors.setColor(QPalette::WindowText, problem_ ? error_color(colors) : faint_color(colors));
  setPalette(colors);
}

bool MessageLabel::event(QEvent* event) {
  if (event->type() == QEvent::ApplicationPaletteChange) take_color();
  return QLabel::event(event);
}

void MessageLabel::show_problem(const QString& sentence) {
  show_text(sentence, true);
}

void MessageLabel::show_note(const QString& text) {
  show_text(text, false);
}

ProblemFrame::ProblemFrame(QWidget* around) : QWidget(around), around_(around) {
  setAttribute(Qt::WA_TransparentForMouseEvents);
  around->installEventFilter(this);
  setGeometry(around->rect());
  hide();
}

bool ProblemFrame::eventFilter(QObject* watched, QEvent* event) {
  if (watched == around_ && event->type() == QEvent::Resize) setGeometry(around_->rect());
  return QWidget::eventFilter(watched, event);
}

void ProblemFrame::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(error_color(palette()), 2));
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 3, 3);
}

PathEdit::PathEdit(Kind kind, QString filter, QWidget* parent)
    : QWidget(parent), kind_(kind), filter_(std::move(filter)), line_(new QLineEdit(this)) {
  auto* browse_button = new QToolButton(this);
  browse_button->setText("\u2026");
  browse_button->setToolTip("Choose a file");
  browse_button->setAccessibleName("Choose a file");
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(4);
  row->addWidget(line_, 1);
  row->addWidget(browse_button);
  setFocusProxy(line_);
  connect(line_, &QLineEdit::textChanged, this, &PathEdit::changed);
  connect(browse_button, &QToolButton::clicked, this, &PathEdit::browse);
}

void PathEdit::browse() {
  const QString chosen = kind_ == Kind::open_file
                             ? QFileDialog::getOpenFileName(this, "Choose a file", path(), filter_)
                             // Whether it may be overwritten is asked once, when the command is started.
                             : QFileDialog::getSaveFileName(this, "Write to", path(), filter_, nullptr,
                                                            QFileDialog::DontConfirmOverwrite);
  if (!chosen.isEmpty()) set_path(chosen);
}

namespace {

class WheelFilter final : public QObject {
 public:
  using QObject::QObject;
  bool eventFilter(QObject* watched, QEvent* event) override {
    if (event->type() != QEvent::Wheel) return QObject::eventFilter(watched, event);
    event->ignore();  // the scroll area above gets it
    return true;
  }
};

}  // namespace

void ignore_wheel(QWidget* widget) {
  widget->setFocusPolicy(Qt::StrongFocus);
  widget->installEventFilter(new WheelFilter(widget));
}

QComboBox* open_combo(QWidget* parent) {
  auto* combo = new QComboBox(parent);
  combo->setEditable(true);
  combo->setInsertPolicy(QComboBox::NoInsert);
  combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  combo->setMinimumContentsLength(10);
  combo->completer()->setFilterMode(Qt::MatchContains);
  combo->completer()->setCompletionMode(QCompleter::PopupCompletion);
  combo->lineEdit()->setClearButtonEnabled(true);
  combo->setCurrentIndex(-1);
  ignore_wheel(combo);
  return combo;
}

}  // namespace pregate
