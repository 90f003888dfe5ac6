// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/painter.hpp"

#include <QtCore/QHash>
#include <QtCore/QSaveFile>
#include <QtGui/QFontMetricsF>
#include <QtGui/QImage>
#include <QtGui/QPageSize>
#include <QtGui/QPdfWriter>
#include <QtGui/QStaticText>
#include <QtSvg/QSvgGenerator>
#include <cmath>

namespace pregate {

// Keyed by text, size, weight and width, for a label is elided to its box.
struct LabelCache::State {
  struct Label {
    QStaticText text;
    double width = 0;
  };
  QHash<QString, Label> labels;
};

LabelCache::LabelCache() : state_(std::make_unique<State>()) {}
LabelCache::~LabelCache() = default;

namespace {

constexpr int kMostLabels = 20'000;

int pixels(TextSize size) {
  switch (size) {
    case TextSize::small:
      return 11;
    case TextSize::normal:
      return 13;
    case TextSize::large:
      return 16;
    case TextSize::title:
      return 26;
  }
  return 13;
}

Qt::BrushStyle brush_style(Pattern pattern) {
  switch (pattern) {
    case Pattern::solid:
      return Qt::SolidPattern;
    case Pattern::diagonal:
      return Qt::BDiagPattern;
    case Pattern::back_diagonal:
      return Qt::FDiagPattern;
    case Pattern::cross:
      return Qt::DiagCrossPattern;
    case Pattern::dots:
      return Qt::Dense6Pattern;
    case Pattern::horizontal:
      return Qt::HorPattern;
    case Pattern::vertical:
      return Qt::VerPattern;
  }
  return Qt::SolidPattern;
}

QColor color_of(const Mark& mark, const Theme& theme) {
  QColor color = theme.color(mark.ink);
  if (mark.ink == Ink::heat) color = theme.heat(static_cast<double>(mark.value));
  if (mark.ink == Ink::diverging) color = theme.diverging(static_cast<double>(mark.value));
  color.setAlpha(mark.alpha);
  return color;
}

class Brush {
 public:
  Brush(QPainter& painter, const Picture& picture, const Theme& theme, LabelCache& labels)
      : painter_(painter), picture_(picture), theme_(theme), labels_(labels.state()) {
    if (labels_.labels.size() > kMostLabels) labels_.labels.clear();
  }

  void draw(const Mark& mark) {
    switch (mark.shape) {
      case Shape::rect:
        return draw_rect(mark);
      case Shape::frame:
        return draw_frame(mark);
      case Shape::text:
        return draw_text(mark);
      default:
        return draw_smooth(mark);
    }
  }

 private:
  void draw_rect(const Mark& mark) {
    const QColor color = color_of(mark, theme_);
    const QRectF box(mark.x, mark.y, mark.w, mark.h);
    painter_.fillRect(box, color);
    const Pattern pattern = pattern_of(mark.ink);
    // A pattern below a few pixels is noise.
    if (pattern == Pattern::solid || mark.w < 6 || mark.h < 6) return;
    QColor over = Theme::text_on(color);
    over.setAlpha(mark.alpha / 4);
    painter_.fillRect(box, QBrush(over, brush_style(pattern)));
  }

  void draw_frame(const Mark& mark) {
    painter_.setBrush(Qt::NoBrush);
    painter_.setPen(QPen(color_of(mark, theme_), static_cast<double>(mark.thickness)));
    painter_.drawRect(QRectF(mark.x, mark.y, mark.w - 1, mark.h - 1));
  }

  void draw_text(const Mark& mark) {
    const double width = std::floor(static_cast<double>(mark.w));
    if (width < 4 || mark.text < 0) return;
    const LabelCache::State::Label& label = laid_out(mark, width);
    painter_.setFont(font_of(mark.size, mark.bold));
    painter_.setPen(mark.on == Ink::none ? color_of(mark, theme_) : Theme::text_on(theme_.color(mark.on)));
    double x = static_cast<double>(mark.x);
    if (mark.align == Align::centre) x += (width - label.width) / 2;
    if (mark.align == Align::right) x += width - label.width;
    const double y =
        static_cast<double>(mark.y) + (static_cast<double>(mark.h) - label.text.size().height()) / 2;
    painter_.drawStaticText(QPointF(x, y), label.text);
  }

  const LabelCache::State::Label& laid_out(const Mark& mark, double width) {
    const std::string_view words = picture_.text_of(mark);
    const QString text = QString::fromUtf8(words.data(), static_cast<qsizetype>(words.size()));
    QString key = text;
    key += QChar(static_cast<char16_t>(0xe000 + static_cast<int>(mark.size) * 2 + (mark.bold ? 1 : 0)));
    key += QString::number(width);
    const auto found = labels_.labels.constFind(key);
    if (found != labels_.labels.constEnd()) return *found;
    const QFont font = font_of(mark.size, mark.bold);
    const QFontMetricsF metrics(font);
    const QString fitting =
        metrics.horizontalAdvance(text) <= width ? text : metrics.elidedText(text, Qt::ElideRight, width);
    LabelCache::State::Label label{QStaticText(fitting), metrics.horizontalAdvance(fitting)};
    label.text.setTextFormat(Qt::PlainText);
    label.text.prepare(QTransform(), font);
    return *labels_.labels.insert(key, label);
  }

  void draw_smooth(const Mark& mark) {
    painter_.setRenderHint(QPainter::Antialiasing, mark.shape != Shape::area);
    const QColor color = color_of(mark, theme_);
    QPen pen(color, static_cast<double>(mark.thickness));
    if (mark.dashed) pen.setDashPattern({4, 3});
    painter_.setPen(pen);
    painter_.setBrush(Qt::NoBrush);
    const QPointF at(static_cast<double>(mark.x), static_cast<double>(mark.y));
    const double w = static_cast<double>(mark.w), h = static_cast<double>(mark.h);
    if (mark.shape == Shape::line) {
      // A level or upright line of one pixel is sharp where it lies on pixels.
      painter_.setRenderHint(QPainter::Antialiasing, w != 0 && h != 0);
      painter_.drawLine(at, at + QPointF(w, h));
    } else if (mark.shape == Shape::dot) {
      painter_.setPen(Qt::NoPen);
      painter_.setBrush(color);
      painter_.drawEllipse(at, w, w);
    } else if (mark.shape == Shape::ring) {
      painter_.drawEllipse(at, w, w);
    } else if (mark.shape == Shape::cross) {
      painter_.drawLine(at - QPointF(w, w), at + QPointF(w, w));
      painter_.drawLine(at - QPointF(w, -w), at + QPointF(w, -w));
    } else {
      draw_points(mark, color);
    }
    painter_.setRenderHint(QPainter::Antialiasing, false);
  }

  void draw_points(const Mark& mark, const QColor& color) {
    QPolygonF polygon;
    polygon.reserve(mark.points);
    for (std::uint32_t i = 0; i < mark.points; ++i) {
      const Point p = picture_.points[mark.first_point + i];
      polygon << QPointF(static_cast<double>(p.x), static_cast<double>(p.y));
    }
    if (mark.shape == Shape::polyline) {
      painter_.drawPolyline(polygon);
      return;
    }
    painter_.setPen(Qt::NoPen);
    painter_.setBrush(color);
    painter_.drawPolygon(polygon);
    const Pattern pattern = pattern_of(mark.ink);
    if (pattern == Pattern::solid) return;
    QColor over = Theme::text_on(color);
    over.setAlpha(mark.alpha / 4);
    painter_.setBrush(QBrush(over, brush_style(pattern)));
    painter_.drawPolygon(polygon);
  }

  QPainter& painter_;
  const Picture& picture_;
  const Theme& theme_;
  LabelCache::State& labels_;
};

void draw_whole(QPaintDevice& device, const Picture& picture, const Theme& theme, double scale, bool& done) {
  QPainter painter;
  done = painter.begin(&device);
  if (!done) return;
  painter.scale(scale, scale);
  LabelCache labels;
  paint(painter, picture, theme, labels);
  done = painter.end();
}

bool save_png(const Picture& picture, const Theme& theme, QIODevice& file, double scale) {
  QImage image(static_cast<int>(std::lround(picture.width * scale)),
               static_cast<int>(std::lround(picture.height * scale)), QImage::Format_RGB32);
  if (image.isNull()) return false;
  bool done = false;
  draw_whole(image, picture, theme, scale, done);
  return done && image.save(&file, "PNG");
}

bool save_svg(const Picture& picture, const Theme& theme, QIODevice& file) {
  QSvgGenerator svg;
  svg.setOutputDevice(&file);
  svg.setSize({picture.width, picture.height});
  svg.setViewBox(QRect(0, 0, picture.width, picture.height));
  svg.setResolution(96);
  bool done = false;
  draw_whole(svg, picture, theme, 1, done);
  return done;
}

bool save_pdf(const Picture& picture, const Theme& theme, QIODevice& file) {
  QPdfWriter pdf(&file);
  constexpr double kPointsPerPixel = 0.75;
  pdf.setPageSize(QPageSize(QSizeF(picture.width, picture.height) * kPointsPerPixel, QPageSize::Point,
                            QString(), QPageSize::ExactMatch));
  pdf.setPageMargins(QMarginsF());
  pdf.setResolution(96);
  bool done = false;
  draw_whole(pdf, picture, theme, 1, done);
  return done;
}

}  // namespace

QFont font_of(TextSize size, bool bold) {
  QFont font(QStringLiteral("DejaVu Sans"));
  font.setStyleHint(QFont::SansSerif);
  font.setPixelSize(pixels(size));
  font.setBold(bold);
  return font;
}

int line_height(TextSize size) {
  return pixels(size) * 3 / 2;
}

void paint(QPainter& painter, const Picture& picture, const Theme& theme, LabelCache& labels) {
  painter.fillRect(0, 0, picture.width, picture.height, theme.color(Ink::background));
  Brush brush(painter, picture, theme, labels);
  for (const Mark& mark : picture.marks) brush.draw(mark);
}

Status save_picture(const Picture& picture, const Theme& theme, const std::string& path, double scale) {
  const QString name = QString::fromStdString(path);
  const bool png = name.endsWith(QStringLiteral(".png"), Qt::CaseInsensitive);
  const bool svg = name.endsWith(QStringLiteral(".svg"), Qt::CaseInsensitive);
  const bool pdf = name.endsWith(QStringLiteral(".pdf"), Qt::CaseInsensitive);
  if (!png && !svg && !pdf) return bad_input("a name that ends in .png, .svg or .pdf", "\"" + path + "\"");
  QSaveFile file(name);
  if (!file.open(QIODevice::WriteOnly)) {
    return run_failed(path, "a file that can be written", file.errorString().toStdString());
  }
  const bool drawn = png   ? save_png(picture, theme, file, scale)
                     : svg ? save_svg(picture, theme, file)
                           : save_pdf(picture, theme, file);
  if (!drawn && file.error() == QFileDevice::NoError) {
    return run_failed(path, "a picture that fits into memory",
                      fmt::format("{} x {} pixels at scale {}", picture.width, picture.height, scale));
  }
  if (!drawn || !file.commit()) {
    return run_failed(path, "room for the picture", file.errorString().toStdString());
  }
  return {};
}

}  // namespace pregate
