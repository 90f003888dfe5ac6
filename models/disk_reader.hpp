// SPDX-License-Identifier: Apache-2.0
// Reads of one file, several at a time, past the page cache (O_DIRECT): the real thing behind what the
// simulator calls flash lanes. Requests wait by urgency, demand before committed before speculative and first
// come first served within each; at most `lanes` of them are with the disk. Whoever submits goes on at once:
// a thread of the reader's own hands the next request to the disk as soon as one ends, whatever the caller
// computes meanwhile.
//
// io_uring where the kernel allows it, else a thread a lane that calls pread; both behave alike.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/base/units.hpp"
#include "traces/run_record.hpp"

namespace pregate {

// What O_DIRECT wants offsets, lengths and addresses to be multiples of.
inline constexpr std::size_t kDiskBlock = 4096;

struct DiskRequest {
  std::uint32_t tag = 0;      // the caller's name for it, different for each that has not ended
  Bytes offset;               // in the file
  std::span<std::byte> into;  // all of it is filled, or the request fails
  Purpose purpose = Purpose::demand;
};

struct DiskDone {
  using Clock = std::chrono::steady_clock;
  std::uint32_t tag = 0;
  Status status;             // EIO, a short read: names file and offset
  Clock::time_point handed;  // to the disk
  Clock::time_point ended;   // all bytes were there, or it had failed: the lane was free again
};

class DiskReader {
 public:
  enum class Engine : std::uint8_t { uring, threads };

  struct Options {
    std::int32_t lanes = 4;
    std::optional<Engine> engine;  // empty: uring where the kernel allows it
    // Memory that all requests read into, if it is one stretch: registered with the kernel, which then does
    // not pin its pages at each read. May be empty.
    std::span<std::byte> memory;
  };

  // Errors: a file that cannot be opened, a file system without O_DIRECT (it says which; nothing is ever read
  // through the page cache instead), io_uring asked for where the kernel refuses it, lanes not in
  // 1..kMaxLanes.
  static constexpr std::int32_t kMaxLanes = 256;
  static Result<std::unique_ptr<DiskReader>> open(const std::string& path, const Options& options);
  virtual ~DiskReader() = default;  // waits for what is with the disk; the rest is dropped

  // Offset, length and address are multiples of kDiskBlock. Any thread may call any of these.
  virtual void submit(const DiskRequest& request) = 0;
  // It is needed now: goes before all that is not demand, unless it is with the disk already or has ended.
  virtual void promote(std::uint32_t tag) = 0;
  // Appends what has ended since the last call, in the order of its end.
  virtual void poll(std::vector<DiskDone>& done) = 0;
  // The same, after waiting for at least one; returns at once when nothing is outstanding.
  virtual void wait(std::vector<DiskDone>& done) = 0;
  [[nodiscard]] virtual Engine engine() const = 0;
};

std::string_view to_text(DiskReader::Engine engine);  // "io_uring", "threads"

}  // namespace pregate
