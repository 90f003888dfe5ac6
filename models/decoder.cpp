// SPDX-License-Identifier: Apache-2.0
#include "models/decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "kernels/cpu.hpp"
#include "kernels/norm_rotary.hpp"
#include "kernels/router.hpp"
#include "kernels/vector_math.hpp"
#include "traces/base/check.hpp"

namespace pregate {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t size(std::int64_t n) {
  return static_cast<std::size_t>(n);
}

Duration elapsed(Clock::time_point from, Clock::time_point to) {
  return Duration::ns(std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count());
}

float mean_norm(const float* x, NormRows shape) {
  double sum = 0;
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    const float* row = x + r * shape.columns;
    sum += std::sqrt(double{dot(row, row, shape.columns)});
  }
  return static_cast<float>(sum / static_cast<double>(shape.rows));
}

// The tokens of each expert, in order of token.
struct ExpertTokens {
  std::vector<std::int32_t> tokens;
  std::vector<float> weights;
};

}  // namespace

struct Decoder::State {
  State(const Weights& w, ExpertStore* routed)
      : weights(w),
        store(routed),
        spec(w.spec()),
        rotary(spec.head_dim, spec.rope_theta),
        started(Clock::now()) {
    lookahead = spec.pre_gate ? spec.lookahead : 0;
    choices.resize(size(spec.layers));
    by_expert.resize(size(spec.experts));
    norms.resize(size(spec.layers));
  }

  struct Choice {
    std::vector<std::uint16_t> experts;
    std::vector<float> weights;
  };
  struct Placed {
    SequenceInput input;
    std::int64_t first_row = 0;
  };

  [[nodiscard]] std::int64_t router_source(std::int64_t layer) const {
    return std::max<std::int64_t>(layer - lookahead, 0);
  }

  void project(const LayerWeights& w);
  void attend_sequences(std::int64_t layer);
  void add_rows(const float* rows, float* to) const;
  void route(std::int64_t layer);
  void run_ffn(const LayerWeights& w);
  Status run_routed(std::int64_t layer);
  void sort_tokens(std::int64_t layer);
  void run_experts_together(std::int64_t bank);
  void run_experts_in_turn(std::int64_t bank);
  Status run_experts_as_they_come(std::int64_t layer);
  void run_arrived(std::int64_t layer);
  void combine(const ExpertTokens& expert, const float* y);
  void note(std::int64_t layer, OperatorKind kind, Clock::time_point begin, std::int32_t experts = 0);
  [[nodiscard]] Bytes bytes_of(std::int64_t layer, OperatorKind kind, std::int32_t experts) const;
  [[nodiscard]] Macs macs_of(std::int64_t layer, OperatorKind kind) const;

  const Weights& weights;
  ExpertStore* store;
  ModelSpec spec;
  Rotary rotary;
  Attention attention;
  FeedForward feed_forward;
  std::int64_t lookahead = 0;
  Preference preference;

  std::vector<Placed> sequences;
  std::int64_t rows = 0;
  Buffer<float> hidden;  // [rows, hidden]: the residual stream
  Buffer<float> normed;  // [rows, hidden]: after the post-attention norm of the layer that attended last
  Buffer<float> before_experts;  // [rows, hidden]: the residual stream without the routed experts
  Buffer<float> qkv, mixed, projected, logits, expert_out;
  Activations x, attended, expert_x;
  std::vector<Choice> choices;
  std::vector<ExpertTokens> by_expert;
  std::vector<std::int32_t> active;  // experts with tokens
  std::vector<SwigluTask> tasks;
  std::vector<Activations> gathered;
  std::vector<std::int32_t> arrived;  // experts that the store gave last
  std::vector<float*> result_of;      // by expert: where its results go
  std::vector<float> bonus;
  std::vector<MeasuredOperator> measured;
  std::vector<LayerNorms> norms;
  Clock::time_point started;
};

namespace {

Status check_sequence(const SequenceInput& input, const ModelSpec& spec, const std::string& place) {
  if (input.tokens.empty()) return bad_input("at least one token", "none", place);
  const std::int64_t end = input.position + static_cast<std::int64_t>(input.tokens.size());
  if (end > spec.context) {
    return bad_input(fmt::format("at most {} tokens, the model's context", spec.context),
                     fmt::format("{}", end), place);
  }
  if (end > input.cache->shape().capacity) {
    return bad_input(fmt::format("at most the {} tokens of the KV cache", input.cache->shape().capacity),
                     fmt::format("{}", end), place);
  }
  for (std::size_t i = 0; i < input.tokens.size(); ++i) {
    if (input.tokens[i] < 0 || input.tokens[i] >= spec.vocabulary) {
      return bad_input(fmt::format("a token id from 0 to {}", spec.vocabulary - 1),
                       fmt::format("{}", input.tokens[i]), fmt::format("{}, token {}", place, i));
    }
  }
  return {};
}

}  // namespace

Status Decoder::begin(std::span<const SequenceInput> inputs) {
  State& s = *state_;
  std::int64_t rows = 0;
  std::vector<State::Placed> placed;
  for (const SequenceInput& input : inputs) {
    const Status fits = check_sequence(input, s.spec, fmt::format("sequence {}", placed.size()));
    if (!fits) return fits;
    placed.push_back({input, rows});
    rows += static_cast<std::int64_t>(input.tokens.size());
  }
  if (rows == 0) return bad_input("at least one token", "none", "step");
  s.sequences = std::move(placed);
  s.rows = rows;
  s.measured.clear();
  s.hidden.reserve(size(padded_rows(rows) * s.spec.hidden));
  s.normed.reserve(size(padded_rows(rows) * s.spec.hidden));
  s.projected.reserve(size(padded_rows(rows) * s.spec.hidden));
  std::int64_t row = 0;
  for (const SequenceInput& input : inputs) {
    for (const std::int32_t token : input.tokens)
      s.weights.embed(token, s.hidden.data() + row++ * s.spec.hidden);
  }
  return {};
}

// q, k and v of all rows, from the normed state in `normed`.
void Decoder::State::project(const LayerWeights& w) {
  const std::int64_t width = w.qkv.outputs();
  x.convert(weights.precision(), normed.data(), rows, spec.hidden, spec.hidden);
  qkv.reserve(size(padded_rows(rows) * width));
  matmul(w.qkv, x, qkv.data());
  for (std::int64_t r = 0; r < rows && !w.qkv_bias.empty(); ++r) {
    add_scaled(w.qkv_bias.data(), width, 1, qkv.data() + r * width);
  }
  if (spec.qk_norm == QkNorm::none) return;
  const std::int64_t q = spec.heads * spec.head_dim, kv = spec.kv_heads * spec.head_dim;
  const bool each = spec.qk_norm == QkNorm::head;
  for (std::int64_t r = 0; r < rows; ++r) {
    float* row = qkv.data() + r * width;
    const auto epsilon = static_cast<float>(spec.norm_epsilon);
    const auto shape = [&](std::int64_t all) {
      return each ? NormRows{.rows = all / spec.head_dim, .columns = spec.head_dim}
                  : NormRows{.rows = 1, .columns = all};
    };
    rms_norm(row, w.q_norm.data(), epsilon, shape(q), row);
    rms_norm(row + q, w.k_norm.data(), epsilon, shape(kv), row + q);
  }
}

void Decoder::State::attend_sequences(std::int64_t layer) {
  const std::int64_t q = spec.heads * spec.head_dim, kv = spec.kv_heads * spec.head_dim, width = q + 2 * kv;
  mixed.reserve(size(padded_rows(rows) * q));
  for (const Placed& sequence : sequences) {
    const std::int64_t tokens = static_cast<std::int64_t>(sequence.input.tokens.size());
    const std::int64_t position = sequence.input.position;
    float* row = qkv.data() + sequence.first_row * width;
    rotary.rotate(
        {.tokens = tokens, .heads = spec.heads + spec.kv_heads, .stride = width, .position = position}, row);
    sequence.input.cache->write({.layer = layer, .position = position, .tokens = tokens, .stride = width},
                                row + q, row + q + kv);
    attention.run(
        *sequence.input.cache,
        {.layer = layer, .heads = spec.heads, .position = position, .tokens = tokens, .q_stride = width}, row,
        mixed.data() + sequence.first_row * q);
  }
}

void Decoder::State::add_rows(const float* from, float* to) const {
  const std::int64_t count = spec.hidden;
#pragma omp parallel for schedule(static) if (rows > 8)
  for (std::int64_t r = 0; r < rows; ++r) add_scaled(from + r * count, count, 1, to + r * count);
}

void Decoder::State::route(std::int64_t layer) {
  const LayerWeights& w = weights.layer(layer);
  // Routing is decided in f32 whatever the weights are multiplied in.
  attended.convert(Precision::f32, normed.data(), rows, spec.hidden, spec.hidden);
  logits.reserve(size(padded_rows(rows) * spec.experts));
  matmul(w.router, attended, logits.data());
  bonus.assign(size(spec.experts), 0.0F);
  if (preference) preference(layer, bonus);
  for (std::size_t e = 0; e < w.correction.size(); ++e) bonus[e] += w.correction[e];
  const bool corrected = !w.correction.empty() || preference;
  Choice& choice = choices[size(layer)];
  choice.experts.resize(size(rows * spec.top_k));
  choice.weights.resize(choice.experts.size());
  choose_experts({.score = spec.scoring == Scoring::sigmoid ? RouterScore::sigmoid : RouterScore::softmax,
                  .experts = spec.experts,
                  .top_k = spec.top_k,
                  .groups = spec.expert_groups,
                  .top_groups = spec.top_groups,
                  .normalise = spec.normalise_top_k,
                  .scale = static_cast<float>(spec.routed_scale),
                  .correction = corrected ? std::span<const float>(bonus) : std::span<const float>(),
                  // As the published code does where a learned correction balances the load.
                  .groups_by_two = spec.correction_bias},
                 logits.data(), rows, choice.experts.data(), choice.weights.data());
}

void Decoder::attend(std::int64_t layer) {
  State& s = *state_;
  const auto begin = Clock::now();
  const LayerWeights& w = s.weights.layer(layer);
  const auto epsilon = static_cast<float>(s.spec.norm_epsilon);
  const NormRows all{.rows = s.rows, .columns = s.spec.hidden};
  rms_norm(s.hidden.data(), w.attention_norm.data(), epsilon, all, s.normed.data());
  s.project(w);
  s.attend_sequences(layer);
  const std::int64_t q = s.spec.heads * s.spec.head_dim;
  s.x.convert(s.weights.precision(), s.mixed.data(), s.rows, q, q);
  matmul(w.output, s.x, s.projected.data());
  s.add_rows(s.projected.data(), s.hidden.data());
  rms_norm(s.hidden.data(), w.feed_forward_norm.data(), epsilon, all, s.normed.data());
  for (std::int64_t i = s.spec.dense_layers; i < s.spec.layers; ++i) {
    if (s.router_source(i) == layer) s.route(i);
  }
  s.note(layer, OperatorKind::attention, begin);
}

// The dense FFN or the shared experts, added to the residual stream.
void Decoder::State::run_ffn(const LayerWeights& w) {
  const SwigluTask task{w.feed_forward, &x, projected.data()};
  feed_forward.run(std::span(&task, 1));
  for (std::int64_t r = 0; r < rows && !w.shared_gate.empty(); ++r) {
    const float logit = dot(w.shared_gate.data(), normed.data() + r * spec.hidden, spec.hidden);
    float* row = projected.data() + r * spec.hidden;
    const float factor = 1.0F / (1.0F + std::exp(-logit));
    for (std::int64_t i = 0; i < spec.hidden; ++i) row[i] *= factor;
  }
  add_rows(projected.data(), hidden.data());
}

void Decoder::State::sort_tokens(std::int64_t layer) {
  for (const std::int32_t e : active) {
    by_expert[size(e)].tokens.clear();
    by_expert[size(e)].weights.clear();
  }
  active.clear();
  const Choice& choice = choices[size(layer)];
  for (std::size_t i = 0; i < choice.experts.size(); ++i) {
    ExpertTokens& expert = by_expert[choice.experts[i]];
    if (expert.tokens.empty()) active.push_back(choice.experts[i]);
    expert.tokens.push_back(static_cast<std::int32_t>(i / size(spec.top_k)));
    expert.weights.push_back(choice.weights[i]);
  }
  // One order of summation, whatever the order of choice.
  std::sort(active.begin(), active.end());
}

void Decoder::State::combine(const ExpertTokens& expert, const float* y) {
  for (std::size_t i = 0; i < expert.tokens.size(); ++i) {
    add_scaled(y + static_cast<std::int64_t>(i) * spec.hidden, spec.hidden, expert.weights[i],
               hidden.data() + expert.tokens[i] * spec.hidden);
  }
}

// Few rows: all experts in two sweeps over their weights.
void Decoder::State::run_experts_together(std::int64_t bank) {
  if (gathered.size() < active.size()) gathered.resize(active.size());
  std::int64_t total = 0;
  for (const std::int32_t e : active)
    total += padded_rows(static_cast<std::int64_t>(by_expert[size(e)].tokens.size()));
  expert_out.reserve(size(total * spec.hidden));
  tasks.clear();
  float* out = expert_out.data();
  for (std::size_t i = 0; i < active.size(); ++i) {
    const ExpertTokens& expert = by_expert[size(active[i])];
    gathered[i].gather(x, expert.tokens);
    tasks.push_back({weights.expert(bank, active[i]), &gathered[i], out});
    out += padded_rows(gathered[i].rows()) * spec.hidden;
  }
  feed_forward.run(tasks);
  for (std::size_t i = 0; i < active.size(); ++i) combine(by_expert[size(active[i])], tasks[i].y);
}

// Many rows: an expert at a time, so that only one's results are in memory.
void Decoder::State::run_experts_in_turn(std::int64_t bank) {
  for (const std::int32_t e : active) {
    const ExpertTokens& expert = by_expert[size(e)];
    expert_x.gather(x, expert.tokens);
    expert_out.reserve(size(padded_rows(expert_x.rows()) * spec.hidden));
    const SwigluTask task{weights.expert(bank, e), &expert_x, expert_out.data()};
    feed_forward.run(std::span(&task, 1));
    combine(expert, expert_out.data());
  }
}

// Results of all experts are kept apart until the last is there, then summed in the one order.
Status Decoder::State::run_experts_as_they_come(std::int64_t layer) {
  if (gathered.size() < active.size()) gathered.resize(active.size());
  result_of.resize(by_expert.size());
  std::int64_t total = 0;
  for (const std::int32_t e : active)
    total += padded_rows(static_cast<std::int64_t>(by_expert[size(e)].tokens.size()));
  expert_out.reserve(size(total * spec.hidden));
  float* out = expert_out.data();
  for (const std::int32_t e : active) {
    result_of[size(e)] = out;
    out += padded_rows(static_cast<std::int64_t>(by_expert[size(e)].tokens.size())) * spec.hidden;
  }
  for (std::size_t done = 0; done < active.size(); done += arrived.size()) {
    arrived.clear();
    if (Status there = store->ready(layer, arrived); !there) return there;
    check(!arrived.empty() && arrived.size() <= active.size() - done,
          "a store gives what was chosen, once each");
    run_arrived(layer);
    store->computed(layer);
  }
  for (const std::int32_t e : active) combine(by_expert[size(e)], result_of[size(e)]);
  return {};
}

// Few rows: what is there together. Many: one after another.
void Decoder::State::run_arrived(std::int64_t layer) {
  if (rows > kFewRows) {
    for (const std::int32_t e : arrived) {
      expert_x.gather(x, by_expert[size(e)].tokens);
      const SwigluTask task{store->weights(layer, e), &expert_x, result_of[size(e)]};
      feed_forward.run(std::span(&task, 1));
    }
    return;
  }
  tasks.clear();
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    gathered[i].gather(x, by_expert[size(arrived[i])].tokens);
    tasks.push_back({store->weights(layer, arrived[i]), &gathered[i], result_of[size(arrived[i])]});
  }
  feed_forward.run(tasks);
}

// The routed experts of a layer, each adding to the residual stream. What they added together is the
// difference, so that measuring it changes no sum.
Status Decoder::State::run_routed(std::int64_t layer) {
  const NormRows all{.rows = rows, .columns = spec.hidden};
  before_experts.reserve(size(rows * spec.hidden));
  std::copy_n(hidden.data(), rows * spec.hidden, before_experts.data());
  const std::int64_t bank = spec.bank_of(layer);
  const auto begin = Clock::now();
  sort_tokens(layer);
  if (store != nullptr) {
    if (Status done = run_experts_as_they_come(layer); !done) return done;
  } else if (rows <= kFewRows) {
    run_experts_together(bank);
  } else {
    run_experts_in_turn(bank);
  }
  note(layer, OperatorKind::routed_expert, begin, static_cast<std::int32_t>(active.size()));
  // before - after: its sign does not matter to a norm.
  add_scaled(hidden.data(), rows * spec.hidden, -1, before_experts.data());
  norms[size(layer)].routed = mean_norm(before_experts.data(), all);
  return {};
}

Status Decoder::feed_forward(std::int64_t layer) {
  State& s = *state_;
  const LayerWeights& w = s.weights.layer(layer);
  const bool dense = s.spec.bank_of(layer) < 0;
  const auto begin = Clock::now();
  s.norms[size(layer)] = {};
  s.x.convert(s.weights.precision(), s.normed.data(), s.rows, s.spec.hidden, s.spec.hidden);
  if (w.has_feed_forward) {
    s.run_ffn(w);
    s.note(layer, dense ? OperatorKind::dense_ffn : OperatorKind::shared_experts, begin);
  }
  if (dense) return {};
  if (w.has_feed_forward) {
    const NormRows all{.rows = s.rows, .columns = s.spec.hidden};
    s.norms[size(layer)].shared = mean_norm(s.projected.data(), all);
  }
  return s.run_routed(layer);
}

void Decoder::logits(DecoderRows rows, std::vector<float>& out) {
  State& s = *state_;
  const auto begin = Clock::now();
  const std::int64_t hidden = s.spec.hidden;
  std::int64_t count = 0;
  for (const State::Placed& sequence : s.sequences) {
    const std::int64_t tokens = static_cast<std::int64_t>(sequence.input.tokens.size());
    const std::int64_t skipped = rows == DecoderRows::last ? tokens - 1 : 0;
    rms_norm(s.hidden.data() + (sequence.first_row + skipped) * hidden, s.weights.final_norm().data(),
             static_cast<float>(s.spec.norm_epsilon), {.rows = tokens - skipped, .columns = hidden},
             s.normed.data() + count * hidden);
    count += tokens - skipped;
  }
  s.x.convert(s.weights.precision(), s.normed.data(), count, hidden, hidden);
  out.resize(size(padded_rows(count) * s.spec.vocabulary));
  matmul(s.weights.head(), s.x, out.data());
  out.resize(size(count * s.spec.vocabulary));
  s.note(-1, OperatorKind::head, begin);
}

Status Decoder::run(std::span<const SequenceInput> sequences, DecoderRows rows, std::vector<float>& out) {
  if (const Status begun = begin(sequences); !begun) return begun;
  for (std::int64_t i = 0; i < state_->spec.layers; ++i) {
    attend(i);
    if (Status fed = feed_forward(i); !fed) return fed;
  }
  logits(rows, out);
  return {};
}

// Bytes that the operator reads from memory at least once: packed weights, and keys and values.
Bytes Decoder::State::bytes_of(std::int64_t layer, OperatorKind kind, std::int32_t experts) const {
  const auto of = [](const PackedMatrix& m) {
    return m.layout == nullptr ? 0 : static_cast<std::int64_t>(m.layout->bytes());
  };
  if (kind == OperatorKind::head) return Bytes(of(weights.head()));
  if (kind == OperatorKind::routed_expert) return weights.expert_bytes() * experts;
  const LayerWeights& w = weights.layer(layer);
  if (kind != OperatorKind::attention)
    return Bytes(of(w.feed_forward.gate) + of(w.feed_forward.up) + of(w.feed_forward.down));
  std::int64_t cached = 0;
  for (const Placed& sequence : sequences) {
    cached += sequence.input.position + static_cast<std::int64_t>(sequence.input.tokens.size());
  }
  const std::int64_t number = weights.precision() == Precision::f32 ? 4 : 2;
  std::int64_t bytes = of(w.qkv) + of(w.output) + cached * 2 * spec.kv_heads * spec.head_dim * number;
  for (std::int64_t i = spec.dense_layers; i < spec.layers; ++i) {
    if (router_source(i) == layer) bytes += of(weights.layer(i).router);
  }
  return Bytes(bytes);
}

Macs Decoder::State::macs_of(std::int64_t layer, OperatorKind kind) const {
  const std::int64_t hidden_size = spec.hidden;
  if (kind == OperatorKind::head)
    return Macs(static_cast<std::int64_t>(sequences.size()) * hidden_size * spec.vocabulary);
  if (kind == OperatorKind::routed_expert)
    return Macs(rows * spec.top_k * 3 * hidden_size * spec.expert_width);
  if (kind == OperatorKind::dense_ffn) return Macs(rows * 3 * hidden_size * spec.dense_width);
  if (kind == OperatorKind::shared_experts) return Macs(rows * 3 * hidden_size * spec.shared_width);
  const LayerWeights& w = weights.layer(layer);
  std::int64_t pairs = 0;  // of a query and a key
  for (const Placed& sequence : sequences) {
    const std::int64_t tokens = static_cast<std::int64_t>(sequence.input.tokens.size());
    pairs += tokens * sequence.input.position + tokens * (tokens + 1) / 2;
  }
  std::int64_t macs = rows * hidden_size * w.qkv.outputs() + rows * hidden_size * w.output.inputs() +
                      2 * pairs * spec.heads * spec.head_dim;
  for (std::int64_t i = spec.dense_layers; i < spec.layers; ++i) {
    if (router_source(i) == layer) macs += rows * hidden_size * spec.experts;
  }
  return Macs(macs);
}

void Decoder::State::note(std::int64_t layer, OperatorKind kind, Clock::time_point begin,
                          std::int32_t experts) {
  const auto end = Clock::now();
  measured.push_back({.layer = layer < 0 ? LayerId() : LayerId(static_cast<std::uint32_t>(layer)),
                      .kind = kind,
                      .experts = experts,
                      .begin = elapsed(started, begin),
                      .duration = elapsed(begin, end),
                      .bytes = bytes_of(layer, kind, experts),
                      .macs = macs_of(layer, kind)});
}

Decoder::Decoder(const Weights& weights, ExpertStore* store)
    : state_(std::make_unique<State>(weights, store)) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

KvShape Decoder::cache_shape(std::int64_t capacity) const {
  const ModelSpec& spec = state_->spec;
  return {.layers = spec.layers,
          .kv_heads = spec.kv_heads,
          .head_dim = spec.head_dim,
          .capacity = capacity,
          .bf16 = state_->weights.precision() != Precision::f32 && supports(Precision::bf16)};
}

KvCache Decoder::make_cache(std::int64_t capacity) const {
  return KvCache(cache_shape(capacity));
}

ExpertChoice Decoder::routing(std::int64_t layer) const {
  if (state_->spec.bank_of(layer) < 0) return {};
  const State::Choice& choice = state_->choices[size(layer)];
  return {choice.experts, choice.weights};
}

LayerNorms Decoder::norms(std::int64_t layer) const {
  return state_->norms[size(layer)];
}

std::int64_t Decoder::tokens() const {
  return state_->rows;
}

void Decoder::set_lookahead(std::int64_t layers) {
  check(layers >= 0, "a lookahead below zero");
  state_->lookahead = layers;
}

std::int64_t Decoder::lookahead() const {
  return state_->lookahead;
}

void Decoder::set_preference(Preference preference) {
  state_->preference = std::move(preference);
}

std::span<const MeasuredOperator> Decoder::measured() const {
  return state_->measured;
}

}  // namespace pregate
