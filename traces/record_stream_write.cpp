// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <zlib.h>

#include <array>

#include "traces/new_file.hpp"
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

}  // namespace

struct RecordWriter::State {
  NewFile file;
  Packer packer;

  explicit State(NewFile opened) : file(std::move(opened)) {}

  Status pack(std::string_view bytes, bool last) {
    return packer.pack(bytes, last, [this](std::string_view block) { return file.write(block); });
  }
};

RecordWriter::RecordWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordWriter::~RecordWriter() = default;

Result<std::unique_ptr<RecordWriter>> RecordWriter::create(const std::string& path, std::string_view magic) {
  auto file = NewFile::create(path);
  if (!file) return file.error();
  std::unique_ptr<RecordWriter> writer(new RecordWriter(std::make_unique<State>(std::move(*file))));
  if (const Status written = writer->write(magic); !written) return written.error();
  return writer;
}

Status RecordWriter::write(std::string_view record) {
  NewFile& file = state_->file;
  if (!file.status()) return file.status();
  if (static_cast<std::int64_t>(record.size()) > kMaxRecord) {
    return file.abandon(run_failed(file.path(), fmt::format("records of at most {} bytes", kMaxRecord),
                                   fmt::format("one of {} bytes", record.size())));
  }
  std::string length;
  append_varint(length, record.size());
  const Status packed = state_->pack(length, false);
  return packed ? state_->pack(record, false) : packed;
}

Status RecordWriter::finish() {
  if (!state_->file.status()) return state_->file.status();
  const Status packed = state_->pack({}, true);
  return packed ? state_->file.commit() : packed;
}

const std::string& RecordWriter::path() const {
  return state_->file.path();
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
