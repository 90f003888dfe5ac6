// SPDX-License-Identifier: Apache-2.0
#include "gui/sweep_view.hpp"

#include <QtCore/QFileInfo>
#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QVBoxLayout>
#include <algorithm>

#include "gui/appearance.hpp"
#include "gui/qt_text.hpp"

namespace pregate {

// ---- the plot ----

SweepCanvas::SweepCanvas(QWidget* parent) : Canvas(parent) {
  setMinimumSize(360, 220);
  setAccessibleName(tr("Plot of the sweep"));
  connect(this, &Canvas::hovered, this, [this](const Mark* mark) {
    const bool row = mark != nullptr && mark->target.kind == Target::Kind::sweep_row;
    const auto next = row ? std::optional(static_cast<std::size_t>(mark->target.row)) : std::nullopt;
    setCursor(row ? Qt::PointingHandCursor : Qt::ArrowCursor);
    if (next == marks_.hovered) return;
    marks_.hovered = next;
    refresh();
  });
}

void SweepCanvas::show_scene(std::unique_ptr<SweepScene> scene) {
  scene_ = std::move(scene);
  marks_.hovered.reset();
  refresh();
}

void SweepCanvas::show_selected(std::vector<std::size_t> rows) {
  marks_.selected = std::move(rows);
  refresh();
}

Picture SweepCanvas::make_picture(int width, int height) {
  if (scene_ != nullptr) return scene_->picture(width, height, marks_);
  Picture empty;
  empty.width = width;
  empty.height = height;
  return empty;
}

QString SweepCanvas::tip(const Mark& mark) const {
  return scene_ == nullptr ? QString() : to_qt(scene_->tip(mark.target));
}

// ---- the page ----

SweepPage::SweepPage(std::string path, QWidget* parent)
    : Page(parent),
      path_(std::move(path)),
      reader_(path_),
      stack_(new QStackedWidget),
      message_(new QLabel),
      again_(new QPushButton(tr("Try again"))),
      controls_(new SweepControls),
      canvas_(new SweepCanvas),
      rows_(new QTableView) {
  auto* waiting = new QWidget;
  auto* waiting_column = new QVBoxLayout(waiting);
  waiting_column->setContentsMargins(40, 40, 40, 40);
  message_->setWordWrap(true);
  message_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  waiting_column->addWidget(message_);
  waiting_column->addWidget(again_, 0, Qt::AlignLeft);
  waiting_column->addStretch();
  rows_->setSelectionBehavior(QAbstractItemView::SelectRows);
  rows_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  rows_->setSortingEnabled(true);
  rows_->setAlternatingRowColors(true);
  rows_->setWordWrap(false);
  rows_->horizontalHeader()->setResizeContentsPrecision(50);  // rows that are measured, of very many
  rows_->setAccessibleName(tr("Scenarios"));
  auto* splitter = new QSplitter(Qt::Vertical);
  splitter->addWidget(canvas_);
  splitter->addWidget(rows_);
  splitter->setStretchFactor(0, 3);
  splitter->setStretchFactor(1, 1);
  splitter->setChildrenCollapsible(false);
  splitter->setSizes({440, 220});
  auto* shown = new QWidget;
  auto* shown_column = new QVBoxLayout(shown);
  shown_column->setContentsMargins(0, 0, 0, 0);
  shown_column->setSpacing(0);
  shown_column->addWidget(controls_);
  shown_column->addWidget(splitter, 1);
  stack_->addWidget(waiting);
  stack_->addWidget(shown);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(stack_);
  setFocusProxy(canvas_);
  connect(&reader_, &SweepReader::finished, this, &SweepPage::show_table);
  connect(&reader_, &SweepReader::failed, this, [this](const QString& text) {
    show_message(text, false);
    emit read();
  });
  connect(again_, &QPushButton::clicked, this,
          [this] { act(reader_.reading() ? Act::cancel_job : Act::reload); });
  connect(controls_, &SweepControls::changed, this, &SweepPage::refresh);
  connect(canvas_, &Canvas::clicked, this, &SweepPage::click);
  connect(canvas_, &Canvas::activated, this, [this](const Mark& mark) {
    if (mark.target.kind == Target::Kind::sweep_row) open_row(static_cast<std::size_t>(mark.target.row));
  });
  connect(rows_, &QTableView::doubleClicked, this,
          [this](const QModelIndex& index) { open_row(model_->sweep_row(index.row())); });
  connect(&Appearance::instance(), &Appearance::changed, rows_, &QTableView::resizeColumnsToContents);
  act(Act::reload);
}

void SweepPage::show_message(const QString& text, bool reading) {
  message_->setText(text);
  again_->setText(reading ? tr("Cancel") : tr("Try again"));
  stack_->setCurrentIndex(0);
  emit state_changed();
}

void SweepPage::show_table(std::shared_ptr<const SweepTable> table) {
  if (table->columns.size() < 2 || table->rows.empty()) {
    show_message(tr("%1 has no rows yet.").arg(to_qt(path_)), false);
    emit read();
    return;
  }
  canvas_->show_scene(nullptr);  // it looks at the table that goes
  table_ = std::move(table);
  auto* old = model_;
  model_ = new SweepTableModel(table_, this);
  rows_->setModel(model_);
  delete old;
  rows_->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
  connect(rows_->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
    if (selecting_) return;
    canvas_->show_selected(selected());
    emit state_changed();
  });
  controls_->show_table(table_);
  stack_->setCurrentIndex(1);
  refresh();
  rows_->resizeColumnsToContents();
  emit read();
}

void SweepPage::refresh() {
  if (table_ == nullptr) return;
  const std::vector<std::size_t> before = selected();
  auto scene = std::make_unique<SweepScene>(*table_, controls_->options());
  if (scene->shown() != model_->rows() || model_->rows().empty()) {
    selecting_ = true;
    model_->show_rows(scene->shown());
    selecting_ = false;
  }
  canvas_->show_scene(std::move(scene));
  select(before);
}

std::vector<std::size_t> SweepPage::selected() const {
  std::vector<std::size_t> rows;
  if (model_ == nullptr || rows_->selectionModel() == nullptr) return rows;
  for (const QModelIndex& index : rows_->selectionModel()->selectedRows())
    rows.push_back(model_->sweep_row(index.row()));
  std::sort(rows.begin(), rows.end());
  return rows;
}

void SweepPage::select(const std::vector<std::size_t>& rows) {
  if (model_ == nullptr) return;
  QItemSelection selection;
  int first = -1;
  for (const std::size_t row : rows) {
    const int at = model_->model_row(row);
    if (at < 0) continue;
    if (first < 0) first = at;
    selection.select(model_->index(at, 0), model_->index(at, model_->columnCount() - 1));
  }
  selecting_ = true;
  rows_->selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
  selecting_ = false;
  if (first >= 0) rows_->scrollTo(model_->index(first, 0));
  canvas_->show_selected(selected());
  emit state_changed();
}

void SweepPage::click(const Mark& mark, Qt::KeyboardModifiers modifiers) {
  if (mark.target.kind != Target::Kind::sweep_row) return;
  const auto row = static_cast<std::size_t>(mark.target.row);
  std::vector<std::size_t> rows;
  if (modifiers.testFlag(Qt::ControlModifier)) rows = selected();
  const auto at = std::find(rows.begin(), rows.end(), row);
  if (at == rows.end())
    rows.push_back(row);
  else
    rows.erase(at);
  select(rows);
}

// The values of the axes, where they fit, and as much of the hash as tells scenarios apart.
QString SweepPage::name_of(std::size_t row) const {
  constexpr qsizetype kMost = 60;
  QString name;
  for (const std::size_t axis : table_->varied_axes()) {
    QString value = to_qt(table_->columns[axis].text(row));
    value.remove(u' ');
    for (QChar& c : value) {
      if (!c.isLetterOrNumber() && c != u'.' && c != u'-') c = u'_';
    }
    if (value.isEmpty() || name.size() + value.size() > kMost) continue;
    name += name.isEmpty() ? value : u'-' + value;
  }
  const QString hash = to_qt(table_->rows[row].hash).left(8);
  return name.isEmpty() ? hash : name + u'-' + hash;
}

void SweepPage::open_row(std::size_t row) {
  if (scenario_job_ != nullptr && !scenario_job_->ended()) return;
  CommandRequest request;
  request.arguments = {"sweep", "show", to_qt(path_), "--scenario", to_qt(table_->rows[row].hash)};
  request.title = tr("The scenario of a row");
  scenario_job_ = std::make_unique<CommandJob>(request);
  connect(scenario_job_.get(), &CommandJob::finished, this, [this, name = name_of(row)] {
    const bool done = scenario_job_->state() == CommandJob::State::done;
    problem_ = done ? QString() : scenario_job_->error_line();
    emit state_changed();
    if (done) emit run_requested(name, scenario_job_->output().toStdString());
  });
  scenario_job_->start();
}

bool SweepPage::can(Act act) const {
  const bool shown = stack_->currentIndex() == 1;
  switch (act) {
    case Act::reload:
      return !reader_.reading();
    case Act::cancel_job:
      return reader_.reading();
    case Act::next_measure:
    case Act::logarithmic:
    case Act::pareto:
    case Act::ghosts:
    case Act::copy:
      return shown;
    case Act::open_selected:
      return shown && selected().size() == 1;
    case Act::clear_selection:
      return shown && !selected().empty();
    default:
      return false;
  }
}

void SweepPage::act(Act act) {
  if (!can(act)) return;
  switch (act) {
    case Act::reload:
      if (table_ == nullptr) show_message(tr("Reading %1").arg(QFileInfo(to_qt(path_)).fileName()), true);
      reader_.start();
      emit state_changed();
      return;
    case Act::cancel_job:
      return reader_.cancel();
    case Act::next_measure:
      return controls_->next_metric();
    case Act::logarithmic:
      return controls_->toggle_logarithmic();
    case Act::pareto:
      return controls_->toggle_front();
    case Act::ghosts:
      return controls_->toggle_ghosts();
    case Act::open_selected:
      return open_row(selected().front());
    case Act::clear_selection:
      return select({});
    case Act::copy: {
      const std::vector<std::size_t> rows = selected();
      return QGuiApplication::clipboard()->setText(to_qt(rows.empty() ? csv() : sweep_csv(*table_, rows)));
    }
    default:
      return;
  }
}

Picture SweepPage::picture_of(QSize size) {
  if (canvas_->scene() == nullptr) return {};
  return canvas_->scene()->picture(size.width(), size.height(), {.selected = selected(), .hovered = {}});
}

std::string SweepPage::csv() const {
  return model_ == nullptr ? std::string() : sweep_csv(*table_, model_->rows());
}

QString SweepPage::status() const {
  if (!problem_.isEmpty()) return problem_;
  if (canvas_->scene() == nullptr) return {};
  const std::vector<std::size_t> rows = selected();
  if (rows.size() == 1) {
    const Target target{.kind = Target::Kind::sweep_row, .row = rows.front()};
    return to_qt(canvas_->scene()->tip(target)).replace(u'\n', QStringLiteral("; "));
  }
  const QString summary = to_qt(canvas_->scene()->summary());
  return rows.empty() ? summary : tr("%1; %2 selected").arg(summary).arg(rows.size());
}

// ---- the document ----

SweepView::SweepView(const std::string& path, QWidget* parent)
    : DocumentView(path, parent), page_(new SweepPage(path)) {
  add_page(Act::show_sweep, page_);
  connect(page_, &SweepPage::run_requested, this, [this](const QString& name, const std::string& text) {
    emit run_requested(name, text, this->path());
  });
}

}  // namespace pregate
