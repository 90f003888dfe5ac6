// SPDX-License-Identifier: Apache-2.0
#include "gui/area_panel.hpp"

#include <fmt/format.h>

#include <QtWidgets/QHeaderView>
#include <QtWidgets/QVBoxLayout>

#include "gui/appearance.hpp"
#include "gui/scene/run_names.hpp"
#include "traces/number_text.hpp"

namespace pregate {
namespace {

QTableWidgetItem* cell(const std::string& text, bool number) {
  auto* item = new QTableWidgetItem(QString::fromStdString(text));
  item->setTextAlignment(number ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter);
  return item;
}

QPixmap swatch(Ink ink) {
  QPixmap pixmap(12, 12);
  pixmap.fill(Appearance::instance().theme().color(ink));
  return pixmap;
}

}  // namespace

AreaPanel::AreaPanel(const RunTracks& tracks, Link& link, QWidget* parent)
    : QWidget(parent), tracks_(tracks), link_(link), heading_(new QLabel), rows_(new QTableWidget) {
  const QStringList columns{tr("Category"), tr("What"), tr("Count"), tr("Total"), tr("Share"), tr("Mean"),
                            tr("p50"),      tr("p95"),  tr("Max"),   tr("Bytes"), tr("GB/s")};
  rows_->setColumnCount(static_cast<int>(columns.size()));
  rows_->setHorizontalHeaderLabels(columns);
  rows_->verticalHeader()->hide();
  rows_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  rows_->setSelectionBehavior(QAbstractItemView::SelectRows);
  rows_->setShowGrid(false);
  rows_->setAlternatingRowColors(true);
  rows_->setFrameShape(QFrame::NoFrame);
  rows_->setAccessibleName(tr("Area table"));
  rows_->horizontalHeader()->setHighlightSections(false);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(6, 4, 6, 0);
  column->addWidget(heading_);
  column->addWidget(rows_, 1);
  later_.setSingleShot(true);
  later_.setInterval(60);
  connect(&later_, &QTimer::timeout, this, &AreaPanel::fill);
  connect(&link_, &Link::area_changed, &later_, qOverload<>(&QTimer::start));
  connect(&Appearance::instance(), &Appearance::changed, &later_, qOverload<>(&QTimer::start));
  fill();
}

void AreaPanel::fill() {
  const TimeSpan area = link_.area().value_or(tracks_.span());
  table_ = area_table(tracks_, area);
  heading_->setText(QString::fromStdString(
      fmt::format("{}: {} to {}, {} (simulated)", link_.area() ? "The selected area" : "The whole run",
                  clock_text(SimTime::at_ps(area.first)), clock_text(SimTime::at_ps(area.last)),
                  time_text(Duration::ps(area.length())))));
  rows_->setRowCount(static_cast<int>(table_.rows.size()));
  for (int i = 0; i < rows_->rowCount(); ++i) {
    const AreaRow& row = table_.rows[static_cast<std::size_t>(i)];
    QTableWidgetItem* name = cell(row.name, false);
    name->setIcon(swatch(row.ink));
    const bool moves = row.bytes.count() > 0;
    int column = 0;
    rows_->setItem(i, column++, cell(row.category, false));
    rows_->setItem(i, column++, name);
    rows_->setItem(i, column++, cell(with_commas(row.count), true));
    rows_->setItem(i, column++, cell(to_text(row.total), true));
    rows_->setItem(i, column++, cell(percent(ratio(row.total, Duration::ps(area.length()))), true));
    for (const Duration each : {row.mean(), row.p50, row.p95, row.most})
      rows_->setItem(i, column++, cell(to_text(each), true));
    rows_->setItem(i, column++, cell(moves ? to_text(row.bytes) : "", true));
    rows_->setItem(i, column++, cell(moves ? fmt::format("{:.2f}", table_.gb_per_second(row)) : "", true));
  }
  rows_->resizeColumnsToContents();
  rows_->resizeRowsToContents();
}

}  // namespace pregate
