// SPDX-License-Identifier: Apache-2.0
// Counts that predicted and measured must have in common.
#include <fmt/format.h>

#include "experiments/validation/errors.hpp"
#include "traces/number_text.hpp"

namespace pregate {
namespace {

template <Outcome outcome>
std::int64_t outcomes(const PhaseSummary& phase) {
  return phase.outcomes[static_cast<std::size_t>(outcome)];
}

constexpr std::array<ValidationCount, 9> kCounts = {
    {{"tokens", "tokens", [](const PhaseSummary& p) { return p.tokens; }},
     {"lookups", "lookups", [](const PhaseSummary& p) { return p.lookups; }},
     {"misses", "misses", outcomes<Outcome::miss>},
     {"resident_hits", "resident hits", outcomes<Outcome::resident_hit>},
     {"prefetch_hits", "prefetch hits (in time or late)",
      [](const PhaseSummary& p) {
        return outcomes<Outcome::prefetch_hit>(p) + outcomes<Outcome::late_prefetch>(p);
      }},
     {"loads", "loads", [](const PhaseSummary& p) { return p.loads; }},
     {"reloads", "reloads", [](const PhaseSummary& p) { return p.reloads; }},
     {"evictions", "evictions", [](const PhaseSummary& p) { return p.evictions; }},
     {"bytes_read", "bytes read", [](const PhaseSummary& p) { return p.bytes_read.count(); }}}};

// Calls `found` with each difference of one repeat; its cell and repeat are for the caller to fill in.
template <typename Found>
void compare_counts(const RunSummary& predicted, const RunSummary& measured, Found found) {
  for (const bool decode : {false, true}) {
    const PhaseSummary& expected = decode ? predicted.decode : predicted.all;
    const PhaseSummary& real = decode ? measured.decode : measured.all;
    for (const ValidationCount& count : kCounts) {
      if (count.of(expected) == count.of(real)) continue;
      found(CountDifference{
          .decode = decode, .count = &count, .expected = count.of(expected), .found = count.of(real)});
    }
  }
}

}  // namespace

std::span<const ValidationCount> validation_counts() {
  return kCounts;
}

std::vector<CountDifference> count_differences(const Validation& validation) {
  std::vector<CountDifference> out;
  for (std::size_t c = 0; c < validation.cells.size(); ++c) {
    const ValidationCell& cell = validation.cells[c];
    for (std::size_t r = 0; r < cell.measured.size(); ++r) {
      compare_counts(cell.predicted, cell.measured[r], [&](CountDifference difference) {
        difference.cell = c;
        difference.repeat = r;
        out.push_back(difference);
      });
    }
  }
  return out;
}

std::string to_text(const Validation& validation, const CountDifference& difference) {
  const ValidationCell& cell = validation.cells[difference.cell];
  return fmt::format("{}, {}: repeat {} of {}: expected {} {} in {} as predicted, found {}", cell.of.model,
                     case_text(cell.of), difference.repeat + 1, cell.measured.size(),
                     with_commas(difference.expected), difference.count->words,
                     difference.decode ? "decode" : "all phases", with_commas(difference.found));
}

bool counts_equal(const ValidationCell& cell) {
  bool equal = true;
  for (const RunSummary& run : cell.measured)
    compare_counts(cell.predicted, run, [&equal](const CountDifference&) { equal = false; });
  return equal;
}

}  // namespace pregate
