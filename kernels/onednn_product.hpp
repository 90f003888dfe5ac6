// SPDX-License-Identifier: Apache-2.0
// A product of many rows by oneDNN's matmul, with what may be fused behind it. Private to kernels/.
#pragma once

#include "kernels/matmul.hpp"

namespace pregate {

struct ProductTarget {
  void* y = nullptr;             // f32; s32 for int8; the precision of the product where `in_precision`
  std::int64_t y_stride = 0;     // elements from row to row; 0: outputs
  bool swish = false;            // y = swish(x W^T)
  const float* times = nullptr;  // y = (x W^T) * times, [rows, outputs] of f32
  bool in_precision = false;     // y is bf16 where the product is
};

// Rows are padded_rows(x.rows()); all buffers have room for them.
void run_onednn(const PackedMatrix& weights, const Activations& x, const ProductTarget& target);

}  // namespace pregate
