// SPDX-License-Identifier: Apache-2.0
// What reader and writer of a file of experts share, beneath models/expert_pack.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "models/expert_pack.hpp"

namespace pregate {

inline constexpr std::string_view kPackMagic = "PGEXPRT1";
inline constexpr std::size_t kPackStart = 16;  // magic and length of the header
inline constexpr std::size_t kPackHash = 8;    // behind the header
// Three million experts: the largest model that is published has some 15,000.
inline constexpr std::size_t kMostPackHeader = std::size_t{64} << 20;

// How `weights` begins.
inline constexpr std::string_view kRandomWeights = "random, seed ", kCheckpointWeights = "checkpoint, XXH3 ";

// A file that is read at offsets.
class PackInput {
 public:
  static Result<PackInput> open(const std::string& path);
  PackInput(PackInput&& other) noexcept;
  PackInput& operator=(PackInput&&) = delete;
  ~PackInput();

  [[nodiscard]] Bytes size() const { return size_; }
  // All of `into`, or an error.
  [[nodiscard]] Status read(std::int64_t offset, std::span<char> into) const;

 private:
  PackInput(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_ = -1;
  Bytes size_;
};

std::uint64_t pack_checksum(std::string_view bytes);     // XXH3
std::string pack_checksum_text(std::uint64_t checksum);  // 16 hexadecimal digits

// A header as JSON, with the bytes of the file that it must fit: `end` is where blocks begin.
Result<ExpertPack> parse_pack_header(std::string_view json, Bytes end, Bytes file_bytes);

// Where blocks may begin behind the header of `pack`: known before the checksums are, as all of them are
// written with 16 digits.
Bytes first_block_of(const ExpertPack& pack);
// All of the file before the first block; `pack` is complete, `first` as first_block_of().
std::string pack_head(const ExpertPack& pack);

}  // namespace pregate
