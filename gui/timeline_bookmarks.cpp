// SPDX-License-Identifier: Apache-2.0
// Bookmarks of the timeline page: set, noted and kept beside the run.
#include <QtWidgets/QInputDialog>
#include <cmath>

#include "gui/qt_text.hpp"
#include "gui/scene/bookmark_file.hpp"
#include "gui/timeline_view.hpp"

namespace pregate {
namespace {

constexpr double kNearBookmark = 12;  // pixels

}  // namespace

void TimelineView::set_bookmark(std::size_t number) {
  const TimeSpan view = scene_.view();
  scene_.set_bookmark(number, canvas_->time_under_mouse().value_or(view.first + view.length() / 2));
  save_bookmarks();
  show_again();
}

void TimelineView::save_bookmarks() {
  const std::string path = bookmark_path(document_->path);
  if (marks_unreadable_) {
    emit said(tr("Bookmarks are not saved: %1 holds something else").arg(to_qt(path)));
    return;
  }
  const Status written = write_bookmarks(path, scene_.state().bookmarks);
  if (!written) emit said(tr("Bookmarks are not saved: %1").arg(to_qt(written.error().message())));
}

std::optional<std::size_t> TimelineView::bookmark_near_mouse() const {
  const double x = canvas_->key_x();
  std::optional<std::size_t> nearest;
  double best = kNearBookmark;
  for (std::size_t i = 0; i < scene_.state().bookmarks.size(); ++i) {
    const auto& bookmark = scene_.state().bookmarks[i];
    if (!bookmark || std::abs(scene_.x_of(bookmark->at) - x) > best) continue;
    best = std::abs(scene_.x_of(bookmark->at) - x);
    nearest = i;
  }
  return nearest;
}

// To the bookmark here; where there is none, the first that is free is set.
void TimelineView::write_note() {
  auto number = bookmark_near_mouse();
  for (std::size_t i = 0; i < scene_.state().bookmarks.size() && !number; ++i) {
    if (scene_.state().bookmarks[i]) continue;
    set_bookmark(i);
    number = i;
  }
  if (!number) {
    emit said(tr("All ten bookmarks are set: set one of them here first (Alt and its digit)"));
    return;
  }
  ask_note(*number);
}

void TimelineView::ask_note(std::size_t number) {
  if (number >= scene_.state().bookmarks.size() || !scene_.state().bookmarks[number]) return;
  auto* dialog = new QInputDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(tr("Bookmark %1").arg(number));
  dialog->setLabelText(tr("Note to bookmark %1:").arg(number));
  dialog->setTextValue(to_qt(scene_.state().bookmarks[number]->note));
  connect(dialog, &QInputDialog::textValueSelected, this, [this, number](const QString& text) {
    scene_.set_note(number, text.toStdString());
    save_bookmarks();
    show_again();
  });
  dialog->open();
}

}  // namespace pregate
