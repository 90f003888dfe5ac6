// SPDX-License-Identifier: Apache-2.0
#include "experiments/stream/stream_options.hpp"

#include <fmt/format.h>

#include <cmath>

#include "experiments/verbs.hpp"
#include "traces/import.hpp"

namespace pregate {
namespace {

Result<std::shared_ptr<const RouteTrace>> load_choices(const ShippedCatalogue& catalogue,
                                                       const OpenedStream& stream,
                                                       const StreamRequest& request) {
  if (request.choices == "synthetic") {
    const Result<std::uint64_t> seed = parse_seed(request.choices_seed);
    if (!seed) return seed.error().at("--choices-seed");
    return synthetic_choices(catalogue, stream.model.spec,
                             std::max<std::int64_t>(request.prompt.tokens, 2) - 1, *seed);
  }
  Result<RouteTrace> trace = load_trace(request.choices);
  if (!trace) return trace.error();
  return std::make_shared<const RouteTrace>(std::move(*trace));
}

}  // namespace

void add_stream_options(CLI::App& verb, StreamRequest& request) {
  verb.add_option("--model", request.model.model, "a checkpoint folder, or a preset with --random-weights");
  add_forward_options(verb, request.model);
  verb.add_option("--experts", request.experts,
                  "a file of its routed experts, as `pregate pack` writes it for this model and precision");
  add_prompt_options(verb, request.prompt);
  verb.add_option(
      "--choices", request.choices,
      "take each step's experts from a trace, whatever the routers find likeliest, as weights that "
      "were never trained route almost evenly: a .route file of this shape, or synthetic");
  verb.add_option("--choices-seed", request.choices_seed, "of synthetic choices")->capture_default_str();
  verb.add_option("--engine", request.engine,
                  "how the disk is read: io_uring, or threads; default: io_uring where the kernel allows it")
      ->check(CLI::IsMember({"io_uring", "threads"}));
  verb.add_flag("--no-verify", request.no_verify, "do not compare checksums of what is read");
}

Result<LiveOptions> stream_live_options(const ShippedCatalogue& catalogue, const OpenedStream& stream,
                                        const StreamRequest& request) {
  PromptRequest prompt = request.prompt;
  if (prompt.text.empty() && prompt.file.empty()) {
    if (request.choices.empty()) return bad_input("a prompt, or --choices", "neither").at("--prompt");
    prompt.text = "1";
  }
  Result<LiveOptions> live = live_options(stream.model, prompt);
  if (!live) return live;
  if (request.choices.empty()) return live;
  Result<std::shared_ptr<const RouteTrace>> choices = load_choices(catalogue, stream, request);
  if (!choices) return choices.error();
  live->choices = std::move(*choices);
  live->ends_text = {};  // what it says means nothing, so nothing in it is an end
  return live;
}

Error of_option(const Error& error, std::initializer_list<FieldOption> options) {
  for (const auto& [field, option] : options) {
    if (error.place == field || error.place.ends_with(fmt::format(": {}", field))) return error.at(option);
  }
  return error;
}

Status check_device(const ShippedCatalogue& catalogue, const std::string& device) {
  const Result<NamedText> text = catalogue.device(device);
  return text ? Status() : Status(text.error().at("--device"));
}

std::optional<DiskReader::Engine> engine_of(const StreamRequest& request) {
  if (request.engine.empty()) return std::nullopt;
  return request.engine == "threads" ? DiskReader::Engine::threads : DiskReader::Engine::uring;
}

Result<double> parse_budget_share(const std::string& text) {
  double share = 0;
  const bool percent = text.ends_with('%');
  const std::string number = percent ? text.substr(0, text.size() - 1) : text;
  if (CLI::detail::lexical_cast(number, share) && std::isfinite(share)) {
    if (percent) share /= 100;
    if (share > 0 && share <= 1) return share;
  }
  return bad_input("a share of all experts such as 25%, above 0 and at most 100%",
                   fmt::format("\"{}\"", text));
}

Result<Bytes> parse_expert_budget(const std::string& text, const ExpertPack& pack) {
  if (!text.ends_with('%')) return parse_bytes(text);
  const Result<double> share = parse_budget_share(text);
  if (!share) return share.error();
  const std::int64_t all = pack.banks * pack.experts;
  return pack.stride * static_cast<std::int64_t>(std::floor(*share * static_cast<double>(all)));
}

}  // namespace pregate
