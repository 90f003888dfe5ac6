// SPDX-License-Identifier: Apache-2.0
// Rows of an f32 or bf16 tensor as f32, for operations that libtorch does not have in one pass.
#pragma once

#include <torch/torch.h>

#include <array>

#include "experiments/trainer/rows_math.hpp"

namespace pregate {

// A row in f32 on the stack where it fits.
class Scratch {
 public:
  explicit Scratch(std::int64_t count) : count_(count) {
    if (count > kOnStack) heap_.resize(static_cast<std::size_t>(count));
  }
  [[nodiscard]] float* data() { return heap_.empty() ? stack_.data() : heap_.data(); }
  [[nodiscard]] const float* data() const { return heap_.empty() ? stack_.data() : heap_.data(); }
  [[nodiscard]] std::int64_t count() const { return count_; }

 private:
  static constexpr std::int64_t kOnStack = 2048;
  std::int64_t count_;
  std::array<float, kOnStack> stack_;
  std::vector<float> heap_;
};

// tensor: contiguous [rows, width], f32 or bf16; it outlives the reader.
class RowReader {
 public:
  explicit RowReader(const torch::Tensor& tensor) : width_(tensor.size(1)), narrow_(is_narrow(tensor)) {
    data_ = tensor.data_ptr();
  }
  void read(std::int64_t row, Scratch& to) const {
    if (narrow_) {
      widen_row(static_cast<const std::uint16_t*>(data_) + row * width_, width_, to.data());
    } else {
      copy_row(static_cast<const float*>(data_) + row * width_, width_, to.data());
    }
  }
  static bool is_narrow(const torch::Tensor& tensor) {
    TORCH_CHECK(tensor.is_contiguous() && tensor.dim() == 2, "rows are contiguous");
    TORCH_CHECK(tensor.scalar_type() == torch::kFloat || tensor.scalar_type() == torch::kBFloat16,
                "rows are f32 or bf16");
    return tensor.scalar_type() == torch::kBFloat16;
  }

 private:
  const void* data_;
  std::int64_t width_;
  bool narrow_;
};

class RowWriter {
 public:
  explicit RowWriter(const torch::Tensor& tensor)
      : data_(tensor.data_ptr()), width_(tensor.size(1)), narrow_(RowReader::is_narrow(tensor)) {}
  void write(std::int64_t row, const Scratch& from) const {
    if (narrow_) {
      round_row(from.data(), width_, static_cast<std::uint16_t*>(data_) + row * width_);
    } else {
      copy_row(from.data(), width_, static_cast<float*>(data_) + row * width_);
    }
  }

 private:
  void* data_;
  std::int64_t width_;
  bool narrow_;
};

// run(row) for all rows, on all threads.
template <typename Run>
void each_row(std::int64_t rows, std::int64_t width, const Run& run) {
  const std::int64_t grain = std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(width, 1));
  at::parallel_for(0, rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) run(r);
  });
}

}  // namespace pregate
