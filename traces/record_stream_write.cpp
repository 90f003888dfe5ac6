// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "traces/record_stream.hpp"

namespace pregate {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

// Packs bytes as one gzip member with the fixed header; hands the packed bytes to a sink in blocks.
class Packer {
 public:
  Packer() {
    constexpr int kDefaultMemory = 8;
    check(deflateInit2(&zlib_, 6, Z_DEFLATED, 15 + 16, kDefaultMemory, Z_DEFAULT_STRATEGY) == Z_OK,
          "zlib starts");
    header_.os = 255;  // "unknown", the same on every system
    check(deflateSetHeader(&zlib_, &header_) == Z_OK, "zlib takes a header");
  }
  ~Packer() { deflateEnd(&zlib_); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  // `sink(std::string_view) -> Status` gets each packed block. `last` ends the member.
  template <typename Sink>
  Status pack(std::string_view bytes, bool last, Sink sink) {
    std::array<char, kBlock> block{};
    do {
      // zlib counts input in 32 bits.
      const std::string_view part = bytes.substr(0, std::size_t{1} << 30);
      bytes.remove_prefix(part.size());
      zlib_.next_in =
          reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));  // zlib does not write through it
      zlib_.avail_in = static_cast<uInt>(part.size());
      const int flush = last && bytes.empty() ? Z_FINISH : Z_NO_FLUSH;
      do {
        zlib_.next_out = reinterpret_cast<Bytef*>(block.data());
        zlib_.avail_out = static_cast<uInt>(block.size());
        check(deflate(&zlib_, flush) != Z_STREAM_ERROR, "zlib packs");
        const Status taken = sink(std::string_view(block.data(), block.size() - zlib_.avail_out));
        if (!taken) return taken;
      } while (zlib_.avail_out == 0);
    } while (!bytes.empty());
    return {};
  }

 private:
  z_stream zlib_{};
  gz_header header_{};
};

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

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

struct RecordWriter::State {
  std::string path;       // as the caller names it
  std::string target;     // with symbolic links resolved
  std::string temporary;  // empty: gone, or not ours any more
  int descriptor = -1;
  Packer packer;
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
  Status put(std::string_view block);
  Status pack(std::string_view bytes, bool last) {
    return packer.pack(bytes, last, [this](std::string_view block) { return put(block); });
  }
  Status open_temporary();
  Status commit();
};

Status RecordWriter::State::put(std::string_view block) {
  while (!block.empty()) {
    const ssize_t done = ::write(descriptor, block.data(), block.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail("to write the file");
    block.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Status RecordWriter::State::open_temporary() {
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

Status RecordWriter::State::commit() {
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

RecordWriter::RecordWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordWriter::~RecordWriter() = default;

Result<std::unique_ptr<RecordWriter>> RecordWriter::create(const std::string& path, std::string_view magic) {
  auto target = resolve_target(path);
  if (!target) return target.error();
  auto state = std::make_unique<State>();
  state->path = path;
  state->target = std::move(*target);
  if (const Status opened = state->open_temporary(); !opened) return opened.error();
  std::unique_ptr<RecordWriter> writer(new RecordWriter(std::move(state)));
  if (const Status written = writer->write(magic); !written) return written.error();
  return writer;
}

Status RecordWriter::write(std::string_view record) {
  if (!state_->failed) return state_->failed;
  if (static_cast<std::int64_t>(record.size()) > kMaxRecord) {
    state_->failed = run_failed(state_->path, fmt::format("records of at most {} bytes", kMaxRecord),
                                fmt::format("one of {} bytes", record.size()));
    state_->discard();
    return state_->failed;
  }
  std::string length;
  append_varint(length, record.size());
  const Status packed = state_->pack(length, false);
  return packed ? state_->pack(record, false) : packed;
}

Status RecordWriter::finish() {
  if (!state_->failed) return state_->failed;
  const Status packed = state_->pack({}, true);
  return packed ? state_->commit() : packed;
}

const std::string& RecordWriter::path() const {
  return state_->path;
}

void append_record(std::string& plain, std::string_view record) {
  append_varint(plain, record.size());
  plain += record;
}

std::string compress_stream(std::string_view plain) {
  std::string out;
  Packer packer;
  const Status packed = packer.pack(plain, true, [&out](std::string_view block) {
    out += block;
    return Status();
  });
  check(packed.ok(), "packing into memory cannot fail");
  return out;
}

}  // namespace pregate
