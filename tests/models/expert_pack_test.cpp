// SPDX-License-Identifier: Apache-2.0
// A file of experts: each block is what Weights hold of that expert, and whatever is wrong with a file is
// found before anything is computed from it.
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
#include "models/expert_pack_file.hpp"
#include "tests/models/decoding.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;
using namespace fixtures;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kNano = PREGATE_SOURCE_DIR "/models/megrez2-nano";

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void spew(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string message(const Status& status) {
  return status.ok() ? "ok" : status.error().message();
}

template <typename T>
std::string message(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().message();
}

ModelSpec tiny_spec() {
  return parse_config({"config.json", small_megrez_config().dump()})->spec;
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
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

TEST_F(ExpertPackTest, FilesThatAreNone_AreRefused) {
  EXPECT_THAT(read_error(), HasSubstr("a.experts"));
  EXPECT_THAT(message(read_expert_pack(folder_)), HasSubstr("regular file"));
  spew(path_, "");
  EXPECT_THAT(read_error(), HasSubstr("expected a file of experts, found 0 bytes"));
  spew(path_, std::string(5000, 'x'));
  EXPECT_THAT(read_error(), AllOf(HasSubstr("\"PGEXPRT1\""), HasSubstr("xxxxxxxx")));
  spew(path_, "PGEXPRT1" + std::string(8, '\xff') + std::string(5000, ' '));
  EXPECT_THAT(read_error(), HasSubstr("header length: expected a header of at most 4992 bytes"));
}

TEST_F(ExpertPackTest, ACutFile_IsFoundWithoutReadingItsBlocks) {
  pack_tiny();
  const std::string bytes = slurp(path_);
  for (const std::size_t size : {bytes.size() - 1, first(), first() - 1, std::size_t{20}}) {
    spew(path_, std::string_view(bytes).substr(0, size));
    EXPECT_FALSE(read_expert_pack(path_).ok()) << size;
  }
  spew(path_, std::string_view(bytes).substr(0, bytes.size() - 1));
  EXPECT_THAT(read_error(), HasSubstr(std::to_string(bytes.size() - 1) + " bytes"));
  spew(path_, bytes + "x");
  EXPECT_THAT(read_error(), HasSubstr(std::to_string(bytes.size() + 1) + " bytes"));
}

TEST_F(ExpertPackTest, EveryChangedBitOfTheHeader_IsFound) {
  pack_tiny();
  const std::string bytes = slurp(path_);
  for (std::size_t at = 0; at < first(); at += at < 32 ? 1 : 97) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    spew(path_, changed);
    EXPECT_FALSE(read_expert_pack(path_).ok()) << at;
  }
}

TEST_F(ExpertPackTest, AChangedByteOfABlock_IsFoundByBankAndNumber) {
  pack_tiny();
  const std::string bytes = slurp(path_);
  const auto begin = static_cast<std::size_t>(pack_.offset(1, 5).count());
  const auto used = static_cast<std::size_t>(pack_.expert_bytes.count());
  for (const std::size_t at : {std::size_t{0}, used / 2, used - 1}) {
    std::string changed = bytes;
    changed[begin + at] = static_cast<char>(changed[begin + at] ^ 1);
    spew(path_, changed);
    EXPECT_THAT(message(verify_expert_pack(path_, pack_)),
                AllOf(HasSubstr("a.experts: bank 1, expert 5: expected a block with the checksum "),
                      HasSubstr(pack_checksum_text(pack_.checksums[13]))));
  }
}

TEST_F(ExpertPackTest, BytesBehindAnExpert_AreZero) {
  if (!supports(Precision::int8)) GTEST_SKIP() << "only the scales of int8 leave a block unfilled";
  pack_tiny(Precision::int8);
  ASSERT_LT(pack_.expert_bytes, pack_.stride);
  std::string bytes = slurp(path_);
  bytes.back() = 1;
  spew(path_, bytes);
  EXPECT_THAT(message(verify_expert_pack(path_, pack_)),
              HasSubstr("bank 1, expert 7: expected zeros behind the expert's bytes"));
}

TEST_F(ExpertPackTest, AHeaderThatContradictsItself_IsRefused) {
  struct Case {
    const char* name;
    std::function<void(Json&)> change;
    const char* error;
  };
  const std::vector<Case> cases = {
      {"none missing", [](Json& h) { h.erase("banks"); }, "header: banks: expected it, found nothing"},
      {"a text for a number", [](Json& h) { h["banks"] = "2"; }, "header: banks: expected a whole number"},
      {"zero", [](Json& h) { h["experts"] = 0; }, "header: experts: expected a whole number"},
      {"negative", [](Json& h) { h["stride"] = -4096; }, "header: stride: expected a whole number"},
      {"beyond 63 bits", [](Json& h) { h["first"] = 18446744073709551615ULL; }, "header: first: expected"},
      {"an empty name", [](Json& h) { h["model"] = ""; }, "header: model: expected a text"},
      {"half a block", [](Json& h) { h["stride"] = 2048; }, "header: stride: expected a multiple of 4096"},
      {"another begin", [](Json& h) { h["first"] = 8192000; }, "header: first: expected"},
      {"a short stride", [](Json& h) { h["stride"] = 4096; }, "header: stride: expected at least the"},
      {"a long stride", [](Json& h) { h["stride"] = 4096 * 1000; }, "header: stride: expected a file of"},
      {"products that overflow", [](Json& h) { h["banks"] = h["experts"] = std::int64_t{1} << 62; },
       "header: checksums: expected one for each of"},
      {"a size that overflows", [](Json& h) { h["stride"] = std::int64_t{1} << 62; },
       "header: stride: expected a size that a file can have"},
      {"a checksum too few", [](Json& h) { h["checksums"].erase(0); }, "header: checksums: expected one for"},
      {"a short checksum", [](Json& h) { h["checksums"][3] = "12"; }, "header: checksums: expected 16"},
      {"no digits", [](Json& h) { h["checksums"][3] = "0123456789abcdeG"; },
       "header: checksums: expected 16"},
      {"an unknown key", [](Json& h) { h["x"] = 1; }, "header: expected no other key, found \"x\""},
      {"no object", [](Json& h) { h = Json::array(); }, "header: expected a JSON object"},
  };
  pack_tiny();
  const std::string bytes = slurp(path_);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    spew(path_, bytes);
    replace_header(c.change);
    EXPECT_THAT(read_error(), AllOf(HasSubstr("a.experts: header"), HasSubstr(c.error)));
  }
  spew(path_, bytes);
  replace_header([](Json& h) { h["model"] = "other"; });
  EXPECT_EQ(read_expert_pack(path_)->model, "other") << "else nothing above says what it means to";
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
