// SPDX-License-Identifier: Apache-2.0
#include "traces/proto_convert.hpp"

#include <fmt/format.h>

#include <limits>

#include "traces/input_text.hpp"

namespace pregate::convert {
namespace {

// Collects the first error of many small conversions, so that a message reads as a list of its fields.
class Fields {
 public:
  std::int64_t integer(std::uint64_t value, const char* field) {
    return take(to_int64(value, field), std::int64_t{});
  }
  std::int32_t small(std::uint64_t value, const char* field) {
    return take(to_int32(value, field), std::int32_t{});
  }
  std::string text(std::string_view value, const char* field) {
    return take(to_utf8(value, field), std::string());
  }
  Origin origin(std::string_view word) { return take(to_origin(word), Origin::recorded); }
  Bytes bytes(std::uint64_t value, const char* field) { return Bytes(integer(value, field)); }
  Macs macs(std::uint64_t value, const char* field) { return Macs(integer(value, field)); }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  template <typename T>
  T take(Result<T> result, T otherwise) {
    if (result) return std::move(*result);
    if (status_) status_ = result.error();
    return otherwise;
  }
  Status status_;
};

std::uint64_t count(Bytes v) {
  return static_cast<std::uint64_t>(v.count());
}
std::uint64_t count(Macs v) {
  return static_cast<std::uint64_t>(v.count());
}

LayerShape layer_from(const schema::LayerShape& message, Fields& fields) {
  LayerShape layer;
  layer.attention_bytes = fields.bytes(message.attention_bytes(), "attention_bytes");
  layer.attention_macs = fields.macs(message.attention_macs(), "attention_macs");
  layer.feed_forward_bytes = fields.bytes(message.feed_forward_bytes(), "feed_forward_bytes");
  layer.feed_forward_macs = fields.macs(message.feed_forward_macs(), "feed_forward_macs");
  if (message.moe()) layer.bank = BankId(static_cast<std::uint32_t>(fields.small(message.bank(), "bank")));
  return layer;
}

}  // namespace

Result<std::int64_t> to_int64(std::uint64_t value, const char* field) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return static_cast<std::int64_t>(value);
  }
  return bad_input("a number below 2^63", fmt::format("{}", value), field);
}

Result<std::int32_t> to_int32(std::uint64_t value, const char* field) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
    return static_cast<std::int32_t>(value);
  }
  return bad_input("a number below 2^31", fmt::format("{}", value), field);
}

Result<std::string> to_utf8(std::string_view text, const char* field) {
  const auto bad = find_non_utf8(text);
  if (!bad) return std::string(text);
  return bad_input("UTF-8", fmt::format("byte 0x{:02x} at {}", static_cast<unsigned char>(text[*bad]), *bad),
                   field);
}

Result<Origin> to_origin(std::string_view word) {
  for (const Origin origin : {Origin::recorded, Origin::synthetic, Origin::live}) {
    if (word == to_text(origin)) return origin;
  }
  return bad_input("recorded, synthetic or live", quoted(word), "origin");
}

void to_proto(const ModelShape& model, schema::ModelShape& out) {
  out.set_name(model.name);
  for (const LayerShape& layer : model.layers) {
    schema::LayerShape& to = *out.add_layers();
    to.set_attention_bytes(count(layer.attention_bytes));
    to.set_attention_macs(count(layer.attention_macs));
    to.set_feed_forward_bytes(count(layer.feed_forward_bytes));
    to.set_feed_forward_macs(count(layer.feed_forward_macs));
    to.set_moe(layer.is_moe());
    if (layer.is_moe()) to.set_bank(layer.bank.value());
  }
  for (const BankShape& bank : model.banks) {
    schema::BankShape& to = *out.add_banks();
    to.set_experts(static_cast<std::uint32_t>(bank.experts));
    to.set_expert_bytes(count(bank.expert_bytes));
    to.set_expert_macs(count(bank.expert_macs));
  }
  out.set_top_k(static_cast<std::uint32_t>(model.top_k));
  out.set_kv_bytes(count(model.kv_bytes));
  out.set_kv_macs(count(model.kv_macs));
  out.set_head_bytes(count(model.head_bytes));
  out.set_head_macs(count(model.head_macs));
  out.set_costs_from(model.costs_from);
}

Result<ModelShape> from_proto(const schema::ModelShape& message) {
  ModelShape model;
  Fields fields;
  model.name = fields.text(message.name(), "name");
  for (const schema::LayerShape& layer : message.layers()) model.layers.push_back(layer_from(layer, fields));
  for (const schema::BankShape& bank : message.banks()) {
    model.banks.push_back({.experts = fields.small(bank.experts(), "experts"),
                           .expert_bytes = fields.bytes(bank.expert_bytes(), "expert_bytes"),
                           .expert_macs = fields.macs(bank.expert_macs(), "expert_macs")});
  }
  model.top_k = fields.small(message.top_k(), "top_k");
  model.kv_bytes = fields.bytes(message.kv_bytes(), "kv_bytes");
  model.kv_macs = fields.macs(message.kv_macs(), "kv_macs");
  model.head_bytes = fields.bytes(message.head_bytes(), "head_bytes");
  model.head_macs = fields.macs(message.head_macs(), "head_macs");
  model.costs_from = fields.text(message.costs_from(), "costs_from");
  Status valid = fields.status();
  if (valid) valid = model.validate();
  if (!valid) return valid.error().at({}, "model");
  return model;
}

void to_proto(const RouteHeader& header, schema::RouteHeader& out) {
  to_proto(header.model, *out.mutable_model());
  out.set_origin(std::string(to_text(header.origin)));
  out.set_provenance(header.provenance);
  out.set_prompt(header.prompt);
  out.set_context(static_cast<std::uint64_t>(header.context));
}

Result<RouteHeader> from_proto(const schema::RouteHeader& message) {
  auto model = from_proto(message.model());
  if (!model) return model.error();
  Fields fields;
  RouteHeader header{.model = std::move(*model),
                     .origin = fields.origin(message.origin()),
                     .provenance = fields.text(message.provenance(), "provenance"),
                     .prompt = fields.text(message.prompt(), "prompt"),
                     .context = fields.integer(message.context(), "context")};
  if (!fields.status()) return fields.status().error();
  return header;
}

void to_proto(const RouteStep& step, schema::RouteStep& out) {
  out.set_turn(static_cast<std::uint32_t>(step.turn));
  out.set_decode(step.phase == Phase::decode);
  out.set_position(static_cast<std::uint64_t>(step.position));
  out.set_tokens(static_cast<std::uint32_t>(step.tokens));
  out.set_dropped(static_cast<std::uint64_t>(step.dropped));
  for (std::size_t i = 0; i < step.layer_tokens.size(); ++i) {
    schema::RouteLayer& layer = *out.add_layers();
    layer.set_layer(static_cast<std::uint32_t>(i));
    layer.set_tokens(static_cast<std::uint32_t>(step.layer_tokens[i]));
    const auto experts = step.layer_experts(i);
    layer.mutable_experts()->Add(experts.begin(), experts.end());
    const auto weights = step.layer_weights(i);
    layer.mutable_weights()->Add(weights.begin(), weights.end());
    if (step.norms.empty()) continue;
    layer.set_shared_norm(step.norms[i].shared);
    layer.set_routed_norm(step.norms[i].routed);
  }
  for (const MeasuredOperator& m : step.measured) {
    schema::RouteMeasured& row = *out.add_measured();
    row.set_layer(m.layer.valid() ? m.layer.value() + 1 : 0);
    row.set_kind(static_cast<std::uint32_t>(m.kind));
    row.set_experts(static_cast<std::uint32_t>(m.experts));
    row.set_begin_ps(static_cast<std::uint64_t>(m.begin.count_ps()));
    row.set_duration_ps(static_cast<std::uint64_t>(m.duration.count_ps()));
    row.set_bytes(static_cast<std::uint64_t>(m.bytes.count()));
    row.set_macs(static_cast<std::uint64_t>(m.macs.count()));
  }
}

namespace {

Result<MeasuredOperator> measured_from(const schema::RouteMeasured& row, std::size_t layers) {
  if (row.layer() > layers) {
    return bad_input(fmt::format("a layer below {}", layers), fmt::format("{}", row.layer() - 1), "layer");
  }
  if (row.kind() > static_cast<std::uint32_t>(OperatorKind::head)) {
    return bad_input("a kind of operator", fmt::format("{}", row.kind()), "kind");
  }
  Fields fields;
  MeasuredOperator m{.layer = row.layer() == 0 ? LayerId() : LayerId(row.layer() - 1),
                     .kind = static_cast<OperatorKind>(row.kind()),
                     .experts = fields.small(row.experts(), "experts"),
                     .begin = Duration::ps(fields.integer(row.begin_ps(), "begin_ps")),
                     .duration = Duration::ps(fields.integer(row.duration_ps(), "duration_ps")),
                     .bytes = fields.bytes(row.bytes(), "bytes"),
                     .macs = fields.macs(row.macs(), "macs")};
  if (!fields.status()) return fields.status().error();
  constexpr Duration kLongest = Duration::seconds(100'000);
  if (m.duration >= kLongest) {
    return bad_input(fmt::format("an operator of less than {}", to_text(kLongest)), to_text(m.duration),
                     "duration_ps");
  }
  if (m.layer.valid() == (m.kind == OperatorKind::head)) {
    return bad_input("a layer for every operator but the head", fmt::format("{}", row.layer()), "layer");
  }
  return m;
}

// Before the layer itself: norms belong to all layers or to none.
Status append_norms(const schema::RouteLayer& message, RouteStep& step) {
  if (message.has_shared_norm() != message.has_routed_norm())
    return bad_input("both norms or none",
                     message.has_shared_norm() ? "shared_norm alone" : "routed_norm alone");
  const bool first = step.layer_tokens.empty();
  if (!first && message.has_shared_norm() != !step.norms.empty())
    return bad_input("norms in all layers of a step or in none",
                     message.has_shared_norm() ? "norms" : "none");
  if (message.has_shared_norm())
    step.norms.push_back({.shared = message.shared_norm(), .routed = message.routed_norm()});
  return {};
}

// Appends one layer; the sizes of its columns are checked before anything is copied.
Status append_layer(const schema::RouteLayer& message, RouteStep& step) {
  const std::size_t index = step.layer_tokens.size();
  if (message.layer() != index) {
    return bad_input(fmt::format("layer {}", index), fmt::format("layer {}", message.layer()));
  }
  const auto tokens = to_int32(message.tokens(), "tokens");
  if (!tokens) return tokens.error();
  for (const std::uint32_t expert : message.experts()) {
    if (expert > std::numeric_limits<std::uint16_t>::max()) {
      return bad_input("an expert below 65536", fmt::format("{}", expert));
    }
    step.experts.push_back(static_cast<std::uint16_t>(expert));
  }
  if (message.weights_size() != 0 && message.weights_size() != message.experts_size()) {
    return bad_input(fmt::format("a weight for each of {} choices", message.experts_size()),
                     fmt::format("{}", message.weights_size()));
  }
  step.weights.insert(step.weights.end(), message.weights().begin(), message.weights().end());
  if (const Status norms = append_norms(message, step); !norms) return norms;
  step.layer_tokens.push_back(*tokens);
  step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
  return {};
}

}  // namespace

Result<RouteStep> from_proto(const schema::RouteStep& message, const ModelShape& model) {
  Fields fields;
  RouteStep step;
  step.turn = fields.small(message.turn(), "turn");
  step.phase = message.decode() ? Phase::decode : Phase::prefill;
  step.position = fields.integer(message.position(), "position");
  step.tokens = fields.small(message.tokens(), "tokens");
  step.dropped = fields.integer(message.dropped(), "dropped");
  if (!fields.status()) return fields.status().error();
  if (static_cast<std::size_t>(message.layers_size()) != model.layers.size()) {
    return bad_input(fmt::format("{} layers", model.layers.size()), fmt::format("{}", message.layers_size()));
  }
  step.offset.push_back(0);
  for (const schema::RouteLayer& layer : message.layers()) {
    const Status appended = append_layer(layer, step);
    if (!appended) return appended.error().at({}, fmt::format("layer {}", step.layer_tokens.size()));
  }
  for (const schema::RouteMeasured& row : message.measured()) {
    Result<MeasuredOperator> measured = measured_from(row, model.layers.size());
    if (!measured) return measured.error().at({}, fmt::format("measured operator {}", step.measured.size()));
    step.measured.push_back(*measured);
  }
  return step;
}

void to_proto(const RunHeader& header, schema::RunHeader& out) {
  out.set_pregate_version(header.pregate_version);
  out.set_scenario_text(header.scenario_text);
  out.set_scenario_name(header.scenario_name);
  out.set_device(header.device);
  out.set_model_name(header.model);
  out.set_policy(header.policy);
  out.set_origin(std::string(to_text(header.origin)));
  out.set_provenance(header.provenance);
  out.set_costs_from(header.costs_from);
  out.set_measured(header.measured);
}

Result<RunHeader> from_proto(const schema::RunHeader& message) {
  Fields fields;
  RunHeader header{.pregate_version = fields.text(message.pregate_version(), "pregate_version"),
                   .scenario_text = fields.text(message.scenario_text(), "scenario_text"),
                   .scenario_name = fields.text(message.scenario_name(), "scenario_name"),
                   .device = fields.text(message.device(), "device"),
                   .model = fields.text(message.model_name(), "model_name"),
                   .policy = fields.text(message.policy(), "policy"),
                   .origin = fields.origin(message.origin()),
                   .provenance = fields.text(message.provenance(), "provenance"),
                   .costs_from = fields.text(message.costs_from(), "costs_from"),
                   .measured = message.measured()};
  if (!fields.status()) return fields.status().error();
  return header;
}

}  // namespace pregate::convert
