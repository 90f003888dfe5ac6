// SPDX-License-Identifier: Apache-2.0
// Products of one to four rows with packed weights, bound by the memory that the weights stream from. Private
// to kernels/. Every thread reads one contiguous stretch of panels; AVX-512 (BF16, VNNI) only, else oneDNN
// does it.
#pragma once

#include <span>

#include "kernels/matmul.hpp"

namespace pregate {

bool can_gemv(const PackedMatrix& weights, std::int64_t rows);
// All products have the same number of rows, at most kFewRows, and can_gemv() holds for each.
void gemv(std::span<const Product> products);

}  // namespace pregate
