// SPDX-License-Identifier: Apache-2.0
// A small file of experts, and what its tests look at it with.
#pragma once

#include <functional>

#include "models/expert_pack.hpp"
#include "models/expert_pack_file.hpp"
#include "tests/models/decoding.hpp"

namespace pregate::fixtures {

inline constexpr const char* kNano = PREGATE_SOURCE_DIR "/models/megrez2-nano";

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spew(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string message(const Status& status) {
  return status.ok() ? "ok" : status.error().message();
}

template <typename T>
std::string message(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().message();
}

inline ModelSpec tiny_spec() {
  return parse_config({"config.json", small_megrez_config().dump()})->spec;
}

inline std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  return names;
}

// A packed file of the tiny spec with seed 1 in f32, in a folder of the test's own.
class ExpertPackTest : public testing::Test {
 protected:
  void pack_tiny(Precision precision = Precision::f32) {
    PackOptions options = f32();
    options.precision = precision;
    const Status packed = pack_random(spec_, 1, path_, options);
    ASSERT_TRUE(packed.ok()) << packed.error().message();
    pack_ = *read_expert_pack(path_);
  }
  static PackOptions f32() { return {.precision = Precision::f32, .progress = {}, .stop = {}}; }
  // The file with one header in place of its own, and a checksum that fits.
  void replace_header(const std::function<void(Json&)>& change) {
    const std::string bytes = slurp(path_);
    Json header = Json::parse(bytes.substr(kPackStart, first() - kPackStart - kPackHash));
    change(header);
    std::string text = header.dump();
    text.resize(first() - kPackStart - kPackHash, ' ');
    std::string head = bytes.substr(0, kPackStart) + text;
    const std::uint64_t hash = pack_checksum(head);
    head.append(reinterpret_cast<const char*>(&hash), sizeof hash);
    spew(path_, head + bytes.substr(first()));
  }
  std::size_t first() const { return static_cast<std::size_t>(pack_.first.count()); }
  std::string read_error() const { return message(read_expert_pack(path_)); }

  ModelSpec spec_ = tiny_spec();
  std::string folder_ = fresh_folder("pack"), path_ = folder_ + "/a.experts";
  ExpertPack pack_;
  Threads two_{2};
};

}  // namespace pregate::fixtures
