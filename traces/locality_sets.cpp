// SPDX-License-Identifier: Apache-2.0
#include "traces/locality_sets.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>

namespace pregate {
namespace {

constexpr std::size_t kTop = 8;

bool is_single_decode(Phase phase, std::int32_t tokens) {
  return phase == Phase::decode && tokens == 1;
}

}  // namespace

UseSets::UseSets(const ModelShape& model, std::size_t steps) {
  std::int32_t largest = 0;
  for (const BankShape& bank : model.banks) largest = std::max(largest, bank.experts);
  experts_ = static_cast<std::size_t>(largest);
  words_ = (experts_ + 63) / 64;
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    if (model.layers[l].is_moe()) layers_.push_back(l);
  }
  bits_.resize(steps * layers_.size() * words_);
  turns_.resize(steps);
}

UseSets UseSets::of(const RouteTrace& trace, StepRange range) {
  const std::size_t end = std::min(range.end, trace.steps.size()), first = std::min(range.first, end);
  const std::span<const RouteStep> steps = std::span(trace.steps).subspan(first, end - first);
  const auto singles = std::count_if(steps.begin(), steps.end(), [](const RouteStep& step) {
    return is_single_decode(step.phase, step.tokens);
  });
  UseSets sets(trace.header.model, static_cast<std::size_t>(singles));
  std::size_t at = 0;
  for (const RouteStep& step : steps) {
    if (!is_single_decode(step.phase, step.tokens)) continue;
    sets.turns_[at] = step.turn;
    for (std::size_t row = 0; row < sets.rows(); ++row) {
      for (const std::uint16_t expert : step.layer_experts(sets.layer(row))) sets.add(at, row, expert);
    }
    ++at;
  }
  return sets;
}

UseSets UseSets::of(const RunRecord& run, StepRange range) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> single(run.steps.size(), kNone), row_of(run.model.layers.size(), kNone);
  std::size_t singles = 0;
  for (std::size_t s = 0; s < run.steps.size(); ++s) {
    if (range.contains(s) && is_single_decode(run.steps[s].phase, run.steps[s].tokens)) single[s] = singles++;
  }
  UseSets sets(run.model, singles);
  for (std::size_t row = 0; row < sets.rows(); ++row) row_of[sets.layer(row)] = row;
  const ExpertTable table(run.model);
  for (const LookupRecord& lookup : run.lookups) {
    if (!lookup.event.valid() || !lookup.expert.valid()) continue;
    const EventRecord& event = run.events[lookup.event.value()];
    if (!event.layer.valid()) continue;
    const std::size_t step = single[static_cast<std::size_t>(event.step)];
    const std::size_t row = row_of[event.layer.value()];
    if (step == kNone || row == kNone) continue;
    sets.add(step, row, static_cast<std::size_t>(table.index_in_bank(lookup.expert)));
  }
  return sets;
}

UseSets UseSets::uniform(const UseSets& like, const ModelShape& model, Random& random) {
  UseSets sets(model, like.steps());
  std::vector<std::uint32_t> urn;
  for (std::size_t step = 0; step < like.steps(); ++step) {
    sets.turns_[step] = like.turn(step);
    for (std::size_t row = 0; row < like.rows(); ++row) {
      const auto experts =
          static_cast<std::uint32_t>(model.banks[model.layers[like.layer(row)].bank.value()].experts);
      // A partial shuffle of whatever order the urn has is as uniform as one of a fresh urn.
      if (urn.size() != experts) {
        urn.resize(experts);
        std::iota(urn.begin(), urn.end(), 0U);
      }
      const auto wanted = static_cast<std::size_t>(count_bits(like.set(step, row)));
      for (std::size_t i = 0; i < wanted; ++i) {
        std::swap(urn[i], urn[i + random.below(experts - i)]);
        sets.add(step, row, urn[i]);
      }
    }
  }
  return sets;
}

std::vector<std::int64_t> UseSets::uses(std::size_t row) const {
  std::vector<std::int64_t> uses(experts_);
  for (std::size_t step = 0; step < steps(); ++step) {
    const ExpertSet chosen = set(step, row);
    for (std::size_t w = 0; w < chosen.size(); ++w) {
      for (std::uint64_t left = chosen[w]; left != 0; left &= left - 1)
        ++uses[w * 64 + static_cast<std::size_t>(std::countr_zero(left))];
    }
  }
  return uses;
}

UseShape use_shape(std::span<const std::int64_t> uses) {
  std::vector<std::int64_t> sorted(uses.begin(), uses.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  UseShape shape{.uses = std::accumulate(sorted.begin(), sorted.end(), std::int64_t{0})};
  if (shape.uses == 0) return shape;
  const auto total = static_cast<double>(shape.uses);
  for (const std::int64_t count : sorted) {
    if (count == 0) break;
    const double share = static_cast<double>(count) / total;
    shape.entropy_bits -= share * std::log2(share);
  }
  const auto most = std::next(sorted.begin(), static_cast<std::ptrdiff_t>(std::min(kTop, sorted.size())));
  shape.top8_share = static_cast<double>(std::accumulate(sorted.begin(), most, std::int64_t{0})) / total;
  shape.largest_share = static_cast<double>(sorted.front()) / total;
  return shape;
}

}  // namespace pregate
