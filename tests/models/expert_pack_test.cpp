// SPDX-License-Identifier: Apache-2.0
// A file of experts: each block is what Weights hold of that expert, and it appears whole or not at all.
#include "models/expert_pack.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>

#include "models/disk_reader.hpp"
#include "tests/models/expert_packs.hpp"

namespace pregate {
namespace {

using namespace fixtures;
using testing::AllOf;
using testing::HasSubstr;

void expect_blocks_of(const Weights& weights, const std::string& path) {
  const Result<ExpertPack> pack = read_expert_pack(path);
  ASSERT_TRUE(pack.ok()) << pack.error().message();
  const std::string bytes = slurp(path);
  ASSERT_EQ(pack->expert_bytes, weights.expert_bytes());
  ASSERT_EQ(pack->banks, weights.spec().banks());
  ASSERT_EQ(pack->experts, weights.spec().experts);
  const auto used = static_cast<std::size_t>(pack->expert_bytes.count());
  const auto stride = static_cast<std::size_t>(pack->stride.count());
  for (std::int64_t bank = 0; bank < pack->banks; ++bank) {
    for (std::int64_t expert = 0; expert < pack->experts; ++expert) {
      const auto at = static_cast<std::size_t>(pack->offset(bank, expert).count());
      ASSERT_EQ(at % kDiskBlock, 0U);
      ASSERT_LE(at + stride, bytes.size());
      const std::byte* held = weights.expert(bank, expert).gate.data;
      ASSERT_EQ(std::memcmp(bytes.data() + at, held, used), 0) << bank << ", " << expert;
      ASSERT_EQ(block_checksum({held, used}), pack->checksums[pack->index(bank, expert)]);
      ASSERT_EQ(bytes.substr(at + used, stride - used), std::string(stride - used, '\0'));
    }
  }
  EXPECT_EQ(message(verify_expert_pack(path, *pack)), "ok");
}

TEST_F(ExpertPackTest, OfACheckpoint_HoldsWhatWeightsHold) {
  const Result<ModelConfig> config = load_config(kNano);
  ASSERT_TRUE(config.ok());
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    if (!supports(precision)) continue;  // of this processor
    PackOptions options = f32();
    options.precision = precision;
    ASSERT_EQ(message(pack_checkpoint(*config, kNano, path_, options)), "ok");
    expect_blocks_of(loaded(load_folder(kNano, precision)), path_);
    const ExpertPack pack = *read_expert_pack(path_);
    EXPECT_EQ(message(check_expert_pack(pack, config->spec, {config->spec, precision},
                                        *checkpoint_identity(kNano))),
              "ok");
  }
  EXPECT_THAT(files_in(folder_), testing::ElementsAre("a.experts"));
}

TEST_F(ExpertPackTest, OfRandomWeights_HoldsWhatWeightsHold) {
  for (const ModelSpec& spec : {spec_, parse_config({"config.json", odd_config().dump()})->spec}) {
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      if (!supports(precision)) continue;  // of this processor
      PackOptions options = f32();
      options.precision = precision;
      ASSERT_EQ(message(pack_random(spec, 9, path_, options)), "ok");
      expect_blocks_of(loaded(Weights::random(spec, 9, {.precision = precision, .progress = {}})), path_);
      EXPECT_EQ(read_expert_pack(path_)->weights, "random, seed 9");
    }
  }
}

TEST_F(ExpertPackTest, OneThreadOrFour_WriteTheSameFile_AndTellTheBytes) {
  std::vector<std::string> files;
  for (const int count : {1, 4}) {
    const Threads scope(count);
    std::vector<Bytes> told;
    Bytes whole;
    PackOptions options = f32();
    options.progress = [&](Bytes done, Bytes total) {
      told.push_back(done);
      whole = total;
    };
    ASSERT_EQ(message(pack_random(spec_, 1, path_, options)), "ok");
    ASSERT_EQ(told.size(), 16U);
    EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
    EXPECT_EQ(told.back(), whole);
    files.push_back(slurp(path_));
  }
  EXPECT_EQ(files[0], files[1]);
}

TEST_F(ExpertPackTest, OfAnotherModelLayoutOrWeights_SaysHowToPackAgain) {
  pack_tiny();
  const ExpertLayout layout(spec_, Precision::f32);
  EXPECT_EQ(message(check_expert_pack(pack_, spec_, layout, "")), "ok");
  EXPECT_EQ(message(check_expert_pack(pack_, spec_, layout, random_identity(1))), "ok");
  const std::string again =
      "`pregate pack --model " + spec_.name + " --random-weights 1 --precision f32 --out FILE`";

  EXPECT_THAT(message(check_expert_pack(pack_, spec_, layout, random_identity(2))),
              AllOf(HasSubstr("weights: expected random, seed 2"), HasSubstr("--random-weights 2"),
                    HasSubstr("found random, seed 1")));
  EXPECT_THAT(message(check_expert_pack(pack_, spec_, layout, *checkpoint_identity(kNano))),
              AllOf(HasSubstr("weights: expected checkpoint, XXH3 "),
                    HasSubstr("pack --model " + spec_.name + " --precision f32")));

  ExpertPack other = pack_;
  other.model = "olmoe";
  EXPECT_THAT(message(check_expert_pack(other, spec_, layout, "")),
              AllOf(HasSubstr("model: expected " + spec_.name), HasSubstr("found olmoe"), HasSubstr(again)));
  other = pack_;
  other.layout = "int8 somehow";
  EXPECT_THAT(message(check_expert_pack(other, spec_, layout, "")),
              AllOf(HasSubstr("layout: expected " + layout.name()), HasSubstr("found int8 somehow")));
  other = pack_;
  ++other.banks;
  EXPECT_THAT(message(check_expert_pack(other, spec_, layout, "")),
              HasSubstr("banks: expected 2 of 8 experts"));
  other = pack_;
  other.expert_bytes += Bytes(64);
  EXPECT_THAT(message(check_expert_pack(other, spec_, layout, "")), HasSubstr("expert_bytes: expected"));
  if (!supports(Precision::int8)) return;  // of this processor
  EXPECT_THAT(message(check_expert_pack(pack_, spec_, {spec_, Precision::int8}, "")),
              AllOf(HasSubstr("layout: expected int8 "), HasSubstr("--precision int8")));
}

TEST_F(ExpertPackTest, OfAsManyBanksOfOtherLayers_IsRefused) {
  pack_tiny();
  const ExpertLayout layout(spec_, Precision::f32);
  EXPECT_EQ(pack_.dense_layers, spec_.dense_layers);
  EXPECT_EQ(pack_.group, spec_.group);
  const auto refusal = [&](std::int64_t dense_layers, std::int64_t group, std::int64_t layers) {
    ModelSpec other = spec_;
    other.dense_layers = dense_layers;
    other.group = group;
    other.layers = layers;
    EXPECT_EQ(other.banks(), spec_.banks());
    return message(check_expert_pack(pack_, other, layout, random_identity(1)));
  };
  EXPECT_EQ(refusal(spec_.dense_layers, spec_.group, spec_.layers), "ok");
  EXPECT_THAT(refusal(spec_.dense_layers + 1, spec_.group, spec_.layers + 1),
              AllOf(HasSubstr("dense_layers: expected experts from layer 2 on (`pregate pack "),
                    HasSubstr("found from layer 1 on")));
  EXPECT_THAT(refusal(spec_.dense_layers, 2 * spec_.group, spec_.dense_layers + 4 * spec_.group),
              AllOf(HasSubstr(fmt::format("group: expected a bank for each {} layers", 2 * spec_.group)),
                    HasSubstr(fmt::format("found for each {}", spec_.group))));
}

TEST_F(ExpertPackTest, ACheckpointsIdentity_IsOfItsContentAndNotOfItsName) {
  const SmallModel model = random_model(small_megrez_config());
  const std::string a = write_model(model, "a"), b = write_model(model, "b");
  const std::string identity = *checkpoint_identity(a);
  EXPECT_THAT(identity, testing::MatchesRegex("checkpoint, XXH3 [0-9a-f]{16}"));
  EXPECT_EQ(*checkpoint_identity(b), identity);
  // Renamed, it is the same checkpoint all the same.
  ModelConfig config = *load_config(a);
  ASSERT_EQ(message(pack_checkpoint(config, a, path_, f32())), "ok");
  config = *load_config(b);
  const ExpertPack pack = *read_expert_pack(path_);
  ASSERT_NE(pack.model, config.spec.name);
  EXPECT_EQ(message(check_expert_pack(pack, config.spec, {config.spec, Precision::f32}, identity)), "ok");

  EXPECT_NE(*checkpoint_identity(write_model(random_model(small_megrez_config(), 2), "seed")), identity);
  EXPECT_NE(*checkpoint_identity(write_model(model, "type", {.type = TensorType::bf16})), identity);
  EXPECT_NE(*checkpoint_identity(write_model(model, "shards", {.shards = Shards::two})), identity);
  std::ofstream(b + "/config.json", std::ios::app) << " ";
  EXPECT_NE(*checkpoint_identity(b), identity);
  EXPECT_FALSE(checkpoint_identity(folder_).ok());
}

TEST_F(ExpertPackTest, AStop_LeavesTheOldFileAndNothingElse) {
  spew(path_, "before");
  std::atomic<int> asked = 0;
  PackOptions options = f32();
  options.stop = [&] { return ++asked > 5; };
  const Status packed = pack_random(spec_, 1, path_, options);
  EXPECT_THAT(message(packed), HasSubstr("expected to pack 16 experts, found an interruption after 5"));
  EXPECT_EQ(packed.error().kind, Error::Kind::run_failed);
  EXPECT_THAT(files_in(folder_), testing::ElementsAre("a.experts"));
  EXPECT_EQ(slurp(path_), "before");
}

TEST_F(ExpertPackTest, ATensorThatIsMissingOrNotFinite_IsNamed_AndNothingIsLeft) {
  const std::string name = "model.layers.1.mlp.experts.3.up_proj.weight";
  SmallModel model = random_model(small_megrez_config());
  const auto pack_error = [&](const std::string& folder, Precision precision) {
    PackOptions options = f32();
    options.precision = precision;
    return message(pack_checkpoint(*load_config(folder), folder, path_, options));
  };
  if (supports(Precision::int8)) {
    model.tensors[name].values[64 * 7 + 3] = NAN;
    EXPECT_THAT(pack_error(write_model(model, "nan"), Precision::int8),
                AllOf(HasSubstr("model.safetensors: tensor \"" + name + "\": row 7"), HasSubstr("finite")));
  }
  model.tensors.erase(name);
  EXPECT_THAT(pack_error(write_model(model, "missing"), Precision::f32), HasSubstr(name));
  EXPECT_THAT(files_in(folder_), testing::IsEmpty());
}

TEST_F(ExpertPackTest, ModelsThatCannotBePacked_AreRefused) {
  ModelSpec latent = spec_;
  latent.latent.emplace();
  EXPECT_THAT(message(pack_random(latent, 1, path_, f32())), HasSubstr("latent attention"));
  ModelSpec dense = spec_;
  dense.dense_layers = dense.layers;
  EXPECT_THAT(message(pack_random(dense, 1, path_, f32())), HasSubstr("a model with routed experts"));
  EXPECT_THAT(message(pack_random(spec_, 1, folder_ + "/none/a.experts", f32())),
              HasSubstr("none/a.experts"));
  EXPECT_THAT(message(pack_random(spec_, 1, folder_, f32())), HasSubstr("a directory"));
  EXPECT_THAT(files_in(folder_), testing::IsEmpty());
}

// A limit of the process, restored at its end, stands for a disk that is too small.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(ExpertPackTest, ADiskThatIsTooSmall_IsFoundBeforeAnythingIsPacked) {
  int packed = 0;
  PackOptions options = f32();
  options.progress = [&](Bytes, Bytes) { ++packed; };
  {
    const FileSizeLimit limit(64 * 1024);
    const Status status = pack_random(spec_, 1, path_, options);
    EXPECT_THAT(message(status), AllOf(HasSubstr("a.experts: expected room on disk for "),
                                       HasSubstr(" bytes, found File too large")));
  }
  EXPECT_EQ(packed, 0);
  EXPECT_THAT(files_in(folder_), testing::IsEmpty());
}

// Whether this process now has mounts of its own, as itself or as the root of a namespace.
bool own_mounts() {
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  if (::unshare(CLONE_NEWNS) == 0) return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  spew("/proc/self/setgroups", "deny");
  spew("/proc/self/uid_map", fmt::format("0 {} 1", user));
  spew("/proc/self/gid_map", fmt::format("0 {} 1", group));
  return true;
}

// In a process with mounts of its own: what packing onto a disk of 64 KiB says, and what it leaves there.
// Nothing where the system does not let us mount.
std::optional<std::string> packed_onto_a_small_disk(const ModelSpec& spec, const std::string& folder) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    if (!own_mounts() || ::mount("none", folder.c_str(), "tmpfs", 0, "size=64k") != 0) ::_exit(1);
    const Status packed = pack_random(spec, 1, folder + "/a.experts",
                                      {.precision = Precision::f32, .progress = {}, .stop = {}});
    const std::string said = fmt::format("{}; {} files", message(packed), files_in(folder).size());
    ::_exit(::write(ends[1], said.data(), said.size()) > 0 ? 0 : 1);
  }
  ::close(ends[1]);
  char text[1000];
  const ssize_t length = ::read(ends[0], text, sizeof text);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (length <= 0) return {};
  return std::string(text, static_cast<std::size_t>(length));
}

TEST_F(ExpertPackTest, AFullDisk_IsOneError_AndNothingIsLeft) {
  const std::optional<std::string> said = packed_onto_a_small_disk(spec_, folder_);
  if (!said) GTEST_SKIP() << "no file system may be mounted here";
  EXPECT_THAT(*said, AllOf(HasSubstr("a.experts: expected room on disk for "),
                           HasSubstr(" bytes, found No space left on device; 0 files")));
}

}  // namespace
}  // namespace pregate
