// SPDX-License-Identifier: Apache-2.0
// One clear error for each way in which a checkpoint, a prompt or the machine does not fit the model, before
// a weight is read where that is possible.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <limits>

#include "kernels/cpu.hpp"
#include "models/memory.hpp"
#include "tests/models/decoding.hpp"

namespace pregate {
namespace {

using namespace fixtures;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kUp = "model.layers.4.mlp.experts.5.up_proj.weight";  // in the second bank
constexpr const char* kKey = "model.layers.2.self_attn.k_proj.weight";

class BadCheckpoint : public OnOneThread {
 protected:
  SmallModel model_ = random_model(small_megrez_config());
};

struct Refusal {
  std::string message;
  int packed = 0;  // matrices that were packed before
};

Refusal refusal_of(const std::string& folder, Precision precision = Precision::f32) {
  Refusal refusal;
  const auto config = load_config(folder);
  if (!config) return {config.error().message()};
  const auto progress = [&](Bytes, Bytes) { ++refusal.packed; };
  const auto weights = Weights::load(*config, folder, {.precision = precision, .progress = progress});
  refusal.message = weights ? "accepted" : weights.error().message();
  if (!weights) {
    EXPECT_EQ(weights.error().kind, Error::Kind::bad_input);
  }
  return refusal;
}

Refusal refusal_of(const SmallModel& model, const WriteAs& as = {}) {
  return refusal_of(write_model(model, "model", as));
}

TEST_F(BadCheckpoint, AMissingTensor_IsNamedBeforeAnyIsRead) {
  model_.tensors.erase(kUp);
  const Refusal refusal = refusal_of(model_);
  EXPECT_THAT(refusal.message, AllOf(HasSubstr(kUp), HasSubstr("[64, 64]"), HasSubstr("no such tensor")));
  EXPECT_EQ(refusal.packed, 0);
}

TEST_F(BadCheckpoint, AWrongShape_IsNamedBesideTheRightOne) {
  model_.tensors[kKey] = {{64, 32}, std::vector<float>(64 * 32)};
  const Refusal refusal = refusal_of(model_);
  EXPECT_THAT(refusal.message, AllOf(HasSubstr(kKey), HasSubstr("model.safetensors"), HasSubstr("[32, 64]"),
                                     HasSubstr("[64, 32]")));
  EXPECT_EQ(refusal.packed, 0);
}

TEST_F(BadCheckpoint, AGroupThatTheCheckpointDoesNotShare_LacksTensors) {
  model_.config["experts_shared_frequency"] = 1;
  EXPECT_THAT(refusal_of(model_).message, HasSubstr("model.layers.2.mlp.experts.0."));
}

TEST_F(BadCheckpoint, AMissingShard_IsNamed) {
  const std::string folder = write_model(model_, "sharded", {.shards = Shards::two});
  std::filesystem::remove(std::filesystem::path(folder) / "model-00002-of-00002.safetensors");
  EXPECT_THAT(refusal_of(folder).message,
              AllOf(HasSubstr("model-00002-of-00002.safetensors"), HasSubstr("no such file")));
}

TEST_F(BadCheckpoint, ANumberThatIsNotFinite_WhereAScaleIsMade_IsNamedByFileTensorAndRow) {
  if (!supports(Precision::int8)) GTEST_SKIP() << "this processor has no VNNI";
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    for (const char* name :
         {kUp, kKey}) {  // a matrix of its own; the middle tensor of one that is packed together
      SmallModel model = model_;
      model.tensors[name].values[7 * 64 + 3] = bad;
      const std::string folder = write_model(model, "model");
      EXPECT_THAT(refusal_of(folder, Precision::int8).message,
                  AllOf(HasSubstr(folder + "/model.safetensors"), HasSubstr(name), HasSubstr("row 7:"),
                        Not(HasSubstr("q_proj"))));
    }
  }
}

TEST_F(BadCheckpoint, LatentAttention_IsRefused) {
  const SmallModel latent{with(model_.config, "kv_lora_rank", 512), model_.tensors};
  EXPECT_THAT(refusal_of(latent).message, HasSubstr("kv_lora_rank"));
  ModelSpec spec = parse_config({"config.json", model_.config.dump()})->spec;
  spec.latent = LatentAttention{};
  const auto weights = Weights::random(spec, 1, {});
  ASSERT_FALSE(weights.ok());
  EXPECT_THAT(weights.error().message(), HasSubstr("latent attention"));
}

TEST_F(BadCheckpoint, MoreMemoryThanThereIs_IsSaidBeforeAnythingIsRead) {
  if (!supports(Precision::bf16)) GTEST_SKIP() << "this processor does not compute in bf16";
  ModelSpec spec = parse_config({"config.json", model_.config.dump()})->spec;
  spec.vocabulary = std::int64_t{1} << 24;
  spec.hidden = 1 << 17;
  spec.layers = spec.dense_layers + 1;
  spec.experts = spec.top_k;
  int packed = 0;
  const auto weights = Weights::random(spec, 1, {.progress = [&](Bytes, Bytes) { ++packed; }});
  ASSERT_FALSE(weights.ok());
  EXPECT_THAT(weights.error().message(), AllOf(HasSubstr("memory"), HasSubstr("for the weights")));
  EXPECT_EQ(packed, 0);
}

// Lets the process take only `more` bytes of address space, for one scope.
class AddressSpace {
 public:
  explicit AddressSpace(std::int64_t more) {
    getrlimit(RLIMIT_AS, &before_);
    rlimit limit = before_;
    const Bytes available = available_memory();
    std::ifstream status("/proc/self/statm");
    std::int64_t pages = 0;
    status >> pages;
    limit.rlim_cur = static_cast<rlim_t>(pages * 4096 + more);
    setrlimit(RLIMIT_AS, &limit);
    EXPECT_LE(available_memory(), available);
  }
  ~AddressSpace() { setrlimit(RLIMIT_AS, &before_); }
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

 private:
  rlimit before_{};
};

TEST_F(BadCheckpoint, ALimitOfAddressSpace_CountsAsMemory) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer takes all address space";
#endif
  ModelSpec spec = parse_config({"config.json", model_.config.dump()})->spec;
  spec.vocabulary = 1 << 20;  // 512 MiB of embedding and head
  const AddressSpace scope(std::int64_t{100} << 20);
  const auto weights = Weights::random(spec, 1, {.precision = Precision::f32, .progress = {}});
  ASSERT_FALSE(weights.ok());
  EXPECT_THAT(weights.error().message(), AllOf(HasSubstr("memory"), HasSubstr("for the weights")));
}

// What a decoder says to a prompt; it must be usable afterwards.
class BadPrompt : public OnOneThread {
 protected:
  std::string refusal(const Tokens& tokens, std::int64_t position, std::int64_t capacity) {
    KvCache cache = decoder_.make_cache(capacity);
    const SequenceInput input{&cache, position, tokens};
    std::vector<float> logits;
    const Status done = decoder_.run(std::span(&input, 1), DecoderRows::last, logits);
    if (!done) {
      EXPECT_EQ(done.error().kind, Error::Kind::bad_input);
    }
    return done ? "accepted" : done.error().message();
  }

  Weights weights_ = load_small(random_model(with(small_megrez_config(), "max_position_embeddings", 20)));
  Decoder decoder_{weights_};
};

TEST_F(BadPrompt, ATokenPastTheVocabulary_IsNamed) {
  EXPECT_EQ(refusal({100, 0}, 0, 20), "accepted");
  EXPECT_THAT(refusal({100, 101}, 0, 20),
              AllOf(HasSubstr("token 1"), HasSubstr("from 0 to 100"), HasSubstr("found 101")));
  EXPECT_THAT(refusal({-1}, 0, 20), HasSubstr("found -1"));
}

TEST_F(BadPrompt, AnEmptyOne_IsRefused) {
  EXPECT_THAT(refusal({}, 0, 20), HasSubstr("at least one token"));
  EXPECT_THAT(decoder_.begin({}).error().message(), HasSubstr("at least one token"));
}

TEST_F(BadPrompt, LongerThanTheContext_IsRefused) {
  EXPECT_EQ(refusal(Tokens(20, 1), 0, 40), "accepted");
  EXPECT_THAT(refusal(Tokens(21, 1), 0, 40),
              AllOf(HasSubstr("at most 20 tokens"), HasSubstr("context"), HasSubstr("21")));
  EXPECT_THAT(refusal(Tokens(2, 1), 19, 40), HasSubstr("context"));
}

TEST_F(BadPrompt, LongerThanTheCache_IsRefused) {
  EXPECT_EQ(refusal(Tokens(7, 1), 0, 7), "accepted");
  EXPECT_THAT(refusal(Tokens(8, 1), 0, 7),
              AllOf(HasSubstr("the 7 tokens of the KV cache"), HasSubstr("found 8")));
  EXPECT_THAT(refusal({1}, 7, 7), HasSubstr("KV cache"));
}

}  // namespace
}  // namespace pregate
