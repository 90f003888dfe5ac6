// SPDX-License-Identifier: Apache-2.0
// JSON from outside (config.json, tokenizer.json, safetensors headers) as a tree of values in the order of
// the file. nlohmann-json reads it event by event, so that depth and doubled keys are seen before anything is
// built from them. Leaves out writing JSON, and numbers beyond 64 bits and doubles.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct JsonMember;

class JsonValue {
 public:
  using Array = std::vector<JsonValue>;
  using Object = std::vector<JsonMember>;

  JsonValue() = default;
  template <typename T>
  explicit JsonValue(T value) : value_(std::move(value)) {}

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // Nothing where the value is of another kind.
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&value_); }
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  [[nodiscard]] std::optional<double> number() const;  // of an integer too
  [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&value_); }
  [[nodiscard]] const Object* object() const { return std::get_if<Object>(&value_); }
  [[nodiscard]] Array* array() { return std::get_if<Array>(&value_); }
  [[nodiscard]] Object* object() { return std::get_if<Object>(&value_); }

  // The member of an object; nothing where it is missing or this is no object. Linear in the members.
  [[nodiscard]] const JsonValue* find(std::string_view key) const;
  // As an error shows it: "\"text\"", "7", "an array".
  [[nodiscard]] std::string describe() const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

struct JsonMember {
  std::string key;
  JsonValue value;
};

struct JsonLimits {
  std::size_t most_bytes = std::size_t{16} << 20;
  int most_levels = 16;
};

// One object. Errors (with `source.path`): too long, not UTF-8, not JSON (at which byte), no object, too
// deep, a key twice, a number that is not finite.
Result<JsonValue> parse_json_object(std::string_view text, const std::string& path, const JsonLimits& limits);

// A whole file; errors: it cannot be read, or is longer than `most_bytes`.
Result<NamedText> read_text_file(const std::string& path, std::size_t most_bytes);

}  // namespace pregate
