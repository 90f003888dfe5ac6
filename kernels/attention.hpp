// SPDX-License-Identifier: Apache-2.0
// Causal grouped-query attention over a KV cache. A few tokens (decode) read keys and values once, straight
// from the cache; many (prefill) go through oneDNN's products, a block of queries at a time. Keys and values
// are kept in f32, or in bf16 where the weights are narrower than f32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/buffer.hpp"
#include "kernels/precision.hpp"

namespace pregate {

struct KvShape {
  std::int64_t layers = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t capacity = 0;  // tokens
  bool bf16 = false;

  [[nodiscard]] std::size_t bytes() const;
};

// Keys and values of one sequence: for each layer and KV head [capacity, head_dim], keys after rotation.
class KvCache {
 public:
  explicit KvCache(const KvShape& shape);

  [[nodiscard]] const KvShape& shape() const { return shape_; }
  // Writes rows [position, position + tokens) of a layer; k and v: [tokens, kv_heads * head_dim], rows
  // `stride` apart.
  struct Rows {
    std::int64_t layer = 0, position = 0, tokens = 0, stride = 0;
  };
  void write(const Rows& rows, const float* k, const float* v);

  [[nodiscard]] const std::byte* keys(std::int64_t layer, std::int64_t kv_head) const;
  [[nodiscard]] const std::byte* values(std::int64_t layer, std::int64_t kv_head) const;

 private:
  [[nodiscard]] std::size_t offset(std::int64_t layer, std::int64_t kv_head, bool of_values) const;

  KvShape shape_;
  Buffer<std::byte> data_;
};

class Attention {
 public:
  struct Step {
    std::int64_t layer = 0;
    std::int64_t heads = 0;
    std::int64_t position = 0;  // of the first query; its own key is in the cache already
    std::int64_t tokens = 0;
    std::int64_t q_stride = 0;  // from row to row of q
  };
  // q: [tokens, heads * head_dim]; out: the same, dense.
  void run(const KvCache& cache, const Step& step, const float* q, float* out);

 private:
  void run_few(const KvCache& cache, const Step& step, const float* q, float* out);
  void run_many(const KvCache& cache, const Step& step, const float* q, float* out);
  struct Block;
  void run_block(const KvCache& cache, const Step& step, const Block& block, const float* q, float* out);

  Buffer<std::byte> queries_, weights_;
  Buffer<float> scores_, mixed_;
};

}  // namespace pregate
