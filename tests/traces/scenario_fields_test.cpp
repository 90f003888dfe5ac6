// SPDX-License-Identifier: Apache-2.0
// What the schema says of its fields is what resolving a scenario accepts.
#include "traces/scenario_fields.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/traces/text_documents.hpp"
#include "traces/quantity.hpp"

namespace pregate {
namespace {

using testing::HasSubstr;

// Every section is given, so that every field can be set; with slack, so that no field alone breaks another.
constexpr const char* kWhole = R"(
device {
  id: "whole" complete: true
  flash {
    read_bandwidth: "1GB/s" lane_bandwidth: "1GB/s" pages { channels: 1 chips: 1 dies: 1 planes: 1 page: "1MiB" sense: "1us" bus_bandwidth: "1GB/s" link_bandwidth: "1GB/s" }
  }
  link { bandwidth: "1GB/s" }
  dram { capacity: "64TiB" peak_bandwidth: "10GB/s" timing: "lpddr5-6400" }
  npu { int8_rate: "1TMAC/s" fp16_rate: "1TMAC/s" fp32_rate: "1TMAC/s" }
  energy { dram_pj_per_bit: 1 }
}
model {
  preset: "whole" preset_shape { complete: true name: "whole" hidden_size: 8 num_hidden_layers: 2 first_k_dense_replace: 1 intermediate_size: 8
    num_attention_heads: 1 num_key_value_heads: 1 moe_intermediate_size: 8 n_routed_experts: 2 num_experts_per_tok: 1 vocab_size: 8 }
  shape_as: "whole" shape_as_shape { complete: true name: "whole" hidden_size: 8 num_hidden_layers: 2 first_k_dense_replace: 1 intermediate_size: 8
    num_attention_heads: 1 num_key_value_heads: 1 moe_intermediate_size: 8 n_routed_experts: 2 num_experts_per_tok: 1 vocab_size: 8 }
}
workload { synthetic {} forward { prompt: "a" } }
)";

// What must be said as well for a field to be read at all.
std::vector<std::string> companions_of(const std::string& path) {
  const std::string section = path.substr(0, path.rfind('.') + 1), name = path.substr(section.size());
  if (name == "linear_efficiency") return {section + "mapping=row-bank-column"};
  if (name == "refresh_per_bank") return {section + "refresh=per-bank"};
  const std::vector<std::string> latent = {"kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim",
                                           "v_head_dim"};
  if (name != "q_lora_rank" && std::find(latent.begin(), latent.end(), name) == latent.end()) return {};
  std::vector<std::string> assignments;
  for (const std::string& field : latent) assignments.push_back(section + field + "=8");
  return assignments;
}

// What resolving says to PATH=TEXT; nothing where it is content.
std::string resolve_error(const std::string& path, const std::string& text) {
  Result<ScenarioDocument> document = ScenarioDocument::parse({"whole", kWhole});
  EXPECT_TRUE(document) << (document ? "" : document.error().message());
  for (const std::string& companion : companions_of(path)) EXPECT_TRUE(document->set(companion)) << companion;
  if (const Status set = document->set(fmt::format("{}={}", path, text)); !set) return set.error().message();
  const Result<Scenario> scenario = document->resolve(test::EmptyCatalogue());
  return scenario ? std::string() : scenario.error().message();
}

std::string check_error(const std::string& path, const std::string& text) {
  const Status status = check_scenario_value(path, text);
  return status ? std::string() : status.error().message();
}

// Both refuse it, with the same words.
void expect_refused(const std::string& path, const std::string& text) {
  const Status status = check_scenario_value(path, text);
  ASSERT_FALSE(status) << path << "=" << text;
  EXPECT_EQ(status.error().place, path);
  const std::string sentence =
      fmt::format("expected {}, found {}", status.error().expected, status.error().found);
  EXPECT_THAT(resolve_error(path, text), HasSubstr(sentence)) << path << "=" << text;
}

void expect_accepted(const std::string& path, const std::string& text) {
  EXPECT_EQ(check_error(path, text), "") << path << "=" << text;
  EXPECT_EQ(resolve_error(path, text), "") << path << "=" << text;
}

// What is typed for each unit, and for the unit that it could be mistaken for.
struct UnitExample {
  FieldUnit unit;
  const char *good, *bad;
};
constexpr UnitExample kUnits[] = {
    {FieldUnit::bytes, "4000MiB", "3ms"},       {FieldUnit::bandwidth, "2GB/s", "2GB"},
    {FieldUnit::duration, "0.2ms", "4000MiB"},  {FieldUnit::mac_rate, "22.5TMAC/s", "22.5GB/s"},
    {FieldUnit::fraction, "0.5", "1.5"},        {FieldUnit::shares, "1 0.92", "0.5"},
    {FieldUnit::timing, "lpddr5x-9600", "fast"}};

TEST(ScenarioFields, AreAllScalarsOfTheSchema_EachDescribed) {
  std::set<std::string> paths;
  for (const ScenarioField& field : scenario_fields()) {
    EXPECT_TRUE(paths.insert(field.path).second) << field.path;
    EXPECT_TRUE(ScenarioDocument::field_type(field.path)) << field.path;
    EXPECT_FALSE(field.help.empty()) << field.path;
    EXPECT_EQ(find_scenario_field(field.path), &field);
  }
  for (const char* path : {"name", "dram.expert_budget", "device.dram.efficiency", "device.flash.pages.sense",
                           "model.shape_as_shape.n_group", "workload.forward.top_p", "sim.seed"})
    EXPECT_TRUE(paths.contains(path)) << path;
  EXPECT_EQ(find_scenario_field("dram"), nullptr);
  EXPECT_EQ(find_scenario_field("dram.expert_budge"), nullptr);
}

TEST(ScenarioFields, OfAUnit_TakeThatUnitAndNoOther) {
  std::set<FieldUnit> seen;
  for (const ScenarioField& field : scenario_fields()) {
    for (const UnitExample& example : kUnits) {
      if (field.unit != example.unit) continue;
      seen.insert(field.unit);
      // A page, what of it leaves the chip, a chunk, memory on chip: far less than a whole memory.
      const bool small = field.unit == FieldUnit::bytes && check_error(field.path, "4000MiB") != "";
      expect_accepted(field.path, small ? "64KiB" : example.good);
      expect_refused(field.path, example.bad);
    }
  }
  EXPECT_EQ(seen.size(), std::size(kUnits));
}

TEST(ScenarioFields, OfTexts_HaveAUnitWhereTheReadersTakeOne) {
  // A text that says nothing of sizes, times or words is taken by texts alone.
  for (const ScenarioField& field : scenario_fields()) {
    if (field.type != FieldType::text) continue;
    if (field.unit == FieldUnit::device || field.unit == FieldUnit::model) continue;  // looked up
    const bool free = field.unit == FieldUnit::plain || field.unit == FieldUnit::file;
    if (field.path == "workload.forward.prompt_file") continue;  // not beside a prompt
    if (field.path == "workload.forward.precision") continue;    // kernels/ knows its words
    EXPECT_EQ(resolve_error(field.path, "some words").empty(), free) << field.path;
    EXPECT_EQ(check_error(field.path, "some words").empty(), free) << field.path;
  }
}

TEST(ScenarioFields, OfWords_TakeEachOfThem) {
  for (const ScenarioField& field : scenario_fields()) {
    EXPECT_EQ(field.unit == FieldUnit::word || field.unit == FieldUnit::timing, !field.words.empty())
        << field.path;
    for (const std::string& word : field.words) expect_accepted(field.path, word);
  }
}

TEST(ScenarioFields, OfWords_MissNone) {
  const auto words_at = [](std::string_view path) { return find_scenario_field(path)->words; };
  EXPECT_EQ(words_at("policy.eviction"), eviction_words());
  EXPECT_EQ(words_at("policy.prefetch"), prefetch_words());
  // The readers' own sentences list theirs, by commas and "or".
  for (const ScenarioField& field : scenario_fields()) {
    if (field.unit != FieldUnit::word || field.path == "workload.forward.precision") continue;
    expect_refused(field.path, "no-such-word");
    std::string listed = check_scenario_value(field.path, "no-such-word").error().expected;
    if (listed.starts_with("one of ")) listed.erase(0, 7);
    const std::size_t commas = static_cast<std::size_t>(std::count(listed.begin(), listed.end(), ','));
    const std::size_t ors = listed.find(" or ") == std::string::npos ? 0 : 1;
    EXPECT_EQ(field.words.size(), commas + ors + 1) << field.path << ": " << listed;
    for (const std::string& word : field.words) EXPECT_THAT(listed, HasSubstr(word)) << field.path;
  }
}

// The two ends of "1..64", and a value beyond each where numbers go on.
TEST(ScenarioFields, OfARange_EndWhereItEnds) {
  for (const ScenarioField& field : scenario_fields()) {
    if (field.range.empty() || field.unit == FieldUnit::bytes) continue;
    const std::size_t dots = field.range.find("..");
    const std::string least = field.range.substr(0, dots), most = field.range.substr(dots + 2);
    const double low = std::stod(least), high = std::stod(most);
    EXPECT_EQ(check_error(field.path, least), "") << field.path;
    EXPECT_EQ(check_error(field.path, most), "") << field.path;
    if (field.type == FieldType::number) {
      expect_refused(field.path, "-1");
      expect_refused(field.path, fmt::format("{}", high * 1.5));
      if (low > 0) expect_refused(field.path, fmt::format("{}", low / 2));
      continue;
    }
    if (low > 0) expect_refused(field.path, fmt::format("{}", std::stoll(least) - 1));
    if (high < 4e9) expect_refused(field.path, fmt::format("{}", std::stoll(most) + 1));
  }
}

TEST(ScenarioFields, NumbersWithoutAUnit_HaveARangeOrAreSeeds) {
  for (const ScenarioField& field : scenario_fields()) {
    if (field.type == FieldType::text || field.type == FieldType::truth) continue;
    const bool seed = field.path.ends_with("seed") || field.path.ends_with("random_weights");
    EXPECT_EQ(field.range.empty(), seed || field.unit == FieldUnit::fraction) << field.path;
  }
}

// The text that a scenario resolves to does not change where a field says what it falls back to.
TEST(ScenarioFields, Fallbacks_AreWhatIsTakenWhenNothingIsSaid) {
  const auto text_with = [](const std::string& assignment) {
    Result<ScenarioDocument> document = ScenarioDocument::parse({"whole", kWhole});
    EXPECT_TRUE(assignment.empty() || document->set(assignment).ok()) << assignment;
    const Result<Scenario> scenario = document->resolve(test::EmptyCatalogue());
    return scenario ? scenario->text : scenario.error().message();
  };
  const std::string plain = text_with({});
  std::size_t compared = 0;
  for (const ScenarioField& field : scenario_fields()) {
    // Words about another field, which are no values; sections without defaults of their own.
    if (field.fallback.empty() || !check_error(field.path, field.fallback).empty()) continue;
    if (field.type == FieldType::text && field.unit != FieldUnit::word && field.unit != FieldUnit::bytes &&
        field.unit != FieldUnit::duration && field.path != "name")
      continue;
    if (field.path.starts_with("device.energy.") || field.path == "device.link.latency") continue;
    // Read beside others alone, and what the scenario above says itself.
    if (field.path.ends_with("q_lora_rank") || field.path.ends_with("first_k_dense_replace")) continue;
    ++compared;
    EXPECT_TRUE(text_with(fmt::format("{}={}", field.path, field.fallback)) == plain) << field.path;
  }
  EXPECT_GT(compared, 80U);
}

TEST(ScenarioFields, AnUnknownPath_SuggestsTheNearest) {
  EXPECT_THAT(check_error("dram.expert_budge", "1GiB"), HasSubstr("nearest: dram.expert_budget"));
  const std::vector<std::string> near = nearest_scenario_paths("expert_budget", 3);
  ASSERT_EQ(near.size(), 3U);
  EXPECT_EQ(near.front(), "dram.expert_budget");
}

TEST(ScenarioFields, TheSentence_SaysWhatWasExpectedAndFound) {
  EXPECT_EQ(
      check_error("dram.expert_budget", "4 GX"),
      "dram.expert_budget: expected a size such as 4000MiB or 2.5GB, from 1 B to 64 TiB, found \"4 GX\"");
  EXPECT_EQ(check_error("runtime.overlap", "maybe"),
            "runtime.overlap: expected true or false, found \"maybe\"");
}

}  // namespace
}  // namespace pregate
