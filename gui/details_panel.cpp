// SPDX-License-Identifier: Apache-2.0
#include "gui/details_panel.hpp"

#include <QtCore/QUrl>

#include "gui/appearance.hpp"
#include "gui/qt_text.hpp"

namespace pregate {
namespace {

QString html(std::string_view text) {
  return to_qt(text).toHtmlEscaped();
}

// A target as an anchor of the text, and back.
QString anchor(const Target& target) {
  return QStringLiteral("#%1.%2.%3").arg(static_cast<int>(target.kind)).arg(target.track).arg(target.row);
}

Target target_of(const QString& fragment) {
  const QStringList parts = fragment.split(u'.');
  if (parts.size() != 3) return {};
  return {.kind = static_cast<Target::Kind>(parts[0].toInt()),
          .track = parts[1].toUInt(),
          .row = parts[2].toULongLong()};
}

QString linked(const Target& target, const QString& words) {
  if (target.kind == Target::Kind::none) return words;
  return QStringLiteral("<a href=\"%1\">%2</a>").arg(anchor(target), words);
}

const char* word_of(Target::Kind kind) {
  switch (kind) {
    case Target::Kind::stall:
      return "stall";
    case Target::Kind::load:
      return "load";
    case Target::Kind::eviction:
      return "eviction";
    case Target::Kind::operation:
      return "operator";
    case Target::Kind::lookup:
      return "lookup";
    case Target::Kind::event:
      return "event";
    default:
      return "item";
  }
}

}  // namespace

DetailsPanel::DetailsPanel(const Explainer& explainer, Link& link, QWidget* parent)
    : QTextBrowser(parent), explainer_(explainer), link_(link) {
  setOpenLinks(false);
  setFrameShape(QFrame::NoFrame);
  setAccessibleName(tr("Details"));
  connect(this, &QTextBrowser::anchorClicked, this, &DetailsPanel::open_anchor);
  connect(&link_, &Link::selected_changed, this, &DetailsPanel::follow);
  connect(&Appearance::instance(), &Appearance::changed, this, &DetailsPanel::show_explanation);
  follow();
}

bool DetailsPanel::can_step(int step) const {
  return step > 0 ? place_ + 1 < chain_.size() : place_ > 0 && !chain_.empty();
}

void DetailsPanel::step(int step) {
  if (!can_step(step)) return;
  place_ = step > 0 ? place_ + 1 : place_ - 1;
  link_.show(chain_[place_]);
}

QString DetailsPanel::text() const {
  return QString::fromStdString(shown_.plain());
}

void DetailsPanel::follow() {
  const Target& selected = link_.selected();
  shown_ = explainer_.explain(selected);
  // A step along the chain keeps it; anything else begins another.
  const bool along = place_ < chain_.size() && chain_[place_] == selected;
  if (!along) {
    chain_ = shown_.chain;
    place_ = std::min(shown_.here, chain_.empty() ? 0 : chain_.size() - 1);
  }
  show_explanation();
}

void DetailsPanel::show_explanation() {
  if (shown_.empty()) {
    setHtml(tr(
        "Click a stall, a load or an operator to see why it is there; <b>n</b> and <b>p</b> go from stall to "
        "stall."));
    return;
  }
  QString text = QStringLiteral("<p>");
  for (const TextRun& run : shown_.runs) text += linked(run.target, html(run.text));
  text += QStringLiteral("</p>");
  if (chain_.size() > 1) text += chain_text();
  setHtml(text);
}

// A few links before and after the place, for a chain may be long.
QString DetailsPanel::chain_text() const {
  constexpr std::size_t kBefore = 2, kShown = 8;
  const std::size_t first = place_ > kBefore ? place_ - kBefore : 0;
  const std::size_t last = std::min(chain_.size(), first + kShown);
  QString text =
      QStringLiteral("<p>%1 ").arg(tr("Cause chain, [ and ], %1 of %2:").arg(place_ + 1).arg(chain_.size()));
  if (first > 0) text += QStringLiteral("… ← ");
  for (std::size_t i = first; i < last; ++i) {
    const QString word = QString::fromLatin1(word_of(chain_[i].kind));
    if (i > first) text += QStringLiteral(" ← ");
    text += i == place_ ? QStringLiteral("<b>%1</b>").arg(word) : linked(chain_[i], word);
  }
  if (last < chain_.size()) text += QStringLiteral(" ← …");
  return text + QStringLiteral("</p>");
}

void DetailsPanel::open_anchor(const QUrl& url) {
  const Target target = target_of(url.fragment());
  for (std::size_t i = 0; i < chain_.size(); ++i) {
    if (chain_[i] == target) place_ = i;
  }
  link_.show(target);
}

}  // namespace pregate
