// SPDX-License-Identifier: Apache-2.0
#include "traces/scenario_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "traces/dram_timing.hpp"
#include "traces/field_notes.hpp"
#include "traces/input_text.hpp"
#include "traces/schema/scenario.pb.h"
#include "traces/text_sections.hpp"

namespace pregate {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void add_fields(const Descriptor& schema, const std::string& prefix, std::vector<ScenarioField>& fields) {
  for (int i = 0; i < schema.field_count(); ++i) {
    const FieldDescriptor& field = *schema.field(i);
    const std::string path = prefix + field.name();
    if (field.message_type() != nullptr) {
      add_fields(*field.message_type(), path + ".", fields);
      continue;
    }
    const FieldNote& note = note_of(field);
    const Result<FieldType> type = ScenarioDocument::field_type(path);
    check(type.ok(), "a path of the schema has a type");
    fields.push_back({.path = path,
                      .type = *type,
                      .unit = note.unit,
                      .words = note.unit == FieldUnit::timing ? dram_timing_examples() : note.words,
                      .range = note.range,
                      .fallback = note.fallback,
                      .help = note.help,
                      .internal = note.internal});
  }
}

std::vector<ScenarioField> all_fields() {
  std::vector<ScenarioField> fields;
  add_fields(*schema::Scenario::descriptor(), {}, fields);
  return fields;
}

// A scenario in which every section is given, so that the sentence that a word gets is that of its own
// reader.
constexpr std::string_view kProbe = R"(
device {
  id: "probe" complete: true
  flash {
    read_bandwidth: "1GB/s" pages { channels: 1 chips: 1 dies: 1 planes: 1 page: "4KiB" sense: "1us" bus_bandwidth: "1GB/s" link_bandwidth: "1GB/s" }
  }
  dram { capacity: "8GiB" peak_bandwidth: "10GB/s" }
  npu { int8_rate: "1TMAC/s" fp16_rate: "1TMAC/s" fp32_rate: "1TMAC/s" }
}
model {
  preset: "probe" preset_shape { complete: true name: "probe" hidden_size: 8 num_hidden_layers: 1 num_attention_heads: 1
    num_key_value_heads: 1 moe_intermediate_size: 8 n_routed_experts: 2 num_experts_per_tok: 1 vocab_size: 8 }
  shape_as: "probe" shape_as_shape { complete: true name: "probe" hidden_size: 8 num_hidden_layers: 1 num_attention_heads: 1
    num_key_value_heads: 1 moe_intermediate_size: 8 n_routed_experts: 2 num_experts_per_tok: 1 vocab_size: 8 }
}
workload { forward { prompt: "a" } }
)";

class NoCatalogue final : public Catalogue {
 public:
  [[nodiscard]] Result<NamedText> device(std::string_view name) const override { return absent(name); }
  [[nodiscard]] Result<NamedText> model(std::string_view name) const override { return absent(name); }

 private:
  static Error absent(std::string_view name) { return bad_input("nothing to look up", quoted(name)); }
};

// Where the probe does not resolve with it, why.
Status try_on_probe(const std::string& assignment) {
  Result<ScenarioDocument> probe = ScenarioDocument::parse({"probe", std::string(kProbe)});
  check(probe.ok(), "the probe parses");
  if (Status set = probe->set(assignment); !set) return set;
  const Result<Scenario> resolved = probe->resolve(NoCatalogue());
  return resolved ? Status() : Status(resolved.error());
}

Status check_word(const ScenarioField& field, std::string_view text) {
  if (std::find(field.words.begin(), field.words.end(), text) != field.words.end()) return {};
  if (Status tried = try_on_probe(fmt::format("{}={}", field.path, text)); !tried) return tried;
  return bad_input(fmt::format("one of {}", fmt::join(field.words, ", ")), quoted(text));
}

// Text is there as a field of the section's message: the readers of a scenario say whether they take it.
Status check_read(const FieldReader& section, const ScenarioField& field, ReadContext& context) {
  const std::string_view name = field.name();
  switch (field.unit) {
    case FieldUnit::bytes:
      (void)section.bytes(name);
      break;
    case FieldUnit::bandwidth:
      (void)section.bandwidth(name);
      break;
    case FieldUnit::duration:
      (void)section.duration(name);
      break;
    case FieldUnit::mac_rate:
      (void)section.mac_rate(name);
      break;
    case FieldUnit::fraction:
      (void)section.fraction(name);
      break;
    default:
      if (field.range.empty()) break;
      if (field.type == FieldType::whole) (void)section.integer(name);
      if (field.type == FieldType::number) (void)section.number(name);
  }
  return context.failure ? Status(*context.failure) : Status();
}

// `message` holds nothing but the field.
Status check_quantity(const ScenarioField& field, const Message& message) {
  const FieldOrigins nowhere;
  ReadContext context{nowhere, {}, std::nullopt};
  FieldReader section(message, context);
  for (std::string_view rest = field.section(); !rest.empty();) {
    const std::size_t dot = rest.find('.');
    section = section.section(rest.substr(0, dot));
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  }
  return check_read(section, field, context);
}

Status check_meaning(const ScenarioField& field, std::string_view text, const Message& message) {
  if (field.unit == FieldUnit::word) return check_word(field, text);
  if (field.unit == FieldUnit::shares) return try_on_probe(fmt::format("{}={}", field.path, text));
  if (field.unit == FieldUnit::timing) {
    const Result<DramTiming> timing = parse_dram_timing(text);
    return timing ? Status() : Status(timing.error());
  }
  return check_quantity(field, message);
}

}  // namespace

std::string_view ScenarioField::section() const {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? std::string_view() : std::string_view(path).substr(0, dot);
}

std::string_view ScenarioField::name() const {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? std::string_view(path) : std::string_view(path).substr(dot + 1);
}

std::span<const ScenarioField> scenario_fields() {
  static const std::vector<ScenarioField> fields = all_fields();
  return fields;
}

const ScenarioField* find_scenario_field(std::string_view path) {
  static const std::map<std::string_view, const ScenarioField*> by_path = [] {
    std::map<std::string_view, const ScenarioField*> map;
    for (const ScenarioField& field : scenario_fields()) map.emplace(field.path, &field);
    return map;
  }();
  const auto found = by_path.find(path);
  return found == by_path.end() ? nullptr : found->second;
}

std::vector<std::string> nearest_scenario_paths(std::string_view word, std::size_t count) {
  std::vector<std::string> paths;
  for (const ScenarioField& field : scenario_fields()) paths.push_back(field.path);
  return nearest_few(word, std::move(paths), count);
}

Status check_scenario_value(std::string_view path, std::string_view text) {
  const ScenarioField* field = find_scenario_field(path);
  if (field == nullptr) {
    const Result<FieldType> unknown = ScenarioDocument::field_type(path);
    check(!unknown.ok(), "a path of the schema is among its fields");
    return unknown.error();
  }
  ScenarioDocument document;
  Status checked = document.set(fmt::format("{}={}", path, text));
  if (checked) checked = check_meaning(*field, text, *document.state_->message);
  if (checked) return {};
  return bad_input(checked.error().expected, checked.error().found, field->path);
}

}  // namespace pregate
