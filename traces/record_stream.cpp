// SPDX-License-Identifier: Apache-2.0
// Reading side of the container, and its parts. The writing side is record_stream_write.cpp.
#include "traces/record_stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "traces/input_text.hpp"

namespace pregate {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

Bytef* zlib_bytes(const char* data) {
  // zlib's input pointer is not const in its default build; it does not write through it.
  return reinterpret_cast<Bytef*>(const_cast<char*>(data));
}

// A file's bytes, block by block: from a descriptor, or all at once from memory.
class ByteSource {
 public:
  explicit ByteSource(std::string_view all) : rest_(all) {}
  ByteSource(int descriptor, ReadWatch watch)
      : descriptor_(descriptor), watch_(std::move(watch)), block_(kBlock, '\0') {
    struct stat info {};
    if (::fstat(descriptor, &info) == 0) total_ = info.st_size;
  }
  ~ByteSource() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // The next bytes; empty at the end.
  Result<std::string_view> next() {
    // zlib counts input in 32 bits.
    constexpr std::size_t kMost = std::size_t{1} << 30;
    if (descriptor_ < 0) {
      const std::string_view part = rest_.substr(0, kMost);
      rest_.remove_prefix(part.size());
      return part;
    }
    ssize_t got = 0;
    do {
      got = ::read(descriptor_, block_.data(), block_.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) return run_failed({}, "to read the file", std::strerror(errno));
    read_ += got;
    if (watch_ && !watch_(read_, total_)) return reading_cancelled();
    return std::string_view(block_).substr(0, static_cast<std::size_t>(got));
  }

 private:
  int descriptor_ = -1;
  ReadWatch watch_;
  std::int64_t read_ = 0, total_ = 0;
  std::string block_;
  std::string_view rest_;
};

// One gzip member with exactly our header, unpacked in blocks of bounded size.
class Unpacker {
 public:
  explicit Unpacker(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {
    check(inflateInit2(&zlib_, 15 + 16) == Z_OK, "zlib starts");
  }
  ~Unpacker() { inflateEnd(&zlib_); }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  Status check_header(std::string_view magic);
  // Up to `size` unpacked bytes into `out`; fewer only at the end of the stream.
  Result<std::size_t> read(char* out, std::size_t size);
  // The checksum holds and the file ends here.
  Status expect_end();

 private:
  // Makes input available, if there is any left.
  Status refill() {
    if (zlib_.avail_in > 0 || source_ended_) return {};
    auto part = source_->next();
    if (!part) return part.error();
    source_ended_ = part->empty();
    zlib_.next_in = zlib_bytes(part->data());
    zlib_.avail_in = static_cast<uInt>(part->size());
    taken_ += static_cast<std::int64_t>(part->size());
    return {};
  }
  // The bits that fill the last byte of the last block are no part of the data, so the checksum leaves them
  // out. Z_BLOCK stops at the end of a block and says in data_type how many bits of the last byte are unused
  // (zlib.h, inflate()).
  [[nodiscard]] bool check_padding() const {
    constexpr int kEndOfBlock = 128, kLastBlock = 64;
    if ((zlib_.data_type & kEndOfBlock) == 0 || (zlib_.data_type & kLastBlock) == 0) return true;
    return (last_byte_ >> (8 - (zlib_.data_type & 7))) == 0;
  }
  [[nodiscard]] std::string byte_place() const { return fmt::format("byte {}", taken_ - zlib_.avail_in); }

  std::unique_ptr<ByteSource> source_;
  z_stream zlib_{};
  std::int64_t taken_ = 0;       // bytes handed to zlib so far
  unsigned char last_byte_ = 0;  // that zlib consumed
  bool source_ended_ = false;
  bool ended_ = false;
};

Status Unpacker::check_header(std::string_view magic) {
  if (const Status filled = refill(); !filled) return filled;
  const std::string expected = fmt::format("a {} file", magic);
  if (zlib_.avail_in == 0) return bad_input(expected, "an empty file");
  const std::string_view start(reinterpret_cast<const char*>(zlib_.next_in),
                               std::min<std::size_t>(zlib_.avail_in, kGzipHeader.size()));
  if (start == kGzipHeader) return {};
  if (kGzipHeader.starts_with(start)) {
    return bad_input(expected, "the end of the file", fmt::format("byte {}", start.size()));
  }
  const std::size_t at = static_cast<std::size_t>(
      std::mismatch(start.begin(), start.end(), kGzipHeader.begin()).first - start.begin());
  const bool gzip = start.starts_with(kGzipHeader.substr(0, 2));
  return bad_input(expected, gzip ? "a gzip header of another program" : quoted(start),
                   fmt::format("byte {}", at));
}

Result<std::size_t> Unpacker::read(char* out, std::size_t size) {
  zlib_.next_out = zlib_bytes(out);
  zlib_.avail_out = static_cast<uInt>(size);
  while (zlib_.avail_out > 0 && !ended_) {
    if (const Status filled = refill(); !filled) return filled.error();
    if (zlib_.avail_in == 0 && source_ended_) {
      return bad_input("the rest of the compressed data", "the end of the file", byte_place());
    }
    const Bytef* before = zlib_.next_in;
    const int code = inflate(&zlib_, Z_BLOCK);
    if (zlib_.next_in != before) last_byte_ = zlib_.next_in[-1];
    if (code == Z_STREAM_END) {
      ended_ = true;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return bad_input("intact compressed data", zlib_.msg != nullptr ? zlib_.msg : "damaged data",
                       byte_place());
    } else if (!check_padding()) {
      return bad_input("intact compressed data", "bits set behind the last block", byte_place());
    }
  }
  return size - zlib_.avail_out;
}

Status Unpacker::expect_end() {
  char extra = 0;
  const auto got = read(&extra, 1);
  if (!got) return got.error();
  if (*got > 0) return bad_input("the end of the data", "more records", byte_place());
  if (const Status filled = refill(); !filled) return filled;
  if (zlib_.avail_in > 0) {
    return bad_input("the end of the file", "bytes behind the compressed data", byte_place());
  }
  return {};
}

Result<int> open_regular(const std::string& path) {
  if (const Status regular = check_regular_file(path); !regular) return regular.error();
  // Non-blocking, and checked again: the file may have become a pipe since.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return bad_input("a file that can be read", std::strerror(errno)).at(path);
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return bad_input("a regular file", "another kind of file").at(path);
  }
  return descriptor;
}

}  // namespace

struct RecordReader::State {
  std::string name;
  Unpacker unpacker;
  std::int64_t limit = kMaxRecord;
  std::int64_t index = -1;
  std::array<char, kBlock> block{};
  std::size_t begin = 0, end = 0;  // what is unread in block
  std::string record;

  State(std::string file, std::unique_ptr<ByteSource> source)
      : name(std::move(file)), unpacker(std::move(source)) {}

  Status refill() {
    if (begin < end) return {};
    const auto got = unpacker.read(block.data(), block.size());
    if (!got) return got.error();
    begin = 0;
    end = *got;
    if (end == 0) return bad_input("a record", "the end of the data");
    return {};
  }
  Result<std::uint64_t> read_length();
  Status read_record();
  [[nodiscard]] Error locate(const Error& error) const {
    return error.at(name, fmt::format("record {}", index));
  }
};

Result<std::uint64_t> RecordReader::State::read_length() {
  std::uint64_t length = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (const Status filled = refill(); !filled) return filled.error();
    const auto byte = static_cast<unsigned char>(block[begin++]);
    length |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0) return length;
  }
  return bad_input(fmt::format("a record of at most {} bytes", limit), "a length of more than 5 bytes");
}

Status RecordReader::State::read_record() {
  const auto length = read_length();
  if (!length) return length.error();
  if (*length > static_cast<std::uint64_t>(limit)) {
    return bad_input(fmt::format("a record of at most {} bytes", limit), fmt::format("{} bytes", *length));
  }
  // Grows with what arrives: a false length allocates nothing.
  record.clear();
  while (record.size() < *length) {
    if (const Status filled = refill(); !filled) {
      return filled.error().at({}, fmt::format("byte {} of {}", record.size(), *length));
    }
    const std::size_t part = std::min<std::size_t>(end - begin, *length - record.size());
    record.append(block.data() + begin, part);
    begin += part;
  }
  return {};
}

RecordReader::RecordReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordReader::~RecordReader() = default;

Result<std::unique_ptr<RecordReader>> RecordReader::open(const std::string& path, std::string_view magic,
                                                         ReadWatch watch) {
  const auto descriptor = open_regular(path);
  if (!descriptor) return descriptor.error();
  auto state = std::make_unique<State>(path, std::make_unique<ByteSource>(*descriptor, std::move(watch)));
  return start(std::unique_ptr<RecordReader>(new RecordReader(std::move(state))), magic);
}

Result<std::unique_ptr<RecordReader>> RecordReader::from_bytes(std::string_view bytes,
                                                               const std::string& name,
                                                               std::string_view magic) {
  auto state = std::make_unique<State>(name, std::make_unique<ByteSource>(bytes));
  return start(std::unique_ptr<RecordReader>(new RecordReader(std::move(state))), magic);
}

Result<std::unique_ptr<RecordReader>> RecordReader::start(std::unique_ptr<RecordReader> reader,
                                                          std::string_view magic) {
  State& state = *reader->state_;
  if (const Status header = state.unpacker.check_header(magic); !header) return header.error().at(state.name);
  reader->limit_records(static_cast<std::int64_t>(magic.size()) +
                        64);  // other formats have words of their own
  const auto word = reader->next();
  if (!word) return word.error();
  if (*word != magic) return state.locate(bad_input(quoted(magic), quoted(*word)));
  reader->limit_records(kMaxRecord);
  return reader;
}

Result<std::string_view> RecordReader::next() {
  ++state_->index;
  const Status read = state_->read_record();
  if (!read) return state_->locate(read.error());
  return std::string_view(state_->record);
}

Status RecordReader::expect_end() {
  if (state_->begin < state_->end) {
    return state_->locate(
        bad_input("nothing behind the end record", fmt::format("{} bytes", state_->end - state_->begin)));
  }
  const Status ended = state_->unpacker.expect_end();
  if (!ended) return ended.error().at(state_->name);
  return {};
}

void RecordReader::limit_records(std::int64_t bytes) {
  state_->limit = std::min(bytes, kMaxRecord);
}
std::string RecordReader::place() const {
  return fmt::format("record {}", state_->index);
}
const std::string& RecordReader::name() const {
  return state_->name;
}

Result<std::string> decompress_stream(std::string_view bytes, const std::string& name) {
  Unpacker unpacker(std::make_unique<ByteSource>(bytes));
  if (const Status header = unpacker.check_header("gzip"); !header) return header.error().at(name);
  std::string plain;
  std::string block(kBlock, '\0');
  while (true) {
    const auto got = unpacker.read(block.data(), block.size());
    if (!got) return got.error().at(name);
    plain.append(block, 0, *got);
    if (*got < block.size()) break;
  }
  if (const Status ended = unpacker.expect_end(); !ended) return ended.error().at(name);
  return plain;
}

}  // namespace pregate
