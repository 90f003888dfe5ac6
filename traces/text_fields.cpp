// SPDX-License-Identifier: Apache-2.0
#include "traces/text_fields.hpp"

#include <fmt/format.h>

#include "traces/field_notes.hpp"
#include "traces/input_text.hpp"

namespace pregate {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

constexpr Bandwidth kSlowest = Bandwidth::bytes_per_second(1'000'000);
constexpr Bandwidth kFastest = Bandwidth::bytes_per_second(1'000'000'000'000'000);
constexpr MacRate kFewestMacs = MacRate::per_second(1'000'000'000);
constexpr MacRate kMostMacs = MacRate::per_second(1'000'000'000'000'000'000);
constexpr Duration kLongest = Duration::seconds(100);

constexpr std::string_view kRateExample = "a rate such as 4.2GB/s, from 1MB/s to 1000TB/s";
constexpr std::string_view kTimeExample = "a time such as 0.2ms, at most 100s";
constexpr std::string_view kMacExample =
    "a compute rate such as 22.5TMAC/s or 45TOPS, from 1GMAC/s to 1000000TMAC/s";

}  // namespace

std::string FieldOrigin::place() const {
  return line > 0 ? fmt::format("line {}: {}", line, path) : path;
}

FieldReader::FieldReader(const Message& message, ReadContext& context, std::string path)
    : message_(&message), context_(&context), path_(std::move(path)) {}

const FieldDescriptor& FieldReader::field(std::string_view name) const {
  const FieldDescriptor* found = message_->GetDescriptor()->FindFieldByName(std::string(name));
  check(found != nullptr, "a reader asks for a field that the schema has");
  return *found;
}

std::string FieldReader::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

bool FieldReader::has(std::string_view name) const {
  return message_->GetReflection()->HasField(*message_, &field(name));
}

FieldReader FieldReader::section(std::string_view name) const {
  const Message& inner = message_->GetReflection()->GetMessage(*message_, &field(name));
  return FieldReader(inner, *context_, path_of(name));
}

Error FieldReader::error_at(std::string_view name, std::string expected, std::string found) const {
  const std::string path = path_of(name);
  const FieldOrigins& origins = context_->origins;
  // A field that nobody gave is reported where its section begins.
  for (std::string known = path; !known.empty();) {
    if (const auto it = origins.find(known); it != origins.end()) {
      FieldOrigin origin = it->second;
      origin.path += path.substr(known.size());
      return bad_input(std::move(expected), std::move(found), origin.place()).at(origin.file);
    }
    const std::size_t dot = known.rfind('.');
    known.resize(dot == std::string::npos ? 0 : dot);
  }
  return bad_input(std::move(expected), std::move(found), path).at(context_->file);
}

void FieldReader::fail(std::string_view name, std::string expected, std::string found) const {
  if (!failed()) context_->failure = error_at(name, std::move(expected), std::move(found));
}

bool FieldReader::require(std::string_view name, std::string_view wanted) const {
  if (has(name)) return true;
  fail(name, std::string(wanted), "nothing");
  return false;
}

std::string FieldReader::text(std::string_view name) const {
  if (!require(name, "a text")) return {};
  std::string value = message_->GetReflection()->GetString(*message_, &field(name));
  if (value.empty()) fail(name, "a text", "\"\"");
  return value;
}

std::string FieldReader::any_text(std::string_view name) const {
  return message_->GetReflection()->GetString(*message_, &field(name));
}

bool FieldReader::flag(std::string_view name) const {
  return require(name, "true or false") && message_->GetReflection()->GetBool(*message_, &field(name));
}

std::int64_t FieldReader::integer(std::string_view name) const {
  const WholeRange range = note_of(field(name)).whole_range();
  const std::string wanted = fmt::format("a whole number from {} to {}", range.least, range.most);
  if (!require(name, wanted)) return range.least;
  const std::int64_t value = message_->GetReflection()->GetUInt32(*message_, &field(name));
  if (value >= range.least && value <= range.most) return value;
  fail(name, wanted, fmt::format("{}", value));
  return range.least;
}

std::uint64_t FieldReader::seed(std::string_view name) const {
  if (!require(name, "a whole number")) return 0;
  return message_->GetReflection()->GetUInt64(*message_, &field(name));
}

double FieldReader::number(std::string_view name) const {
  const NumberRange range = note_of(field(name)).number_range();
  const std::string wanted = fmt::format("a number from {} to {}", range.least, range.most);
  if (!require(name, wanted)) return range.least;
  const double value = message_->GetReflection()->GetDouble(*message_, &field(name));
  if (value >= range.least && value <= range.most) return value;  // also false for NaN
  fail(name, wanted, fmt::format("{}", value));
  return range.least;
}

double FieldReader::fraction(std::string_view name) const {
  constexpr std::string_view kWanted = "a fraction above 0 and at most 1";
  if (!require(name, kWanted)) return 1;
  const double value = message_->GetReflection()->GetDouble(*message_, &field(name));
  // Below a millionth a rate would round to nothing.
  if (value >= 1e-6 && value <= 1) return value;
  fail(name, std::string(kWanted), fmt::format("{}", value));
  return 1;
}

std::optional<std::string> FieldReader::quantity(std::string_view name, std::string_view wanted) const {
  if (!require(name, wanted)) return std::nullopt;
  return message_->GetReflection()->GetString(*message_, &field(name));
}

Bytes FieldReader::bytes(std::string_view name) const {
  return bytes(name, note_of(field(name)).bytes_range().most);
}

Bytes FieldReader::bytes(std::string_view name, Bytes most) const {
  const Bytes least = note_of(field(name)).bytes_range().least;
  const std::string wanted =
      fmt::format("a size such as 4000MiB or 2.5GB, from {} to {}", to_text(least), to_text(most));
  const std::optional<std::string> given = quantity(name, wanted);
  if (!given) return least;
  const Result<Bytes> parsed = parse_bytes(*given);
  if (parsed && *parsed >= least && *parsed <= most) return *parsed;
  fail(name, wanted, quoted(*given));
  return least;
}

Bandwidth FieldReader::bandwidth(std::string_view name) const {
  const std::optional<std::string> given = quantity(name, kRateExample);
  if (!given) return kSlowest;
  const Result<Bandwidth> parsed = parse_bandwidth(*given);
  if (parsed && *parsed >= kSlowest && *parsed <= kFastest) return *parsed;
  fail(name, std::string(kRateExample), quoted(*given));
  return kSlowest;
}

Duration FieldReader::duration(std::string_view name) const {
  const std::optional<std::string> given = quantity(name, kTimeExample);
  if (!given) return {};
  const Result<Duration> parsed = parse_duration(*given);
  if (parsed && *parsed <= kLongest) return *parsed;
  fail(name, std::string(kTimeExample), quoted(*given));
  return {};
}

MacRate FieldReader::mac_rate(std::string_view name) const {
  const std::optional<std::string> given = quantity(name, kMacExample);
  if (!given) return kFewestMacs;
  const Result<MacRate> parsed = parse_mac_rate(*given);
  if (parsed && *parsed >= kFewestMacs && *parsed <= kMostMacs) return *parsed;
  fail(name, std::string(kMacExample), quoted(*given));
  return kFewestMacs;
}

}  // namespace pregate
