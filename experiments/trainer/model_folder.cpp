// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/model_folder.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "models/config.hpp"
#include "models/json_input.hpp"
#include "models/safetensors.hpp"
#include "traces/new_file.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

// "key=value"; the value is JSON where it is any, else text.
Status change(Json& config, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return bad_input("key=value", fmt::format("\"{}\"", text)).at("--set");
  const std::string value = text.substr(equals + 1);
  const Json parsed = Json::parse(value, nullptr, false);
  config[text.substr(0, equals)] = parsed.is_discarded() ? Json(value) : parsed;
  return {};
}

Status check_computed(const ModelConfig& config, const std::string& path) {
  const ModelSpec& spec = config.spec;
  const auto refuse = [&](const char* key, const char* expected, const char* found) {
    return bad_input(expected, found, key).at(path);
  };
  if (config.naming != TensorNaming::megrez || spec.qk_norm != QkNorm::none)
    return refuse("architectures", "MegrezMoeForCausalLM, the family that can be trained", "another");
  if (!spec.correction_bias)
    return refuse("topk_method", "\"noaux_tc\", as training balances experts by it", "\"greedy\"");
  if (spec.expert_groups > 1) return refuse("n_group", "1 (groups of experts cannot be trained)", "more");
  if (spec.qkv_bias) return refuse("qkv_bias", "false (biases cannot be trained)", "true");
  if (spec.tied_head) return refuse("tie_word_embeddings", "false (a head of its own)", "true");
  return {};
}

NetworkShape network_of(const ModelSpec& spec) {
  return {.hidden = spec.hidden,
          .layers = spec.layers,
          .heads = spec.heads,
          .kv_heads = spec.kv_heads,
          .head_dim = spec.head_dim,
          .dense_layers = spec.dense_layers,
          .dense_width = spec.dense_width,
          .group = spec.group,
          .experts = spec.experts,
          .expert_width = spec.expert_width,
          .top_k = spec.top_k,
          .shared_width = spec.shared_width,
          .vocabulary = spec.vocabulary,
          .lookahead = spec.pre_gate ? spec.lookahead : 0,
          .sigmoid = spec.scoring == Scoring::sigmoid,
          .normalise_top_k = spec.normalise_top_k,
          .routed_scale = spec.routed_scale,
          .rope_theta = spec.rope_theta,
          .norm_epsilon = spec.norm_epsilon};
}

Status write_text(const std::filesystem::path& path, const std::string& text) {
  auto file = NewFile::create(path.string());
  if (!file) return file.error();
  if (Status written = file->write(text); !written) return written;
  return file->commit();
}

}  // namespace

Result<TrainableModel> read_trainable(const std::string& config_path,
                                      const std::vector<std::string>& changes) {
  const auto text = read_text_file(config_path, JsonLimits().most_bytes);
  if (!text) return text.error();
  TrainableModel model;
  // What is wrong with the text itself is said by the checked reader below.
  model.config = Json::parse(text->text, nullptr, false);
  if (model.config.is_object()) {
    for (const std::string& one : changes) {
      if (Status changed = change(model.config, one); !changed) return changed.error();
    }
  }
  const auto config =
      parse_config({config_path, model.config.is_object() ? model.config.dump(2) : text->text});
  if (!config) return config.error();
  if (Status computed = check_computed(*config, config_path); !computed) return computed.error();
  model.spec = config->spec;
  model.shape = network_of(config->spec);
  return model;
}

Status write_model_folder(const std::string& folder, const TrainableModel& model,
                          const std::vector<NamedValues>& weights, const std::string& tokenizer_json) {
  const std::filesystem::path to(folder);
  std::vector<TensorToWrite> tensors;
  for (const NamedValues& tensor : weights)
    tensors.push_back({tensor.name, TensorType::bf16, tensor.shape, tensor.values});
  Json config = model.config;
  config["torch_dtype"] = "bfloat16";
  if (Status written = write_text(to / "config.json", config.dump(2) + "\n"); !written) return written;
  if (Status written = write_text(to / "tokenizer.json", tokenizer_json); !written) return written;
  return write_safetensors((to / "model.safetensors").string(), tensors);
}

}  // namespace pregate
