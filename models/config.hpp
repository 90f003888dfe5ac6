// SPDX-License-Identifier: Apache-2.0
// A Hugging Face config.json, and the names its family gives to the tensors of a checkpoint (design.md
// section 4). Everything is read from the file; what the decoder does not compute (another activation, a
// rotary scaling, sliding windows in use, expert layouts other than "first k dense, then every layer") is
// refused by name, not ignored.
#pragma once

#include <string>
#include <string_view>

#include "traces/model_spec.hpp"
#include "traces/scenario.hpp"

namespace pregate {

// How a checkpoint names the tensors of its MoE blocks.
enum class TensorNaming : std::uint8_t {
  megrez,   // mlp.gate, mlp.experts.J.gate_proj ..., mlp.shared_experts.gate_proj ... (Qwen3-MoE, OLMoE too)
  qwen2,    // as megrez, but mlp.shared_expert.gate_proj ... and mlp.shared_expert_gate
  mixtral,  // block_sparse_moe.gate, block_sparse_moe.experts.J.w1 (gate), w3 (up), w2 (down)
};

struct ModelConfig {
  ModelSpec spec;
  TensorNaming naming = TensorNaming::megrez;
};

// `source.text` is a config.json of MegrezMoeForCausalLM, Qwen2MoeForCausalLM, Qwen3MoeForCausalLM,
// OlmoeForCausalLM or MixtralForCausalLM. bad_input names the key, what it may be and what it is.
Result<ModelConfig> parse_config(const NamedText& source);
// FOLDER/config.json.
Result<ModelConfig> load_config(const std::string& folder);

}  // namespace pregate
