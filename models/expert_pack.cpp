// SPDX-License-Identifier: Apache-2.0
// Reading a file of experts: nothing in it is believed that was not checked.
#include "models/expert_pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "models/disk_reader.hpp"
#include "models/expert_pack_file.hpp"
#include "models/json_input.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

std::uint64_t u64_at(std::string_view bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

// The header's members, each of which must be there.
class HeaderReader {
 public:
  explicit HeaderReader(const JsonValue& header) : header_(header) {}

  std::string text(std::string_view key) {
    const JsonValue* value = member(key);
    if (value == nullptr) return {};
    if (value->text() != nullptr && !value->text()->empty()) return *value->text();
    fail(key, "a text", *value);
    return {};
  }
  std::int64_t count(std::string_view key, std::int64_t least = 1) {
    const JsonValue* value = member(key);
    if (value == nullptr) return 0;
    if (value->integer() != nullptr && *value->integer() >= least) return *value->integer();
    fail(key, fmt::format("a whole number from {} to 2^63 - 1", least), *value);
    return 0;
  }
  Bytes blocks(std::string_view key) {
    const std::int64_t bytes = count(key);
    if (bytes % static_cast<std::int64_t>(kDiskBlock) != 0)
      fail(key, fmt::format("a multiple of {}", kDiskBlock), JsonValue(bytes));
    return Bytes(bytes);
  }
  std::vector<std::uint64_t> checksums(std::string_view key) {
    std::vector<std::uint64_t> numbers;
    const JsonValue* value = member(key);
    if (value == nullptr) return numbers;
    if (value->array() == nullptr) {
      fail(key, "an array", *value);
      return numbers;
    }
    for (const JsonValue& item : *value->array()) {
      const auto number = item.text() == nullptr ? std::nullopt : hexadecimal(*item.text());
      if (!number) fail(key, "16 hexadecimal digits each", item);
      if (!status_) break;
      numbers.push_back(*number);
    }
    return numbers;
  }
  // Nothing else may stand there: a later version says more, and would be half understood.
  void only(std::span<const std::string_view> keys) {
    for (const JsonMember& m : *header_.object()) {
      if (std::find(keys.begin(), keys.end(), m.key) == keys.end() && status_)
        status_ = bad_input("no other key", pregate::quoted(m.key));
    }
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  static std::optional<std::uint64_t> hexadecimal(const std::string& text) {
    std::uint64_t number = 0;
    if (text.size() != 16) return {};
    for (const char c : text) {
      const auto digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) return {};
      number = number << 4 | digit;
    }
    return number;
  }
  const JsonValue* member(std::string_view key) {
    const JsonValue* value = header_.find(key);
    if (value == nullptr && status_) status_ = bad_input("it", "nothing", std::string(key));
    return value;
  }
  void fail(std::string_view key, std::string expected, const JsonValue& found) {
    if (status_) status_ = bad_input(std::move(expected), found.describe(), std::string(key));
  }

  const JsonValue& header_;
  Status status_;
};

// That the numbers of a header fit each other and the file. Products in 128 bits: each factor alone is any.
Status check_sizes(const ExpertPack& pack, Bytes end, Bytes file_bytes) {
  const Int128 blocks = Int128{pack.banks} * pack.experts;
  if (blocks != Int128{static_cast<std::int64_t>(pack.checksums.size())}) {
    return bad_input(fmt::format("one for each of {} banks of {} experts", pack.banks, pack.experts),
                     fmt::format("{}", pack.checksums.size()), "checksums");
  }
  if (pack.stride < pack.expert_bytes) {
    return bad_input(fmt::format("at least the {} of expert_bytes", pack.expert_bytes.count()),
                     fmt::format("{}", pack.stride.count()), "stride");
  }
  if (pack.first != end) {
    return bad_input(fmt::format("{}, where the header ends", end.count()),
                     fmt::format("{}", pack.first.count()), "first");
  }
  const Int128 whole = Int128{pack.first.count()} + Int128{pack.stride.count()} * blocks;
  if (whole == file_bytes.count()) return {};
  const bool fits = whole <= INT64_MAX;
  return bad_input(fits ? fmt::format("a file of {} bytes, as its {} experts take",
                                      static_cast<std::int64_t>(whole), pack.checksums.size())
                        : std::string("a size that a file can have"),
                   fmt::format("{} bytes", file_bytes.count()), "stride");
}

Status differs(std::string_view what, std::string_view expected, std::string_view found,
               const std::string& again) {
  return bad_input(fmt::format("{} (`{}` makes such a file)", expected, again), std::string(found),
                   std::string(what));
}

// The command that packs what was wanted; `weights` is what is wanted or, if that is all the same, what is
// there.
std::string pack_command(const ModelSpec& spec, const ExpertLayout& layout, std::string_view weights) {
  const std::string random = weights.starts_with(kRandomWeights)
                                 ? fmt::format(" --random-weights {}", weights.substr(kRandomWeights.size()))
                                 : std::string();
  return fmt::format("pregate pack --model {}{} --precision {} --out FILE", spec.name, random,
                     to_text(layout.gate().shape().precision));
}

}  // namespace

Result<ExpertPack> parse_pack_header(std::string_view json, Bytes end, Bytes file_bytes) {
  const auto document = parse_json_object(json, {}, {.most_bytes = kMostPackHeader, .most_levels = 3});
  if (!document) return document.error();
  static constexpr std::array<std::string_view, 11> kKeys = {
      "model", "weights",      "layout", "banks", "experts",  "dense_layers",
      "group", "expert_bytes", "stride", "first", "checksums"};
  HeaderReader reader(*document);
  ExpertPack pack;
  pack.model = reader.text("model");
  pack.weights = reader.text("weights");
  pack.layout = reader.text("layout");
  pack.banks = reader.count("banks");
  pack.experts = reader.count("experts");
  pack.dense_layers = reader.count("dense_layers", 0);
  pack.group = reader.count("group");
  pack.expert_bytes = Bytes(reader.count("expert_bytes"));
  pack.stride = reader.blocks("stride");
  pack.first = reader.blocks("first");
  pack.checksums = reader.checksums("checksums");
  reader.only(kKeys);
  if (!reader.status()) return reader.status().error();
  if (const Status fits = check_sizes(pack, end, file_bytes); !fits) return fits.error();
  return pack;
}

Result<ExpertPack> read_expert_pack(const std::string& path) {
  const Result<PackInput> file = PackInput::open(path);
  if (!file) return file.error();
  const auto size = static_cast<std::uint64_t>(file->size().count());
  if (size < kPackStart + kPackHash)
    return bad_input("a file of experts", fmt::format("{} bytes", size)).at(path);
  std::string head(kPackStart, '\0');
  if (const Status read = file->read(0, head); !read) return read.error();
  const std::string_view magic = std::string_view(head).substr(0, kPackMagic.size());
  if (magic != kPackMagic) {
    return bad_input(fmt::format("a file of experts, which begins with {}", pregate::quoted(kPackMagic)),
                     pregate::quoted(magic))
        .at(path);
  }
  const std::uint64_t length = u64_at(std::string_view(head).substr(kPackMagic.size()));
  const std::uint64_t most = std::min<std::uint64_t>(size - kPackStart - kPackHash, kMostPackHeader);
  if (length > most) {
    return bad_input(fmt::format("a header of at most {} bytes", most), fmt::format("{}", length),
                     "header length")
        .at(path);
  }
  head.resize(kPackStart + length + kPackHash);
  if (const Status read = file->read(0, head); !read) return read.error();
  const std::string_view hashed = std::string_view(head).substr(0, kPackStart + length);
  const std::uint64_t found = pack_checksum(hashed),
                      said = u64_at(std::string_view(head).substr(hashed.size()));
  if (found != said) {
    return bad_input(fmt::format("one with the XXH3 {}", pack_checksum_text(said)), pack_checksum_text(found),
                     "header")
        .at(path);
  }
  auto pack = parse_pack_header(hashed.substr(kPackStart), Bytes(static_cast<std::int64_t>(head.size())),
                                file->size());
  if (!pack) return pack.error().at(path, "header");
  return pack;
}

Status check_expert_pack(const ExpertPack& pack, const ModelSpec& spec, const ExpertLayout& layout,
                         const std::string& weights) {
  const std::string again = pack_command(spec, layout, weights.empty() ? pack.weights : weights);
  const bool same_checkpoint = weights.starts_with(kCheckpointWeights) && weights == pack.weights;
  if (pack.model != spec.name && !same_checkpoint) return differs("model", spec.name, pack.model, again);
  if (pack.layout != layout.name()) return differs("layout", layout.name(), pack.layout, again);
  if (!weights.empty() && pack.weights != weights) return differs("weights", weights, pack.weights, again);
  if (pack.banks != spec.banks() || pack.experts != spec.experts) {
    return differs("banks", fmt::format("{} of {} experts", spec.banks(), spec.experts),
                   fmt::format("{} of {}", pack.banks, pack.experts), again);
  }
  // As many banks of the same shapes, and still other layers' experts.
  if (pack.dense_layers != spec.dense_layers) {
    return differs("dense_layers", fmt::format("experts from layer {} on", spec.dense_layers),
                   fmt::format("from layer {} on", pack.dense_layers), again);
  }
  if (pack.group != spec.group) {
    return differs("group", fmt::format("a bank for each {} layers", spec.group),
                   fmt::format("for each {}", pack.group), again);
  }
  if (pack.expert_bytes != layout.bytes()) {
    return differs("expert_bytes", fmt::format("{}", layout.bytes().count()),
                   fmt::format("{}", pack.expert_bytes.count()), again);
  }
  return {};
}

}  // namespace pregate
