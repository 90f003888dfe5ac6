// SPDX-License-Identifier: Apache-2.0
#include "experiments/catalogue.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "experiments/trace_input.hpp"
#include "tests/experiments/command_runner.hpp"

namespace pregate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Catalogue, AShippedName_IsItsFileByteForByte) {
  std::size_t files = 0;
  for (const EmbeddedFile& file : embedded_files()) {
    EXPECT_EQ(file.text, test::read_file(std::string(PREGATE_SOURCE_DIR) + "/" + std::string(file.path)))
        << file.path;
    ++files;
  }
  EXPECT_GE(files, 20U);
}

TEST(Catalogue, EveryShippedFile_Parses) {
  for (const EmbeddedFile& file : ShippedCatalogue::list("device")) {
    const Result<DeviceSpec> device = parse_device({std::string(file.path), std::string(file.text)});
    ASSERT_TRUE(device) << device.error().message();
    EXPECT_EQ(device->id, file.name);
  }
  for (const EmbeddedFile& file : ShippedCatalogue::list("model")) {
    const Result<ModelShape> model = parse_model({std::string(file.path), std::string(file.text)});
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_EQ(model->name, file.name);
  }
  for (const EmbeddedFile& file : ShippedCatalogue::list("scenario")) {
    const Result<ScenarioDocument> scenario =
        ScenarioDocument::parse({std::string(file.path), std::string(file.text)});
    EXPECT_TRUE(scenario) << scenario.error().message();
  }
}

TEST(Catalogue, AShippedName_WinsOverAFile_AndASlashMeansAFile) {
  const test::Folder folder;
  test::write_file(folder.file("demo"), "name: \"mine\"\n");
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(folder.file(""));
  const ShippedCatalogue catalogue;
  EXPECT_THAT(catalogue.scenario("demo")->path, HasSubstr("experiments/scenarios"));
  EXPECT_EQ(catalogue.scenario("./demo")->text, "name: \"mine\"\n");
  std::filesystem::current_path(before);
}

TEST(Catalogue, AnOutput_IsNoInput_AndNoOtherOutput_HoweverItIsWritten) {
  const test::Folder folder;
  const std::string input = test::write_file(folder.file("in.csv"), "x");
  const std::string absent = folder.file("out.csv"), again = folder.file("./out.csv");
  std::filesystem::create_hard_link(input, folder.file("hard.csv"));
  EXPECT_TRUE(check_outputs({{"--csv", absent}, {"--plot", folder.file("p.svg")}, {"--out", ""}},
                            {{"FILE", input}, {"--model", ""}}));
  const auto refused = [&](const std::string& output) {
    const Status status = check_outputs({{"--csv", output}}, {{"FILE", input}, {"--trace", absent}});
    return status ? std::string() : status.error().message();
  };
  EXPECT_THAT(refused(folder.file("./in.csv")), HasSubstr("--csv: expected another file than FILE, found"));
  EXPECT_THAT(refused(folder.file("hard.csv")), HasSubstr("another file than FILE"));
  EXPECT_THAT(refused(again), HasSubstr("another file than --trace")) << "which is not there yet";
  const Status twice = check_outputs({{"--csv", absent}, {"--csv-layers", again}}, {});
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message(), HasSubstr("--csv-layers: expected another file than --csv"));
}

TEST(Catalogue, AnUnknownName_ListsNearOnes) {
  const ShippedCatalogue catalogue;
  const auto found = catalogue.device("apple-m3");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message(), HasSubstr("such as apple-m4"));
  EXPECT_THAT(found.error().message(), HasSubstr("found \"apple-m3\""));
}

TEST(NearNames, AreRankedByDistance_AndLeaveStrangersOut) {
  EXPECT_THAT(near_names("megrez", {"mixtral-8x7b", "megrez2-3x7b-a3b"}), ElementsAre("megrez2-3x7b-a3b"));
  EXPECT_THAT(near_names("rn", {"run", "trace"}), ElementsAre("run"));
  EXPECT_THAT(near_names("zzzzzzzz", {"run", "trace"}), ElementsAre());
}

TEST(PresetInName, TakesTheLongestThatTheNameContains) {
  const std::vector<std::string> presets = {"qwen3-30b", "qwen3-30b-a3b", "phi-3.5-moe"};
  EXPECT_EQ(preset_in_name("Qwen3_30B.A3B-Q4_K_M.gguf", presets), "qwen3-30b-a3b");
  EXPECT_EQ(preset_in_name("Phi-3.5-MoE-instruct", presets), "phi-3.5-moe");
  EXPECT_EQ(preset_in_name("toy", presets), std::nullopt);
}

TEST(WriteTextFile, ReplacesWholeOrNotAtAll) {
  const test::Folder folder;
  const std::string path = folder.file("a.textproto");
  ASSERT_TRUE(write_text_file(path, "one"));
  ASSERT_TRUE(write_text_file(path, "two"));
  EXPECT_EQ(test::read_file(path), "two");
  EXPECT_EQ(folder.count(), 1U);
  const Status failed = write_text_file(folder.file("none/a"), "x");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Error::Kind::run_failed);
}

}  // namespace
}  // namespace pregate
