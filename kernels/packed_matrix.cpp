// SPDX-License-Identifier: Apache-2.0
#include "kernels/packed_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/buffer.hpp"
#include "kernels/convert.hpp"
#include "kernels/onednn.hpp"

namespace pregate {
namespace {

using dnnl::memory;

// The rows that the layout is asked for: what oneDNN chooses does not depend on it from one row to thousands
// (a test).
constexpr std::int64_t kTypicalRows = 64;

memory::desc wanted_layout(const MatrixShape& shape) {
  return guarded([&] {
    const auto type = data_type_of(shape.precision);
    const auto result = shape.precision == Precision::int8 ? memory::data_type::s32 : memory::data_type::f32;
    const std::int64_t inputs = padded_inputs(shape.inputs);
    const dnnl::matmul::desc product({{kTypicalRows, inputs}, type, memory::format_tag::ab},
                                     {{inputs, shape.outputs}, type, memory::format_tag::any},
                                     {{kTypicalRows, shape.outputs}, result, memory::format_tag::ab});
    return dnnl::matmul::primitive_desc(product, onednn_engine()).weights_desc();
  });
}

memory::desc panel_layout(const MatrixShape& shape) {
  using Tag = memory::format_tag;
  const Tag tag = shape.precision == Precision::f32    ? Tag::BA16a64b
                  : shape.precision == Precision::bf16 ? Tag::BA16a64b2a
                                                       : Tag::BA16a64b4a;
  return {{padded_inputs(shape.inputs), shape.outputs}, data_type_of(shape.precision), tag};
}

std::size_t in_lines(std::size_t bytes) {
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

// Rows in the precision of the product, each `units` words of 4 bytes: one f32, two bf16 or four s8.
class RowConverter {
 public:
  RowConverter(const MatrixShape& shape, std::int64_t units)
      : shape_(shape), units_(units), words_(static_cast<std::size_t>(units)) {}

  // Status: a row whose scale would not be finite.
  Status convert(std::int64_t row, const float* in, float* scale, std::int32_t* sum) {
    std::uint32_t* words = words_.data();
    std::fill_n(words, units_, 0U);
    if (shape_.precision == Precision::f32) {
      std::memcpy(words, in, static_cast<std::size_t>(shape_.inputs) * sizeof(float));
    } else if (shape_.precision == Precision::bf16) {
      row_to_bf16(in, shape_.inputs, reinterpret_cast<std::uint16_t*>(words));
    } else {
      auto* out = reinterpret_cast<std::int8_t*>(words);
      *scale = row_to_int8(in, shape_.inputs, out);
      if (!std::isfinite(*scale)) {
        return bad_input("finite numbers, of which a scale is made", fmt::format("{}", *scale),
                         fmt::format("row {}", row));
      }
      *sum = 0;
      for (std::int64_t k = 0; k < shape_.inputs; ++k) *sum += out[k];
    }
    return {};
  }
  [[nodiscard]] const std::uint32_t* words() const { return words_.data(); }

 private:
  const MatrixShape& shape_;
  std::int64_t units_;
  Buffer<std::uint32_t> words_;
};

}  // namespace

PackedLayout::PackedLayout(const MatrixShape& shape)
    : shape_(shape), descriptor_(std::make_unique<Descriptor>(Descriptor{wanted_layout(shape)})) {
  in_panels_ = descriptor_->weights == panel_layout(shape);
  scales_at_ = in_lines(descriptor_->weights.get_size());
  const std::size_t extra = shape.precision == Precision::int8
                                ? in_lines(static_cast<std::size_t>(shape.outputs) * sizeof(float))
                                : 0;
  sums_at_ = scales_at_ + extra;
  bytes_ = sums_at_ + extra;
}

PackedLayout::~PackedLayout() = default;
PackedLayout::PackedLayout(PackedLayout&&) noexcept = default;
PackedLayout& PackedLayout::operator=(PackedLayout&&) noexcept = default;

std::string PackedLayout::format() const {
  if (in_panels_) return "panels";
  const dnnl_memory_desc_t& d = descriptor_->weights.data;
  if (d.format_kind != dnnl_blocked) return fmt::format("opaque kind {}", static_cast<int>(d.format_kind));
  const auto& blocking = d.format_desc.blocking;
  const bool inputs_outside = blocking.strides[0] >= blocking.strides[1];
  std::string text = inputs_outside ? "order ab" : "order ba";
  for (int i = 0; i < blocking.inner_nblks; ++i)
    text += fmt::format("{}{}", blocking.inner_blks[i], blocking.inner_idxs[i] == 0 ? 'a' : 'b');
  if (d.extra.flags != 0) text += fmt::format(" with extra {:#x}", d.extra.flags);
  return text;
}

Status PackedLayout::pack(const RowReader& rows, std::byte* out) const {
  return in_panels_ ? pack_panels(rows, out) : pack_by_reorder(rows, out);
}

Status PackedLayout::pack_panels(const RowReader& rows, std::byte* out) const {
  const std::int64_t lines = padded_inputs(shape_.inputs) / depth_of(shape_.precision);
  Buffer<float> block(static_cast<std::size_t>(kPanel * shape_.inputs));
  RowConverter row(shape_, lines);
  auto* scales = reinterpret_cast<float*>(out + scales_at_);
  auto* sums = reinterpret_cast<std::int32_t*>(out + sums_at_);
  for (std::int64_t first = 0; first < shape_.outputs; first += kPanel) {
    const std::int64_t count = std::min(kPanel, shape_.outputs - first);
    auto* panel = reinterpret_cast<std::uint32_t*>(out) + first * lines;
    if (count < kPanel) std::fill_n(panel, kPanel * lines, 0U);
    rows(first, count, block.data());
    for (std::int64_t n = 0; n < count; ++n) {
      const bool scaled = shape_.precision == Precision::int8;
      const Status done =
          row.convert(first + n, block.data() + n * shape_.inputs, scaled ? scales + first + n : nullptr,
                      scaled ? sums + first + n : nullptr);
      if (!done) return done;
      for (std::int64_t line = 0; line < lines; ++line) panel[line * kPanel + n] = row.words()[line];
    }
  }
  return {};
}

// Another processor, another layout: oneDNN knows it.
Status PackedLayout::pack_by_reorder(const RowReader& rows, std::byte* out) const {
  const std::int64_t size = bytes_of(shape_.precision);
  const std::int64_t inputs = padded_inputs(shape_.inputs), units = inputs * size / 4;
  Buffer<float> block(static_cast<std::size_t>(shape_.inputs));
  Buffer<std::byte> plain(static_cast<std::size_t>(shape_.outputs * inputs * size));
  RowConverter row(shape_, units);
  auto* scales = reinterpret_cast<float*>(out + scales_at_);
  auto* sums = reinterpret_cast<std::int32_t*>(out + sums_at_);
  for (std::int64_t n = 0; n < shape_.outputs; ++n) {
    const bool scaled = shape_.precision == Precision::int8;
    rows(n, 1, block.data());
    const Status done =
        row.convert(n, block.data(), scaled ? scales + n : nullptr, scaled ? sums + n : nullptr);
    if (!done) return done;
    std::memcpy(plain.data() + n * inputs * size, row.words(), static_cast<std::size_t>(inputs * size));
  }
  guarded([&] {
    memory from({{inputs, shape_.outputs}, data_type_of(shape_.precision), memory::format_tag::ba},
                onednn_engine(), plain.data());
    memory to(descriptor_->weights, onednn_engine(), out);
    dnnl::reorder(from, to).execute(onednn_stream(), from, to);
    onednn_stream().wait();
  });
  return {};
}

std::string_view to_text(Precision precision) {
  return precision == Precision::f32 ? "f32" : precision == Precision::bf16 ? "bf16" : "int8";
}

Result<Precision> parse_precision(std::string_view word) {
  for (const Precision p : {Precision::f32, Precision::bf16, Precision::int8}) {
    if (word == to_text(p)) return p;
  }
  return bad_input("f32, bf16 or int8", fmt::format("\"{}\"", word));
}

std::int64_t bytes_of(Precision precision) {
  return precision == Precision::f32 ? 4 : precision == Precision::bf16 ? 2 : 1;
}

}  // namespace pregate
