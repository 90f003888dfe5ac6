// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them, the same in the command's report and in the viewer. Leaves out quantities with
// a unit that fits (to_text() of traces/base/units.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/units.hpp"

namespace pregate {

// 46080 -> "46,080".
std::string with_commas(std::int64_t value);
// 0.1234 -> "12.3 %".
std::string percent(double share);
// Rounded to so many decimals, for formats with as many; never -0, which would be printed with its sign.
double rounded(double value, int decimals);
// A change, 12.34 with "%" -> "+12.3 %"; what rounds to nothing is "+0.0 %".
std::string signed_text(double value, std::string_view unit);
// A share of two counts; 0 where there is nothing to share.
double ratio(std::int64_t part, std::int64_t whole);
double ratio(Duration part, Duration whole);
// Division rounds correctly, which multiplication by 1e-12 does not: 120 ms is 0.12 and nothing else.
double seconds(Duration d);
// "118.90 ms", always in milliseconds.
std::string milliseconds(Duration d);
// The same below a second, else in seconds.
std::string time_text(Duration d);

// Whole numbers in proportion to `values` (not negative) that sum to `total` exactly, by largest remainder:
// what is shown as parts of a whole must add up to it.
std::vector<std::int64_t> apportion(std::span<const std::int64_t> values, std::int64_t total);

}  // namespace pregate
