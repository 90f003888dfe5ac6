// SPDX-License-Identifier: Apache-2.0
// Protobuf's wire format, field by field and strictly: for checking bytes, where protobuf's own parser
// forgives too much (unknown fields, doubled values, numbers written longer than they need be). Errors say
// the byte. Leaves out groups and fields of 32 bits, which nothing here has.
#pragma once

#include <cstdint>
#include <string_view>

#include "traces/base/result.hpp"

namespace pregate {

struct WireField {
  enum class Type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2 };
  std::uint32_t number = 0;
  Type type = Type::varint;
  std::uint64_t value = 0;   // of varint and fixed64
  std::string_view bytes{};  // of bytes
  std::int64_t at = 0;       // where its value begins in the file
};

class WireReader {
 public:
  // `at`: where `message` begins in its file.
  WireReader(std::string_view message, std::int64_t at) : rest_(message), at_(at) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }
  // Before the end of the message.
  Status next(WireField& field);

 private:
  Status varint(std::uint64_t& value);
  void skip(std::size_t bytes) {
    rest_.remove_prefix(bytes);
    at_ += static_cast<std::int64_t>(bytes);
  }

  std::string_view rest_;
  std::int64_t at_;
};

// "byte 17".
std::string byte_place(std::int64_t at);

}  // namespace pregate
