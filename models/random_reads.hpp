// SPDX-License-Identifier: Apache-2.0
// Reads of one size at random places of a file, always twice as many asked for as there are lanes, so that no
// lane waits for whoever asks. Not for others than the probes of the machine to include.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "models/disk_reader.hpp"
#include "traces/base/random.hpp"

namespace pregate {

class RandomReads {
 public:
  // `memory` has room for 2 x lanes reads.
  RandomReads(DiskReader& reader, std::span<std::byte> memory, Bytes file, Bytes size, std::int32_t lanes,
              std::uint64_t seed);
  RandomReads(const RandomReads&) = delete;
  RandomReads& operator=(const RandomReads&) = delete;

  void start();  // asks for the first
  // Takes what has ended, waiting for one if told to, and asks for as many again.
  Status turn(bool wait);
  Status drain();  // asks for no more and waits for the rest

  // Of those that ended while all lanes were busy, in order of their ends.
  [[nodiscard]] const std::vector<DiskDone>& done() const { return done_; }
  // Bytes a second: lanes that have just begun or are about to end are left out.
  [[nodiscard]] double rate() const;

 private:
  void ask(std::uint32_t slot);

  DiskReader& reader_;
  std::span<std::byte> memory_;
  Bytes size_;
  std::int32_t lanes_;
  std::uint64_t places_;
  Random random_;
  std::vector<DiskDone> fresh_, done_;
};

// All of a file of at least `least`. Errors: what is not there or smaller.
Result<Bytes> size_for_reads(const std::string& path, Bytes least);

}  // namespace pregate
