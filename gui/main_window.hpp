// SPDX-License-Identifier: Apache-2.0
// The window: open documents as tabs, menus and keys from the table of actions, jobs, recent files. Keeps no
// numbers of its own.
#pragma once

#include <QtCore/QFileSystemWatcher>
#include <QtGui/QAction>
#include <QtWidgets/QDockWidget>
#include <QtWidgets/QLabel>
#include <QtWidgets/QMainWindow>
#include <QtWidgets/QTabWidget>
#include <map>
#include <memory>

#include "gui/actions.hpp"
#include "gui/document_view.hpp"
#include "gui/documents.hpp"
#include "gui/jobs_panel.hpp"
#include "gui/recent_files.hpp"
#include "gui/scenario_file.hpp"

namespace pregate {

class RunView;
class Welcome;

class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  MainWindow();
  ~MainWindow() override;

  // Opens it beside what is open, or shows it where it is open already. What goes wrong is said in its tab.
  void open(const QString& path);
  // Two runs: the second beside the first.
  void open_compared(const QString& a, const QString& b);
  [[nodiscard]] DocumentView* document() const;
  [[nodiscard]] JobsPanel& jobs() { return *jobs_; }
  [[nodiscard]] bool can(Act act) const;
  void act(Act act);

 signals:
  // A file was read and is shown, or could not be.
  void opened(const QString& path);

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void closeEvent(QCloseEvent* event) override;

 private:
  void make_menus();
  void refresh_actions();
  void refresh_title();
  void show_recent(QMenu& menu);
  void choose_file();
  void show_palette();
  void show_keys();
  void show_about();
  void compare_with_file();
  void reload();
  void export_picture();
  void export_table();
  void new_run(bool from_document);
  void new_sweep();
  // Runs it, and opens what it writes.
  void start_job(const CommandRequest& request);
  void job_ended(const CommandJob& job);
  void run_scenario(const QString& name, const std::string& text, const std::string& beside);
  void export_perfetto();
  void compare(RunView& view, const QString& other);
  void close_tab(int index);
  int tab_of(const QString& path) const;
  void add_tab(QWidget* view, const QString& title, const QString& path);
  void say(const QString& text);
  void notice_change(const QString& path);

  QTabWidget* tabs_;
  Welcome* welcome_;
  QLabel* status_;
  JobsPanel* jobs_;
  QDockWidget* jobs_dock_;
  std::map<Act, QAction*> actions_;
  RecentFiles recent_;
  std::vector<std::shared_ptr<ScenarioFile>> scenarios_;
  QFileSystemWatcher watcher_;
};

}  // namespace pregate
