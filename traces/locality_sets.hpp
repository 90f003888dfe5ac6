// SPDX-License-Identifier: Apache-2.0
// Private to traces/: which experts each one-token decode step touched in each MoE layer, as bits, and how
// unevenly a layer uses its experts. What the measures of locality, of routing collapse and of layer
// confusion are made from. Leaves out batched steps and weights.
#pragma once

#include <bit>
#include <span>
#include <vector>

#include "traces/base/random.hpp"
#include "traces/route_trace.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// A set of experts of one bank, as words of a longer array of bits.
using ExpertSet = std::span<const std::uint64_t>;
inline std::int64_t count_bits(ExpertSet set) {
  std::int64_t count = 0;
  for (const std::uint64_t word : set) count += std::popcount(word);
  return count;
}
inline std::int64_t count_common(ExpertSet a, ExpertSet b) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += std::popcount(a[i] & b[i]);
  return count;
}

// Row-major by (step, MoE layer). Every row has room for the largest bank, so that sets of two layers of one
// bank compare word by word.
class UseSets {
 public:
  UseSets(const ModelShape& model, std::size_t steps);
  static UseSets of(const RouteTrace& trace, StepRange range = {});
  // The same from the lookups of a run, which all belong to turn 0.
  static UseSets of(const RunRecord& run, StepRange range = {});
  // The same shape and sizes of sets, each drawn uniformly without replacement.
  static UseSets uniform(const UseSets& like, const ModelShape& model, Random& random);

  [[nodiscard]] ExpertSet set(std::size_t step, std::size_t row) const {
    return ExpertSet(bits_).subspan(at(step, row), words_);
  }
  // How often each expert was used in a layer; as many counts as the largest bank has experts.
  [[nodiscard]] std::vector<std::int64_t> uses(std::size_t row) const;
  [[nodiscard]] std::size_t steps() const { return turns_.size(); }
  [[nodiscard]] std::size_t rows() const { return layers_.size(); }
  [[nodiscard]] std::size_t layer(std::size_t row) const { return layers_[row]; }
  [[nodiscard]] std::int32_t turn(std::size_t step) const { return turns_[step]; }

 private:
  void add(std::size_t step, std::size_t row, std::size_t expert) {
    bits_[at(step, row) + expert / 64] |= std::uint64_t{1} << (expert % 64);
  }
  [[nodiscard]] std::size_t at(std::size_t step, std::size_t row) const {
    return (step * layers_.size() + row) * words_;
  }

  std::size_t experts_ = 0, words_ = 0;
  std::vector<std::size_t> layers_;  // row -> layer of the model
  std::vector<std::int32_t> turns_;
  std::vector<std::uint64_t> bits_;
};

// How uneven some uses of experts are.
struct UseShape {
  double entropy_bits = 0;
  double top8_share = 0;     // of uses that go to the 8 most used
  double largest_share = 0;  // of uses that go to the most used
  std::int64_t uses = 0;
};
UseShape use_shape(std::span<const std::int64_t> uses);

}  // namespace pregate
