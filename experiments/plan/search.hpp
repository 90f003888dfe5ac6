// SPDX-License-Identifier: Apache-2.0
// The first of many candidates, cheapest first, that reaches a target, where each look is a simulation.
// Nothing is taken to rise or fall in between: the search looks at evenly spaced candidates, then
//
// * halves the space before the first that reaches, until the one before it was looked at and does not reach;
// * looks into every space before that whose ends fall short by no more than twice what the score moves
// around
//   there: a candidate in it could reach.
//
// What is left unseen is told. A score that moves further between two neighbours than it does over the spaces
// around them can hide an answer; looking at everything (`all`) cannot.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

// The scores of candidates, in the order asked: 0 and less reaches, infinite: no scenario. Called with
// several at a time, each candidate once.
using Scorer = std::function<Result<std::vector<double>>(const std::vector<std::size_t>&)>;

struct SearchOptions {
  std::size_t first_looks = 17;  // evenly spaced, ends included
  std::size_t at_once = 2;       // that one call of the scorer does as fast as one
  bool all = false;              // look at every candidate
};

struct SearchResult {
  std::optional<std::size_t> first;    // that reaches
  std::map<std::size_t, double> seen;  // scores
  std::size_t unseen = 0;              // candidates before `first` (or of all) that were not looked at
  bool monotone = true;                // no seen score is worse than one before it
};

Result<SearchResult> find_first(std::size_t candidates, const Scorer& score,
                                const SearchOptions& options = {});

}  // namespace pregate
