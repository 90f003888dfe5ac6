// SPDX-License-Identifier: Apache-2.0
// `pregate trace fit`: parameters of the synthetic routing process that behave like a trace, with what they
// reach beside what they should, on a seed the fit did not see.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/json_text.hpp"
#include "experiments/table.hpp"
#include "experiments/trace_input.hpp"
#include "experiments/verbs.hpp"
#include "traces/synthetic.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct FitOptions {
  std::string file, model, out;
  std::string seed = "1";
  bool json = false;
};

std::string text_literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

std::string parameters_text(const FitResult& fit, const FitOptions& options) {
  const SyntheticParams& p = fit.params;
  return fmt::format(
      "# pregate trace fit {} --seed {}\n"
      "# Goes into a scenario's workload {{ }}. Strengths are in units of the logit's own noise.\n"
      "synthetic {{\n"
      "  popularity: {:.4g}\n"
      "  topic: {:.4g}\n"
      "  topic_persistence: {:.4g}\n"
      "  context: {:.4g}\n"
      "  context_persistence: {:.4g}\n"
      "  group_correlation: {:.4g}\n"
      "  layer_spread: {:.4g}\n"
      "  prompt_noise: {:.4g}\n"
      "  prompt_tokens: {}\n"
      "  decode_tokens: {}\n"
      "  seed: {}\n"
      "  fitted_to: {}\n"
      "}}\n",
      options.file, options.seed, p.popularity, p.topic, p.topic_persistence, p.context,
      p.context_persistence, p.group_correlation, p.layer_spread, p.prompt_noise, p.prompt_tokens,
      p.decode_tokens, p.seed, text_literal(p.fitted_to));
}

std::string comparison(const FitResult& fit, const Look& look) {
  Table table({{"measure of decode", Align::left}, {"target"}, {"reached"}, {"difference"}});
  const auto share = [&table](const std::string& name, double target, double reached) {
    table.row(
        {name, percent(target), percent(reached), fmt::format("{:+.1f} points", (reached - target) * 100)});
  };
  share("overlap with the token before", fit.target.lag1_overlap, fit.reached.lag1_overlap);
  for (std::size_t i = 1; i < std::min(fit.target.lag_overlap.size(), fit.reached.lag_overlap.size()); ++i) {
    share(fmt::format("overlap with {} tokens before", kLags[i]), fit.target.lag_overlap[i],
          fit.reached.lag_overlap[i]);
  }
  share("share of a layer's 8 most used", fit.target.top8_share, fit.reached.top8_share);
  table.row({"entropy of expert use", fmt::format("{:.2f} bit", fit.target.entropy_bits),
             fmt::format("{:.2f} bit", fit.reached.entropy_bits),
             fmt::format("{:+.2f} bit", fit.reached.entropy_bits - fit.target.entropy_bits)});
  return table.text(look);
}

Json json_of(const Locality& m) {
  Json out = {
      {"lag1_overlap", m.lag1_overlap}, {"entropy_bits", m.entropy_bits}, {"top8_share", m.top8_share}};
  for (std::size_t i = 0; i < m.lag_overlap.size() && i < std::size(kLags); ++i) {
    out["overlap_by_lag"][std::to_string(kLags[i])] = m.lag_overlap[i];
  }
  return out;
}

Json json_of(const FitResult& fit) {
  const SyntheticParams& p = fit.params;
  return {{"parameters",
           {{"popularity", p.popularity},
            {"topic", p.topic},
            {"topic_persistence", p.topic_persistence},
            {"context", p.context},
            {"context_persistence", p.context_persistence},
            {"group_correlation", p.group_correlation},
            {"layer_spread", p.layer_spread},
            {"prompt_noise", p.prompt_noise},
            {"prompt_tokens", p.prompt_tokens},
            {"decode_tokens", p.decode_tokens},
            {"seed", p.seed},
            {"fitted_to", p.fitted_to}}},
          {"target", json_of(fit.target)},
          {"reached", json_of(fit.reached)},
          {"evaluations", fit.evaluations}};
}

Status run_fit(Session& session, const FitOptions& options) {
  const Result<std::uint64_t> seed = parse_seed(options.seed);
  if (!seed) return seed.error().at("--seed");
  const Status fine =
      check_outputs({{"--out", options.out}}, {{"FILE", options.file}, {"--model", options.model}});
  if (!fine) return fine.error();
  const Result<LoadedTrace> loaded = load_costed_trace(session.catalogue, options.file, options.model);
  if (!loaded) return loaded.error();
  const Result<FitResult> fit = fit_synthetic(*loaded->trace, *seed);
  if (!fit) return fit.error().at(options.file);
  const std::string parameters = parameters_text(*fit, options);
  if (!options.out.empty()) {
    if (const Status written = write_text_file(options.out, parameters); !written) return written.error();
  }
  if (options.json) {
    session.out = json_text(json_of(*fit));
    return {};
  }
  session.out = fmt::format("Fitted in {} evaluations; reached: a synthetic trace on another seed\n\n{}\n{}",
                            with_commas(fit->evaluations), comparison(*fit, session.look), parameters);
  return {};
}

}  // namespace

void add_trace_fit_verb(CLI::App& trace, Session& session) {
  auto options = std::make_shared<FitOptions>();
  CLI::App* verb =
      trace.add_subcommand("fit", "Parameters of the synthetic routing process that behave like a trace");
  verb->add_option("FILE", options->file,
                   "a .route file, a route_trace v1 CSV or JSON Lines, told apart by content")
      ->required();
  verb->add_option("--out", options->out, "write the parameters to this .textproto file");
  verb->add_option("--seed", options->seed, "of the search");
  verb->add_option("--model", options->model,
                   "costs of this model; none: the trace's own; default: by the trace's name");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer("Examples:\n  pregate trace fit phone.route.csv --out phone.synthetic.textproto");
  verb->callback(
      [options, &session] { session.action = [options, &session] { return run_fit(session, *options); }; });
}

}  // namespace pregate
