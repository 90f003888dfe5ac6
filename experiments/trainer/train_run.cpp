// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/train_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "experiments/trainer/byte_bpe_training.hpp"
#include "experiments/trainer/model_folder.hpp"
#include "experiments/trainer/recipe.hpp"
#include "experiments/trainer/token_batches.hpp"
#include "models/json_input.hpp"
#include "models/tokenizer.hpp"
#include "traces/new_file.hpp"

namespace pregate {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::int64_t kMeasuredRows = 8;  // at once
constexpr std::size_t kMostText = std::size_t{1} << 30;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Status write_text(const fs::path& path, const std::string& text) {
  auto file = NewFile::create(path.string());
  if (!file) return file.error();
  if (Status written = file->write(text); !written) return written;
  return file->commit();
}

// The run's own files below OUT/training.
struct RunFolder {
  explicit RunFolder(const std::string& out) : folder(fs::path(out) / "training") {}
  [[nodiscard]] fs::path state() const { return folder / "state.pt"; }
  [[nodiscard]] fs::path recipe() const { return folder / "recipe.json"; }
  [[nodiscard]] fs::path result() const { return folder / "result.json"; }
  [[nodiscard]] fs::path log() const { return folder / "log.csv"; }
  fs::path folder;
};

// What recipe.json holds: the recipe, and from which step on which number of steps was the aim.
Json with_schedule(Json recipe, Json schedule) {
  recipe["schedule"] = std::move(schedule);
  return recipe;
}

// A folder that already holds a run may only go on with that run; its aim, the number of steps, may change.
Result<Json> read_schedule(const RunFolder& run, const Json& recipe) {
  if (!fs::exists(run.recipe())) return Json(Json::array());
  const auto before = read_text_file(run.recipe().string(), JsonLimits().most_bytes);
  if (!before) return before.error();
  const Json found = Json::parse(before->text, nullptr, false);
  const bool complete = found.is_object() && found.contains("schedule") && found["schedule"].is_array();
  const std::optional<std::string> differing =
      complete ? difference_of(recipe, found) : std::optional<std::string>("another file");
  if (!differing) return Json(found["schedule"]);
  return bad_input("the recipe that this run began with, or another --out folder", *differing)
      .at(run.recipe().string());
}

// Writes down that from step `done` on the run aims at `steps`.
Status claim(const RunFolder& run, const Json& recipe, Json schedule, std::int64_t done, std::int64_t steps) {
  if (!schedule.empty() && schedule.back().value("steps", std::int64_t{0}) == steps) return {};
  schedule.push_back({{"from_step", done}, {"steps", steps}});
  return write_text(run.recipe(), with_schedule(recipe, std::move(schedule)).dump(2) + "\n");
}

// step,loss,... one line a step; lines after the step that a run goes on from are taken out.
class Log {
 public:
  static Result<Log> open(const fs::path& path, std::int64_t steps) {
    Log log;
    std::string kept =
        "step,loss_nats_per_token,learning_rate,gradient_norm,imbalance,validation_bits_per_byte,wall_s\n";
    if (std::ifstream before(path); before) {
      std::string line;
      std::getline(before, line);
      for (std::int64_t i = 0; i < steps && std::getline(before, line); ++i) {
        kept += line + "\n";
        log.seconds_before_ = std::strtod(line.substr(line.rfind(',') + 1).c_str(), nullptr);
      }
    }
    if (Status written = write_text(path, kept); !written) return written.error();
    log.stream_.open(path, std::ios::app);
    if (!log.stream_) return run_failed(path.string(), "a file that can be written", "it cannot");
    return log;
  }
  void add(std::int64_t step, const StepResult& result, double bits_per_byte) {
    stream_ << fmt::format("{},{:.5f},{:.3e},{:.4f},{:.3f},{},{:.1f}\n", step, result.loss,
                           result.learning_rate, result.gradient_norm, result.imbalance,
                           bits_per_byte > 0 ? fmt::format("{:.4f}", bits_per_byte) : std::string(),
                           seconds());
    stream_.flush();
  }
  // Of all calls that worked at this run; a part that was lost with a kill is not in it.
  [[nodiscard]] double seconds() const { return seconds_before_ + seconds_since(begin_); }

 private:
  double seconds_before_ = 0;
  Clock::time_point begin_ = Clock::now();
  std::ofstream stream_;
};

// A text as tokens that can be measured in bits a byte.
struct MeasuredText {
  std::vector<std::int32_t> tokens;
  const Tokenizer* tokenizer = nullptr;

  // Of the first `most` tokens.
  [[nodiscard]] Result<double> bits_per_byte(Learner& learner, std::int64_t context, std::size_t most) const {
    const auto part = std::span(tokens).first(std::min(most, tokens.size()));
    double nats = 0;
    for (const MeasuringBatch& batch : measuring_batches(part, context, kMeasuredRows))
      nats += learner.negative_log_likelihood(batch.tokens, batch.rows, batch.length);
    const auto text = tokenizer->decode(part.subspan(1));  // the first token is given, not predicted
    if (!text) return text.error();
    return nats / std::numbers::ln2 / static_cast<double>(text->size());
  }
};

class Reporter {
 public:
  Reporter(const TrainOptions& options, std::int64_t first)
      : options_(options), first_(first), begin_(Clock::now()), next_(begin_) {}

  void step(std::int64_t done, const StepResult& result) {
    loss_ = loss_ == 0 ? result.loss : 0.95 * loss_ + 0.05 * result.loss;
    if (options_.quiet || (Clock::now() < next_ && done != options_.recipe.steps)) return;
    next_ = Clock::now() + std::chrono::seconds(isatty(STDERR_FILENO) != 0 ? 2 : 60);
    const double rate = static_cast<double>(done - first_) / seconds_since(begin_);
    const double left = static_cast<double>(options_.recipe.steps - done) / rate;
    fmt::print(stderr,
               "step {} of {}: loss {:.3f} nats a token, {:.0f} tokens/s, busiest expert {:.1f} x the mean, "
               "{:.0f} min left\n",
               done, options_.recipe.steps, loss_,
               rate * static_cast<double>(options_.recipe.batch * options_.recipe.context), result.imbalance,
               left / 60);
  }
  void measured(std::int64_t done, double bits_per_byte) const {
    if (!options_.quiet) fmt::print(stderr, "step {}: validation {:.4f} bits a byte\n", done, bits_per_byte);
  }
  [[nodiscard]] double loss() const { return loss_; }

 private:
  const TrainOptions& options_;
  std::int64_t first_;
  Clock::time_point begin_, next_;
  double loss_ = 0;  // smoothed
};

struct Prepared {
  TrainableModel model;
  std::string text, tokenizer_json, validation;
};

Result<Prepared> prepare(const TrainOptions& options) {
  Prepared prepared;
  const auto text = read_text_file(options.text, kMostText);
  if (!text) return text.error();
  const auto validation = read_text_file(options.validation, kMostText);
  if (!validation) return validation.error();
  auto model = read_trainable(options.config, options.changes);
  if (!model) return model.error();
  prepared.model = std::move(*model);
  prepared.text = text->text;
  prepared.validation = validation->text;
  if (options.tokenizer.empty()) {
    auto learned = train_byte_bpe(prepared.text, {.vocabulary = prepared.model.spec.vocabulary});
    if (!learned) return learned.error();
    prepared.tokenizer_json = std::move(*learned);
  } else {
    const auto given = read_text_file(options.tokenizer, std::size_t{64} << 20);
    if (!given) return given.error();
    prepared.tokenizer_json = given->text;
  }
  return prepared;
}

Result<TrainSummary> run(const TrainOptions& options, const Prepared& prepared) {
  const auto tokenizer = Tokenizer::parse({options.tokenizer, prepared.tokenizer_json});
  if (!tokenizer) return tokenizer.error();
  if (tokenizer->vocabulary() > prepared.model.spec.vocabulary) {
    return bad_input(fmt::format("at least the {} tokens of the tokenizer", tokenizer->vocabulary()),
                     fmt::format("{}", prepared.model.spec.vocabulary), "vocab_size")
        .at(options.config);
  }
  auto tokens = tokenizer->encode(prepared.text);
  if (!tokens) return tokens.error().at(options.text);
  auto validation_tokens = tokenizer->encode(prepared.validation);
  if (!validation_tokens) return validation_tokens.error().at(options.validation);
  if (validation_tokens->size() < 2)
    return bad_input("a text of at least two tokens", fmt::format("{}", validation_tokens->size()))
        .at(options.validation);
  const MeasuredText validation{std::move(*validation_tokens), &*tokenizer};

  const RunFolder folder(options.out);
  const TrainingRecipe& recipe = options.recipe;
  const auto batches = TokenBatches::create(
      std::move(*tokens), {.context = recipe.context, .batch = recipe.batch, .seed = recipe.seed});
  if (!batches) return batches.error().at(options.text);
  std::error_code error;
  fs::create_directories(folder.folder, error);
  if (error) return run_failed(folder.folder.string(), "a folder that can be made", error.message());
  const Json recipe_json =
      describe_recipe(prepared.model.config, prepared.text, prepared.tokenizer_json, recipe);
  const auto schedule = read_schedule(folder, recipe_json);
  if (!schedule) return schedule.error();
  Learner learner(prepared.model.shape, recipe);
  if (fs::exists(folder.state())) learner.load(folder.state().string());
  if (learner.steps_done() > recipe.steps) {
    return bad_input(fmt::format("at least the {} steps that this run has done", learner.steps_done()),
                     fmt::format("{}", recipe.steps))
        .at("--steps");
  }
  if (Status claimed = claim(folder, recipe_json, *schedule, learner.steps_done(), recipe.steps); !claimed)
    return claimed.error();
  auto log = Log::open(folder.log(), learner.steps_done());
  if (!log) return log.error();
  Reporter reporter(options, learner.steps_done());
  while (learner.steps_done() < recipe.steps) {
    const StepResult result = learner.step(batches->batch(learner.steps_done()));
    const std::int64_t done = learner.steps_done();
    if (!std::isfinite(result.loss))
      return run_failed(options.out, "a finite loss", fmt::format("{} at step {}", result.loss, done));
    double bits = 0;
    if (options.measure_every > 0 && done % options.measure_every == 0 && done < recipe.steps) {
      const auto measured = validation.bits_per_byte(learner, recipe.context,
                                                     static_cast<std::size_t>(options.measured_tokens));
      if (!measured) return measured.error();
      bits = *measured;
      reporter.measured(done, bits);
    }
    log->add(done, result, bits);
    reporter.step(done, result);
    if (done % options.save_every == 0 || done == recipe.steps) learner.save(folder.state().string());
  }
  const std::vector<NamedValues> weights = learner.weights();
  if (Status written = write_model_folder(options.out, prepared.model, weights, prepared.tokenizer_json);
      !written)
    return written.error();
  const auto bits = validation.bits_per_byte(learner, recipe.context, validation.tokens.size());
  if (!bits) return bits.error();
  reporter.measured(recipe.steps, *bits);
  TrainSummary summary{.steps = recipe.steps,
                       .final_loss = reporter.loss(),
                       .bits_per_byte = *bits,
                       .seconds = log->seconds()};
  for (const NamedValues& tensor : weights)
    summary.parameters += static_cast<std::int64_t>(tensor.values.size());
  if (Status written = write_text(folder.result(), json_of(summary)); !written) return written.error();
  return summary;
}

}  // namespace

std::string json_of(const TrainSummary& s) {
  const Json json = {{"steps", s.steps},
                     {"parameters", s.parameters},
                     {"loss", s.final_loss},
                     {"validation_bits_per_byte", s.bits_per_byte},
                     {"wall_s", s.seconds}};
  return json.dump(2) + "\n";
}

Result<TrainSummary> train(const TrainOptions& options) {
  const auto prepared = prepare(options);
  if (!prepared) return prepared.error();
  try {
    return run(options, *prepared);
  } catch (const std::exception& error) {
    return run_failed(options.out, "training to go on", error.what());
  }
}

}  // namespace pregate
