// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "experiments/validation/fields.hpp"
#include "experiments/validation/report.hpp"
#include "experiments/validation/report_json.hpp"
#include "models/json_input.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

constexpr JsonLimits kLimits{.most_bytes = std::size_t{64} << 20, .most_levels = 12};

// Takes each field of an object from the member with its key; the first mistake stays.
class Reader {
 public:
  Reader(const JsonValue& object, std::string place, Status& status)
      : object_(object), place_(std::move(place)), status_(status) {
    if (object.object() == nullptr) fail(place_, "an object", object.describe());
  }

  void operator()(std::string_view key, std::int64_t& to) {
    if (const JsonValue* value = take(key)) whole(key, *value, to);
  }
  void operator()(std::string_view key, std::int32_t& to) {
    std::int64_t wide = 0;
    (*this)(key, wide);
    to = static_cast<std::int32_t>(wide);
    if (to != wide) fail(path_of(key), "a whole number of 32 bits", fmt::format("{}", wide));
  }
  void operator()(std::string_view key, double& to) {
    const JsonValue* value = take(key);
    if (value == nullptr) return;
    const std::optional<double> number = value->number();
    if (!number) return fail(path_of(key), "a number", value->describe());
    to = *number;
  }
  void operator()(std::string_view key, std::string& to) {
    const JsonValue* value = take(key);
    if (value == nullptr) return;
    if (value->text() == nullptr) return fail(path_of(key), "a text", value->describe());
    to = *value->text();
  }
  void operator()(std::string_view key, Duration& to) {
    std::int64_t ps = 0;
    (*this)(key, ps);
    to = Duration::ps(ps);
  }
  void operator()(std::string_view key, Bytes& to) { counted(key, to); }
  void operator()(std::string_view key, Macs& to) { counted(key, to); }
  void operator()(std::string_view key, PrefetchKind& to) { word(key, to, parse_prefetch); }
  void operator()(std::string_view key, EvictionKind& to) { word(key, to, parse_eviction); }
  template <typename T>
  void operator()(std::string_view key, std::optional<T>& to) {
    const JsonValue* value = object_.find(key);
    if (value != nullptr && value->is_null()) {
      known_.emplace_back(key);
    } else {
      (*this)(key, to.emplace());
    }
  }
  template <typename T>
  void operator()(std::string_view key, std::vector<T>& to) {
    const JsonValue* value = take(key);
    if (value == nullptr) return;
    if (value->array() == nullptr) return fail(path_of(key), "an array", value->describe());
    for (std::size_t i = 0; i < value->array()->size() && status_; ++i)
      read_object((*value->array())[i], fmt::format("{}[{}]", path_of(key), i), to.emplace_back());
  }
  // An object, or the view of an array's places (fields.hpp).
  template <typename T>
  void operator()(std::string_view key, T&& to) {
    if (const JsonValue* value = take(key)) read_object(*value, path_of(key), to);
  }

  // A key that may be there and is not read.
  void ignore(std::string_view key) { known_.emplace_back(key); }

  // After the last field: no other key may be there.
  void finish() {
    if (!status_) return;
    for (const JsonMember& member : *object_.object()) {
      if (std::find(known_.begin(), known_.end(), member.key) == known_.end())
        return fail(place_, fmt::format("the keys {}", fmt::join(known_, ", ")), pregate::quoted(member.key));
    }
  }

 private:
  template <typename T>
  void read_object(const JsonValue& value, std::string place, T& to) {
    Reader inner(value, std::move(place), status_);
    if (!status_) return;
    each_field(inner, to);
    inner.finish();
  }
  [[nodiscard]] std::string path_of(std::string_view key) const {
    return place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key);
  }
  void fail(const std::string& place, std::string expected, std::string found) {
    if (status_) status_ = bad_input(std::move(expected), std::move(found), place);
  }
  // The value of a key; nothing after a mistake.
  const JsonValue* take(std::string_view key) {
    if (!status_) return nullptr;
    known_.emplace_back(key);
    const JsonValue* value = object_.find(key);
    if (value == nullptr) fail(place_, fmt::format("the key {}", pregate::quoted(key)), "none");
    return value;
  }
  void whole(std::string_view key, const JsonValue& value, std::int64_t& to) {
    if (value.integer() == nullptr) return fail(path_of(key), "a whole number", value.describe());
    to = *value.integer();
  }
  template <typename Quantity>
  void counted(std::string_view key, Quantity& to) {
    std::int64_t count = 0;
    (*this)(key, count);
    to = Quantity(count);
  }
  template <typename Kind>
  void word(std::string_view key, Kind& to, Result<Kind> (*parse)(std::string_view)) {
    std::string text;
    (*this)(key, text);
    if (!status_) return;
    const Result<Kind> kind = parse(text);
    if (!kind) return fail(path_of(key), kind.error().expected, kind.error().found);
    to = *kind;
  }

  const JsonValue& object_;
  std::string place_;
  Status& status_;
  std::vector<std::string> known_;
};

}  // namespace

Result<Validation> parse_validation(const NamedText& json) {
  const Result<JsonValue> root = parse_json_object(json.text, json.path, kLimits);
  if (!root) return root.error();
  Validation validation;
  Status status;
  Reader reader(*root, "", status);
  std::string format;
  reader("format", format);
  if (status && format != kValidationFormat)
    status = bad_input(pregate::quoted(kValidationFormat), pregate::quoted(format), "format");
  each_field(reader, validation);
  reader.ignore("results");
  reader.finish();
  if (status) status = check_validation(validation);
  if (!status) return status.error().at(json.path);
  return validation;
}

Result<Validation> load_validation(const std::string& path) {
  const Result<NamedText> text = read_text_file(path, kLimits.most_bytes);
  if (!text) return text.error();
  return parse_validation(*text);
}

}  // namespace pregate
