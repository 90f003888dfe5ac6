// SPDX-License-Identifier: Apache-2.0
#include "gui/run_view.hpp"

#include <QtGui/QClipboard>
#include <QtWidgets/QApplication>

#include "gui/compare_page.hpp"
#include "gui/heatmap_view.hpp"

namespace pregate {
namespace {

// Wake-ups of the simulation kernel: some seconds for a dozen counterfactuals.
constexpr std::int64_t kSoonSimulated = 1'000'000;

// What goes to something on the timeline, from whichever page.
bool is_of_timeline(Act act) {
  const bool goes_to_bookmark = act >= Act::bookmark_0 && act <= Act::bookmark_9;
  return act == Act::next_stall || act == Act::previous_stall || goes_to_bookmark;
}

}  // namespace

RunView::RunView(std::shared_ptr<const RunDocument> document, QWidget* parent)
    : DocumentView(document->path, parent),
      document_(std::move(document)),
      what_if_(document_),
      verdict_(new VerdictPage(document_, link_)),
      timeline_(new TimelineView(document_, link_)),
      panels_(new QTabWidget),
      details_(new DetailsPanel(*document_->why, link_)),
      area_(new AreaPanel(*document_->tracks, link_)),
      search_(new SearchPanel(*document_->why, link_)) {
  add_pages();
  add_panels();
  connect(&link_, &Link::selected_changed, this, &RunView::state_changed);
  connect(&link_, &Link::area_changed, this, &RunView::state_changed);
  connect(search_, &SearchPanel::found_changed, this, [this] {
    timeline_->set_found(search_->found());
    emit state_changed();
  });
  connect(this, &DocumentView::page_changed, this, &RunView::show_panels);
  show_panels();
}

// The other pages need the room more, until somebody asks for them there.
void RunView::show_panels() {
  panels_->setVisible(page() == timeline_ ? panels_on_timeline_ : panels_elsewhere_);
}

void RunView::add_pages() {
  add_page(Act::show_verdict, verdict_);
  add_page(Act::show_timeline, timeline_);
  add_page(Act::show_heatmap, new HeatmapPage(document_, link_));
  connect(verdict_, &VerdictPage::counterfactuals_wanted, &what_if_, &CounterfactualJob::start);
  connect(verdict_, &VerdictPage::counterfactuals_cancelled, &what_if_, &CounterfactualJob::cancel);
  connect(&what_if_, &CounterfactualJob::changed, this, [this] {
    verdict_->set_counterfactuals(what_if_.state());
    emit state_changed();
  });
  connect(timeline_, &TimelineView::said, this, [this](const QString& words) { notice().say(words); });
  // A link in a sentence, a table or the list of what was found: shown where the other pages have no place
  // for it.
  connect(&link_, &Link::shown, this, [this] {
    if (page() != timeline_) show_page(Act::show_timeline);
  });
  // A page that opens with the verdict should have all of it; a long simulation waits to be asked for.
  if (document_->run.summary.kernel_events <= kSoonSimulated) what_if_.start();
}

void RunView::add_panels() {
  panels_->setDocumentMode(true);
  panels_->tabBar()->setFocusPolicy(Qt::NoFocus);
  panels_->addTab(details_, tr("Details"));
  panels_->addTab(area_, tr("Area"));
  panels_->addTab(search_, tr("Search"));
  panels_->setMinimumHeight(90);
  add_panel(panels_);
  // What was just chosen is what one wants to read.
  connect(&link_, &Link::selected_changed, this, [this] {
    if (panels_->currentWidget() == area_ && link_.selected().kind != Target::Kind::none)
      panels_->setCurrentWidget(details_);
  });
  connect(&link_, &Link::area_changed, this, [this] {
    if (link_.area()) panels_->setCurrentWidget(area_);
  });
}

bool RunView::can(Act act) const {
  switch (act) {
    case Act::chain_forward:
      return details_->can_step(1);
    case Act::chain_back:
      return details_->can_step(-1);
    case Act::search:
    case Act::toggle_details:
      return true;
    case Act::next_match:
    case Act::previous_match:
      return !search_->found().empty();
    case Act::copy:
      return !details_->text().isEmpty() || DocumentView::can(act);
    default:
      return DocumentView::can(act) || (is_of_timeline(act) && timeline_->can(act));
  }
}

void RunView::act(Act act) {
  switch (act) {
    case Act::chain_forward:
      return details_->step(1);
    case Act::chain_back:
      return details_->step(-1);
    case Act::search:
      if (page() != timeline_) show_page(Act::show_timeline);
      panels_on_timeline_ = true;
      show_panels();
      panels_->setCurrentWidget(search_);
      return search_->begin();
    case Act::next_match:
      search_->step(1);
      return;
    case Act::previous_match:
      search_->step(-1);
      return;
    case Act::clear_selection:
      search_->search({});
      return DocumentView::act(act);
    case Act::toggle_details:
      (page() == timeline_ ? panels_on_timeline_ : panels_elsewhere_) ^= true;
      return show_panels();
    case Act::copy:
      if (DocumentView::can(act)) return DocumentView::act(act);
      return QApplication::clipboard()->setText(details_->text());
    default:
      if (!DocumentView::can(act) && is_of_timeline(act)) show_page(Act::show_timeline);
      return DocumentView::act(act);
  }
}

void RunView::compare_with(std::shared_ptr<const RunDocument> other, std::shared_ptr<const RunPair> pair) {
  remove_page(Act::show_compare);
  add_page(Act::show_compare, new ComparePage(document_, std::move(other), std::move(pair), link_));
  show_page(Act::show_compare);
}

}  // namespace pregate
