// SPDX-License-Identifier: Apache-2.0
// Checkpoints by name: where they are looked for, and the demo on one that is installed beside the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "experiments/catalogue.hpp"
#include "tests/experiments/command_runner.hpp"
#include "tests/models/checkpoints.hpp"
#include "tests/models/tokenizer_documents.hpp"

namespace pregate {
namespace {

using nlohmann::json;
using test::Folder;
using test::run_pregate;
using test::Said;
using test::write_file;
using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

// A random checkpoint with a tokenizer: six MoE layers in groups of three, eight experts, top-3.
void write_checkpoint(const fs::path& folder) {
  const fixtures::Vocabulary vocabulary = fixtures::make_vocabulary();
  fixtures::Json config = fixtures::small_megrez_config();
  config["vocab_size"] = vocabulary.tokens.size() + 2;
  const fixtures::SmallModel model{config, fixtures::TensorDraw(config, 5).draw()};
  const std::string written = fixtures::write_model(model, "checkpoint");
  fs::create_directories(folder.parent_path());
  fs::rename(written, folder);
  write_file(folder / "tokenizer.json", fixtures::tokenizer_document(vocabulary).dump());
}

void write_config(const fs::path& folder, int experts) {
  fs::create_directories(folder);
  fixtures::Json config = fixtures::small_megrez_config();
  config["n_routed_experts"] = experts;
  write_file(folder / "config.json", config.dump());
}

std::int32_t experts_of(const ShippedCatalogue& catalogue, const std::string& name) {
  const Result<NamedText> source = catalogue.model(name);
  EXPECT_TRUE(source) << (source ? "" : source.error().message());
  if (!source) return -1;
  const Result<ModelShape> shape = parse_model(*source);
  EXPECT_TRUE(shape) << (shape ? "" : shape.error().message());
  return shape ? shape->banks[0].experts : -1;
}

TEST(Checkpoints, AreFoundByPathThenBesideTheProgramThenInTheSourceTree) {
  const Folder folder;
  const std::string share = folder.file("share"), tree = folder.file("tree"), here = folder.file("here");
  write_config(share + "/both", 8);
  write_config(tree + "/both", 16);
  write_config(tree + "/only", 24);
  write_config(here + "/both", 32);
  fs::create_directories(share + "/empty");
  const ShippedCatalogue catalogue({share, tree});
  EXPECT_EQ(experts_of(catalogue, "both"), 8);
  EXPECT_EQ(experts_of(catalogue, "only"), 24);
  EXPECT_EQ(experts_of(catalogue, here + "/both"), 32);
  EXPECT_EQ(experts_of(catalogue, "megrez2-3x7b-a3b"), 64) << "a preset stays what it is";
  EXPECT_EQ(catalogue.checkpoint("empty"), std::nullopt);
  EXPECT_EQ(catalogue.checkpoint("../tree/both"), std::nullopt);
  std::vector<std::string> names;
  EXPECT_TRUE(catalogue.trained().empty()) << "a config.json alone was not trained";
  for (const std::string& trained : {share + "/both", tree + "/both", tree + "/only"}) {
    write_file(trained + "/model.safetensors", "");
  }
  for (const TrainedModel& model : catalogue.trained()) names.push_back(model.folder);
  EXPECT_THAT(names, ElementsAre(share + "/both", tree + "/only"));
  const auto before = fs::current_path();
  fs::current_path(here);
  EXPECT_EQ(experts_of(catalogue, "both"), 32);
  fs::current_path(before);
}

TEST(Checkpoints, OneThatIsNotThere_IsSaidWithThePlacesThatWereLookedIn) {
  const Folder folder;
  const ShippedCatalogue catalogue({folder.file("share"), folder.file("tree")});
  const Result<NamedText> found = catalogue.model("megrez2-pico");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message(), HasSubstr("such as megrez2-3x7b-a3b"));
  EXPECT_THAT(found.error().message(),
              HasSubstr("looked in " + folder.file("share") + " and " + folder.file("tree")));
  EXPECT_THAT(found.error().message(), HasSubstr("found \"megrez2-pico\""));
}

TEST(Demo, RunsFromTheTreeAlone) {
  if (!fs::exists(PREGATE_SOURCE_DIR "/models/megrez2-nano/model.safetensors")) {
    GTEST_SKIP() << "models/megrez2-nano has no weights yet";
  }
  const Said said = run_pregate({"run", "--tokens", "6", "--json"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(json::parse(said.out)["scenario"], "demo") << "what runs when nothing is named";
  const json out = json::parse(said.out);
  EXPECT_EQ(out["dressed"]["routing_model"], "megrez2-nano");
  EXPECT_EQ(out["dressed"]["shape"], "megrez2-3x7b-a3b");
  EXPECT_FALSE(out["forward"]["text"].get<std::string>().empty());
  EXPECT_FALSE(out["baseline"].is_null());
}

// The program as it is installed, with a small model under the name that the demo asks for.
class Installed : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(prefix_ / "bin");
    fs::copy_file(fs::path(PREGATE_BINARY_DIR) / "bin/pregate", prefix_ / "bin/pregate");
    write_checkpoint(model_);
  }
  Said run(const std::vector<std::string>& arguments) const {
    return run_pregate(arguments, {.program = (prefix_ / "bin/pregate").string()});
  }
  json run_json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const Said said = run(arguments);
    EXPECT_EQ(said.code, 0) << said.err;
    return said.code == 0 ? json::parse(said.out) : json::object();
  }

  Folder folder_;
  fs::path prefix_ = folder_.file("prefix");
  fs::path model_ = prefix_ / "share/pregate/models/megrez2-nano";
};

TEST_F(Installed, TheDemo_RunsTheShippedModelInTheShapeOfTheLargeOne) {
  const Said said = run({"run", "demo", "--tokens", "8", "--prompt", "hello the"});
  ASSERT_EQ(said.code, 0) << said.err;
  const std::size_t prompt = said.out.find("  hello the\n"), wrote = said.out.find("megrez2-nano goes on");
  const std::size_t verdict = said.out.find("megrez2-3x7b-a3b on oneplus-15r");
  ASSERT_NE(prompt, std::string::npos) << said.out;
  EXPECT_LT(prompt, wrote);
  EXPECT_LT(wrote, verdict) << "what was written comes first";
  EXPECT_THAT(said.out, HasSubstr("The text is megrez2-nano's"));
  EXPECT_THAT(said.out, HasSubstr("simulated, live routing"));
  EXPECT_THAT(said.out, HasSubstr("What pre-gating changes"));
  EXPECT_THAT(said.out, HasSubstr("Belady's optimum"));
  EXPECT_THAT(said.out, HasSubstr("bytes and MACs of megrez2-3x7b-a3b, choices of megrez2-nano"));
}

TEST_F(Installed, TheDemosRecord_ReplaysInTheDemoWithTheSameTimes) {
  const std::string route = folder_.file("demo.route"), file = folder_.file("demo.run");
  const json live = run_json({"run", "demo", "--tokens", "8", "--record", route, "--out", file});
  const json again = run_json({"run", "demo", "--trace", route});
  EXPECT_EQ(live["origin"], "live");
  EXPECT_EQ(live["model"], "megrez2-3x7b-a3b");
  EXPECT_EQ(live["dressed"]["routing_model"], "megrez2-nano");
  EXPECT_EQ(live["dressed"], again["dressed"]);
  for (const char* key : {"makespan_ps", "bins_ps", "bytes_read", "loads", "evictions", "outcomes"}) {
    EXPECT_EQ(live[key], again[key]) << key;
  }
  EXPECT_EQ(live["bytes_read"], live["loads"].get<std::int64_t>() * 4866048)
      << "experts are of the large model's size";
  const json own =
      run_json({"run", "demo", "--trace", route, "--shape-as", "none", "--set", "dram.expert_budget=100KiB"});
  EXPECT_EQ(own["model"], "megrez2-nano");
  EXPECT_TRUE(own["dressed"].is_null());
}

TEST_F(Installed, AScenario_MayNameAPromptFileBesideItself) {
  fs::create_directories(folder_.file("mine"));
  write_file(folder_.file("mine/prompt.txt"), "the hello\nthe");
  const std::string scenario = write_file(folder_.file("mine/my.scenario.textproto"), R"(name: "my"
model { preset: "megrez2-nano" }
device { id: "oneplus-15r" }
workload { forward { prompt_file: "prompt.txt" tokens: 3 precision: "f32" } }
dram { expert_budget: "200KiB" }
policy { prefetch: "pregate" lookahead: 1 }
)");
  const json out = run_json({"run", scenario});
  EXPECT_EQ(out["forward"]["prompt"], "the hello\nthe");
  EXPECT_EQ(out["forward"]["model"], "megrez2-nano");
  EXPECT_EQ(out["forward"]["generated_tokens"], 3);
  const Said ahead = run({"run", scenario, "--set", "policy.lookahead=2"});
  EXPECT_EQ(ahead.code, 2);
  EXPECT_THAT(ahead.err, HasSubstr("at most 1, the layers ahead"));
  const Said shape = run({"run", scenario, "--shape-as", "qwen3-30b-a3b"});
  EXPECT_EQ(shape.code, 2) << "its routers do not answer ahead";
  EXPECT_THAT(shape.err, HasSubstr("at most 0, the layers ahead"));
}

TEST_F(Installed, Models_ListsItAsTrained) {
  EXPECT_THAT(run({"models"}).out, testing::ContainsRegex("megrez2-nano .*trained, shipped"));
  const json all = run_json({"models"});
  for (const json& model : all) {
    if (model["name"] == "megrez2-nano") {
      EXPECT_EQ(model["weights"], model_.string());
      EXPECT_EQ(model["experts"], 8);
    } else {
      EXPECT_TRUE(model["weights"].is_null()) << model["name"];
    }
  }
  EXPECT_THAT(run({"models", "megrez2-nano"}).out, HasSubstr("n_routed_experts: 8"));
}

TEST_F(Installed, WithoutAFileOfIt_TheRunSaysWhatIsMissing) {
  fs::remove(model_ / "model.safetensors");
  const Said weights = run({"run", "demo", "--tokens", "2"});
  EXPECT_EQ(weights.code, 2);
  EXPECT_THAT(weights.err, HasSubstr("safetensors"));
  fs::remove_all(model_);
  write_file(model_.parent_path() / "x", "");
  const Said nothing = run({"run", "--model", "megrez2-none", "--prompt", "a"});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_EQ(nothing.error_lines(), 1U);
  EXPECT_THAT(nothing.err, HasSubstr("--model"));
  EXPECT_THAT(nothing.err, HasSubstr("looked in " + model_.parent_path().string()));
}

}  // namespace
}  // namespace pregate
