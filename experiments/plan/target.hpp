// SPDX-License-Identifier: Apache-2.0
// What a plan must reach: a key of the summary against a bound.
//
//   tokens_per_second>=20   ttft_s<=500ms   energy_per_token_j<=0.8   hit_rate_decode>=0.9   20tok/s
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/summary_json.hpp"
#include "traces/base/result.hpp"

namespace pregate {

struct Target {
  std::string key;
  bool at_least = true;  // else at most
  double bound = 0;      // in the key's unit
  std::string text;      // "tokens_per_second >= 20"
};

// Errors: no comparison, a key that the summary does not have (and the nearest), a bound that is no number of
// the key's unit.
Result<Target> parse_target(std::string_view text);

// The key's number in a summary; none where it is null or a word.
std::optional<double> value_of(const SummaryRow& summary, std::string_view key);

// How far the summary is from a target, relative to its bound: 0 or less where it is met, infinite where the
// number is missing.
double shortfall(const Target& target, const SummaryRow& summary);
// The largest of several.
double shortfall(const std::vector<Target>& targets, const SummaryRow& summary);

}  // namespace pregate
