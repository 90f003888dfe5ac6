// SPDX-License-Identifier: Apache-2.0
#include "models/config_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pregate {

const JsonValue* ConfigReader::value_of(std::string_view key) const {
  const JsonValue* value = object_.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool ConfigReader::has(std::string_view key) const {
  return value_of(key) != nullptr;
}

bool ConfigReader::is_null(std::string_view key) const {
  const JsonValue* value = object_.find(key);
  return value != nullptr && value->is_null();
}

void ConfigReader::fail(std::string_view key, std::string expected, std::string found) {
  if (!failure_) failure_ = bad_input(std::move(expected), std::move(found), std::string(key));
}

void ConfigReader::refuse(std::string_view key, std::string expected) {
  const JsonValue* value = object_.find(key);
  fail(key, std::move(expected), value == nullptr ? "no such key" : value->describe());
}

std::int64_t ConfigReader::integer(std::string_view key, Integers range,
                                   std::optional<std::int64_t> otherwise) {
  const JsonValue* value = value_of(key);
  if (value == nullptr && otherwise) return *otherwise;
  const std::int64_t* found = value == nullptr ? nullptr : value->integer();
  if (found != nullptr && *found >= range.least && *found <= range.most) return *found;
  refuse(key, fmt::format("an integer from {} to {}", range.least, range.most));
  return range.least;
}

double ConfigReader::number(std::string_view key, Numbers range, std::optional<double> otherwise) {
  const JsonValue* value = value_of(key);
  if (value == nullptr && otherwise) return *otherwise;
  const auto found = value == nullptr ? std::nullopt : value->number();
  if (found && *found >= range.least && *found <= range.most) return *found;
  refuse(key, range.least < range.most ? fmt::format("a number from {} to {}", range.least, range.most)
                                       : fmt::format("{}", range.least));
  return range.least;
}

bool ConfigReader::flag(std::string_view key, std::optional<bool> otherwise) {
  const JsonValue* value = value_of(key);
  if (value == nullptr && otherwise) return *otherwise;
  if (value != nullptr && value->boolean() != nullptr) return *value->boolean();
  refuse(key, "true or false");
  return false;
}

std::string ConfigReader::text(std::string_view key) {
  const JsonValue* value = value_of(key);
  if (value != nullptr && value->text() != nullptr) return *value->text();
  refuse(key, "a text");
  return {};
}

std::string ConfigReader::only_text(std::string_view key) {
  const JsonValue* value = value_of(key);
  const JsonValue::Array* items = value == nullptr ? nullptr : value->array();
  if (items != nullptr && items->size() == 1 && items->front().text() != nullptr)
    return *items->front().text();
  refuse(key, "an array of one text");
  return {};
}

std::size_t ConfigReader::one_of(std::string_view key, std::initializer_list<std::string_view> words) {
  const JsonValue* value = value_of(key);
  if (value != nullptr && value->text() != nullptr) {
    const auto at = std::find(words.begin(), words.end(), *value->text());
    if (at != words.end()) return static_cast<std::size_t>(at - words.begin());
  }
  refuse(key, fmt::format("\"{}\"", fmt::join(words, "\" or \"")));
  return 0;
}

void ConfigReader::check_rope(std::string_view key, const JsonValue& rope) {
  const std::string expected = "null, or a rope_type of \"default\"";
  if (rope.object() == nullptr) return fail(key, expected, rope.describe());
  for (const char* name : {"rope_type", "type"}) {
    const JsonValue* type = rope.find(name);
    if (type == nullptr || type->is_null()) continue;
    if (type->text() == nullptr || *type->text() != "default") return fail(key, expected, type->describe());
  }
  // A scaling without a type was linear in the first versions of the key.
  for (const char* name : {"factor", "partial_rotary_factor"}) {
    const JsonValue* factor = rope.find(name);
    if (factor != nullptr && factor->number() != 1.0)
      return fail(fmt::format("{}.{}", key, name), "1", factor->describe());
  }
}

double ConfigReader::rope_theta(double otherwise) {
  constexpr Numbers kRange = {1, 1e12};
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (const JsonValue* rope = value_of(key)) check_rope(key, *rope);
  }
  const JsonValue* parameters = value_of("rope_parameters");
  if (failed() || parameters == nullptr) return number("rope_theta", kRange, otherwise);
  ConfigReader inner(*parameters);
  const double outer = number("rope_theta", kRange, otherwise);
  const double theta = inner.number("rope_theta", kRange, outer);
  if (inner.failed()) failure_ = inner.failure().at({}, "rope_parameters");
  return theta;
}

void ConfigReader::expect_integer(std::string_view key, std::int64_t value) {
  const JsonValue* found = value_of(key);
  if (found == nullptr || (found->integer() != nullptr && *found->integer() == value)) return;
  refuse(key, fmt::format("{}", value));
}

void ConfigReader::expect_flag(std::string_view key, bool value) {
  const JsonValue* found = value_of(key);
  if (found == nullptr || (found->boolean() != nullptr && *found->boolean() == value)) return;
  refuse(key, value ? "true" : "false");
}

void ConfigReader::expect_text(std::string_view key, std::string_view value) {
  const JsonValue* found = value_of(key);
  if (found == nullptr || (found->text() != nullptr && *found->text() == value)) return;
  refuse(key, fmt::format("\"{}\"", value));
}

void ConfigReader::expect_null(std::string_view key, std::string expected) {
  if (has(key)) refuse(key, std::move(expected));
}

void ConfigReader::expect_empty(std::string_view key) {
  const JsonValue* found = value_of(key);
  if (found == nullptr || (found->array() != nullptr && found->array()->empty())) return;
  refuse(key, "an empty array");
}

void ConfigReader::expect_all(std::string_view key, std::string_view value) {
  const JsonValue* found = value_of(key);
  if (found == nullptr) return;
  if (found->array() == nullptr) return refuse(key, fmt::format("an array of \"{}\"", value));
  for (const JsonValue& item : *found->array()) {
    if (item.text() == nullptr || *item.text() != value)
      return fail(key, fmt::format("\"{}\" only", value), item.describe());
  }
}

}  // namespace pregate
