// SPDX-License-Identifier: Apache-2.0
#include "traces/field_notes.hpp"

#include <charconv>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <utility>

#include "traces/schema/options.pb.h"

namespace pregate {
namespace {

FieldUnit unit_of(schema::Unit unit) {
  switch (unit) {
    case schema::BYTES:
      return FieldUnit::bytes;
    case schema::BANDWIDTH:
      return FieldUnit::bandwidth;
    case schema::DURATION:
      return FieldUnit::duration;
    case schema::MAC_RATE:
      return FieldUnit::mac_rate;
    case schema::FRACTION:
      return FieldUnit::fraction;
    case schema::WORD:
      return FieldUnit::word;
    case schema::SHARES:
      return FieldUnit::shares;
    case schema::TIMING:
      return FieldUnit::timing;
    case schema::DEVICE:
      return FieldUnit::device;
    case schema::MODEL:
      return FieldUnit::model;
    case schema::FILE:
      return FieldUnit::file;
    default:
      return FieldUnit::plain;
  }
}

std::pair<std::string, std::string> ends_of(const std::string& range) {
  const std::size_t dots = range.find("..");
  check(dots != std::string::npos, "a range of the schema is LEAST..MOST");
  return {range.substr(0, dots), range.substr(dots + 2)};
}

double number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc() && end == text.data() + text.size(), "an end of a range is a number");
  return value;
}

Bytes bytes_of(const std::string& text) {
  const Result<Bytes> value = parse_bytes(text);
  check(value.ok(), "an end of a range of sizes is one");
  return *value;
}

}  // namespace

FieldNote::FieldNote(const google::protobuf::FieldDescriptor& field) {
  const google::protobuf::FieldOptions& options = field.options();
  unit = unit_of(options.GetExtension(schema::unit));
  std::istringstream in(options.GetExtension(schema::words));
  for (std::string word; in >> word;) words.push_back(word);
  range = options.GetExtension(schema::range);
  fallback = options.GetExtension(schema::fallback);
  help = options.GetExtension(schema::help);
  internal = options.GetExtension(schema::internal);
  if (range.empty()) return;
  const auto [least, most] = ends_of(range);
  if (unit == FieldUnit::bytes) {
    bytes_ = {.least = bytes_of(least), .most = bytes_of(most)};
  } else {
    numbers_ = {.least = number_of(least), .most = number_of(most)};
  }
}

WholeRange FieldNote::whole_range() const {
  check(!range.empty() && unit == FieldUnit::plain, "the schema gives a field of whole numbers a range");
  return {.least = static_cast<std::int64_t>(numbers_.least),
          .most = static_cast<std::int64_t>(numbers_.most)};
}

NumberRange FieldNote::number_range() const {
  check(!range.empty() && unit == FieldUnit::plain, "the schema gives a field of numbers a range");
  return numbers_;
}

BytesRange FieldNote::bytes_range() const {
  check(!range.empty() && unit == FieldUnit::bytes, "the schema gives a field of sizes a range");
  return bytes_;
}

const FieldNote& note_of(const google::protobuf::FieldDescriptor& field) {
  static std::mutex guard;
  static std::map<const google::protobuf::FieldDescriptor*, std::unique_ptr<const FieldNote>> notes;
  const std::lock_guard lock(guard);
  std::unique_ptr<const FieldNote>& note = notes[&field];
  if (!note) note = std::make_unique<const FieldNote>(field);
  return *note;
}

}  // namespace pregate
