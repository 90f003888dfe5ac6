// SPDX-License-Identifier: Apache-2.0
#include "gui/main_window.hpp"

#include <QtCore/QDeadlineTimer>
#include <QtCore/QFileInfo>
#include <QtCore/QMimeData>
#include <QtCore/QPointer>
#include <QtCore/QSettings>
#include <QtCore/QTimer>
#include <QtGui/QCloseEvent>
#include <QtGui/QDragEnterEvent>
#include <QtGui/QScreen>
#include <QtWidgets/QApplication>
#include <QtWidgets/QMenuBar>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QStatusBar>

#include "gui/appearance.hpp"
#include "gui/command_palette.hpp"
#include "gui/export_dialogs.hpp"
#include "gui/loading_view.hpp"
#include "gui/new_run_dialog.hpp"
#include "gui/new_sweep_dialog.hpp"
#include "gui/qt_text.hpp"
#include "gui/route_view.hpp"
#include "gui/run_view.hpp"
#include "gui/sweep_view.hpp"
#include "gui/welcome.hpp"

namespace pregate {
namespace {

const QString kGeometry = QStringLiteral("window/geometry");
constexpr const char* kPath = "path";  // property of a tab's widget

}  // namespace

MainWindow::MainWindow()
    : tabs_(new QTabWidget),
      welcome_(new Welcome),
      status_(new QLabel),
      jobs_(new JobsPanel),
      jobs_dock_(new QDockWidget(tr("Jobs"))) {
  setWindowTitle(tr("Pregate"));
  setAcceptDrops(true);
  setMinimumSize(640, 400);
  resize(QSize(1280, 800).boundedTo(screen()->availableSize()));
  tabs_->setTabsClosable(true);
  tabs_->setMovable(true);
  tabs_->setDocumentMode(true);
  tabs_->tabBar()->setFocusPolicy(Qt::NoFocus);
  tabs_->addTab(welcome_, tr("Start"));
  tabs_->tabBar()->setTabButton(0, QTabBar::RightSide, nullptr);
  setCentralWidget(tabs_);
  status_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  statusBar()->addWidget(status_, 1);
  jobs_dock_->setObjectName(QStringLiteral("jobs"));
  jobs_dock_->setWidget(jobs_);
  addDockWidget(Qt::RightDockWidgetArea, jobs_dock_);
  jobs_dock_->hide();
  connect(jobs_, &JobsPanel::open_result, this, &MainWindow::open);
  connect(jobs_, &JobsPanel::job_finished, this, [this](const CommandJob* job) { job_ended(*job); });
  connect(jobs_, &JobsPanel::running_changed, this, &MainWindow::refresh_actions);
  make_menus();
  connect(tabs_, &QTabWidget::tabCloseRequested, this, &MainWindow::close_tab);
  connect(tabs_, &QTabWidget::currentChanged, this, &MainWindow::refresh_actions);
  connect(&watcher_, &QFileSystemWatcher::fileChanged, this, &MainWindow::notice_change);
  connect(welcome_, &Welcome::wanted, this, &MainWindow::act);
  connect(welcome_, &Welcome::file_wanted, this, &MainWindow::open);
  welcome_->show_recent(recent_.paths());
  restoreGeometry(QSettings().value(kGeometry).toByteArray());
  refresh_actions();
}

MainWindow::~MainWindow() = default;

// ---- actions ----

void MainWindow::make_menus() {
  std::map<std::string_view, QMenu*> menus;
  for (const Action& each : all_actions()) {
    QMenu*& menu = menus[each.menu];
    if (menu == nullptr) menu = menuBar()->addMenu(to_qt(each.menu));
    auto* entry = new QAction(to_qt(each.name), this);
    entry->setShortcut(QKeySequence(to_qt(each.key), QKeySequence::PortableText));
    entry->setToolTip(to_qt(each.help));
    entry->setStatusTip(to_qt(each.help));
    connect(entry, &QAction::triggered, this, [this, act = each.act] { this->act(act); });
    menu->addAction(entry);
    actions_[each.act] = entry;
    if (each.act == Act::open_file) show_recent(*menu->addMenu(tr("Open recent")));
  }
}

void MainWindow::show_recent(QMenu& menu) {
  connect(&menu, &QMenu::aboutToShow, this, [this, &menu] {
    menu.clear();
    for (const QString& path : recent_.paths()) {
      connect(menu.addAction(path), &QAction::triggered, this, [this, path] { open(path); });
    }
    menu.addSeparator();
    connect(menu.addAction(tr("Forget them")), &QAction::triggered, this, [this] {
      recent_.clear();
      welcome_->show_recent({});
    });
  });
}

DocumentView* MainWindow::document() const {
  return qobject_cast<DocumentView*>(tabs_->currentWidget());
}

bool MainWindow::can(Act act) const {
  const DocumentView* shown = document();
  switch (act) {
    case Act::open_file:
    case Act::new_run:
    case Act::new_sweep:
    case Act::quit:
    case Act::toggle_theme:
    case Act::larger_text:
    case Act::smaller_text:
    case Act::full_screen:
    case Act::palette:
    case Act::key_sheet:
    case Act::about:
      return true;
    case Act::next_document:
    case Act::previous_document:
      return tabs_->count() > 1;
    case Act::close_document:
    case Act::reload:
      return tabs_->currentIndex() > 0;
    case Act::export_picture:
      return shown != nullptr && shown->page() != nullptr;
    case Act::export_table:
      return shown != nullptr && shown->page() != nullptr && shown->page()->has_table();
    case Act::run_again:
      return shown != nullptr && !shown->scenario_text().empty();
    case Act::cancel_job:
      return jobs_->running() > 0 || (shown != nullptr && shown->can(act));
    case Act::compare_with:
    case Act::export_perfetto:
      return qobject_cast<const RunView*>(shown) != nullptr;
    default:
      return shown != nullptr && shown->can(act);
  }
}

void MainWindow::act(Act act) {
  if (!can(act)) return;
  const int count = tabs_->count();
  switch (act) {
    case Act::open_file:
      return choose_file();
    case Act::new_run:
      return new_run(false);
    case Act::run_again:
      return new_run(true);
    case Act::new_sweep:
      return new_sweep();
    case Act::compare_with:
      return compare_with_file();
    case Act::export_perfetto:
      return export_perfetto();
    case Act::cancel_job:
      jobs_->cancel_all();
      if (document() != nullptr && document()->can(act)) document()->act(act);
      return;
    case Act::reload:
      return reload();
    case Act::export_picture:
      return export_picture();
    case Act::export_table:
      return export_table();
    case Act::close_document:
      return close_tab(tabs_->currentIndex());
    case Act::quit:
      close();
      return;
    case Act::next_document:
      return tabs_->setCurrentIndex((tabs_->currentIndex() + 1) % count);
    case Act::previous_document:
      return tabs_->setCurrentIndex((tabs_->currentIndex() + count - 1) % count);
    case Act::toggle_theme:
      return Appearance::instance().set_dark(!Appearance::instance().theme().is_dark());
    case Act::larger_text:
      return Appearance::instance().set_scale(Appearance::instance().scale() * 1.25);
    case Act::smaller_text:
      return Appearance::instance().set_scale(Appearance::instance().scale() / 1.25);
    case Act::full_screen:
      return setWindowState(windowState() ^ Qt::WindowFullScreen);
    case Act::palette:
      return show_palette();
    case Act::key_sheet:
      return show_keys();
    case Act::about:
      return show_about();
    default:
      return document()->act(act);
  }
}

void MainWindow::refresh_actions() {
  for (const auto& [act, entry] : actions_) entry->setEnabled(can(act));
  const DocumentView* shown = document();
  say(shown == nullptr ? QString() : shown->status());
  refresh_title();
}

void MainWindow::refresh_title() {
  const DocumentView* shown = document();
  setWindowTitle(shown == nullptr ? tr("Pregate") : tr("%1 - Pregate").arg(shown->title()));
}

void MainWindow::say(const QString& text) {
  status_->setText(text);
}

void MainWindow::show_palette() {
  auto* palette = new CommandPalette([this](Act act) { return can(act); }, this);
  palette->setAttribute(Qt::WA_DeleteOnClose);
  connect(palette, &CommandPalette::chosen, this, &MainWindow::act, Qt::QueuedConnection);
  palette->show();
}

void MainWindow::show_keys() {
  auto* sheet = new KeySheet(this);
  sheet->setAttribute(Qt::WA_DeleteOnClose);
  sheet->show();
}

void MainWindow::show_about() {
  QMessageBox::about(
      this, tr("About Pregate"),
      tr("<b>Pregate</b> %1<p>A discrete-event simulator and profiler for Mixture-of-Experts models "
         "on devices.<p>Times in runs are simulated; the verdict page says what is measured or "
         "estimated.<p>Licence: Apache-2.0.")
          .arg(QApplication::applicationVersion()));
}

// ---- documents ----

int MainWindow::tab_of(const QString& path) const {
  const QString whole = QFileInfo(path).absoluteFilePath();
  for (int i = 0; i < tabs_->count(); ++i) {
    if (tabs_->widget(i)->property(kPath).toString() == whole) return i;
  }
  return -1;
}

void MainWindow::add_tab(QWidget* view, const QString& title, const QString& path) {
  view->setProperty(kPath, QFileInfo(path).absoluteFilePath());
  const int old = tab_of(path);
  if (auto* document = qobject_cast<DocumentView*>(view)) {
    connect(document, &DocumentView::state_changed, this, [this, document] {
      if (document == this->document()) refresh_actions();
    });
  }
  const int at = old >= 0 ? old : tabs_->count();
  // What was read in the background comes to the front only where its progress was looked at.
  const bool in_front = old < 0 || old == tabs_->currentIndex();
  tabs_->insertTab(at, view, title);
  tabs_->setTabToolTip(at, path);
  if (in_front) tabs_->setCurrentIndex(at);
  if (old >= 0) {
    QWidget* replaced = tabs_->widget(at + 1);
    tabs_->removeTab(at + 1);
    replaced->deleteLater();
  }
  refresh_actions();
}

void MainWindow::open(const QString& path) {
  if (const int there = tab_of(path); there >= 0) return tabs_->setCurrentIndex(there);
  auto* loading = new LoadingView(path);
  add_tab(loading, QFileInfo(path).fileName(), path);
  const auto finished = [this, path](QWidget* view) {
    add_tab(view, QFileInfo(path).fileName(), path);
    recent_.add(path);
    welcome_->show_recent(recent_.paths());
    watcher_.addPath(QFileInfo(path).absoluteFilePath());
    if (view == tabs_->currentWidget()) view->setFocus();
    emit opened(path);
  };
  connect(loading, &LoadingView::run_loaded, this,
          [finished](std::shared_ptr<const RunDocument> run) { finished(new RunView(std::move(run))); });
  connect(loading, &LoadingView::route_loaded, this, [finished](std::shared_ptr<const RouteDocument> route) {
    finished(new RouteView(std::move(route)));
  });
  connect(loading, &LoadingView::is_sweep, this, [this, path, finished] {
    auto* view = new SweepView(path.toStdString());
    connect(view, &SweepView::run_requested, this, &MainWindow::run_scenario);
    finished(view);
  });
  connect(loading, &LoadingView::failed, this, [this, path] { emit opened(path); });
  loading->start();
}

// The document shown stays what was read; the file may be half written just now.
void MainWindow::notice_change(const QString& path) {
  const int tab = tab_of(path);
  auto* changed = tab < 0 ? nullptr : qobject_cast<DocumentView*>(tabs_->widget(tab));
  if (changed == nullptr) return;
  const bool gone = !QFileInfo::exists(path);
  changed->notice().say(
      gone ? tr("%1 is gone from the disk; this is what was read.").arg(changed->title())
           : tr("%1 has changed on the disk; this is what was read before.").arg(changed->title()),
      gone ? QString() : tr("Reload"), [this, path] {
        const int there = tab_of(path);
        if (there < 0) return;
        tabs_->setCurrentIndex(there);
        reload();
      });
}

void MainWindow::choose_file() {
  for (const QString& path : ask_for_files(this)) open(path);
}

void MainWindow::reload() {
  const QString path = tabs_->currentWidget()->property(kPath).toString();
  close_tab(tabs_->currentIndex());
  open(path);
}

void MainWindow::close_tab(int index) {
  if (index <= 0) return;
  QWidget* view = tabs_->widget(index);
  tabs_->removeTab(index);
  delete view;
  refresh_actions();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  for (const QUrl& url : event->mimeData()->urls()) {
    if (url.isLocalFile()) open(url.toLocalFile());
  }
  event->acceptProposedAction();
}

void MainWindow::closeEvent(QCloseEvent* event) {
  QSettings().setValue(kGeometry, saveGeometry());
  jobs_->cancel_all();
  // What a job was asked to end, it ends by itself if it can: a sweep keeps the scenarios that it is at.
  QDeadlineTimer patience(CommandJob::kPatienceMs);
  while (jobs_->running() > 0 && !patience.hasExpired()) {
    QCoreApplication::processEvents(QEventLoop::ExcludeUserInputEvents | QEventLoop::WaitForMoreEvents, 50);
  }
  // Documents go before the window: a reading thread is stopped and waited for.
  while (tabs_->count() > 1) close_tab(tabs_->count() - 1);
  QMainWindow::closeEvent(event);
}

// ---- comparing ----

void MainWindow::open_compared(const QString& a, const QString& b) {
  open(a);
  const QString whole = QFileInfo(a).absoluteFilePath();
  // Other files may be ready before this one.
  auto waiting = std::make_shared<QMetaObject::Connection>();
  *waiting = connect(this, &MainWindow::opened, this, [this, b, whole, waiting](const QString& path) {
    if (QFileInfo(path).absoluteFilePath() != whole) return;
    disconnect(*waiting);
    const int tab = tab_of(path);
    if (auto* view = tab < 0 ? nullptr : qobject_cast<RunView*>(tabs_->widget(tab))) compare(*view, b);
  });
}

void MainWindow::compare_with_file() {
  // While the dialog is open, a job that ends may close the document.
  const QPointer<RunView> view = qobject_cast<RunView*>(document());
  const QString path = ask_for_run(this, tr("Compare with"));
  if (!path.isEmpty() && view != nullptr) compare(*view, path);
}

void MainWindow::compare(RunView& view, const QString& other) {
  auto* loader = new Loader(other.toStdString(), &view);
  view.notice().say(tr("Reading %1").arg(QFileInfo(other).fileName()));
  connect(loader, &Loader::pair_loaded, &view,
          [&view, loader](std::shared_ptr<const RunDocument> run, std::shared_ptr<const RunPair> pair) {
            view.notice().hide();
            view.compare_with(std::move(run), std::move(pair));
            loader->deleteLater();
          });
  connect(loader, &Loader::failed, &view, [&view, loader](const QString& message) {
    view.notice().say(message);
    loader->deleteLater();
  });
  loader->start_pair(view.document_of_run());
}

// ---- jobs ----

void MainWindow::start_job(const CommandRequest& request) {
  jobs_dock_->show();
  jobs_->start(request);
}

void MainWindow::job_ended(const CommandJob& job) {
  const QString& file = job.request().output_file;
  if (job.state() != CommandJob::State::done || file.isEmpty()) return;
  if (const int there = tab_of(file); there >= 0) close_tab(there);
  // What has no page here (an export) is a file for others.
  if (file_kind(file.toStdString())) open(file);
}

void MainWindow::new_run(bool from_document) {
  auto* dialog = new NewRunDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  if (from_document) {
    const std::string text = document()->scenario_text();
    const auto files = files_of_scenario(text, document()->path());
    if (!files) document()->notice().say(QString::fromStdString(files.error().message()));
    dialog->set_scenario_text(document()->title(), QString::fromStdString(text),
                              files ? *files : QStringList());
  }
  connect(dialog, &CommandDialog::requested, this, &MainWindow::start_job);
  dialog->show();
}

void MainWindow::new_sweep() {
  auto* dialog = new NewSweepDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &CommandDialog::requested, this, &MainWindow::start_job);
  dialog->show();
}

void MainWindow::run_scenario(const QString& name, const std::string& text, const std::string& beside) {
  auto scenario = ScenarioFile::make(text, beside);
  if (!scenario) {
    QMessageBox::warning(this, tr("It cannot be run"), QString::fromStdString(scenario.error().message()));
    return;
  }
  const QFileInfo near(QString::fromStdString(beside));
  const QString base = near.completeBaseName() + u'.' + name;
  QString file = near.absolutePath() + u'/' + base + QStringLiteral(".run");
  if (jobs_->writes(file)) return;  // asked for twice
  // Made from the same scenario before: a simulation is repeatable. What is no run is somebody's.
  if (const auto kind = file_kind(file.toStdString()); kind && *kind == FileKind::run) return open(file);
  if (QFileInfo::exists(file)) file = new_file_name(near.absolutePath(), base, QStringLiteral("run"));
  start_job({.arguments =
                 QStringList{"run"} + (*scenario)->arguments() + QStringList{"--no-baseline", "--out", file},
             .output_file = file,
             .title = name});
  // The command reads the file in its first moments; it is kept as long as the window.
  scenarios_.push_back(std::move(*scenario));
}

void MainWindow::export_perfetto() {
  const QString path = QString::fromStdString(document()->path());
  const QString file = ask_for_perfetto(path, this);
  if (file.isEmpty()) return;
  start_job({.arguments = {"trace", "export", path, "--perfetto", "--out", file},
             .output_file = file,
             .title = tr("Perfetto: %1").arg(QFileInfo(file).fileName())});
}

// ---- exports ----

void MainWindow::export_picture() {
  ask_and_save_picture(*document()->page(), document()->path(), this);
}

void MainWindow::export_table() {
  ask_and_save_table(*document()->page(), document()->path(), this);
}

}  // namespace pregate
