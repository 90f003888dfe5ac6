// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <utility>

#include "models/machine_probe.hpp"
#include "models/memory.hpp"
#include "models/random_reads.hpp"

namespace pregate {
namespace {

using Clock = DiskDone::Clock;

constexpr std::size_t kChunk = std::size_t{4} << 20;
constexpr std::int64_t kLeastReads = 6;  // a lane in a round

Status write_random(int descriptor, Bytes size, const std::string& folder,
                    const std::function<void(Bytes)>& progress) {
  Random random(1);
  std::vector<std::uint64_t> words(kChunk / sizeof(std::uint64_t));
  for (Bytes done; done < size;) {
    for (std::uint64_t& word : words) word = random.next();
    const std::size_t bytes = std::min(kChunk, static_cast<std::size_t>((size - done).count()));
    const ssize_t written = ::pwrite(descriptor, words.data(), bytes, done.count());
    if (written <= 0) {
      if (errno == EINTR) continue;
      return run_failed(folder, "to write a file of " + to_text(size), std::strerror(errno));
    }
    done += Bytes(written);
    if (progress) progress(done);
  }
  // On the disk and out of the page cache: reads past it would have to wait for both.
  if (::fdatasync(descriptor) != 0) return run_failed(folder, "to keep a file", std::strerror(errno));
  (void)::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  return {};
}

// Readers by depth, all into the same memory, open for as long as the table takes.
struct Bench {
  const DiskProbe& probe;
  Bytes file;
  std::span<std::byte> memory;
  std::vector<std::unique_ptr<DiskReader>> readers;
};

struct Round {
  double bytes_per_second = 0, latency_s = 0;
};

Result<Round> read_row(Bench& bench, Bytes size, std::size_t depth_index, std::uint64_t seed) {
  const std::int32_t depth = bench.probe.depths[depth_index];
  RandomReads reads(*bench.readers[depth_index], bench.memory, bench.file, size, depth, seed);
  const auto enough = static_cast<std::size_t>(kLeastReads * depth);
  const auto until = Clock::now() + std::chrono::duration<double>(bench.probe.row_seconds);
  reads.start();
  do {
    if (Status turned = reads.turn(true); !turned) return turned.error();
  } while (Clock::now() < until || reads.done().size() < enough);
  if (Status ended = reads.drain(); !ended) return ended.error();
  double sum = 0;
  for (const DiskDone& one : reads.done())
    sum += std::chrono::duration<double>(one.ended - one.handed).count();
  return Round{.bytes_per_second = reads.rate(), .latency_s = sum / static_cast<double>(reads.done().size())};
}

Status open_readers(Bench& bench) {
  for (const std::int32_t depth : bench.probe.depths) {
    auto reader = DiskReader::open(bench.probe.path, {.lanes = depth, .memory = bench.memory});
    if (!reader) return reader.error();
    bench.readers.push_back(std::move(*reader));
  }
  return {};
}

}  // namespace

Result<ScratchFile> ScratchFile::create(const std::string& folder, Bytes size,
                                        const std::function<void(Bytes)>& progress) {
  std::string name = folder + "/pregate-calibrate-XXXXXX";
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) return bad_input("a folder that can be written", std::strerror(errno)).at(folder);
  ScratchFile file(descriptor);
  ::unlink(name.c_str());
  if (const int code = ::posix_fallocate(descriptor, 0, size.count()); code != 0 && code != EOPNOTSUPP)
    return bad_input(fmt::format("room for a file of {}", to_text(size)), std::strerror(code)).at(folder);
  if (Status written = write_random(descriptor, size, folder, progress); !written) return written.error();
  return file;
}

Result<ScratchFile> ScratchFile::take(const std::string& path) {
  ScratchFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.descriptor_ < 0) return bad_input("a file that can be opened", std::strerror(errno)).at(path);
  ::unlink(path.c_str());
  return file;
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

ScratchFile::~ScratchFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string ScratchFile::path() const {
  return fmt::format("/proc/self/fd/{}", descriptor_);
}

Result<DiskTable> probe_disk(const DiskProbe& probe) {
  const Bytes largest = *std::max_element(probe.sizes.begin(), probe.sizes.end());
  const std::int32_t deepest = *std::max_element(probe.depths.begin(), probe.depths.end());
  const Result<Bytes> file = size_for_reads(probe.path, largest * 4);
  if (!file) return file.error();
  Result<Arena> arena = Arena::create(largest * (2 * deepest));
  if (!arena) return arena.error();
  const auto room = static_cast<std::size_t>((largest * (2 * deepest)).count());
  Bench bench{.probe = probe, .file = *file, .memory = {arena->take(room), room}, .readers = {}};
  if (Status opened = open_readers(bench); !opened) return opened.error();

  const std::size_t depths = probe.depths.size(), count = probe.sizes.size() * depths;
  std::vector<std::vector<double>> rates(count), latencies(count);
  for (int round = 0; round < probe.rounds; ++round) {
    for (std::size_t row = 0; row < count; ++row) {
      if (probe.stop && probe.stop()) return run_failed(probe.path, "reads to their end", "an interruption");
      const auto seed = static_cast<std::uint64_t>(round) * count + row + 1;
      const Result<Round> measured = read_row(bench, probe.sizes[row / depths], row % depths, seed);
      if (!measured) return measured.error();
      rates[row].push_back(measured->bytes_per_second);
      latencies[row].push_back(measured->latency_s);
      const int done = round * static_cast<int>(count) + static_cast<int>(row) + 1;
      if (probe.progress) probe.progress(done, probe.rounds * static_cast<int>(count));
    }
  }
  DiskTable table{.engine = bench.readers.front()->engine(), .file = *file, .rows = {}};
  for (std::size_t row = 0; row < count; ++row) {
    table.rows.push_back({.size = probe.sizes[row / depths],
                          .depth = probe.depths[row % depths],
                          .bytes_per_second = spread_of(std::move(rates[row])),
                          .latency_s = spread_of(std::move(latencies[row]))});
  }
  bench.readers.clear();  // before the memory that they read into
  return table;
}

}  // namespace pregate
