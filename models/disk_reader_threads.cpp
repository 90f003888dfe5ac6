// SPDX-License-Identifier: Apache-2.0
// Reads where the kernel has no io_uring: a thread a lane, each in a pread of its own. With a `check` there
// is one thread more, so that all lanes can be with the disk while one request is looked at.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "models/disk_reader_parts.hpp"
#include "sim/residency/lane_queue.hpp"

namespace pregate {
namespace {

class ThreadReader final : public DiskReader {
 public:
  ThreadReader(DirectFile file, const Options& options) : file_(std::move(file)), options_(options) {
    const int threads = options.lanes + (options.check ? 1 : 0);
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~ThreadReader() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    to_do_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  ThreadReader(const ThreadReader&) = delete;
  ThreadReader& operator=(const ThreadReader&) = delete;

  void submit(const DiskRequest& request) override;
  void promote(std::uint32_t tag) override {
    const std::scoped_lock lock(mutex_);
    waiting_.promote([tag](const DiskRequest& r) { return r.tag == tag; });
  }
  void poll(std::vector<DiskDone>& done) override { done_.poll(done); }
  void wait(std::vector<DiskDone>& done) override { done_.wait(done); }
  [[nodiscard]] Engine engine() const override { return Engine::threads; }

 private:
  void work();
  void read(DiskRead& read) const;

  DirectFile file_;
  Options options_;
  std::mutex mutex_;  // of the next four
  std::condition_variable to_do_;
  LaneQueue<DiskRequest> waiting_;
  std::int32_t with_disk_ = 0;
  bool stopping_ = false;
  std::mutex checking_;
  DoneList done_;
  std::vector<std::thread> threads_;
};

void ThreadReader::submit(const DiskRequest& request) {
  check_request(request);
  done_.expect();
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push(request.purpose, request);
  }
  to_do_.notify_one();
}

void ThreadReader::read(DiskRead& read) const {
  std::int64_t answer = 0;
  do {
    const std::span<std::byte> rest = read.rest();
    answer = ::pread(file_.descriptor(), rest.data(), rest.size(), static_cast<off_t>(read.rest_offset()));
    if (answer < 0) answer = -errno;
  } while (!read.answered(answer, file_.path()));
}

void ThreadReader::work() {
  const auto lane_and_request = [this] { return with_disk_ < options_.lanes && !waiting_.empty(); };
  for (;;) {
    DiskRead next;
    {
      std::unique_lock lock(mutex_);
      to_do_.wait(lock, [&] { return stopping_ || lane_and_request(); });
      if (stopping_) return;
      next = DiskRead(waiting_.pop());
      ++with_disk_;
      next.handed();
    }
    read(next);
    bool drop = false;
    {
      const std::scoped_lock lock(mutex_);
      --with_disk_;
      drop = stopping_;
    }
    if (drop) return;
    to_do_.notify_one();  // before the check: the lane goes on
    // One after the other to the end, so that what was looked at first has ended first.
    const std::scoped_lock lock(checking_);
    done_.add(next.finish(options_));
  }
}

}  // namespace

std::unique_ptr<DiskReader> open_thread_reader(DirectFile file, const DiskReader::Options& options) {
  return std::make_unique<ThreadReader>(std::move(file), options);
}

}  // namespace pregate
