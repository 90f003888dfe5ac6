// SPDX-License-Identifier: Apache-2.0
// What `stream` and `validate` are told of a model that is streamed. Private to experiments/: it shows CLI11.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "experiments/live_source.hpp"
#include "experiments/stream/streamed_model.hpp"

namespace pregate {

struct StreamRequest {
  ForwardRequest model;
  std::string experts;  // the file
  PromptRequest prompt;
  std::string choices;  // empty: the model's own; "synthetic"; or a .route file
  std::string choices_seed = "1";
  std::string engine;  // io_uring, threads; empty: what the kernel allows
  bool no_verify = false;
};

void add_stream_options(CLI::App& verb, StreamRequest& request);

// The prompt, how many tokens, and where choices come from. Without a prompt: one token, for choices that are
// not the model's own.
Result<LiveOptions> stream_live_options(const ShippedCatalogue& catalogue, const OpenedStream& stream,
                                        const StreamRequest& request);

// The error of a scenario's field as that of the option that the user set it by.
using FieldOption = std::pair<std::string_view, const char*>;
Error of_option(const Error& error, std::initializer_list<FieldOption> options);
// That a device is shipped or a file that can be read; it is parsed with the scenario.
Status check_device(const ShippedCatalogue& catalogue, const std::string& device);

std::optional<DiskReader::Engine> engine_of(const StreamRequest& request);

// "25%" of all routed experts, rounded down to whole ones, or bytes ("2GiB").
Result<Bytes> parse_expert_budget(const std::string& text, const ExpertPack& pack);
// "25%" or "0.25", above 0 and at most all.
Result<double> parse_budget_share(const std::string& text);

}  // namespace pregate
