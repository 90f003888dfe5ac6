// SPDX-License-Identifier: Apache-2.0
// y = x W^T for packed W. Few rows (decode) go to kernels of our own that read the packed weights once, in
// order, as fast as memory gives them (gemv.hpp); oneDNN's, made for many rows, leave a quarter of the
// bandwidth unused there. More rows (prefill) go to oneDNN, with primitives cached by shape.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/buffer.hpp"
#include "kernels/packed_matrix.hpp"

namespace pregate {

// Most rows that count as decode.
inline constexpr std::int64_t kFewRows = 4;
// Rows that a buffer must have room for: products of many rows are made in steps, so that few shapes occur.
std::int64_t padded_rows(std::int64_t rows);

// Rows of numbers in the precision of the product that reads them: made once, read by several products.
class Activations {
 public:
  // x: [rows, columns] of f32, rows `stride` apart. int8: each row is scaled by its largest magnitude / 127.
  void convert(Precision precision, const float* x, std::int64_t rows, std::int64_t columns,
               std::int64_t stride);
  // Room for what a fused product writes itself (f32, bf16).
  void prepare(Precision precision, std::int64_t rows, std::int64_t columns);
  // Some rows of another, in order: the tokens of one expert.
  void gather(const Activations& from, std::span<const std::int32_t> rows);

  [[nodiscard]] Precision precision() const { return precision_; }
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t columns() const { return columns_; }
  [[nodiscard]] std::int64_t stride() const {
    return stride_;
  }  // elements from row to row; padded with zeros
  [[nodiscard]] const std::byte* data() const { return data_.data(); }
  [[nodiscard]] std::byte* data() { return data_.data(); }
  [[nodiscard]] const std::byte* row(std::int64_t r) const {
    return data_.data() + r * stride_ * bytes_of(precision_);
  }
  [[nodiscard]] const float* row_scales() const { return row_scales_.data(); }

 private:
  Precision precision_ = Precision::f32;
  std::int64_t rows_ = 0, columns_ = 0, stride_ = 0;
  Buffer<std::byte> data_;
  Buffer<float> row_scales_;  // int8
};

// y: [padded_rows(x.rows()), outputs] of f32; rows past x.rows() are left undefined.
void matmul(const PackedMatrix& weights, const Activations& x, float* y);

// oneDNN's product and nothing else, its result thrown away: the limit that prefill is measured against.
void bare_product(const PackedMatrix& weights, const Activations& x);

// Several products at once: in decode they share one parallel region.
struct Product {
  PackedMatrix weights;
  const Activations* x = nullptr;
  float* y = nullptr;
};
void matmul(std::span<const Product> products);

}  // namespace pregate
