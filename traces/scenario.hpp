// SPDX-License-Identifier: Apache-2.0
// A scenario: one model's routing on one device under one set of policies. People write protobuf text
// (schema/scenario.proto); ScenarioDocument holds that text with the line of every field, takes --set
// assignments, and resolves to the checked struct below. Nothing outside traces/ sees protobuf.
//
//   auto document = ScenarioDocument::parse({"demo.scenario.textproto", text});
//   document->set("dram.expert_budget=4000MiB");
//   Result<Scenario> scenario = document->resolve(catalogue);
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "traces/device_spec.hpp"
#include "traces/model_spec.hpp"
#include "traces/synthetic_params.hpp"

namespace pregate {

enum class EvictionKind : std::uint8_t {
  lru,
  lfu,
  lfu_decay,
  fifo,
  random,
  least_stale,
  layer_lru,
  layer_lfu,
  belady,
  belady_bypass,
  none
};
enum class PrefetchKind : std::uint8_t { none, pregate, prev_token, popularity, stale_gate, oracle };
enum class Fidelity : std::uint8_t { flow, burst };
// Which routed experts are in DRAM when the run begins. all: it has no loads; the budget must hold them all.
enum class Preload : std::uint8_t { none, all };

// When a load's room in DRAM is taken, and with it the decision what leaves: as a lane begins to read it, or
// as it is asked for, before it waits for a lane.
enum class RoomAt : std::uint8_t { start, request };

// The command's words: "lru", "lfu-decay", "belady-bypass" ... and back. Errors list the words that exist.
Result<EvictionKind> parse_eviction(std::string_view word);
Result<PrefetchKind> parse_prefetch(std::string_view word);
Result<Fidelity> parse_fidelity(std::string_view word);
Result<Preload> parse_preload(std::string_view word);
Result<RoomAt> parse_room_at(std::string_view word);
Result<Arbitration> parse_arbitration(std::string_view word);
std::string_view to_text(EvictionKind kind);
std::string_view to_text(PrefetchKind kind);
std::string_view to_text(Fidelity kind);
std::string_view to_text(Preload kind);
std::string_view to_text(RoomAt kind);
std::string_view to_text(Arbitration kind);
std::vector<std::string> eviction_words();
std::vector<std::string> prefetch_words();

struct PolicySpec {
  EvictionKind eviction = EvictionKind::lru;
  PrefetchKind prefetch = PrefetchKind::none;
  std::int32_t lookahead = 1;
  double stale_gate_accuracy = 0.5;
  std::int32_t lfu_half_life = 16;
  std::int32_t popularity_count = 0;  // 0: top-k
  std::uint64_t seed = 1;
};

// A forward pass of the scenario's model as the source of routing (models/live_forward.hpp).
struct ForwardSpec {
  std::string prompt, prompt_file;  // one of them
  std::int64_t tokens = 64;         // to generate
  double temperature = 0, top_p = 1;
  std::uint64_t sampling_seed = 1;
  std::string precision = "bf16";               // which words there are is known to kernels/
  std::optional<std::uint64_t> random_weights;  // a seed; empty: those of the checkpoint
  double prefer_resident = 0;
};

struct WorkloadSpec {
  std::string trace;  // path of a .route file; empty: forward, or synthetic
  bool decode_only = false;
  std::int64_t max_steps = 0;  // 0: all
  std::optional<SyntheticParams> synthetic;
  std::optional<ForwardSpec> forward;

  // Routing comes from a forward pass.
  [[nodiscard]] bool live() const { return trace.empty() && forward.has_value(); }
};

// Who gets what where transfers of several classes meet. The NPU's streams count as demand.
struct ArbitrationSpec {
  Arbitration flash = Arbitration::max_min;
  Arbitration link = Arbitration::max_min;
  Arbitration dram = Arbitration::max_min;
  std::array<std::int32_t, 3> class_weights{4, 2, 1};  // demand, committed, speculative; where weighted
};

struct RuntimeSpec {
  bool overlap = true;
  std::int32_t io_lanes = 4;
  RoomAt room = RoomAt::start;
  bool measured_npu = false;  // compute times as the source measured them, instead of the device's
  bool hot = false;  // the device's flash is throttled by its hot_derate (already applied to `device`)
  ArbitrationSpec arbitration{};
};

struct Scenario {
  std::string name;
  std::optional<ModelShape> model;                     // from model.preset; empty: the trace's own shape
  std::optional<ModelShape> shape_as;                  // from model.shape_as
  std::optional<ModelSpec> model_spec, shape_as_spec;  // the numbers behind them
  DeviceSpec device;
  WorkloadSpec workload;
  std::optional<Bytes> expert_budget;  // empty: what DRAM leaves, see default_expert_budget()
  Preload preload = Preload::none;
  RuntimeSpec runtime;
  PolicySpec policy;
  Fidelity fidelity = Fidelity::flow;
  std::string text;  // the resolved document in canonical text form: what the numbers depend on
  // The part of it that says which choices are routed and what they cost, before any device: scenarios with
  // one such text can share what was loaded or drawn.
  std::string routing_text;
};

// What capacity leaves for routed experts after the system's share, dense weights and a KV cache of `context`
// tokens. An error says what does not fit.
Result<Bytes> default_expert_budget(const Scenario& scenario, const ModelShape& model, std::int64_t context);

// What a value of a scenario field is written as. Quantities with a unit are texts to the schema.
enum class FieldType : std::uint8_t { text, truth, whole, number };

struct NamedText {
  std::string path;  // shown in errors
  std::string text;
};

// Finds what a name stands for: a shipped file, else a path on disk. Implemented above this layer.
class Catalogue {
 public:
  virtual ~Catalogue() = default;
  [[nodiscard]] virtual Result<NamedText> device(std::string_view name) const = 0;
  [[nodiscard]] virtual Result<NamedText> model(std::string_view name) const = 0;
};

class ScenarioDocument {
 public:
  static Result<ScenarioDocument> parse(const NamedText& source);
  ScenarioDocument();  // an empty one: all defaults, no device
  ~ScenarioDocument();
  ScenarioDocument(ScenarioDocument&&) noexcept;
  ScenarioDocument& operator=(ScenarioDocument&&) noexcept;

  // "dram.expert_budget=4000MiB": any scalar field of the schema, by its path. Unknown paths suggest the
  // nearest one. `source` is what errors name as the place that it comes from.
  Status set(std::string_view assignment, std::string_view source = "--set");
  [[nodiscard]] Result<Scenario> resolve(const Catalogue& catalogue) const;
  // What the document says so far of a text field of the schema, as in "workload.trace"; empty if nothing.
  // The command needs names and paths before resolve() replaces them.
  [[nodiscard]] std::string text_at(std::string_view path) const;
  // Whether it says a field or has a section, as in "workload.forward".
  [[nodiscard]] bool has(std::string_view path) const;
  // What a field of the schema takes, as in "dram.expert_budget"; the error names the nearest path.
  static Result<FieldType> field_type(std::string_view path);

 private:
  friend Status check_scenario_value(std::string_view path, std::string_view text);  // scenario_fields.hpp
  struct State;
  std::unique_ptr<State> state_;
};

// A device or model file alone: `pregate devices`, `pregate models`, trace imports.
Result<DeviceSpec> parse_device(const NamedText& source);
struct PrecisionOverride {
  std::optional<double> expert_bits;
  std::optional<double> dense_bits;
};
Result<ModelShape> parse_model(const NamedText& source, const PrecisionOverride& precision = {});
// The same file as the numbers of its architecture.
Result<ModelSpec> parse_model_spec(const NamedText& source, const PrecisionOverride& precision = {});
// A model file that says what `spec` does: parse_model_spec() gives it back.
std::string model_text(const ModelSpec& spec);

}  // namespace pregate
