// SPDX-License-Identifier: Apache-2.0
#include "experiments/plot/canvas.hpp"

#include <cairo-svg.h>
#include <cairo.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <vector>

namespace pregate::plot {
namespace {

constexpr const char* kFont = "DejaVu Sans";

struct SurfaceDeleter {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct ContextDeleter {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};
using Surface = std::unique_ptr<cairo_surface_t, SurfaceDeleter>;
using Context = std::unique_ptr<cairo_t, ContextDeleter>;

cairo_status_t append(void* closure, const unsigned char* data, unsigned int length) {
  auto& out = *static_cast<std::string*>(closure);
  try {
    out.append(data, data + length);
  } catch (...) {  // this frame is called from C
    return CAIRO_STATUS_NO_MEMORY;
  }
  return CAIRO_STATUS_SUCCESS;
}

// Length of the UTF-8 sequence that `text` begins with; 0: none. Overlong forms and surrogates are none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (length > 1) {
    const unsigned char next = byte(1);
    if ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f) || (lead == 0xf0 && next < 0x90) ||
        (lead == 0xf4 && next > 0x8f))
      return 0;
  }
  return length;
}

// Names come from files: what is not UTF-8, or controls, must not reach the font or the SVG.
std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += '?';
    } else if (length == 1 && (first < 0x20 || first == 0x7f)) {
      out += ' ';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

// cairo numbers its surfaces by a counter of the process and shows the numbers in an SVG's ids. They are
// given out again here from 0, in order of appearance, so that a figure has the same bytes whenever it is
// drawn.
std::string with_stable_ids(std::string_view svg) {
  constexpr std::array<std::string_view, 2> kWords = {"surface", "image"};
  std::map<std::string, std::size_t> numbers;
  std::string out;
  while (!svg.empty()) {
    const bool begins = svg.front() == '"' || svg.front() == '#';
    out += svg.front();
    svg.remove_prefix(1);
    if (!begins) continue;
    for (const std::string_view word : kWords) {
      if (!svg.starts_with(word)) continue;
      const std::size_t end = std::min(svg.find_first_not_of("0123456789", word.size()), svg.size());
      if (end == word.size()) continue;
      const auto [at, fresh] = numbers.try_emplace(std::string(svg.substr(0, end)), numbers.size());
      out += std::string(word) + std::to_string(at->second);
      svg.remove_prefix(end);
      break;
    }
  }
  return out;
}

void set_colour(cairo_t* context, Colour colour, double opacity = 1) {
  cairo_set_source_rgba(context, colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0, opacity);
}

void set_stroke(cairo_t* context, const Stroke& stroke) {
  set_colour(context, stroke.colour);
  cairo_set_line_width(context, stroke.width);
  cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(context, CAIRO_LINE_CAP_BUTT);
  const std::array<double, 2> dashes =
      stroke.dash == Dash::dashed ? std::array{6.0, 3.5} : std::array{1.5, 2.5};
  cairo_set_dash(context, dashes.data(), stroke.dash == Dash::solid ? 0 : 2, 0);
}

void set_font(cairo_t* context, const TextStyle& style) {
  cairo_select_font_face(context, kFont, CAIRO_FONT_SLANT_NORMAL,
                         style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context, style.size);
}

// Widths must not depend on the output: no hinting.
void unhint(cairo_t* context) {
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(context, options);
  cairo_font_options_destroy(options);
}

void trace_path(cairo_t* context, std::span<const Place> places) {
  cairo_new_path(context);
  for (const Place place : places) cairo_line_to(context, place.x, place.y);
}

// Corners of a marker as parts of the radius; a circle has none.
std::vector<Place> corners_of(Marker marker) {
  switch (marker) {
    case Marker::square:
      return {{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}};
    case Marker::diamond:
      return {{0, -1.3}, {1.3, 0}, {0, 1.3}, {-1.3, 0}};
    case Marker::triangle:
      return {{0, -1.25}, {1.15, 0.85}, {-1.15, 0.85}};
    case Marker::down_triangle:
      return {{0, 1.25}, {1.15, -0.85}, {-1.15, -0.85}};
    case Marker::cross:
      return {{-1, -0.5}, {-0.5, -1}, {0, -0.5}, {0.5, -1}, {1, -0.5}, {0.5, 0},
              {1, 0.5},   {0.5, 1},   {0, 0.5},  {-0.5, 1}, {-1, 0.5}, {-0.5, 0}};
    case Marker::none:
    case Marker::circle:
      return {};
  }
  return {};
}

}  // namespace

struct Canvas::State {
  Format format = Format::svg;
  std::string bytes;  // of an SVG, as they come
  Surface surface;    // after `bytes`, which it writes to while it is destroyed
  Context context;
  double pixels_per_unit = 1;
};

Canvas::Canvas(Format format, const CanvasSize& size) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.format = format;
  if (format == Format::svg) {
    s.surface.reset(cairo_svg_surface_create_for_stream(append, &s.bytes, size.width, size.height));
    cairo_svg_surface_set_document_unit(s.surface.get(), CAIRO_SVG_UNIT_PX);
  } else {
    s.pixels_per_unit = size.pixels_per_unit;
    const auto pixels = [&size](std::int32_t units) {
      return static_cast<int>(std::lround(units * size.pixels_per_unit));
    };
    s.surface.reset(cairo_image_surface_create(CAIRO_FORMAT_RGB24, pixels(size.width), pixels(size.height)));
  }
  s.context.reset(cairo_create(s.surface.get()));
  if (format == Format::png) cairo_scale(s.context.get(), s.pixels_per_unit, s.pixels_per_unit);
  unhint(s.context.get());
  fill(Box{0, 0, static_cast<double>(size.width), static_cast<double>(size.height)}, kPaper);
}

Canvas::~Canvas() = default;

void Canvas::line(std::span<const Place> places, const Stroke& stroke) {
  cairo_t* context = state_->context.get();
  trace_path(context, places);
  set_stroke(context, stroke);
  cairo_stroke(context);
}

void Canvas::fill(std::span<const Place> corners, Colour colour, double opacity) {
  cairo_t* context = state_->context.get();
  trace_path(context, corners);
  cairo_close_path(context);
  set_colour(context, colour, opacity);
  cairo_fill(context);
}

void Canvas::fill(const Box& box, Colour colour, double opacity) {
  cairo_t* context = state_->context.get();
  cairo_new_path(context);
  cairo_rectangle(context, box.x, box.y, box.width, box.height);
  set_colour(context, colour, opacity);
  cairo_fill(context);
}

void Canvas::frame(const Box& box, const Stroke& stroke) {
  cairo_t* context = state_->context.get();
  cairo_new_path(context);
  cairo_rectangle(context, box.x, box.y, box.width, box.height);
  set_stroke(context, stroke);
  cairo_stroke(context);
}

void Canvas::marker(Marker marker, Place at, double radius, Colour colour) {
  if (marker == Marker::none) return;
  std::vector<Place> corners = corners_of(marker);
  if (!corners.empty()) {
    for (Place& corner : corners) corner = {at.x + corner.x * radius, at.y + corner.y * radius};
    return fill(corners, colour);
  }
  cairo_t* context = state_->context.get();
  cairo_new_path(context);
  cairo_arc(context, at.x, at.y, radius, 0, 2 * std::numbers::pi);
  set_colour(context, colour);
  cairo_fill(context);
}

void Canvas::text(Place at, std::string_view text, const TextStyle& style) {
  cairo_t* context = state_->context.get();
  const std::string shown = printable(text);
  const double width = text_width(shown, style);
  const double back = style.anchor == Anchor::start ? 0 : style.anchor == Anchor::middle ? width / 2 : width;
  cairo_save(context);
  cairo_translate(context, at.x, at.y);
  if (style.upwards) cairo_rotate(context, -std::numbers::pi / 2);
  set_font(context, style);
  if (style.halo) {
    cairo_move_to(context, -back, 0);
    cairo_text_path(context, shown.c_str());
    set_stroke(context, {.colour = kPaper, .width = 3});
    cairo_stroke(context);
  }
  cairo_move_to(context, -back, 0);
  set_colour(context, style.colour);
  cairo_show_text(context, shown.c_str());
  cairo_restore(context);
}

double Canvas::text_width(std::string_view text, const TextStyle& style) const {
  cairo_t* context = state_->context.get();
  set_font(context, style);
  cairo_text_extents_t extents;
  cairo_text_extents(context, printable(text).c_str(), &extents);
  return extents.x_advance;
}

void Canvas::cells(const Box& box, std::size_t columns, std::span<const Colour> colours) {
  const std::size_t rows = colours.size() / columns;
  // Viewers smooth the image of an SVG when they scale it: with several pixels a cell, edges stay sharp.
  const auto grain = [](double cell) {
    return static_cast<std::size_t>(std::clamp(std::ceil(cell), 1.0, 16.0));
  };
  const std::size_t wide = grain(box.width / static_cast<double>(columns));
  const std::size_t high = grain(box.height / static_cast<double>(rows));
  const auto width = static_cast<int>(columns * wide), height = static_cast<int>(rows * high);
  const Surface image(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  unsigned char* data = cairo_image_surface_get_data(image.get());
  const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(image.get()));
  // Without memory there is no data; the context then takes over the image's error, and finish() reports it.
  for (std::size_t y = 0; data != nullptr && y < rows * high; ++y) {
    auto* row = reinterpret_cast<std::uint32_t*>(data + y * stride);
    for (std::size_t x = 0; x < columns * wide; ++x) {
      const Colour c = colours[y / high * columns + x / wide];
      row[x] = static_cast<std::uint32_t>(c.red) << 16 | static_cast<std::uint32_t>(c.green) << 8 | c.blue;
    }
  }
  cairo_surface_mark_dirty(image.get());
  cairo_t* context = state_->context.get();
  cairo_save(context);
  cairo_translate(context, box.x, box.y);
  cairo_scale(context, box.width / width, box.height / height);
  cairo_set_source_surface(context, image.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST);
  cairo_paint(context);
  cairo_restore(context);
}

void Canvas::clip(const Box& box) {
  cairo_t* context = state_->context.get();
  cairo_save(context);
  cairo_new_path(context);
  cairo_rectangle(context, box.x, box.y, box.width, box.height);
  cairo_clip(context);
}

void Canvas::unclip() {
  cairo_restore(state_->context.get());
}

Result<std::string> Canvas::finish(std::string_view title, std::string_view description) {
  State& s = *state_;
  const auto failed = [](cairo_status_t status) {
    return run_failed("", "a figure that can be drawn", cairo_status_to_string(status));
  };
  if (const cairo_status_t status = cairo_status(s.context.get()); status != CAIRO_STATUS_SUCCESS)
    return failed(status);
  if (s.format == Format::png) {
    const cairo_status_t status = cairo_surface_write_to_png_stream(s.surface.get(), append, &s.bytes);
    if (status != CAIRO_STATUS_SUCCESS) return failed(status);
    return std::move(s.bytes);
  }
  s.context.reset();
  cairo_surface_finish(s.surface.get());
  if (const cairo_status_t status = cairo_surface_status(s.surface.get()); status != CAIRO_STATUS_SUCCESS)
    return failed(status);
  std::string out = with_stable_ids(s.bytes);
  const std::size_t root = out.find("<svg");
  const std::size_t end = root == std::string::npos ? root : out.find('>', root);
  if (end == std::string::npos) return run_failed("", "an SVG root element", "none");
  out.insert(end + 1, "\n<title>" + escaped(title) + "</title>\n<desc>" + escaped(description) + "</desc>");
  return out;
}

}  // namespace pregate::plot
