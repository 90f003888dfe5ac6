// SPDX-License-Identifier: Apache-2.0
#include "kernels/matmul.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/convert.hpp"
#include "kernels/gemv.hpp"
#include "kernels/onednn_product.hpp"
#include "kernels/vector_math.hpp"

namespace pregate {
namespace {

// The sums of an int8 product become numbers: row scale x channel scale.
void scale_rows(const std::int32_t* sums, const PackedMatrix& w, const Activations& x, float* y) {
  const std::int64_t outputs = w.outputs();
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < x.rows(); ++r) {
    scale_row(sums + r * outputs, w.scales(), outputs, x.row_scales()[r], y + r * outputs);
  }
}

void many_rows(const Product& product) {
  const PackedMatrix& w = product.weights;
  const Activations& x = *product.x;
  if (w.precision() != Precision::int8) {
    run_onednn(w, x, {.y = product.y});
    return;
  }
  // One scratch a process: products run one after another.
  static Buffer<std::int32_t> sums;
  sums.reserve(static_cast<std::size_t>(padded_rows(x.rows()) * w.outputs()));
  run_onednn(w, x, {.y = sums.data()});
  scale_rows(sums.data(), w, x, product.y);
}

}  // namespace

std::int64_t padded_rows(std::int64_t rows) {
  if (rows <= kFewRows) return rows;
  const std::int64_t step = rows <= 16 ? 8 : rows <= 64 ? 16 : rows <= 256 ? 32 : 128;
  return (rows + step - 1) / step * step;
}

void Activations::prepare(Precision precision, std::int64_t rows, std::int64_t columns) {
  precision_ = precision;
  rows_ = rows;
  columns_ = columns;
  stride_ = padded_inputs(columns);
  const std::int64_t bytes = padded_rows(rows) * stride_ * bytes_of(precision);
  data_.reserve(static_cast<std::size_t>(bytes));
  if (precision == Precision::int8) row_scales_.reserve(static_cast<std::size_t>(padded_rows(rows)));
  // Rows and columns of padding are multiplied too: they must be numbers, and the columns zeros.
  const std::int64_t size = bytes_of(precision);
  if (columns < stride_) {
    for (std::int64_t r = 0; r < rows; ++r) {
      std::memset(data_.data() + (r * stride_ + columns) * size, 0,
                  static_cast<std::size_t>((stride_ - columns) * size));
    }
  }
  std::memset(data_.data() + rows * stride_ * size, 0,
              static_cast<std::size_t>(bytes - rows * stride_ * size));
}

void Activations::convert(Precision precision, const float* x, std::int64_t rows, std::int64_t columns,
                          std::int64_t stride) {
  prepare(precision, rows, columns);
#pragma omp parallel for schedule(static) if (rows > kFewRows)
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* in = x + r * stride;
    std::byte* out = data_.data() + r * stride_ * bytes_of(precision);
    if (precision == Precision::f32) {
      std::memcpy(out, in, static_cast<std::size_t>(columns) * sizeof(float));
    } else if (precision == Precision::bf16) {
      row_to_bf16(in, columns, reinterpret_cast<std::uint16_t*>(out));
    } else {
      row_scales_.data()[r] = row_to_int8(in, columns, reinterpret_cast<std::int8_t*>(out));
    }
  }
}

void Activations::gather(const Activations& from, std::span<const std::int32_t> rows) {
  prepare(from.precision_, static_cast<std::int64_t>(rows.size()), from.columns_);
  const std::size_t bytes = static_cast<std::size_t>(stride_ * bytes_of(precision_));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(data_.data() + i * bytes, from.row(rows[i]), bytes);
    if (precision_ == Precision::int8) row_scales_.data()[i] = from.row_scales_.data()[rows[i]];
  }
}

void matmul(const PackedMatrix& weights, const Activations& x, float* y) {
  const Product product{weights, &x, y};
  matmul(std::span(&product, 1));
}

void matmul(std::span<const Product> products) {
  const bool few = std::all_of(products.begin(), products.end(), [&](const Product& p) {
    return can_gemv(p.weights, p.x->rows()) && p.x->rows() == products.front().x->rows();
  });
  if (few) {
    gemv(products);
    return;
  }
  for (const Product& product : products) many_rows(product);
}

void bare_product(const PackedMatrix& weights, const Activations& x) {
  static Buffer<float> result;
  run_onednn(weights, x,
             {.y = result.reserve(static_cast<std::size_t>(padded_rows(x.rows()) * weights.outputs()))});
}

}  // namespace pregate
