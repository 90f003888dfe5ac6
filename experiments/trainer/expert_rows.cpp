// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/expert_rows.hpp"

#include <algorithm>

#include "experiments/trainer/row_access.hpp"

namespace pregate {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::tensor_list;

// Row counts come in steps, so that few shapes of product are ever planned by the library below.
constexpr std::int64_t kRowStep = 32;

// out[s] = scale[s] * x[row_of[s]] (1 where there is no scale), zero where row_of is -1.
void spread(const Tensor& x, const Tensor& row_of, const Tensor& scale, const Tensor& scale_of, Tensor& out) {
  const RowReader from(x);
  const RowWriter to(out);
  const auto* rows = row_of.data_ptr<std::int64_t>();
  const float* factors = scale.defined() ? scale.data_ptr<float>() : nullptr;
  const std::int64_t* factor_of = scale.defined() ? scale_of.data_ptr<std::int64_t>() : nullptr;
  const std::int64_t width = out.size(1);
  each_row(out.size(0), width, [&](std::int64_t s) {
    Scratch row(width);
    if (rows[s] < 0) {
      std::fill_n(row.data(), width, 0.0F);
    } else {
      from.read(rows[s], row);
      if (factors != nullptr) scale_row(factors[factor_of[s]], width, row.data());
    }
    to.write(s, row);
  });
}

// out[t] = sum_j scale[t, j] * y[slot_of[t, j]] (1 where there is no scale).
void collect(const Tensor& y, const Tensor& slot_of, const Tensor& scale, Tensor& out) {
  const RowReader from(y);
  const RowWriter to(out);
  const auto* slots = slot_of.data_ptr<std::int64_t>();
  const float* factors = scale.defined() ? scale.data_ptr<float>() : nullptr;
  const std::int64_t width = out.size(1), top_k = slot_of.size(0) / out.size(0);
  each_row(out.size(0), width * top_k, [&](std::int64_t t) {
    Scratch sum(width), row(width);
    std::fill_n(sum.data(), width, 0.0F);
    for (std::int64_t i = t * top_k; i < (t + 1) * top_k; ++i) {
      from.read(slots[i], row);
      add_scaled_row(row.data(), factors == nullptr ? 1.0F : factors[i], width, sum.data());
    }
    to.write(t, sum);
  });
}

// dot[t, j] = <g[t], y[slot_of[t, j]]>.
void dots(const Tensor& y, const Tensor& slot_of, const Tensor& g, Tensor& dot) {
  const RowReader from(y), gradient(g);
  const auto* slots = slot_of.data_ptr<std::int64_t>();
  float* to = dot.data_ptr<float>();
  const std::int64_t width = g.size(1), top_k = slot_of.size(0) / g.size(0);
  each_row(g.size(0), width * top_k, [&](std::int64_t t) {
    Scratch own(width), row(width);
    gradient.read(t, own);
    for (std::int64_t i = t * top_k; i < (t + 1) * top_k; ++i) {
      from.read(slots[i], row);
      to[i] = dot_row(own.data(), row.data(), width);
    }
  });
}

struct GatherRows : Function<GatherRows> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& token_of_slot,
                        const Tensor& slot_of_choice) {
    context->save_for_backward({slot_of_choice});
    context->saved_data["tokens"] = x.size(0);
    Tensor out = torch::empty({token_of_slot.size(0), x.size(1)}, x.options());
    spread(x.contiguous(), token_of_slot, {}, {}, out);
    return out;
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const Tensor g = gradients[0].contiguous();
    Tensor out = torch::empty({context->saved_data["tokens"].toInt(), g.size(1)}, g.options());
    collect(g, context->get_saved_variables()[0], {}, out);
    return {out, Tensor(), Tensor()};
  }
};

// run(e, first, count) for each expert that has rows.
template <typename Run>
void each_expert(const Tensor& first_slot, Run run) {
  const auto* first = first_slot.data_ptr<std::int64_t>();
  for (std::int64_t e = 0; e + 1 < first_slot.size(0); ++e) {
    if (first[e + 1] > first[e]) run(e, first[e], first[e + 1] - first[e]);
  }
}

struct MultiplyRows : Function<MultiplyRows> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weights,
                        const Tensor& first_slot) {
    context->save_for_backward({x, weights, first_slot});
    Tensor y = torch::empty({x.size(0), weights.size(1)}, x.options());
    each_expert(first_slot, [&](std::int64_t e, std::int64_t first, std::int64_t count) {
      Tensor part = y.narrow(0, first, count);
      at::mm_out(part, x.narrow(0, first, count), weights[e].t());
    });
    return y;
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weights = saved[1], &first_slot = saved[2];
    const Tensor g = gradients[0].contiguous();
    Tensor to_x = torch::empty_like(x), to_weights = torch::zeros_like(weights);
    each_expert(first_slot, [&](std::int64_t e, std::int64_t first, std::int64_t count) {
      const Tensor rows = g.narrow(0, first, count);
      Tensor part = to_x.narrow(0, first, count), matrix = to_weights[e];
      at::mm_out(part, rows, weights[e]);
      at::mm_out(matrix, rows.t(), x.narrow(0, first, count));
    });
    return {to_x, to_weights, Tensor()};
  }
};

struct CombineRows : Function<CombineRows> {
  static Tensor forward(AutogradContext* context, const Tensor& y, const Tensor& weights,
                        const Tensor& slot_of_choice, const Tensor& token_of_slot,
                        const Tensor& choice_of_slot) {
    const Tensor rows = y.contiguous();
    const Tensor w = weights.contiguous();
    context->save_for_backward({rows, w, slot_of_choice, token_of_slot, choice_of_slot});
    Tensor out = torch::empty({w.size(0), y.size(1)}, y.options().dtype(torch::kFloat));
    collect(rows, slot_of_choice, w, out);
    return out;
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &y = saved[0], &w = saved[1];
    const Tensor g = gradients[0].contiguous();
    Tensor to_y = torch::empty_like(y), to_w = torch::empty_like(w);
    spread(g, saved[3], w, saved[4], to_y);
    dots(y, saved[2], g, to_w);
    return {to_y, to_w, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

ExpertPlan plan_experts(const Tensor& chosen, std::int64_t experts) {
  const Tensor flat = chosen.contiguous();
  const std::int64_t tokens = flat.size(0), top_k = flat.size(1);
  const auto* expert_of = flat.data_ptr<std::int64_t>();
  ExpertPlan plan;
  plan.load.assign(static_cast<std::size_t>(experts), 0);
  for (std::int64_t i = 0; i < tokens * top_k; ++i) ++plan.load[static_cast<std::size_t>(expert_of[i])];
  plan.first_slot = torch::zeros({experts + 1}, torch::kLong);
  auto* first = plan.first_slot.data_ptr<std::int64_t>();
  for (std::int64_t e = 0; e < experts; ++e)
    first[e + 1] = first[e] + (plan.load[static_cast<std::size_t>(e)] + kRowStep - 1) / kRowStep * kRowStep;
  plan.token_of_slot = torch::full({first[experts]}, -1, torch::kLong);
  plan.choice_of_slot = torch::full({first[experts]}, -1, torch::kLong);
  plan.slot_of_choice = torch::empty({tokens * top_k}, torch::kLong);
  auto* token_of_slot = plan.token_of_slot.data_ptr<std::int64_t>();
  auto* choice_of_slot = plan.choice_of_slot.data_ptr<std::int64_t>();
  auto* slot_of_choice = plan.slot_of_choice.data_ptr<std::int64_t>();
  std::vector<std::int64_t> next(first, first + experts);
  for (std::int64_t i = 0; i < tokens * top_k; ++i) {
    const std::int64_t slot = next[static_cast<std::size_t>(expert_of[i])]++;
    token_of_slot[slot] = i / top_k;
    choice_of_slot[slot] = i;
    slot_of_choice[i] = slot;
  }
  return plan;
}

Tensor gather_rows(const Tensor& x, const ExpertPlan& plan) {
  return GatherRows::apply(x, plan.token_of_slot, plan.slot_of_choice);
}

Tensor multiply_rows(const Tensor& x, const Tensor& weights, const ExpertPlan& plan) {
  return MultiplyRows::apply(x, weights, plan.first_slot);
}

Tensor combine_rows(const Tensor& y, const Tensor& weights, const ExpertPlan& plan) {
  return CombineRows::apply(y, weights, plan.slot_of_choice, plan.token_of_slot, plan.choice_of_slot);
}

}  // namespace pregate
