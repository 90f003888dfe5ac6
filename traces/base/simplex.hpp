// SPDX-License-Identifier: Apache-2.0
// The least of a function of a few numbers, without its derivatives: Nelder and Mead's simplex (Computer
// Journal 7, 1965), with their coefficients, inside a box. Leaves out the search for another valley: it ends
// in the one that it began in.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace pregate {

template <std::size_t Axes>
class Simplex {
 public:
  using Point = std::array<double, Axes>;
  struct Options {
    Point start{}, first_step{}, least{}, most{};
    int evaluations = 200;  // about as many, and no fewer than the first simplex has corners
    double enough = 1e-4;   // relative spread of the simplex at which the search ends
  };

  Simplex(const Options& options, std::function<double(const Point&)> cost)
      : options_(options), cost_(std::move(cost)) {}

  Point run() {
    start();
    while (evaluations_ < options_.evaluations) {
      std::stable_sort(corners_.begin(), corners_.end(), cheaper);
      if (corners_.back().cost - corners_.front().cost <= options_.enough * corners_.front().cost) break;
      step();
    }
    return std::min_element(corners_.begin(), corners_.end(), cheaper)->point;
  }
  [[nodiscard]] std::int64_t evaluations() const { return evaluations_; }

 private:
  struct Corner {
    Point point{};
    double cost = 0;
  };
  static bool cheaper(const Corner& a, const Corner& b) { return a.cost < b.cost; }

  Corner evaluate(Point point) {
    for (std::size_t i = 0; i < Axes; ++i)
      point[i] = std::clamp(point[i], options_.least[i], options_.most[i]);
    ++evaluations_;
    return {point, cost_(point)};
  }

  void start() {
    corners_[0] = evaluate(options_.start);
    for (std::size_t i = 0; i < Axes; ++i) {
      Point moved = options_.start;
      moved[i] += options_.first_step[i];
      corners_[i + 1] = evaluate(moved);
    }
  }

  // The point at `factor` times the way from the worst corner to the centre of the others.
  Corner beyond(double factor) {
    const Point& worst = corners_.back().point;
    Point point{};
    for (std::size_t i = 0; i < Axes; ++i) {
      double centre = 0;
      for (std::size_t v = 0; v < Axes; ++v) centre += corners_[v].point[i];
      point[i] = worst[i] + factor * (centre / Axes - worst[i]);
    }
    return evaluate(point);
  }

  void step() {
    const double best = corners_.front().cost;
    const double second_worst = corners_[Axes - 1].cost;
    Corner& worst = corners_.back();
    const Corner reflected = beyond(2);
    if (reflected.cost < best) {
      const Corner expanded = beyond(3);
      worst = expanded.cost < reflected.cost ? expanded : reflected;
    } else if (reflected.cost < second_worst) {
      worst = reflected;
    } else {
      const Corner contracted = beyond(reflected.cost < worst.cost ? 1.5 : 0.5);
      if (contracted.cost < std::min(reflected.cost, worst.cost)) {
        worst = contracted;
      } else {
        shrink();
      }
    }
  }

  void shrink() {
    for (std::size_t v = 1; v < corners_.size(); ++v) {
      Point point{};
      for (std::size_t i = 0; i < Axes; ++i) point[i] = (corners_[v].point[i] + corners_[0].point[i]) / 2;
      corners_[v] = evaluate(point);
    }
  }

  Options options_;
  std::function<double(const Point&)> cost_;
  std::array<Corner, Axes + 1> corners_{};
  std::int64_t evaluations_ = 0;
};

}  // namespace pregate
