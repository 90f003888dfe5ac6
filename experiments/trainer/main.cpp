// SPDX-License-Identifier: Apache-2.0
// `pregate-train`, which `pregate train` starts: a program of its own, so that the simulator needs no
// libtorch.
#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "experiments/trainer/train_run.hpp"

namespace pregate {
namespace {

void declare(CLI::App& app, TrainOptions& options, std::string& precision) {
  TrainingRecipe& r = options.recipe;
  app.add_option("--config", options.config, "config.json of the model to train")->required();
  app.add_option("--set", options.changes, "another value for a key of it, as in experts_shared_frequency=1");
  app.add_option("--text", options.text, "text to train on")->required();
  app.add_option("--validation", options.validation, "text to measure on")->required();
  app.add_option("--tokenizer", options.tokenizer, "tokenizer.json; by default one is learned from the text");
  app.add_option("--out", options.out, "folder of the model; a run that was killed goes on from it")
      ->required();
  app.add_option("--steps", r.steps, "steps in all")->required()->check(CLI::Range(1, 100'000'000));
  app.add_option("--warmup", r.warmup, "steps in which the learning rate rises")
      ->check(CLI::Range(0, 100'000'000));
  app.add_option("--batch", r.batch, "sequences a step")->capture_default_str()->check(CLI::Range(1, 65536));
  app.add_option("--context", r.context, "tokens a sequence")
      ->capture_default_str()
      ->check(CLI::Range(2, 65536));
  app.add_option("--learning-rate", r.learning_rate, "at its peak")
      ->capture_default_str()
      ->check(CLI::Range(1e-9, 10.0));
  app.add_option("--weight-decay", r.weight_decay, "of matrices")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 10.0));
  app.add_option("--clip", r.clip, "largest norm of the gradient")
      ->capture_default_str()
      ->check(CLI::Range(1e-9, 1e9));
  app.add_option("--balance-rate", r.balance_rate, "what a step moves e_score_correction_bias by")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", r.seed, "of the weights and the order of the text")->capture_default_str();
  app.add_option("--precision", precision, "of products: bf16 or f32")
      ->capture_default_str()
      ->check(CLI::IsMember({"bf16", "f32"}));
  app.add_option("--threads", r.threads, "threads")->capture_default_str()->check(CLI::Range(1, 1024));
  app.add_option("--save-every", options.save_every, "steps between two saved states")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--measure-every", options.measure_every,
                 "steps between two looks at the validation text; 0: at the end")
      ->capture_default_str()
      ->check(CLI::Range(0, 100'000'000));
}

std::string text_of(const TrainOptions& options, const TrainSummary& s) {
  return fmt::format(
      "{}: {} parameters after {} steps; loss {:.3f} nats a token; validation {:.4f} bits a byte (measured); "
      "{:.0f} s of training\n",
      options.out, s.parameters, s.steps, s.final_loss, s.bits_per_byte, s.seconds);
}

int run(int argc, char** argv) {
  CLI::App app("Trains a Megrez2-style model on a text and writes a folder that --model reads.",
               "pregate train");
  TrainOptions options;
  std::string precision = "bf16";
  bool json = false;
  declare(app, options, precision);
  app.add_flag("--json", json, "the summary as JSON");
  app.add_flag("--quiet", options.quiet, "no progress");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    fmt::print(stderr, "pregate train: {}; see pregate train --help\n", error.what());
    return 2;
  }
  options.recipe.bf16 = precision == "bf16";
  const auto summary = train(options);
  if (!summary) {
    fmt::print(stderr, "pregate train: {}\n", summary.error().message());
    return summary.error().kind == Error::Kind::bad_input ? 2 : 1;
  }
  fmt::print("{}", json ? json_of(*summary) : text_of(options, *summary));
  return 0;
}

}  // namespace
}  // namespace pregate

int main(int argc, char** argv) {
  // Tensors of a step are as large as those of the last: keep their pages instead of having the kernel clear
  // new ones (a third of the time of a step).
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
  // The load of an expert changes with every step, and with it the shapes of products: keep their kernels.
  setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384", 0);
  return pregate::run(argc, argv);
}
