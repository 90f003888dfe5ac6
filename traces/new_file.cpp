// SPDX-License-Identifier: Apache-2.0
#include "traces/new_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace pregate {
namespace {

// What the writer would replace: a regular file or nothing. Anything else (a device, a folder) must not be
// renamed over.
Result<std::string> resolve_target(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return path;
    return run_failed(path, "a file that can be written", std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) {
    return run_failed(path, "a regular file or a new one",
                      S_ISDIR(info.st_mode) ? "a directory" : "a device or a pipe");
  }
  // A symbolic link stays; the file it leads to is replaced.
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return run_failed(path, "a file that can be written", std::strerror(errno));
  return std::string(real.get());
}

}  // namespace

struct NewFile::State {
  std::string path;
  std::string target;     // with symbolic links resolved
  std::string temporary;  // empty: gone, or not ours any more
  int descriptor = -1;
  Status failed;

  ~State() { discard(); }

  void discard() {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
    if (!temporary.empty()) ::unlink(temporary.c_str());
    temporary.clear();
  }
  Status fail(const char* what) {
    const int code = errno;
    failed = run_failed(path, what, std::strerror(code));
    discard();
    return failed;
  }
  [[nodiscard]] Status no_room(std::int64_t bytes, int code) const {
    return run_failed(path, fmt::format("room on disk for {} bytes", bytes), std::strerror(code));
  }
  Status put(std::string_view bytes);
  Status reserve(std::int64_t bytes);
  Status put_at(std::int64_t offset, std::string_view bytes) const;
  Status open_temporary();
  Status commit();
};

Status NewFile::State::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail("to write the file");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

// posix_fallocate would write to every block where the file system cannot reserve: as long as the file itself
// takes. There the free space is asked for, which another program may still take.
Status NewFile::State::reserve(std::int64_t bytes) {
  int code = 0;
  do code = ::fallocate(descriptor, 0, 0, bytes) == 0 ? 0 : errno;
  while (code == EINTR);
  if (code == EOPNOTSUPP) {
    struct statvfs disk {};
    const bool known = ::fstatvfs(descriptor, &disk) == 0;
    const auto blocks = (static_cast<std::uint64_t>(bytes) + disk.f_frsize) / std::max(disk.f_frsize, 1UL);
    code = known && blocks > disk.f_bavail ? ENOSPC : ::ftruncate(descriptor, bytes) == 0 ? 0 : errno;
  }
  if (code == 0) return {};
  failed = no_room(bytes, code);
  discard();
  return failed;
}

Status NewFile::State::put_at(std::int64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(descriptor, bytes.data(), bytes.size(), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return run_failed(path, "to write the file", std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(done));
    offset += done;
  }
  return {};
}

Status NewFile::State::open_temporary() {
  // A name of this process; a left-over of an earlier process with the same number is passed over.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const std::string name = fmt::format("{}.{}-{}.part", target, ::getpid(), attempt);
    descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
      temporary = name;
      return {};
    }
    if (errno != EEXIST) break;
  }
  return fail("a file that can be written");
}

Status NewFile::State::commit() {
  if (::fsync(descriptor) != 0) return fail("to write the file to disk");
  const int closed = ::close(descriptor);
  descriptor = -1;
  if (closed != 0) return fail("to write the file to disk");
  if (std::rename(temporary.c_str(), target.c_str()) != 0) return fail("to name the finished file");
  temporary.clear();
  // The new name is on disk when its folder is; some file systems refuse to sync a folder, which is no
  // failure of the file.
  const std::string folder = std::filesystem::path(target).parent_path().string();
  const int handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle >= 0) {
    ::fsync(handle);
    ::close(handle);
  }
  return {};
}

NewFile::NewFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
NewFile::~NewFile() = default;
NewFile::NewFile(NewFile&&) noexcept = default;
NewFile& NewFile::operator=(NewFile&&) noexcept = default;

Result<NewFile> NewFile::create(const std::string& path) {
  auto target = resolve_target(path);
  if (!target) return target.error();
  auto state = std::make_unique<State>();
  state->path = path;
  state->target = std::move(*target);
  if (const Status opened = state->open_temporary(); !opened) return opened.error();
  return NewFile(std::move(state));
}

Status NewFile::write(std::string_view bytes) {
  return state_->failed ? state_->put(bytes) : state_->failed;
}

Status NewFile::reserve(std::int64_t bytes) {
  return state_->failed ? state_->reserve(bytes) : state_->failed;
}

Status NewFile::write_at(std::int64_t offset, std::string_view bytes) const {
  return state_->failed ? state_->put_at(offset, bytes) : state_->failed;
}

Status NewFile::commit() {
  return state_->failed ? state_->commit() : state_->failed;
}

Status NewFile::abandon(Error why) {
  state_->failed = std::move(why);
  state_->discard();
  return state_->failed;
}

const Status& NewFile::status() const {
  return state_->failed;
}

const std::string& NewFile::path() const {
  return state_->path;
}

}  // namespace pregate
