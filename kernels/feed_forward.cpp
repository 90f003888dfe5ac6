// SPDX-License-Identifier: Apache-2.0
#include "kernels/feed_forward.hpp"

#include "kernels/gemv.hpp"
#include "kernels/onednn_product.hpp"
#include "kernels/vector_math.hpp"

namespace pregate {
namespace {

bool is_few(const SwigluTask& task) {
  return can_gemv(task.weights.gate, task.x->rows()) && can_gemv(task.weights.down, task.x->rows());
}

void multiply_rows(const float* gate, const float* up, std::int64_t rows, std::int64_t width, float* out) {
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < rows; ++r) {
    silu_times(gate + r * width, up + r * width, width, out + r * width);
  }
}

}  // namespace

void FeedForward::run(std::span<const SwigluTask> tasks) {
  few_.clear();
  for (const SwigluTask& task : tasks) {
    if (task.x->rows() == 0) continue;
    if (is_few(task)) {
      few_.push_back(&task);
    } else {
      run_many(task);
    }
  }
  if (!few_.empty()) run_few(few_);
}

void FeedForward::run_few(std::span<const SwigluTask* const> tasks) {
  std::int64_t total = 0;
  for (const SwigluTask* task : tasks) total += task->x->rows() * task->weights.gate.outputs();
  gate_.reserve(static_cast<std::size_t>(total));
  up_.reserve(static_cast<std::size_t>(total));
  products_.clear();
  std::int64_t at = 0;
  for (const SwigluTask* task : tasks) {
    products_.push_back({task->weights.gate, task->x, gate_.data() + at});
    products_.push_back({task->weights.up, task->x, up_.data() + at});
    at += task->x->rows() * task->weights.gate.outputs();
  }
  gemv(products_);

  silu_times(gate_.data(), up_.data(), total, gate_.data());
  if (inner_.size() < tasks.size()) inner_.resize(tasks.size());
  products_.clear();
  at = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const SwigluTask& task = *tasks[i];
    const std::int64_t rows = task.x->rows(), width = task.weights.gate.outputs();
    inner_[i].convert(task.weights.down.precision(), gate_.data() + at, rows, width, width);
    products_.push_back({task.weights.down, &inner_[i], task.y});
    at += rows * width;
  }
  gemv(products_);
}

void FeedForward::run_many(const SwigluTask& task) {
  const SwigluWeights& w = task.weights;
  const std::int64_t rows = task.x->rows(), width = w.gate.outputs();
  const auto size = static_cast<std::size_t>(padded_rows(rows) * width);
  gate_.reserve(size);
  if (inner_.empty()) inner_.resize(1);
  Activations& inner = inner_.front();
  const bool fused = w.gate.precision() != Precision::int8;
  if (fused) {
    inner.prepare(w.gate.precision(), rows, width);
    run_onednn(w.gate, *task.x, {.y = gate_.data(), .swish = true});
    run_onednn(w.up, *task.x,
               {.y = inner.data(), .y_stride = inner.stride(), .times = gate_.data(), .in_precision = true});
  } else {
    up_.reserve(size);
    matmul(w.gate, *task.x, gate_.data());
    matmul(w.up, *task.x, up_.data());
    multiply_rows(gate_.data(), up_.data(), rows, width, gate_.data());
    inner.convert(w.down.precision(), gate_.data(), rows, width, width);
  }
  matmul(w.down, inner, task.y);
}

}  // namespace pregate
