// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/run_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "traces/number_text.hpp"

namespace pregate {

Duration between(SimTime from, SimTime to) {
  const Int128 span = Int128{to.count_ps()} - from.count_ps();
  return Duration::ps(static_cast<std::int64_t>(std::clamp<Int128>(span, INT64_MIN, INT64_MAX)));
}

std::string clock_text(SimTime time) {
  const std::int64_t ps = time.count_ps();
  const double seconds = static_cast<double>(ps) / 1e12;
  return seconds < 1 && seconds > -1 ? fmt::format("{:.3f} ms", seconds * 1e3)
                                     : fmt::format("{:.6f} s", seconds);
}

std::string counted(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", with_commas(count), count == 1 ? one : many);
}

std::string spaced(std::string_view word) {
  std::string out(word);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

std::string operator_words(OperatorKind kind) {
  return kind == OperatorKind::head ? "output head" : spaced(to_text(kind));
}

RunNames::RunNames(const RunRecord& run) : run_(&run), table_(run.model) {
  std::array<std::int32_t, 2> next{};
  numbers_.reserve(run.steps.size());
  for (const StepRecord& step : run.steps) numbers_.push_back(next[static_cast<std::size_t>(step.phase)]++);
  prompts_ = next[static_cast<std::size_t>(Phase::prefill)];
}

std::string RunNames::step(std::int32_t step) const {
  const StepRecord& row = run_->steps[static_cast<std::size_t>(step)];
  if (row.phase == Phase::decode) return fmt::format("token {}", number_of(step));
  return prompts_ == 1 ? std::string("the prompt") : fmt::format("prompt {}", number_of(step));
}

std::string RunNames::layer(LayerId layer) const {
  return layer.valid() ? fmt::format("layer {}", layer.value()) : "no layer";
}

std::string RunNames::expert(ExpertId expert) const {
  if (!expert.valid()) return "an unknown expert";
  return fmt::format("expert {} of bank {}", table_.index_in_bank(expert), table_.bank(expert).value());
}

std::string RunNames::place(std::int32_t step, LayerId layer) const {
  return fmt::format("{}, {}", this->step(step), this->layer(layer));
}

std::string RunNames::distance(std::int32_t from, std::int32_t to) const {
  const bool token = run_->steps[static_cast<std::size_t>(to)].phase == Phase::decode;
  if (from == to) return token ? "in the same token" : "in the same prompt";
  const std::int64_t steps = std::int64_t{to} - from;
  if (steps < 0) return counted(-steps, "step", "steps") + " back";
  return (token ? counted(steps, "token", "tokens") : counted(steps, "step", "steps")) + " away";
}

}  // namespace pregate
