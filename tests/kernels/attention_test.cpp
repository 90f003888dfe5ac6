// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.hpp"

#include <gtest/gtest.h>

#include "kernels/cpu.hpp"
#include "kernels/norm_rotary.hpp"
#include "kernels/reference.hpp"
#include "kernels/vector_math.hpp"
#include "tests/kernels/packed.hpp"

namespace pregate {
namespace {

using test::Numbers;
using test::random_numbers;
using test::relative_difference;

struct Case {
  std::int64_t heads, kv_heads, dim, before, tokens;
  bool bf16;
};

class AttentionOf : public testing::TestWithParam<Case> {};

TEST_P(AttentionOf, EqualsTheFormula) {
  const Case c = GetParam();
  if (c.bf16 && !supports(Precision::bf16)) GTEST_SKIP() << "this processor does not compute in bf16";
  const std::int64_t keys = c.before + c.tokens, q_row = c.heads * c.dim, kv_row = c.kv_heads * c.dim;
  const Numbers q = random_numbers(c.tokens * q_row, 1, 2), k = random_numbers(keys * kv_row, 2, 2),
                v = random_numbers(keys * kv_row, 3);
  KvCache cache({.layers = 2, .kv_heads = c.kv_heads, .head_dim = c.dim, .capacity = keys, .bf16 = c.bf16});
  cache.write({.layer = 0, .position = 0, .tokens = keys, .stride = kv_row}, v.data(),
              k.data());  // not to be read
  cache.write({.layer = 1, .position = 0, .tokens = c.before, .stride = kv_row}, k.data(), v.data());
  cache.write({.layer = 1, .position = c.before, .tokens = c.tokens, .stride = kv_row},
              k.data() + c.before * kv_row, v.data() + c.before * kv_row);
  Numbers out(q.size());
  Attention attention;
  attention.run(cache,
                {.layer = 1, .heads = c.heads, .position = c.before, .tokens = c.tokens, .q_stride = q_row},
                q.data(), out.data());
  const double difference =
      relative_difference(reference::attention({c.heads, c.kv_heads, c.dim}, q, k, v), out.data());
  std::printf("largest difference over the largest output: %.2e\n", difference);
  EXPECT_LT(difference, c.bf16 ? 2e-2 : 5e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionOf,
                         testing::Values(Case{4, 2, 16, 0, 1, false}, Case{4, 2, 16, 70, 1, false},
                                         Case{4, 1, 32, 5, 3, false}, Case{4, 2, 16, 0, 9, false},
                                         Case{6, 3, 8, 61, 40, false}, Case{4, 4, 16, 0, 130, false},
                                         Case{4, 2, 16, 70, 1, true}, Case{4, 2, 16, 10, 60, true}));

TEST(Attention, OfALongPromptInBlocks_EqualsDecodeTokenByToken) {
  const std::int64_t dim = 8, tokens = 1500;
  const Numbers q = random_numbers(tokens * dim * 2, 1), k = random_numbers(tokens * dim, 2),
                v = random_numbers(tokens * dim, 3);
  KvCache cache({.layers = 1, .kv_heads = 1, .head_dim = dim, .capacity = tokens});
  cache.write({.layer = 0, .position = 0, .tokens = tokens, .stride = dim}, k.data(), v.data());
  Numbers together(q.size()), alone(q.size());
  Attention attention;
  attention.run(cache, {.layer = 0, .heads = 2, .position = 0, .tokens = tokens, .q_stride = 2 * dim},
                q.data(), together.data());
  for (std::int64_t t = 0; t < tokens; ++t) {
    attention.run(cache, {.layer = 0, .heads = 2, .position = t, .tokens = 1, .q_stride = 2 * dim},
                  q.data() + t * 2 * dim, alone.data() + t * 2 * dim);
  }
  EXPECT_LT(relative_difference(alone, together.data()), 2e-6);
}

TEST(RmsNorm, EqualsTheFormula) {
  const Numbers x = random_numbers(20 * 100, 1, 3), weight = random_numbers(100, 2);
  Numbers y(x.size());
  rms_norm(x.data(), weight.data(), 1e-5F, {.rows = 20, .columns = 100}, y.data());
  EXPECT_LT(relative_difference(reference::rms_norm(x, weight, 1e-5), y.data()), 1e-6);
}

TEST(Rotary, EqualsTheFormulaAtEveryPosition) {
  const std::int64_t dim = 32, heads = 2, tokens = 20, stride = 100;
  Numbers x = random_numbers(tokens * stride, 1);
  const Numbers before = x;
  Rotary rotary(dim, 5e4);
  rotary.rotate({.tokens = tokens, .heads = heads, .stride = stride, .position = 1000}, x.data());
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t h = 0; h < heads; ++h) {
      const auto at = before.begin() + t * stride + h * dim;
      const Numbers expected = reference::rotary(Numbers(at, at + dim), 1000 + t, 5e4);
      EXPECT_LT(relative_difference(expected, x.data() + t * stride + h * dim), 1e-6);
    }
    EXPECT_EQ(x[static_cast<std::size_t>(t * stride + heads * dim)],
              before[static_cast<std::size_t>(t * stride + heads * dim)])
        << "what is no head of it stays";
  }
}

TEST(VectorExp, IsCloseToExpEverywhere) {
  Numbers x;
  for (int i = -9000; i < 8800; ++i) x.push_back(static_cast<float>(i) * 0.01F + 0.003F);
  Numbers y(x.size());
  vector_exp(x.data(), static_cast<std::int64_t>(x.size()), y.data());
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = std::exp(double{x[i]});
    if (x[i] < -87) {
      EXPECT_LT(y[i], 2e-38);
    } else {
      largest = std::max(largest, std::abs(double{y[i]} / expected - 1));
    }
  }
  std::printf("largest relative difference: %.2e\n", largest);
  EXPECT_LT(largest, 3e-7);
}

}  // namespace
}  // namespace pregate
