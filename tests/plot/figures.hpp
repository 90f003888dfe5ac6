// SPDX-License-Identifier: Apache-2.0
// Figures that the tests draw, and a PNG as pixels.
#pragma once

#include <cairo.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "experiments/plot/figure.hpp"

namespace pregate::plot {

inline Series series_of(const std::string& name, double height) {
  return {.name = name, .x = {1, 2, 4, 8}, .y = {height, height * 2, height * 3, height * 4}};
}

inline Figure lines_figure(int series = 3) {
  Lines lines;
  for (int i = 0; i < series; ++i) lines.series.push_back(series_of("series " + std::to_string(i), 5.0 + i));
  return {.title = "A title",
          .subtitle = "simulated",
          .width = 640,
          .height = 400,
          .panels = {{.title = "panel",
                      .x = {.label = "budget", .unit = "GiB", .scale = Scale::log2},
                      .y = {.label = "hit rate", .unit = "%"},
                      .content = lines}}};
}

struct Pixels {
  int width = 0, height = 0;
  std::vector<Colour> colours;

  [[nodiscard]] Colour at(int x, int y) const { return colours[static_cast<std::size_t>(y * width + x)]; }
  [[nodiscard]] std::int64_t count(Colour colour) const {
    return std::count(colours.begin(), colours.end(), colour);
  }
};

inline Pixels decode_png(const std::string& bytes) {
  struct Input {
    const std::string& bytes;
    std::size_t at = 0;
  } input{bytes};
  const auto read = [](void* closure, unsigned char* data, unsigned int length) {
    auto& in = *static_cast<Input*>(closure);
    if (in.at + length > in.bytes.size()) return CAIRO_STATUS_READ_ERROR;
    std::copy_n(in.bytes.data() + in.at, length, data);
    in.at += length;
    return CAIRO_STATUS_SUCCESS;
  };
  const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface(
      cairo_image_surface_create_from_png_stream(read, &input), cairo_surface_destroy);
  Pixels out{.width = cairo_image_surface_get_width(surface.get()),
             .height = cairo_image_surface_get_height(surface.get())};
  const unsigned char* data = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  for (int y = 0; y < out.height; ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(data + y * stride);
    for (int x = 0; x < out.width; ++x)
      out.colours.push_back({static_cast<std::uint8_t>(row[x] >> 16), static_cast<std::uint8_t>(row[x] >> 8),
                             static_cast<std::uint8_t>(row[x])});
  }
  return out;
}

}  // namespace pregate::plot
