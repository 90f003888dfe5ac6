// SPDX-License-Identifier: Apache-2.0
// Reads through io_uring. Whoever submits puts the request into the ring itself if a lane is free; a thread
// of the reader's own takes what the kernel has finished, gives the lane its next request, and only then
// tells whoever waits. The submission side of the ring is used under `mutex_`, the completion side by the
// thread alone.
//
// No IORING_SETUP_COOP_TASKRUN: the kernel finishes a read in the task that submitted it, which computes and
// makes no calls; without the flag it is interrupted for that moment.
#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "models/disk_reader_parts.hpp"

namespace pregate {
namespace {

// The kernel registers at most this much at once, and reads at most a little under 2 GiB at once.
constexpr std::size_t kMaxBuffer = std::size_t{1} << 30;
constexpr std::uint64_t kNobody = ~std::uint64_t{0};

class UringReader final : public QueuedReader {
 public:
  UringReader(DirectFile file, io_uring ring, const Options& options);
  ~UringReader() override;
  UringReader(const UringReader&) = delete;
  UringReader& operator=(const UringReader&) = delete;

  void submit(const DiskRequest& request) override;
  [[nodiscard]] Engine engine() const override { return Engine::uring; }

 private:
  void register_memory(std::span<std::byte> memory);
  // With `mutex_` held:
  void fill_lanes();
  [[nodiscard]] int hand(std::size_t lane);
  [[nodiscard]] int push_to_kernel();
  // Where all of `bytes` is registered, its number; else -1.
  [[nodiscard]] int buffer_of(std::span<const std::byte> bytes) const;
  // The thread:
  void work();
  void take_completion();  // waits for it
  void completed(std::size_t lane, int answer);

  io_uring ring_;  // its submission side: with `mutex_` held
  bool file_is_registered_ = false;
  std::vector<std::span<const std::byte>> registered_;

  std::vector<DiskRead> lanes_;  // with `mutex_` held, these two as well
  std::vector<std::size_t> free_lanes_;
  std::thread thread_;
};

UringReader::UringReader(DirectFile file, io_uring ring, const Options& options)
    : QueuedReader(std::move(file)), ring_(ring), lanes_(static_cast<std::size_t>(options.lanes)) {
  const int descriptor = file_.descriptor();
  file_is_registered_ = ::io_uring_register_files(&ring_, &descriptor, 1) == 0;
  register_memory(options.memory);
  for (std::size_t lane = lanes_.size(); lane-- > 0;) free_lanes_.push_back(lane);
  thread_ = std::thread([this] { work(); });
}

UringReader::~UringReader() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    io_uring_sqe* wake = ::io_uring_get_sqe(&ring_);
    check(wake != nullptr, "the ring has room for every lane and one more");
    ::io_uring_prep_nop(wake);
    ::io_uring_sqe_set_data64(wake, kNobody);
    check(push_to_kernel() == 0, "the kernel takes an empty operation");
  }
  thread_.join();
  ::io_uring_queue_exit(&ring_);
}

// Reads into memory that is not registered work as well, they only cost more: so any refusal (a limit on
// locked memory, a right that is missing) is passed over.
void UringReader::register_memory(std::span<std::byte> memory) {
  std::vector<iovec> buffers;
  while (!memory.empty()) {
    const std::size_t bytes = std::min(memory.size(), kMaxBuffer);
    buffers.push_back({.iov_base = memory.data(), .iov_len = bytes});
    memory = memory.subspan(bytes);
  }
  if (buffers.empty()) return;
  if (::io_uring_register_buffers(&ring_, buffers.data(), static_cast<unsigned>(buffers.size())) != 0) return;
  for (const iovec& buffer : buffers)
    registered_.emplace_back(static_cast<const std::byte*>(buffer.iov_base), buffer.iov_len);
}

int UringReader::buffer_of(std::span<const std::byte> bytes) const {
  const auto holds = [&](std::span<const std::byte> buffer) {
    return bytes.data() >= buffer.data() && bytes.data() + bytes.size() <= buffer.data() + buffer.size();
  };
  const auto it = std::find_if(registered_.begin(), registered_.end(), holds);
  return it == registered_.end() ? -1 : static_cast<int>(it - registered_.begin());
}

void UringReader::submit(const DiskRequest& request) {
  check_request(request);
  done_.expect();
  const std::scoped_lock lock(mutex_);
  waiting_.push(request.purpose, request);
  fill_lanes();
}

void UringReader::fill_lanes() {
  while (!stopping_ && !waiting_.empty() && !free_lanes_.empty()) {
    const std::size_t lane = free_lanes_.back();
    DiskRead& read = lanes_[lane];
    read = DiskRead(waiting_.pop());
    read.handed();
    if (const int code = hand(lane); code != 0) {
      while (!read.answered(-code, file_.path())) {
      }
      done_.add(read.take_done());
    } else {
      free_lanes_.pop_back();
    }
  }
}

// 0, or the errno why the kernel would not take it.
int UringReader::hand(std::size_t lane) {
  const DiskRead& read = lanes_[lane];
  const std::span<std::byte> rest = read.rest().first(std::min(read.rest().size(), kMaxBuffer));
  io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
  if (entry == nullptr) return EBUSY;
  const int file = file_is_registered_ ? 0 : file_.descriptor();
  const auto bytes = static_cast<unsigned>(rest.size());
  if (const int buffer = buffer_of(rest); buffer >= 0) {
    ::io_uring_prep_read_fixed(entry, file, rest.data(), bytes, read.rest_offset(), buffer);
  } else {
    ::io_uring_prep_read(entry, file, rest.data(), bytes, read.rest_offset());
  }
  if (file_is_registered_) ::io_uring_sqe_set_flags(entry, IOSQE_FIXED_FILE);
  ::io_uring_sqe_set_data64(entry, lane);
  const int code = push_to_kernel();
  if (code != 0) {
    // It lies in the ring still, and goes with the next one: as nothing.
    ::io_uring_prep_nop(entry);
    ::io_uring_sqe_set_data64(entry, kNobody);
  }
  return code;
}

int UringReader::push_to_kernel() {
  for (;;) {
    const int taken = ::io_uring_submit(&ring_);
    if (taken >= 0) return 0;
    if (taken != -EINTR && taken != -EAGAIN && taken != -EBUSY) return -taken;
    std::this_thread::yield();
  }
}

// ---- the thread ----

void UringReader::work() {
  for (;;) {
    take_completion();
    const std::scoped_lock lock(mutex_);
    if (stopping_ && free_lanes_.size() == lanes_.size()) return;
  }
}

void UringReader::take_completion() {
  io_uring_cqe* entry = nullptr;
  int code = 0;
  do {
    code = ::io_uring_wait_cqe(&ring_, &entry);
  } while (code == -EINTR);
  check(code == 0 && entry != nullptr, "the kernel says what it has finished");
  const std::uint64_t lane = ::io_uring_cqe_get_data64(entry);
  const int answer = entry->res;
  ::io_uring_cqe_seen(&ring_, entry);
  if (lane != kNobody) completed(lane, answer);
}

void UringReader::completed(std::size_t lane, int answer) {
  DiskDone done;
  {
    const std::scoped_lock lock(mutex_);
    DiskRead& read = lanes_[lane];
    while (!read.answered(answer, file_.path())) {
      const int code = hand(lane);
      if (code == 0) return;
      answer = -code;
    }
    done = read.take_done();
    free_lanes_.push_back(lane);
    fill_lanes();
  }
  done_.add(std::move(done));
}

}  // namespace

Result<std::unique_ptr<DiskReader>> open_uring_reader(DirectFile& file, const DiskReader::Options& options) {
  io_uring ring{};
  // A lane has one entry at most; one more wakes the thread at the end, and a few lie as nothing.
  const int code = ::io_uring_queue_init(static_cast<unsigned>(2 * options.lanes + 2), &ring, 0);
  if (code < 0) return run_failed(file.path(), "io_uring", std::strerror(-code));
  return std::unique_ptr<DiskReader>(std::make_unique<UringReader>(std::move(file), ring, options));
}

}  // namespace pregate
