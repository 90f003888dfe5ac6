// SPDX-License-Identifier: Apache-2.0
#include "experiments/forward_model.hpp"

#include <fmt/format.h>

#include "experiments/terminal.hpp"
#include "experiments/verbs.hpp"
#include "models/compute.hpp"
#include "models/expert_pack.hpp"

namespace pregate {
namespace {

constexpr Bytes kPromptLimit = Bytes::mib(64);

Result<Weights> make_weights(const FoundModel& found, const ForwardRequest& request, Precision precision) {
  Progress progress(request.random_weights.empty() ? "loading weights: MiB" : "drawing weights: MiB");
  const WeightsOptions options{
      .precision = precision,
      .progress = [&](Bytes done, Bytes total) { progress.update(done.count() >> 20, total.count() >> 20); },
      .routed_experts = request.routed_experts};
  if (!found.folder.empty()) return Weights::load(found.config, found.folder, options);
  const Result<std::uint64_t> seed = parse_seed(request.random_weights);
  if (!seed) return seed.error().at("--random-weights");
  return Weights::random(found.config.spec, *seed, options);
}

// A record keeps its prompt as text: what is none is told before anything is computed.
Result<std::string> check_text(const std::string& text, const std::string& place) {
  const std::size_t whole = complete_utf8(text);
  if (whole == text.size()) return text;
  return bad_input("UTF-8", fmt::format("something else at byte {}", whole)).at(place);
}

}  // namespace

Result<FoundModel> find_forward_model(const ShippedCatalogue& catalogue, const ForwardRequest& request) {
  if (request.model.empty()) {
    return bad_input("a checkpoint folder, a shipped model or a preset", "nothing").at("--model");
  }
  if (const std::optional<std::string> folder = catalogue.checkpoint(request.model)) {
    const Result<ModelConfig> config = load_config(*folder);
    if (!config) return config.error();
    return FoundModel{.config = *config, .folder = request.random_weights.empty() ? *folder : std::string()};
  }
  const Result<NamedText> source = catalogue.model(request.model);
  if (!source) return source.error().at("--model");
  const Result<ModelSpec> spec = parse_model_spec(*source);
  if (!spec) return spec.error();
  if (request.random_weights.empty()) {
    return bad_input(
               fmt::format(
                   "a folder with config.json and safetensors, a model that is shipped with its weights "
                   "({}), or --random-weights SEED to draw weights for this preset",
                   catalogue.looked_in()),
               fmt::format("the preset {}, which has no weights", spec->name))
        .at("--model");
  }
  return FoundModel{.config = {.spec = *spec, .naming = TensorNaming::megrez}, .folder = {}};
}

void add_forward_options(CLI::App& verb, ForwardRequest& request) {
  verb.add_option("--random-weights", request.random_weights,
                  "draw the weights from this seed: any preset's shapes without a checkpoint");
  verb.add_option("--precision", request.precision, "of the forward pass: f32, bf16 or int8")
      ->capture_default_str();
  verb.add_option("--threads", request.threads, "of the forward pass; 0: all")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
}

Result<ModelSpec> forward_spec(const ShippedCatalogue& catalogue, const ForwardRequest& request) {
  const Result<FoundModel> found = find_forward_model(catalogue, request);
  if (!found) return found.error();
  if (const Status runnable = check_runnable(found->config.spec); !runnable)
    return runnable.error().at("--model");
  return found->config.spec;
}

Result<std::string> weights_identity(const ShippedCatalogue& catalogue, const ForwardRequest& request) {
  const Result<FoundModel> found = find_forward_model(catalogue, request);
  if (!found) return found.error();
  if (!found->folder.empty()) return checkpoint_identity(found->folder);
  const Result<std::uint64_t> seed = parse_seed(request.random_weights);
  if (!seed) return seed.error().at("--random-weights");
  return random_identity(*seed);
}

CLI::Validator finite_between(double least, double most) {
  return CLI::Validator(
      [least, most](std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most) return std::string();
        return fmt::format("expected a number from {} to {}, found {}", least, most, text);
      },
      fmt::format("FLOAT in [{} - {}]", least, most));
}

Result<ForwardModel> open_forward_model(const ShippedCatalogue& catalogue, const ForwardRequest& request,
                                        TokenizerUse use) {
  const Result<Precision> precision = parse_precision(request.precision);
  if (!precision) return precision.error().at("--precision");
  if (Status computes = check_precision(*precision); !computes) return computes.error().at("--precision");
  const Result<FoundModel> found = find_forward_model(catalogue, request);
  if (!found) return found.error();
  const ModelSpec& spec = found->config.spec;
  use_threads(request.threads);
  std::optional<Tokenizer> tokenizer;
  if (!found->folder.empty() && use == TokenizerUse::text) {
    Result<Tokenizer> loaded = Tokenizer::load(found->folder);
    if (!loaded) return loaded.error();
    tokenizer.emplace(std::move(*loaded));
    if (tokenizer->vocabulary() > spec.vocabulary) {
      return bad_input(fmt::format("tokens below the {} of config.json's vocab_size", spec.vocabulary),
                       fmt::format("{}", tokenizer->vocabulary() - 1), "tokenizer.json")
          .at(found->folder);
    }
  }
  Result<Weights> weights = make_weights(*found, request, *precision);
  if (!weights) return weights.error();
  const std::string from = request.random_weights.empty()
                               ? std::string("checkpoint")
                               : fmt::format("random weights (seed {})", request.random_weights);
  return ForwardModel{
      .spec = spec,
      .weights = std::move(*weights),
      .tokenizer = std::move(tokenizer),
      .provenance = fmt::format("{}, {}, {}, {}", spec.name, from, to_text(*precision), describe_compute())};
}

Result<std::vector<std::int32_t>> encode(const ForwardModel& model, const std::string& text) {
  if (model.tokenizer) return model.tokenizer->encode(text);
  std::vector<std::int32_t> tokens;
  for (const char c : text) {
    tokens.push_back(static_cast<std::int32_t>(static_cast<unsigned char>(c) % model.spec.vocabulary));
  }
  return tokens;
}

std::string decode(const ForwardModel& model, std::span<const std::int32_t> tokens) {
  if (model.tokenizer) {
    // A vocabulary is often padded past its tokenizer: such ids stand for no text.
    std::vector<std::int32_t> known;
    for (const std::int32_t token : tokens) {
      if (token < model.tokenizer->vocabulary()) known.push_back(token);
    }
    const Result<std::string> text = model.tokenizer->decode(known);
    return text ? *text : std::string();
  }
  std::string numbers;
  for (const std::int32_t token : tokens) numbers += fmt::format("{}{}", numbers.empty() ? "" : " ", token);
  return numbers;
}

Result<std::string> read_prompt(const PromptRequest& request) {
  if (!request.text.empty() && !request.file.empty()) {
    return bad_input("one prompt", "--prompt and --prompt-file").at("--prompt");
  }
  if (request.file.empty()) {
    if (request.text.empty()) return bad_input("a prompt of at least one character", "none").at("--prompt");
    return check_text(request.text, "--prompt");
  }
  Result<std::string> text = read_text_file(request.file, kPromptLimit);
  if (!text) return text;
  if (text->empty()) return bad_input("a prompt of at least one character", "an empty file").at(request.file);
  return check_text(*text, request.file);
}

}  // namespace pregate
