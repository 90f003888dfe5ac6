// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "kernels/convert.hpp"
#include "kernels/cpu.hpp"
#include "kernels/matmul.hpp"
#include "kernels/onednn.hpp"
#include "kernels/vector_math.hpp"

namespace pregate {
namespace {

using dnnl::memory;

// Keys are attended to in multiples of this, so that few shapes occur; the cache is padded to it with zeros,
// and what lies past the last key has the weight zero.
constexpr std::int64_t kKeyStep = 64;
// Scores held at once in prefill.
constexpr std::int64_t kMostScores = std::int64_t{8} << 20;

std::int64_t round_up(std::int64_t n, std::int64_t step) {
  return (n + step - 1) / step * step;
}

// x becomes softmax(scale x): [0, count).
void softmax(float* x, std::int64_t count, float scale) {
  const float largest = *std::max_element(x, x + count);
  for (std::int64_t i = 0; i < count; ++i) x[i] = (x[i] - largest) * scale;
  vector_exp(x, count, x);
  float sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += x[i];
  const float factor = 1.0F / sum;
  for (std::int64_t i = 0; i < count; ++i) x[i] *= factor;
}

// One query head against the keys [0, count).
template <typename Number>
void attend(const float* q, const Number* keys, const Number* values, std::int64_t count, std::int64_t dim,
            float* scores, float* out) {
  for (std::int64_t s = 0; s < count; ++s) scores[s] = dot(q, keys + s * dim, dim);
  softmax(scores, count, 1.0F / std::sqrt(static_cast<float>(dim)));
  std::fill_n(out, dim, 0.0F);
  for (std::int64_t s = 0; s < count; ++s) add_scaled(values + s * dim, dim, scores[s], out);
}

struct ProductKey {
  bool bf16, transposed;  // b is [columns, inner]
  std::int64_t rows, inner, columns, b_stride;
  int threads = pregate::threads();  // oneDNN divides the work and its scratch when a primitive is made
  auto operator<=>(const ProductKey&) const = default;
};

struct PlainProduct {
  dnnl::matmul primitive;
  memory a, b, c;
};

PlainProduct make(const ProductKey& key) {
  const auto type = key.bf16 ? memory::data_type::bf16 : memory::data_type::f32;
  const memory::desc a({key.rows, key.inner}, type, memory::format_tag::ab);
  const memory::dims strides = key.transposed ? memory::dims{1, key.b_stride} : memory::dims{key.b_stride, 1};
  const memory::desc b({key.inner, key.columns}, type, strides);
  const memory::desc c({key.rows, key.columns}, memory::data_type::f32, memory::format_tag::ab);
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(a, b, c), onednn_engine());
  const auto view = [](const memory::desc& desc) { return memory(desc, onednn_engine(), nullptr); };
  return {dnnl::matmul(description), view(a), view(b), view(c)};
}

void run_product(const ProductKey& key, const std::byte* a, const std::byte* b, float* c) {
  guarded([&] {
    static std::map<ProductKey, PlainProduct> products;
    auto found = products.find(key);
    if (found == products.end()) {
      // Shapes follow the length of the context: old ones do not come back.
      if (products.size() > 256) products.clear();
      found = products.emplace(key, make(key)).first;
    }
    PlainProduct& product = found->second;
    product.a.set_data_handle(const_cast<std::byte*>(a));
    product.b.set_data_handle(const_cast<std::byte*>(b));
    product.c.set_data_handle(c);
    product.primitive.execute(
        onednn_stream(),
        {{DNNL_ARG_SRC, product.a}, {DNNL_ARG_WEIGHTS, product.b}, {DNNL_ARG_DST, product.c}});
    onednn_stream().wait();
  });
}

void copy_row(const float* from, std::int64_t count, bool bf16, std::byte* to) {
  if (bf16) {
    row_to_bf16(from, count, reinterpret_cast<std::uint16_t*>(to));
  } else {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
  }
}

}  // namespace

std::size_t KvShape::bytes() const {
  return static_cast<std::size_t>(2 * layers * kv_heads * round_up(capacity, kKeyStep) * head_dim) *
         (bf16 ? 2 : 4);
}

KvCache::KvCache(const KvShape& shape) : shape_(shape), data_(shape.bytes()) {
  std::memset(data_.data(), 0, shape.bytes());
}

std::size_t KvCache::offset(std::int64_t layer, std::int64_t kv_head, bool of_values) const {
  const std::int64_t plane = (layer * 2 + (of_values ? 1 : 0)) * shape_.kv_heads + kv_head;
  return static_cast<std::size_t>(plane * round_up(shape_.capacity, kKeyStep) * shape_.head_dim) *
         (shape_.bf16 ? 2 : 4);
}

const std::byte* KvCache::keys(std::int64_t layer, std::int64_t kv_head) const {
  return data_.data() + offset(layer, kv_head, false);
}

const std::byte* KvCache::values(std::int64_t layer, std::int64_t kv_head) const {
  return data_.data() + offset(layer, kv_head, true);
}

void KvCache::write(const Rows& rows, const float* k, const float* v) {
  check(rows.position + rows.tokens <= shape_.capacity, "a KV cache that is full");
  const std::int64_t dim = shape_.head_dim;
  const std::int64_t size = shape_.bf16 ? 2 : 4;
  for (std::int64_t h = 0; h < shape_.kv_heads; ++h) {
    std::byte* keys = data_.data() + offset(rows.layer, h, false);
    std::byte* values = data_.data() + offset(rows.layer, h, true);
    for (std::int64_t t = 0; t < rows.tokens; ++t) {
      const std::int64_t at = (rows.position + t) * dim * size;
      copy_row(k + t * rows.stride + h * dim, dim, shape_.bf16, keys + at);
      copy_row(v + t * rows.stride + h * dim, dim, shape_.bf16, values + at);
    }
  }
}

void Attention::run(const KvCache& cache, const Step& step, const float* q, float* out) {
  if (step.tokens <= kFewRows) {
    run_few(cache, step, q, out);
  } else {
    run_many(cache, step, q, out);
  }
}

void Attention::run_few(const KvCache& cache, const Step& step, const float* q, float* out) {
  const KvShape& kv = cache.shape();
  const std::int64_t dim = kv.head_dim, group = step.heads / kv.kv_heads;
  const std::int64_t longest = step.position + step.tokens;
  scores_.reserve(static_cast<std::size_t>(step.heads * longest));
  // Heads of a group run in one thread, one after another, while their keys are in its cache.
#pragma omp parallel for schedule(static) if (longest > 32)
  for (std::int64_t h = 0; h < step.heads; ++h) {
    for (std::int64_t t = 0; t < step.tokens; ++t) {
      const float* query = q + t * step.q_stride + h * dim;
      float* scores = scores_.data() + h * longest;
      float* mixed = out + (t * step.heads + h) * dim;
      const std::int64_t count = step.position + t + 1;
      const std::byte* keys = cache.keys(step.layer, h / group);
      const std::byte* values = cache.values(step.layer, h / group);
      if (kv.bf16) {
        attend(query, reinterpret_cast<const std::uint16_t*>(keys),
               reinterpret_cast<const std::uint16_t*>(values), count, dim, scores, mixed);
      } else {
        attend(query, reinterpret_cast<const float*>(keys), reinterpret_cast<const float*>(values), count,
               dim, scores, mixed);
      }
    }
  }
}

// Queries [first, first + count) of the heads that share a KV head.
struct Attention::Block {
  std::int64_t kv_head = 0, first = 0, count = 0;
};

void Attention::run_many(const KvCache& cache, const Step& step, const float* q, float* out) {
  const KvShape& kv = cache.shape();
  const std::int64_t group = step.heads / kv.kv_heads;
  const std::int64_t keys = round_up(step.position + step.tokens, kKeyStep);
  const std::int64_t most = std::max(kKeyStep, kMostScores / (group * keys) / kKeyStep * kKeyStep);
  for (std::int64_t h = 0; h < kv.kv_heads; ++h) {
    for (std::int64_t first = 0; first < step.tokens; first += most) {
      run_block(cache, step, {h, first, std::min(most, step.tokens - first)}, q, out);
    }
  }
}

void Attention::run_block(const KvCache& cache, const Step& step, const Block& block, const float* q,
                          float* out) {
  const KvShape& kv = cache.shape();
  const std::int64_t dim = kv.head_dim, group = step.heads / kv.kv_heads, size = kv.bf16 ? 2 : 4;
  const std::int64_t rows = group * block.count;
  const std::int64_t keys = round_up(step.position + block.first + block.count, kKeyStep);
  queries_.reserve(static_cast<std::size_t>(rows * dim * size));
  weights_.reserve(static_cast<std::size_t>(rows * keys * size));
  scores_.reserve(static_cast<std::size_t>(rows * keys));
  mixed_.reserve(static_cast<std::size_t>(rows * dim));
  // Row g * count + t is token t of the group's head g.
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t head = block.kv_head * group + row / block.count,
                       token = block.first + row % block.count;
    copy_row(q + token * step.q_stride + head * dim, dim, kv.bf16, queries_.data() + row * dim * size);
  }
  run_product({kv.bf16, true, rows, dim, keys, dim}, queries_.data(), cache.keys(step.layer, block.kv_head),
              scores_.data());
#pragma omp parallel for schedule(dynamic, 16)
  for (std::int64_t row = 0; row < rows; ++row) {
    float* scores = scores_.data() + row * keys;
    const std::int64_t seen = step.position + block.first + row % block.count + 1;
    softmax(scores, seen, 1.0F / std::sqrt(static_cast<float>(dim)));
    std::fill(scores + seen, scores + keys, 0.0F);
    if (kv.bf16) copy_row(scores, keys, true, weights_.data() + row * keys * size);
  }
  const std::byte* weights = kv.bf16 ? weights_.data() : reinterpret_cast<const std::byte*>(scores_.data());
  run_product({kv.bf16, false, rows, keys, dim, dim}, weights, cache.values(step.layer, block.kv_head),
              mixed_.data());
#pragma omp parallel for schedule(static)
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t head = block.kv_head * group + row / block.count,
                       token = block.first + row % block.count;
    std::copy_n(mixed_.data() + row * dim, dim, out + (token * step.heads + head) * dim);
  }
}

}  // namespace pregate
