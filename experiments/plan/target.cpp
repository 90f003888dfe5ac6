// SPDX-License-Identifier: Apache-2.0
#include "experiments/plan/target.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/catalogue.hpp"
#include "experiments/sweep/selection.hpp"
#include "traces/quantity.hpp"

namespace pregate {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Error wrong(std::string_view text) {
  return bad_input("a target such as tokens_per_second>=20, ttft_s<=500ms or 20tok/s",
                   fmt::format("\"{}\"", text));
}

// "20tok/s", "20 tokens/s": the target that most plans have.
std::optional<double> speed(std::string_view text) {
  for (const std::string_view unit : {"tok/s", "tokens/s"}) {
    if (!text.ends_with(unit)) continue;
    const Quantity number = Quantity::parse(trim(text.substr(0, text.size() - unit.size())));
    if (number.kind() == Quantity::Kind::number) return number.value();
  }
  return std::nullopt;
}

// The kind of quantity that the key's unit allows beside a plain number.
Quantity::Kind kind_of(std::string_view key) {
  if (key.find("bytes") != std::string_view::npos) return Quantity::Kind::bytes;
  if (key.ends_with("_s") || key.find("stall_by_cause") != std::string_view::npos)
    return Quantity::Kind::duration;
  return Quantity::Kind::number;
}

Result<double> read_bound(std::string_view key, std::string_view text) {
  if (text.ends_with('%')) {
    const Quantity share = Quantity::parse(trim(text.substr(0, text.size() - 1)));
    if (share.kind() == Quantity::Kind::number) return share.value() / 100;
  }
  const Quantity bound = Quantity::parse(text);
  if (bound.kind() == Quantity::Kind::number || (bound.kind() == kind_of(key) && !bound.is_text()))
    return bound.value();
  return bad_input(kind_of(key) == Quantity::Kind::duration ? "a time such as 500ms, or seconds"
                   : kind_of(key) == Quantity::Kind::bytes  ? "a size such as 2GiB, or bytes"
                                                            : "a number such as 20",
                   fmt::format("\"{}\"", text), std::string(key));
}

Status check_key(const std::string& key) {
  const std::vector<std::string>& keys = summary_keys();
  const auto found = std::find(keys.begin(), keys.end(), key);
  if (found == keys.end()) {
    const std::vector<std::string> near = near_names(key, keys);
    return bad_input(
        fmt::format("a key of the summary (nearest: {})",
                    near.empty() ? "tokens_per_second" : fmt::format("{}", fmt::join(near, ", "))),
        fmt::format("\"{}\"", key));
  }
  static const SummaryRow kEmpty = summary_row(RunSummary());
  if (!kEmpty[static_cast<std::size_t>(found - keys.begin())].second.is_string()) return {};
  return bad_input("a key that is a number", fmt::format("{}, which is a word", key));
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  if (const auto rate = speed(trim(text)))
    return Target{
        .key = "tokens_per_second", .bound = *rate, .text = fmt::format("tokens_per_second >= {}", *rate)};
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string_view::npos || at + 1 >= text.size()) return wrong(text);
  Target target{.key = std::string(trim(text.substr(0, at))), .at_least = text[at] == '>'};
  const std::string_view bound = trim(text.substr(at + (text[at + 1] == '=' ? 2 : 1)));
  if (target.key.empty() || bound.empty()) return wrong(text);
  if (Status known = check_key(target.key); !known) return known.error();
  const Result<double> value = read_bound(target.key, bound);
  if (!value) return value.error();
  if (shown_as(target.key).unit == "%" && *value > 1)
    return bad_input("a share up to 1, or in percent as in 90%", fmt::format("\"{}\"", bound), target.key);
  target.bound = *value;
  target.text = fmt::format("{} {}= {}", target.key, text[at], bound);
  return target;
}

std::optional<double> value_of(const SummaryRow& summary, std::string_view key) {
  const auto found =
      std::find_if(summary.begin(), summary.end(), [key](const auto& entry) { return entry.first == key; });
  if (found == summary.end() || !found->second.is_number()) return std::nullopt;
  return found->second.get<double>();
}

double shortfall(const Target& target, const SummaryRow& summary) {
  const auto value = value_of(summary, target.key);
  if (!value) return std::numeric_limits<double>::infinity();
  const double scale = std::max(std::abs(target.bound), 1e-300);
  return (target.at_least ? target.bound - *value : *value - target.bound) / scale;
}

double shortfall(const std::vector<Target>& targets, const SummaryRow& summary) {
  double most = -std::numeric_limits<double>::infinity();
  for (const Target& target : targets) most = std::max(most, shortfall(target, summary));
  return most;
}

}  // namespace pregate
