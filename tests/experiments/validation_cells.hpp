// SPDX-License-Identifier: Apache-2.0
// Made-up cells of a validation, plausible in themselves: parts sum to their whole.
#pragma once

#include <cmath>
#include <string>

#include "experiments/validation/cell.hpp"

namespace pregate::test {

struct MadeRun {
  double tokens_per_second = 10;
  double stall_share = 0.6;  // of decode
  std::int64_t late = 0;     // of the prefetch hits in decode
  std::int64_t misses = 400;
};

// 16 decoded tokens after 32 of prompt; 960 lookups in decode, 300 of them prefetched in time or late.
inline RunSummary made_run(const MadeRun& made) {
  constexpr std::int64_t kTokens = 16, kLookups = 960, kPrefetched = 300, kExpert = 1'200'000;
  const auto phase = [&](std::int64_t tokens, double seconds, std::int64_t lookups, std::int64_t prefetched,
                         std::int64_t late, std::int64_t misses) {
    PhaseSummary out{.tokens = tokens, .lookups = lookups};
    out.stall = Duration::ps(std::llround(seconds * made.stall_share * 1e12));
    out.stall_by_cause[0] = out.stall;
    out.compute = Duration::ps(std::llround(seconds * 1e12)) - out.stall - Duration::ms(1);
    out.management = Duration::ms(1);
    out.makespan = out.compute + out.management + out.stall;
    out.outcomes = {lookups - prefetched - misses, prefetched - late, late, misses};
    out.loads = misses + prefetched;
    out.reloads = misses / 2;
    out.evictions = misses / 2;
    out.bytes_read = Bytes(out.loads * kExpert);
    out.dram_read = Bytes(tokens * 40'000'000);
    out.macs = Macs(tokens * 20'000'000);
    return out;
  };
  RunSummary run;
  run.prefill = phase(32, 1.5, 120, 0, 0, 90);
  run.decode = phase(kTokens, static_cast<double>(kTokens) / made.tokens_per_second, kLookups, kPrefetched,
                     made.late, made.misses);
  run.all = run.prefill;
  run.all.tokens += run.decode.tokens;
  run.all.makespan += run.decode.makespan;
  run.all.compute += run.decode.compute;
  run.all.management += run.decode.management;
  run.all.stall += run.decode.stall;
  run.all.stall_by_cause[0] += run.decode.stall;
  run.all.lookups += run.decode.lookups;
  for (std::size_t o = 0; o < run.all.outcomes.size(); ++o) run.all.outcomes[o] += run.decode.outcomes[o];
  run.all.loads += run.decode.loads;
  run.all.reloads += run.decode.reloads;
  run.all.evictions += run.decode.evictions;
  run.all.bytes_read += run.decode.bytes_read;
  run.all.dram_read += run.decode.dram_read;
  run.all.macs = run.all.macs + run.decode.macs;
  run.misses_by_class = {0, 200, 100, made.misses - 200, 0};
  run.prefetch = {.issued = 300, .useful = 300, .late = made.late, .accuracy = 1, .coverage = 0.4};
  run.ttft = run.prefill.makespan;
  run.bound = run.decode.compute;
  run.bound_by = "flash";
  run.expert_budget = Bytes::mib(64);
  run.peak_resident = Bytes::mib(63);
  run.token_cycle = Bytes::mib(90);
  run.events = 12 * 17;
  return run;
}

struct MadeCell {
  std::string model = "megrez2-nano";
  double budget_share = 0.25;
  bool prefetch = true;
  std::int32_t lanes = 4;
  double predicted = 10, measured = 10;  // tokens/s
  double noise = 0;                      // of the outer two of three repeats, about the middle one
};

inline ValidationCell made_cell(const MadeCell& made) {
  ValidationCell cell{.of = {.model = made.model,
                             .budget_share = made.budget_share,
                             .budget = Bytes(static_cast<std::int64_t>(256e6 * made.budget_share)),
                             .prefetch = made.prefetch ? PrefetchKind::pregate : PrefetchKind::none,
                             .lanes = made.lanes},
                      .predicted = made_run({.tokens_per_second = made.predicted}),
                      .measured = {},
                      .wall_s = 12.5};
  for (const double way : {-1.0, 0.0, 1.0})
    cell.measured.push_back(
        made_run({.tokens_per_second = made.measured * (1 + way * made.noise), .late = 5}));
  return cell;
}

// 500 MiB/s with one lane, 600 with four.
inline void add_plain_read(ValidationHead& head, std::int32_t lanes) {
  for (const PlainRead& read : head.plain_reads) {
    if (read.lanes == lanes) return;
  }
  head.plain_reads.push_back({.lanes = lanes, .mib_s = 500 + 100.0 / 3 * (lanes - 1)});
}

inline Validation made_validation(const std::vector<MadeCell>& cells) {
  Validation out{.head = {.version = "0.1.0",
                          .date = "2026-01-02",
                          .machine = "Example CPU, 2 cores, 8 GiB, an NVMe disk, Linux 6.1",
                          .device = "example.device.textproto",
                          .engine = "io_uring",
                          .workload = "megrez2-nano, bf16, 32 + 16 tokens, recorded routing",
                          .npu = "measured",
                          .resident_predicted = 20,
                          .resident = {{21}, {20.5}, {19}},
                          .plain_reads = {}},
                 .cells = {}};
  for (const MadeCell& cell : cells) {
    out.cells.push_back(made_cell(cell));
    add_plain_read(out.head, cell.lanes);
  }
  return out;
}

}  // namespace pregate::test
