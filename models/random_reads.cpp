// SPDX-License-Identifier: Apache-2.0
#include "models/random_reads.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace pregate {

RandomReads::RandomReads(DiskReader& reader, std::span<std::byte> memory, Bytes file, Bytes size,
                         std::int32_t lanes, std::uint64_t seed)
    : reader_(reader),
      memory_(memory),
      size_(size),
      lanes_(lanes),
      places_(static_cast<std::uint64_t>((file - size).count()) / kDiskBlock + 1),
      random_(seed) {}

void RandomReads::ask(std::uint32_t slot) {
  const auto size = static_cast<std::size_t>(size_.count());
  reader_.submit({.tag = slot,
                  .offset = Bytes(static_cast<std::int64_t>(random_.below(places_) * kDiskBlock)),
                  .into = memory_.subspan(slot * size, size)});
}

void RandomReads::start() {
  for (std::uint32_t slot = 0; slot < static_cast<std::uint32_t>(2 * lanes_); ++slot) ask(slot);
}

Status RandomReads::turn(bool wait) {
  fresh_.clear();
  if (wait) {
    reader_.wait(fresh_);
  } else {
    reader_.poll(fresh_);
  }
  for (DiskDone& one : fresh_) {
    if (!one.status) return one.status;
    ask(one.tag);
    done_.push_back(std::move(one));
  }
  return {};
}

Status RandomReads::drain() {
  for (;;) {
    fresh_.clear();
    reader_.wait(fresh_);
    if (fresh_.empty()) return {};
    for (const DiskDone& one : fresh_)
      if (!one.status) return one.status;
  }
}

double RandomReads::rate() const {
  const auto first = static_cast<std::size_t>(lanes_);
  if (done_.size() < first + 2) return 0;
  const auto reads = static_cast<double>(done_.size() - 1 - first);
  const std::chrono::duration<double> span = done_.back().ended - done_[first].ended;
  return reads * static_cast<double>(size_.count()) / span.count();
}

Result<Bytes> size_for_reads(const std::string& path, Bytes least) {
  std::error_code code;
  const std::uintmax_t size = std::filesystem::file_size(path, code);
  if (code) return bad_input("a file", code.message()).at(path);
  const Bytes bytes(static_cast<std::int64_t>(size));
  if (bytes < least)
    return bad_input("a file of at least " + to_text(least) + " to read at random", to_text(bytes)).at(path);
  return bytes;
}

}  // namespace pregate
