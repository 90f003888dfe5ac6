// SPDX-License-Identifier: Apache-2.0
// `pregate forward`: the logits of given tokens, for comparing with another implementation.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "experiments/forward_model.hpp"
#include "experiments/json_text.hpp"
#include "experiments/verbs.hpp"
#include "models/decoder.hpp"
#include "models/memory.hpp"
#include "models/npy.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct ForwardOptions {
  ForwardRequest model;
  std::string tokens, logits;
  bool json = false, one_by_one = false;
};

Result<std::vector<std::int32_t>> parse_tokens(const std::string& text) {
  std::vector<std::int32_t> tokens;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    std::int32_t token = 0;
    const auto [last, error] = std::from_chars(word.data(), word.data() + word.size(), token);
    if (error != std::errc() || last != word.data() + word.size() || token < 0) {
      return bad_input("token ids such as 1,2,3", fmt::format("\"{}\"", word)).at("--tokens");
    }
    tokens.push_back(token);
    begin = end + 1;
  }
  return tokens;
}

struct Ranked {
  std::int32_t token = 0;
  float logit = 0;
};

std::vector<Ranked> best_of(std::span<const float> logits) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t count = std::min<std::size_t>(5, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::int32_t a, std::int32_t b) {
                      const float la = logits[static_cast<std::size_t>(a)],
                                  lb = logits[static_cast<std::size_t>(b)];
                      return la > lb || (la == lb && a < b);
                    });
  std::vector<Ranked> best;
  for (std::size_t i = 0; i < count; ++i)
    best.push_back({order[i], logits[static_cast<std::size_t>(order[i])]});
  return best;
}

// Rows go to the file as they come, a block of tokens at a time: the logits of a long text never stand in
// memory.
class Rows {
 public:
  Rows(const ForwardModel& model, const std::vector<std::int32_t>& tokens, const ForwardOptions& options)
      : tokens_(tokens),
        block_(options.one_by_one ? 1 : 256),
        decoder_(model.weights),
        cache_(decoder_.make_cache(static_cast<std::int64_t>(tokens.size()))) {}

  Status run(NpyWriter* out) {
    Progress progress("forward: token");
    for (std::size_t first = 0; first < tokens_.size(); first += block_) {
      const auto part = std::span(tokens_).subspan(first, std::min(block_, tokens_.size() - first));
      const SequenceInput sequence{&cache_, static_cast<std::int64_t>(first), part};
      if (Status done = decoder_.run(std::span(&sequence, 1), DecoderRows::all, logits_); !done) {
        return done.error().at("--tokens");
      }
      for (const MeasuredOperator& m : decoder_.measured())
        seconds_ += static_cast<double>(m.duration.count_ps()) * 1e-12;
      if (out != nullptr) {
        if (Status written = out->write_rows(logits_); !written) return written;
      }
      rows_ = part.size();
      progress.update(static_cast<std::int64_t>(first + part.size()),
                      static_cast<std::int64_t>(tokens_.size()));
    }
    return out == nullptr ? Status() : out->finish();
  }
  [[nodiscard]] std::span<const float> last() const {
    const std::size_t width = logits_.size() / rows_;
    return std::span(logits_).subspan((rows_ - 1) * width, width);
  }
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  const std::vector<std::int32_t>& tokens_;
  std::size_t block_;
  Decoder decoder_;
  KvCache cache_;
  std::vector<float> logits_;
  std::size_t rows_ = 1;
  double seconds_ = 0;
};

Status check_tokens(const std::vector<std::int32_t>& tokens, const ModelSpec& spec) {
  for (const std::int32_t token : tokens) {
    if (token < spec.vocabulary) continue;
    return bad_input(fmt::format("token ids from 0 to {}", spec.vocabulary - 1), fmt::format("{}", token))
        .at("--tokens");
  }
  if (static_cast<std::int64_t>(tokens.size()) <= spec.context) return {};
  return bad_input(fmt::format("at most {} tokens, the model's context", spec.context),
                   fmt::format("{}", tokens.size()))
      .at("--tokens");
}

std::string text_of(const ForwardModel& model, const Rows& rows, std::size_t tokens,
                    const ForwardOptions& options) {
  std::string out = "Likeliest after the last token:\n";
  for (const Ranked& r : best_of(rows.last()))
    out += fmt::format("  {:>8}  logit {:.4f}\n", r.token, r.logit);
  out += fmt::format("{} tokens at {:.1f} tokens/s (measured); {}; weights {}, peak memory {}\n", tokens,
                     static_cast<double>(tokens) / rows.seconds(), model.provenance,
                     to_text(model.weights.packed_bytes()), to_text(peak_memory()));
  if (!options.logits.empty())
    out += fmt::format("Logits [{}, {}]: {}\n", tokens, model.spec.vocabulary, options.logits);
  return out;
}

Json json_of(const ForwardModel& model, const Rows& rows, std::size_t tokens, const ForwardOptions& options) {
  Json best = Json::array();
  for (const Ranked& r : best_of(rows.last())) best.push_back({{"token", r.token}, {"logit", r.logit}});
  return {{"tokens", tokens},
          {"vocabulary", model.spec.vocabulary},
          {"best", best},
          {"logits_file", options.logits},
          {"tokens_per_second_measured", static_cast<double>(tokens) / rows.seconds()},
          {"weights_bytes", model.weights.packed_bytes().count()},
          {"peak_memory_bytes", peak_memory().count()},
          {"provenance", model.provenance}};
}

Status forward(Session& session, const ForwardOptions& options) {
  const Result<std::vector<std::int32_t>> tokens = parse_tokens(options.tokens);
  if (!tokens) return tokens.error();
  const Result<ModelSpec> spec = forward_spec(session.catalogue, options.model);
  if (!spec) return spec.error();
  if (Status fits = check_tokens(*tokens, *spec); !fits) return fits;
  std::optional<NpyWriter> out;
  if (!options.logits.empty()) {
    Result<NpyWriter> writer = NpyWriter::create(
        options.logits, {.rows = static_cast<std::int64_t>(tokens->size()), .columns = spec->vocabulary});
    if (!writer) return writer.error();
    out.emplace(std::move(*writer));
  }
  const Result<ForwardModel> model = open_forward_model(session.catalogue, options.model, TokenizerUse::none);
  if (!model) return model.error();
  const Decoder decoder(model->weights);
  const auto cache =
      static_cast<std::int64_t>(decoder.cache_shape(static_cast<std::int64_t>(tokens->size())).bytes());
  if (Status enough = require_memory(Bytes(cache), "the KV cache"); !enough)
    return enough.error().at("--tokens");
  Rows rows(*model, *tokens, options);
  if (Status done = rows.run(out ? &*out : nullptr); !done) return done;
  session.out = options.json ? json_text(json_of(*model, rows, tokens->size(), options))
                             : text_of(*model, rows, tokens->size(), options);
  return {};
}

constexpr const char* kExamples = R"(Examples:
  pregate forward --model ./checkpoint --tokens 1,2,3 --precision f32 --logits out.npy
out.npy holds f32 in C order, [tokens, vocabulary]: what a framework's own forward pass gives for the same ids.)";

}  // namespace

void add_forward_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<ForwardOptions>();
  CLI::App* verb =
      app.add_subcommand("forward", "The logits of given tokens, to compare with another implementation");
  verb->add_option("--model", options->model.model, "a checkpoint folder, or a preset with --random-weights")
      ->required();
  add_forward_options(*verb, options->model);
  verb->add_option("--tokens", options->tokens, "ids, as in 1,2,3")->required();
  verb->add_option("--logits", options->logits, "write all logits to this .npy file");
  verb->add_flag("--one-by-one", options->one_by_one,
                 "a step for each token, as decoding does, instead of prefill");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(kExamples);
  verb->callback(
      [options, &session] { session.action = [options, &session] { return forward(session, *options); }; });
}

}  // namespace pregate
