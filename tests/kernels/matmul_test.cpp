// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/cpu.hpp"
#include "kernels/feed_forward.hpp"
#include "kernels/gemv.hpp"
#include "kernels/onednn_product.hpp"
#include "kernels/reference.hpp"
#include "tests/kernels/packed.hpp"

namespace pregate {
namespace {

using test::Numbers;
using test::Packed;
using test::random_numbers;
using test::relative_difference;

// What a precision can lose in a product: f32 rounds sums, bf16 has 8 bits, int8 has 7 of a row's largest.
double tolerance(Precision precision) {
  return precision == Precision::f32 ? 2e-6 : precision == Precision::bf16 ? 5e-3 : 1.5e-2;
}

Numbers product(const Packed& w, Precision precision, const Numbers& x, std::int64_t rows) {
  const PackedMatrix view = w.view();
  Activations activations;
  activations.convert(precision, x.data(), rows, view.inputs(), view.inputs());
  Numbers y(static_cast<std::size_t>(padded_rows(rows) * view.outputs()));
  matmul(view, activations, y.data());
  y.resize(static_cast<std::size_t>(rows * view.outputs()));
  return y;
}

struct Case {
  std::int64_t rows, inputs, outputs;
};

class Matmul : public testing::TestWithParam<std::tuple<Precision, Case>> {};

TEST_P(Matmul, EqualsTheNaiveProduct) {
  const auto [precision, c] = GetParam();
  if (!supports(precision)) GTEST_SKIP() << "this processor does not compute in " << to_text(precision);
  const Numbers x = random_numbers(c.rows * c.inputs, 1), w = random_numbers(c.outputs * c.inputs, 2);
  const Packed packed({.outputs = c.outputs, .inputs = c.inputs, .precision = precision}, w);
  ASSERT_TRUE(packed.status().ok());
  const Numbers y = product(packed, precision, x, c.rows);
  const double difference = relative_difference(reference::matmul(x, w, c.rows, c.inputs), y.data());
  RecordProperty("largest_relative_difference", std::to_string(difference));
  std::printf("largest difference over the largest output: %.2e\n", difference);
  EXPECT_LT(difference, tolerance(precision));
}

// Rows of one to four are decode; widths that fill no panel and no block; one output; more rows than a step.
INSTANTIATE_TEST_SUITE_P(Shapes, Matmul,
                         testing::Combine(testing::Values(Precision::f32, Precision::bf16, Precision::int8),
                                          testing::Values(Case{1, 64, 64}, Case{1, 100, 70}, Case{2, 33, 129},
                                                          Case{3, 256, 1}, Case{4, 1, 65}, Case{5, 100, 70},
                                                          Case{17, 64, 200}, Case{70, 130, 64},
                                                          Case{300, 48, 96})),
                         [](const auto& p) {
                           const Case& c = std::get<1>(p.param);
                           return std::string(to_text(std::get<0>(p.param))) + "_" + std::to_string(c.rows) +
                                  "x" + std::to_string(c.inputs) + "x" + std::to_string(c.outputs);
                         });

// int8 products are integers: however they are computed, the sums are the same to the last bit.
TEST(Matmul, OfInt8_IsTheSameInDecodeAndPrefill) {
  if (!supports(Precision::int8)) GTEST_SKIP() << "this processor has no VNNI";
  const std::int64_t inputs = 200, outputs = 150, rows = 12;
  const Numbers x = random_numbers(rows * inputs, 5), w = random_numbers(outputs * inputs, 6);
  const Packed packed({.outputs = outputs, .inputs = inputs, .precision = Precision::int8}, w);
  const Numbers together = product(packed, Precision::int8, x, rows);
  for (std::int64_t r = 0; r < rows; ++r) {
    const Numbers row(x.begin() + r * inputs, x.begin() + (r + 1) * inputs);
    const Numbers alone = product(packed, Precision::int8, row, 1);
    for (std::int64_t n = 0; n < outputs; ++n) {
      ASSERT_EQ(alone[static_cast<std::size_t>(n)], together[static_cast<std::size_t>(r * outputs + n)])
          << r << " " << n;
    }
  }
}

TEST(Matmul, ARowOfZeros_IsZeroInEveryPrecision) {
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    if (!supports(precision)) continue;
    const Numbers w = random_numbers(64 * 40, 3);
    const Packed packed({.outputs = 64, .inputs = 40, .precision = precision}, w);
    EXPECT_THAT(product(packed, precision, Numbers(40), 1), testing::Each(0.0F)) << to_text(precision);
  }
}

TEST(Pack, ANotFiniteNumberWhereAScaleIsMade_NamesItsRow) {
  if (!supports(Precision::int8)) GTEST_SKIP() << "this processor has no VNNI";
  Numbers w = random_numbers(70 * 20, 3);
  w[66 * 20 + 7] = std::numeric_limits<float>::quiet_NaN();
  const Packed packed({.outputs = 70, .inputs = 20, .precision = Precision::int8}, w);
  ASSERT_FALSE(packed.status().ok());
  EXPECT_EQ(packed.status().error().place, "row 66");
}

TEST(Pack, HasTheBytesOfItsNumbersAndLittleMore) {
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    if (!supports(precision)) continue;
    const PackedLayout layout({.outputs = 1408, .inputs = 2048, .precision = precision});
    const double plain = 1408.0 * 2048 * static_cast<double>(bytes_of(precision));
    EXPECT_LE(static_cast<double>(layout.bytes()), 1.01 * plain) << to_text(precision);
  }
}

TEST(Pack, TheDecodeKernels_AreUsedOnAProcessorThatHasThem) {
  const CpuFeatures& cpu = cpu_features();
  if (!cpu.avx512_bf16 || !cpu.avx512_vnni || describe_cpu().find("AMX") == std::string::npos) {
    GTEST_SKIP() << "this processor lacks AMX, with which oneDNN asks for these layouts in all precisions";
  }
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    if (!supports(precision)) continue;
    for (const std::int64_t outputs : {64, 1408, 3072, 128880}) {
      const PackedLayout layout({.outputs = outputs, .inputs = 2048, .precision = precision});
      EXPECT_TRUE(layout.in_panels()) << to_text(precision) << " " << outputs;
    }
  }
}

class Swiglu : public testing::TestWithParam<std::tuple<Precision, std::int64_t>> {};

TEST_P(Swiglu, EqualsTheFormula) {
  const auto [precision, rows] = GetParam();
  if (!supports(precision)) GTEST_SKIP() << "this processor does not compute in " << to_text(precision);
  const std::int64_t hidden = 96, width = 72;
  const Numbers x = random_numbers(rows * hidden, 1);
  const Numbers gate = random_numbers(width * hidden, 2, 0.3F), up = random_numbers(width * hidden, 3, 0.3F),
                down = random_numbers(hidden * width, 4, 0.3F);
  const MatrixShape wide{.outputs = width, .inputs = hidden, .precision = precision};
  const MatrixShape narrow{.outputs = hidden, .inputs = width, .precision = precision};
  const Packed g(wide, gate), u(wide, up), d(narrow, down);
  Activations activations;
  activations.convert(precision, x.data(), rows, hidden, hidden);
  const auto size = static_cast<std::size_t>(padded_rows(rows) * hidden);
  Numbers first(size), second(size);
  const SwigluWeights weights{g.view(), u.view(), d.view()};
  const SwigluTask tasks[] = {{weights, &activations, first.data()}, {weights, &activations, second.data()}};
  FeedForward feed_forward;
  feed_forward.run(tasks);
  const Numbers expected = reference::swiglu(x, gate, up, down, rows, hidden);
  const double difference = relative_difference(expected, first.data());
  std::printf("largest difference over the largest output: %.2e\n", difference);
  EXPECT_LT(difference, 3 * tolerance(precision));
  EXPECT_EQ(relative_difference(expected, second.data()), difference)
      << "tasks of one call disturb each other";
}

INSTANTIATE_TEST_SUITE_P(Rows, Swiglu,
                         testing::Combine(testing::Values(Precision::f32, Precision::bf16, Precision::int8),
                                          testing::Values(1, 2, 4, 7, 40)),
                         [](const auto& p) {
                           return std::string(to_text(std::get<0>(p.param))) + "_" +
                                  std::to_string(std::get<1>(p.param)) + "_rows";
                         });

TEST(Activations, GatheredRows_AreThoseRows) {
  const Numbers x = random_numbers(6 * 10, 9);
  Activations all, some;
  all.convert(Precision::int8, x.data(), 6, 10, 10);
  const std::int32_t rows[] = {4, 1};
  some.gather(all, rows);
  EXPECT_EQ(some.rows(), 2);
  EXPECT_EQ(some.row_scales()[0], all.row_scales()[4]);
  EXPECT_TRUE(std::equal(some.row(1), some.row(1) + some.stride(), all.row(1)));
}

}  // namespace
}  // namespace pregate
