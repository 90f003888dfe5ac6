// SPDX-License-Identifier: Apache-2.0
// From a figure to a file: the head (title, subtitle, legend), then the panels below it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "experiments/plot/draw.hpp"
#include "traces/new_file.hpp"

namespace pregate::plot {
namespace {

constexpr double kMargin = 14;
constexpr TextStyle kTitle = {.size = 15, .bold = true};
constexpr TextStyle kSubtitle = {.size = 11, .colour = kFaintInk};
constexpr TextStyle kLegend = {.size = 11};

// Words on as many lines as the width asks for; a word that is longer stands on its own.
std::vector<std::string> wrapped(const Canvas& canvas, std::string_view text, const TextStyle& style,
                                 double width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string longer =
        line.empty() ? std::string(text.substr(0, end)) : line + " " + std::string(text.substr(0, end));
    if (!line.empty() && canvas.text_width(longer, style) > width) {
      lines.push_back(line);
      line = text.substr(0, end);
    } else {
      line = longer;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

class Page {
 public:
  Page(const Figure& figure, Canvas& canvas)
      : figure_(figure), canvas_(canvas), styles_(figure), width_(figure.width - 2 * kMargin), y_(kMargin) {}

  Status draw() {
    draw_texts(figure_.title, kTitle, 19);
    draw_texts(figure_.subtitle, kSubtitle, 14.5);
    draw_legend();
    y_ += 6;
    Box area{kMargin, y_, width_, figure_.height - y_ - kMargin};
    const Heatmap* shared = shared_colours();
    // The bar's own numbers are known only when the panels are planned; a first plan tells them.
    if (shared != nullptr) {
      const Result<std::vector<PanelPlan>> first = plan_panels(figure_, area, canvas_);
      if (!first) return first.error();
      area.width -= colour_bar_room(colours_of(*first), canvas_);
    }
    const Result<std::vector<PanelPlan>> plans = plan_panels(figure_, area, canvas_);
    if (!plans) return plans.error();
    for (const PanelPlan& plan : *plans) {
      draw_frame(canvas_, plan);
      draw_content(canvas_, plan, styles_);
    }
    if (shared != nullptr) draw_shared_bar(*plans, *shared, area);
    return {};
  }

 private:
  void draw_texts(std::string_view text, const TextStyle& style, double line) {
    for (const std::string& words : wrapped(canvas_, text, style, width_)) {
      y_ += line;
      canvas_.text({kMargin, y_ - line * 0.28}, words, style);
    }
  }

  // Entries side by side, on as many lines as they need.
  void draw_legend() {
    if (styles_.legend().empty()) return;
    constexpr double kLine = 17, kApart = 18;
    double x = kMargin;
    y_ += 4 + kLine;
    for (const LegendEntry& entry : styles_.legend()) {
      const double sample = entry.style.area ? 14 : kSampleWidth;
      const double room = sample + 6 + canvas_.text_width(entry.name, kLegend);
      if (x > kMargin && x + room > kMargin + width_) {
        x = kMargin;
        y_ += kLine;
      }
      draw_sample(canvas_, {x + sample / 2, y_ - 9}, entry.style);
      canvas_.text({x + sample + 6, y_ - 5}, entry.name, kLegend);
      x += room + kApart;
    }
  }

  [[nodiscard]] const Heatmap* shared_colours() const {
    if (!figure_.share.colours) return nullptr;
    for (const Panel& panel : figure_.panels) {
      if (const auto* map = std::get_if<Heatmap>(&panel.content)) return map;
    }
    return nullptr;
  }

  static const Ruler& colours_of(const std::vector<PanelPlan>& plans) {
    const auto map = std::find_if(plans.begin(), plans.end(), [](const PanelPlan& plan) {
      return std::holds_alternative<Heatmap>(plan.panel->content);
    });
    return map->colours;
  }

  void draw_shared_bar(const std::vector<PanelPlan>& plans, const Heatmap& map, const Box& area) {
    const double top = plans.front().plot.y;
    const double height = std::min(plans.back().plot.bottom() - top, 320.0);
    draw_colour_bar(canvas_, {area.right(), top, kColourBarWidth, height},
                    {.ruler = colours_of(plans), .map = map.map, .label = map.value_label});
  }

  const Figure& figure_;
  Canvas& canvas_;
  Styles styles_;
  double width_;
  double y_;
};

Result<std::string> render(const Figure& figure, Format format, double pixels_per_unit) {
  if (const Status sound = check_figure(figure); !sound) return sound.error();
  Canvas canvas(format, {.width = figure.width, .height = figure.height, .pixels_per_unit = pixels_per_unit});
  if (const Status drawn = Page(figure, canvas).draw(); !drawn) return drawn.error();
  return canvas.finish(figure.title, figure.subtitle);
}

void draw_axis_labels(Canvas& canvas, const PanelPlan& plan) {
  const Box& plot = plan.plot;
  const TextStyle style{.size = kLabelSize, .anchor = Anchor::middle};
  if (plan.labels_x && !plan.panel->x.label.empty())
    canvas.text({plot.x + plot.width / 2, plot.bottom() + kTickLength + kTickSize + kLabelSize + 6},
                axis_text(plan.panel->x), style);
  if (!plan.labels_y || plan.panel->y.label.empty()) return;
  TextStyle upwards = style;
  upwards.upwards = true;
  canvas.text({plan.label_left, plot.y + plot.height / 2}, axis_text(plan.panel->y), upwards);
}

void draw_ticks(Canvas& canvas, const PanelPlan& plan) {
  const Box& plot = plan.plot;
  TextStyle style{.size = kTickSize, .anchor = Anchor::middle};
  for (const Tick& tick : plan.x.ticks) {
    const double x = plan.at_x(tick.value);
    canvas.line(std::array{Place{x, plot.y}, Place{x, plot.bottom()}}, {.colour = kGrid});
    if (plan.labels_x) canvas.text({x, plot.bottom() + kTickLength + kTickSize}, tick.label, style);
  }
  style.anchor = Anchor::end;
  for (const Tick& tick : plan.y.ticks) {
    const double y = plan.at_y(tick.value);
    canvas.line(std::array{Place{plot.x, y}, Place{plot.right(), y}}, {.colour = kGrid});
    if (plan.labels_y) canvas.text({plot.x - 6, y + kTickSize * 0.36}, tick.label, style);
  }
  canvas.line(
      std::array{Place{plot.x, plot.y}, Place{plot.x, plot.bottom()}, Place{plot.right(), plot.bottom()}},
      {.colour = kFrame});
}

}  // namespace

void draw_frame(Canvas& canvas, const PanelPlan& plan) {
  double above = 6 + plan.reference_levels * kReferenceLine + (plan.reference_levels > 0 ? 4 : 0);
  if (!plan.panel->note.empty()) {
    canvas.text({plan.plot.x, plan.plot.y - above}, plan.panel->note,
                {.size = kTickSize, .colour = kFaintInk});
    above += kPanelNoteLine;
  }
  if (!plan.panel->title.empty())
    canvas.text({plan.plot.x, plan.plot.y - above}, plan.panel->title,
                {.size = kPanelTitleSize, .bold = true});
  if (!std::holds_alternative<Heatmap>(plan.panel->content)) draw_ticks(canvas, plan);
  draw_axis_labels(canvas, plan);
}

void draw_content(Canvas& canvas, const PanelPlan& plan, const Styles& styles) {
  if (const auto* lines = std::get_if<Lines>(&plan.panel->content))
    return draw_lines(canvas, plan, *lines, styles);
  if (const auto* map = std::get_if<Heatmap>(&plan.panel->content)) return draw_heatmap(canvas, plan, *map);
  draw_bars(canvas, plan, std::get<StackedBars>(plan.panel->content), styles);
}

Result<Format> format_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".svg") return Format::svg;
  if (extension == ".png") return Format::png;
  return bad_input("a file name that ends in .svg or .png", fmt::format("\"{}\"", path));
}

Result<std::string> svg_of(const Figure& figure) {
  return render(figure, Format::svg, 1);
}

Result<std::string> png_of(const Figure& figure, const PngOptions& options) {
  if (!(options.pixels_per_unit >= 0.1 && options.pixels_per_unit <= 8))
    return bad_input("0.1 to 8 pixels per unit", fmt::format("{}", options.pixels_per_unit), "PNG");
  return render(figure, Format::png, options.pixels_per_unit);
}

Status write_figure(const Figure& figure, const std::string& path) {
  const Result<Format> format = format_of(path);
  if (!format) return format.error();
  const Result<std::string> bytes = *format == Format::svg ? svg_of(figure) : png_of(figure);
  if (!bytes) return bytes.error().at(path);
  Result<NewFile> file = NewFile::create(path);
  if (!file) return file.error();
  if (const Status written = file->write(*bytes); !written) return written.error();
  return file->commit();
}

}  // namespace pregate::plot
