// SPDX-License-Identifier: Apache-2.0
// From a document to a checked Scenario: what it names is looked up and merged under what it says itself,
// defaults go under that, every value is checked, and the result is written down as the canonical text.
#include <fmt/format.h>

#include "traces/input_text.hpp"
#include "traces/schema/scenario.pb.h"
#include "traces/text_sections.hpp"

namespace pregate {
namespace {

// The structs hold the defaults; this is their text. A synthetic section, a device or a model has defaults of
// its own.
std::string scenario_defaults() {
  const WorkloadSpec workload;
  const RuntimeSpec runtime;
  const ArbitrationSpec& arbitration = runtime.arbitration;
  const PolicySpec policy;
  return fmt::format(
      R"(name: "unnamed" workload {{ phase: "{}" max_steps: {} }} dram {{ preload: "{}" }} runtime {{ overlap: {} io_lanes: {} room: "{}" npu: "device" thermal: "cool"
flash_arbitration: "{}" link_arbitration: "{}" dram_arbitration: "{}" demand_weight: {} committed_weight: {}
speculative_weight: {} }} policy {{ eviction: "{}" prefetch: "{}" lookahead: {} stale_gate_accuracy: {} lfu_half_life: {}
popularity_count: {} }} sim {{ fidelity: "flow" seed: {} }})",
      workload.decode_only ? "decode" : "all", workload.max_steps, to_text(Preload::none), runtime.overlap,
      runtime.io_lanes, to_text(runtime.room), to_text(arbitration.flash), to_text(arbitration.link),
      to_text(arbitration.dram), arbitration.class_weights[0], arbitration.class_weights[1],
      arbitration.class_weights[2], to_text(policy.eviction), to_text(policy.prefetch), policy.lookahead,
      policy.stale_gate_accuracy, policy.lfu_half_life, policy.popularity_count, policy.seed);
}

// Whose compute times a run takes: true: measured ones.
Result<bool> parse_npu_times(std::string_view word) {
  if (word == "device" || word == "measured") return word == "measured";
  return bad_input("device or measured", fmt::format("\"{}\"", word));
}

std::string synthetic_defaults() {
  const SyntheticParams p;
  return fmt::format(
      R"(popularity: {} topic: {} topic_persistence: {} context: {} context_persistence: {} group_correlation: {}
layer_spread: {} prompt_noise: {} prompt_tokens: {} decode_tokens: {} seed: {} fitted_to: "")",
      p.popularity, p.topic, p.topic_persistence, p.context, p.context_persistence, p.group_correlation,
      p.layer_spread, p.prompt_noise, p.prompt_tokens, p.decode_tokens, p.seed);
}

std::string forward_defaults() {
  const ForwardSpec f;
  return fmt::format(
      R"(prompt: "" prompt_file: "" tokens: {} temperature: {} top_p: {} sampling_seed: {} precision: "{}" prefer_resident: {})",
      f.tokens, f.temperature, f.top_p, f.sampling_seed, f.precision, f.prefer_resident);
}

// Puts what the catalogue has under `fields`. Origins of fields that the document gave itself win.
Status put_under(const NamedText& source, google::protobuf::Message& fields, const std::string& prefix,
                 FieldOrigins& origins) {
  const std::unique_ptr<google::protobuf::Message> base(fields.New());
  FieldOrigins found;
  if (Status parsed = parse_text_message(source, *base, found, prefix); !parsed) return parsed;
  merge_under(*base, fields);
  origins.merge(found);
  return {};
}

// One resolution: a copy of the document that becomes the resolved one.
class Resolver {
 public:
  Resolver(const google::protobuf::Message& document, FieldOrigins origins, std::string file,
           const Catalogue& catalogue)
      : message_(static_cast<const schema::Scenario&>(document)),
        origins_(std::move(origins)),
        catalogue_(catalogue),
        context_{origins_, std::move(file), std::nullopt},
        root_(message_, context_) {}

  Result<Scenario> resolve() {
    if (const Status s = add_device(); !s) return s.error();
    if (const Status s = add_model("preset"); !s) return s.error();
    if (const Status s = add_model("shape_as"); !s) return s.error();
    add_defaults();
    Scenario scenario = read();
    if (context_.failure) return *context_.failure;
    scenario.text = canonical_text(message_);
    scenario.routing_text = routing_text();
    return scenario;
  }

 private:
  Status add_device() {
    schema::Device& device = *message_.mutable_device();
    if (!device.has_id() || device.id().empty()) {
      return root_.section("device").error_at("id",
                                              "a device: --device NAME (\"pregate devices\" lists them), "
                                              "device { id: \"oneplus-15r\" }, or all of "
                                              "flash, dram and npu with an id and complete: true",
                                              device.has_id() ? "\"\"" : "nothing");
    }
    if (!device.complete()) {
      const Result<NamedText> source = catalogue_.device(device.id());
      if (!source) return named_at("device", "id", source.error());
      device.clear_id();  // a path stands for the id that the file gives
      if (Status s = put_under(*source, device, "device", origins_); !s) return s;
      device.set_complete(true);
    }
    add_device_defaults(device);
    return {};
  }

  // `name` is preset or shape_as; name_shape holds the model's fields.
  Status add_model(const std::string& name) {
    schema::ModelSection& section = *message_.mutable_model();
    const bool preset = name == "preset";
    if (!preset && section.shape_as() == "none") {  // takes away what a document says
      section.clear_shape_as();
      section.clear_shape_as_shape();
    }
    if (!(preset ? section.has_preset() : section.has_shape_as())) {
      if (!(preset ? section.has_preset_shape() : section.has_shape_as_shape())) return {};
      return root_.section("model").error_at(name, fmt::format("the name of a model beside {}_shape", name),
                                             "nothing");
    }
    schema::Model& model = preset ? *section.mutable_preset_shape() : *section.mutable_shape_as_shape();
    std::string& given = preset ? *section.mutable_preset() : *section.mutable_shape_as();
    if (given.empty()) {
      return root_.section("model").error_at(name, "the name of a model (\"pregate models\" lists them)",
                                             "\"\"");
    }
    if (!model.complete()) {
      const Result<NamedText> source = catalogue_.model(given);
      if (!source) return named_at("model", name, source.error());
      if (Status s = put_under(*source, model, fmt::format("model.{}_shape", name), origins_); !s) return s;
      model.set_complete(true);
      if (model.has_name()) given = model.name();
    }
    override_bits(model, fmt::format("model.{}_shape", name));
    add_model_defaults(model);
    return {};
  }

  // model.expert_bits and dense_bits hold for whatever model is named.
  void override_bits(schema::Model& model, const std::string& prefix) {
    const schema::ModelSection& section = message_.model();
    if (section.has_expert_bits()) {
      model.set_expert_bits(section.expert_bits());
      origins_[prefix + ".expert_bits"] = origins_["model.expert_bits"];
    }
    if (section.has_dense_bits()) {
      model.set_dense_bits(section.dense_bits());
      origins_[prefix + ".dense_bits"] = origins_["model.dense_bits"];
    }
  }

  void add_defaults() {
    schema::Scenario defaults;
    merge_known_text(scenario_defaults(), defaults);
    if (message_.workload().has_synthetic()) {
      merge_known_text(synthetic_defaults(), *defaults.mutable_workload()->mutable_synthetic());
    }
    if (message_.workload().has_forward()) {
      merge_known_text(forward_defaults(), *defaults.mutable_workload()->mutable_forward());
    }
    merge_under(defaults, message_);
  }

  // Which steps of a trace are replayed is not part of it; a dressing is drawn from the run's seed.
  [[nodiscard]] std::string routing_text() const {
    schema::Scenario routing;
    *routing.mutable_model() = message_.model();
    *routing.mutable_workload() = message_.workload();
    routing.mutable_workload()->clear_phase();
    routing.mutable_workload()->clear_max_steps();
    if (message_.model().has_shape_as()) routing.mutable_sim()->set_seed(message_.sim().seed());
    return canonical_text(routing);
  }

  // The catalogue's error, with the place that named the thing.
  [[nodiscard]] Error named_at(const std::string& section, const std::string& name,
                               const Error& found) const {
    Error error = root_.section(section).error_at(name, found.expected, found.found);
    error.kind = found.kind;
    return error;
  }

  Scenario read() {
    Scenario scenario;
    scenario.name = root_.text("name");
    scenario.device = read_device(root_.section("device"));
    read_models(scenario);
    scenario.workload = read_workload(root_.section("workload"), scenario.model.has_value());
    const FieldReader dram = root_.section("dram");
    if (dram.has("expert_budget")) {
      scenario.expert_budget = dram.bytes("expert_budget");
    }
    scenario.preload = dram.word("preload", parse_preload);
    const FieldReader runtime = root_.section("runtime");
    scenario.runtime = {.overlap = runtime.flag("overlap"),
                        .io_lanes = static_cast<std::int32_t>(runtime.integer("io_lanes")),
                        .room = runtime.word("room", parse_room_at),
                        .measured_npu = runtime.word("npu", parse_npu_times),
                        .hot = runtime.word("thermal", parse_thermal),
                        .arbitration = read_arbitration(runtime)};
    if (scenario.runtime.hot)
      scenario.device.flash = scenario.device.flash.derated(scenario.device.flash.hot_derate);
    scenario.policy = read_policy(root_.section("policy"));
    scenario.fidelity = root_.section("sim").word("fidelity", parse_fidelity);
    scenario.policy.seed = root_.section("sim").seed("seed");
    return scenario;
  }

  void read_models(Scenario& scenario) const {
    const FieldReader model = root_.section("model");
    if (model.has("preset")) {
      scenario.model = read_model(model.section("preset_shape"));
      scenario.model_spec = read_model_spec(model.section("preset_shape"));
    }
    if (model.has("shape_as")) {
      scenario.shape_as = read_model(model.section("shape_as_shape"));
      scenario.shape_as_spec = read_model_spec(model.section("shape_as_shape"));
    }
    if (scenario.model || scenario.shape_as) return;
    for (const std::string_view bits : {"expert_bits", "dense_bits"}) {
      if (model.has(bits)) {
        model.fail(bits, "model.preset or model.shape_as beside it, whose precision it is", "neither");
      }
    }
  }

  static ArbitrationSpec read_arbitration(const FieldReader& runtime) {
    const auto weight = [&runtime](std::string_view name) {
      return static_cast<std::int32_t>(runtime.integer(name));
    };
    return {
        .flash = runtime.word("flash_arbitration", parse_arbitration),
        .link = runtime.word("link_arbitration", parse_arbitration),
        .dram = runtime.word("dram_arbitration", parse_arbitration),
        .class_weights = {weight("demand_weight"), weight("committed_weight"), weight("speculative_weight")}};
  }
  static Result<bool> parse_thermal(std::string_view word) {
    if (word == "cool" || word == "hot") return word == "hot";
    return bad_input("cool or hot", quoted(word));
  }
  static Result<bool> parse_phase(std::string_view word) {
    if (word == "all" || word == "decode") return word == "decode";
    return bad_input("all or decode", quoted(word));
  }

  static WorkloadSpec read_workload(const FieldReader& workload, bool has_model) {
    WorkloadSpec spec;
    // An empty path is no trace: --set workload.trace= takes a document's trace away.
    spec.trace = workload.any_text("trace");
    spec.decode_only = workload.word("phase", parse_phase);
    spec.max_steps = workload.integer("max_steps");
    if (workload.has("synthetic")) spec.synthetic = read_synthetic(workload.section("synthetic"));
    if (workload.has("forward")) spec.forward = read_forward(workload.section("forward"));
    if (spec.live() && !has_model) {
      workload.fail("forward", "model.preset beside it, the model that is run", "none");
    }
    if (spec.synthetic && !spec.forward && spec.trace.empty() && !has_model) {
      workload.fail("synthetic", "model.preset beside it, the shape that the routing is drawn for", "none");
    }
    return spec;
  }

  static ForwardSpec read_forward(const FieldReader& forward) {
    ForwardSpec f;
    f.prompt = forward.any_text("prompt");
    f.prompt_file = forward.any_text("prompt_file");
    if (!f.prompt.empty() && !f.prompt_file.empty()) {
      forward.fail("prompt", "one prompt", "prompt and prompt_file");
    }
    f.tokens = forward.integer("tokens");
    f.temperature = forward.number("temperature");
    f.top_p = forward.number("top_p");
    f.sampling_seed = forward.seed("sampling_seed");
    f.precision = forward.text("precision");
    if (forward.has("random_weights")) f.random_weights = forward.seed("random_weights");
    f.prefer_resident = forward.number("prefer_resident");
    return f;
  }

  static SyntheticParams read_synthetic(const FieldReader& synthetic) {
    SyntheticParams p;
    p.popularity = synthetic.number("popularity");
    p.topic = synthetic.number("topic");
    p.topic_persistence = synthetic.number("topic_persistence");
    p.context = synthetic.number("context");
    p.context_persistence = synthetic.number("context_persistence");
    p.group_correlation = synthetic.number("group_correlation");
    p.layer_spread = synthetic.number("layer_spread");
    p.prompt_noise = synthetic.number("prompt_noise");
    p.prompt_tokens = static_cast<std::int32_t>(synthetic.integer("prompt_tokens"));
    p.decode_tokens = static_cast<std::int32_t>(synthetic.integer("decode_tokens"));
    p.seed = synthetic.seed("seed");
    p.fitted_to = synthetic.any_text("fitted_to");
    return p;
  }

  static PolicySpec read_policy(const FieldReader& policy) {
    PolicySpec spec;
    spec.eviction = policy.word("eviction", parse_eviction);
    spec.prefetch = policy.word("prefetch", parse_prefetch);
    spec.lookahead = static_cast<std::int32_t>(policy.integer("lookahead"));
    spec.stale_gate_accuracy = policy.number("stale_gate_accuracy");
    spec.lfu_half_life = static_cast<std::int32_t>(policy.integer("lfu_half_life"));
    spec.popularity_count = static_cast<std::int32_t>(policy.integer("popularity_count"));
    return spec;
  }

  schema::Scenario message_;
  FieldOrigins origins_;
  const Catalogue& catalogue_;
  ReadContext context_;
  FieldReader root_;
};

}  // namespace

Result<Scenario> ScenarioDocument::resolve(const Catalogue& catalogue) const {
  return Resolver(*state_->message, state_->origins, state_->file, catalogue).resolve();
}

Result<Bytes> default_expert_budget(const Scenario& scenario, const ModelShape& model, std::int64_t context) {
  const DramSpec& dram = scenario.device.dram;
  const Int128 cache =
      Int128{model.kv_bytes.count()} * static_cast<std::int64_t>(model.layers.size()) * context;
  const Int128 taken = cache + (dram.reserved + model.dense_bytes()).count();
  if (taken < dram.capacity.count()) return Bytes(dram.capacity.count() - static_cast<std::int64_t>(taken));
  const Bytes shown(static_cast<std::int64_t>(std::min(cache, Int128{INT64_MAX})));
  return bad_input(
      "a device whose DRAM leaves room for routed experts, or an explicit dram.expert_budget",
      fmt::format("{} of DRAM on {}, less {} reserved, {} dense weights of {} and {} KV cache for {} tokens",
                  to_text(dram.capacity), scenario.device.id, to_text(dram.reserved),
                  to_text(model.dense_bytes()), model.name, to_text(shown), context),
      "device.dram.capacity");
}

}  // namespace pregate
