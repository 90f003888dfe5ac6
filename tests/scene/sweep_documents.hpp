// SPDX-License-Identifier: Apache-2.0
// Documents of sweeps as `pregate sweep show --document` prints them, for the tests of their reader and plot.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

namespace pregate::fixtures {

struct SweepPoint {
  std::int64_t budget;
  std::string eviction;
  std::optional<double> speed;  // none: it failed
  double hit_rate = 0.5, opt = 0.8;
  std::int64_t cycle = 1 << 29;
};

inline std::string sweep_document_of(const std::vector<SweepPoint>& points) {
  std::string out = R"({"format": 1,
"axes": [{"path":"dram.expert_budget","kind":"bytes","unit":"MiB","factor":9.5367431640625e-07,"decimals":2,"better":"less"},
 {"path":"policy.eviction","kind":"text","unit":"","factor":1.0,"decimals":2,"better":"neither"}],
"keys": [{"key":"tokens_per_second","unit":"tokens/s","factor":1.0,"decimals":2,"better":"more","known":"simulated"},
 {"key":"hit_rate_decode","unit":"%","factor":100.0,"decimals":1,"better":"more","known":"simulated"},
 {"key":"opt_hit_rate_decode","unit":"%","factor":100.0,"decimals":1,"better":"more","known":"counted"},
 {"key":"token_cycle_bytes","unit":"MiB","factor":9.5367431640625e-07,"decimals":1,"better":"neither","known":"counted"},
 {"key":"bound_by","unit":"","factor":1.0,"decimals":0,"better":"neither","known":"simulated"}],
"rows": [)";
  for (std::size_t i = 0; i < points.size(); ++i) {
    const SweepPoint& p = points[i];
    const std::string summary =
        p.speed ? fmt::format("{},{},{},{},\"flash\"", *p.speed, p.hit_rate, p.opt, p.cycle) : std::string();
    out += fmt::format(
        R"({}{{"hash":"{:032x}","status":"{}","error":"{}","version":"1","seed":"1","wall_s":0.1,)",
        i == 0 ? "\n" : ",\n", i + 1, p.speed ? "done" : "failed", p.speed ? "" : "a budget too small");
    out += fmt::format(R"("values":[{},"{}"],"summary":[{}]}})", p.budget, p.eviction, summary);
  }
  return out + "\n]}\n";
}

}  // namespace pregate::fixtures
