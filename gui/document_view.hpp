// SPDX-License-Identifier: Apache-2.0
// An open document: its pages, one shown at a time under a row of tabs, and what stands beside them. Sends
// actions to the page that is shown. Asks the window for what needs the command (jobs) or another document.
#pragma once

#include <QtWidgets/QSplitter>
#include <QtWidgets/QStackedWidget>
#include <QtWidgets/QTabBar>
#include <QtWidgets/QWidget>
#include <string>
#include <vector>

#include "gui/notice_bar.hpp"
#include "gui/page.hpp"

namespace pregate {

class DocumentView : public QWidget {
  Q_OBJECT

 public:
  explicit DocumentView(std::string path, QWidget* parent = nullptr);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] QString title() const;
  [[nodiscard]] Page* page() const;
  [[nodiscard]] virtual bool can(Act act) const;
  virtual void act(Act act);
  [[nodiscard]] virtual QString status() const;
  // Text of the scenario that made it; empty: none, as of a trace.
  [[nodiscard]] virtual std::string scenario_text() const { return {}; }
  [[nodiscard]] NoticeBar& notice() { return *notice_; }

 signals:
  void state_changed();
  void page_changed();

 protected:
  // `show` is the action that brings it to the front and names its tab.
  void add_page(Act show, Page* page);
  void show_page(Act show);
  void remove_page(Act show);
  // Puts `panel` below the pages, with a handle between them.
  void add_panel(QWidget* panel);

 private:
  struct Entry {
    Act show;
    Page* page;
  };
  std::string path_;
  std::vector<Entry> entries_;
  NoticeBar* notice_;
  QTabBar* tabs_;
  QStackedWidget* stack_;
  QSplitter* split_;
};

}  // namespace pregate
