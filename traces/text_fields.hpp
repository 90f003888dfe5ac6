// SPDX-License-Identifier: Apache-2.0
// Reading the checked values of a text-format document: every field knows which file and line gave it, so
// that a wrong unit or a zero is reported as precisely as a syntax error. Private to traces/. Leaves out what
// the fields mean: device_text.cpp, model_text.cpp and scenario_resolve.cpp say that.
//
//   FieldReader device(message, context);
//   FieldReader flash = device.section("flash");
//   spec.read_bandwidth = flash.bandwidth("read_bandwidth");
//   if (context.failure) return *context.failure;
//
// The first mistake is kept in the context; what a reader returns after it is not to be used.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/nearest.hpp"
#include "traces/base/result.hpp"
#include "traces/base/units.hpp"

namespace pregate {

struct NamedText;

// Where a field was given. `path` is what the field is called there: a device file says flash.derate where
// the scenario says device.flash.derate.
struct FieldOrigin {
  std::string file;
  int line = 0;  // 1-based; 0: not a line (--set)
  std::string path;

  [[nodiscard]] std::string place() const;
};
using FieldOrigins = std::map<std::string, FieldOrigin, std::less<>>;

struct TextLimits {
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  static constexpr int kMaxDepth = 16;
};

// Parses `source` into `message` (of any schema) and notes the origin of every field under `prefix`.
Status parse_text_message(const NamedText& source, google::protobuf::Message& message, FieldOrigins& origins,
                          const std::string& prefix = {});
// Text of our own (defaults): broken text is a bug, not an input.
void merge_known_text(const std::string& text, google::protobuf::Message& message);
// The one canonical text of a message: fields in schema order, no comments.
std::string canonical_text(const google::protobuf::Message& message);

// Position of the first byte that is NUL, another control character but \t \n \r, or not UTF-8; npos if there
// is none.
std::size_t find_unprintable(std::string_view text);

// All scalar paths of a schema ("dram.expert_budget"), in schema order.
std::vector<std::string> scalar_paths(const google::protobuf::Descriptor& schema);

struct ReadContext {
  const FieldOrigins& origins;
  std::string file;  // of what is not there at all
  std::optional<Error> failure;
};

class FieldReader {
 public:
  FieldReader(const google::protobuf::Message& message, ReadContext& context, std::string path = {});

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] FieldReader section(std::string_view name) const;

  // Each wants the field to be there (defaults have been merged before) and records a failure otherwise.
  // Ranges are those that the schema gives the field (field_notes.hpp).
  [[nodiscard]] std::string text(std::string_view name) const;      // not empty
  [[nodiscard]] std::string any_text(std::string_view name) const;  // empty where it is not given
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] std::uint64_t seed(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] double fraction(std::string_view name) const;  // 0 < f <= 1
  [[nodiscard]] Bytes bytes(std::string_view name) const;
  [[nodiscard]] Bytes bytes(std::string_view name, Bytes most) const;  // less than the schema's most
  [[nodiscard]] Bandwidth bandwidth(std::string_view name) const;      // 1 MB/s .. 1 PB/s
  [[nodiscard]] Duration duration(std::string_view name) const;        // 0 .. 100 s
  [[nodiscard]] MacRate mac_rate(std::string_view name) const;         // 1 GMAC/s .. 1 EMAC/s

  // What the text of a field means, by a parser of words; the parser's error gets the field's place.
  template <typename Parser>
  [[nodiscard]] auto word(std::string_view name, Parser parse) const {
    auto parsed = parse(text(name));
    using Value = std::remove_cvref_t<decltype(*parsed)>;
    if (parsed) return *parsed;
    fail(name, parsed.error().expected, parsed.error().found);
    return Value{};
  }

  void fail(std::string_view name, std::string expected, std::string found) const;
  // The same for a thing that is wrong without being one field's value: the place is the nearest that is
  // known.
  [[nodiscard]] Error error_at(std::string_view name, std::string expected, std::string found) const;
  [[nodiscard]] bool failed() const { return context_->failure.has_value(); }
  [[nodiscard]] const google::protobuf::Message& message() const { return *message_; }

 private:
  [[nodiscard]] const google::protobuf::FieldDescriptor& field(std::string_view name) const;
  [[nodiscard]] std::string path_of(std::string_view name) const;
  // The field's text, or a failure that says what is wanted.
  [[nodiscard]] std::optional<std::string> quantity(std::string_view name, std::string_view wanted) const;
  [[nodiscard]] bool require(std::string_view name, std::string_view wanted) const;

  const google::protobuf::Message* message_;
  ReadContext* context_;
  std::string path_;
};

}  // namespace pregate
