// SPDX-License-Identifier: Apache-2.0
// `pregate bench`: how near the forward pass comes to what this machine's memory and matrix units give.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/forward_model.hpp"
#include "experiments/json_text.hpp"
#include "experiments/verbs.hpp"
#include "models/forward_bench.hpp"
#include "models/memory.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct BenchOptions {
  ForwardRequest model;
  ForwardBenchOptions sizes;
  bool json = false;
};

struct Rates {
  double prefill_tokens, prefill_gmacs, products_gmacs;
  double decode_tokens, decode_gb, read_gb;
};

Rates rates_of(const ForwardBench& b, const ForwardBenchOptions& sizes) {
  const double macs = static_cast<double>(b.products_macs.count()) * 1e-9;
  const double bytes = static_cast<double>(b.decode_bytes.count()) * 1e-9;
  return {.prefill_tokens = static_cast<double>(sizes.prompt_tokens) / b.prefill_s,
          .prefill_gmacs = macs / b.prefill_s,
          .products_gmacs = macs / b.products_s,
          .decode_tokens = static_cast<double>(sizes.decode_tokens) / b.decode_s,
          .decode_gb = bytes / b.decode_s,
          .read_gb = bytes / b.read_s};
}

std::string text_of(const ForwardModel& model, const ForwardBench& b, const BenchOptions& options) {
  const Rates r = rates_of(b, options.sizes);
  return fmt::format(
      "prefill of {} tokens  {:8.1f} tokens/s  {:7.1f} GMAC/s; oneDNN's products alone {:.1f} GMAC/s: {:.1f} "
      "% of it\n"
      "decode of {} tokens   {:8.2f} tokens/s  {:7.2f} GB/s;   a plain read {:.2f} GB/s: {:.1f} % of it\n"
      "{:.2f} GB read a token; weights {}, peak memory {}\nAll measured on this machine, in turns: {}\n",
      options.sizes.prompt_tokens, r.prefill_tokens, r.prefill_gmacs, r.products_gmacs,
      100 * b.prefill_share(), options.sizes.decode_tokens, r.decode_tokens, r.decode_gb, r.read_gb,
      100 * b.decode_share(),
      static_cast<double>(b.decode_bytes.count()) * 1e-9 / static_cast<double>(options.sizes.decode_tokens),
      to_text(model.weights.packed_bytes()), to_text(peak_memory()), model.provenance);
}

Json json_of(const ForwardModel& model, const ForwardBench& b, const BenchOptions& options) {
  const Rates r = rates_of(b, options.sizes);
  return {{"prefill_tokens_per_second", r.prefill_tokens},
          {"prefill_gmacs_per_second", r.prefill_gmacs},
          {"onednn_gmacs_per_second", r.products_gmacs},
          {"prefill_share", b.prefill_share()},
          {"decode_tokens_per_second", r.decode_tokens},
          {"decode_gb_per_second", r.decode_gb},
          {"read_gb_per_second", r.read_gb},
          {"decode_share", b.decode_share()},
          {"decode_bytes", b.decode_bytes.count()},
          {"weights_bytes", model.weights.packed_bytes().count()},
          {"peak_memory_bytes", peak_memory().count()},
          {"provenance", model.provenance}};
}

Status bench(Session& session, BenchOptions& options) {
  const Result<ModelSpec> spec = forward_spec(session.catalogue, options.model);
  if (!spec) return spec.error();
  if (options.sizes.prompt_tokens + options.sizes.decode_tokens > spec->context) {
    return bad_input(fmt::format("at most {} tokens, the model's context", spec->context),
                     fmt::format("{}", options.sizes.prompt_tokens + options.sizes.decode_tokens))
        .at("--prompt-tokens");
  }
  const Result<ForwardModel> model = open_forward_model(session.catalogue, options.model, TokenizerUse::none);
  if (!model) return model.error();
  Progress progress("measuring");
  options.sizes.progress = [&](const char*, std::int64_t done, std::int64_t total) {
    progress.update(done, total);
  };
  const Result<ForwardBench> result = bench_forward(model->weights, options.sizes);
  if (!result) return result.error();
  progress.clear();
  session.out =
      options.json ? json_text(json_of(*model, *result, options)) : text_of(*model, *result, options);
  return {};
}

}  // namespace

void add_bench_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* verb = app.add_subcommand("bench", "How near the forward pass comes to this machine's limits");
  verb->add_option("--model", options->model.model, "a checkpoint folder, or a preset with --random-weights")
      ->required();
  add_forward_options(*verb, options->model);
  verb->add_option("--prompt-tokens", options->sizes.prompt_tokens, "of the prefill")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20))
      ->capture_default_str();
  verb->add_option("--tokens", options->sizes.decode_tokens, "to decode")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20))
      ->capture_default_str();
  verb->add_option("--repeats", options->sizes.repeats, "of the prefill; the fastest counts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer("Examples:\n  pregate bench --model megrez2-3x7b-a3b --random-weights 1 --precision int8");
  verb->callback(
      [options, &session] { session.action = [options, &session] { return bench(session, *options); }; });
}

}  // namespace pregate
