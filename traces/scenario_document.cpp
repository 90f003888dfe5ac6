// SPDX-License-Identifier: Apache-2.0
// The document before it is resolved: parsing, and --set by the schema's own reflection, so that a new field
// of the schema can be set without a line here.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "traces/input_text.hpp"
#include "traces/schema/scenario.pb.h"
#include "traces/text_sections.hpp"

namespace pregate {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

struct Target {
  Message* section = nullptr;
  const FieldDescriptor* field = nullptr;
};

// The scalar at `path`, which exists in the schema; its sections are made as needed.
Target find_scalar(Message& root, std::string_view path) {
  Target target{.section = &root};
  while (true) {
    const std::size_t dot = path.find('.');
    target.field = target.section->GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
    if (dot == std::string_view::npos) return target;
    target.section = target.section->GetReflection()->MutableMessage(target.section, target.field);
    path.remove_prefix(dot + 1);
  }
}

template <typename T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> truth(std::string_view text) {
  if (text == "true" || text == "on" || text == "1") return true;
  if (text == "false" || text == "off" || text == "0") return false;
  return std::nullopt;
}

// Assigns `value`; what was expected if it does not fit the field's type, nothing if it does.
std::string_view assign(const Target& target, std::string_view value) {
  const auto& reflection = *target.section->GetReflection();
  switch (target.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (find_unprintable(value) != std::string_view::npos) return "UTF-8 text";
      reflection.SetString(target.section, target.field, std::string(value));
      return {};
    case FieldDescriptor::CPPTYPE_BOOL:
      if (const auto parsed = truth(value))
        return reflection.SetBool(target.section, target.field, *parsed), "";
      return "true or false";
    case FieldDescriptor::CPPTYPE_UINT32:
      if (const auto parsed = whole_number<std::uint32_t>(value)) {
        return reflection.SetUInt32(target.section, target.field, *parsed), "";
      }
      return "a whole number from 0 to 4294967295";
    case FieldDescriptor::CPPTYPE_UINT64:
      if (const auto parsed = whole_number<std::uint64_t>(value)) {
        return reflection.SetUInt64(target.section, target.field, *parsed), "";
      }
      return "a whole number of at most 64 bits";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (const auto parsed = whole_number<double>(value); parsed && std::isfinite(*parsed)) {
        return reflection.SetDouble(target.section, target.field, *parsed), "";
      }
      return "a number such as 0.5";
    default:
      check(false, "the schema of text files has no other types");
      return {};
  }
}

// A resolved document carries its device and models whole. To name another one means to drop the old one, not
// to rename it.
void drop_replaced(schema::Scenario& message, FieldOrigins& origins, std::string_view path) {
  const auto drop_origins = [&origins](std::string_view prefix) {
    std::erase_if(origins, [prefix](const auto& entry) { return entry.first.starts_with(prefix); });
  };
  if (path == "device.id" && message.device().complete()) {
    message.clear_device();
    drop_origins("device.");
  }
  if (path == "model.preset" && message.model().preset_shape().complete()) {
    message.mutable_model()->clear_preset_shape();
    drop_origins("model.preset_shape.");
  }
  if (path == "model.shape_as" && message.model().shape_as_shape().complete()) {
    message.mutable_model()->clear_shape_as_shape();
    drop_origins("model.shape_as_shape.");
  }
}

}  // namespace

ScenarioDocument::ScenarioDocument() : state_(std::make_unique<State>()) {
  state_->message = std::make_unique<schema::Scenario>();
  state_->file = "scenario";
}
ScenarioDocument::~ScenarioDocument() = default;
ScenarioDocument::ScenarioDocument(ScenarioDocument&&) noexcept = default;
ScenarioDocument& ScenarioDocument::operator=(ScenarioDocument&&) noexcept = default;

Result<ScenarioDocument> ScenarioDocument::parse(const NamedText& source) {
  ScenarioDocument document;
  document.state_->file = source.path;
  const Status parsed = parse_text_message(source, *document.state_->message, document.state_->origins);
  if (!parsed) return parsed.error();
  return document;
}

namespace {

// Whether the schema has a scalar at `path`.
Status check_path(const std::string& path) {
  const std::vector<std::string> known = scalar_paths(*schema::Scenario::descriptor());
  if (std::find(known.begin(), known.end(), path) != known.end()) return {};
  return bad_input(fmt::format("a scenario field (nearest: {})", nearest(path, known)), quoted(path));
}

}  // namespace

Result<FieldType> ScenarioDocument::field_type(std::string_view path) {
  if (Status known = check_path(std::string(path)); !known) return known.error();
  schema::Scenario scratch;
  switch (find_scalar(scratch, path).field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return FieldType::truth;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return FieldType::whole;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return FieldType::number;
    default:
      return FieldType::text;
  }
}

Status ScenarioDocument::set(std::string_view assignment, std::string_view source) {
  const std::string file(source);
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return bad_input("PATH=VALUE, such as dram.expert_budget=4000MiB", quoted(assignment)).at(file);
  }
  const std::string path(assignment.substr(0, equals));
  const std::string_view value = assignment.substr(equals + 1);
  auto& message = static_cast<schema::Scenario&>(*state_->message);
  if (Status known = check_path(path); !known) return known.error().at(file);
  drop_replaced(message, state_->origins, path);
  if (const std::string_view wanted = assign(find_scalar(message, path), value); !wanted.empty()) {
    return bad_input(std::string(wanted), quoted(value), path).at(file);
  }
  state_->origins[path] = {file, 0, path};
  return {};
}

namespace {

struct Given {
  const Message* section = nullptr;
  const FieldDescriptor* field = nullptr;
};

// The section that holds `path`'s last field, and that field; null where it or a section is not there.
Given find_given(const Message& root, std::string_view path) {
  const Message* section = &root;
  while (true) {
    const std::size_t dot = path.find('.');
    const FieldDescriptor* field =
        section->GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
    check(field != nullptr, "the path is one of the schema's");
    if (!section->GetReflection()->HasField(*section, field)) return {};
    if (dot == std::string_view::npos) return {.section = section, .field = field};
    section = &section->GetReflection()->GetMessage(*section, field);
    path.remove_prefix(dot + 1);
  }
}

}  // namespace

std::string ScenarioDocument::text_at(std::string_view path) const {
  const Given found = find_given(*state_->message, path);
  return found.field == nullptr ? std::string()
                                : found.section->GetReflection()->GetString(*found.section, found.field);
}

bool ScenarioDocument::has(std::string_view path) const {
  return find_given(*state_->message, path).field != nullptr;
}

}  // namespace pregate
