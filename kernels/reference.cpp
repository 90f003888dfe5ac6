// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference.hpp"

#include <algorithm>
#include <cmath>

namespace pregate::reference {
namespace {

std::size_t size(std::int64_t n) {
  return static_cast<std::size_t>(n);
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

Numbers matmul(const Numbers& x, const Numbers& w, std::int64_t rows, std::int64_t inputs) {
  const std::size_t columns = size(inputs), outputs = w.size() / columns;
  Numbers y;
  for (std::size_t r = 0; r < size(rows); ++r) {
    for (std::size_t n = 0; n < outputs; ++n) {
      double sum = 0;
      for (std::size_t k = 0; k < columns; ++k)
        sum += double{x[r * columns + k]} * double{w[n * columns + k]};
      y.push_back(static_cast<float>(sum));
    }
  }
  return y;
}

Numbers rms_norm(const Numbers& x, const Numbers& weight, double epsilon) {
  const std::size_t columns = weight.size();
  Numbers y;
  for (std::size_t first = 0; first < x.size(); first += columns) {
    double squares = 0;
    for (std::size_t i = 0; i < columns; ++i) squares += double{x[first + i]} * double{x[first + i]};
    const double root = std::sqrt(squares / static_cast<double>(columns) + epsilon);
    for (std::size_t i = 0; i < columns; ++i) {
      y.push_back(static_cast<float>(double{x[first + i]} / root * double{weight[i]}));
    }
  }
  return y;
}

Numbers rotary(const Numbers& head, std::int64_t position, double theta) {
  const std::size_t half = head.size() / 2;
  Numbers y(head.size());
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = static_cast<double>(position) *
                         std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head.size()));
    y[i] = static_cast<float>(double{head[i]} * std::cos(angle) - double{head[i + half]} * std::sin(angle));
    y[i + half] =
        static_cast<float>(double{head[i + half]} * std::cos(angle) + double{head[i]} * std::sin(angle));
  }
  return y;
}

Numbers swiglu(const Numbers& x, const Numbers& gate, const Numbers& up, const Numbers& down,
               std::int64_t rows, std::int64_t hidden) {
  Numbers g = matmul(x, gate, rows, hidden);
  const Numbers u = matmul(x, up, rows, hidden);
  for (std::size_t i = 0; i < g.size(); ++i) {
    g[i] = static_cast<float>(double{g[i]} * sigmoid(double{g[i]}) * double{u[i]});
  }
  return matmul(g, down, rows, static_cast<std::int64_t>(g.size()) / rows);
}

Numbers attention(const AttentionShape& shape, const Numbers& q, const Numbers& k, const Numbers& v) {
  const std::size_t dim = size(shape.head_dim), q_row = size(shape.heads) * dim,
                    kv_row = size(shape.kv_heads) * dim;
  const std::size_t queries = q.size() / q_row, keys = k.size() / kv_row;
  Numbers out(q.size());
  for (std::size_t t = 0; t < queries; ++t) {
    for (std::size_t h = 0; h < size(shape.heads); ++h) {
      const std::size_t kv = h / size(shape.heads / shape.kv_heads) * dim, seen = keys - queries + t + 1;
      std::vector<double> weight(seen);
      for (std::size_t s = 0; s < seen; ++s) {
        for (std::size_t i = 0; i < dim; ++i) {
          weight[s] += double{q[t * q_row + h * dim + i]} * double{k[s * kv_row + kv + i]};
        }
      }
      const double largest = *std::max_element(weight.begin(), weight.end());
      double sum = 0;
      for (double& w : weight) sum += w = std::exp((w - largest) / std::sqrt(static_cast<double>(dim)));
      for (std::size_t i = 0; i < dim; ++i) {
        double mixed = 0;
        for (std::size_t s = 0; s < seen; ++s) mixed += weight[s] / sum * double{v[s * kv_row + kv + i]};
        out[t * q_row + h * dim + i] = static_cast<float>(mixed);
      }
    }
  }
  return out;
}

}  // namespace pregate::reference
