// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/fused.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "experiments/trainer/row_access.hpp"
#include "experiments/trainer/rows_math.hpp"

namespace pregate {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::tensor_list;

struct RmsNorm : Function<RmsNorm> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, double epsilon) {
    const Tensor rows = x.contiguous();
    Tensor out = torch::empty_like(rows), scales = torch::empty({rows.size(0)}, rows.options());
    const std::int64_t width = rows.size(1);
    const float* w = weight.data_ptr<float>();
    const float* from = rows.data_ptr<float>();
    float *to = out.data_ptr<float>(), *scale = scales.data_ptr<float>();
    each_row(rows.size(0), width, [&](std::int64_t r) {
      const float* row = from + r * width;
      scale[r] = 1.0F / std::sqrt(dot_row(row, row, width) / static_cast<float>(width) +
                                  static_cast<float>(epsilon));
      for (std::int64_t i = 0; i < width; ++i) to[r * width + i] = row[i] * scale[r] * w[i];
    });
    context->save_for_backward({rows, weight, scales});
    return out;
  }
  // With y = x s w and s = (mean x^2 + e)^-1/2: dx = s (g w - x s^2 <g w, x> / width).
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &scales = saved[2];
    const Tensor g = gradients[0].contiguous();
    const std::int64_t width = x.size(1);
    Tensor to_x = torch::empty_like(x);
    const float *w = weight.data_ptr<float>(), *from = x.data_ptr<float>(), *grad = g.data_ptr<float>(),
                *scale = scales.data_ptr<float>();
    float* to = to_x.data_ptr<float>();
    each_row(x.size(0), width, [&](std::int64_t r) {
      const float *row = from + r * width, *gr = grad + r * width;
      float* out = to + r * width;
      for (std::int64_t i = 0; i < width; ++i) out[i] = gr[i] * w[i];
      const float along = dot_row(out, row, width) * scale[r] * scale[r] / static_cast<float>(width);
      for (std::int64_t i = 0; i < width; ++i) out[i] = scale[r] * (out[i] - row[i] * along);
    });
    const Tensor to_weight = (g * x).mul_(scales.unsqueeze(1)).sum(0);
    return {to_x, to_weight, Tensor()};
  }
};

struct Swiglu : Function<Swiglu> {
  static Tensor forward(AutogradContext* context, const Tensor& gate_up) {
    const Tensor rows = gate_up.contiguous();
    context->save_for_backward({rows});
    const std::int64_t width = rows.size(1) / 2;
    Tensor out = torch::empty({rows.size(0), width}, rows.options());
    const RowReader from(rows);
    const RowWriter to(out);
    each_row(rows.size(0), 2 * width, [&](std::int64_t r) {
      Scratch both(2 * width), result(width);
      from.read(r, both);
      swiglu_row(both.data(), both.data() + width, width, result.data());
      to.write(r, result);
    });
    return out;
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const Tensor rows = context->get_saved_variables()[0];
    const Tensor g = gradients[0].contiguous();
    const std::int64_t width = g.size(1);
    Tensor out = torch::empty_like(rows);
    const RowReader from(rows), gradient(g);
    const RowWriter to(out);
    each_row(g.size(0), 2 * width, [&](std::int64_t r) {
      Scratch both(2 * width), result(2 * width), gr(width);
      from.read(r, both);
      gradient.read(r, gr);
      swiglu_gradient_row(both.data(), both.data() + width, gr.data(), width, result.data(),
                          result.data() + width);
      to.write(r, result);
    });
    return {out};
  }
};

// Rotation by an angle; its gradient is the rotation back.
Tensor rotated(const Tensor& x, const Tensor& cosines, const Tensor& sines, std::int64_t length, bool back) {
  const std::int64_t heads = x.size(1), dim = x.size(2), half = dim / 2;
  Tensor out = torch::empty_like(x);
  const Tensor turned = back ? -sines : sines;
  const float *c = cosines.data_ptr<float>(), *s = turned.data_ptr<float>();
  const RowReader from(x.view({-1, heads * dim}));
  const RowWriter to(out.view({-1, heads * dim}));
  each_row(x.size(0), heads * dim, [&](std::int64_t t) {
    Scratch row(heads * dim);
    from.read(t, row);
    const std::int64_t position = t % length;
    for (std::int64_t h = 0; h < heads; ++h) {
      float* head = row.data() + h * dim;
      rotate_row(head, head + half, c + position * half, s + position * half, half);
    }
    to.write(t, row);
  });
  return out;
}

struct Rotate : Function<Rotate> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& cosines, const Tensor& sines,
                        std::int64_t length) {
    context->save_for_backward({cosines, sines});
    context->saved_data["length"] = length;
    return rotated(x.contiguous(), cosines, sines, length, false);
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const std::int64_t length = context->saved_data["length"].toInt();
    return {rotated(gradients[0].contiguous(), saved[0], saved[1], length, true), Tensor(), Tensor(),
            Tensor()};
  }
};

struct CausalSoftmax : Function<CausalSoftmax> {
  static Tensor forward(AutogradContext* context, const Tensor& scores, std::int64_t queries,
                        std::int64_t first) {
    const Tensor from = scores.contiguous();
    const std::int64_t keys = from.size(2);
    Tensor out = torch::empty_like(from);
    const RowReader read(from.view({-1, keys}));
    const RowWriter write(out.view({-1, keys}));
    each_row(from.size(0) * from.size(1), keys, [&](std::int64_t r) {
      Scratch row(keys);
      const std::int64_t seen = first + r % queries + 1;
      read.read(r, row);
      softmax_row(row.data(), seen);
      std::fill(row.data() + seen, row.data() + keys, 0.0F);
      write.write(r, row);
    });
    context->save_for_backward({out});
    return out;
  }
  // Keys of the future have p = 0, and so no gradient.
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const Tensor shares = context->get_saved_variables()[0];
    const Tensor g = gradients[0].contiguous();
    const std::int64_t keys = g.size(2);
    Tensor out = torch::empty_like(g);
    const RowReader read(shares.view({-1, keys})), gradient(g.view({-1, keys}));
    const RowWriter write(out.view({-1, keys}));
    each_row(g.size(0) * g.size(1), keys, [&](std::int64_t r) {
      Scratch p(keys), row(keys);
      read.read(r, p);
      gradient.read(r, row);
      softmax_gradient_row(p.data(), keys, row.data());
      write.write(r, row);
    });
    return {out, Tensor(), Tensor()};
  }
};

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight, double epsilon) {
  return RmsNorm::apply(x, weight, epsilon);
}

Tensor swiglu(const Tensor& gate_up) {
  return Swiglu::apply(gate_up);
}

Tensor rotate(const Tensor& x, const Tensor& cosines, const Tensor& sines, std::int64_t length) {
  return Rotate::apply(x, cosines, sines, length);
}

Tensor causal_softmax(const Tensor& scores, std::int64_t queries, std::int64_t first) {
  return CausalSoftmax::apply(scores, queries, first);
}

}  // namespace pregate
