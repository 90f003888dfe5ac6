// SPDX-License-Identifier: Apache-2.0
// The routed experts of a model in one file, each a contiguous block that starts at a multiple of kDiskBlock,
// so that one aligned read past the page cache brings all of an expert into memory as the kernels want it.
//
//   8 bytes "PGEXPRT1", u64 length of the header, the header (JSON, padded with blanks), u64 XXH3 of all
//   before it; it ends at `first`, from where on one block of `stride` bytes an expert lies, bank after bank.
//   Both numbers are little-endian; what a block has beyond expert_bytes is zero.
//
// The header says of which model, weights and layout the blocks are, and the block_checksum() of each block's
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
  std::string model;                     // name of its spec
  std::string weights;                   // random_identity() or checkpoint_identity()
  std::string layout;                    // ExpertLayout::name()
  std::int64_t banks = 0, experts = 0;   // experts of each bank
  std::int64_t dense_layers = 0;         // before the first bank's, and
  std::int64_t group = 1;                // layers of each bank: with both, which layers' experts these are
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

// "random, seed 1".
std::string random_identity(std::uint64_t seed);
// "checkpoint, XXH3 0123456789abcdef": of config.json and, of each tensor file, its name, size, header and 4
// KiB at the begin, the middle and the end of its tensors. Another checkpoint, or the same one trained
// further, has another; a number that is changed in place elsewhere is not seen.
Result<std::string> checkpoint_identity(const std::string& folder);

// XXH3 (64 bits) of the XXH3s of the block's pieces of kChecksumPiece, the last one shorter: pieces are
// hashed by all computing threads, so that a block can be checked each time it is read.
inline constexpr std::size_t kChecksumPiece = 128 << 10;
std::uint64_t block_checksum(std::span<const std::byte> bytes);

// Errors: what is not such a file, a header that is damaged or contradicts itself or the file's size. The
// blocks are not read.
Result<ExpertPack> read_expert_pack(const std::string& path);
// That the file is of this model, these weights (empty: any) and the layout of this processor. The error says
// what differs and how to pack again; the caller adds the file. A checkpoint may have another name than when
// it was packed: its folder was renamed.
Status check_expert_pack(const ExpertPack& pack, const ModelSpec& spec, const ExpertLayout& layout,
                         const std::string& weights);
// Reads every block and compares its checksum; for `pregate pack --check`. The error names bank and expert.
Status verify_expert_pack(const std::string& path, const ExpertPack& pack,
                          const std::function<void(Bytes done, Bytes total)>& progress = {});

struct PackOptions {
  Precision precision = Precision::int8;
  std::function<void(Bytes done, Bytes total)> progress;  // may be empty
  std::function<bool()> stop;                             // asked now and then; true leaves nothing behind
};
// Writes the file, an expert at a time and in parallel, never more than a few of them in memory. It appears
// whole or not at all (a full disk is found before anything is packed where the file system can say so).
// `progress` and `stop` are called on the threads that pack, one at a time. Errors: as Weights::load; a model
// without routed experts; a full disk or a stop (run_failed).
Status pack_checkpoint(const ModelConfig& config, const std::string& folder, const std::string& out,
                       const PackOptions& options);
Status pack_random(const ModelSpec& spec, std::uint64_t seed, const std::string& out,
                   const PackOptions& options);

}  // namespace pregate
