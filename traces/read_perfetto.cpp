// SPDX-License-Identifier: Apache-2.0
#include "traces/read_perfetto.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "traces/input_text.hpp"
#include "traces/perfetto_rules.hpp"
#include "traces/wire_reader.hpp"

namespace pregate {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
// A packet is an event with its notes; the longest one carries a scenario's text.
constexpr std::size_t kMaxPacket = std::size_t{16} << 20;
constexpr char kPacketTag = (1 << 3) | 2;

// The next bytes of a file into a block; fewer than asked for only at its end.
using ReadBlock = std::function<Result<std::size_t>(char*, std::size_t)>;

// The packets of a file, one after another, in memory for one of them and a block.
class Packets {
 public:
  explicit Packets(ReadBlock read) : read_(std::move(read)) {}

  // False at the end of the file. `bytes` lives until the next call.
  Result<bool> next(std::string_view& bytes);
  [[nodiscard]] std::int64_t index() const { return index_; }
  // Where the packet that was handed out begins.
  [[nodiscard]] std::int64_t at() const { return at_; }
  [[nodiscard]] std::int64_t taken() const { return taken_; }

 private:
  // Makes `size` bytes available, if there are as many left.
  Status fill(std::size_t size);
  [[nodiscard]] std::size_t available() const { return buffer_.size() - begin_; }
  void take(std::size_t size) {
    begin_ += size;
    taken_ += static_cast<std::int64_t>(size);
  }
  Result<std::size_t> size_of_packet();

  ReadBlock read_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what is not taken yet
  bool ended_ = false;
  std::int64_t index_ = -1, at_ = 0, taken_ = 0;
};

Status Packets::fill(std::size_t size) {
  while (available() < size && !ended_) {
    buffer_.erase(0, begin_);
    begin_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kBlock);
    const Result<std::size_t> got = read_(buffer_.data() + had, kBlock);
    if (!got) return got.error();
    buffer_.resize(had + *got);
    ended_ = *got < kBlock;
  }
  return {};
}

// A length of up to four bytes, in the shortest form.
Result<std::size_t> Packets::size_of_packet() {
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) {
    if (const Status filled = fill(1); !filled) return filled.error();
    if (available() == 0)
      return bad_input("the length of a packet", "the end of the file", byte_place(taken_));
    const auto byte = static_cast<unsigned char>(buffer_[begin_]);
    if (byte == 0 && i > 0)
      return bad_input("a number in its shortest form", "a longer one", byte_place(taken_));
    take(1);
    size |= std::size_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    if (size > kMaxPacket) break;
    return size;
  }
  return bad_input(fmt::format("a packet of at most {} bytes", kMaxPacket), "a longer one",
                   byte_place(taken_));
}

Result<bool> Packets::next(std::string_view& bytes) {
  ++index_;
  at_ = taken_;
  if (const Status filled = fill(1); !filled) return filled.error();
  if (available() == 0) return false;
  if (buffer_[begin_] != kPacketTag)
    return bad_input("a packet (a byte 0x0a)",
                     fmt::format("0x{:02x}", static_cast<unsigned char>(buffer_[begin_])),
                     byte_place(taken_));
  take(1);
  const Result<std::size_t> size = size_of_packet();
  if (!size) return size.error();
  if (const Status filled = fill(*size); !filled) return filled.error();
  if (available() < *size)
    return bad_input(fmt::format("{} bytes of a packet", *size),
                     fmt::format("{} and the end of the file", available()), byte_place(taken_));
  at_ = taken_;
  bytes = std::string_view(buffer_).substr(begin_, *size);
  take(*size);
  return true;
}

Result<PerfettoCounts> check_packets(ReadBlock read, const std::string& name, PerfettoModel* model) {
  Packets packets(std::move(read));
  PerfettoRules rules(model);
  PerfettoPacket packet;
  const auto place = [&packets] { return fmt::format("packet {}", packets.index()); };
  while (true) {
    std::string_view bytes;
    const Result<bool> more = packets.next(bytes);
    if (!more) return more.error().at(name, place());
    if (!*more) break;
    if (const Status decoded = decode_packet(bytes, packets.at(), packet); !decoded)
      return decoded.error().at(name, place());
    if (const Status taken = rules.take(packet); !taken)
      return taken.error().at({}, byte_place(packets.at())).at(name, place());
  }
  if (packets.taken() == 0) return bad_input("a Perfetto trace", "an empty file").at(name);
  if (const Status finished = rules.finish(); !finished)
    return finished.error().at(name, byte_place(packets.taken()));
  rules.counts().bytes = packets.taken();
  return rules.counts();
}

Result<PerfettoCounts> check_file(const std::string& path, const ReadWatch& watch, PerfettoModel* model) {
  if (const Status regular = check_regular_file(path); !regular) return regular.error();
  std::ifstream in(path, std::ios::binary);
  if (!in) return bad_input("a file that can be read", std::strerror(errno)).at(path);
  std::error_code unknown;
  const auto total = static_cast<std::int64_t>(std::filesystem::file_size(path, unknown));
  std::int64_t taken = 0;
  const auto read = [&](char* out, std::size_t size) -> Result<std::size_t> {
    if (watch && !watch(taken, unknown ? 0 : total)) return reading_cancelled();
    try {  // a file buffer reports a read error by throwing
      const std::streamsize got = in.rdbuf()->sgetn(out, static_cast<std::streamsize>(size));
      taken += got;
      return static_cast<std::size_t>(got);
    } catch (const std::ios_base::failure& failure) {
      return run_failed({}, "to read the file", failure.what());
    }
  };
  return check_packets(read, path, model);
}

Result<PerfettoCounts> check_memory(std::string_view bytes, const std::string& name, PerfettoModel* model) {
  const auto read = [bytes](char* out, std::size_t size) mutable -> Result<std::size_t> {
    const std::size_t part = std::min(size, bytes.size());
    std::copy_n(bytes.data(), part, out);
    bytes.remove_prefix(part);
    return part;
  };
  return check_packets(read, name, model);
}

Result<PerfettoModel> with_counts(PerfettoModel model, const Result<PerfettoCounts>& counts) {
  if (!counts) return counts.error();
  model.counts = *counts;
  return model;
}

}  // namespace

const PerfettoNote* PerfettoSlice::find(std::string_view wanted) const {
  const auto found = std::find_if(notes.begin(), notes.end(),
                                  [wanted](const PerfettoNote& note) { return note.name == wanted; });
  return found == notes.end() ? nullptr : &*found;
}

Result<PerfettoCounts> check_perfetto(const std::string& path, const ReadWatch& watch) {
  return check_file(path, watch, nullptr);
}

Result<PerfettoCounts> check_perfetto_bytes(std::string_view bytes, const std::string& name) {
  return check_memory(bytes, name, nullptr);
}

Result<PerfettoModel> read_perfetto(const std::string& path) {
  PerfettoModel model;
  const Result<PerfettoCounts> counts = check_file(path, {}, &model);
  return with_counts(std::move(model), counts);
}

Result<PerfettoModel> read_perfetto_bytes(std::string_view bytes, const std::string& name) {
  PerfettoModel model;
  const Result<PerfettoCounts> counts = check_memory(bytes, name, &model);
  return with_counts(std::move(model), counts);
}

bool is_perfetto_file(const std::string& path) {
  if (!check_regular_file(path)) return false;
  std::ifstream in(path, std::ios::binary);
  return in.get() == kPacketTag;
}

}  // namespace pregate
