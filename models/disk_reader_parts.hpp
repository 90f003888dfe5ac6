// SPDX-License-Identifier: Apache-2.0
// What the two engines of DiskReader share: the open file, one read that may come in pieces, what waits for a
// lane and the list of what has ended. Not for others to include.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "models/disk_reader.hpp"
#include "sim/residency/lane_queue.hpp"

namespace pregate {

// An open file, past the page cache. Closed with its owner.
class DirectFile {
 public:
  static Result<DirectFile> open(const std::string& path);
  DirectFile(DirectFile&& other) noexcept;
  DirectFile& operator=(DirectFile&&) = delete;
  ~DirectFile();
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  DirectFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_;
  std::string path_;
};

// A request on its way: the kernel may give less than was asked for, and then is asked for the rest.
class DiskRead {
 public:
  DiskRead() = default;
  explicit DiskRead(const DiskRequest& request) : request_(request) { done_.tag = request.tag; }

  [[nodiscard]] const DiskRequest& request() const { return request_; }
  [[nodiscard]] std::span<std::byte> rest() const { return request_.into.subspan(filled_); }
  [[nodiscard]] std::uint64_t rest_offset() const {
    return static_cast<std::uint64_t>(request_.offset.count()) + filled_;
  }

  void handed() { done_.handed = DiskDone::Clock::now(); }
  // What the kernel said to a read of rest(): bytes, or an errno below zero. True when that was the last of
  // it.
  bool answered(std::int64_t answer, const std::string& path);
  DiskDone take_done() { return std::move(done_); }  // once answered() was true

 private:
  bool ended(Status status);

  DiskRequest request_;
  std::size_t filled_ = 0;
  int retries_ = 0;  // since the last byte that came
  DiskDone done_;
};

// What has ended, for whoever polls or waits.
class DoneList {
 public:
  void expect();            // one more is outstanding
  void add(DiskDone done);  // one of the outstanding has ended
  void poll(std::vector<DiskDone>& done);
  void wait(std::vector<DiskDone>& done);

 private:
  void take(std::vector<DiskDone>& done);

  std::mutex mutex_;
  std::condition_variable some_;
  std::size_t outstanding_ = 0;  // of which `done_` are not counted
  std::vector<DiskDone> done_;
};

// A reader but for how requests reach the disk.
class QueuedReader : public DiskReader {
 public:
  void promote(std::uint32_t tag) final {
    const std::scoped_lock lock(mutex_);
    waiting_.promote([tag](const DiskRequest& r) { return r.tag == tag; });
  }
  void poll(std::vector<DiskDone>& done) final { done_.poll(done); }
  void wait(std::vector<DiskDone>& done) final { done_.wait(done); }

 protected:
  explicit QueuedReader(DirectFile file) : file_(std::move(file)) {}

  DirectFile file_;
  DoneList done_;
  std::mutex mutex_;  // of the next two and what the engine says
  LaneQueue<DiskRequest> waiting_;
  bool stopping_ = false;
};

// Takes `file` only if it succeeds. Errors: io_uring that the kernel refuses.
Result<std::unique_ptr<DiskReader>> open_uring_reader(DirectFile& file, const DiskReader::Options& options);
std::unique_ptr<DiskReader> open_thread_reader(DirectFile file, const DiskReader::Options& options);

// A broken promise of the caller's (see DiskReader::submit) is found before the kernel answers EINVAL.
void check_request(const DiskRequest& request);

}  // namespace pregate
