// SPDX-License-Identifier: Apache-2.0
#include "gui/arguments.hpp"

#include <fmt/format.h>

#include <QtCore/QCommandLineParser>
#include <QtCore/QFileInfo>
#include <array>

#include "traces/base/units.hpp"

namespace pregate {
namespace {

constexpr int kLeastSide = 200, kMostSide = 20'000;
constexpr std::array<std::pair<const char*, RenderWhat>, 5> kWhats{{{"timeline", RenderWhat::timeline},
                                                                    {"heatmap", RenderWhat::heatmap},
                                                                    {"sweep", RenderWhat::sweep},
                                                                    {"verdict", RenderWhat::verdict},
                                                                    {"compare", RenderWhat::compare}}};

std::string quote(const QString& text) {
  return fmt::format("\"{}\"", text.toStdString());
}

struct Option {
  const char* name;
  const char* value;  // null: none
  const char* help;
};
constexpr std::array kOptions{
    Option{"compare", "B.run", "put a second run beside the first"},
    Option{"render", "WHAT",
           "draw timeline, heatmap, sweep, verdict or compare into a file; needs no display"},
    Option{"out", "FILE", "with --render: a .png, .svg or .pdf (short: -o)"},
    Option{"range", "A..B",
           "with --render: times such as 1.2s..1.5s, or decoded tokens such as token:10..20"},
    Option{"size", "WxH", "with --render: pixels; default 1600x900"},
    Option{"scale", "N", "with --render: a PNG of N times as many pixels; default 1"},
    Option{"dark", nullptr, "with --render: light on dark"},
    Option{"measure", "M", "of a heatmap: uses, weight, misses, stall, reloads, bytes; default uses"},
    Option{"view", "V", "of a heatmap: layers, or sharing (the layers of a group side by side)"},
    Option{"x", "KEY", "of a sweep: along x; default: the first axis of numbers"},
    Option{"y", "KEY", "of a sweep: along y; default tokens_per_second"},
    Option{"color", "KEY", "of a sweep: colours; default: the next axis"},
};

// Also by another name: a link, a path with dots.
bool same_file(const std::string& a, const std::string& b) {
  const QFileInfo first(QString::fromStdString(a)), second(QString::fromStdString(b));
  if (first.exists() && second.exists()) return first.canonicalFilePath() == second.canonicalFilePath();
  return first.absoluteFilePath() == second.absoluteFilePath();
}

Result<RenderWhat> parse_what(const QString& word) {
  for (const auto& [name, what] : kWhats) {
    if (word == QLatin1String(name)) return what;
  }
  return bad_input("timeline, heatmap, sweep, verdict or compare", quote(word)).at("--render");
}

Status parse_size(const QString& text, RenderRequest& request) {
  const QStringList parts = text.split(u'x');
  bool width_fine = false, height_fine = false;
  if (parts.size() == 2) {
    request.width = parts[0].toInt(&width_fine);
    request.height = parts[1].toInt(&height_fine);
  }
  const auto fits = [](int side) { return side >= kLeastSide && side <= kMostSide; };
  if (width_fine && height_fine && fits(request.width) && fits(request.height)) return {};
  return bad_input(fmt::format("a size such as 1600x900, each {} to {}", kLeastSide, kMostSide), quote(text))
      .at("--size");
}

Status parse_range(const QString& text, RenderRequest& request) {
  const Error wrong =
      bad_input("times such as 1.2s..1.5s, or tokens such as token:10..20", quote(text)).at("--range");
  const bool of_tokens = text.startsWith(QLatin1String("token:"));
  const QStringList ends = (of_tokens ? text.mid(6) : text).split(QStringLiteral(".."));
  if (ends.size() != 2) return wrong;
  if (of_tokens) {
    bool first_fine = false, last_fine = false;
    const int first = ends[0].toInt(&first_fine), last = ends[1].toInt(&last_fine);
    if (!first_fine || !last_fine || first < 0 || last < first) return wrong;
    request.tokens = {first, last};
    return {};
  }
  const auto first = parse_duration(ends[0].toStdString()), last = parse_duration(ends[1].toStdString());
  if (!first || !last || *last <= *first) return wrong;
  request.range = TimeSpan{first->count_ps(), last->count_ps()};
  return {};
}

Status parse_render(const QCommandLineParser& parser, Arguments& arguments) {
  RenderRequest request;
  const auto what = parse_what(parser.value(QStringLiteral("render")));
  if (!what) return what.error();
  request.what = *what;
  request.files = arguments.files;
  if (!arguments.compare_with.empty()) request.files.push_back(arguments.compare_with);
  const std::size_t wanted = *what == RenderWhat::compare ? 2 : 1;
  if (request.files.size() != wanted)
    return bad_input(wanted == 2 ? "two runs" : "one file", fmt::format("{}", request.files.size()))
        .at("--render");
  request.out = parser.value(QStringLiteral("out")).toStdString();
  if (request.out.empty()) return bad_input("-o FILE with --render", "none").at("--out");
  for (const std::string& file : request.files) {
    if (same_file(file, request.out))
      return bad_input("another file than what is drawn", fmt::format("\"{}\"", request.out)).at("--out");
  }
  if (parser.isSet(QStringLiteral("size"))) {
    if (const Status size = parse_size(parser.value(QStringLiteral("size")), request); !size) return size;
  }
  if (parser.isSet(QStringLiteral("range"))) {
    if (const Status range = parse_range(parser.value(QStringLiteral("range")), request); !range)
      return range;
  }
  if (parser.isSet(QStringLiteral("scale"))) {
    bool fine = false;
    request.scale = parser.value(QStringLiteral("scale")).toDouble(&fine);
    if (!fine || !(request.scale >= 0.25 && request.scale <= 8))
      return bad_input("a number from 0.25 to 8", quote(parser.value(QStringLiteral("scale")))).at("--scale");
  }
  request.dark = parser.isSet(QStringLiteral("dark"));
  if (parser.isSet(QStringLiteral("measure")))
    request.measure = parser.value(QStringLiteral("measure")).toStdString();
  if (parser.isSet(QStringLiteral("view"))) request.view = parser.value(QStringLiteral("view")).toStdString();
  request.x = parser.value(QStringLiteral("x")).toStdString();
  request.y = parser.value(QStringLiteral("y")).toStdString();
  request.color = parser.value(QStringLiteral("color")).toStdString();
  arguments.render = request;
  return {};
}

}  // namespace

Result<Arguments> parse_arguments(const QStringList& given) {
  QCommandLineParser parser;
  for (const Option& option : kOptions) {
    QStringList names{QLatin1String(option.name)};
    if (names.front() == QLatin1String("out")) names.append(QStringLiteral("o"));
    parser.addOption(option.value == nullptr ? QCommandLineOption(names, QLatin1String(option.help))
                                             : QCommandLineOption(names, QLatin1String(option.help),
                                                                  QLatin1String(option.value)));
  }
  parser.addOption({{QStringLiteral("h"), QStringLiteral("help")}, QString()});
  parser.addOption({QStringLiteral("version"), QString()});
  if (!parser.parse(QStringList{QStringLiteral("pregate-view")} + given)) {
    return bad_input("options of pregate-view --help", parser.errorText().toStdString());
  }
  Arguments arguments;
  arguments.help = parser.isSet(QStringLiteral("help"));
  arguments.version = parser.isSet(QStringLiteral("version"));
  for (const QString& file : parser.positionalArguments()) arguments.files.push_back(file.toStdString());
  arguments.compare_with = parser.value(QStringLiteral("compare")).toStdString();
  if (arguments.help || arguments.version) return arguments;
  if (parser.isSet(QStringLiteral("render"))) {
    if (const Status render = parse_render(parser, arguments); !render) return render.error();
    return arguments;
  }
  if (parser.isSet(QStringLiteral("out"))) return bad_input("--render beside it", "none").at("--out");
  if (!arguments.compare_with.empty() && arguments.files.size() != 1)
    return bad_input("one run to compare it with", fmt::format("{}", arguments.files.size())).at("--compare");
  return arguments;
}

std::string help_text() {
  std::string text = R"(Open runs, traces and sweeps in a window, or draw them without one.
Usage: pregate view [FILE...] [OPTIONS]      (the same as pregate-view)

  FILE                        a .run, a .route, a routing trace (CSV, JSON Lines) or a sweep's file
  -h,--help                   Print this help message and exit
  --version                   Display program version information and exit
)";
  for (const Option& option : kOptions) {
    const std::string name = option.value == nullptr ? fmt::format("--{}", option.name)
                                                     : fmt::format("--{} {}", option.name, option.value);
    text += fmt::format("  {:<28}{}\n", name, option.help);
  }
  text += R"(
Examples:
  pregate view demo.run                                                 the verdict, the timeline, heatmaps
  pregate view off.run --compare on.run                                 two runs, aligned by token and layer
  pregate view --render timeline demo.run -o first.svg --range token:0..3
  pregate view --render sweep memory.db -o memory.png --x dram.expert_budget --dark
In the window: ? shows all keys, Ctrl+Shift+P finds an action.
)";
  return text;
}

}  // namespace pregate
