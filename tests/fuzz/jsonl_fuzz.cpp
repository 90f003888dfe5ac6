// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include "tests/fuzz/target.hpp"
#include "traces/import.hpp"

namespace pregate {
namespace {

void try_text(std::string_view text, const ImportOptions& options) {
  std::istringstream in{std::string(text)};
  const auto trace = import_jsonl(in, "fuzz.jsonl", options);
  if (!trace) return fuzz::check_refusal(trace.error());
  ++fuzz::accepted;
  check(trace->header.model.validate().ok(), "an accepted model is valid");
  check(!trace->steps.empty(), "an accepted trace has steps");
  for (std::size_t i = 0; i < trace->steps.size(); ++i) {
    check(validate_step(trace->steps[i], trace->header.model).ok(), "an accepted step is valid");
    check(i == 0 || validate_order(trace->steps[i - 1], trace->steps[i]).ok(),
          "accepted steps follow each other");
  }
}

// Two layers of eight experts each, as in the corpus.
ModelShape known_model() {
  ModelShape model;
  model.name = "known";
  model.top_k = 2;
  for (std::uint32_t i = 0; i < 2; ++i) {
    model.layers.push_back({.attention_bytes = Bytes(3),
                            .attention_macs = Macs(4),
                            .feed_forward_bytes = Bytes(1),
                            .feed_forward_macs = Macs(2),
                            .bank = BankId(i)});
    model.banks.push_back({.experts = 8, .expert_bytes = Bytes(7), .expert_macs = Macs(8)});
  }
  return model;
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const pregate::ModelShape kModel = pregate::known_model();
  const std::string_view text = pregate::fuzz::text_of(data, size);
  pregate::try_text(text, {});
  pregate::try_text(text, {.model = kModel, .provenance = "fuzz"});
  return 0;
}
