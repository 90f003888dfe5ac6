// SPDX-License-Identifier: Apache-2.0
// The routed experts of a model in one file, each a contiguous block that starts at a multiple of kDiskBlock,
// so that one aligned read past the page cache brings all of an expert into memory as the kernels want it.
//
//   8 bytes "PGEXPRT1", u64 length of the header, the header (JSON, padded with blanks), u64 XXH3 of all
//   before it; then from `first` on one block of `stride` bytes an expert, bank after bank.
//
// The header says of which model, weights and layout the blocks are, and the XXH3 of each block's
// expert_bytes: a file that was changed or cut is found out before a wrong number is computed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/config.hpp"
#include "models/expert_layout.hpp"
#include "traces/base/result.hpp"

namespace pregate {

struct ExpertPack {
  std::string model;  // name of its spec
  std::string
      weights;  // "random, seed 1", or "checkpoint" and the XXH3 of its config and tensor files' headers
  std::string layout;                    // ExpertLayout::name()
  std::int64_t banks = 0, experts = 0;   // experts of each bank
  Bytes expert_bytes;                    // of which the layout makes use
  Bytes stride;                          // from block to block; a multiple of kDiskBlock
  Bytes first;                           // offset of the first block; a multiple of kDiskBlock
  std::vector<std::uint64_t> checksums;  // bank after bank

  [[nodiscard]] std::size_t index(std::int64_t bank, std::int64_t expert) const {
    return static_cast<std::size_t>(bank * experts + expert);
  }
  [[nodiscard]] Bytes offset(std::int64_t bank, std::int64_t expert) const {
    return first + stride * (bank * experts + expert);
  }
};

std::uint64_t block_checksum(std::span<const std::byte> bytes);  // XXH3

// Errors: what is not such a file, a header that is damaged or contradicts itself or the file's size.
Result<ExpertPack> read_expert_pack(const std::string& path);
// That the file is of this model, these weights (empty: any) and the layout of this processor. The error says
// what differs and how to pack again.
Status check_expert_pack(const ExpertPack& pack, const ModelSpec& spec, const ExpertLayout& layout,
                         const std::string& weights);
// Reads every block and compares its checksum; for `pregate pack --check`.
Status verify_expert_pack(const std::string& path, const ExpertPack& pack,
                          const std::function<void(Bytes done, Bytes total)>& progress = {});

struct PackOptions {
  Precision precision = Precision::int8;
  std::function<void(Bytes done, Bytes total)> progress;  // may be empty
  std::function<bool()> stop;                             // asked now and then; true leaves nothing behind
};
// Writes the file, an expert at a time and in parallel, never more than a few of them in memory. It appears
// whole or not at all (a full disk is found before anything is packed where the file system can say so).
Status pack_checkpoint(const ModelConfig& config, const std::string& folder, const std::string& out,
                       const PackOptions& options);
Status pack_random(const ModelSpec& spec, std::uint64_t seed, const std::string& out,
                   const PackOptions& options);

}  // namespace pregate
