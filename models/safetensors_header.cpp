// SPDX-License-Identifier: Apache-2.0
// The JSON of a safetensors file: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...},
// and
// "__metadata__" with texts. The format wants tensors to fill the data without holes or overlaps, in any
// order of names.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "models/json_input.hpp"
#include "models/safetensors_files.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

struct KnownType {
  std::string_view name;
  std::uint64_t bits;
  std::optional<TensorType> read_as;
};

// Those of the format's reference library, version 0.6; F4 and the 6-bit ones pack numbers into shared bytes.
constexpr std::array<KnownType, 22> kTypes = {{
    {"F32", 32, TensorType::f32},
    {"F16", 16, TensorType::f16},
    {"BF16", 16, TensorType::bf16},
    {"F64", 64, {}},
    {"F8_E4M3", 8, {}},
    {"F8_E5M2", 8, {}},
    {"F8_E8M0", 8, {}},
    {"F6_E2M3", 6, {}},
    {"F6_E3M2", 6, {}},
    {"F4", 4, {}},
    {"C64", 64, {}},
    {"I64", 64, {}},
    {"I32", 32, {}},
    {"I16", 16, {}},
    {"I8", 8, {}},
    {"U64", 64, {}},
    {"U32", 32, {}},
    {"U16", 16, {}},
    {"U8", 8, {}},
    {"BOOL", 8, {}},
    {"F8_E4M3FNUZ", 8, {}},
    {"F8_E5M2FNUZ", 8, {}},
}};

const KnownType* find_type(std::string_view name) {
  const auto at =
      std::find_if(kTypes.begin(), kTypes.end(), [name](const KnownType& t) { return t.name == name; });
  return at == kTypes.end() ? nullptr : &*at;
}

// Dimensions are unsigned in the file; a product beyond 2^63 bits is no size of anything.
Result<std::uint64_t> bytes_of_shape(const std::vector<std::int64_t>& shape, std::uint64_t bits) {
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
  Int128 size = bits;
  // A zero anywhere makes the tensor empty, however large the others are.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return std::uint64_t{0};
  for (const std::int64_t extent : shape) {
    size *= extent;
    if (size > kMost) return bad_input("a shape whose size fits 63 bits", describe_shape(shape), "shape");
  }
  if (size % 8 != 0) return bad_input("a shape of whole bytes", describe_shape(shape), "shape");
  return static_cast<std::uint64_t>(size / 8);
}

Result<std::vector<std::int64_t>> read_numbers(const JsonValue& entry, const char* key) {
  constexpr std::size_t kMostDimensions = 32;
  const JsonValue* value = entry.find(key);
  const JsonValue::Array* items = value == nullptr ? nullptr : value->array();
  if (items == nullptr)
    return bad_input("an array of integers", value == nullptr ? "nothing" : value->describe(), key);
  if (items->size() > kMostDimensions)
    return bad_input(fmt::format("at most {} integers", kMostDimensions), fmt::format("{}", items->size()),
                     key);
  std::vector<std::int64_t> numbers;
  for (const JsonValue& item : *items) {
    if (item.integer() == nullptr || *item.integer() < 0)
      return bad_input("integers of at least 0 and below 2^63", item.describe(), key);
    numbers.push_back(*item.integer());
  }
  return numbers;
}

Status read_offsets(const JsonValue& value, std::uint64_t data_bytes, HeaderEntry& entry) {
  constexpr const char* kKey = "data_offsets";
  const auto offsets = read_numbers(value, kKey);
  if (!offsets) return offsets.error();
  if (offsets->size() != 2) return bad_input("two offsets", fmt::format("{}", offsets->size()), kKey);
  entry.tensor.begin = static_cast<std::uint64_t>((*offsets)[0]);
  entry.tensor.end = static_cast<std::uint64_t>((*offsets)[1]);
  const std::string found = fmt::format("[{}, {}]", entry.tensor.begin, entry.tensor.end);
  if (entry.tensor.begin > entry.tensor.end) return bad_input("a begin before the end", found, kKey);
  if (entry.tensor.end > data_bytes)
    return bad_input(fmt::format("offsets within the {} bytes of data", data_bytes), found, kKey);
  return {};
}

Result<HeaderEntry> read_entry(const JsonMember& member, std::uint64_t data_bytes) {
  HeaderEntry entry;
  entry.tensor.name = member.key;
  if (member.value.object() == nullptr) return bad_input("an object", member.value.describe());
  const JsonValue* type_name = member.value.find("dtype");
  const std::string* text = type_name == nullptr ? nullptr : type_name->text();
  if (text == nullptr)
    return bad_input("the name of a type", type_name == nullptr ? "nothing" : type_name->describe(), "dtype");
  const KnownType* type = find_type(*text);
  if (type == nullptr)
    return bad_input("a type of the format, as F32, F16 or BF16", pregate::quoted(*text), "dtype");
  entry.type_name = std::string(type->name);
  entry.readable = type->read_as.has_value();
  entry.tensor.type = type->read_as.value_or(TensorType::f32);
  auto shape = read_numbers(member.value, "shape");
  if (!shape) return shape.error();
  entry.tensor.shape = std::move(*shape);
  if (const Status read = read_offsets(member.value, data_bytes, entry); !read) return read.error();
  const auto size = bytes_of_shape(entry.tensor.shape, type->bits);
  if (!size) return size.error();
  const std::uint64_t found = entry.tensor.end - entry.tensor.begin;
  if (*size != found) {
    return bad_input(
        fmt::format("{} bytes, as {} {} takes", *size, type->name, describe_shape(entry.tensor.shape)),
        fmt::format("{} bytes", found), "data_offsets");
  }
  return entry;
}

// Tensors follow each other from the first byte to the last.
Status check_coverage(const std::vector<HeaderEntry>& entries, std::uint64_t data_bytes) {
  std::vector<const TensorEntry*> order;
  for (const HeaderEntry& entry : entries) order.push_back(&entry.tensor);
  std::sort(order.begin(), order.end(), [](const TensorEntry* a, const TensorEntry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t reached = 0;
  const TensorEntry* before = nullptr;
  for (const TensorEntry* entry : order) {
    const std::string place = fmt::format("tensor {}: data_offsets", pregate::quoted(entry->name));
    if (entry->begin < reached) {
      return bad_input(
          fmt::format("to begin at byte {}, where {} ends", reached, pregate::quoted(before->name)),
          fmt::format("an overlap, from byte {}", entry->begin), place);
    }
    if (entry->begin > reached) {
      return bad_input(fmt::format("to begin at byte {}", reached),
                       fmt::format("a hole up to byte {}", entry->begin), place);
    }
    reached = entry->end;
    before = entry;
  }
  if (reached == data_bytes) return {};
  return bad_input(fmt::format("tensors that fill the {} bytes of data", data_bytes),
                   fmt::format("tensors up to byte {}", reached), "data_offsets");
}

}  // namespace

std::string describe_shape(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t extent : shape) text += fmt::format("{}{}", text.size() > 1 ? ", " : "", extent);
  return text + "]";
}

Result<std::vector<HeaderEntry>> read_header(std::string_view json, std::uint64_t data_bytes) {
  const auto document = parse_json_object(json, {}, {.most_bytes = kMaxSafetensorsHeader, .most_levels = 3});
  if (!document) return document.error().at({}, "header");
  std::vector<HeaderEntry> entries;
  for (const JsonMember& member : *document->object()) {
    if (member.key == "__metadata__") continue;
    auto entry = read_entry(member, data_bytes);
    if (!entry) return entry.error().at({}, fmt::format("tensor {}", pregate::quoted(member.key)));
    entries.push_back(std::move(*entry));
  }
  if (const Status covered = check_coverage(entries, data_bytes); !covered) return covered.error();
  return entries;
}

Result<std::vector<TensorEntry>> parse_safetensors_header(std::string_view json, std::uint64_t data_bytes) {
  auto entries = read_header(json, data_bytes);
  if (!entries) return entries.error();
  std::vector<TensorEntry> readable;
  for (HeaderEntry& entry : *entries) {
    if (entry.readable) readable.push_back(std::move(entry.tensor));
  }
  return readable;
}

}  // namespace pregate
