// SPDX-License-Identifier: Apache-2.0
// What a mistyped word was meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pregate {

// The candidate with the least edit distance to `word`, where a bare last component counts too. Candidates
// not empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
// At most `count` of them, the nearest first.
std::vector<std::string> nearest_few(std::string_view word, std::vector<std::string> candidates,
                                     std::size_t count);

}  // namespace pregate
