// SPDX-License-Identifier: Apache-2.0
// The menu of a place in the timeline: what can be done with the slice and the track there.
#include "gui/qt_text.hpp"
#include "gui/timeline_view.hpp"

namespace pregate {

std::unique_ptr<QMenu> TimelineView::menu_for(const Mark* mark) {
  auto menu = std::make_unique<QMenu>();
  if (mark != nullptr) add_slice_actions(*menu, *mark);
  if (const auto track = canvas_->track_under_mouse()) add_track_actions(*menu, *track);
  menu->addAction(tr("Show all tracks"), this, [this] { act(Act::show_all_tracks); })
      ->setEnabled(can(Act::show_all_tracks));
  menu->addAction(tr("Fit"), this, [this] { act(Act::fit); });
  return menu;
}

void TimelineView::add_slice_actions(QMenu& menu, const Mark& mark) {
  if (mark.target.kind == Target::Kind::bookmark) {
    const std::size_t number = mark.target.row;
    menu.addAction(tr("Note to bookmark %1…").arg(number), this, [this, number] { ask_note(number); });
    menu.addAction(tr("Remove bookmark %1").arg(number), this, [this, number] {
      Bookmarks left = scene_.state().bookmarks;
      left.at(number).reset();
      scene_.set_bookmarks(std::move(left));
      save_bookmarks();
      show_again();
    });
    menu.addSeparator();
    return;
  }
  const auto span = scene_.span_of(mark);
  if (!span || span->empty() || mark.target.kind == Target::Kind::track_name) return;
  menu.addAction(tr("Zoom to it"), this, [this, mark] { zoom_on(&mark); });
  menu.addAction(tr("Make its time the area"), this, [this, span] { link_.set_area(*span); });
  menu.addSeparator();
}

void TimelineView::add_track_actions(QMenu& menu, TrackId track) {
  const QString name = to_qt(scene_.tracks().name_of(track));
  const auto& pinned = scene_.state().pinned;
  const bool is_pinned = std::find(pinned.begin(), pinned.end(), track) != pinned.end();
  const bool group =
      track < scene_.tracks().fixed().size() && scene_.tracks().fixed()[track].kind == Track::Kind::group;
  const auto change = [this](auto action) {
    return [this, action] {
      action();
      show_again();
    };
  };
  menu.addAction(tr("Hide \"%1\"").arg(name), this, change([this, track] { scene_.hide(track); }));
  if (!group) {
    menu.addAction(is_pinned ? tr("Unpin \"%1\"").arg(name) : tr("Pin \"%1\" to the top").arg(name), this,
                   change([this, track] { scene_.toggle_pin(track); }));
  }
  menu.addAction(tr("Move up"), this, change([this, track] { scene_.move_track(track, -1); }));
  menu.addAction(tr("Move down"), this, change([this, track] { scene_.move_track(track, 1); }));
  if (track == scene_.tracks().expert_group() || scene_.tracks().is_expert(track)) {
    QMenu* order = menu.addMenu(tr("Order of expert lanes"));
    for (const ExpertOrder each : {ExpertOrder::by_id, ExpertOrder::by_stall, ExpertOrder::by_uses}) {
      QAction* action = order->addAction(to_qt(to_text(each)), this,
                                         change([this, each] { scene_.set_expert_order(each); }));
      action->setCheckable(true);
      action->setChecked(scene_.state().expert_order == each);
    }
  }
  menu.addSeparator();
}

}  // namespace pregate
