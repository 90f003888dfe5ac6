// SPDX-License-Identifier: Apache-2.0
// `pregate record`: runs a model on a prompt and keeps what its routers chose.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/json_text.hpp"
#include "experiments/live_routing.hpp"
#include "experiments/live_source.hpp"
#include "experiments/verbs.hpp"
#include "traces/route_file.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct RecordOptions {
  ForwardRequest model;
  PromptRequest prompt;
  std::string out;
  bool json = false;
};

Json json_of(const ForwardReport& report, const std::string& out) {
  return {{"route_file", out},
          {"text", report.text},
          {"prompt_tokens", report.prompt_tokens},
          {"generated_tokens", report.generated_tokens},
          {"prefill_tokens_per_second_measured", report.prefill_rate()},
          {"decode_tokens_per_second_measured", report.decode_rate()},
          {"weights_bytes", report.weights.count()},
          {"peak_memory_bytes", report.peak_memory.count()},
          {"provenance", report.provenance}};
}

std::string text_of(const ForwardReport& report, const std::string& out) {
  return fmt::format(
      "{}\n\n{} tokens after a prompt of {}; measured on this machine: prefill {:.1f} tokens/s, decode "
      "{:.2f} tokens/s "
      "({:.1f} GB/s)\n{}; weights {}, peak memory {}\nRouting: {}  (pregate run --trace {})\n",
      report.text, report.generated_tokens, report.prompt_tokens, report.prefill_rate(), report.decode_rate(),
      report.decode_s > 0 ? static_cast<double>(report.decode_bytes.count()) / report.decode_s * 1e-9 : 0,
      report.provenance, to_text(report.weights), to_text(report.peak_memory), out, out);
}

Status record(Session& session, const RecordOptions& options) {
  const Status fine = check_outputs(
      {{"--out", options.out}}, {{"--prompt-file", options.prompt.file}, {"--model", options.model.model}});
  if (!fine) return fine;
  if (const Result<std::string> prompt = read_prompt(options.prompt); !prompt) return prompt.error();
  const Result<ForwardModel> model = open_forward_model(session.catalogue, options.model);
  if (!model) return model.error();
  const Result<std::unique_ptr<LiveForward>> source =
      make_live_source(*model, options.prompt, shape_of(model->spec));
  if (!source) return source.error();
  Progress progress("generating: token");
  const auto show = [&](std::int64_t done) { progress.update(done, options.prompt.tokens); };
  if (Status done = run_to_end(**source, show); !done) return done;
  progress.clear();
  if (Status written = write_route(options.out, *(*source)->recorded()); !written) return written;
  const ForwardReport report = forward_report(*model, **source);
  session.out = options.json ? json_text(json_of(report, options.out)) : text_of(report, options.out);
  return {};
}

constexpr const char* kExamples = R"(Examples:
  pregate record --model ./megrez2-checkpoint --prompt "Once upon a time" --tokens 128 --out story.route
  pregate record --model megrez2-3x7b-a3b --random-weights 1 --precision int8 --prompt hello --out random.route
Routing of random weights is nearly uniform: right for timing a machine, useless for judging a cache.)";

}  // namespace

void add_record_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App* verb = app.add_subcommand("record", "Run a model on a prompt and write what its routers chose");
  verb->add_option("--model", options->model.model, "a checkpoint folder, or a preset with --random-weights")
      ->required();
  add_forward_options(*verb, options->model);
  add_prompt_options(*verb, options->prompt);
  verb->add_option("--out", options->out, "the .route file to write")->required();
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(kExamples);
  verb->callback(
      [options, &session] { session.action = [options, &session] { return record(session, *options); }; });
}

}  // namespace pregate
