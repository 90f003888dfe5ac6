// SPDX-License-Identifier: Apache-2.0
// The input is a sweep file.
#include <fstream>
#include <sstream>

#include "tests/fuzz/target.hpp"
#include "traces/sweep_spec.hpp"

namespace pregate {
namespace {

std::string shipped(const std::string& path) {
  std::ifstream in(std::string(PREGATE_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {shipped("experiments/studies/memory/memory.sweep.textproto"),
          "name: \"a\"\nscenario: \"synthetic\"\nset: \"sim.seed=3\"\nvary: \"policy.lookahead=1,2\"\n"
          "vary: \"dram.expert_budget=1GiB,2GiB\"\nzip: true\n",
          "trace: \"a.route\"\nmodel: \"none\"\ndevice: \"rtx-4060\"\nshape_as: \"x\"\n"
          "vary: \"dram.expert_budget=1GiB..2GiB\"\nsample: 12\nseed: 7\n"};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(pregate::fuzz::text_of(data, size));
  const auto spec = pregate::parse_sweep_spec({"fuzz.sweep", text});
  if (!spec) {
    pregate::fuzz::check_refusal(spec.error());
    return 0;
  }
  ++pregate::fuzz::accepted;
  pregate::check(!spec->vary.empty(), "an accepted sweep has an axis");
  for (const auto& axis : spec->vary) pregate::check(!axis.place.empty(), "an axis has a line");
  return 0;
}
