// SPDX-License-Identifier: Apache-2.0
#include "experiments/plan/search.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace pregate {
namespace {

using Seen = std::map<std::size_t, double>;

std::optional<std::size_t> first_reaching(const Seen& seen) {
  const auto found =
      std::find_if(seen.begin(), seen.end(), [](const auto& entry) { return entry.second <= 0; });
  return found == seen.end() ? std::nullopt : std::optional(found->first);
}

std::set<std::size_t> even_looks(std::size_t candidates, const SearchOptions& options) {
  std::set<std::size_t> looks;
  const std::size_t count =
      options.all ? candidates : std::min(candidates, std::max<std::size_t>(options.first_looks, 2));
  for (std::size_t i = 0; i < count; ++i) looks.insert(count == 1 ? 0 : i * (candidates - 1) / (count - 1));
  return looks;
}

double change(Seen::const_iterator a, Seen::const_iterator b) {
  return std::isfinite(a->second) && std::isfinite(b->second) ? std::abs(b->second - a->second) : 0;
}

// Whether a candidate between two that fall short could reach: the score moves as much around here as they
// lack.
bool may_hide_one(const Seen& seen, Seen::const_iterator left) {
  const auto right = std::next(left);
  double moves = change(left, right);
  if (left != seen.begin()) moves = std::max(moves, change(std::prev(left), left));
  if (const auto after = std::next(right); after != seen.end()) moves = std::max(moves, change(right, after));
  return std::min(left->second, right->second) <= 2 * moves;
}

void split(std::size_t after, std::size_t before, std::size_t parts, std::set<std::size_t>& looks) {
  const std::size_t inside = before - after - 1;
  const std::size_t count = std::min(std::max<std::size_t>(parts, 1), inside);
  for (std::size_t i = 1; i <= count; ++i) looks.insert(after + i * (inside + 1) / (count + 1));
}

// Where to look next; empty: nowhere.
std::set<std::size_t> next_looks(const Seen& seen, std::size_t at_once) {
  std::set<std::size_t> looks;
  const std::optional<std::size_t> first = first_reaching(seen);
  for (auto left = seen.begin(); left != seen.end(); ++left) {
    const auto right = std::next(left);
    if (right == seen.end() || (first && left->first >= *first)) break;
    if (right->first - left->first < 2) continue;
    if (first && right->first == *first) {
      split(left->first, right->first, at_once, looks);
    } else if (may_hide_one(seen, left)) {
      split(left->first, right->first, 1, looks);
    }
  }
  return looks;
}

Status look(const std::set<std::size_t>& looks, const Scorer& score, Seen& seen) {
  const std::vector<std::size_t> asked(looks.begin(), looks.end());
  const Result<std::vector<double>> scores = score(asked);
  if (!scores) return scores.error();
  check(scores->size() == asked.size(), "a score for each candidate");
  for (std::size_t i = 0; i < asked.size(); ++i) seen[asked[i]] = (*scores)[i];
  return {};
}

}  // namespace

Result<SearchResult> find_first(std::size_t candidates, const Scorer& score, const SearchOptions& options) {
  SearchResult result;
  if (candidates == 0) return result;
  for (std::set<std::size_t> looks = even_looks(candidates, options); !looks.empty();
       looks = next_looks(result.seen, options.at_once)) {
    if (Status looked = look(looks, score, result.seen); !looked) return looked.error();
  }
  result.first = first_reaching(result.seen);
  const std::size_t end = result.first.value_or(candidates);
  result.unseen =
      end - static_cast<std::size_t>(std::distance(result.seen.begin(), result.seen.lower_bound(end)));
  for (auto left = result.seen.begin(); left != result.seen.end(); ++left) {
    const auto right = std::next(left);
    if (right != result.seen.end() && right->second > left->second) result.monotone = false;
  }
  return result;
}

}  // namespace pregate
