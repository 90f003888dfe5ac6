// SPDX-License-Identifier: Apache-2.0
// Writes a matrix as NumPy reads it: .npy format 1.0, little-endian f32, C order, shape [rows, columns]
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). Rows come in blocks, so that the
// logits of a long text never stand in memory together; the file appears whole or not at all. Leaves out
// reading.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "traces/new_file.hpp"

namespace pregate {

class NpyWriter {
 public:
  struct Shape {
    std::int64_t rows = 0, columns = 0;
  };

  static Result<NpyWriter> create(const std::string& path, Shape shape);

  // Whole rows, in order; no more than announced.
  Status write_rows(std::span<const float> values);
  // All announced rows must have come.
  Status finish();

 private:
  NpyWriter(NewFile file, Shape shape) : file_(std::move(file)), shape_(shape) {}

  NewFile file_;
  Shape shape_;
  std::int64_t rows_ = 0;  // written
};

}  // namespace pregate
