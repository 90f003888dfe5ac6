// SPDX-License-Identifier: Apache-2.0
// What would make a run faster: the counterfactuals that `pregate run SCENARIO --what-if --json` simulated,
// as the command tells them. docs/json.md has the keys. Leaves out asking for them, which is a job.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

struct CounterfactualRow {
  std::string name, change;
  std::vector<std::string> set;  // --set assignments that say the same; empty: no field does alone
  bool itself = false;           // the scenario as it is
  std::string error;             // why it could not be simulated: then there are no numbers
  std::optional<double> tokens_per_second, gain, saved_per_token_s, time_per_token_s, hit_rate;
};

struct CounterfactualsLeftOut {
  std::string name, why;
};

struct CounterfactualList {
  bool decoded = true;                  // numbers are of decode, else of the prompt
  std::vector<CounterfactualRow> rows;  // most gain first, failed ones last; the scenario itself among them
  std::vector<CounterfactualsLeftOut> left_out;
  std::string verdict;
};

// Of the whole output of the command. Errors name the row and the key; nothing is filled in.
Result<CounterfactualList> parse_counterfactuals(std::string_view json);

// How far the job is that asks for them.
struct CounterfactualState {
  enum class Stage : std::uint8_t { not_asked, running, done, failed };
  Stage stage = Stage::not_asked;
  std::int64_t simulated = 0, all = 0;  // while running; all 0: not known
  std::string message;                  // of a failure
  CounterfactualList list;              // done
};

}  // namespace pregate
