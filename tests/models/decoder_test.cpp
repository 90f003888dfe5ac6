// SPDX-License-Identifier: Apache-2.0
// The decoder against a second implementation (naive_decoder.hpp), and against itself fed another way.
#include "models/decoder.hpp"
#include "kernels/cpu.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/models/decoding.hpp"

namespace pregate {
namespace {

using namespace fixtures;

class Decoding : public OnOneThread {};

// "largest difference" of f32 that a logit may have, as a share of the logits' range.
constexpr double kF32 = 1e-4;

// f32 can only be asked for the choices of double where no two candidates are closer than its own error.
constexpr double kLeastMargin = 2e-6;

void compare_routing(const Pass& run, const naive::Output& expected, std::size_t top_k) {
  double largest = 0;
  for (std::size_t layer = 0; layer < run.routing.size(); ++layer) {
    const Choices& found = run.routing[layer];
    const auto& tokens = expected.routing[layer];
    ASSERT_EQ(found.experts.size(), tokens.size() * top_k) << "layer " << layer;
    for (std::size_t i = 0; i < found.experts.size(); ++i) {
      const naive::Chosen& chosen = tokens[i / top_k];
      EXPECT_EQ(found.experts[i], chosen.experts[i % top_k]) << "layer " << layer << ", choice " << i;
      largest = std::max(largest, std::abs(double{found.weights[i]} - chosen.weights[i % top_k]));
    }
  }
  EXPECT_LT(largest, 1e-4);
}

void compare_norms(const Pass& run, const naive::Output& expected, std::size_t tokens) {
  for (std::size_t layer = 0; layer < run.norms.size(); ++layer) {
    const naive::Norms& norms = expected.norms[layer];
    const auto count = static_cast<double>(tokens);
    EXPECT_NEAR(run.norms[layer].shared, norms.shared * count, 1e-4 * norms.shared * count)
        << "layer " << layer;
    EXPECT_NEAR(run.norms[layer].routed, norms.routed * count, 1e-4 * norms.routed * count)
        << "layer " << layer;
  }
}

// A prompt at once, then the same token by token, and both as the naive decoder has it.
void compare_with_naive(const SmallModel& model) {
  const Tokens tokens = random_tokens(41);
  const naive::Output expected = naive::Decoder(model.config, model.tensors).run(tokens);
  ASSERT_GT(expected.margin, kLeastMargin) << "another seed: two experts are too close for f32";
  const Weights weights = load_small(model);
  const std::string family = model.config.at("architectures").at(0);
  std::vector<double> logits;
  for (const naive::Row& row : expected.logits) logits.insert(logits.end(), row.begin(), row.end());
  for (const bool at_once : {true, false}) {
    const Pass run = at_once ? prefill(weights, tokens) : decode_each(weights, tokens);
    const double largest = difference(logits, run.logits);
    fmt::print("{}, {}: largest difference {:.1e} of the range {:.2f}, least margin {:.1e}\n", family,
               at_once ? "prefill" : "decode", largest, range_of(run.logits), expected.margin);
    EXPECT_LT(largest, kF32);
    compare_routing(run, expected, naive::numbers_of(model.config).top_k);
    compare_norms(run, expected, tokens.size());
  }
}

TEST_F(Decoding, Megrez_EqualsTheNaiveDecoder) {
  compare_with_naive(random_model(small_megrez_config()));
}

TEST_F(Decoding, MegrezWithoutPreGate_EqualsTheNaiveDecoder) {
  compare_with_naive(random_model(with(small_megrez_config(), "pre_gate", false)));
}

TEST_F(Decoding, MegrezWithGroupLimits_EqualsTheNaiveDecoder) {
  const Json limits = {
      {"n_routed_experts", 16}, {"n_group", 4}, {"topk_group", 2}, {"norm_topk_prob", false}};
  compare_with_naive(random_model(merged(small_megrez_config(), limits)));
}

TEST_F(Decoding, MegrezWithSoftmaxAndTiedHead_EqualsTheNaiveDecoder) {
  const Json changes = {{"scoring_func", "softmax"},
                        {"topk_method", "greedy"},
                        {"tie_word_embeddings", true},
                        {"n_shared_experts", 0},
                        {"first_k_dense_replace", 2}};
  compare_with_naive(random_model(merged(small_megrez_config(), changes)));
}

TEST_F(Decoding, MegrezThatLooksTwoLayersAhead_EqualsTheNaiveDecoder) {
  compare_with_naive(random_model(with(small_megrez_config(), "pre_gate_lookahead", 2)));
}

TEST_F(Decoding, Qwen2Moe_EqualsTheNaiveDecoder) {
  compare_with_naive(random_model(small_qwen2_config()));
}

TEST_F(Decoding, Qwen3Moe_EqualsTheNaiveDecoder) {
  compare_with_naive(random_model(small_qwen3_config()));
}

TEST_F(Decoding, Olmoe_EqualsTheNaiveDecoder) {
  compare_with_naive(random_model(small_olmoe_config()));
}

TEST_F(Decoding, Mixtral_EqualsTheNaiveDecoder) {
  compare_with_naive(random_model(small_mixtral_config()));
}

TEST_F(Decoding, SizesThatNoBlockDivides_EqualTheNaiveDecoder) {
  compare_with_naive(random_model(odd_config()));
}

TEST_F(Decoding, SetLookahead_ReadsTheStateOfThatManyLayersBefore) {
  const SmallModel model = random_model(small_megrez_config());
  const Weights weights = load_small(model);
  Decoder decoder(weights);
  EXPECT_EQ(decoder.lookahead(), 1);
  decoder.set_lookahead(2);
  const Tokens tokens = random_tokens(19);
  const Pass run = feed(decoder, weights, tokens);
  const SmallModel two{with(model.config, "pre_gate_lookahead", 2), model.tensors};
  const naive::Output expected = naive::Decoder(two.config, two.tensors).run(tokens);
  ASSERT_GT(expected.margin, kLeastMargin);
  compare_routing(run, expected, 3);
}

TEST_F(Decoding, APreGatedChoice_IsKnownBeforeTheLayerBeforeHasFinished) {
  const Weights weights = load_small(random_model(small_megrez_config()));
  Decoder decoder(weights);
  const Tokens tokens = random_tokens(3);
  const Pass whole = feed(decoder, weights, tokens);
  KvCache cache = decoder.make_cache(3);
  const SequenceInput input{&cache, 0, tokens};
  ASSERT_TRUE(decoder.begin(std::span(&input, 1)).ok());
  EXPECT_TRUE(decoder.routing(0).experts.empty());  // dense
  decoder.attend(0);
  for (std::int64_t layer = 0; layer + 1 < weights.spec().layers; ++layer) {
    const ExpertChoice next = decoder.routing(layer + 1);
    const auto& expected = whole.routing[static_cast<std::size_t>(layer + 1)].experts;
    EXPECT_TRUE(std::equal(next.experts.begin(), next.experts.end(), expected.begin(), expected.end()))
        << "layer " << layer + 1;
    ASSERT_TRUE(decoder.feed_forward(layer));
    decoder.attend(layer + 1);
  }
}

TEST_F(Decoding, APreference_ChangesTheChoiceAndNotTheFormulaOfTheWeights) {
  for (const Json& config : {small_megrez_config(), small_mixtral_config()}) {
    const SmallModel model = random_model(config);
    const Weights weights = load_small(model);
    Decoder decoder(weights);
    const Tokens tokens = random_tokens(17);
    const Pass before = feed(decoder, weights, tokens);
    // Every layer another expert that it is to prefer, and one that it must avoid.
    const auto bonus = [](std::size_t layer, std::size_t e) {
      return e == layer % 8 ? 0.3 : e == (layer + 3) % 8 ? -5 : 0;
    };
    decoder.set_preference([&](std::int64_t layer, std::span<float> out) {
      ASSERT_EQ(out.size(), 8U);
      for (std::size_t e = 0; e < out.size(); ++e) {
        EXPECT_EQ(out[e], 0);
        out[e] = static_cast<float>(bonus(static_cast<std::size_t>(layer), e));
      }
    });
    const Pass after = feed(decoder, weights, tokens);
    EXPECT_NE(before.routing[2].experts, after.routing[2].experts);
    naive::Decoder reference(model.config, model.tensors);
    reference.set_bonus(bonus);
    const naive::Output expected = reference.run(tokens);
    ASSERT_GT(expected.margin, kLeastMargin);
    compare_routing(after, expected, naive::numbers_of(config).top_k);
    decoder.set_preference({});
    expect_same_bits(feed(decoder, weights, tokens), before);
  }
}

TEST_F(Decoding, PrefillAndDecode_GiveTheSameLogits) {
  const SmallModel model = random_model(small_megrez_config());
  const Tokens tokens = random_tokens(256);
  std::vector<float> exact;
  // What is asserted of bf16 and int8 is sanity: a flipped choice of an expert moves a logit of a random
  // model far. f32 is the check of the computation.
  const struct {
    Precision precision;
    double most, least_equal;
  } kRows[] = {{Precision::f32, kF32, 1}, {Precision::bf16, 0.5, 0.8}, {Precision::int8, 0.5, 0.7}};
  for (const auto& row : kRows) {
    if (!supports(row.precision)) continue;  // of this processor
    const Weights weights = load_small(model, row.precision);
    const Pass one = prefill(weights, tokens), other = decode_each(weights, tokens);
    if (exact.empty()) exact = one.logits;
    const double largest = difference(other.logits, one.logits);
    const double equal = equal_greedy(one.logits, other.logits, 101);
    fmt::print(
        "{}: prefill and decode of {} tokens differ by {:.1e} of the range, {:.1f} % of greedy tokens equal; "
        "beside f32: {:.1e}, {:.1f} %\n",
        to_text(row.precision), tokens.size(), largest, 100 * equal, difference(other.logits, exact),
        100 * equal_greedy(other.logits, exact, 101));
    EXPECT_LT(largest, row.most) << to_text(row.precision);
    EXPECT_GE(equal, row.least_equal) << to_text(row.precision);
    EXPECT_GE(equal_greedy(other.logits, exact, 101), row.least_equal - 0.2) << to_text(row.precision);
  }
}

TEST_F(Decoding, APromptInPieces_EqualsThePromptAtOnce) {
  for (const Json& config : {small_megrez_config(), small_qwen2_config()}) {
    const Weights weights = load_small(random_model(config));
    const Tokens tokens = random_tokens(90);
    const Pass whole = prefill(weights, tokens);
    const std::vector<std::vector<std::size_t>> splits = {{45}, {1}, {89}, {3, 7, 64}, {4, 5}};
    for (const auto& pieces : splits) {
      Decoder decoder(weights);
      const Pass run = feed(decoder, weights, tokens, pieces);
      EXPECT_LT(difference(run.logits, whole.logits), kF32) << "first piece " << pieces[0];
      for (std::size_t i = 0; i < run.routing.size(); ++i)
        EXPECT_EQ(run.routing[i].experts, whole.routing[i].experts) << "layer " << i;
    }
  }
}

TEST_F(Decoding, ABatchOfSequences_EqualsEachAlone) {
  const Weights weights = load_small(random_model(small_megrez_config()));
  Decoder decoder(weights);
  const std::vector<Tokens> prompts = {random_tokens(20, 1), random_tokens(1, 2), random_tokens(33, 3)};
  std::vector<KvCache> caches;
  for (const Tokens& prompt : prompts)
    caches.push_back(decoder.make_cache(static_cast<std::int64_t>(prompt.size()) + 1));
  // First the prompts together, then a token of each together.
  const Tokens next = {7, 100, 0};
  std::vector<SequenceInput> inputs;
  for (std::size_t i = 0; i < prompts.size(); ++i) inputs.push_back({&caches[i], 0, prompts[i]});
  std::vector<float> all, last, one_token;
  ASSERT_TRUE(decoder.run(inputs, DecoderRows::all, all).ok());
  ASSERT_TRUE(decoder.run(inputs, DecoderRows::last, last).ok());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    inputs[i] = {&caches[i], static_cast<std::int64_t>(prompts[i].size()), std::span(next).subspan(i, 1)};
  }
  ASSERT_TRUE(decoder.run(inputs, DecoderRows::all, one_token).ok());
  std::ptrdiff_t row = 0;
  const auto rows = [](const std::vector<float>& from, std::ptrdiff_t first, std::ptrdiff_t count) {
    return std::vector<float>(from.begin() + first * 101, from.begin() + (first + count) * 101);
  };
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    Tokens sequence = prompts[i];
    sequence.push_back(next[i]);
    const Pass alone = prefill(weights, sequence);
    const auto count = static_cast<std::ptrdiff_t>(prompts[i].size()), at = static_cast<std::ptrdiff_t>(i);
    EXPECT_LT(difference(rows(all, row, count), rows(alone.logits, 0, count)), kF32);
    EXPECT_LT(difference(rows(last, at, 1), rows(alone.logits, count - 1, 1)), kF32);
    EXPECT_LT(difference(rows(one_token, at, 1), rows(alone.logits, count, 1)), kF32);
    row += count;
  }
}

TEST_F(Decoding, ACacheThatIsWrittenAgain_ForgetsWhatStoodThere) {
  if (!supports(Precision::bf16)) GTEST_SKIP() << "this processor does not compute in bf16";
  const Weights weights = load_small(random_model(small_megrez_config()), Precision::bf16);
  Decoder decoder(weights);
  const Tokens tokens = random_tokens(12), others = random_tokens(12, 9);
  KvCache cache = decoder.make_cache(12);
  std::vector<float> logits, fresh;
  const SequenceInput first{&cache, 0, others};
  ASSERT_TRUE(decoder.run(std::span(&first, 1), DecoderRows::all, logits).ok());
  const SequenceInput second{&cache, 0, tokens};
  ASSERT_TRUE(decoder.run(std::span(&second, 1), DecoderRows::all, logits).ok());
  EXPECT_EQ(logits, prefill(weights, tokens).logits);
}

TEST_F(Decoding, Measured_NamesEveryOperatorOfTheStep) {
  const Weights weights = load_small(random_model(small_megrez_config()));
  Decoder decoder(weights);
  feed(decoder, weights, random_tokens(6));
  std::map<OperatorKind, int> counts;
  for (const MeasuredOperator& op : decoder.measured()) {
    ++counts[op.kind];
    EXPECT_GT(op.bytes.count(), 0);
    EXPECT_GT(op.macs.count(), 0);
  }
  EXPECT_EQ(counts, (std::map<OperatorKind, int>{{OperatorKind::attention, 7},
                                                 {OperatorKind::dense_ffn, 1},
                                                 {OperatorKind::shared_experts, 6},
                                                 {OperatorKind::routed_expert, 6},
                                                 {OperatorKind::head, 1}}));
}

}  // namespace
}  // namespace pregate
