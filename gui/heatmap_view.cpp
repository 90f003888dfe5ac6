// SPDX-License-Identifier: Apache-2.0
#include "gui/heatmap_view.hpp"

#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtGui/QMouseEvent>
#include <QtWidgets/QApplication>
#include <QtWidgets/QLabel>
#include <QtWidgets/QVBoxLayout>
#include <algorithm>

#include "gui/flow_layout.hpp"
#include "gui/qt_text.hpp"

namespace pregate {

// ---- the picture ----

HeatmapCanvas::HeatmapCanvas(HeatmapData& source, QWidget* parent)
    : Canvas(parent), data_(source), scene_(std::make_unique<HeatmapScene>(source, HeatmapOptions())) {
  setMinimumSize(320, 200);
  setAccessibleName(tr("Heatmap"));
  connect(this, &Canvas::hovered, this, [this](const Mark* mark) {
    const bool cell = mark != nullptr && mark->target.kind == Target::Kind::cell;
    const auto next = cell ? std::optional(mark->target.row) : std::nullopt;
    if (next == marks_.hovered) return;
    marks_.hovered = next;
    refresh();
  });
}

void HeatmapCanvas::show_options(const HeatmapOptions& options) {
  scene_ = std::make_unique<HeatmapScene>(data_, options);
  marks_.hovered.reset();
  refresh();
}

void HeatmapCanvas::show_brush(CellChoice brush) {
  marks_.brushed = std::move(brush);
  refresh();
}

Picture HeatmapCanvas::make_picture(int width, int height) {
  return scene_->picture(width, height, marks_);
}

QString HeatmapCanvas::tip(const Mark& mark) const {
  return to_qt(scene_->tip(mark.target));
}

void HeatmapCanvas::mousePressEvent(QMouseEvent* event) {
  Canvas::mousePressEvent(event);
  pressed_ = event->pos();
}

void HeatmapCanvas::mouseMoveEvent(QMouseEvent* event) {
  const bool dragging = event->buttons().testFlag(Qt::LeftButton) &&
                        (event->pos() - pressed_).manhattanLength() >= QApplication::startDragDistance();
  if (!dragging) return Canvas::mouseMoveEvent(event);
  const QPointF from = to_picture(pressed_), to = to_picture(event->position());
  marks_.hovered.reset();
  marks_.drag = PixelBox{static_cast<float>(from.x()), static_cast<float>(from.y()),
                         static_cast<float>(to.x()), static_cast<float>(to.y())};
  refresh();
}

void HeatmapCanvas::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  if (marks_.drag) {
    const CellChoice cells = scene_->cells_in(*marks_.drag, picture_width(), picture_height());
    marks_.drag.reset();
    refresh();
    emit chosen(cells);
    return;
  }
  const QPointF at = to_picture(event->position());
  if (picture().hit(static_cast<float>(at.x()), static_cast<float>(at.y())) == nullptr) emit chosen({});
  Canvas::mouseReleaseEvent(event);
}

// ---- the page ----

HeatmapPage::HeatmapPage(std::shared_ptr<const RunDocument> document, Link& link, QWidget* parent)
    : HeatmapPage(std::make_unique<HeatmapData>(std::shared_ptr<const RunRecord>(document, &document->run)),
                  link, parent) {}

HeatmapPage::HeatmapPage(std::shared_ptr<const RouteDocument> document, Link& link, QWidget* parent)
    : HeatmapPage(
          std::make_unique<HeatmapData>(std::shared_ptr<const RouteTrace>(document, &document->trace)), link,
          parent) {}

HeatmapPage::HeatmapPage(std::unique_ptr<HeatmapData> source, Link& link, QWidget* parent)
    : Page(parent),
      data_(std::move(source)),
      link_(link),
      canvas_(new HeatmapCanvas(*data_)),
      slider_(new StepSlider(data_->phases())),
      controls_(new QWidget) {
  make_controls();
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(controls_);
  column->addWidget(canvas_, 1);
  column->addWidget(slider_);
  setFocusProxy(canvas_);
  connect(slider_, &StepSlider::range_changed, this, [this] {
    options_.steps = slider_->range();
    refresh();
  });
  connect(canvas_, &HeatmapCanvas::chosen, this, &HeatmapPage::choose);
  connect(canvas_, &Canvas::clicked, this, &HeatmapPage::clicked_on);
  connect(canvas_, &Canvas::hovered, this, [this](const Mark* mark) {
    const QString text = mark == nullptr
                             ? QString()
                             : to_qt(canvas_->scene().tip(mark->target)).replace(u'\n', QStringLiteral("; "));
    if (text == under_mouse_) return;
    under_mouse_ = text;
    emit state_changed();
  });
  connect(&link_, &Link::brush_changed, this, [this] {
    canvas_->show_brush({.experts = link_.brush().experts, .layers = link_.brush().layers});
    emit state_changed();
  });
  connect(&link_, &Link::area_changed, this, &HeatmapPage::follow_area);
  options_.steps = slider_->range();
  // A run without a token has only its prompt to show.
  const auto& phases = data_->phases();
  if (std::find(phases.begin(), phases.end(), Phase::decode) == phases.end()) options_.phases = Phases::all;
  show_controls();
  if (link_.area()) follow_area();
  refresh();
}

QComboBox* HeatmapPage::add_choice(QLayout& row, const QString& name, const QStringList& words) {
  auto* pair = new QWidget;
  auto* inside = new QHBoxLayout(pair);
  inside->setContentsMargins(0, 0, 0, 0);
  auto* label = new QLabel(name);
  auto* box = new QComboBox;
  box->addItems(words);
  box->setFocusPolicy(Qt::TabFocus);
  label->setBuddy(box);
  box->setAccessibleName(name);
  inside->addWidget(label);
  inside->addWidget(box);
  row.addWidget(pair);
  connect(box, &QComboBox::currentIndexChanged, this, &HeatmapPage::read_controls);
  return box;
}

void HeatmapPage::make_controls() {
  auto* row = new FlowLayout(controls_);
  QStringList measures;
  for (const ExpertMeasure measure : data_->measures()) measures << to_qt(measure_name(measure));
  measure_ = add_choice(*row, tr("Colour"), measures);
  phases_ = add_choice(*row, tr("of"), {tr("decode steps"), tr("all steps")});
  rows_ = add_choice(*row, tr("Rows"), {tr("layers"), tr("banks")});
  scaling_ = add_choice(*row, tr("Scale"), {tr("absolute"), tr("share of the row")});
  order_ = add_choice(*row, tr("Experts"), {tr("by number"), tr("by heat")});
  for (const auto& [box, text] :
       {std::pair(&logarithmic_, tr("Logarithmic")), std::pair(&sharing_, tr("Layers that share a bank"))}) {
    *box = new QCheckBox(text);
    (*box)->setFocusPolicy(Qt::TabFocus);
    row->addWidget(*box);
    connect(*box, &QCheckBox::toggled, this, &HeatmapPage::read_controls);
  }
  sharing_->setVisible(data_->shares_banks());
  rows_->parentWidget()->setVisible(data_->shares_banks());
}

void HeatmapPage::read_controls() {
  if (showing_) return;
  options_.measure = data_->measures()[static_cast<std::size_t>(std::max(0, measure_->currentIndex()))];
  options_.phases = phases_->currentIndex() == 0 ? Phases::decode : Phases::all;
  options_.look = {.rows = rows_->currentIndex() == 0 ? HeatRows::layers : HeatRows::banks,
                   .scaling = scaling_->currentIndex() == 0 ? HeatScaling::absolute : HeatScaling::row,
                   .colours = logarithmic_->isChecked() ? HeatColours::logarithmic : HeatColours::linear,
                   .order = order_->currentIndex() == 0 ? HeatOrder::id : HeatOrder::heat};
  options_.view = sharing_->isChecked() ? HeatmapView::sharing : HeatmapView::matrix;
  refresh();
}

void HeatmapPage::show_controls() {
  showing_ = true;
  const auto& known = data_->measures();
  const auto at = std::find(known.begin(), known.end(), options_.measure);
  measure_->setCurrentIndex(at == known.end() ? 0 : static_cast<int>(at - known.begin()));
  phases_->setCurrentIndex(options_.phases == Phases::decode ? 0 : 1);
  rows_->setCurrentIndex(options_.look.rows == HeatRows::layers ? 0 : 1);
  scaling_->setCurrentIndex(options_.look.scaling == HeatScaling::absolute ? 0 : 1);
  order_->setCurrentIndex(options_.look.order == HeatOrder::id ? 0 : 1);
  logarithmic_->setChecked(options_.look.colours == HeatColours::logarithmic);
  sharing_->setChecked(options_.view == HeatmapView::sharing);
  showing_ = false;
}

void HeatmapPage::set_options(const HeatmapOptions& options) {
  options_ = options;
  slider_->set_range(options_.steps);
  options_.steps = slider_->range();
  show_controls();
  refresh();
}

void HeatmapPage::refresh() {
  canvas_->show_options(options_);
  options_ = canvas_->scene().options();
  rows_->setEnabled(options_.view == HeatmapView::matrix);
  slider_->set_sums(data_->windows(options_.measure, options_.phases).step_sums());
  emit state_changed();
}

void HeatmapPage::choose(const CellChoice& cells) {
  link_.set_brush({.experts = cells.experts, .layers = cells.layers});
}

// A click brushes a cell's expert or a layer; with Control it is added to the brush, or taken from it.
void HeatmapPage::clicked_on(const Mark& mark, Qt::KeyboardModifiers modifiers) {
  const auto toggle = [](auto& ids, auto id) {
    const auto at = std::find(ids.begin(), ids.end(), id);
    if (at == ids.end())
      ids.push_back(id);
    else
      ids.erase(at);
  };
  Brush brush = modifiers.testFlag(Qt::ControlModifier) ? link_.brush() : Brush();
  if (mark.target.kind == Target::Kind::cell) {
    toggle(brush.experts, canvas_->scene().cell(mark.target.row).id);
  } else if (mark.target.kind == Target::Kind::layer) {
    toggle(brush.layers, LayerId(static_cast<std::uint32_t>(mark.target.row)));
  } else if (mark.target.kind == Target::Kind::action) {
    const LayerPairs& pairs = data_->pairs(options_.steps);
    if (mark.target.row >= pairs.within.size()) return;
    brush.layers.push_back(pairs.within[mark.target.row].first);
    brush.layers.push_back(pairs.within[mark.target.row].second);
  } else {
    return;
  }
  link_.set_brush(std::move(brush));
}

void HeatmapPage::follow_area() {
  if (!data_->is_run()) return;
  options_.steps = link_.area() ? data_->steps_in(*link_.area()) : StepRange{};
  slider_->set_range(options_.steps);
  options_.steps = slider_->range();
  refresh();
}

void HeatmapPage::next_measure() {
  measure_->setCurrentIndex((measure_->currentIndex() + 1) % measure_->count());
}

bool HeatmapPage::can(Act act) const {
  switch (act) {
    case Act::next_measure:
      return data_->measures().size() > 1;
    case Act::logarithmic:
    case Act::sort_columns:
    case Act::copy:
    case Act::pan_left:
    case Act::pan_right:
      return true;
    case Act::sharing_view:
      return data_->shares_banks();
    case Act::fit:
      return slider_->range() != slider_->strip().whole({});
    case Act::zoom_to_area:
      return link_.area().has_value();
    case Act::clear_selection:
      return !link_.brush().empty() || link_.area().has_value();
    default:
      return false;
  }
}

void HeatmapPage::act(Act act) {
  switch (act) {
    case Act::next_measure:
      return next_measure();
    case Act::logarithmic:
      return logarithmic_->toggle();
    case Act::sort_columns:
      return order_->setCurrentIndex(1 - order_->currentIndex());
    case Act::sharing_view:
      if (data_->shares_banks()) sharing_->toggle();
      return;
    case Act::copy:
      return QGuiApplication::clipboard()->setText(to_qt(csv()));
    case Act::pan_left:
      return slider_->move(-1);
    case Act::pan_right:
      return slider_->move(1);
    case Act::fit:
      slider_->set_range({});
      options_.steps = slider_->range();
      return refresh();
    case Act::zoom_to_area:
      if (link_.area()) follow_area();
      return;
    case Act::clear_selection:
      return link_.clear();
    default:
      return;
  }
}

Picture HeatmapPage::picture_of(QSize size) {
  return canvas_->scene().picture(
      size.width(), size.height(),
      {.brushed = {link_.brush().experts, link_.brush().layers}, .hovered = {}, .drag = {}});
}

std::string HeatmapPage::csv() const {
  return canvas_->scene().csv();
}

QString HeatmapPage::status() const {
  return under_mouse_.isEmpty() ? to_qt(canvas_->scene().summary()) : under_mouse_;
}

}  // namespace pregate
