// SPDX-License-Identifier: Apache-2.0
// `pregate trace info|check|import`: what a routing trace holds, whether it can be trusted (also a Perfetto
// trace of ours), and as a .route file.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/json_text.hpp"
#include "experiments/perfetto_view.hpp"
#include "experiments/signature_view.hpp"
#include "experiments/table.hpp"
#include "experiments/trace_input.hpp"
#include "experiments/verbs.hpp"
#include "traces/locality.hpp"
#include "traces/read_perfetto.hpp"
#include "traces/route_file.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct TraceOptions {
  std::string file, model, out;
  bool json = false, per_layer = false;
};

std::shared_ptr<TraceOptions> trace_options(CLI::App& verb) {
  auto options = std::make_shared<TraceOptions>();
  verb.add_option("FILE", options->file,
                  "a .route file, a route_trace v1 CSV or JSON Lines, told apart by content")
      ->required();
  verb.add_option(
      "--model", options->model,
      "costs of this model (a shipped name or a file); none: the trace's own; default: by the trace's name");
  verb.add_flag("--json", options->json, "JSON instead of text");
  return options;
}

Json json_of(const RouteTrace& trace, const Locality& m, const std::string& note) {
  Json out = {{"steps", m.steps},
              {"prefill_tokens", m.prefill_tokens},
              {"decode_tokens", m.decode_tokens},
              {"layers", trace.header.model.layers.size()},
              {"moe_layers", m.moe_layers},
              {"banks", m.banks},
              {"experts", m.experts},
              {"top_k", m.top_k},
              {"choices", m.choices},
              {"dropped", m.dropped},
              {"token_cycle_bytes", m.token_cycle.count()},
              {"token_cycle_bytes_min", m.token_cycle_min.count()},
              {"token_cycle_bytes_max", m.token_cycle_max.count()},
              {"lag1_overlap", m.lag1_overlap},
              {"lag1_overlap_chance", m.lag1_overlap_chance},
              {"entropy_bits", m.entropy_bits},
              {"entropy_bits_chance", m.entropy_bits_chance},
              {"top8_share", m.top8_share},
              {"top8_share_chance", m.top8_share_chance}};
  for (std::size_t i = 0; i < m.lag_overlap.size() && i < std::size(kLags); ++i) {
    out["overlap_by_lag"][std::to_string(kLags[i])] = m.lag_overlap[i];
  }
  out["model"] = trace.header.model.name;
  out["origin"] = to_text(trace.header.origin);
  out["provenance"] = trace.header.provenance;
  out["all_experts_bytes"] = trace.header.model.all_experts_bytes().count();
  out["dense_bytes"] = trace.header.model.dense_bytes().count();
  out["costs_from"] = trace.header.model.costs_from;
  out["costs_note"] = note;
  return out;
}

std::string facts(const RouteTrace& trace, const Locality& m, const std::string& note) {
  const ModelShape& model = trace.header.model;
  std::string out = fmt::format(
      "{} ({} trace)\n\n"
      "  steps        {} ({} prefill tokens in batches, {} decode tokens)\n"
      "  layers       {}, of them {} with experts; {} banks of {} experts, top-{}\n"
      "  choices      {}{}\n"
      "  experts      {} altogether\n"
      "  T            {} of experts a decode token (mean; {} to {})\n"
      "  {}\n",
      model.name, to_text(trace.header.origin), with_commas(m.steps), with_commas(m.prefill_tokens),
      with_commas(m.decode_tokens), model.layers.size(), m.moe_layers, m.banks, m.experts, m.top_k,
      with_commas(m.choices),
      m.dropped > 0 ? fmt::format(", {} more were dropped by the recorder", with_commas(m.dropped)) : "",
      to_text(model.all_experts_bytes()), to_text(m.token_cycle), to_text(m.token_cycle_min),
      to_text(m.token_cycle_max), note);
  if (!trace.header.provenance.empty()) out += fmt::format("  provenance: {}\n", trace.header.provenance);
  return out;
}

std::string locality_text(const Locality& m, const Look& look) {
  Table table({{"locality of decode", Align::left}, {"trace"}, {"chance"}});
  table.row({"overlap with the token before", percent(m.lag1_overlap), percent(m.lag1_overlap_chance)});
  for (std::size_t i = 1; i < m.lag_overlap.size() && i < std::size(kLags); ++i) {
    table.row({fmt::format("overlap with {} tokens before", kLags[i]), percent(m.lag_overlap[i]), ""});
  }
  table.row({"entropy of expert use, bits", fmt::format("{:.2f}", m.entropy_bits),
             fmt::format("{:.2f}", m.entropy_bits_chance)});
  table.row({"share of a layer's 8 most used", percent(m.top8_share), percent(m.top8_share_chance)});
  return table.text(look) + "\n  chance: a uniform router over the same layers and number of tokens.\n";
}

Status show_info(Session& session, const TraceOptions& options) {
  const Result<LoadedTrace> loaded = load_costed_trace(session.catalogue, options.file, options.model);
  if (!loaded) return loaded.error();
  const RouteTrace& trace = *loaded->trace;
  const Locality measures = measure_locality(trace);
  const RoutingUse use = measure_use(trace);
  const LayerPairs pairs = measure_pairs(trace);
  const std::vector<Signature> signatures = trace_signatures(use, pairs);
  if (options.json) {
    Json out = json_of(trace, measures, loaded->note);
    out["signatures"] = json_of(signatures);
    add_details(out, use, pairs);
    session.out = json_text(out);
    return {};
  }
  session.out = facts(trace, measures, loaded->note) + "\n" + locality_text(measures, session.look) + "\n" +
                text_of(signatures, session.look);
  if (options.per_layer) session.out += "\n" + text_of(use, pairs, session.look);
  return {};
}

struct Counts {
  std::int64_t prefill_tokens = 0, decode_tokens = 0, choices = 0, dropped = 0;
};

Counts count(const RouteTrace& trace) {
  Counts counts;
  for (const RouteStep& step : trace.steps) {
    (step.phase == Phase::prefill ? counts.prefill_tokens : counts.decode_tokens) += step.tokens;
    counts.choices += static_cast<std::int64_t>(step.experts.size());
    counts.dropped += step.dropped;
  }
  return counts;
}

Status check_exported(Session& session, const TraceOptions& options) {
  if (!options.model.empty())
    return bad_input("no model for a Perfetto trace", fmt::format("\"{}\"", options.model)).at("--model");
  Progress progress("checking: bytes");
  const Result<PerfettoCounts> counts =
      check_perfetto(options.file, [&progress](std::int64_t read, std::int64_t total) {
        progress.update(read, total);
        return true;
      });
  progress.clear();
  if (!counts) return counts.error();
  if (options.json) {
    Json out = {{"ok", true}};
    out.update(json_of(*counts));
    session.out = json_text(out);
  } else {
    session.out = fmt::format("ok: {}: {}\n", options.file, text_of(*counts));
  }
  return {};
}

// Readers and importers check everything; what reaches this point is sound.
Status check_trace(Session& session, const TraceOptions& options) {
  if (options.file.ends_with(".pftrace") || is_perfetto_file(options.file))
    return check_exported(session, options);
  const Result<LoadedTrace> loaded = load_costed_trace(session.catalogue, options.file, options.model);
  if (!loaded) return loaded.error();
  const RouteTrace& trace = *loaded->trace;
  const Counts counts = count(trace);
  if (options.json) {
    const Json out = {{"ok", true},
                      {"steps", trace.steps.size()},
                      {"prefill_tokens", counts.prefill_tokens},
                      {"decode_tokens", counts.decode_tokens},
                      {"choices", counts.choices},
                      {"dropped", counts.dropped}};
    session.out = json_text(out);
    return {};
  }
  session.out = fmt::format(
      "ok: {}: {} steps, {} prefill tokens, {} decode tokens, {} choices{}\n", options.file,
      with_commas(static_cast<std::int64_t>(trace.steps.size())), with_commas(counts.prefill_tokens),
      with_commas(counts.decode_tokens), with_commas(counts.choices),
      counts.dropped > 0 ? fmt::format(", {} dropped by the recorder", with_commas(counts.dropped)) : "");
  return {};
}

Status import_trace(Session& session, const TraceOptions& options) {
  const Status fine =
      check_outputs({{"--out", options.out}}, {{"FILE", options.file}, {"--model", options.model}});
  if (!fine) return fine.error();
  const Result<LoadedTrace> loaded = load_costed_trace(session.catalogue, options.file, options.model);
  if (!loaded) return loaded.error();
  const RouteTrace& trace = *loaded->trace;
  if (const Status written = write_route(options.out, trace); !written) return written.error();
  const Counts counts = count(trace);
  if (options.json) {
    const Json out = {{"out", options.out},
                      {"steps", trace.steps.size()},
                      {"prefill_tokens", counts.prefill_tokens},
                      {"decode_tokens", counts.decode_tokens},
                      {"choices", counts.choices},
                      {"dropped", counts.dropped},
                      {"costs_from", trace.header.model.costs_from}};
    session.out = json_text(out);
    return {};
  }
  session.out = fmt::format("{}: {} steps, {} choices; {}\n", options.out,
                            with_commas(static_cast<std::int64_t>(trace.steps.size())),
                            with_commas(counts.choices), loaded->note);
  return {};
}

void add_verb(CLI::App& trace, Session& session, const char* name, const char* about, const char* examples,
              Status (*action)(Session&, const TraceOptions&)) {
  CLI::App* verb = trace.add_subcommand(name, about);
  auto options = trace_options(*verb);
  verb->footer(std::string("Examples:\n  ") + examples);
  verb->callback([options, &session, action] {
    session.action = [options, &session, action] { return action(session, *options); };
  });
  if (action == show_info)
    verb->add_flag("--per-layer", options->per_layer, "add a row a layer, a bank and a pair of routers");
  if (action == import_trace) verb->add_option("--out", options->out, "the .route file to write")->required();
}

}  // namespace

void add_trace_verbs(CLI::App& app, Session& session) {
  CLI::App* trace = app.add_subcommand("trace",
                                       "Look at a routing trace, check it, import it, draw its hit curve, "
                                       "measure its reuse, fit it; export a run");
  trace->require_subcommand(1);
  trace->footer(
      "Examples:\n  pregate trace info phone.route.csv\n  pregate trace curve phone.route.csv --policies "
      "lru,belady");
  add_verb(*trace, session, "info", "What a trace holds and how much locality it has",
           "pregate trace info phone.route.csv\n  pregate trace info phone.route --json", show_info);
  add_verb(
      *trace, session, "check",
      "Read a trace, or an exported .pftrace, to its end; ok with counts, or the first fault with its place",
      "pregate trace check phone.route\n  pregate trace check demo.pftrace", check_trace);
  add_verb(*trace, session, "import", "Write a trace of any format as a .route file",
           "pregate trace import phone.route.csv --out phone.route --model qwen3-30b-a3b", import_trace);
  add_trace_curve_verb(*trace, session);
  add_trace_reuse_verb(*trace, session);
  add_trace_fit_verb(*trace, session);
  add_trace_export_verb(*trace, session);
}

}  // namespace pregate
