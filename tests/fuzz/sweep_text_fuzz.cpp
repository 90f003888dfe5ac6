// SPDX-License-Identifier: Apache-2.0
// The input is an axis of a sweep (PATH=VALUES), the layout of a table (ROWS:COLUMNS:METRIC), a crossing
// (AXIS:LEVELS:KEY), a share (KEY/OTHER), a condition (PATH=VALUE), the target of a plan (KEY>=NUMBER) and a
// quantity. What is read is then asked of a small sweep.
#include <algorithm>
#include <cmath>

#include "experiments/plan/plan.hpp"
#include "experiments/plan/target.hpp"
#include "experiments/sweep/derived.hpp"
#include "experiments/sweep/pivot.hpp"
#include "experiments/sweep/selection.hpp"
#include "experiments/sweep/sweep_plot.hpp"
#include "tests/fuzz/target.hpp"
#include "traces/sweep_axes.hpp"

namespace pregate {
namespace {

void check_value(const Quantity& value) {
  const Quantity again = Quantity::parse(value.text());
  check(again.text() == value.text(), "the text of a quantity gives the same text again");
  check(again == value, "the text of a quantity gives the same quantity");
  check(std::isfinite(value.value()), "a quantity is finite");
}

bool try_axis(std::string_view text) {
  const Result<Axis> axis = parse_axis(text);
  if (!axis) {
    check(!axis.error().expected.empty() && !axis.error().found.empty(), "a refusal says why");
    return false;
  }
  ++fuzz::accepted;
  check(axis->range || !axis->values.empty(), "an axis has values");
  for (const Quantity& value : axis->values) check_value(value);
  if (axis->range) check(std::is_sorted(axis->values.begin(), axis->values.end()), "a range ascends");
  for (const Combination how : {Combination::grid, Combination::sample}) {
    const Result<SweepPoints> points = SweepPoints::combine({*axis}, {.how = how, .samples = 7, .seed = 3});
    if (!points) continue;
    for (std::size_t i = 0; i < std::min<std::size_t>(points->size(), 10); ++i) {
      for (const Quantity& value : points->at(i)) check_value(value);
    }
  }
  return true;
}

template <typename T>
bool accepted(const Result<T>& result) {
  if (!result) check(!result.error().expected.empty() && !result.error().found.empty(), "a refusal says why");
  fuzz::accepted += result ? 1 : 0;
  return result.ok();
}

// A parameter of a plan is an axis with values, or the budget alone.
void try_plan_axis(const std::string& text) {
  const Result<PlanAxis> axis = plan_axis(text, true, 9, {Bytes::mib(7), Bytes::gib(3)});
  if (!accepted(axis)) return;
  check(!axis->values.empty(), "a parameter has values");
  for (const Quantity& value : axis->values) check_value(value);
}

void try_target(std::string_view text) {
  const Result<Target> target = parse_target(text);
  if (!accepted(target)) return;
  check(std::isfinite(target->bound), "a bound is finite");
  const std::vector<std::string>& keys = summary_keys();
  check(std::find(keys.begin(), keys.end(), target->key) != keys.end(), "a target's key is one of a summary");
  const Result<Target> again = parse_target(target->text);
  check(again.ok(), "the text of a target is a target");
  check(again->key == target->key && again->at_least == target->at_least && again->bound == target->bound,
        "the text of a target gives the same target");
  static const SummaryRow kSummary = summary_row(RunSummary());
  check(!std::isnan(shortfall({*target}, kSummary)), "how far a target is can be ordered");
}

StoredSweep small_sweep() {
  StoredSweep sweep{.axes = {{"dram.expert_budget", Quantity::Kind::bytes},
                             {"policy.prefetch", Quantity::Kind::text},
                             {"runtime.io_lanes", Quantity::Kind::number}},
                    .keys = {"tokens_per_second", "stall_s", "hit_rate", "token_cycle_bytes"},
                    .rows = {}};
  for (std::int64_t i = 0; i < 8; ++i) {
    StoredSweep::Row row{.hash = std::to_string(i), .version = "1", .seed = "1", .done = i != 5};
    row.values = {Quantity::of_count(Quantity::Kind::bytes, i / 2 << 20),
                  Quantity::parse(i % 2 == 0 ? "none" : "pregate"), std::nullopt};
    if (row.done)
      row.summary = {Cell(0.5 * static_cast<double>(i)), Cell(), Cell(std::string("always")), Cell(1e300)};
    sweep.rows.push_back(std::move(row));
  }
  return sweep;
}

void try_views(const std::string& text) {
  static const StoredSweep kSweep = small_sweep();
  const Result<PivotRequest> pivot = parse_pivot(text);
  if (accepted(pivot)) {
    (void)accepted(pivot_text(kSweep, *pivot, {}));
    const auto first = [](const std::vector<std::string>& names) {
      return names.empty() ? std::string() : names[0];
    };
    (void)accepted(sweep_figure(kSweep, {.x = first(pivot->rows),
                                         .series = first(pivot->columns),
                                         .panels = {},
                                         .metrics = {pivot->metric},
                                         .title = {}}));
  }
  const Result<CrossRequest> cross = parse_cross(text);
  if (accepted(cross)) {
    check(!cross->axis.empty() && !cross->levels.empty() && !cross->key.empty(),
          "a crossing has three parts");
    for (const double level : cross->levels) check(std::isfinite(level), "a level is finite");
    if (const auto crossed = crossings(kSweep, *cross); accepted(crossed)) {
      (void)accepted(pivot_text(*crossed, {.rows = {}, .columns = {}, .metric = crossed->keys[0]}, {}));
    }
  }
  if (const auto shares = with_ratio(kSweep, text); accepted(shares)) {
    for (const StoredSweep::Row& row : shares->rows)
      check(row.summary.size() == (row.done ? shares->keys.size() : 0), "a row has a cell for each key");
  }
  if (const auto rows = select_rows(kSweep, {text}); accepted(rows))
    check(!rows->rows.empty(), "a condition that is met keeps a row");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {"dram.expert_budget=1GiB,2GiB,4000MiB",
          "dram.expert_budget=256MiB..4GiB:16",
          "dram.expert_budget=256MiB..4GiB:9:log",
          "dram.expert_budget=256MiB..4GiB:log",
          "policy.lookahead=1..4:4",
          "device.flash.derate=0.1..1:5:linear",
          "device.flash.read_bandwidth=1GB/s..6.5GB/s:12",
          "policy.prefetch=none,pregate",
          "runtime.overlap=true,false",
          "sim.seed=9007199254740993,1",
          "expert_budget,read_bandwidth:prefetch:hit_rate_decode",
          "::stall_s",
          "io_lanes:prefetch:tokens_per_second",
          "dram.expert_budget=9223363240761753600B..9223372036854774784B",
          "expert_budget:0.5,1,2.5:tokens_per_second",
          "tokens_per_second/stall_s",
          "tokens_per_second/policy.prefetch=none",
          "tokens_per_second/expert_budget=0",
          "expert_budget=1MiB",
          "seed=1",
          "dram.expert_budget",
          "tokens_per_second>=20",
          "ttft_s <= 500ms",
          "hit_rate_decode>90%",
          "bytes_read<2GiB",
          "20tok/s",
          "2.5 tokens/s"};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A count of millions is no parser's fault, and slow.
  const std::string text(pregate::fuzz::text_of(data, std::min<std::size_t>(size, 4096)));
  std::size_t digits = 0, most = 0;
  for (std::size_t at = text.find(':'); at < text.size(); ++at) {
    digits = text[at] >= '0' && text[at] <= '9' ? digits + 1 : 0;
    most = std::max(most, digits);
  }
  if (most < 5 && (pregate::try_axis(text) || text == "dram.expert_budget")) pregate::try_plan_axis(text);
  pregate::check_value(pregate::Quantity::parse(text));
  pregate::try_target(text);
  pregate::try_views(text);
  return 0;
}
