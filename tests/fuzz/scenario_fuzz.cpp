// SPDX-License-Identifier: Apache-2.0
// The input is parsed as a scenario, a device and a model. A scenario is resolved against a catalogue of one
// shipped device and model; names that begin with "echo" stand for the input itself. A first line "--set
// PATH=VALUE" is an assignment to what follows.
#include <fstream>
#include <sstream>

#include "tests/fuzz/target.hpp"
#include "traces/scenario.hpp"

namespace pregate {
namespace {

std::string shipped(const std::string& path) {
  std::ifstream in(std::string(PREGATE_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class FuzzCatalogue final : public Catalogue {
 public:
  explicit FuzzCatalogue(std::string_view echo) : echo_(echo) {}
  [[nodiscard]] Result<NamedText> device(std::string_view name) const override {
    static const std::string kText = shipped("experiments/devices/oneplus-15r.device.textproto");
    return NamedText{"fuzz.device", name.starts_with("echo") ? echo_ : kText};
  }
  [[nodiscard]] Result<NamedText> model(std::string_view name) const override {
    static const std::string kText = shipped("models/presets/megrez2-3x7b-a3b.model.textproto");
    return NamedText{"fuzz.model", name.starts_with("echo") ? echo_ : kText};
  }

 private:
  std::string echo_;
};

void try_scenario(std::string_view text) {
  constexpr std::string_view kSet = "--set ";
  std::string_view assignment;
  if (text.starts_with(kSet)) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    assignment = text.substr(kSet.size(), end - kSet.size());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  auto document = ScenarioDocument::parse({"fuzz.scenario", std::string(text)});
  if (!document) return fuzz::check_refusal(document.error());
  ++fuzz::accepted;
  if (!assignment.empty()) {
    if (const Status set = document->set(assignment); !set) fuzz::check_refusal(set.error());
  }
  (void)document->text_at("workload.trace");
  const auto scenario = document->resolve(FuzzCatalogue(text));
  if (!scenario) return fuzz::check_refusal(scenario.error());
  const auto again = ScenarioDocument::parse({"again.scenario", scenario->text});
  check(again.ok(), "the canonical text of a scenario can be parsed");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::string demo = shipped("experiments/scenarios/synthetic.scenario.textproto");
  return {demo,
          "--set dram.expert_budget=2000MiB\n" + demo,
          "--set device.flash.read_bandwidth=3GB/s\n" + demo,
          shipped("experiments/scenarios/replay.scenario.textproto"),
          shipped("experiments/devices/oneplus-15r.device.textproto"),
          shipped("experiments/devices/rtx-4060.device.textproto"),
          shipped("models/presets/megrez2-3x7b-a3b.model.textproto"),
          shipped("models/presets/deepseek-v2-lite.model.textproto")};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(pregate::fuzz::text_of(data, size));
  pregate::try_scenario(text);
  if (const auto device = pregate::parse_device({"fuzz.device", text}); !device) {
    pregate::fuzz::check_refusal(device.error());
  } else {
    ++pregate::fuzz::accepted;
  }
  if (const auto model = pregate::parse_model({"fuzz.model", text}); !model) {
    pregate::fuzz::check_refusal(model.error());
  } else {
    ++pregate::fuzz::accepted;
    pregate::check(model->validate().ok(), "an accepted model is valid");
  }
  return 0;
}
