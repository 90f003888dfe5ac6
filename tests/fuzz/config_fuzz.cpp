// SPDX-License-Identifier: Apache-2.0
#include "models/config.hpp"
#include "tests/fuzz/target.hpp"

namespace pregate {
namespace {

void try_config(std::string_view text) {
  const auto config = parse_config({"fuzz.json", std::string(text)});
  if (!config) return fuzz::check_refusal(config.error());
  ++fuzz::accepted;
  const ModelSpec& s = config->spec;
  check(s.hidden > 0 && s.layers > 0 && s.heads > 0 && s.head_dim > 0 && s.vocabulary > 0,
        "an accepted model has a size");
  check(s.heads % s.kv_heads == 0 && s.head_dim % 2 == 0, "heads share keys evenly and rotate in halves");
  check(s.dense_layers < s.layers && s.banks() > 0, "an accepted model has experts");
  check(s.top_k >= 1 && s.top_k <= s.top_groups * (s.experts / s.expert_groups),
        "there are experts to choose");
  check(s.experts % s.expert_groups == 0, "groups are even");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pregate::try_config(pregate::fuzz::text_of(data, size));
  return 0;
}
