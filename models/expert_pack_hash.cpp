// SPDX-License-Identifier: Apache-2.0
// The hashes of a file of experts: of its blocks, its header, and of what was packed.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "models/expert_pack_file.hpp"
#include "models/json_input.hpp"
#include "models/safetensors.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

// XXH3 of what comes piece by piece.
class Hash {
 public:
  Hash() : state_(XXH3_createState()) {
    check(state_ != nullptr, "memory for the state of a hash");
    reset();
  }
  void reset() { XXH3_64bits_reset(state_.get()); }
  void add(const void* bytes, std::size_t size) { XXH3_64bits_update(state_.get(), bytes, size); }
  // With its length, so that what is added next cannot pass for a part of it.
  void add_part(const void* bytes, std::size_t size) {
    const std::uint64_t length = size;
    add(&length, sizeof length);
    add(bytes, size);
  }
  [[nodiscard]] std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  std::unique_ptr<XXH3_state_t, FreeState> state_;
};

Status verify_block(const PackInput& file, const ExpertPack& pack, std::size_t index,
                    std::span<char> buffer) {
  const std::int64_t used = pack.expert_bytes.count(), stride = pack.stride.count();
  const std::int64_t begin = pack.first.count() + stride * static_cast<std::int64_t>(index);
  Hash hash;  // of the hashes of pieces, as block_checksum() takes it
  bool padded = true;
  for (std::int64_t at = 0; at < stride;) {
    const std::int64_t end = at < used ? used : stride;
    const auto part =
        buffer.first(static_cast<std::size_t>(std::min(end - at, static_cast<std::int64_t>(buffer.size()))));
    if (const Status read = file.read(begin + at, part); !read) return read;
    const std::uint64_t piece = XXH3_64bits(part.data(), part.size());
    if (at < used)
      hash.add(&piece, sizeof piece);
    else
      padded = padded && std::all_of(part.begin(), part.end(), [](char c) { return c == 0; });
    at += static_cast<std::int64_t>(part.size());
  }
  const auto experts = static_cast<std::size_t>(pack.experts);
  const std::string place = fmt::format("bank {}, expert {}", index / experts, index % experts);
  if (hash.value() != pack.checksums[index]) {
    return bad_input(fmt::format("a block with the checksum {}", pack_checksum_text(pack.checksums[index])),
                     pack_checksum_text(hash.value()), place);
  }
  return padded ? Status() : bad_input("zeros behind the expert's bytes", "others", place);
}

}  // namespace

Result<PackInput> PackInput::open(const std::string& path) {
  if (const Status regular = check_regular_file(path); !regular) return regular.error();
  PackInput input(path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (input.descriptor_ < 0 || ::fstat(input.descriptor_, &info) != 0)
    return bad_input("a file that can be read", std::strerror(errno)).at(path);
  input.size_ = Bytes(info.st_size);
  return input;
}

PackInput::PackInput(PackInput&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

PackInput::~PackInput() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status PackInput::read(std::int64_t offset, std::span<char> into) const {
  while (!into.empty()) {
    const ssize_t done = ::pread(descriptor_, into.data(), into.size(), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      const char* why = std::strerror(errno);
      return run_failed(path_, "to read the file", why).at({}, fmt::format("byte {}", offset));
    }
    if (done == 0) return bad_input("more bytes", "the end", fmt::format("byte {}", offset)).at(path_);
    into = into.subspan(static_cast<std::size_t>(done));
    offset += done;
  }
  return {};
}

std::uint64_t pack_checksum(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::string pack_checksum_text(std::uint64_t checksum) {
  return fmt::format("{:016x}", checksum);
}

std::uint64_t block_checksum(std::span<const std::byte> bytes) {
  const auto pieces = static_cast<std::int64_t>((bytes.size() + kChecksumPiece - 1) / kChecksumPiece);
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(pieces));
#pragma omp parallel for schedule(static) if (pieces > 1)
  for (std::int64_t i = 0; i < pieces; ++i) {
    const std::size_t at = static_cast<std::size_t>(i) * kChecksumPiece;
    const std::size_t size = std::min(kChecksumPiece, bytes.size() - at);
    hashes[static_cast<std::size_t>(i)] = XXH3_64bits(bytes.data() + at, size);
  }
  return XXH3_64bits(hashes.data(), hashes.size() * sizeof hashes[0]);
}

std::string random_identity(std::uint64_t seed) {
  return fmt::format("{}{}", kRandomWeights, seed);
}

Result<std::string> checkpoint_identity(const std::string& folder) {
  const auto config = read_text_file(folder + "/config.json", JsonLimits().most_bytes);
  if (!config) return config.error();
  const Result<Checkpoint> checkpoint = Checkpoint::open(folder);
  if (!checkpoint) return checkpoint.error();
  constexpr std::size_t kSample = 4096;
  Hash hash;
  hash.add_part(config->text.data(), config->text.size());
  for (const Checkpoint::File& file : checkpoint->files()) {
    hash.add_part(file.name.data(), file.name.size());
    hash.add_part(file.head.data(), file.head.size());
    const std::uint64_t bytes = file.data.size();
    hash.add(&bytes, sizeof bytes);
    const std::size_t sample = std::min(kSample, file.data.size());
    for (const std::size_t at : {std::size_t{0}, (file.data.size() - sample) / 2, file.data.size() - sample})
      hash.add(file.data.data() + at, sample);
  }
  return fmt::format("{}{}", kCheckpointWeights, pack_checksum_text(hash.value()));
}

Status verify_expert_pack(const std::string& path, const ExpertPack& pack,
                          const std::function<void(Bytes done, Bytes total)>& progress) {
  const Result<PackInput> file = PackInput::open(path);
  if (!file) return file.error();
  std::vector<char> buffer(kChecksumPiece);
  const std::size_t count = pack.checksums.size();
  const auto bytes_of = [&pack](std::size_t blocks) {
    return pack.stride * static_cast<std::int64_t>(blocks);
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (const Status same = verify_block(*file, pack, i, buffer); !same) return same.error().at(path);
    if (progress) progress(bytes_of(i + 1), bytes_of(count));
  }
  return {};
}

}  // namespace pregate
