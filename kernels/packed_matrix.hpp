// SPDX-License-Identifier: Apache-2.0
// A weight matrix as the matrix products read it: packed once into the blocked layout that oneDNN asks for
// (format_tag::any), in the precision of the forward pass. A layout says how large the packed form is, so
// that the caller owns the memory: a layer's own, or a block that is streamed from disk.
//
//   PackedLayout layout({.outputs = 1408, .inputs = 2048, .precision = Precision::bf16});
//   Buffer<std::byte> memory(layout.bytes());
//   Status packed = layout.pack(rows, memory.data());  // rows of f32, asked for block by block
//   PackedMatrix w{&layout, memory.data()};
//
// int8: each output channel is scaled by the largest magnitude of its row / 127, rounded to the nearest even.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "kernels/precision.hpp"

namespace pregate {

struct MatrixShape {
  std::int64_t outputs = 0;  // N, rows of the checkpoint's tensor
  std::int64_t inputs = 0;   // K, its columns
  Precision precision = Precision::f32;
};

// Fills `out` with `count` rows from row `first` on, `inputs` numbers each.
using RowReader = std::function<void(std::int64_t first, std::int64_t count, float* out)>;

class PackedLayout {
 public:
  explicit PackedLayout(const MatrixShape& shape);
  ~PackedLayout();
  PackedLayout(PackedLayout&&) noexcept;
  PackedLayout& operator=(PackedLayout&&) noexcept;

  [[nodiscard]] const MatrixShape& shape() const { return shape_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }  // a multiple of a cache line
  // The blocks of 64 outputs that the decode kernels read; false where oneDNN asked for another layout.
  [[nodiscard]] bool in_panels() const { return in_panels_; }
  // "panels", or oneDNN's own order of dimensions and blocks: two processors with equal words, shape and
  // oneDNN lay the same numbers out alike.
  [[nodiscard]] std::string format() const;

  // `out` has bytes(), aligned to a cache line. bad_input when a number that a scale is made of is not
  // finite; its place is the row. Runs in the calling thread.
  Status pack(const RowReader& rows, std::byte* out) const;

  // Offsets within the packed bytes: int8 scales (f32 [outputs]) and column sums (s32 [outputs]).
  [[nodiscard]] std::size_t scales_at() const { return scales_at_; }
  [[nodiscard]] std::size_t sums_at() const { return sums_at_; }

 private:
  friend class OneDnnWeights;
  Status pack_panels(const RowReader& rows, std::byte* out) const;
  Status pack_by_reorder(const RowReader& rows, std::byte* out) const;

  MatrixShape shape_;
  std::size_t bytes_ = 0, scales_at_ = 0, sums_at_ = 0;
  bool in_panels_ = false;
  struct Descriptor;
  std::unique_ptr<Descriptor> descriptor_;
};

// A view; layout and bytes outlive it.
struct PackedMatrix {
  const PackedLayout* layout = nullptr;
  const std::byte* data = nullptr;

  [[nodiscard]] std::int64_t outputs() const { return layout->shape().outputs; }
  [[nodiscard]] std::int64_t inputs() const { return layout->shape().inputs; }
  [[nodiscard]] Precision precision() const { return layout->shape().precision; }
  [[nodiscard]] const float* scales() const {
    return reinterpret_cast<const float*>(data + layout->scales_at());
  }
  [[nodiscard]] const std::int32_t* sums() const {
    return reinterpret_cast<const std::int32_t*>(data + layout->sums_at());
  }
};

// The panel form: outputs in blocks of kPanel, inputs in blocks of 16 times the depth; within a block, the
// inputs of one depth lie together for each output (oneDNN's BA16a64b, BA16a64b2a, BA16a64b4a). Padded with
// zeros.
inline constexpr std::int64_t kPanel = 64;
constexpr std::int64_t depth_of(Precision precision) {
  return precision == Precision::f32 ? 1 : precision == Precision::bf16 ? 2 : 4;
}
// Inputs that the packed form has: rows of activations are padded to the same number with zeros (matmul.hpp).
// oneDNN 2.6 multiplies rows whose stride is not their length by its slow reference.
constexpr std::int64_t padded_inputs(std::int64_t inputs) {
  return (inputs + 63) / 64 * 64;
}

}  // namespace pregate
