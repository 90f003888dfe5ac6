// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/scene/verdict_parts.hpp"
#include "traces/number_text.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

constexpr const char* kTitle = "What would help";

Target action(VerdictAction what) {
  return {.kind = Target::Kind::action, .row = static_cast<std::uint64_t>(what)};
}

CardText words(std::string text, Ink ink = Ink::text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return {.runs = {{std::move(text), {}}}, .ink = ink};
}

// Bars go from where the scenario itself is, to the left where it gets slower.
CardTable table_of(const CounterfactualList& list) {
  double most = 0, least = 0;
  for (const CounterfactualRow& row : list.rows) {
    most = std::max(most, row.gain.value_or(0));
    least = std::min(least, row.gain.value_or(0));
  }
  const double span = most - least;
  CardTable out{.titles = {"what if", "tokens/s", "gain"}};
  out.zero = span > 0 ? -least / span : 0;
  for (const CounterfactualRow& row : list.rows) {
    CardRow line;
    if (!row.error.empty()) {
      line.cells = {{row.name, {}, Ink::text_dim}, {"-", {}, Ink::text_dim}, {"failed", {}, Ink::warning}};
    } else {
      const double gain = row.gain.value_or(0);
      line.cells = {
          {row.name, {}, Ink::text, row.itself},
          {fmt::format("{:.2f}", row.tokens_per_second.value_or(0)), {}, Ink::text, row.itself},
          {row.itself ? std::string("-") : signed_text(100 * gain, "%"), {}, Ink::text, row.itself}};
      if (span > 0)
        line.bar = CardBar{out.zero, out.zero + gain / span, gain >= 0 ? Ink::better : Ink::worse};
    }
    out.rows.push_back(std::move(line));
  }
  return out;
}

}  // namespace

Ink ink_of(TimeBin bin) {
  switch (bin) {
    case TimeBin::compute:
      return Ink::routed_expert;
    case TimeBin::dram_contention:
      return Ink::dram_contention;
    case TimeBin::management:
      return Ink::management;
    default:
      return static_cast<Ink>(static_cast<int>(Ink::stall_compulsory) + static_cast<int>(bin) -
                              static_cast<int>(TimeBin::stall_compulsory));
  }
}

// The policy in words begins with its name.
std::string policy_word(const RunRecord& run) {
  const std::string& policy = run.header.policy;
  const Result<EvictionKind> kind = parse_eviction(policy.substr(0, policy.find(',')));
  return kind ? std::string(to_text(*kind)) : "the policy";
}

Card counterfactual_card(const CounterfactualState& state) {
  using Stage = CounterfactualState::Stage;
  Card card{.title = kTitle, .note = "one change each, on the same routing; simulated", .blocks = {}};
  switch (state.stage) {
    case Stage::not_asked:
      card.blocks.emplace_back(words(
          "Everything resident, OPT, perfect prefetch, faster flash, DRAM and NPU, twice the budget: each "
          "can be simulated on this run's routing.",
          Ink::text_dim));
      card.blocks.emplace_back(CardButton{"Simulate them", action(VerdictAction::ask_counterfactuals)});
      break;
    case Stage::running:
      card.blocks.emplace_back(words(
          state.all > 0 ? fmt::format("Simulated {} of {}.", state.simulated, state.all) : "Simulating."));
      if (state.all > 0) {
        card.blocks.emplace_back(CardStack{
            .parts = {{std::clamp<std::int64_t>(state.simulated, 0, state.all), Ink::series_0, "done"},
                      {std::max<std::int64_t>(state.all - state.simulated, 0), Ink::grid, "to do"}}});
      }
      card.blocks.emplace_back(CardButton{"Cancel", action(VerdictAction::cancel_counterfactuals)});
      break;
    case Stage::failed:
      card.blocks.emplace_back(words(state.message, Ink::warning));
      card.blocks.emplace_back(CardButton{"Try again", action(VerdictAction::ask_counterfactuals)});
      break;
    case Stage::done:
      card.note = fmt::format("one change each, on the same routing; a {} token; simulated",
                              state.list.decoded ? "decoded" : "prompt");
      card.blocks.emplace_back(words(state.list.verdict));
      card.blocks.emplace_back(table_of(state.list));
      for (const CounterfactualRow& row : state.list.rows) {
        if (!row.error.empty()) card.blocks.emplace_back(words(row.name + ": " + row.error, Ink::warning));
      }
      break;
  }
  return card;
}

void replace_counterfactuals(CardPage& page, const CounterfactualState& state) {
  for (Card& card : page.cards) {
    if (card.title == kTitle) card = counterfactual_card(state);
  }
}

}  // namespace pregate
