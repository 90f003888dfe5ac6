// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "models/safetensors_files.hpp"
#include "traces/input_text.hpp"
#include "traces/new_file.hpp"

namespace pregate {
namespace {

constexpr std::size_t kAlignment = 8;

Status check_tensor(const TensorToWrite& tensor, std::set<std::string_view>& names) {
  const std::string place = fmt::format("tensor {}", pregate::quoted(tensor.name));
  if (find_non_utf8(tensor.name) || tensor.name == "__metadata__")
    return bad_input("another name", "this", place);
  if (!names.insert(tensor.name).second) return bad_input("each name once", "it twice", place);
  std::size_t elements = 1;
  for (const std::int64_t extent : tensor.shape) {
    std::size_t product = 0;
    if (extent < 0 || __builtin_mul_overflow(elements, static_cast<std::size_t>(extent), &product))
      return bad_input("a shape that fits 64 bits", describe_shape(tensor.shape), place);
    elements = product;
  }
  if (elements == tensor.values.size()) return {};
  return bad_input(fmt::format("{} numbers, as {} holds", elements, describe_shape(tensor.shape)),
                   fmt::format("{}", tensor.values.size()), place);
}

// Tensors in the order they are given, padded with blanks so that the data is aligned.
std::string make_header(std::span<const TensorToWrite> tensors) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::size_t at = 0;
  for (const TensorToWrite& tensor : tensors) {
    const std::size_t end = at + tensor.values.size() * bytes_of(tensor.type);
    // push_back and not operator[]: names are known to differ, and a search for each would be quadratic.
    header.get_ref<nlohmann::ordered_json::object_t&>().push_back(
        {tensor.name,
         {{"dtype", to_text(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}}});
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

Status write_values(const TensorToWrite& tensor, NewFile& file) {
  constexpr std::size_t kBlock = 64 * 1024;
  std::vector<std::uint16_t> halves;
  for (std::size_t at = 0; at < tensor.values.size(); at += kBlock) {
    const auto part = tensor.values.subspan(at, std::min(kBlock, tensor.values.size() - at));
    std::string_view bytes(reinterpret_cast<const char*>(part.data()), part.size_bytes());
    if (tensor.type != TensorType::f32) {
      halves.resize(part.size());
      std::transform(part.begin(), part.end(), halves.begin(),
                     tensor.type == TensorType::f16 ? to_f16 : to_bf16);
      bytes = {reinterpret_cast<const char*>(halves.data()), halves.size() * sizeof(std::uint16_t)};
    }
    if (const Status written = file.write(bytes); !written) return written;
  }
  return {};
}

}  // namespace

Status write_safetensors(const std::string& path, std::span<const TensorToWrite> tensors) {
  std::set<std::string_view> names;
  for (const TensorToWrite& tensor : tensors) {
    if (const Status fits = check_tensor(tensor, names); !fits) return fits.error().at(path);
  }
  const std::string header = make_header(tensors);
  if (header.size() > kMaxSafetensorsHeader) {
    return bad_input(fmt::format("a header of at most {} bytes", kMaxSafetensorsHeader),
                     fmt::format("{} bytes", header.size()))
        .at(path);
  }
  auto file = NewFile::create(path);
  if (!file) return file.error();
  const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{header.size()});
  if (const Status written = file->write({length.data(), length.size()}); !written) return written;
  if (const Status written = file->write(header); !written) return written;
  for (const TensorToWrite& tensor : tensors) {
    if (const Status written = write_values(tensor, *file); !written) return written;
  }
  return file->commit();
}

}  // namespace pregate
