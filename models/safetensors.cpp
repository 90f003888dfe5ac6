// SPDX-License-Identifier: Apache-2.0
#include "models/safetensors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>
#include <utility>

#include "models/json_input.hpp"
#include "models/safetensors_files.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";
constexpr std::size_t kMaxIndex = std::size_t{128} << 20;
constexpr std::size_t kLengthBytes = 8;

// A whole file, mapped to be read.
class Mapping {
 public:
  static Result<Mapping> open(const std::string& path);
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  Mapping() = default;
  std::span<const std::byte> bytes_;
};

Result<Mapping> Mapping::open(const std::string& path) {
  if (const Status regular = check_regular_file(path); !regular) return regular.error();
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return bad_input("a file that can be read", std::strerror(errno)).at(path);
  struct stat info {};
  Mapping mapping;
  if (::fstat(descriptor, &info) == 0 && info.st_size > 0) {
    const auto size = static_cast<std::size_t>(info.st_size);
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    // Each tensor is read once, from front to back.
    if (address != MAP_FAILED) (void)::madvise(address, size, MADV_SEQUENTIAL);
    if (address != MAP_FAILED) mapping.bytes_ = {static_cast<const std::byte*>(address), size};
  }
  const int code = errno;
  ::close(descriptor);
  if (info.st_size < static_cast<off_t>(kLengthBytes)) {
    return bad_input("a safetensors file, which begins with 8 bytes of length",
                     fmt::format("{} bytes", info.st_size))
        .at(path);
  }
  if (mapping.bytes_.empty()) return run_failed(path, "to map the file", std::strerror(code));
  return mapping;
}

struct Shard {
  std::string path;
  Mapping mapping;
  std::vector<HeaderEntry> entries;
  std::span<const std::byte> data;
};

Result<Shard> open_shard(const std::string& path) {
  auto mapping = Mapping::open(path);
  if (!mapping) return mapping.error();
  const auto bytes = mapping->bytes();
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  const std::uint64_t most = std::min<std::uint64_t>(bytes.size() - kLengthBytes, kMaxSafetensorsHeader);
  if (length > most) {
    return bad_input(fmt::format("a header of at most {} bytes", most), fmt::format("{}", length),
                     "header length")
        .at(path);
  }
  const auto header = bytes.subspan(kLengthBytes, length);
  const auto data = bytes.subspan(kLengthBytes + length);
  const std::string_view json(reinterpret_cast<const char*>(header.data()), header.size());
  auto entries = read_header(json, data.size());
  if (!entries) return entries.error().at(path);
  return Shard{path, std::move(*mapping), std::move(*entries), data};
}

// The index's weight_map: tensor name -> file name beside the index.
using WeightMap = std::map<std::string, std::string, std::less<>>;

Result<WeightMap> read_index(const std::string& path) {
  const auto text = read_text_file(path, kMaxIndex);
  if (!text) return text.error();
  const auto document = parse_json_object(text->text, path, {.most_bytes = kMaxIndex, .most_levels = 4});
  if (!document) return document.error();
  const JsonValue* value = document->find("weight_map");
  if (value == nullptr || value->object() == nullptr) {
    return bad_input("an object of tensor names and files", value == nullptr ? "nothing" : value->describe(),
                     "weight_map")
        .at(path);
  }
  WeightMap map;
  for (const JsonMember& member : *value->object()) {
    const std::string* file = member.value.text();
    // A shard lies beside its index: no path leads out of the folder.
    const bool plain = file != nullptr && !file->empty() && file->find('/') == std::string::npos &&
                       file->find('\0') == std::string::npos && *file != "." && *file != "..";
    if (!plain) {
      return bad_input("the name of a file in the folder", member.value.describe(),
                       fmt::format("weight_map: {}", pregate::quoted(member.key)))
          .at(path);
    }
    map.emplace(member.key, *file);
  }
  if (map.empty()) return bad_input("at least one tensor", "none", "weight_map").at(path);
  return map;
}

std::string list_some(const std::vector<std::string_view>& names) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", pregate::quoted(names[i]));
  return names.size() > kMost ? fmt::format("{} and {} more", text, names.size() - kMost) : text;
}

}  // namespace

std::string_view to_text(TensorType type) {
  switch (type) {
    case TensorType::f32:
      return "F32";
    case TensorType::f16:
      return "F16";
    case TensorType::bf16:
      return "BF16";
  }
  return "?";
}

std::size_t bytes_of(TensorType type) {
  return type == TensorType::f32 ? 4 : 2;
}

std::int64_t TensorView::elements() const {
  return static_cast<std::int64_t>(data.size() / bytes_of(type));
}

struct Checkpoint::State {
  struct Place {
    std::size_t shard = 0, entry = 0;
  };
  std::string folder;
  std::vector<Shard> shards;
  std::map<std::string, Place, std::less<>> places;

  Status add(const std::string& file);
  Status check_index(const WeightMap& map, const std::string& path) const;
};

Status Checkpoint::State::add(const std::string& file) {
  auto shard = open_shard((std::filesystem::path(folder) / file).string());
  if (!shard) return shard.error();
  for (std::size_t i = 0; i < shard->entries.size(); ++i) {
    const std::string& name = shard->entries[i].tensor.name;
    const auto [at, fresh] = places.emplace(name, Place{shards.size(), i});
    if (!fresh) {
      return bad_input("each tensor in one shard", fmt::format("it in {} too", shards[at->second.shard].path),
                       fmt::format("tensor {}", pregate::quoted(name)))
          .at(shard->path);
    }
  }
  shards.push_back(std::move(*shard));
  return {};
}

Status Checkpoint::State::check_index(const WeightMap& map, const std::string& path) const {
  for (const auto& [name, file] : map) {
    const auto at = places.find(name);
    const bool there =
        at != places.end() && std::filesystem::path(shards[at->second.shard].path).filename() == file;
    if (!there) {
      return bad_input(fmt::format("tensor {} in {}", pregate::quoted(name), file), "none", "weight_map")
          .at(path);
    }
  }
  std::vector<std::string_view> unknown;
  for (const auto& [name, place] : places) {
    if (map.find(name) == map.end()) unknown.push_back(name);
  }
  if (unknown.empty()) return {};
  return bad_input("every tensor of the shards", fmt::format("none of {}", list_some(unknown)), "weight_map")
      .at(path);
}

Checkpoint::Checkpoint(std::unique_ptr<State> state) : state_(std::move(state)) {}
Checkpoint::~Checkpoint() = default;
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;

Result<Checkpoint> Checkpoint::open(const std::string& folder) {
  namespace fs = std::filesystem;
  auto state = std::make_unique<State>();
  state->folder = folder;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    return bad_input("the folder of a checkpoint", fs::exists(folder, ignored) ? "a file" : "no such folder")
        .at(folder);
  }
  const fs::path index = fs::path(folder) / kIndexFile, single = fs::path(folder) / kSingleFile;
  if (!fs::exists(index, ignored)) {
    if (!fs::exists(single, ignored))
      return bad_input(fmt::format("{} or {}", kSingleFile, kIndexFile), "neither").at(folder);
    if (const Status added = state->add(kSingleFile); !added) return added.error();
    return Checkpoint(std::move(state));
  }
  const auto map = read_index(index.string());
  if (!map) return map.error();
  std::map<std::string, std::string> shards;  // sorted; the first tensor that wants it
  for (const auto& [name, file] : *map) shards.emplace(file, name);
  for (const auto& [file, name] : shards) {
    if (!fs::exists(fs::path(folder) / file, ignored)) {
      return bad_input(fmt::format("shard {}, which holds tensor {}", file, pregate::quoted(name)),
                       "no such file", "weight_map")
          .at(index.string());
    }
  }
  for (const auto& shard : shards) {
    if (const Status added = state->add(shard.first); !added) return added.error();
  }
  if (const Status agreed = state->check_index(*map, index.string()); !agreed) return agreed.error();
  return Checkpoint(std::move(state));
}

bool Checkpoint::contains(std::string_view name) const {
  return state_->places.find(name) != state_->places.end();
}

Result<TensorView> Checkpoint::find(std::string_view name, std::span<const std::int64_t> shape) const {
  const std::string place = fmt::format("tensor {}", pregate::quoted(name));
  const auto at = state_->places.find(name);
  if (at == state_->places.end()) {
    return bad_input(fmt::format("it with shape {}", describe_shape(shape)), "no such tensor", place)
        .at(state_->folder);
  }
  const Shard& shard = state_->shards[at->second.shard];
  const HeaderEntry& entry = shard.entries[at->second.entry];
  if (!entry.readable) return bad_input("F32, F16 or BF16", entry.type_name, place).at(shard.path);
  const TensorEntry& tensor = entry.tensor;
  if (!std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end())) {
    return bad_input(fmt::format("shape {}", describe_shape(shape)), describe_shape(tensor.shape), place)
        .at(shard.path);
  }
  return TensorView{.name = tensor.name,
                    .type = tensor.type,
                    .shape = tensor.shape,
                    .data = shard.data.subspan(tensor.begin, tensor.end - tensor.begin),
                    .file = shard.path};
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> names;
  for (const auto& place : state_->places) names.push_back(place.first);
  return names;
}

std::vector<Checkpoint::File> Checkpoint::files() const {
  std::vector<File> files;
  for (const Shard& shard : state_->shards) {
    const auto all = shard.mapping.bytes();
    files.push_back({.name = std::filesystem::path(shard.path).filename().string(),
                     .head = all.first(all.size() - shard.data.size()),
                     .data = shard.data});
  }
  return files;
}

void Checkpoint::release(const TensorView& tensor) const {
  if (tensor.data.empty()) return;
  // Whole pages only: a neighbour's numbers may be on the first and the last.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(tensor.data.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + tensor.data.size()) / page * page;
  // A failure costs memory and no result.
  if (first < last) (void)::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace pregate
