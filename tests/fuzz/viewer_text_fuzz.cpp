// SPDX-License-Identifier: Apache-2.0
// Texts that the viewer takes: a query of the search field, a file of bookmarks, its command line (an
// argument a line), a value of a field of a scenario (PATH=VALUE).
#include <QtCore/QStringList>
#include <algorithm>

#include "gui/arguments.hpp"
#include "gui/scene/bookmark_file.hpp"
#include "gui/scene/search.hpp"
#include "gui/scene/timeline_scene.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/scene/made_run.hpp"
#include "traces/scenario_fields.hpp"

namespace pregate {
namespace {

template <typename T>
bool accepted(const Result<T>& result) {
  if (!result) check(!result.error().expected.empty() && !result.error().found.empty(), "a refusal says why");
  fuzz::accepted += result ? 1 : 0;
  return result.ok();
}

const RunRecord& small_run() {
  static const RunRecord kRun = fixtures::made_run({.tokens = 3});
  return kRun;
}

void try_query(std::string_view text) {
  const auto query = parse_query(text);
  if (!accepted(query)) return;
  static const RunNames kNames(small_run());
  const std::vector<Target> found = search(small_run(), kNames, *query);
  check(!query->empty() || found.empty(), "nothing was asked for, so nothing is found");
}

void try_bookmarks(std::string_view text) {
  const auto bookmarks = parse_bookmarks(text);
  if (!accepted(bookmarks)) return;
  const auto again = parse_bookmarks(bookmarks_text(*bookmarks));
  check(again.ok(), "written bookmarks can be read");
  check(*again == *bookmarks, "written bookmarks are read as they were");
  static const auto kTracks = RunTracks::build(small_run());
  TimelineScene scene(**kTracks);
  scene.set_bookmarks(*bookmarks);
  for (std::size_t i = 0; i < bookmarks->size(); ++i) {
    if (scene.go_to_bookmark(i)) (void)scene.picture();
  }
}

void try_arguments(std::string_view text) {
  const QString line = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
  const auto arguments = parse_arguments(line.split(u'\n'));
  if (!accepted(arguments) || !arguments->render) return;
  const RenderRequest& render = *arguments->render;
  check(render.width > 0 && render.height > 0 && render.scale > 0, "a picture has a size");
  check(!render.range || !render.range->empty(), "a range is not empty");
  check(!render.tokens || render.tokens->first <= render.tokens->second, "tokens are in order");
}

void try_value(std::string_view text) {
  const std::size_t at = text.find('=');
  if (at == std::string_view::npos) return;
  const Status fits = check_scenario_value(text.substr(0, at), text.substr(at + 1));
  if (!fits)
    return check(!fits.error().expected.empty() && !fits.error().found.empty(), "a refusal says why");
  ++fuzz::accepted;
  check(find_scenario_field(text.substr(0, at)) != nullptr, "a value that fits has a field");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  std::vector<std::string> out = {
      "layer:3 expert:17 bank:2 token:118 step:5",
      "kind:stall cause:late,policy",
      "purpose:spec reload:yes",
      "outcome:late longer:1ms shorter:20us",
      "attention phase:decode",
      "layer:3..7 step:3.. token:..7",
      "-- a.run",
      "--render\ntimeline\na.run\n-o\nb.png\n--range\n1.2s..1.5s\n--size\n1600x900\n--scale\n2",
      "a.run\n--compare\nb.run",
      "--render\nheatmap\na.run\n-o\nb.svg\n--range\ntoken:10..20\n--dark",
      "--render\nsweep\na.db\n--out=b.pdf\n--x\nexpert_budget",
      "dram.expert_budget=4 GiB"};
  for (const ScenarioField& field : scenario_fields())
    out.push_back(field.path + "=" + (field.words.empty() ? field.fallback : field.words.front()));
  Bookmarks bookmarks;
  bookmarks[3] = Bookmark{.at = 12, .view = {0, 20}, .note = "thrashing begins"};
  bookmarks[9] = Bookmark{.at = INT64_C(1) << 62, .view = {INT64_C(1) << 62, 0}, .note = {}};
  out.push_back(bookmarks_text(bookmarks));
  return out;
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pregate::fuzz::text_of(data, size);
  pregate::try_query(text);
  pregate::try_bookmarks(text);
  pregate::try_arguments(text);
  pregate::try_value(text);
  return 0;
}
