// SPDX-License-Identifier: Apache-2.0
// Documents for tests: the shipped files read from the source tree, and a small device and model that are
// valid, so that a test changes the one line it is about.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "traces/scenario.hpp"

namespace pregate::test {

inline std::string read_source_file(const std::string& path) {
  std::ifstream in(std::string(PREGATE_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline const std::string small_device = R"(id: "small"
flash {
  read_bandwidth: "2GB/s"
}
dram {
  capacity: "8GB"
  peak_bandwidth: "40GB/s"
}
npu {
  int8_rate: "1TMAC/s"
}
)";

inline const std::string small_model = R"(name: "tiny"
hidden_size: 64
num_hidden_layers: 5
num_attention_heads: 4
num_key_value_heads: 2
intermediate_size: 128
moe_intermediate_size: 32
n_routed_experts: 8
num_experts_per_tok: 2
n_shared_experts: 1
first_k_dense_replace: 1
experts_shared_frequency: 3
vocab_size: 100
)";

// `text` with one line replaced: the one that holds `key`.
inline std::string with_line(const std::string& text, const std::string& key, const std::string& line) {
  std::istringstream in(text);
  std::string out, current;
  while (std::getline(in, current)) out += (current.find(key) == std::string::npos ? current : line) + "\n";
  return out;
}

// Finds the shipped files in the source tree, and texts that the test adds.
class TestCatalogue final : public Catalogue {
 public:
  std::map<std::string, std::string, std::less<>> devices{{"small", small_device}};
  std::map<std::string, std::string, std::less<>> models{{"tiny", small_model}};

  [[nodiscard]] Result<NamedText> device(std::string_view name) const override {
    return find(devices, name, fmt::format("experiments/devices/{}.device.textproto", name));
  }
  [[nodiscard]] Result<NamedText> model(std::string_view name) const override {
    return find(models, name, fmt::format("models/presets/{}.model.textproto", name));
  }

 private:
  static Result<NamedText> find(const std::map<std::string, std::string, std::less<>>& own,
                                std::string_view name, const std::string& path) {
    if (const auto it = own.find(name); it != own.end())
      return NamedText{it->first + ".textproto", it->second};
    if (!std::filesystem::exists(std::string(PREGATE_SOURCE_DIR) + "/" + path)) {
      return bad_input("a shipped name", fmt::format("\"{}\"", name));
    }
    return NamedText{path, read_source_file(path)};
  }
};

// A catalogue that has nothing: whatever still resolves needed nothing.
class EmptyCatalogue final : public Catalogue {
 public:
  [[nodiscard]] Result<NamedText> device(std::string_view) const override {
    return bad_input("a device", "none");
  }
  [[nodiscard]] Result<NamedText> model(std::string_view) const override {
    return bad_input("a model", "none");
  }
};

}  // namespace pregate::test
