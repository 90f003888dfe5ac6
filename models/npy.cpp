// SPDX-License-Identifier: Apache-2.0
#include "models/npy.hpp"

#include <fmt/format.h>

#include <bit>
#include <string_view>

namespace pregate {
namespace {

// Magic, version 1.0, length of the text, and the text: a Python literal padded with blanks so that the data
// starts at a multiple of 64, ended by a line end.
std::string make_header(NpyWriter::Shape shape) {
  constexpr std::size_t kAlignment = 64, kBefore = 10;
  std::string text = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
                                 shape.rows, shape.columns);
  const std::size_t whole = (kBefore + text.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  text.resize(whole - kBefore - 1, ' ');
  text += '\n';
  std::string header = "\x93NUMPY";
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

Result<NpyWriter> NpyWriter::create(const std::string& path, Shape shape) {
  check(shape.rows >= 0 && shape.columns > 0, "a matrix has a size");
  auto file = NewFile::create(path);
  if (!file) return file.error();
  if (const Status written = file->write(make_header(shape)); !written) return written.error();
  return NpyWriter(std::move(*file), shape);
}

Status NpyWriter::write_rows(std::span<const float> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  check(count % shape_.columns == 0, "whole rows");
  check(count / shape_.columns <= shape_.rows - rows_, "no more rows than announced");
  rows_ += count / shape_.columns;
  return file_.write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

Status NpyWriter::finish() {
  check(rows_ == shape_.rows, "all announced rows are written");
  return file_.commit();
}

}  // namespace pregate
