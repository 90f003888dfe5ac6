// SPDX-License-Identifier: Apache-2.0
// Writing a file of experts: threads take experts as they become free, each packs one into a block of its
// own, takes its checksum and writes it where it belongs; the header comes last, into the space kept for it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>

#include "kernels/cpu.hpp"
#include "models/compute.hpp"
#include "models/disk_reader.hpp"
#include "models/expert_pack.hpp"
#include "models/expert_pack_file.hpp"
#include "models/memory.hpp"
#include "models/tensor_source.hpp"
#include "models/weights.hpp"
#include "traces/new_file.hpp"

namespace pregate {
namespace {

// More would wait for the disk, and an expert may be tens of megabytes.
constexpr int kMostThreads = 4;

Bytes in_blocks(Bytes bytes) {
  constexpr std::int64_t kBlock = kDiskBlock;
  return Bytes((bytes.count() + kBlock - 1) / kBlock * kBlock);
}

std::string header_text(const ExpertPack& pack) {
  nlohmann::ordered_json json = {{"model", pack.model},
                                 {"weights", pack.weights},
                                 {"layout", pack.layout},
                                 {"banks", pack.banks},
                                 {"experts", pack.experts},
                                 {"dense_layers", pack.dense_layers},
                                 {"group", pack.group},
                                 {"expert_bytes", pack.expert_bytes.count()},
                                 {"stride", pack.stride.count()},
                                 {"first", pack.first.count()},
                                 {"checksums", nlohmann::ordered_json::array()}};
  for (const std::uint64_t checksum : pack.checksums)
    json["checksums"].push_back(pack_checksum_text(checksum));
  // A folder's name may be no UTF-8.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string u64_text(std::uint64_t number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class PackWriter {
 public:
  PackWriter(const ModelSpec& spec, TensorSource& source, std::string weights, const PackOptions& options)
      : spec_(spec), source_(source), options_(options), layout_(spec, options.precision) {
    pack_.model = spec.name;
    pack_.weights = std::move(weights);
    pack_.layout = layout_.name();
    pack_.banks = spec.banks();
    pack_.experts = spec.experts;
    pack_.dense_layers = spec.dense_layers;
    pack_.group = spec.group;
    pack_.expert_bytes = layout_.bytes();
    pack_.stride = in_blocks(layout_.bytes());
    pack_.checksums.resize(static_cast<std::size_t>(count()));
    pack_.first = first_block_of(pack_);
  }

  Status write(const std::string& out) {
    if (Status there = expect_all(); !there) return there;
    const int hands = static_cast<int>(std::min<std::int64_t>({kMostThreads, threads(), count()}));
    const Bytes memory = pack_.stride * hands;
    if (Status enough = require_memory(memory, "the experts that are packed at a time"); !enough)
      return enough;
    Result<Arena> arena = Arena::create(memory);
    if (!arena) return arena.error();
    Result<NewFile> file = NewFile::create(out);
    if (!file) return file.error();
    if (Status room = file->reserve(pack_.offset(pack_.banks, 0).count()); !room) return room;
    pack_all(*file, *arena, hands);
    if (!failure_.ok()) return failure_;
    if (stopped()) {
      return run_failed(out, fmt::format("to pack {} experts", count()),
                        fmt::format("an interruption after {}; nothing is left behind", done_));
    }
    if (Status written = file->write_at(0, pack_head(pack_)); !written) return written;
    return file->commit();
  }

 private:
  [[nodiscard]] std::int64_t count() const { return pack_.banks * pack_.experts; }
  [[nodiscard]] bool stopped() {
    stopped_ = stopped_ || (options_.stop && options_.stop());
    return stopped_;
  }

  Status expect_all() {
    for (std::int64_t i = 0; i < count(); ++i) {
      const ExpertParts parts = expert_parts(spec_, i);
      for (const auto& [name, layout] : matrices(parts)) {
        const MatrixShape& shape = layout->shape();
        if (Status there = source_.expect(name, shape.outputs, shape.inputs); !there) return there;
      }
    }
    return {};
  }

  struct Matrix {
    PartName name;
    const PackedLayout* layout = nullptr;
  };
  [[nodiscard]] std::array<Matrix, 3> matrices(const ExpertParts& parts) const {
    return {{{parts.gate, &layout_.gate()}, {parts.up, &layout_.up()}, {parts.down, &layout_.down()}}};
  }

  void pack_all(const NewFile& file, Arena& arena, int hands) {
    std::vector<std::byte*> blocks;
    for (int i = 0; i < hands; ++i)
      blocks.push_back(arena.take(static_cast<std::size_t>(pack_.stride.count())));
    std::atomic<std::size_t> next = 0;
    const std::int64_t all = count();
    failed_ = all;
#pragma omp parallel num_threads(hands)
    {
      std::byte* const block = blocks[next.fetch_add(1)];
#pragma omp for schedule(dynamic, 1)
      for (std::int64_t i = 0; i < all; ++i) {
        if (wanted(i)) finish(i, pack_one(i, file, block));
      }
    }
  }

  // Not after a stop, nor behind an expert that failed: which failure is told does not depend on the threads.
  bool wanted(std::int64_t index) {
    const std::lock_guard lock(mutex_);
    return index < failed_ && !stopped();
  }

  void finish(std::int64_t index, Status status) {
    const std::lock_guard lock(mutex_);
    if (!status.ok() && index < failed_) {
      failed_ = index;
      failure_ = std::move(status);
    }
    ++done_;
    if (options_.progress) options_.progress(pack_.expert_bytes * done_, pack_.expert_bytes * count());
  }

  // What no number of an expert takes in the block is zero from the beginning, and stays it.
  Status pack_one(std::int64_t index, const NewFile& file, std::byte* block) {
    std::byte* at = block;
    for (const auto& [name, layout] : matrices(expert_parts(spec_, index))) {
      const auto rows = [&, inputs = layout->shape().inputs](std::int64_t first, std::int64_t count,
                                                             float* out) {
        source_.read(name, inputs, first, count, out);
      };
      const Status packed = layout->pack(rows, at);
      if (!packed)
        return packed.error().at(source_.file_of(name), fmt::format("tensor \"{}\"", source_.describe(name)));
      source_.release(name);
      at += layout->bytes();
    }
    const std::span<const std::byte> bytes(block, static_cast<std::size_t>(pack_.stride.count()));
    pack_.checksums[static_cast<std::size_t>(index)] =
        block_checksum(bytes.first(static_cast<std::size_t>(pack_.expert_bytes.count())));
    return file.write_at(pack_.offset(0, index).count(), text_of(bytes));
  }

  const ModelSpec& spec_;
  TensorSource& source_;
  const PackOptions& options_;
  ExpertLayout layout_;
  ExpertPack pack_;

  std::mutex mutex_;  // guards what follows
  std::int64_t failed_ = 0, done_ = 0;
  Status failure_;
  bool stopped_ = false;
};

Status check_packable(const ModelSpec& spec, const PackOptions& options) {
  if (Status runnable = check_runnable(spec); !runnable) return runnable;
  if (Status computes = check_precision(options.precision); !computes) return computes;
  if (spec.banks() * spec.experts > 0) return {};
  return bad_input("a model with routed experts", spec.name);
}

}  // namespace

// The longest that the header may be, with the largest number for `first`; blanks fill what it does not take.
Bytes first_block_of(const ExpertPack& pack) {
  ExpertPack longest = pack;
  longest.first = Bytes(INT64_MAX);
  return in_blocks(Bytes(static_cast<std::int64_t>(kPackStart + header_text(longest).size() + kPackHash)));
}

std::string pack_head(const ExpertPack& pack) {
  std::string header = header_text(pack);
  header.resize(static_cast<std::size_t>(pack.first.count()) - kPackStart - kPackHash, ' ');
  std::string head = std::string(kPackMagic) + u64_text(header.size()) + header;
  return head + u64_text(pack_checksum(head));
}

Status pack_checkpoint(const ModelConfig& config, const std::string& folder, const std::string& out,
                       const PackOptions& options) {
  if (const Status fine = check_packable(config.spec, options); !fine) return fine.error().at(folder);
  const Result<std::string> identity = checkpoint_identity(folder);
  if (!identity) return identity.error();
  const Result<std::unique_ptr<TensorSource>> source = open_checkpoint(config, folder);
  if (!source) return source.error();
  const Status written = PackWriter(config.spec, **source, *identity, options).write(out);
  return written ? written : Status(written.error().at(folder));
}

Status pack_random(const ModelSpec& spec, std::uint64_t seed, const std::string& out,
                   const PackOptions& options) {
  if (Status fine = check_packable(spec, options); !fine) return fine;
  const std::unique_ptr<TensorSource> source = random_tensors(seed);
  return PackWriter(spec, *source, random_identity(seed), options).write(out);
}

}  // namespace pregate
