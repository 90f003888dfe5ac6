// SPDX-License-Identifier: Apache-2.0
// The input is read as a file of experts, and as the JSON of one's header under a checksum that fits and in a
// file of the size that it speaks of: mutations would never get past either.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "models/disk_reader.hpp"
#include "models/expert_pack_file.hpp"
#include "models/json_input.hpp"
#include "tests/fuzz/target.hpp"

namespace pregate {
namespace {

// A file in memory; without content behind `bytes` up to `size`, and so of any size.
class MemoryFile {
 public:
  MemoryFile(std::string_view bytes, std::int64_t size) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    check(descriptor_ >= 0, "a file in memory");
    check(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
          "a file in memory takes the input");
    check(::ftruncate(descriptor_, size) == 0, "a file in memory takes a size");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

void check_accepted(const ExpertPack& pack, std::int64_t size) {
  check(pack.banks > 0 && pack.experts > 0 && pack.expert_bytes > Bytes(), "accepted numbers are positive");
  check(pack.dense_layers >= 0 && pack.group > 0, "accepted layers are some");
  check(pack.stride >= pack.expert_bytes, "an expert fits its block");
  check(static_cast<std::int64_t>(pack.checksums.size()) == pack.banks * pack.experts, "a checksum each");
  check(pack.offset(pack.banks, 0).count() == size, "blocks end where the file does");
  check(pack.offset(0, 0).count() % static_cast<std::int64_t>(kDiskBlock) == 0, "blocks are aligned");
  check(pack.stride.count() % static_cast<std::int64_t>(kDiskBlock) == 0, "all of them");
}

void try_file(std::string_view bytes, std::int64_t size) {
  const MemoryFile file(bytes, size);
  const Result<ExpertPack> pack = read_expert_pack(file.path());
  if (!pack) return fuzz::check_refusal(pack.error());
  ++fuzz::accepted;
  check_accepted(*pack, size);
  constexpr std::int64_t kMostRead = 1 << 20;
  if (size > kMostRead) return;
  const Status verified = verify_expert_pack(file.path(), *pack);
  if (!verified) fuzz::check_refusal(verified.error());
}

// The size that a header speaks of, if a file can have it.
std::int64_t guess_size(std::string_view json, std::int64_t otherwise) {
  constexpr Int128 kMost = Int128{1} << 50;
  const auto document = parse_json_object(json, "fuzz", {});
  if (!document) return otherwise;
  const auto number = [&](const char* key) {
    const JsonValue* value = document->find(key);
    const std::int64_t* whole = value == nullptr ? nullptr : value->integer();
    return Int128{whole == nullptr ? 0 : *whole};
  };
  const Int128 blocks = number("banks") * number("experts");
  if (blocks <= 0 || blocks > kMost) return otherwise;
  const Int128 size = number("first") + number("stride") * blocks;
  return size > 0 && size <= kMost ? static_cast<std::int64_t>(size) : otherwise;
}

// Blanks fill it to the next block.
std::string head_of(std::string_view json) {
  constexpr std::size_t kEnds = kPackStart + kPackHash;
  std::string header(json);
  header.resize((json.size() + kEnds + kDiskBlock - 1) / kDiskBlock * kDiskBlock - kEnds, ' ');
  const std::uint64_t length = header.size();
  std::string head = std::string(kPackMagic) + std::string(8, '\0') + header;
  std::memcpy(head.data() + kPackMagic.size(), &length, sizeof length);
  const std::uint64_t hash = pack_checksum(head);
  head.append(reinterpret_cast<const char*>(&hash), sizeof hash);
  return head;
}

ExpertPack small_pack(std::int64_t banks, std::int64_t experts) {
  ExpertPack pack{.model = "tiny",
                  .weights = random_identity(1),
                  .layout = "f32 panels 64x64",
                  .banks = banks,
                  .experts = experts,
                  .dense_layers = 1,
                  .group = 3,
                  .expert_bytes = Bytes(4000),
                  .stride = Bytes(4096),
                  .first = Bytes(4096),
                  .checksums = {}};
  const std::string block(4000, '\0');
  pack.checksums.resize(static_cast<std::size_t>(banks * experts), pack_checksum(block));
  return pack;
}

}  // namespace

// Whole files, of zeros, and their headers alone.
std::vector<std::string> fuzz::seeds() {
  std::vector<std::string> out;
  for (const std::int64_t experts : {1, 6}) {
    const ExpertPack pack = small_pack(2, experts);
    const std::string head = pack_head(pack);
    std::string file = head;
    file.resize(static_cast<std::size_t>(pack.offset(2, 0).count()), '\0');
    out.push_back(file);
    std::string json = head.substr(kPackStart, head.size() - kPackStart - kPackHash);
    json.resize(json.find_last_not_of(' ') + 1);
    out.push_back(json);
  }
  return out;
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pregate::fuzz::text_of(data, size);
  pregate::try_file(text, static_cast<std::int64_t>(size));
  const std::string head = pregate::head_of(text);
  pregate::try_file(head, pregate::guess_size(text, static_cast<std::int64_t>(head.size())));
  return 0;
}
