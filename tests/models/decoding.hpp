// SPDX-License-Identifier: Apache-2.0
// Steps of the decoder as its tests take them: load a checkpoint, feed a sequence in pieces, compare logits.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/cpu.hpp"
#include "models/decoder.hpp"
#include "tests/models/checkpoints.hpp"

namespace pregate::fixtures {

using Tokens = std::vector<std::int32_t>;

// Threads for one scope. Small models are fastest on one, above all beside other tests; what a second thread
// could change has tests of its own.
class Threads {
 public:
  explicit Threads(int count) : before_(threads()) { set_threads(count); }
  ~Threads() { set_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

class OnOneThread : public testing::Test {
 private:
  Threads one_{1};
};

inline Result<Weights> load_folder(const std::string& folder, Precision precision) {
  const Result<ModelConfig> config = load_config(folder);
  if (!config) return config.error();
  return Weights::load(*config, folder, {.precision = precision, .progress = {}});
}

inline Weights loaded(Result<Weights> weights) {
  EXPECT_TRUE(weights.ok()) << (weights.ok() ? "" : weights.error().message());
  return std::move(*weights);
}

inline Weights load_small(const SmallModel& model, Precision precision = Precision::f32,
                          const WriteAs& as = {}) {
  static int count = 0;
  return loaded(load_folder(write_model(model, std::to_string(count++), as), precision));
}

struct Choices {
  std::vector<std::uint16_t> experts;
  std::vector<float> weights;
};

struct Pass {
  std::vector<float> logits;      // [tokens, vocabulary]
  std::vector<Choices> routing;   // [layer], tokens after each other
  std::vector<LayerNorms> norms;  // [layer], sums over tokens
};

// Feeds `tokens` in pieces of these sizes, the rest at once.
inline Pass feed(Decoder& decoder, const Weights& weights, const Tokens& tokens,
                 const std::vector<std::size_t>& pieces = {}) {
  KvCache cache = decoder.make_cache(static_cast<std::int64_t>(tokens.size()));
  Pass run;
  run.routing.resize(static_cast<std::size_t>(weights.spec().layers));
  run.norms.resize(run.routing.size());
  std::vector<float> logits;
  std::size_t piece = 0;
  for (std::size_t at = 0; at < tokens.size(); ++piece) {
    const std::size_t count = piece < pieces.size() ? pieces[piece] : tokens.size() - at;
    const SequenceInput input{&cache, static_cast<std::int64_t>(at), std::span(tokens).subspan(at, count)};
    const Status done = decoder.run(std::span(&input, 1), DecoderRows::all, logits);
    EXPECT_TRUE(done.ok()) << done.error().message();
    run.logits.insert(run.logits.end(), logits.begin(), logits.end());
    for (std::size_t layer = 0; layer < run.routing.size(); ++layer) {
      const ExpertChoice choice = decoder.routing(static_cast<std::int64_t>(layer));
      const LayerNorms norms = decoder.norms(static_cast<std::int64_t>(layer));
      run.norms[layer].shared += norms.shared * static_cast<float>(count);
      run.norms[layer].routed += norms.routed * static_cast<float>(count);
      Choices& all = run.routing[layer];
      all.experts.insert(all.experts.end(), choice.experts.begin(), choice.experts.end());
      all.weights.insert(all.weights.end(), choice.weights.begin(), choice.weights.end());
    }
    at += count;
  }
  return run;
}

inline Pass prefill(const Weights& weights, const Tokens& tokens) {
  Decoder decoder(weights);
  return feed(decoder, weights, tokens);
}

inline Pass decode_each(const Weights& weights, const Tokens& tokens) {
  Decoder decoder(weights);
  return feed(decoder, weights, tokens, std::vector<std::size_t>(tokens.size(), 1));
}

inline double range_of(const std::vector<float>& numbers) {
  const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  return double{*high} - double{*low};
}

// The largest difference, as a share of the range of `expected`.
template <typename T>
double difference(const std::vector<T>& found, const std::vector<float>& expected) {
  EXPECT_EQ(found.size(), expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    const double d = std::abs(static_cast<double>(found[i]) - double{expected[i]});
    largest = d <= largest ? largest : d;  // a NaN stays
  }
  return largest / range_of(expected);
}

// Rows whose largest number stands in the same place.
inline double equal_greedy(const std::vector<float>& a, const std::vector<float>& b, std::size_t vocabulary) {
  const std::size_t rows = a.size() / vocabulary;
  std::size_t equal = 0;
  const auto greedy = [&](const std::vector<float>& logits, std::size_t row) {
    const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(row * vocabulary);
    return std::max_element(begin, begin + static_cast<std::ptrdiff_t>(vocabulary)) - begin;
  };
  for (std::size_t row = 0; row < rows; ++row) equal += greedy(a, row) == greedy(b, row) ? 1U : 0U;
  return static_cast<double>(equal) / static_cast<double>(rows);
}

inline void expect_same_bits(const Pass& a, const Pass& b) {
  EXPECT_EQ(a.logits, b.logits);
  ASSERT_EQ(a.routing.size(), b.routing.size());
  for (std::size_t layer = 0; layer < a.routing.size(); ++layer) {
    EXPECT_EQ(a.routing[layer].experts, b.routing[layer].experts) << "layer " << layer;
    EXPECT_EQ(a.routing[layer].weights, b.routing[layer].weights) << "layer " << layer;
  }
}

}  // namespace pregate::fixtures
