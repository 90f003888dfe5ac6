// SPDX-License-Identifier: Apache-2.0
#include "traces/locality_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "traces/locality_sets.hpp"

namespace pregate {
namespace {

constexpr int kShuffles = 16;
constexpr std::uint64_t kShuffleSeed = 0x5eed;

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

// n x sum(xy) - sum(x) sum(y) over the root of the same of both with themselves; 0 where one does not vary.
double correlation(double n, double x, double y, double xx, double yy, double xy) {
  const double spread = (n * xx - x * x) * (n * yy - y * y);
  return spread > 0 ? (n * xy - x * y) / std::sqrt(spread) : 0;
}

class Pairing {
 public:
  Pairing(const UseSets& sets, const ModelShape& model) : sets_(sets), model_(model) {
    for (std::size_t row = 0; row < sets.rows(); ++row) {
      uses_.push_back(sets.uses(row));
      Size size;
      for (std::size_t step = 0; step < sets.steps(); ++step) {
        const std::int64_t count = count_bits(sets.set(step, row));
        size.chosen += count;
        size.tokens += count > 0 ? 1 : 0;
      }
      sizes_.push_back(size);
    }
    Random random(kShuffleSeed);
    std::vector<std::size_t> order(sets.steps());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (int shuffle = 0; shuffle < kShuffles; ++shuffle) {
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
      orders_.push_back(order);
    }
  }

  [[nodiscard]] BankId bank(std::size_t row) const { return model_.layers[sets_.layer(row)].bank; }
  [[nodiscard]] std::int32_t experts(std::size_t row) const {
    return model_.banks[bank(row).value()].experts;
  }

  [[nodiscard]] LayerPair measure(std::size_t a, std::size_t b) const {
    std::int64_t common = 0;
    for (std::size_t step = 0; step < sets_.steps(); ++step)
      common += count_common(sets_.set(step, a), sets_.set(step, b));
    const std::int64_t size_a = sizes_[a].chosen, size_b = sizes_[b].chosen, tokens = sizes_[a].tokens;
    LayerPair out{.first = id(a),
                  .second = id(b),
                  .bank = bank(a) == bank(b) ? bank(a) : BankId(),
                  .distance = static_cast<std::int32_t>(b - a),
                  .tokens = tokens};
    const auto all = static_cast<double>(size_a), cells = static_cast<double>(tokens) * experts(a);
    out.overlap = share(static_cast<double>(common), all);
    out.chance = share(static_cast<double>(size_b), cells);
    const auto [expected, together] = usage(a, b);
    out.shuffled = share(expected, all * static_cast<double>(sets_.steps()));
    out.usage_correlation = together;
    out.choice_correlation = correlation(cells, all, static_cast<double>(size_b), all,
                                         static_cast<double>(size_b), static_cast<double>(common));
    return out;
  }

  // Deviation of the overlap over shuffled tokens, around what is expected.
  [[nodiscard]] double deviation(std::size_t a, std::size_t b, const LayerPair& pair) const {
    const auto size_a = static_cast<double>(sizes_[a].chosen);
    double squares = 0;
    for (const std::vector<std::size_t>& order : orders_) {
      std::int64_t common = 0;
      for (std::size_t step = 0; step < order.size(); ++step)
        common += count_common(sets_.set(step, a), sets_.set(order[step], b));
      const double off = share(static_cast<double>(common), size_a) - pair.shuffled;
      squares += off * off;
    }
    return std::sqrt(squares / kShuffles);
  }

 private:
  [[nodiscard]] LayerId id(std::size_t row) const {
    return LayerId(static_cast<std::uint32_t>(sets_.layer(row)));
  }

  struct Usage {
    double products = 0, correlation = 0;
  };
  [[nodiscard]] Usage usage(std::size_t a, std::size_t b) const {
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (std::size_t e = 0; e < static_cast<std::size_t>(experts(a)); ++e) {
      const auto u = static_cast<double>(uses_[a][e]), v = static_cast<double>(uses_[b][e]);
      x += u;
      y += v;
      xx += u * u;
      yy += v * v;
      xy += u * v;
    }
    return {.products = xy, .correlation = correlation(experts(a), x, y, xx, yy, xy)};
  }

  struct Size {
    std::int64_t chosen = 0, tokens = 0;  // experts over all tokens; tokens that chose any
  };

  const UseSets& sets_;
  const ModelShape& model_;
  std::vector<Size> sizes_;  // by row
  std::vector<std::vector<std::int64_t>> uses_;
  std::vector<std::vector<std::size_t>> orders_;
};

void add(const LayerPair& pair, std::vector<PairMeans>& to) {
  auto at =
      std::find_if(to.begin(), to.end(), [&pair](const PairMeans& m) { return m.distance == pair.distance; });
  if (at == to.end()) {
    to.push_back({.distance = pair.distance});
    at = std::prev(to.end());
  }
  ++at->pairs;
  at->overlap += pair.overlap;
  at->chance += pair.chance;
  at->shuffled += pair.shuffled;
  at->choice_correlation += pair.choice_correlation;
  at->usage_correlation += pair.usage_correlation;
}

void finish(std::vector<PairMeans>& means) {
  std::sort(means.begin(), means.end(),
            [](const PairMeans& a, const PairMeans& b) { return a.distance < b.distance; });
  for (PairMeans& m : means) {
    const auto count = static_cast<double>(m.pairs);
    for (double* sum : {&m.overlap, &m.chance, &m.shuffled, &m.choice_correlation, &m.usage_correlation})
      *sum /= count;
  }
}

LayerPairs measure(const UseSets& sets, const ModelShape& model) {
  LayerPairs out;
  if (sets.steps() == 0) return out;
  const Pairing pairing(sets, model);
  std::int32_t farthest = 0;
  const auto each = [&](const auto& visit) {
    for (std::size_t a = 0; a < sets.rows(); ++a) {
      for (std::size_t b = a + 1; b < sets.rows() && b - a <= kMostDistance; ++b) visit(a, b);
    }
  };
  each([&](std::size_t a, std::size_t b) {
    if (pairing.bank(a) != pairing.bank(b)) return;
    LayerPair pair = pairing.measure(a, b);
    if (pair.tokens == 0) return;
    pair.shuffled_deviation = pairing.deviation(a, b, pair);
    farthest = std::max(farthest, pair.distance);
    add(pair, out.within_means);
    out.within.push_back(pair);
  });
  each([&](std::size_t a, std::size_t b) {
    if (pairing.bank(a) == pairing.bank(b) || pairing.experts(a) != pairing.experts(b)) return;
    if (static_cast<std::int32_t>(b - a) > std::max(farthest, 2)) return;
    const LayerPair pair = pairing.measure(a, b);
    if (pair.tokens > 0) add(pair, out.across_means);
  });
  finish(out.within_means);
  finish(out.across_means);
  return out;
}

}  // namespace

LayerPairs measure_pairs(const RouteTrace& trace, StepRange range) {
  return measure(UseSets::of(trace, range), trace.header.model);
}

LayerPairs measure_pairs(const RunRecord& run, StepRange range) {
  return measure(UseSets::of(run, range), run.model);
}

}  // namespace pregate
