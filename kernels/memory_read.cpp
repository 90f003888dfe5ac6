// SPDX-License-Identifier: Apache-2.0
#include "kernels/memory_read.hpp"

#include <omp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "kernels/vector_math.hpp"

namespace pregate {
namespace {

// The sum of all words: every byte is needed for it.
PREGATE_VECTOR_CLONES std::uint64_t sum_of_words(const std::byte* data, std::size_t bytes) {
  std::uint64_t sums[32] = {};
  std::uint64_t words[32];
  std::size_t i = 0;
  for (; i + sizeof(words) <= bytes; i += sizeof(words)) {
    // As far ahead as the products do: the limit must not be the weaker reader.
    for (std::size_t l = 0; l < sizeof(words); l += 64) __builtin_prefetch(data + i + 4096 + l);
    std::memcpy(words, data + i, sizeof(words));
    for (int l = 0; l < 32; ++l) sums[l] += words[l];
  }
  for (int l = 1; l < 32; ++l) sums[0] += sums[l];
  return sums[0];
}

}  // namespace

double read_seconds(const std::byte* data, std::size_t bytes) {
  static std::atomic<std::uint64_t> sink{0};  // what is read must be used
  const auto begin = std::chrono::steady_clock::now();
#pragma omp parallel
  {
    const auto count = static_cast<std::size_t>(omp_get_num_threads());
    const auto me = static_cast<std::size_t>(omp_get_thread_num());
    const std::size_t first = bytes / count * me, last = me + 1 == count ? bytes : bytes / count * (me + 1);
    sink += sum_of_words(data + first, last - first);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace pregate
