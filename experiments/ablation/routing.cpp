// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "experiments/ablation/kept.hpp"
#include "experiments/ablation/measure.hpp"
#include "experiments/forward_model.hpp"
#include "models/live_forward.hpp"
#include "traces/dressing.hpp"
#include "traces/route_file.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;

// Changes when the way of recording does, so that what was kept before is recorded anew.
constexpr const char* kFormat = "routing 1: f32, teacher-forced";

Result<std::string> key_of(const AblationPlan& plan, const Variant& variant) {
  const Result<std::string> weights =
      read_text_file((fs::path(variant.folder) / "model.safetensors").string(), Bytes::gib(1));
  if (!weights) return weights.error();
  std::string made_of = fmt::format("{};{};{};{};", kFormat, fingerprint(*weights),
                                    fingerprint(variant.config.dump()), plan.request.prompt_tokens);
  for (const auto& passage : plan.passages) {
    for (const std::int32_t token : passage) made_of += fmt::format("{},", token);
    made_of += ';';
  }
  return fingerprint(made_of);
}

// One passage: its prompt as a step, then token after token.
Status record_passage(const ForwardModel& model, const std::vector<std::int32_t>& passage,
                      std::int64_t prompt, RouteTrace& into) {
  RouteHeader header;
  header.model = shape_of(model.spec);
  const auto middle = passage.begin() + prompt;
  Result<std::unique_ptr<LiveForward>> source = LiveForward::create(model.weights, std::move(header),
                                                                    {.prompt = {passage.begin(), middle},
                                                                     .max_tokens = passage.end() - middle,
                                                                     .sampling = {},
                                                                     .follow = {middle, passage.end()},
                                                                     .ends_text = {},
                                                                     .on_token = {}});
  if (!source) return source.error();
  for (;;) {
    const Result<std::optional<StepInfo>> step = (*source)->next_step();
    if (!step) return step.error();
    if (!step->has_value()) break;
  }
  const std::shared_ptr<const RouteTrace> recorded = (*source)->recorded();
  const std::int32_t turn = into.steps.empty() ? 0 : into.steps.back().turn + 1;
  if (into.steps.empty()) into.header = recorded->header;
  for (RouteStep step : recorded->steps) {
    step.turn = turn;
    // How long this machine took differs from call to call, and nothing here is made of it.
    step.measured.clear();
    into.steps.push_back(std::move(step));
  }
  return {};
}

Result<RouteTrace> record(const ShippedCatalogue& catalogue, const AblationPlan& plan,
                          const Variant& variant) {
  // In f32 every processor computes the same model. It is so small that threads would only wait.
  const Result<ForwardModel> model = open_forward_model(
      catalogue, {.model = variant.folder, .precision = "f32", .threads = 1}, TokenizerUse::none);
  if (!model) return model.error();
  RouteTrace trace;
  for (const auto& passage : plan.passages) {
    if (Status done = record_passage(*model, passage, plan.request.prompt_tokens, trace); !done)
      return done.error();
  }
  trace.header.provenance = fmt::format(
      "{}; teacher-forced on {} passages of a validation text ({}), {} + {} tokens each", model->provenance,
      plan.passages.size(), plan.validation_print, plan.request.prompt_tokens, plan.request.decode_tokens);
  return trace;
}

// Layer for layer and expert for expert: the two have the same counts.
Result<RouteTrace> in_full_width(const RouteTrace& trace, const Variant& variant) {
  const Result<Dressing> dressing = Dressing::make(trace.header.model, shape_of(variant.wide), 1);
  if (!dressing) return dressing.error();
  return dress(trace, *dressing);
}

}  // namespace

Result<VariantRouting> routing_of(const ShippedCatalogue& catalogue, const AblationPlan& plan,
                                  const Variant& variant) {
  const Result<std::string> key = key_of(plan, variant);
  if (!key) return key.error();
  Result<KeptFigures> kept = KeptFigures::open(variant.folder);
  if (!kept) return kept.error();
  const std::string path = (fs::path(variant.folder) / "routing.route").string();
  std::error_code error;
  VariantRouting routing{.key = *key, .kept = kept->routing_key() == *key && fs::exists(path, error)};
  if (!routing.kept) {
    const auto begin = std::chrono::steady_clock::now();
    const Result<RouteTrace> trace = record(catalogue, plan, variant);
    if (!trace) return trace.error();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (Status written = write_route(path, *trace); !written) return written.error();
    if (Status written = kept->set_routing(*key, took.count()); !written) return written.error();
  }
  // From the file in either case, so that a first call and a later one cannot differ.
  const Result<RouteTrace> trace = read_route(path);
  if (!trace) return trace.error();
  Result<RouteTrace> wide = in_full_width(*trace, variant);
  if (!wide) return wide.error();
  routing.trace = std::make_shared<const RouteTrace>(std::move(*wide));
  routing.locality = measure_locality(*routing.trace);
  routing.seconds = kept->routing_seconds();
  return routing;
}

}  // namespace pregate
