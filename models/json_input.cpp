// SPDX-License-Identifier: Apache-2.0
#include "models/json_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "traces/input_text.hpp"

namespace pregate {
namespace {

using Json = nlohmann::json;

// The first key that stands twice in `object`, or nothing.
const std::string* doubled_key(const JsonValue::Object& object) {
  std::vector<const std::string*> keys;
  keys.reserve(object.size());
  for (const JsonMember& member : object) keys.push_back(&member.key);
  std::sort(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return *a < *b; });
  const auto at =
      std::adjacent_find(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return *a == *b; });
  return at == keys.end() ? nullptr : *at;
}

class TreeBuilder final : public nlohmann::json_sax<Json> {
 public:
  explicit TreeBuilder(int most_levels) : most_levels_(most_levels) {}

  bool null() override { return put(JsonValue()); }
  bool boolean(bool value) override { return put(JsonValue(value)); }
  bool number_integer(number_integer_t value) override { return put(JsonValue(std::int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) override {
    const bool fits = value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
    // Beyond 63 bits a number is no integer of ours: whoever expects one says so.
    return put(fits ? JsonValue(static_cast<std::int64_t>(value)) : JsonValue(static_cast<double>(value)));
  }
  bool number_float(number_float_t value, const string_t& text) override {
    if (!std::isfinite(value)) return fail(bad_input("a number that a double holds", pregate::quoted(text)));
    return put(JsonValue(double{value}));
  }
  bool string(string_t& value) override { return put(JsonValue(std::move(value))); }
  bool binary(binary_t&) override { return fail(bad_input("JSON", "binary data")); }
  bool start_object(std::size_t) override { return open(JsonValue(JsonValue::Object())); }
  bool start_array(std::size_t) override { return open(JsonValue(JsonValue::Array())); }
  bool key(string_t& value) override {
    open_.back()->object()->push_back({std::move(value), JsonValue()});
    return true;
  }
  bool end_object() override {
    const std::string* twice = doubled_key(*open_.back()->object());
    if (twice != nullptr)
      return fail(bad_input("each key once", fmt::format("{} twice", pregate::quoted(*twice))));
    open_.pop_back();
    return true;
  }
  bool end_array() override {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception&) override {
    return fail(bad_input("a JSON object", fmt::format("an error near {}", pregate::quoted(token)),
                          fmt::format("byte {}", position)));
  }

  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] JsonValue take() { return std::move(root_); }

 private:
  bool fail(Error error) {
    if (status_) status_ = std::move(error);
    return false;
  }
  // Where the next value goes. Addresses of open containers are stable: only the innermost one grows.
  JsonValue& slot() {
    if (open_.empty()) return root_;
    if (JsonValue::Object* object = open_.back()->object()) return object->back().value;
    return open_.back()->array()->emplace_back();
  }
  bool put(JsonValue value) {
    if (open_.empty()) return fail(bad_input("a JSON object", value.describe()));
    slot() = std::move(value);
    return true;
  }
  bool open(JsonValue value) {
    if (open_.empty() && value.object() == nullptr) return fail(bad_input("a JSON object", value.describe()));
    if (static_cast<int>(open_.size()) == most_levels_)
      return fail(bad_input(fmt::format("JSON of at most {} levels", most_levels_), "more"));
    JsonValue& place = slot();
    place = std::move(value);
    open_.push_back(&place);
    return true;
  }

  int most_levels_;
  JsonValue root_;
  std::vector<JsonValue*> open_;
  Status status_;
};

}  // namespace

std::optional<double> JsonValue::number() const {
  if (const auto* whole = integer()) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value_)) return *real;
  return std::nullopt;
}

const JsonValue* JsonValue::find(std::string_view key) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  const auto at =
      std::find_if(members->begin(), members->end(), [key](const JsonMember& m) { return m.key == key; });
  return at == members->end() ? nullptr : &at->value;
}

std::string JsonValue::describe() const {
  if (is_null()) return "null";
  if (const bool* flag = boolean()) return *flag ? "true" : "false";
  if (const auto* whole = integer()) return fmt::format("{}", *whole);
  if (const auto real = number()) return fmt::format("{}", *real);
  if (const std::string* string = text()) return pregate::quoted(*string);
  return array() != nullptr ? "an array" : "an object";
}

Result<JsonValue> parse_json_object(std::string_view text, const std::string& path,
                                    const JsonLimits& limits) {
  if (text.size() > limits.most_bytes) {
    return bad_input(fmt::format("at most {} bytes", limits.most_bytes), fmt::format("{}", text.size()))
        .at(path);
  }
  if (const auto bad = find_non_utf8(text)) {
    const auto byte = static_cast<unsigned char>(text[*bad]);
    return bad_input("UTF-8", fmt::format("byte 0x{:02x}", byte), fmt::format("byte {}", *bad + 1)).at(path);
  }
  TreeBuilder builder(limits.most_levels);
  const bool parsed = Json::sax_parse(text.begin(), text.end(), &builder);
  if (!builder.status()) return builder.status().error().at(path);
  if (!parsed) return bad_input("a JSON object", pregate::quoted(text)).at(path);
  return builder.take();
}

Result<NamedText> read_text_file(const std::string& path, std::size_t most_bytes) {
  if (const Status regular = check_regular_file(path); !regular) return regular.error();
  std::ifstream in(path, std::ios::binary);
  if (!in) return bad_input("a file that can be read", "one that cannot be opened").at(path);
  std::string text;
  std::vector<char> block(std::size_t{1} << 18);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > most_bytes)
      return bad_input(fmt::format("at most {} bytes", most_bytes), "more").at(path);
  }
  if (in.bad()) return run_failed(path, "to read the file", "an error");
  return NamedText{path, std::move(text)};
}

}  // namespace pregate
