// SPDX-License-Identifier: Apache-2.0
#include "traces/scenario_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "traces/schema/scenario.pb.h"
#include "traces/text_sections.hpp"

namespace pregate {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string value_text(const Message& section, const FieldDescriptor& field) {
  const google::protobuf::Reflection& values = *section.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return values.GetString(section, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return values.GetBool(section, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_UINT32:
      return fmt::format("{}", values.GetUInt32(section, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return fmt::format("{}", values.GetUInt64(section, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return fmt::format("{}", values.GetDouble(section, &field));
    default:
      check(false, "the schema of text files has no other types");
      return {};
  }
}

// A section that is not given has no values, and so has each of its fields.
void compare(const Message& a, const Message& b, const std::string& prefix,
             std::vector<ScenarioChange>& out) {
  const google::protobuf::Descriptor& schema = *a.GetDescriptor();
  for (int i = 0; i < schema.field_count(); ++i) {
    const FieldDescriptor& field = *schema.field(i);
    const std::string path = prefix + field.name();
    const bool in_a = a.GetReflection()->HasField(a, &field);
    const bool in_b = b.GetReflection()->HasField(b, &field);
    if (!in_a && !in_b) continue;
    if (field.message_type() != nullptr) {
      compare(a.GetReflection()->GetMessage(a, &field), b.GetReflection()->GetMessage(b, &field), path + ".",
              out);
      continue;
    }
    ScenarioChange change{.path = path,
                          .a = in_a ? value_text(a, field) : std::string(),
                          .b = in_b ? value_text(b, field) : std::string()};
    if (change.a != change.b) out.push_back(std::move(change));
  }
}

}  // namespace

Result<std::vector<ScenarioChange>> scenario_changes(std::string_view a, std::string_view b) {
  schema::Scenario message_a, message_b;
  FieldOrigins unused;
  const Status parsed_a =
      parse_text_message({.path = "scenario of A", .text = std::string(a)}, message_a, unused);
  if (!parsed_a) return parsed_a.error();
  const Status parsed_b =
      parse_text_message({.path = "scenario of B", .text = std::string(b)}, message_b, unused);
  if (!parsed_b) return parsed_b.error();
  std::vector<ScenarioChange> out;
  compare(message_a, message_b, {}, out);
  return out;
}

namespace {

std::string shown(const std::string& value) {
  if (value.empty()) return "nothing";
  std::string out = value;
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  constexpr std::size_t kLongest = 48;
  return out.size() <= kLongest ? out : fmt::format("\"{}...\" ({} bytes)", out.substr(0, 30), out.size());
}

// A resolved scenario holds its device and models whole. Where another one is named, its fields are one line.
std::optional<std::string> section_of(const ScenarioChange& change,
                                      const std::vector<ScenarioChange>& changes) {
  const struct {
    const char *name, *fields;
  } sections[] = {{"device.id", "device."},
                  {"model.preset", "model.preset_shape."},
                  {"model.shape_as", "model.shape_as_shape."}};
  for (const auto& section : sections) {
    if (change.path == section.name || !change.path.starts_with(section.fields)) continue;
    const bool renamed = std::any_of(changes.begin(), changes.end(),
                                     [&](const ScenarioChange& c) { return c.path == section.name; });
    if (renamed) return section.name;
  }
  return std::nullopt;
}

}  // namespace

std::vector<ShownChange> shown_changes(const std::vector<ScenarioChange>& changes) {
  std::vector<ShownChange> out;
  for (const ScenarioChange& change : changes) {
    if (section_of(change, changes)) continue;
    const auto fields = std::count_if(changes.begin(), changes.end(), [&](const ScenarioChange& c) {
      return section_of(c, changes) == change.path;
    });
    out.push_back({change.path, shown(change.a), shown(change.b), fields});
  }
  return out;
}

}  // namespace pregate
