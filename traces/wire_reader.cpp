// SPDX-License-Identifier: Apache-2.0
#include "traces/wire_reader.hpp"

#include <fmt/format.h>

namespace pregate {

std::string byte_place(std::int64_t at) {
  return fmt::format("byte {}", at);
}

// The shortest form only: its last byte is not zero, unless it is the only one; 64 bits take ten bytes.
Status WireReader::varint(std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    if (i == rest_.size())
      return bad_input("the rest of a number", "the end of its message",
                       byte_place(at_ + static_cast<std::int64_t>(i)));
    const auto byte = static_cast<unsigned char>(rest_[i]);
    if (i == 9 && byte > 1) break;
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    if (byte == 0 && i > 0)
      return bad_input("a number in its shortest form", "a longer one", byte_place(at_));
    skip(i + 1);
    return {};
  }
  return bad_input("a number of 64 bits", "a longer one", byte_place(at_));
}

Status WireReader::next(WireField& field) {
  const std::int64_t begin = at_;
  std::uint64_t tag = 0;
  if (const Status read = varint(tag); !read) return read;
  constexpr std::uint64_t kMaxNumber = (1U << 29) - 1;
  if ((tag >> 3) == 0 || (tag >> 3) > kMaxNumber)
    return bad_input(fmt::format("a field from 1 to {}", kMaxNumber), fmt::format("field {}", tag >> 3),
                     byte_place(begin));
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.at = at_;
  switch (tag & 7) {
    case 0:
      field.type = WireField::Type::varint;
      return varint(field.value);
    case 1: {
      field.type = WireField::Type::fixed64;
      if (rest_.size() < 8)
        return bad_input("8 bytes of a number", "the end of its message", byte_place(at_));
      field.value = 0;
      for (std::size_t i = 0; i < 8; ++i)
        field.value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
      skip(8);
      return {};
    }
    case 2: {
      field.type = WireField::Type::bytes;
      std::uint64_t size = 0;
      if (const Status read = varint(size); !read) return read;
      if (size > rest_.size())
        return bad_input(fmt::format("at most {} bytes, the rest of the message", rest_.size()),
                         fmt::format("{}", size), byte_place(field.at));
      field.at = at_;
      field.bytes = rest_.substr(0, size);
      skip(size);
      return {};
    }
    default:
      return bad_input("a field of a number, of 64 bits or of bytes", fmt::format("one of type {}", tag & 7),
                       byte_place(begin));
  }
}

}  // namespace pregate
