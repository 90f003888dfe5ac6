// SPDX-License-Identifier: Apache-2.0
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QMenu>
#include <algorithm>
#include <array>
#include <set>

#include "gui/flow_layout.hpp"
#include "gui/qt_text.hpp"
#include "gui/sweep_view.hpp"

namespace pregate {
namespace {

// What is asked for most, in the order of next_metric().
constexpr std::array kMetrics{"tokens_per_second", "hit_rate_decode", "ttft_s",   "stall_s",
                              "bytes_read",        "thrash_share",    "energy_j", "makespan_s"};
// More values than this make no menu.
constexpr std::size_t kMostValues = 40;

void add_columns(QComboBox& list, const SweepTable& table, bool numbers_only_keys) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (c == table.axes && c > 0) list.insertSeparator(list.count());
    const SweepColumn& column = table.columns[c];
    if (numbers_only_keys && c >= table.axes && column.is_words()) continue;
    list.addItem(to_qt(column.name), static_cast<qulonglong>(c));
  }
}

void show_column(QComboBox& list, std::optional<std::size_t> column) {
  const QVariant wanted = column ? QVariant(static_cast<qulonglong>(*column)) : QVariant(-1);
  list.setCurrentIndex(std::max(0, list.findData(wanted)));
}

}  // namespace

SweepControls::SweepControls(QWidget* parent) : QWidget(parent) {
  new FlowLayout(this);
  y_ = add_list(tr("Up"));
  x_ = add_list(tr("Across"));
  colour_ = add_list(tr("Colour"));
  log_x_ = add_check(tr("Log across"));
  log_y_ = add_check(tr("Log up"));
  front_ = add_check(tr("Pareto front"));
  ghosts_ = add_check(tr("OPT ghosts"));
  filter_ = new QToolButton;
  filter_->setText(tr("Filter"));
  filter_->setPopupMode(QToolButton::InstantPopup);
  filter_->setToolButtonStyle(Qt::ToolButtonTextOnly);
  filter_->setMenu(new QMenu(filter_));
  filter_->setToolTip(tr("Leave out rows with some values"));
  layout()->addWidget(filter_);
}

QComboBox* SweepControls::add_list(const QString& name) {
  auto* pair = new QWidget;
  auto* inside = new QHBoxLayout(pair);
  inside->setContentsMargins(0, 0, 0, 0);
  auto* label = new QLabel(name);
  auto* list = new QComboBox;
  list->setFocusPolicy(Qt::TabFocus);
  list->setMaxVisibleItems(30);
  list->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  list->setMinimumContentsLength(18);
  list->setAccessibleName(name);
  label->setBuddy(list);
  inside->addWidget(label);
  inside->addWidget(list);
  layout()->addWidget(pair);
  connect(list, &QComboBox::currentIndexChanged, this, &SweepControls::hear);
  return list;
}

QCheckBox* SweepControls::add_check(const QString& name) {
  auto* check = new QCheckBox(name);
  check->setFocusPolicy(Qt::TabFocus);
  layout()->addWidget(check);
  connect(check, &QCheckBox::toggled, this, &SweepControls::hear);
  return check;
}

void SweepControls::hear() {
  // Another column has another scale.
  if (!showing_ && table_ != nullptr && (sender() == x_ || sender() == y_)) {
    const bool across = sender() == x_;
    QCheckBox* box = across ? log_x_ : log_y_;
    const auto column = static_cast<std::size_t>((across ? x_ : y_)->currentData().toULongLong());
    const bool suits = suits_logarithm(*table_, column);
    const QSignalBlocker quiet(box);
    if (across || !suits) box->setChecked(suits);
  }
  if (!showing_ && table_ != nullptr) emit changed();
}

void SweepControls::show_table(std::shared_ptr<const SweepTable> table) {
  // The same sweep with more rows keeps what is looked at.
  std::optional<SweepOptions> kept;
  const auto same_columns = [&] {
    return std::equal(table_->columns.begin(), table_->columns.end(), table->columns.begin(),
                      table->columns.end(),
                      [](const SweepColumn& a, const SweepColumn& b) { return a.name == b.name; });
  };
  if (table_ != nullptr && same_columns()) kept = options();
  table_ = std::move(table);
  showing_ = true;
  for (QComboBox* list : {x_, y_, colour_}) list->clear();
  add_columns(*x_, *table_, true);
  add_columns(*y_, *table_, true);
  colour_->addItem(tr("none"), -1);
  add_columns(*colour_, *table_, false);
  add_filters();
  showing_ = false;
  show_options(kept ? *kept : default_sweep_options(*table_));
}

// A menu an axis, a tick a value.
void SweepControls::add_filters() {
  QMenu& menu = *filter_->menu();
  qDeleteAll(menu.findChildren<QMenu*>());
  menu.clear();
  for (const std::size_t axis : table_->varied_axes()) {
    const SweepColumn& column = table_->columns[axis];
    std::vector<std::string> values;
    std::set<std::string> seen;
    for (std::size_t row = 0; row < table_->rows.size() && values.size() <= kMostValues; ++row) {
      const std::string text = column.text(row);
      if (!text.empty() && seen.insert(text).second) values.push_back(text);
    }
    if (values.size() > kMostValues) continue;
    QMenu* values_menu = menu.addMenu(to_qt(column.name));
    for (const std::string& value : values) {
      QAction* action = values_menu->addAction(to_qt(value));
      action->setCheckable(true);
      action->setChecked(true);
      action->setData(QVariantList{static_cast<qulonglong>(axis), to_qt(value)});
      connect(action, &QAction::toggled, this, &SweepControls::hear);
    }
  }
  filter_->setEnabled(!menu.isEmpty());
}

void SweepControls::show_options(const SweepOptions& options) {
  showing_ = true;
  show_column(*x_, options.x);
  show_column(*y_, options.y);
  show_column(*colour_, options.colour);
  log_x_->setChecked(options.log_x);
  log_y_->setChecked(options.log_y);
  front_->setChecked(options.front);
  ghosts_->setChecked(options.ghosts);
  for (QMenu* menu : filter_->menu()->findChildren<QMenu*>()) {
    for (QAction* action : menu->actions()) {
      const QVariantList of = action->data().toList();
      const bool hidden =
          std::any_of(options.filters.begin(), options.filters.end(), [&](const SweepFilter& f) {
            const std::string value = of.at(1).toString().toStdString();
            return f.column == of.at(0).toULongLong() &&
                   std::find(f.hidden.begin(), f.hidden.end(), value) != f.hidden.end();
          });
      action->setChecked(!hidden);
    }
  }
  showing_ = false;
  hear();
}

SweepOptions SweepControls::options() const {
  SweepOptions options;
  options.x = static_cast<std::size_t>(x_->currentData().toULongLong());
  options.y = static_cast<std::size_t>(y_->currentData().toULongLong());
  if (colour_->currentIndex() > 0)
    options.colour = static_cast<std::size_t>(colour_->currentData().toULongLong());
  options.log_x = log_x_->isChecked();
  options.log_y = log_y_->isChecked();
  options.front = front_->isChecked();
  options.ghosts = ghosts_->isChecked();
  for (const QMenu* menu : filter_->menu()->findChildren<QMenu*>()) {
    SweepFilter filter;
    for (const QAction* action : menu->actions()) {
      const QVariantList of = action->data().toList();
      filter.column = static_cast<std::size_t>(of.at(0).toULongLong());
      if (!action->isChecked()) filter.hidden.push_back(of.at(1).toString().toStdString());
    }
    if (!filter.hidden.empty()) options.filters.push_back(std::move(filter));
  }
  return options;
}

// Neither, across, up, both.
void SweepControls::toggle_logarithmic() {
  SweepOptions next = options();
  const int state = ((next.log_x ? 1 : 0) + (next.log_y ? 2 : 0) + 1) % 4;
  next.log_x = (state & 1) != 0;
  next.log_y = (state & 2) != 0;
  show_options(next);
}

void SweepControls::next_metric() {
  SweepOptions next = options();
  std::vector<std::size_t> known;
  for (const char* name : kMetrics) {
    if (const auto column = table_->find(name)) known.push_back(*column);
  }
  if (known.empty()) return;
  const auto at = std::find(known.begin(), known.end(), next.y);
  next.y = at == known.end() || at + 1 == known.end() ? known.front() : *(at + 1);
  show_options(next);
}

}  // namespace pregate
