// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemv.hpp"

#include <immintrin.h>
#include <omp.h>

#include <algorithm>
#include <array>

#include "kernels/cpu.hpp"

namespace pregate {
namespace {

// The kernels are compiled for their instructions and called only where cpu_features() has them.
#define PREGATE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define PREGATE_AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#define PREGATE_AVX512_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

// A line of a panel: the weights of 64 outputs for one depth of inputs, four vectors.
constexpr std::int64_t kLineBytes = 256;
// Far enough that memory answers before the line is used, near enough to stay in L1: found by the benchmark.
constexpr std::int64_t kPrefetchBytes = 4096;

constexpr std::int64_t kWorthThreads = 256 << 10;

template <int Rows>
using RowPointers = std::array<const std::byte*, Rows>;

PREGATE_AVX512 inline void prefetch_line(const std::byte* line) {
  _mm_prefetch(line + kPrefetchBytes, _MM_HINT_T0);
  _mm_prefetch(line + kPrefetchBytes + 64, _MM_HINT_T0);
  _mm_prefetch(line + kPrefetchBytes + 128, _MM_HINT_T0);
  _mm_prefetch(line + kPrefetchBytes + 192, _MM_HINT_T0);
}

// One panel times `Rows` rows: out[row][64].
template <int Rows>
PREGATE_AVX512 void panel_f32(const std::byte* panel, std::int64_t lines, const RowPointers<Rows>& x,
                              float* out) {
  __m512 sum[Rows][4];
  for (auto& row : sum) std::fill(row, row + 4, _mm512_setzero_ps());
  for (std::int64_t k = 0; k < lines; ++k) {
    const auto* w = reinterpret_cast<const float*>(panel + k * kLineBytes);
    prefetch_line(panel + k * kLineBytes);
    const __m512 w0 = _mm512_loadu_ps(w), w1 = _mm512_loadu_ps(w + 16), w2 = _mm512_loadu_ps(w + 32),
                 w3 = _mm512_loadu_ps(w + 48);
    for (int r = 0; r < Rows; ++r) {
      const __m512 v = _mm512_set1_ps(reinterpret_cast<const float*>(x[r])[k]);
      sum[r][0] = _mm512_fmadd_ps(w0, v, sum[r][0]);
      sum[r][1] = _mm512_fmadd_ps(w1, v, sum[r][1]);
      sum[r][2] = _mm512_fmadd_ps(w2, v, sum[r][2]);
      sum[r][3] = _mm512_fmadd_ps(w3, v, sum[r][3]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int c = 0; c < 4; ++c) _mm512_storeu_ps(out + r * kPanel + c * 16, sum[r][c]);
  }
}

template <int Rows>
PREGATE_AVX512_BF16 void panel_bf16(const std::byte* panel, std::int64_t lines, const RowPointers<Rows>& x,
                                    float* out) {
  __m512 sum[Rows][4];
  for (auto& row : sum) std::fill(row, row + 4, _mm512_setzero_ps());
  for (std::int64_t k = 0; k < lines; ++k) {
    const std::byte* line = panel + k * kLineBytes;
    prefetch_line(line);
    const auto w0 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(line));
    const auto w1 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(line + 64));
    const auto w2 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(line + 128));
    const auto w3 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(line + 192));
    for (int r = 0; r < Rows; ++r) {
      const auto v =
          reinterpret_cast<__m512bh>(_mm512_set1_epi32(reinterpret_cast<const std::int32_t*>(x[r])[k]));
      sum[r][0] = _mm512_dpbf16_ps(sum[r][0], w0, v);
      sum[r][1] = _mm512_dpbf16_ps(sum[r][1], w1, v);
      sum[r][2] = _mm512_dpbf16_ps(sum[r][2], w2, v);
      sum[r][3] = _mm512_dpbf16_ps(sum[r][3], w3, v);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int c = 0; c < 4; ++c) _mm512_storeu_ps(out + r * kPanel + c * 16, sum[r][c]);
  }
}

// The instruction multiplies unsigned by signed: activations are moved up by 128, and 128 x the sum of a
// column's weights is taken off again.
template <int Rows>
PREGATE_AVX512_VNNI void panel_int8(const std::byte* panel, std::int64_t lines, const RowPointers<Rows>& x,
                                    std::int32_t* out) {
  __m512i sum[Rows][4];
  for (auto& row : sum) std::fill(row, row + 4, _mm512_setzero_si512());
  const __m512i up = _mm512_set1_epi8(-128);
  for (std::int64_t k = 0; k < lines; ++k) {
    const std::byte* line = panel + k * kLineBytes;
    prefetch_line(line);
    const __m512i w0 = _mm512_loadu_si512(line), w1 = _mm512_loadu_si512(line + 64),
                  w2 = _mm512_loadu_si512(line + 128), w3 = _mm512_loadu_si512(line + 192);
    for (int r = 0; r < Rows; ++r) {
      const __m512i v =
          _mm512_xor_si512(up, _mm512_set1_epi32(reinterpret_cast<const std::int32_t*>(x[r])[k]));
      sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], v, w0);
      sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], v, w1);
      sum[r][2] = _mm512_dpbusd_epi32(sum[r][2], v, w2);
      sum[r][3] = _mm512_dpbusd_epi32(sum[r][3], v, w3);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int c = 0; c < 4; ++c) _mm512_storeu_si512(out + r * kPanel + c * 16, sum[r][c]);
  }
}

// The outputs of panel `index`, in f32, to y.
template <int Rows>
void run_panel(const Product& product, std::int64_t index) {
  const PackedMatrix& w = product.weights;
  const std::int64_t lines = padded_inputs(w.inputs()) / depth_of(w.precision());
  const std::byte* panel = w.data + index * lines * kLineBytes;
  const std::int64_t first = index * kPanel;
  const std::int64_t count = std::min(kPanel, w.outputs() - first);
  RowPointers<Rows> x;
  for (int r = 0; r < Rows; ++r) x[r] = product.x->row(r);

  alignas(kCacheLine) float out[Rows * kPanel];
  if (w.precision() == Precision::int8) {
    alignas(kCacheLine) std::int32_t sums[Rows * kPanel];
    panel_int8<Rows>(panel, lines, x, sums);
    for (int r = 0; r < Rows; ++r) {
      const float row_scale = product.x->row_scales()[r];
      for (std::int64_t n = 0; n < count; ++n) {
        out[r * kPanel + n] = static_cast<float>(sums[r * kPanel + n] - 128 * w.sums()[first + n]) *
                              (row_scale * w.scales()[first + n]);
      }
    }
  } else if (w.precision() == Precision::bf16) {
    panel_bf16<Rows>(panel, lines, x, out);
  } else {
    panel_f32<Rows>(panel, lines, x, out);
  }
  for (int r = 0; r < Rows; ++r) {
    std::copy_n(out + r * kPanel, count, product.y + r * w.outputs() + first);
  }
}

void run_panel(const Product& product, std::int64_t index) {
  switch (product.x->rows()) {
    case 1:
      return run_panel<1>(product, index);
    case 2:
      return run_panel<2>(product, index);
    case 3:
      return run_panel<3>(product, index);
    default:
      return run_panel<4>(product, index);
  }
}

std::int64_t panels_of(const PackedMatrix& w) {
  return (w.outputs() + kPanel - 1) / kPanel;
}

// Work is measured in lines, so that threads get equal bytes whatever the shapes.
std::int64_t lines_of(const Product& product) {
  return padded_inputs(product.weights.inputs()) / depth_of(product.weights.precision());
}

// Panels whose first line lies in [begin, end) of all products' lines together.
void run_share(std::span<const Product> products, std::int64_t begin, std::int64_t end) {
  std::int64_t at = 0;
  for (const Product& product : products) {
    const std::int64_t lines = lines_of(product), panels = panels_of(product.weights);
    const auto first_from = [&](std::int64_t line) {
      return std::clamp((line - at + lines - 1) / lines, std::int64_t{0}, panels);
    };
    for (std::int64_t p = first_from(std::max(begin, at)), last = first_from(std::max(end, at)); p < last;
         ++p) {
      run_panel(product, p);
    }
    at += lines * panels;
  }
}

}  // namespace

bool can_gemv(const PackedMatrix& weights, std::int64_t rows) {
  const CpuFeatures& cpu = cpu_features();
  if (rows > kFewRows || !weights.layout->in_panels() || !cpu.avx512) return false;
  if (weights.precision() == Precision::bf16) return cpu.avx512_bf16;
  if (weights.precision() == Precision::int8) return cpu.avx512_vnni;
  return true;
}

void gemv(std::span<const Product> products) {
  std::int64_t total = 0;
  for (const Product& product : products) total += lines_of(product) * panels_of(product.weights);
    // Waking a thread costs as much as reading this, and much more on a machine with other work.
#pragma omp parallel if (total * kLineBytes > kWorthThreads)
  {
    const std::int64_t count = omp_get_num_threads(), me = omp_get_thread_num();
    run_share(products, total * me / count, total * (me + 1) / count);
  }
}

}  // namespace pregate
