// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/theme.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace pregate {
namespace {

constexpr std::size_t kInks = static_cast<std::size_t>(Ink::count);

struct Look {
  Ink ink;
  QRgb light, dark;
  Pattern pattern = Pattern::solid;
};

// Colours within a family differ in lightness first, for that is what all eyes see; see ink_families().
constexpr Look kLooks[] = {
    {Ink::none, 0xffffffff, 0xff000000},
    {Ink::background, 0xffffffff, 0xff16191d},
    {Ink::panel, 0xfff1f3f5, 0xff21262c},
    {Ink::stripe, 0xfff8f9fa, 0xff1b1f24},
    {Ink::grid, 0xffdfe3e7, 0xff30363d},
    {Ink::axis, 0xff7a838c, 0xff8b949e},
    {Ink::text, 0xff1c2126, 0xffe6e9ec},
    {Ink::text_dim, 0xff59626b, 0xffa3adb8},
    {Ink::link, 0xff0b5fae, 0xff77b9f7},
    {Ink::selection, 0xff0b5fae, 0xff77b9f7},
    {Ink::cursor, 0xffb0006d, 0xffff7ac6},
    {Ink::bookmark, 0xff8a5a00, 0xfff2c14e},
    {Ink::warning, 0xffa8261c, 0xffff8a7a},
    {Ink::prefill, 0xff8c6bb1, 0xffb79be0},
    {Ink::decode, 0xffb9d3ea, 0xff31506e},
    {Ink::layer, 0xffd7dde3, 0xff3a434d},
    {Ink::attention, 0xff2f5d8a, 0xff3b78b5},
    {Ink::dense_ffn, 0xff8fd3e8, 0xffc4ecf7, Pattern::horizontal},
    {Ink::shared_experts, 0xff5aa0c8, 0xff7fb8dc, Pattern::dots},
    {Ink::routed_expert, 0xff1b8f6b, 0xff2fae85},
    {Ink::head, 0xffe7b07a, 0xffe9b36b, Pattern::vertical},
    {Ink::management, 0xffc9c3b8, 0xff5d574c, Pattern::diagonal},
    {Ink::dram_contention, 0xff9c5f8f, 0xffd39bc6, Pattern::back_diagonal},
    {Ink::stall_compulsory, 0xff7f8790, 0xffa9b2bc, Pattern::dots},
    {Ink::stall_capacity, 0xffd1495b, 0xfff0707f},
    {Ink::stall_policy, 0xff7a1022, 0xffa81f3c, Pattern::diagonal},
    {Ink::stall_pollution, 0xffe9b000, 0xffffd75e, Pattern::cross},
    {Ink::stall_late_prefetch, 0xfff08a4b, 0xffc4661a},
    {Ink::stall_no_room, 0xff3b2f63, 0xff6c5aa6, Pattern::vertical},
    {Ink::load_demand, 0xffc0392b, 0xffe8604f},
    {Ink::load_useful, 0xff3fa7d6, 0xff56b9e8},
    {Ink::load_useless, 0xffd8d2c4, 0xff6e675a, Pattern::diagonal},
    {Ink::life_queued, 0xffd9d3c3, 0xff6a6252, Pattern::dots},
    {Ink::life_loading, 0xffe59a3c, 0xfff2ad55, Pattern::diagonal},
    {Ink::life_unused, 0xff9fb8cc, 0xff4f6b83},
    {Ink::life_used, 0xff2d7fb8, 0xff4aa3df},
    {Ink::life_in_use, 0xff0e3b5e, 0xffd7effc},
    {Ink::npu_reads, 0xff2f5d8a, 0xff35618c, Pattern::horizontal},
    {Ink::limit, 0xff1c2126, 0xffe6e9ec},
    {Ink::occupancy, 0xff7aa6a1, 0xff4f8680},
    {Ink::series_0, 0xff0b5fae, 0xff5aa9f0},
    {Ink::series_1, 0xffe08a1e, 0xfff4b04f},
    {Ink::series_2, 0xff14875f, 0xff2fbf8c},
    {Ink::series_3, 0xff8f1d4f, 0xffe25d97},
    {Ink::series_4, 0xff9fdcf5, 0xffbfe3fb},
    {Ink::series_5, 0xff4a3a10, 0xff8f7a3c},
    {Ink::series_6, 0xffa98bd0, 0xff8467c4},
    {Ink::series_7, 0xff7c858e, 0xffe9e4a8},
    {Ink::frontier, 0xff1c2126, 0xffe6e9ec},
    {Ink::ghost, 0xff7a838c, 0xff8b949e},
    {Ink::better, 0xff1f78b4, 0xff4aa3df},
    {Ink::worse, 0xffd95f02, 0xfff08a3c, Pattern::diagonal},
    {Ink::heat, 0xff0b5fae, 0xff77b9f7},
    {Ink::diverging, 0xff7a838c, 0xff8b949e},
};
static_assert(std::size(kLooks) == kInks);

constexpr bool in_order() {
  for (std::size_t i = 0; i < kInks; ++i) {
    if (kLooks[i].ink != static_cast<Ink>(i)) return false;
  }
  return true;
}
static_assert(in_order(), "kLooks follows the order of Ink");

const Look& look(Ink ink) {
  return kLooks[std::min(static_cast<std::size_t>(ink), kInks - 1)];
}

// Colours along a scale, evenly spaced.
QColor along(std::span<const QRgb> stops, double value) {
  const double clamped = std::isfinite(value) ? std::clamp(value, 0.0, 1.0) : 0.0;
  const double place = clamped * static_cast<double>(stops.size() - 1);
  const auto first = std::min(static_cast<std::size_t>(place), stops.size() - 2);
  const double part = place - static_cast<double>(first);
  const QColor a(stops[first]), b(stops[first + 1]);
  const auto mix = [part](int from, int to) {
    return static_cast<int>(std::lround(from + (to - from) * part));
  };
  return {mix(a.red(), b.red()), mix(a.green(), b.green()), mix(a.blue(), b.blue())};
}

// ---- how eyes see ----

struct Rgb {
  double r = 0, g = 0, b = 0;
};

double to_linear(int channel) {
  const double v = channel / 255.0;
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}

int from_linear(double v) {
  const double clamped = std::clamp(v, 0.0, 1.0);
  const double coded = clamped <= 0.0031308 ? clamped * 12.92 : 1.055 * std::pow(clamped, 1 / 2.4) - 0.055;
  return static_cast<int>(std::lround(coded * 255));
}

Rgb linear(QColor color) {
  return {to_linear(color.red()), to_linear(color.green()), to_linear(color.blue())};
}

using Matrix = std::array<std::array<double, 3>, 3>;
constexpr Matrix kProtan{
    {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}};
constexpr Matrix kDeutan{
    {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
constexpr Matrix kTritan{
    {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};

Rgb times(const Matrix& m, Rgb c) {
  const auto row = [&](int i) { return m[i][0] * c.r + m[i][1] * c.g + m[i][2] * c.b; };
  return {row(0), row(1), row(2)};
}

double luminance(Rgb c) {
  return 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
}

// CIE L*a*b* of linear sRGB under D65.
Rgb lab(QColor color) {
  constexpr Matrix kXyz{{{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}}};
  const Rgb xyz = times(kXyz, linear(color));
  const auto f = [](double t) { return t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116; };
  const double x = f(xyz.r / 0.95047), y = f(xyz.g), z = f(xyz.b / 1.08883);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

}  // namespace

const Theme& Theme::light() {
  static const Theme kTheme(false);
  return kTheme;
}

const Theme& Theme::dark() {
  static const Theme kTheme(true);
  return kTheme;
}

QColor Theme::color(Ink ink) const {
  return QColor::fromRgb(dark_ ? look(ink).dark : look(ink).light);
}

QColor Theme::heat(double value) const {
  static constexpr std::array<QRgb, 5> kLight{0xfff4f6f8, 0xffb9d6e8, 0xff5fa3cd, 0xff1f5f99, 0xff08244a};
  static constexpr std::array<QRgb, 5> kDark{0xff1d2228, 0xff1f4a6e, 0xff2f84b5, 0xff7cc4e0, 0xfff2fbe0};
  return along(dark_ ? kDark : kLight, value);
}

QColor Theme::diverging(double value) const {
  static constexpr std::array<QRgb, 5> kLight{0xff0b4f87, 0xff7fb4d8, 0xfff4f6f8, 0xfff0a860, 0xff9c4300};
  static constexpr std::array<QRgb, 5> kDark{0xff8fd0ff, 0xff2f6f9f, 0xff21262c, 0xff9f5a1c, 0xffffb068};
  return along(dark_ ? kDark : kLight, (value + 1) / 2);
}

QColor Theme::text_on(QColor fill) {
  const QColor black(0, 0, 0), white(0xff, 0xff, 0xff);
  return contrast(fill, black) >= contrast(fill, white) ? black : white;
}

Pattern pattern_of(Ink ink) {
  return look(ink).pattern;
}

std::span<const std::span<const Ink>> ink_families() {
  static constexpr std::array kSteps{Ink::background, Ink::prefill, Ink::decode};
  static constexpr std::array kWork{Ink::background,    Ink::attention, Ink::dense_ffn, Ink::shared_experts,
                                    Ink::routed_expert, Ink::head,      Ink::management};
  static constexpr std::array kStalls{Ink::background,   Ink::stall_compulsory, Ink::stall_capacity,
                                      Ink::stall_policy, Ink::stall_pollution,  Ink::stall_late_prefetch,
                                      Ink::stall_no_room};
  static constexpr std::array kLoads{Ink::background, Ink::load_demand, Ink::load_useful, Ink::load_useless,
                                     Ink::npu_reads};
  static constexpr std::array kLives{Ink::background,  Ink::life_queued, Ink::life_loading,
                                     Ink::life_unused, Ink::life_used,   Ink::life_in_use};
  static constexpr std::array kSeries{Ink::background, Ink::series_0, Ink::series_1,
                                      Ink::series_2,   Ink::series_3, Ink::series_4,
                                      Ink::series_5,   Ink::series_6, Ink::series_7};
  static constexpr std::array kDifference{Ink::background, Ink::better, Ink::worse};
  static constexpr std::array<std::span<const Ink>, 7> kFamilies{kSteps, kWork,   kStalls,    kLoads,
                                                                 kLives, kSeries, kDifference};
  return kFamilies;
}

QColor simulate_sight(QColor color, Sight sight) {
  if (sight == Sight::normal) return color;
  const Matrix& m = sight == Sight::protan ? kProtan : sight == Sight::deutan ? kDeutan : kTritan;
  const Rgb seen = times(m, linear(color));
  return {from_linear(seen.r), from_linear(seen.g), from_linear(seen.b)};
}

double color_distance(QColor a, QColor b) {
  const Rgb x = lab(a), y = lab(b);
  return std::hypot(x.r - y.r, x.g - y.g, x.b - y.b);
}

double contrast(QColor a, QColor b) {
  const double x = luminance(linear(a)), y = luminance(linear(b));
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

}  // namespace pregate
