// SPDX-License-Identifier: Apache-2.0
// A toy ablation in a folder: its arguments, and trainings that look finished although nobody trained -
// random weights beside the recipe that the command expects - so that everything behind the trainer is tested
// without it.
#pragma once

#include "experiments/ablation/plan.hpp"
#include "experiments/trainer/byte_bpe_training.hpp"
#include "tests/experiments/command_runner.hpp"
#include "tests/models/checkpoints.hpp"

namespace pregate::test {

// Six MoE layers with eight experts a bank behind a dense one.
inline nlohmann::ordered_json toy_ablation_config() {
  return fixtures::merged(fixtures::small_megrez_config(), {{"vocab_size", 288}});
}

class ToyAblation {
 public:
  explicit ToyAblation(const Folder& folder) : folder_(folder) {
    request_.text = PREGATE_SOURCE_DIR "/docs/design.md";
    request_.validation = PREGATE_SOURCE_DIR "/docs/json.md";
    request_.tokenizer = folder.file("tokenizer.json");
    request_.out = folder.file("out");
    request_.config = folder.file("toy.json");
    request_.seeds = "1,2";
    request_.devices = "oneplus-15r,snapdragon-x-elite";
    request_.budgets = "50%,100%";
    request_.recipe.steps = 2;
    request_.recipe.warmup = 1;
    request_.recipe.batch = 2;
    request_.recipe.context = 16;
    request_.passages = 2;
    request_.prompt_tokens = 4;
    request_.decode_tokens = 8;
    const Result<std::string> tokenizer = train_byte_bpe(read_file(request_.text), {.vocabulary = 288});
    EXPECT_TRUE(tokenizer.ok());
    write_file(request_.tokenizer, *tokenizer);
    write_file(request_.config, toy_ablation_config().dump(2));
  }

  [[nodiscard]] AblationRequest& request() { return request_; }
  [[nodiscard]] std::string out(const std::string& name) const { return request_.out + "/" + name; }

  [[nodiscard]] std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
    const auto number = [](std::int64_t n) { return std::to_string(n); };
    std::vector<std::string> all = {"ablate",
                                    "--text",
                                    request_.text,
                                    "--validation",
                                    request_.validation,
                                    "--tokenizer",
                                    request_.tokenizer,
                                    "--out",
                                    request_.out,
                                    "--config",
                                    request_.config,
                                    "--seeds",
                                    request_.seeds,
                                    "--devices",
                                    request_.devices,
                                    "--budgets",
                                    request_.budgets,
                                    "--steps",
                                    number(request_.recipe.steps),
                                    "--warmup",
                                    number(request_.recipe.warmup),
                                    "--batch",
                                    number(request_.recipe.batch),
                                    "--context",
                                    number(request_.recipe.context),
                                    "--passages",
                                    number(request_.passages),
                                    "--prompt-tokens",
                                    number(request_.prompt_tokens),
                                    "--decode-tokens",
                                    number(request_.decode_tokens)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  [[nodiscard]] AblationPlan plan() const {
    Result<AblationPlan> plan = plan_ablation(ShippedCatalogue(), request_);
    EXPECT_TRUE(plan.ok()) << plan.error().message();
    return std::move(*plan);
  }

  // Bits a byte differ from variant to variant, so that a mixed-up one shows.
  void pretend_trained(const Variant& variant, double bits) const {
    std::filesystem::create_directories(variant.folder + "/training");
    std::vector<TensorToWrite> tensors;
    const fixtures::SmallModel model = fixtures::random_model(variant.config, variant.seed);
    for (const auto& [name, tensor] : model.tensors)
      tensors.push_back({name, TensorType::bf16, tensor.shape, tensor.values});
    EXPECT_TRUE(write_safetensors(variant.folder + "/model.safetensors", tensors).ok());
    write_file(variant.folder + "/config.json", variant.config.dump(2));
    write_file(variant.folder + "/tokenizer.json", read_file(request_.tokenizer));
    nlohmann::ordered_json recipe = variant.recipe;
    recipe["schedule"] = {{{"from_step", 0}, {"steps", variant.steps}}};
    write_file(variant.folder + "/training/recipe.json", recipe.dump(2));
    const nlohmann::ordered_json result = {{"steps", variant.steps},
                                           {"parameters", 1000},
                                           {"loss", 5.0},
                                           {"validation_bits_per_byte", bits},
                                           {"wall_s", 3.5}};
    write_file(variant.folder + "/training/result.json", result.dump(2));
  }
  AblationPlan pretend_all_trained() const {
    AblationPlan plan = this->plan();
    double bits = 3;
    for (const Variant& variant : plan.variants) pretend_trained(variant, bits += 0.25);
    return plan;
  }

 private:
  const Folder& folder_;
  AblationRequest request_;
};

}  // namespace pregate::test
