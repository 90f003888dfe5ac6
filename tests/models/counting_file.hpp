// SPDX-License-Identifier: Apache-2.0
// What tests of reads from the disk share: a file whose every word is known, memory to read into, and
// waiting.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/buffer.hpp"
#include "models/disk_reader.hpp"

namespace pregate {

inline constexpr std::size_t kMiB = std::size_t{1} << 20;

inline std::uint64_t word_at(std::uint64_t offset) {
  return offset * 0x9E3779B97F4A7C15ULL + 1;
}

// A file each of whose 8-byte words says where it stands.
struct CountingFile {
  CountingFile(const std::string& name, std::size_t bytes)
      : path(std::filesystem::path(testing::TempDir()) / name) {
    std::vector<std::uint64_t> words(bytes / 8);
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = word_at(i * 8);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(bytes));
  }
  ~CountingFile() { std::filesystem::remove(path); }
  CountingFile(const CountingFile&) = delete;
  CountingFile& operator=(const CountingFile&) = delete;

  std::filesystem::path path;
};

// Memory for requests, on a border of blocks.
struct Memory {
  explicit Memory(std::size_t bytes) : buffer(bytes + kDiskBlock) {
    void* start = buffer.data();
    std::size_t space = bytes + kDiskBlock;
    all = {static_cast<std::byte*>(std::align(kDiskBlock, bytes, start, space)), bytes};
  }
  Buffer<std::byte> buffer;
  std::span<std::byte> all;
};

inline bool is_of_file(std::span<const std::byte> bytes, std::uint64_t offset) {
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    if (word != word_at(offset + i)) return false;
  }
  return true;
}

// As many as `count`, or all that there are.
inline std::vector<DiskDone> wait_for(DiskReader& reader, std::size_t count) {
  std::vector<DiskDone> done;
  while (done.size() < count) {
    const std::size_t before = done.size();
    reader.wait(done);
    if (done.size() == before) break;  // nothing is outstanding
  }
  return done;
}

}  // namespace pregate
