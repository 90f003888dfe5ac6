// SPDX-License-Identifier: Apache-2.0
// A checkpoint in the safetensors format: one `model.safetensors`, or the shards that
// `model.safetensors.index.json` names. A file is 8 bytes of little-endian header length, that many bytes of
// JSON, then the tensors' bytes (https://huggingface.co/docs/safetensors). Files are mapped, so that a tensor
// costs memory only while it is converted; every offset is checked against the file before anything is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"

namespace pregate {

enum class TensorType : std::uint8_t { f32, f16, bf16 };
std::string_view to_text(TensorType type);
std::size_t bytes_of(TensorType type);

// Row-major. The bytes belong to the checkpoint and may be unaligned.
struct TensorView {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
  std::string file;  // for errors

  [[nodiscard]] std::int64_t elements() const;
};

// `count` numbers from element `first` on, as f32. The range must lie inside the tensor.
void to_float(const TensorView& tensor, std::int64_t first, std::int64_t count, float* out);

// Not covered: a file that another program cuts short after open(). Reading what it lost ends the process
// with SIGBUS, as any mapping does; checkpoints are not written in place.
class Checkpoint {
 public:
  // Reads the headers of all shards and maps them. Errors: no such file, a missing shard, a header that lies
  // (length, offsets, overlaps, sizes, unknown type, a name twice), an index that disagrees with its shards.
  static Result<Checkpoint> open(const std::string& folder);
  ~Checkpoint();
  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;

  [[nodiscard]] bool contains(std::string_view name) const;
  // The tensor, if it is there, of a type that can be read, and has that shape. The error names the tensor,
  // the file and the shape.
  [[nodiscard]] Result<TensorView> find(std::string_view name, std::span<const std::int64_t> shape) const;
  [[nodiscard]] std::vector<std::string> names() const;  // sorted
  // What it is made of, by name: for telling checkpoints apart.
  struct File {
    std::string name;
    std::span<const std::byte> head, data;  // length and header; the tensors
  };
  [[nodiscard]] std::vector<File> files() const;
  // Gives the pages of a tensor back to the system (they are read again if it is used again).
  void release(const TensorView& tensor) const;

 private:
  struct State;
  explicit Checkpoint(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The entries of one header, checked against the size of the data that follows it; for the reader and its
// fuzz target.
struct TensorEntry {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // within the data
};
// Tensors of other types of the format (integers, F64, 8 bits) are checked as well and left out.
Result<std::vector<TensorEntry>> parse_safetensors_header(std::string_view json, std::uint64_t data_bytes);

// Writes one file, whole or not at all.
struct TensorToWrite {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;
  std::span<const float> values;  // converted to `type`, to the nearest even
};
Status write_safetensors(const std::string& path, std::span<const TensorToWrite> tensors);

}  // namespace pregate
