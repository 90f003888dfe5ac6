// SPDX-License-Identifier: Apache-2.0
// Loading must not need much more memory than what is loaded: a checkpoint of some 200 MB, with embedding and
// experts in the proportions of a real one, loaded by a process of its own.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "kernels/cpu.hpp"
#include "models/memory.hpp"
#include "tests/models/decoding.hpp"

namespace pregate {
namespace {

using namespace fixtures;

constexpr const char* kChild = "PREGATE_PEAK_MEMORY_CHILD";  // "PRECISION FOLDER"
constexpr std::int64_t kContext = 256;
// The process itself: its libraries' pages, oneDNN's kernels, buffers of single rows, and activations.
constexpr std::int64_t kProcess = std::int64_t{24} << 20;

// Embedding and head are a sixth of the parameters, routed experts two thirds.
Json config() {
  return small(megrez_config(), {{"hidden_size", 512},
                                 {"num_hidden_layers", 7},
                                 {"num_attention_heads", 8},
                                 {"intermediate_size", 2048},
                                 {"moe_intermediate_size", 384},
                                 {"n_routed_experts", 56},
                                 {"n_shared_experts", 2},
                                 {"vocab_size", 16384}});
}

// All tensors are stretches of the same numbers: what they are does not matter here.
std::string write_checkpoint() {
  const Json document = config();
  const SmallModel shapes = TensorDraw::shapes(document);
  std::vector<float> pool(16384 * 512);
  Random random(3);
  for (float& x : pool) x = static_cast<float>(random.unit() - 0.5) * 0.1F;
  std::vector<TensorToWrite> tensors;
  std::int64_t bytes = 0;
  for (const auto& [name, tensor] : shapes.tensors) {
    std::size_t count = 1;
    for (const std::int64_t extent : tensor.shape) count *= static_cast<std::size_t>(extent);
    tensors.push_back({name, TensorType::bf16, tensor.shape, std::span(pool).first(count)});
    bytes += static_cast<std::int64_t>(count) * 2;
  }
  const std::filesystem::path folder = fresh_folder("checkpoint");
  std::ofstream(folder / "config.json") << document.dump();
  const Status written = write_safetensors((folder / "model.safetensors").string(), tensors);
  EXPECT_TRUE(written.ok()) << written.error().message();
  EXPECT_GT(bytes, 180'000'000);
  return folder.string();
}

// The child's part: load, one prompt, and say what it took.
int measure(const std::string& order) {
  const auto space = order.find(' ');
  const auto precision = parse_precision(order.substr(0, space));
  const Bytes before = peak_memory();
  const Weights weights = loaded(load_folder(order.substr(space + 1), *precision));
  const Bytes after_load = peak_memory();
  Decoder decoder(weights);
  KvCache cache = decoder.make_cache(kContext);
  const Tokens prompt = random_tokens(64);
  const SequenceInput input{&cache, 0, prompt};
  std::vector<float> logits;
  if (!decoder.run(std::span(&input, 1), DecoderRows::last, logits).ok()) return 1;
  fmt::print("measured {} {} {} {} {}\n", before.count(), after_load.count(), peak_memory().count(),
             weights.packed_bytes().count(), cache.shape().bytes());
  return 0;
}

void check_peak(const std::string& precision, const std::string& folder) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command =
      fmt::format("{}='{} {}' '{}' --gtest_filter=PeakMemory.* 2>&1", kChild, precision, folder, program);
  std::FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string all;
  char line[512];
  long long before = 0, load = 0, peak = 0, packed = 0, cache = 0;
  bool found = false;
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    all += line;
    found = found || std::sscanf(line, "measured %lld %lld %lld %lld %lld", &before, &load, &peak, &packed,
                                 &cache) == 5;
  }
  ::pclose(pipe);
  ASSERT_TRUE(found) << all;
  const double most = 1.15 * static_cast<double>(packed) + static_cast<double>(cache + kProcess);
  const auto mb = [](auto bytes) { return static_cast<double>(bytes) / 1e6; };
  fmt::print(
      "{}: packed {:.0f} MB, KV cache {:.1f} MB; peak {:.0f} MB before, {:.0f} MB after loading, {:.0f} MB "
      "after "
      "a prompt; allowed {:.0f} MB\n",
      precision, mb(packed), mb(cache), mb(before), mb(load), mb(peak), mb(most));
  EXPECT_LT(static_cast<double>(peak), most);
  // Below what the checkpoint and the packed weights would be together.
  EXPECT_LT(load, packed + 100'000'000);
}

TEST(PeakMemory, OfLoading_StaysNearWhatIsLoaded) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer's own memory would be measured";
#endif
  if (const char* order = std::getenv(kChild)) {
    ASSERT_EQ(measure(order), 0);
    return;
  }
  const std::string folder = write_checkpoint();
  for (const char* precision : {"bf16", "int8"}) {
    if (supports(*parse_precision(precision))) check_peak(precision, folder);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace pregate
