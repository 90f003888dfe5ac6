// SPDX-License-Identifier: Apache-2.0
#include "models/disk_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "models/disk_reader_parts.hpp"

namespace pregate {
namespace {

// A read that makes no progress for a reason that passes (a signal) is tried again, but not for ever.
constexpr int kMaxRetries = 100;

struct FileSystemName {
  unsigned long magic;
  const char* name;
};
constexpr unsigned long kXfsMagic = 0x58465342, kZfsMagic = 0x2fc12fc1, kFuseMagic = 0x65735546;
constexpr std::array kFileSystems = {
    FileSystemName{TMPFS_MAGIC, "tmpfs"},
    FileSystemName{RAMFS_MAGIC, "ramfs"},
    FileSystemName{EXT4_SUPER_MAGIC, "ext4"},
    FileSystemName{BTRFS_SUPER_MAGIC, "btrfs"},
    FileSystemName{kXfsMagic, "xfs"},
    FileSystemName{F2FS_SUPER_MAGIC, "f2fs"},
    FileSystemName{OVERLAYFS_SUPER_MAGIC, "overlayfs"},
    FileSystemName{NFS_SUPER_MAGIC, "nfs"},
    FileSystemName{PROC_SUPER_MAGIC, "proc"},
    FileSystemName{SYSFS_MAGIC, "sysfs"},
    FileSystemName{V9FS_MAGIC, "9p"},
    FileSystemName{kZfsMagic, "zfs"},
    FileSystemName{kFuseMagic, "fuse"},
};

std::string file_system_of(const std::string& path) {
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) return "unknown";
  const auto magic = static_cast<unsigned long>(info.f_type);
  for (const FileSystemName& entry : kFileSystems)
    if (entry.magic == magic) return entry.name;
  return fmt::format("of type {:#x}", magic);
}

bool passes(int code) {
  return code == EINTR || code == EAGAIN || code == ECANCELED;
}

}  // namespace

std::string_view to_text(DiskReader::Engine engine) {
  return engine == DiskReader::Engine::uring ? "io_uring" : "threads";
}

// ---- the file ----

Result<DirectFile> DirectFile::open(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return bad_input("a file", std::strerror(errno)).at(path);
  // A pipe would block the open, a folder cannot be read.
  if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)) {
    return bad_input("a file or a block device", S_ISDIR(info.st_mode) ? "a folder" : "something else")
        .at(path);
  }
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (descriptor >= 0) return DirectFile(descriptor, path);
  if (errno != EINVAL) return bad_input("a file that can be read", std::strerror(errno)).at(path);
  return bad_input("a file system that can be read past the page cache (O_DIRECT)",
                   fmt::format("a file system that refuses it ({})", file_system_of(path)))
      .at(path);
}

DirectFile::DirectFile(DirectFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

DirectFile::~DirectFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// ---- one read ----

bool DiskRead::ended(Status status) {
  done_.status = std::move(status);
  done_.ended = DiskDone::Clock::now();
  return true;
}

bool DiskRead::answered(std::int64_t answer, const std::string& path) {
  const std::string place = fmt::format("byte {}", request_.offset.count());
  if (answer < 0) {
    const int code = static_cast<int>(-answer);
    if (passes(code) && retries_++ < kMaxRetries) return false;
    return ended(run_failed(path, fmt::format("to read {} bytes", request_.into.size()), std::strerror(code))
                     .at(path, place));
  }
  const std::size_t total = filled_ + static_cast<std::size_t>(answer);
  if (total == request_.into.size()) return ended({});
  // The rest has to begin at a block again. Where a whole block did not come twice, the file is at its end.
  const std::size_t resume = total / kDiskBlock * kDiskBlock;
  if (resume <= filled_) {
    return ended(bad_input(fmt::format("{} bytes", request_.into.size()),
                           fmt::format("a short read: the file ends after {} of them", total), place)
                     .at(path));
  }
  filled_ = resume;
  retries_ = 0;
  return false;
}

void check_request(const DiskRequest& request) {
  const auto whole_blocks = [](std::uint64_t v) { return v % kDiskBlock == 0; };
  check(!request.into.empty() && whole_blocks(request.into.size()), "a read is of whole blocks");
  check(request.offset.count() >= 0 && whole_blocks(static_cast<std::uint64_t>(request.offset.count())),
        "a read begins at a block of the file");
  check(whole_blocks(reinterpret_cast<std::uintptr_t>(request.into.data())),
        "a read goes to memory that begins at a block");
}

// ---- what has ended ----

void DoneList::expect() {
  const std::scoped_lock lock(mutex_);
  ++outstanding_;
}

void DoneList::add(DiskDone done) {
  {
    const std::scoped_lock lock(mutex_);
    --outstanding_;
    done_.push_back(std::move(done));
  }
  some_.notify_all();
}

void DoneList::take(std::vector<DiskDone>& done) {
  std::move(done_.begin(), done_.end(), std::back_inserter(done));
  done_.clear();
}

void DoneList::poll(std::vector<DiskDone>& done) {
  const std::scoped_lock lock(mutex_);
  take(done);
}

// Sleeps at once: with few processors, all busy computing, a wait that spins would take one from them.
void DoneList::wait(std::vector<DiskDone>& done) {
  std::unique_lock lock(mutex_);
  some_.wait(lock, [this] { return !done_.empty() || outstanding_ == 0; });
  take(done);
}

// ---- the reader ----

Result<std::unique_ptr<DiskReader>> DiskReader::open(const std::string& path, const Options& options) {
  if (options.lanes < 1 || options.lanes > kMaxLanes)
    return bad_input(fmt::format("1..{} lanes", kMaxLanes), fmt::format("{}", options.lanes)).at(path);
  auto file = DirectFile::open(path);
  if (!file) return file.error();
  if (options.engine != Engine::threads) {
    auto reader = open_uring_reader(*file, options);
    if (reader.ok() || options.engine == Engine::uring) return reader;
  }
  return open_thread_reader(std::move(*file), options);
}

}  // namespace pregate
