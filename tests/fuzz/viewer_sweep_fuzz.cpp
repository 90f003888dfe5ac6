// SPDX-License-Identifier: Apache-2.0
// The input is what the viewer has from the command: a sweep (`pregate sweep show --document`) and the
// counterfactuals of a run (`pregate run --what-if --json`). What is read is drawn.
#include <QtGui/QGuiApplication>
#include <cmath>

#include "gui/scene/counterfactuals.hpp"
#include "gui/scene/sweep_scene.hpp"
#include "gui/scene/verdict.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/scene/made_run.hpp"
#include "tests/scene/sweep_documents.hpp"

namespace pregate {
namespace {

void check_reason(const Error& error) {
  check(!error.expected.empty() && !error.found.empty(), "an error says what was expected and found");
}

void check_picture(const Picture& picture) {
  for (const Mark& mark : picture.marks) {
    check(std::isfinite(mark.x) && std::isfinite(mark.y) && std::isfinite(mark.w) && std::isfinite(mark.h) &&
              std::isfinite(mark.value),
          "a mark has a place");
  }
  for (const Point& point : picture.points)
    check(std::isfinite(point.x) && std::isfinite(point.y), "a point");
}

void check_table(const SweepTable& table) {
  for (const SweepColumn& column : table.columns) {
    check(column.numbers.size() == table.rows.size(), "a number for each row");
    check(!column.is_words() || column.words.size() == table.rows.size(), "a word for each row");
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      (void)column.text(row);
      (void)column.raw_text(row);
    }
  }
  (void)table.varied_axes();
}

void draw(const SweepTable& table) {
  SweepOptions options = default_sweep_options(table);
  const std::size_t columns = table.columns.size();
  for (std::size_t i = 0; i < 6; ++i) {
    const SweepScene scene(table, options);
    const Picture picture =
        scene.picture(200 + static_cast<int>(i) * 200, 500, {.selected = {0}, .hovered = 1});
    check_picture(picture);
    (void)scene.summary();
    for (const Mark& mark : picture.marks) {
      if (mark.target.kind == Target::Kind::sweep_row) (void)scene.tip(mark.target);
    }
    if (i == 0) (void)sweep_csv(table, scene.shown());
    options.x = (options.x + 1) % columns;
    options.y = (options.y + i) % columns;
    options.colour = i % 3 == 0 ? std::nullopt : std::optional((i + options.x) % columns);
    options.log_x = i % 2 == 1;
    options.log_y = i > 2;
    options.better_x = static_cast<Better>(i % 3);
    if (i == 3 && !table.rows.empty()) options.filters = {{0, {table.columns[0].text(0)}}};
  }
}

void try_sweep(std::string_view text) {
  const auto table = parse_sweep(text);
  if (!table) return check_reason(table.error());
  ++fuzz::accepted;
  check_table(*table);
  draw(*table);
  (void)sweep_options(*table, "expert_budget", "tokens_per_second", "eviction");
}

void try_counterfactuals(std::string_view text) {
  const auto list = parse_counterfactuals(text);
  if (!list) return check_reason(list.error());
  ++fuzz::accepted;
  static const CardPage kPage = verdict_of(fixtures::made_run({.tokens = 3}));
  CardPage page = kPage;
  replace_counterfactuals(page, {.stage = CounterfactualState::Stage::done, .list = *list});
  check_picture(picture_of(page, 900));
  (void)plain_text(page);
  (void)csv_of(page);
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  using fixtures::sweep_document_of;
  return {sweep_document_of({{1 << 20, "lru", 2.5}, {2 << 20, "lru", 3.5}, {1 << 20, "belady", 4.0}}),
          sweep_document_of({{1 << 20, "lru", 2.5, 0.1, 0.2}, {8 << 20, "lfu", std::nullopt}}),
          sweep_document_of({})};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Pages measure words, which needs fonts.
  static int count = 1;
  static char name[] = "fuzz";
  static char* words[] = {name, nullptr};
  qputenv("QT_QPA_PLATFORM", "offscreen");
  static const QGuiApplication kApplication(count, words);
  const std::string_view text = pregate::fuzz::text_of(data, size);
  pregate::try_sweep(text);
  pregate::try_counterfactuals(text);
  return 0;
}
