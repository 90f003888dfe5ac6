// SPDX-License-Identifier: Apache-2.0
// Who may include whom (docs/design.md, section 2), checked on the text of the tree. What it leaves out:
// includes that arrive through another header, and the precompiled SystemC header of sim/, which CMake gives
// to all of its files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace pregate {
namespace {

namespace fs = std::filesystem;
using Prefixes = std::vector<std::string_view>;

bool starts_with_any(std::string_view text, const Prefixes& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [text](std::string_view p) { return text.starts_with(p); });
}

// A room of the house and what its files may include of ours. The longest prefix that fits a file is its
// room.
struct Room {
  std::string_view folder;
  Prefixes may_include;
};

const std::vector<Room>& rooms() {
  static const std::vector<Room> kRooms = {
      {"traces/", {"traces/"}},
      {"kernels/", {"traces/base/", "kernels/"}},
      {"sim/residency/", {"traces/", "sim/residency/"}},
      {"sim/", {"traces/", "sim/"}},
      {"models/", {"traces/", "kernels/", "sim/residency/", "models/"}},
      {"experiments/", {"traces/", "models/", "sim/", "experiments/"}},
      // Pictures are made and tested without a window: nothing of the widgets, ours or Qt's.
      {"gui/scene/", {"traces/", "gui/scene/"}},
      {"gui/", {"traces/", "gui/"}},
  };
  return kRooms;
}

// A library and the files that may include it; fmt, the standard library and POSIX are everybody's.
struct Library {
  std::string_view name;
  Prefixes headers;
  Prefixes files;
};

const std::vector<Library>& libraries() {
  static const std::vector<Library> kLibraries = {
      {"SystemC", {"systemc", "sysc/", "tlm"}, {"sim/hardware/", "sim/runtime/", "sim/simulator.cpp"}},
      {"oneDNN", {"oneapi/", "dnnl"}, {"kernels/"}},
      {"Qt", {"Qt", "qt"}, {"gui/"}},
      {"protobuf", {"google/protobuf/"}, {"traces/"}},
      {"zlib", {"zlib", "zconf"}, {"traces/"}},
      {"nlohmann/json", {"nlohmann/"}, {"traces/", "models/", "experiments/"}},
      {"PCRE2 or utf8proc", {"pcre2", "utf8proc"}, {"models/"}},
      {"liburing", {"liburing"}, {"models/"}},
      {"xxHash", {"xxhash"}, {"models/", "experiments/"}},
      {"CLI11", {"CLI/"}, {"experiments/"}},
      {"cairo", {"cairo"}, {"experiments/plot/"}},
      {"libtorch", {"torch/", "ATen/", "c10/"}, {"experiments/trainer/"}},
      {"SQLite", {"sqlite3"}, {"experiments/"}},
      {"GoogleTest or Benchmark", {"gtest/", "gmock/", "benchmark/"}, {}},
  };
  return kLibraries;
}

bool is_qt_class(std::string_view header) {
  return header.size() > 1 && header[0] == 'Q' && header[1] >= 'A' && header[1] <= 'Z';
}

bool is_header(std::string_view file) {
  return file.ends_with(".hpp") || file.ends_with(".h");
}

// The one header that may show generated protobuf types to the .cpp files beside it.
bool is_conversion_header(std::string_view file) {
  return file.starts_with("traces/") && is_header(file) &&
         fs::path(file).filename().string().find("proto") != std::string::npos;
}

struct Include {
  std::string_view header;
  bool quoted = false;
};

// What a line includes, or nothing.
std::optional<Include> parse_include(std::string_view line) {
  const auto skip_blanks = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  for (const std::string_view word : {"#", "include"}) {
    skip_blanks();
    if (!line.starts_with(word)) return std::nullopt;
    line.remove_prefix(word.size());
  }
  skip_blanks();
  const bool quoted = line.starts_with('"');
  if (!quoted && !line.starts_with('<'))
    return Include{.header = line, .quoted = true};  // a macro: not from the root
  line.remove_prefix(1);
  return Include{.header = line.substr(0, line.find(quoted ? '"' : '>')), .quoted = quoted};
}

// Libraries that no header of traces, models or experiments/plot may show.
bool stays_inside(std::string_view library) {
  return library == "nlohmann/json" || library == "PCRE2 or utf8proc" || library == "liburing" ||
         library == "xxHash" || library == "cairo";
}

std::string breach_of_library(std::string_view file, std::string_view header) {
  for (const Library& library : libraries()) {
    if (library.name == "Qt" && file.starts_with("gui/scene/") && header.starts_with("QtWidgets/"))
      return "no widgets in a scene";
    const bool is_it =
        starts_with_any(header, library.headers) || (library.name == "Qt" && is_qt_class(header));
    if (!is_it) continue;
    if (!starts_with_any(file, library.files)) return std::string(library.name) + " does not belong here";
    if (is_header(file) && starts_with_any(file, {"traces/", "models/", "experiments/plot/"}) &&
        stays_inside(library.name))
      return std::string(library.name) + " stays inside .cpp files";
  }
  return {};
}

std::string breach_of_include(std::string_view file, const Include& include) {
  const auto room = std::find_if(rooms().begin(), rooms().end(),
                                 [file](const Room& r) { return file.starts_with(r.folder); });
  if (room == rooms().end()) return "a file outside all rooms";
  if (include.header.ends_with(".pb.h")) {
    const bool allowed =
        file.starts_with("traces/") && (file.ends_with(".cpp") || is_conversion_header(file));
    return allowed ? "" : "generated protobuf stays inside traces' .cpp files and their conversion header";
  }
  const std::string library = breach_of_library(file, include.header);
  if (!library.empty() || !include.quoted) return library;
  if (starts_with_any(include.header, room->may_include)) return {};
  return std::string(room->folder) + " may not include it";
}

// All breaches of one file, given by its path from the root: "FILE:LINE: HEADER: why".
std::vector<std::string> breaches(const std::string& file, const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::optional<Include> include = parse_include(line);
    if (!include) continue;
    const std::string why = breach_of_include(file, *include);
    if (why.empty()) continue;
    out.push_back(file + ":" + std::to_string(number) + ": " + std::string(include->header) + ": " + why);
  }
  return out;
}

struct Source {
  std::string file, text;
};

std::vector<Source> sources_of(const fs::path& root) {
  std::vector<Source> out;
  for (const char* top : {"traces", "kernels", "models", "sim", "experiments", "gui"}) {
    if (!fs::is_directory(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cpp" && extension != ".hpp" && extension != ".h") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      out.push_back({fs::relative(entry.path(), root).generic_string(), text.str()});
    }
  }
  std::sort(out.begin(), out.end(), [](const Source& a, const Source& b) { return a.file < b.file; });
  return out;
}

TEST(IncludeLayers, OfTheTree_AreKept) {
  const std::vector<Source> sources = sources_of(PREGATE_SOURCE_DIR);
  ASSERT_GT(sources.size(), 40U) << "the tree was not found at " << PREGATE_SOURCE_DIR;
  for (const Source& source : sources) EXPECT_THAT(breaches(source.file, source.text), testing::IsEmpty());
}

TEST(IncludeLayers, GeneratedProtobuf_IsShownByOneHeaderAtMost) {
  std::vector<std::string> headers;
  for (const Source& source : sources_of(PREGATE_SOURCE_DIR)) {
    const bool shows =
        source.text.find(".pb.h\"") != std::string::npos || source.text.find(".pb.h>") != std::string::npos;
    if (is_header(source.file) && shows) headers.push_back(source.file);
  }
  EXPECT_LE(headers.size(), 1U) << testing::PrintToString(headers);
}

struct Example {
  const char* file;
  const char* line;
};

TEST(IncludeLayers, BadExamples_AreFound) {
  const Example examples[] = {
      {"traces/a.cpp", "#include \"sim/residency/curve.hpp\""},
      {"traces/a.cpp", "#include <systemc>"},
      {"traces/a.hpp", "#include <nlohmann/json.hpp>"},
      {"traces/route_file.hpp", "#include \"traces/schema/route.pb.h\""},
      {"sim/residency/evict_lru.cpp", "#include \"sim/hardware/flash.hpp\""},
      {"sim/residency/evict_lru.cpp", "#include \"sim/runtime/loader.hpp\""},
      {"sim/residency/evict_lru.cpp", "#include \"sim/account/recorder.hpp\""},
      {"sim/residency/evict_lru.cpp", "#include \"sim/simulator.hpp\""},
      {"sim/residency/evict_lru.cpp", "#include <systemc.h>"},
      {"sim/account/recorder.cpp", "#include <systemc>"},
      {"sim/simulator.hpp", "#include <systemc>"},
      {"sim/runtime/scheduler.cpp", "#include \"experiments/command.hpp\""},
      {"sim/runtime/scheduler.cpp", "#include \"traces/schema/run.pb.h\""},
      {"sim/runtime/scheduler.cpp", "#include <google/protobuf/message.h>"},
      {"sim/runtime/scheduler.cpp", "#include <oneapi/dnnl/dnnl.hpp>"},
      {"kernels/matmul.cpp", "#include \"models/config.hpp\""},
      {"kernels/matmul.cpp", "#include \"traces/route_trace.hpp\""},
      {"models/decoder.cpp", "#include \"sim/simulator.hpp\""},
      {"models/decoder.cpp", "#include <dnnl.hpp>"},
      {"models/tokenizer.hpp", "#include <pcre2.h>"},
      {"models/disk_reader.hpp", "#include <liburing.h>"},
      {"experiments/verb_calibrate.cpp", "#include <liburing.h>"},
      {"models/json_input.hpp", "#include <nlohmann/json.hpp>"},
      {"traces/import_jsonl.cpp", "#include <utf8proc.h>"},
      {"experiments/run.cpp", "#include <QWidget>"},
      {"experiments/run.cpp", "#include \"gui/main_window.hpp\""},
      {"experiments/run.cpp", "#include <zlib.h>"},
      {"experiments/run.cpp", "#include <cairo.h>"},
      {"gui/main_window.cpp", "#include <cairo-svg.h>"},
      {"experiments/plot/figure.hpp", "#include <cairo.h>"},
      {"gui/main_window.cpp", "#include \"sim/simulator.hpp\""},
      {"gui/main_window.cpp", "#include <sqlite3.h>"},
      {"sim/runtime/scheduler.cpp", "#include <CLI/CLI.hpp>"},
      {"sim/runtime/scheduler.cpp", "#include <gtest/gtest.h>"},
      {"sim/runtime/scheduler.cpp", "#include \"loader.hpp\""},  // not from the root
      {"sim/runtime/scheduler.cpp", "#include \"tests/sim/small_world.hpp\""},
      {"sim/runtime/scheduler.cpp", "  #  include <QtCore/QString>"},
      {"sim/runtime/scheduler.cpp", "#include SOME_MACRO"},
      {"attic/a.cpp", "#include <vector>"},
  };
  for (const Example& example : examples) {
    EXPECT_THAT(breaches(example.file, example.line), testing::SizeIs(1))
        << example.file << ": " << example.line;
  }
}

TEST(IncludeLayers, GoodExamples_ArePassed) {
  const Example examples[] = {
      {"traces/route_file.cpp", "#include \"traces/schema/route.pb.h\""},
      {"traces/proto_convert.hpp", "#include \"traces/schema/common.pb.h\""},
      {"traces/import_jsonl.cpp", "#include <nlohmann/json.hpp>"},
      {"traces/route_file.cpp", "#include <zlib.h>"},
      {"sim/residency/evict_lru.cpp", "#include \"traces/base/ids.hpp\""},
      {"sim/hardware/flash.hpp", "#include <systemc>"},
      {"sim/runtime/scheduler.hpp", "#include <systemc>"},
      {"sim/simulator.cpp", "#include <systemc>"},
      {"sim/simulator.cpp", "#include \"sim/residency/residency.hpp\""},
      {"kernels/matmul.cpp", "#include <oneapi/dnnl/dnnl.hpp>"},
      {"kernels/matmul.hpp", "#include \"traces/base/result.hpp\""},
      {"models/json_input.cpp", "#include <nlohmann/json.hpp>"},
      {"models/text_split.cpp", "#include <pcre2.h>"},
      {"models/tokenizer.cpp", "#include <utf8proc.h>"},
      {"models/disk_reader_uring.cpp", "#include <liburing.h>"},
      {"models/live_forward.cpp", "#include \"sim/residency/residency.hpp\""},
      {"experiments/run.cpp", "#include <CLI/CLI.hpp>"},
      {"experiments/run.cpp", "#include <fmt/format.h>"},
      {"experiments/plot/canvas.cpp", "#include <cairo-svg.h>"},
      {"experiments/run.cpp", "#include \"experiments/plot/figure.hpp\""},
      {"gui/main_window.cpp", "#include <QMainWindow>"},
      {"gui/main_window.cpp", "#include <queue>"},
      {"sim/runtime/scheduler.cpp", "// #include <QWidget>"},
      {"sim/runtime/scheduler.cpp", "int include = 1;"},
  };
  for (const Example& example : examples) {
    EXPECT_THAT(breaches(example.file, example.line), testing::IsEmpty())
        << example.file << ": " << example.line;
  }
}

TEST(IncludeLayers, ABreach_IsNamedByFileLineAndHeader) {
  EXPECT_THAT(breaches("sim/account/summary.cpp", "// first\n#include <systemc>\n"),
              testing::ElementsAre("sim/account/summary.cpp:2: systemc: SystemC does not belong here"));
}

}  // namespace
}  // namespace pregate
