// SPDX-License-Identifier: Apache-2.0
#include "traces/base/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace pregate {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> nearest_few(std::string_view word, std::vector<std::string> candidates,
                                     std::size_t count) {
  // Distances are quadratic in the length: what is far longer than any path is as near to one as to another.
  word = word.substr(0, 128);
  const auto distance = [word](const std::string& candidate) {
    const std::size_t whole = edit_distance(word, candidate);
    const std::size_t dot = candidate.rfind('.');
    if (dot == std::string::npos) return whole;
    return std::min(whole, 1 + edit_distance(word, std::string_view(candidate).substr(dot + 1)));
  };
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (std::string& candidate : candidates) {
    const std::size_t far = distance(candidate);
    ranked.emplace_back(far, std::move(candidate));
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  ranked.resize(std::min(ranked.size(), count));
  std::vector<std::string> near;
  for (auto& entry : ranked) near.push_back(std::move(entry.second));
  return near;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  return nearest_few(word, candidates, 1).front();
}

}  // namespace pregate
