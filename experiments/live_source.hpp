// SPDX-License-Identifier: Apache-2.0
// The live forward pass as `record` and `run --prompt` use it: prompt to tokens, tokens to text, and how fast
// this machine was. Private to experiments/: it shows CLI11.
#pragma once

#include <memory>

#include "experiments/forward_model.hpp"
#include "experiments/forward_report.hpp"
#include "models/live_forward.hpp"

namespace pregate {

// Adds --prompt, --prompt-file, --tokens, --temperature, --top-p and --sampling-seed.
void add_prompt_options(CLI::App& verb, PromptRequest& request);

// What a source takes of a prompt and its options. `model` outlives them.
Result<LiveOptions> live_options(const ForwardModel& model, const PromptRequest& request);

// `model` outlives the source. `shape` is what is simulated.
Result<std::unique_ptr<LiveForward>> make_live_source(const ForwardModel& model, const PromptRequest& request,
                                                      const ModelShape& shape);

ForwardReport forward_report(const ForwardModel& model, const LiveForward& source);

}  // namespace pregate
