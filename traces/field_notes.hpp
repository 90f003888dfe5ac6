// SPDX-License-Identifier: Apache-2.0
// What the schema of text files says of a field beside its type (schema/options.proto): unit, words, range,
// fallback, help. Private to traces/; scenario_fields.hpp is the door.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

#include "traces/base/units.hpp"
#include "traces/scenario_fields.hpp"

namespace pregate {

struct WholeRange {
  std::int64_t least = 0, most = 0;
};
struct NumberRange {
  double least = 0, most = 0;
};
struct BytesRange {
  Bytes least, most;
};

// Ends included. Only of fields that have one of that kind: a reader that asks for another is broken.
class FieldNote {
 public:
  explicit FieldNote(const google::protobuf::FieldDescriptor& field);

  [[nodiscard]] WholeRange whole_range() const;
  [[nodiscard]] NumberRange number_range() const;
  [[nodiscard]] BytesRange bytes_range() const;

  FieldUnit unit = FieldUnit::plain;
  std::vector<std::string> words;
  std::string range, fallback, help;
  bool internal = false;

 private:
  NumberRange numbers_;
  BytesRange bytes_;
};

// Read once a field; lives as long as the program.
const FieldNote& note_of(const google::protobuf::FieldDescriptor& field);

}  // namespace pregate
