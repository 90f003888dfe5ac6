// SPDX-License-Identifier: Apache-2.0
// Reads where the kernel has no io_uring: a thread a lane, each in a pread of its own.
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "models/disk_reader_parts.hpp"

namespace pregate {
namespace {

class ThreadReader final : public QueuedReader {
 public:
  ThreadReader(DirectFile file, const Options& options) : QueuedReader(std::move(file)) {
    for (int i = 0; i < options.lanes; ++i) threads_.emplace_back([this] { work(); });
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
  [[nodiscard]] Engine engine() const override { return Engine::threads; }

 private:
  void work();
  void read(DiskRead& read) const;

  std::condition_variable to_do_;
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
  for (;;) {
    DiskRead next;
    {
      std::unique_lock lock(mutex_);
      to_do_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      next = DiskRead(waiting_.pop());
      next.handed();
    }
    read(next);
    done_.add(next.take_done());
  }
}

}  // namespace

std::unique_ptr<DiskReader> open_thread_reader(DirectFile file, const DiskReader::Options& options) {
  return std::make_unique<ThreadReader>(std::move(file), options);
}

}  // namespace pregate
