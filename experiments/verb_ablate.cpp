// SPDX-License-Identifier: Apache-2.0
// `pregate ablate`: trains small models that differ in group size or lookahead, routes a text with each,
// simulates that routing on devices, and writes what came out. Every part is kept: called again after a kill
// it goes on, and called again after its end it only writes the results.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "experiments/ablation/results.hpp"
#include "experiments/sibling_program.hpp"
#include "experiments/verbs.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;

struct AblateOptions {
  AblationRequest request;
  std::string report;
  bool only_trained = false, json = false;
};

Status make_folder(const std::string& path, const char* option) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && fs::is_directory(path, error)) return {};
  return run_failed(path, fmt::format("a folder that can be made ({})", option),
                    error ? error.message() : "something else");
}

// One validation text a folder: bits a byte of another one would stand beside routing of this one.
Status claim(const AblationPlan& plan) {
  const std::string path = (fs::path(plan.request.out) / "validation.fnv1a").string();
  std::error_code error;
  if (!fs::exists(path, error)) return write_text_file(path, plan.validation_print + "\n");
  const Result<std::string> before = read_text_file(path, Bytes::kib(4));
  if (!before) return before.error();
  if (*before == plan.validation_print + "\n") return {};
  return bad_input("the validation text that this folder began with, or another --out folder", "another one")
      .at(path);
}

class Ablation {
 public:
  Ablation(Session& session, const AblateOptions& options, const AblationPlan& plan)
      : session_(session), options_(options), plan_(plan) {
    result_.plan = &plan;
  }

  Status run() {
    if (Status found = find_trainings(); !found) return found;
    if (Status trained = train_missing(); !trained) return trained;
    if (result_.variants.empty()) {
      return bad_input("at least one trained variant", fmt::format("none of {}", plan_.variants.size()))
          .at(options_.request.out);
    }
    if (Status routed = route(); !routed) return routed;
    return simulate();
  }
  [[nodiscard]] AblationResult& result() { return result_; }

 private:
  // All folders are looked at first: one that holds another training is said at once, not hours later.
  Status find_trainings() {
    for (const Variant& variant : plan_.variants) {
      const Result<std::optional<Trained>> trained = finished_training(variant);
      if (!trained) return trained.error();
      trained_.push_back(*trained);
    }
    const bool all =
        std::all_of(trained_.begin(), trained_.end(), [](const auto& t) { return t.has_value(); });
    if (all || options_.only_trained) return {};
    const Result<std::string> trainer = sibling_program("pregate-train");
    return trainer ? Status() : Status(trainer.error());
  }

  Status train_missing() {
    for (std::size_t i = 0; i < plan_.variants.size(); ++i) {
      const Variant& variant = plan_.variants[i];
      if (!trained_[i] && options_.only_trained) {
        result_.missing.push_back(variant.name);
        continue;
      }
      if (!trained_[i]) {
        const std::string what =
            fmt::format("training {} ({} of {})", variant.name, i + 1, plan_.variants.size());
        if (Status done = run_training(plan_, variant, what); !done) return done;
        const Result<std::optional<Trained>> trained = finished_training(variant);
        if (!trained) return trained.error();
        if (!*trained) return run_failed(variant.folder, "a finished training", "none");
        trained_[i] = *trained;
        ++result_.trained;
      }
      const ModelShape wide = shape_of(variant.wide);
      result_.variants.push_back({.variant = &variant,
                                  .trained = *trained_[i],
                                  .parameters = count_parameters(variant.spec),
                                  .wide_parameters = count_parameters(variant.wide),
                                  .experts = wide.all_experts_bytes()});
    }
    return {};
  }

  Status route() {
    Progress progress("routing the passages: variant");
    std::int64_t done = 0;
    for (VariantResult& one : result_.variants) {
      progress.update(done++, static_cast<std::int64_t>(result_.variants.size()));
      Result<VariantRouting> routing = routing_of(session_.catalogue, plan_, *one.variant);
      if (!routing) return routing.error();
      result_.recorded += routing->kept ? 0 : 1;
      one.routing = std::move(*routing);
    }
    return {};
  }

  Status simulate() {
    std::int64_t all = 0, done = 0;
    for (const VariantResult& one : result_.variants) all += runs_of(plan_, *one.variant);
    Progress progress("simulating: run");
    for (VariantResult& one : result_.variants) {
      Result<SimulatedVariant> simulated = simulate_variant(
          session_.catalogue, plan_, *one.variant, one.routing, [&] { progress.update(++done, all); });
      if (!simulated) return simulated.error();
      one.runs = std::move(simulated->runs);
      result_.simulated += simulated->simulated;
      one.routing.trace.reset();
    }
    return {};
  }

  Session& session_;
  const AblateOptions& options_;
  const AblationPlan& plan_;
  std::vector<std::optional<Trained>> trained_;  // by variant
  AblationResult result_;
};

// The same files into every folder; README.md, which is written by hand, is never touched.
Result<std::vector<std::string>> write_results(const AblationResult& result,
                                               const std::vector<std::string>& folders) {
  std::vector<std::string> files;
  for (const std::string& folder : folders) {
    const auto write = [&](const std::string& name, const std::string& text) -> Status {
      files.push_back((fs::path(folder) / name).string());
      return write_text_file(files.back(), text);
    };
    if (Status done = write("ablation.csv", csv_of(result)); !done) return done.error();
    if (Status done = write("ablation.md", document_of(result)); !done) return done.error();
    for (const NamedFigure& figure : figures_of(result)) {
      const Result<std::string> svg = plot::svg_of(figure.figure);
      if (!svg) return svg.error();
      const Result<std::string> png = plot::png_of(figure.figure, {.pixels_per_unit = 2});
      if (!png) return png.error();
      if (Status done = write(figure.name + ".svg", *svg); !done) return done.error();
      if (Status done = write(figure.name + ".png", *png); !done) return done.error();
    }
  }
  return files;
}

Status ablate(Session& session, const AblateOptions& options) {
  const Result<AblationPlan> plan = plan_ablation(session.catalogue, options.request);
  if (!plan) return plan.error();
  std::vector<std::string> folders = {options.request.out};
  if (!options.report.empty()) folders.push_back(options.report);
  for (const std::string& folder : folders) {
    if (Status made = make_folder(folder, folder == options.report ? "--report" : "--out"); !made)
      return made;
  }
  if (Status claimed = claim(*plan); !claimed) return claimed;
  Ablation ablation(session, options, *plan);
  if (Status done = ablation.run(); !done) return done;
  AblationResult& result = ablation.result();
  result.processors = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  const Result<std::vector<std::string>> files = write_results(result, folders);
  if (!files) return files.error();
  session.out = options.json ? json_of(result, *files) : text_of(result, *files, session.look);
  return {};
}

void add_training_options(CLI::App& verb, TrainingRecipe& recipe) {
  const CLI::Range count(std::int64_t{1}, std::int64_t{100'000'000});
  verb.add_option("--steps", recipe.steps, "of each training")->check(count)->capture_default_str();
  verb.add_option("--warmup", recipe.warmup, "steps in which the learning rate rises")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{100'000'000}))
      ->capture_default_str();
  verb.add_option("--batch", recipe.batch, "sequences a step")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{65536}))
      ->capture_default_str();
  verb.add_option("--context", recipe.context, "tokens a sequence")
      ->check(CLI::Range(std::int64_t{2}, std::int64_t{65536}))
      ->capture_default_str();
  verb.add_option("--learning-rate", recipe.learning_rate, "at its peak")
      ->check(CLI::Range(1e-9, 10.0))
      ->capture_default_str();
  verb.add_option("--balance-rate", recipe.balance_rate, "what a step moves e_score_correction_bias by")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb.add_option("--threads", recipe.threads, "of a training")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
}

void add_routing_options(CLI::App& verb, AblationRequest& request) {
  const CLI::Range count(std::int64_t{1}, std::int64_t{1} << 20);
  verb.add_option("--passages", request.passages, "of the validation text that are routed")
      ->check(count)
      ->capture_default_str();
  verb.add_option("--prompt-tokens", request.prompt_tokens, "of a passage, in one step")
      ->check(count)
      ->capture_default_str();
  verb.add_option("--decode-tokens", request.decode_tokens, "of a passage, one by one")
      ->check(count)
      ->capture_default_str();
}

constexpr const char* kExamples =
    R"(Variants: n = 1, 2, 3, 4 at d = 1, and d = 0, 1, 2, 3 at n = 3, each with every seed.
Examples:
  pregate ablate --text train.txt --validation validation.txt --tokenizer tokenizer.json --out ablation
  pregate ablate ... --report docs/ablation         also puts the table, the CSV and the plots there
  pregate ablate ... --only-trained                 what there is so far, without training
A run that was killed goes on; what is finished is not computed again.)";

}  // namespace

void add_ablate_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<AblateOptions>();
  AblationRequest& request = options->request;
  CLI::App* verb = app.add_subcommand(
      "ablate", "Train variants in group size and lookahead, and simulate what each costs and gains");
  verb->add_option("--text", request.text, "to train on")->required();
  verb->add_option("--validation", request.validation, "to measure and to route")->required();
  verb->add_option("--tokenizer", request.tokenizer, "a tokenizer.json")->required();
  verb->add_option("--out", request.out, "folder: a folder a variant, and the results")->required();
  verb->add_option("--report", options->report, "another folder for the results, such as docs/ablation");
  verb->add_option("--config", request.config, "config.json of the model; default: the shipped one");
  verb->add_option("--seeds", request.seeds, "of weights and order of the text")->capture_default_str();
  verb->add_option("--devices", request.devices, "shipped devices or files")->capture_default_str();
  verb->add_option("--budgets", request.budgets, "sizes, or shares of all experts at n = 3")
      ->capture_default_str();
  verb->add_option("--width", request.width, "the model in whose width the routing is simulated")
      ->capture_default_str();
  add_training_options(*verb, request.recipe);
  add_routing_options(*verb, request);
  verb->add_flag("--only-trained", options->only_trained,
                 "leave variants out that are not trained, and say which");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(kExamples);
  verb->callback(
      [options, &session] { session.action = [options, &session] { return ablate(session, *options); }; });
}

}  // namespace pregate
