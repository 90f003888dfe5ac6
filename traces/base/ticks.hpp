// SPDX-License-Identifier: Apache-2.0
// Round numbers along an axis. Linear: multiples of 1, 2 or 5 times a power of ten; log10: powers of ten,
// with 2 and 5 times them where there are few; log2: powers of two. A short stretch of a logarithmic axis has
// linear ticks. For the figures of the command and the plots of the viewer. Leaves out dates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pregate::plot {

enum class Scale : std::uint8_t { linear, log10, log2 };

struct Axis {
  std::string label;
  std::string unit;  // behind the label, in parentheses; may be empty
  Scale scale = Scale::linear;
  std::optional<double> min, max;  // none: from the data, rounded out to whole ticks
};

struct Tick {
  double value = 0;
  std::string label;
};

// An axis that knows its ends and its ticks; ends lie on ticks for a linear axis whose ends were not given.
struct Ruler {
  Scale scale = Scale::linear;
  double low = 0, high = 1;
  std::vector<Tick> ticks;

  // 0 at the low end, 1 at the high one.
  [[nodiscard]] double share(double value) const;
};

struct Range {
  double low = 0, high = 0;
};

// A ruler over `data` with about `wanted` ticks (at least 2); the axis' own min and max rule where given.
Ruler make_ruler(const Axis& axis, Range data, int wanted);

// "12,000", "0.05", "2e+09": `decimals` behind the point; digits in groups of three from 1,000.
std::string number_text(double value, int decimals);

}  // namespace pregate::plot
