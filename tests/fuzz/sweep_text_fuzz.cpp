// SPDX-License-Identifier: Apache-2.0
// The input is an axis of a sweep (PATH=VALUES), the layout of a table (ROWS:COLUMNS:METRIC) and a quantity.
#include <algorithm>
#include <cmath>

#include "experiments/sweep/axes.hpp"
#include "experiments/sweep/pivot.hpp"
#include "tests/fuzz/target.hpp"

namespace pregate {
namespace {

void check_value(const Quantity& value) {
  const Quantity again = Quantity::parse(value.text());
  check(again.text() == value.text(), "the text of a quantity gives the same text again");
  check(again == value, "the text of a quantity gives the same quantity");
  check(std::isfinite(value.value()), "a quantity is finite");
}

void try_axis(std::string_view text) {
  const Result<Axis> axis = parse_axis(text);
  if (!axis) {
    check(!axis.error().expected.empty() && !axis.error().found.empty(), "a refusal says why");
    return;
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
          "::stall_s"};
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
  if (most < 5) pregate::try_axis(text);
  pregate::check_value(pregate::Quantity::parse(text));
  if (const auto pivot = pregate::parse_pivot(text); !pivot)
    pregate::check(!pivot.error().expected.empty(), "a refusal says why");
  return 0;
}
