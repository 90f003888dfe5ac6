// SPDX-License-Identifier: Apache-2.0
// `pregate eval`: how well a model predicts a text, in windows; beside it, if asked for, a byte n-gram model.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "experiments/forward_model.hpp"
#include "experiments/json_text.hpp"
#include "experiments/ngram.hpp"
#include "experiments/verbs.hpp"
#include "models/decoder.hpp"
#include "models/memory.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct EvalOptions {
  ForwardRequest model;
  std::string text;
  std::int64_t window = 512, stride = 0, max_tokens = 0;
  bool json = false;
  std::string ngram_text;  // that an n-gram model learns from; empty: none
  int ngram_order = 3;
};

constexpr Bytes kTextLimit = Bytes::gib(1), kNgramTextLimit = Bytes::mib(512);

struct Score {
  bool whole = true;                       // the text was scored to its end
  double nats = 0;                         // sum of -ln p over scored tokens
  std::int64_t tokens = 0;                 // scored
  std::int64_t first_byte = 0, bytes = 0;  // of the text that the scored tokens stand for
  double seconds = 0;                      // measured, of operators
  std::int64_t computed = 0;               // tokens that went through the model
  double ngram_bits = 0;                   // of an n-gram model, over the same bytes

  [[nodiscard]] double perplexity() const {
    return tokens > 0 ? std::exp(nats / static_cast<double>(tokens)) : 0;
  }
  [[nodiscard]] double bits_per_byte() const {
    return bytes > 0 ? nats / std::log(2.0) / static_cast<double>(bytes) : 0;
  }
  [[nodiscard]] double ngram_bits_per_byte() const {
    return bytes > 0 ? ngram_bits / static_cast<double>(bytes) : 0;
  }
};

// -ln softmax(logits)[token], in double: the sum runs over a whole vocabulary.
double negative_log_likelihood(std::span<const float> logits, std::int32_t token) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit} - largest);
  return largest + std::log(sum) - double{logits[static_cast<std::size_t>(token)]};
}

// Window after window; in each, the last `stride` predictions count, so that every token but the first is
// scored once and has at least window - stride tokens before it where the text has them.
class Evaluation {
 public:
  Evaluation(const ForwardModel& model, const std::vector<std::int32_t>& tokens, const EvalOptions& options)
      : model_(model), tokens_(tokens), options_(options), decoder_(model.weights) {}

  Status run(Score& score) {
    Progress progress("evaluating: token");
    const auto total = static_cast<std::int64_t>(tokens_.size());
    const std::int64_t stride = options_.stride > 0 ? options_.stride : options_.window;
    for (std::int64_t scored = 1; scored < total;) {
      const std::int64_t end = std::min(total, scored == 1 ? options_.window + 1 : scored + stride);
      const std::int64_t begin = std::max<std::int64_t>(0, end - 1 - options_.window);
      if (Status done = window(begin, scored, end, score); !done) return done;
      scored = end;
      progress.update(scored, total);
    }
    return {};
  }

 private:
  // Tokens [begin, end - 1) go in; predictions of [scored, end) count. In blocks: the logits of a whole
  // window would be larger than the model.
  Status window(std::int64_t begin, std::int64_t scored, std::int64_t end, Score& score) {
    constexpr std::int64_t kBlock = 256;
    KvCache cache = decoder_.make_cache(end - 1 - begin);
    for (std::int64_t first = begin; first < end - 1; first += kBlock) {
      const std::int64_t last = std::min(first + kBlock, end - 1);
      const SequenceInput sequence{&cache, first - begin, tokens(first, last)};
      if (Status done = decoder_.run(std::span(&sequence, 1), DecoderRows::all, logits_); !done) return done;
      if (Status done = score_block(first, std::max(scored, first + 1), last + 1, score); !done) return done;
    }
    score.tokens += end - scored;
    score.computed += end - 1 - begin;
    return {};
  }

  // The logits of tokens from `first` on predict tokens [from, to).
  Status score_block(std::int64_t first, std::int64_t from, std::int64_t to, Score& score) {
    const auto width = static_cast<std::size_t>(model_.spec.vocabulary);
    for (std::int64_t t = from; t < to; ++t) {
      const auto row =
          std::span<const float>(logits_).subspan(static_cast<std::size_t>(t - 1 - first) * width, width);
      const double nats = negative_log_likelihood(row, tokens_[static_cast<std::size_t>(t)]);
      if (!std::isfinite(nats)) {
        return bad_input("finite logits", fmt::format("{}", nats), fmt::format("token {}", t))
            .at(options_.model.model);
      }
      score.nats += nats;
    }
    for (const MeasuredOperator& m : decoder_.measured())
      score.seconds += static_cast<double>(m.duration.count_ps()) * 1e-12;
    return {};
  }

  [[nodiscard]] std::span<const std::int32_t> tokens(std::int64_t begin, std::int64_t end) const {
    return std::span(tokens_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  }

  const ForwardModel& model_;
  const std::vector<std::int32_t>& tokens_;
  const EvalOptions& options_;
  Decoder decoder_;
  std::vector<float> logits_;
};

// Which bytes of the text the scored tokens stand for: all but the first token's, to the end or as far as
// --max-tokens reached. A special token in the text stands for the bytes that it is written with; one that
// the tokenizer's template puts around the text, for none. With random weights a byte is a token.
void place_bytes(const ForwardModel& model, std::span<const std::int32_t> tokens, std::string_view text,
                 Score& score) {
  const auto written = [&model](std::span<const std::int32_t> ids) {
    return model.tokenizer ? *model.tokenizer->decode(ids, Tokenizer::Specials::as_written)
                           : std::string(ids.size(), '.');
  };
  const std::string first = written(tokens.first(1));
  const bool in_text = !model.tokenizer || text.starts_with(first) || !decode(model, tokens.first(1)).empty();
  const std::size_t begin = std::min(in_text ? first.size() : 0, text.size());
  const std::size_t scored = score.whole ? text.size() - begin : written(tokens.subspan(1)).size();
  score.first_byte = static_cast<std::int64_t>(begin);
  score.bytes = static_cast<std::int64_t>(std::min(scored, text.size() - begin));
}

std::string ngram_text_of(const Score& score, const EvalOptions& options) {
  if (options.ngram_text.empty()) return {};
  return fmt::format("{:.4f} bits per byte by a byte {}-gram (interpolated Kneser-Ney) of {}\n",
                     score.ngram_bits_per_byte(), options.ngram_order, options.ngram_text);
}

std::string text_of(const ForwardModel& model, const Score& score, const EvalOptions& options) {
  return fmt::format(
      "perplexity {:.4f} a token, {:.4f} bits per byte\n{}{} tokens ({} bytes) in windows of {}; {:.1f} "
      "tokens/s "
      "(measured)\n{}; weights {}, peak memory {}\n",
      score.perplexity(), score.bits_per_byte(), ngram_text_of(score, options), score.tokens, score.bytes,
      options.window, static_cast<double>(score.computed) / score.seconds, model.provenance,
      to_text(model.weights.packed_bytes()), to_text(peak_memory()));
}

Json json_of(const ForwardModel& model, const Score& score, const EvalOptions& options) {
  Json out = {{"perplexity", score.perplexity()},
              {"bits_per_byte", score.bits_per_byte()},
              {"tokens", score.tokens},
              {"bytes", score.bytes},
              {"window", options.window},
              {"tokens_per_second_measured", static_cast<double>(score.computed) / score.seconds},
              {"peak_memory_bytes", peak_memory().count()},
              {"provenance", model.provenance}};
  if (!options.ngram_text.empty()) {
    out["ngram"] = {{"bits_per_byte", score.ngram_bits_per_byte()},
                    {"order", options.ngram_order},
                    {"smoothing", "interpolated Kneser-Ney"},
                    {"training_text", options.ngram_text}};
  }
  return out;
}

// Nothing where no n-gram model is asked for.
Result<std::optional<ByteNgram>> learn_ngram(const EvalOptions& options) {
  if (options.ngram_text.empty()) return std::optional<ByteNgram>();
  const Result<std::string> text = read_text_file(options.ngram_text, kNgramTextLimit);
  if (!text) return text.error();
  Result<ByteNgram> model = ByteNgram::learn(*text, options.ngram_order);
  if (!model) return model.error().at(options.ngram_text);
  return std::optional<ByteNgram>(std::move(*model));
}

Status evaluate(Session& session, const EvalOptions& options) {
  const Result<std::string> text = read_text_file(options.text, kTextLimit);
  if (!text) return text.error();
  const Result<ModelSpec> spec = forward_spec(session.catalogue, options.model);
  if (!spec) return spec.error();
  if (options.window > spec->context) {
    return bad_input(fmt::format("a window of at most {} tokens, the model's context", spec->context),
                     fmt::format("{}", options.window))
        .at("--window");
  }
  if (options.stride > options.window) {
    return bad_input("a stride of at most the window", fmt::format("{}", options.stride)).at("--stride");
  }
  const Result<ForwardModel> model = open_forward_model(session.catalogue, options.model);
  if (!model) return model.error();
  Result<std::vector<std::int32_t>> tokens = encode(*model, *text);
  if (!tokens) return tokens.error().at(options.text);
  const Result<std::optional<ByteNgram>> ngram = learn_ngram(options);
  if (!ngram) return ngram.error();
  const auto most = static_cast<std::size_t>(options.max_tokens);
  Score score{.whole = most == 0 || tokens->size() <= most};
  if (!score.whole) tokens->resize(most);
  if (tokens->size() < 2)
    return bad_input("a text of at least two tokens", fmt::format("{}", tokens->size())).at(options.text);
  const Decoder decoder(model->weights);
  if (Status enough = require_memory(
          Bytes(static_cast<std::int64_t>(decoder.cache_shape(options.window).bytes())), "the KV cache");
      !enough) {
    return enough.error().at("--window");
  }
  if (Status done = Evaluation(*model, *tokens, options).run(score); !done) return done;
  place_bytes(*model, *tokens, *text, score);
  if (*ngram) {
    const auto end = static_cast<std::size_t>(score.first_byte + score.bytes);
    score.ngram_bits =
        (*ngram)->bits(std::string_view(*text).substr(0, end), static_cast<std::size_t>(score.first_byte));
  }
  session.out = options.json ? json_text(json_of(*model, score, options)) : text_of(*model, score, options);
  return {};
}

}  // namespace

void add_eval_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* verb = app.add_subcommand("eval", "Perplexity and bits per byte of a text");
  verb->add_option("--model", options->model.model, "a checkpoint folder, or a preset with --random-weights")
      ->required();
  add_forward_options(*verb, options->model);
  verb->add_option("--text", options->text, "the file to read")->required();
  verb->add_option("--window", options->window, "tokens that the model sees at once")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24))
      ->capture_default_str();
  verb->add_option("--stride", options->stride, "tokens that count in a window, after its first; 0: all")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 24))
      ->capture_default_str();
  verb->add_option("--max-tokens", options->max_tokens, "stop after so many tokens; 0: at the end")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40))
      ->capture_default_str();
  CLI::Option* ngram =
      verb->add_option("--against-ngram", options->ngram_text,
                       "beside it the bits per byte of a byte n-gram model that learned from this text");
  verb->add_option("--order", options->ngram_order, "of the n-gram model")
      ->check(CLI::Range(1, ByteNgram::kMostOrder))
      ->needs(ngram)
      ->capture_default_str();
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->callback(
      [options, &session] { session.action = [options, &session] { return evaluate(session, *options); }; });
}

}  // namespace pregate
