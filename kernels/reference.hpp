// SPDX-License-Identifier: Apache-2.0
// The same arithmetic as the kernels beside it, written as the formulas are, in double: what tests compare
// with. Slow on purpose.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pregate::reference {

using Numbers = std::vector<float>;

// x: [rows, inputs], w: [outputs, inputs]; returns [rows, outputs].
Numbers matmul(const Numbers& x, const Numbers& w, std::int64_t rows, std::int64_t inputs);
Numbers rms_norm(const Numbers& x, const Numbers& weight, double epsilon);
// One head of `dim` numbers at a position.
Numbers rotary(const Numbers& head, std::int64_t position, double theta);
Numbers swiglu(const Numbers& x, const Numbers& gate, const Numbers& up, const Numbers& down,
               std::int64_t rows, std::int64_t hidden);

struct AttentionShape {
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
};
// q: [queries, heads * dim]; k, v: [keys, kv_heads * dim]; query t sees keys up to keys - queries + t.
Numbers attention(const AttentionShape& shape, const Numbers& q, const Numbers& k, const Numbers& v);

}  // namespace pregate::reference
