// SPDX-License-Identifier: Apache-2.0
// Operations with a gradient of their own, against libtorch's many-step forms and their gradients.
#include "experiments/trainer/fused.hpp"

#include <gtest/gtest.h>

#include "experiments/trainer/expert_rows.hpp"

namespace pregate {
namespace {

using torch::Tensor;
using TensorFunction = std::function<Tensor(const std::vector<Tensor>&)>;

Tensor random(std::vector<std::int64_t> sizes) {
  static at::Generator generator = at::detail::createCPUGenerator(7);
  return torch::empty(sizes).normal_(0, 1, generator);
}

double largest(const Tensor& t) {
  return t.abs().max().item<double>();
}

// Values and gradients of `ours` are those of `plain`, for a gradient that differs from entry to entry.
void expect_same(const TensorFunction& ours, const TensorFunction& plain, const std::vector<Tensor>& inputs) {
  const auto run = [&](const TensorFunction& f, Tensor& value) {
    std::vector<Tensor> leaves;
    for (const Tensor& input : inputs) leaves.push_back(input.detach().clone().set_requires_grad(true));
    value = f(leaves);
    const Tensor ramp = torch::arange(value.numel(), torch::kFloat).view(value.sizes()) * 0.37;
    (value * ramp.cos()).sum().backward();
    std::vector<Tensor> gradients;
    for (const Tensor& leaf : leaves) gradients.push_back(leaf.grad());
    return gradients;
  };
  Tensor our_value, plain_value;
  const auto our_gradients = run(ours, our_value);
  const auto plain_gradients = run(plain, plain_value);
  EXPECT_LT(largest(our_value - plain_value), 2e-6 * (1 + largest(plain_value)));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_LT(largest(our_gradients[i] - plain_gradients[i]), 4e-6 * (1 + largest(plain_gradients[i])))
        << "gradient of input " << i;
  }
}

TEST(Fused, RmsNorm_IsThePlainOneWithItsGradients) {
  expect_same([](const auto& in) { return rms_norm(in[0], in[1], 1e-3); },
              [](const auto& in) { return in[0] * (in[0].square().mean(-1, true) + 1e-3).rsqrt() * in[1]; },
              {random({9, 37}), random({37})});
}

TEST(Fused, Swiglu_IsThePlainOneWithItsGradients) {
  expect_same([](const auto& in) { return swiglu(in[0]); },
              [](const auto& in) {
                const auto halves = in[0].chunk(2, -1);
                return torch::silu(halves[0]) * halves[1];
              },
              {random({11, 46}) * 3});
}

TEST(Fused, Rotate_TurnsTheTwoHalvesOfAHeadTogether) {
  const std::int64_t length = 5, half = 4;
  const Tensor angles = random({length, half});
  const Tensor cosines = angles.cos().contiguous(), sines = angles.sin().contiguous();
  expect_same([&](const auto& in) { return rotate(in[0], cosines, sines, length); },
              [&](const auto& in) {
                const Tensor c = cosines.repeat({2, 1}).unsqueeze(1), s = sines.repeat({2, 1}).unsqueeze(1);
                const auto halves = in[0].chunk(2, -1);
                return torch::cat({halves[0] * c - halves[1] * s, halves[1] * c + halves[0] * s}, -1);
              },
              {random({2 * length, 3, 2 * half})});
}

TEST(Fused, CausalSoftmax_SeesNoKeyOfTheFuture) {
  const std::int64_t queries = 3, first = 4, keys = 7;
  expect_same(
      [&](const auto& in) { return causal_softmax(in[0], queries, first); },
      [&](const auto& in) {
        const Tensor future = torch::ones({queries, keys}, torch::kBool).triu(first + 1).repeat({2, 1});
        return in[0].masked_fill(future, -INFINITY).softmax(-1);
      },
      {random({2, 2 * queries, keys}) * 4});
}

// Tokens through their experts: rows that are gathered, multiplied and combined, and the same token by token.
TEST(ExpertRows, AreTheWeightedSumOfTheChosenExperts) {
  const std::int64_t tokens = 40, top_k = 3, experts = 5, in = 6, out = 4;
  const Tensor chosen =
      random({tokens, experts}).argsort(std::int64_t{-1}, false).narrow(1, 0, top_k).contiguous();
  const ExpertPlan plan = plan_experts(chosen, experts);
  expect_same(
      [&](const auto& x) {
        return combine_rows(multiply_rows(gather_rows(x[0], plan), x[1], plan), x[2], plan);
      },
      [&](const auto& x) {
        const Tensor all = torch::einsum("ti,eoi->teo", {x[0], x[1]});
        const Tensor picked = all.gather(1, chosen.unsqueeze(-1).expand({tokens, top_k, out}));
        return (picked * x[2].unsqueeze(-1)).sum(1);
      },
      {random({tokens, in}), random({experts, out, in}), random({tokens, top_k})});
}

TEST(ExpertRows, AnExpertThatNobodyChoseGetsNoGradient) {
  const Tensor chosen = torch::tensor({0, 2, 2, 0}, torch::kLong).view({4, 1});
  const ExpertPlan plan = plan_experts(chosen, 3);
  EXPECT_EQ(plan.load, (std::vector<std::int64_t>{2, 0, 2}));
  Tensor weights = random({3, 4, 6}).set_requires_grad(true);
  multiply_rows(gather_rows(random({4, 6}), plan), weights, plan).sum().backward();
  EXPECT_EQ(largest(weights.grad()[1]), 0);
  EXPECT_GT(largest(weights.grad()[2]), 0);
}

}  // namespace
}  // namespace pregate
