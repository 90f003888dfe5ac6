// SPDX-License-Identifier: Apache-2.0
#include "experiments/live_source.hpp"

#include <fmt/format.h>

#include "experiments/verbs.hpp"
#include "models/memory.hpp"

namespace pregate {

void add_prompt_options(CLI::App& verb, PromptRequest& request) {
  verb.add_option("--prompt", request.text, "the text to go on from");
  verb.add_option("--prompt-file", request.file, "the same, from a file");
  verb.add_option("--tokens", request.tokens, "tokens to generate")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24))
      ->capture_default_str();
  verb.add_option("--temperature", request.temperature, "of sampling; 0: always the likeliest token")
      ->check(finite_between(0, 100))
      ->capture_default_str();
  verb.add_option("--top-p", request.top_p,
                  "sample among the likeliest tokens that together have this probability")
      ->check(finite_between(0, 1))
      ->capture_default_str();
  verb.add_option("--sampling-seed", request.seed, "of sampling")->capture_default_str();
}

Result<LiveOptions> live_options(const ForwardModel& model, const PromptRequest& request) {
  const Result<std::string> text = read_prompt(request);
  if (!text) return text.error();
  Result<std::vector<std::int32_t>> tokens = encode(model, *text);
  if (!tokens) return tokens.error().at(request.file.empty() ? "--prompt" : request.file);
  const Result<std::uint64_t> seed = parse_seed(request.seed);
  if (!seed) return seed.error().at("--sampling-seed");
  LiveOptions options{.prompt = std::move(*tokens),
                      .max_tokens = request.tokens,
                      .sampling = {.temperature = request.temperature, .top_p = request.top_p, .seed = *seed},
                      .ends_text = {},
                      .on_token = {},
                      .prefer_resident = static_cast<float>(request.prefer_resident)};
  if (model.tokenizer)
    options.ends_text = [&model](std::int32_t id) { return model.tokenizer->ends_text(id); };
  return options;
}

Result<std::unique_ptr<LiveForward>> make_live_source(const ForwardModel& model, const PromptRequest& request,
                                                      const ModelShape& shape) {
  Result<LiveOptions> options = live_options(model, request);
  if (!options) return options.error();
  RouteHeader header;
  header.model = shape;
  header.provenance = model.provenance;
  header.prompt = *read_prompt(request);
  Result<std::unique_ptr<LiveForward>> source =
      LiveForward::create(model.weights, std::move(header), std::move(*options));
  if (!source) return source.error().at(request.file.empty() ? "--prompt" : request.file);
  return source;
}

double ForwardReport::prefill_rate() const {
  return prefill_s > 0 ? static_cast<double>(prompt_tokens) / prefill_s : 0;
}

double ForwardReport::decode_rate() const {
  return decode_s > 0 ? static_cast<double>(decode_tokens) / decode_s : 0;
}

ForwardReport forward_report(const ForwardModel& model, const LiveForward& source) {
  const std::shared_ptr<const RouteTrace> trace = source.recorded();
  ForwardReport report{.model = model.spec.name,
                       .provenance = model.provenance,
                       .prompt = trace->header.prompt,
                       .text = decode(model, source.generated()),
                       .trained = model.tokenizer.has_value(),
                       .generated_tokens = static_cast<std::int64_t>(source.generated().size()),
                       .weights = model.weights.packed_bytes(),
                       .peak_memory = peak_memory()};
  for (const RouteStep& step : trace->steps) {
    const bool prefill = step.phase == Phase::prefill;
    (prefill ? report.prompt_tokens : report.decode_tokens) += step.tokens;
    for (const MeasuredOperator& m : step.measured) {
      (prefill ? report.prefill_s : report.decode_s) += static_cast<double>(m.duration.count_ps()) * 1e-12;
      if (!prefill) report.decode_bytes += m.bytes;
    }
  }
  return report;
}

}  // namespace pregate
