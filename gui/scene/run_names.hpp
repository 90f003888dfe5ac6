// SPDX-License-Identifier: Apache-2.0
// What the things of a run are called, and its times and numbers as words: "token 118, layer 7", "expert 17
// of bank 2", "88.200 ms". Tokens are numbered within decode, prompts within prefill, as `pregate compare`
// does. Safe on any record that validate_run() passes, whatever its times are.
#pragma once

#include <string>
#include <vector>

#include "traces/run_record.hpp"

namespace pregate {

// From one time to another, clamped to what a Duration holds.
Duration between(SimTime from, SimTime to);
// A point in time: "88.200 ms" below a second, "12.345678 s" from there on. Spans are to_text(Duration).
std::string clock_text(SimTime time);
// "1 load", "4 loads"; thousands are grouped.
std::string counted(std::int64_t count, std::string_view one, std::string_view many);
// "late prefetch" of "late_prefetch".
std::string spaced(std::string_view word);

class RunNames {
 public:
  explicit RunNames(const RunRecord& run);

  [[nodiscard]] const ExpertTable& table() const { return table_; }
  // Of the step within its phase.
  [[nodiscard]] std::int32_t number_of(std::int32_t step) const {
    return numbers_[static_cast<std::size_t>(step)];
  }
  [[nodiscard]] std::string step(std::int32_t step) const;
  [[nodiscard]] std::string layer(LayerId layer) const;     // "no layer" where there is none
  [[nodiscard]] std::string expert(ExpertId expert) const;  // "an unknown expert" where there is none
  [[nodiscard]] std::string place(std::int32_t step, LayerId layer) const;
  // How far `to` lies after `from`: "2 tokens away", "in the same token".
  [[nodiscard]] std::string distance(std::int32_t from, std::int32_t to) const;

 private:
  const RunRecord* run_;
  ExpertTable table_;
  std::vector<std::int32_t> numbers_;
  std::int32_t prompts_ = 0;
};

// "attention", "routed expert"; "output head".
std::string operator_words(OperatorKind kind);

}  // namespace pregate
