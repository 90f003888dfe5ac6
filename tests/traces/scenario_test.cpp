// SPDX-License-Identifier: Apache-2.0
#include "traces/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/traces/text_documents.hpp"

namespace pregate {
namespace {

using test::EmptyCatalogue;
using test::TestCatalogue;
using testing::HasSubstr;

const std::string base_scenario = R"(name: "s"
model { preset: "tiny" }
device {
  id: "small"
}
workload { synthetic { decode_tokens: 4 } }
dram { expert_budget: "64KiB" }
)";

ScenarioDocument document(const std::string& text = base_scenario) {
  Result<ScenarioDocument> parsed = ScenarioDocument::parse({"s.textproto", text});
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message());
  return parsed ? std::move(*parsed) : ScenarioDocument();
}

Scenario resolved(const ScenarioDocument& doc, const Catalogue& catalogue = TestCatalogue()) {
  const Result<Scenario> scenario = doc.resolve(catalogue);
  EXPECT_TRUE(scenario) << (scenario ? "" : scenario.error().message());
  return scenario ? *scenario : Scenario{};
}

Scenario with(std::initializer_list<std::string_view> assignments) {
  ScenarioDocument doc = document();
  for (const std::string_view assignment : assignments) {
    const Status status = doc.set(assignment);
    EXPECT_TRUE(status) << (status ? "" : status.error().message());
  }
  return resolved(doc);
}

std::string parse_error(const std::string& text) {
  const Result<ScenarioDocument> parsed = ScenarioDocument::parse({"s.textproto", text});
  return parsed ? "no error" : parsed.error().message();
}
std::string resolve_error(const std::string& text, const Catalogue& catalogue = TestCatalogue()) {
  const Result<ScenarioDocument> parsed = ScenarioDocument::parse({"s.textproto", text});
  if (!parsed) return parsed.error().message();
  const Result<Scenario> scenario = parsed->resolve(catalogue);
  return scenario ? "no error" : scenario.error().message();
}
// The message of set(), or of resolve() after it.
std::string set_error(std::string_view assignment) {
  ScenarioDocument doc = document();
  if (const Status status = doc.set(assignment); !status) return status.error().message();
  const Result<Scenario> scenario = doc.resolve(TestCatalogue());
  return scenario ? "no error" : scenario.error().message();
}

TEST(Scenario, WhatIsLeftOut_TakesItsDefault) {
  const Scenario s = resolved(document());
  EXPECT_EQ(s.name, "s");
  EXPECT_EQ(s.policy.eviction, EvictionKind::lru);
  EXPECT_EQ(s.policy.prefetch, PrefetchKind::none);
  EXPECT_EQ(s.policy.lookahead, 1);
  EXPECT_EQ(s.policy.seed, 1u);
  EXPECT_TRUE(s.runtime.overlap);
  EXPECT_EQ(s.runtime.io_lanes, 4);
  EXPECT_FALSE(s.workload.decode_only);
  EXPECT_EQ(s.workload.synthetic->decode_tokens, 4);
  EXPECT_EQ(s.workload.synthetic->prompt_tokens, SyntheticParams().prompt_tokens);
  EXPECT_EQ(s.workload.synthetic->topic_persistence, SyntheticParams().topic_persistence);
  EXPECT_EQ(*s.expert_budget, Bytes::kib(64));
  EXPECT_EQ(s.model->name, "tiny");
  EXPECT_FALSE(s.shape_as);
}

TEST(Scenario, TheDevice_IsMergedUnderTheScenariosOwnFields) {
  const Scenario s = resolved(document("device { id: \"small\" dram { efficiency: 0.5 } }"));
  EXPECT_EQ(s.device.dram.usable_bandwidth.count(), 20'000'000'000);
  EXPECT_EQ(s.device.dram.capacity.count(), 8'000'000'000);
  EXPECT_EQ(s.device.flash.read_bandwidth.count(), 2'000'000'000);
}

TEST(Scenario, ThePreset_IsMergedUnderTheScenariosOwnFields) {
  const Scenario s =
      resolved(document("model { preset: \"tiny\" expert_bits: 8 preset_shape { n_routed_experts: 16 } }"
                        "device { id: \"small\" }"));
  EXPECT_EQ(s.model->banks[0].experts, 16);
  EXPECT_EQ(s.model->banks[0].expert_bytes.count(), 3 * 64 * 32);
  EXPECT_EQ(s.model->layers.size(), 5u);
}

TEST(Scenario, ShapeAs_IsASecondModel) {
  const Scenario s = with({"model.shape_as=megrez2-3x7b-a3b"});
  EXPECT_EQ(s.shape_as->name, "megrez2-3x7b-a3b");
  EXPECT_EQ(s.model->name, "tiny");
}

TEST(Scenario, ShapeAsNone_TakesItAway) {
  ScenarioDocument doc = document(with({"model.shape_as=megrez2-3x7b-a3b"}).text);
  ASSERT_TRUE(doc.set("model.shape_as=none"));
  const Scenario s = resolved(doc);
  EXPECT_FALSE(s.shape_as);
  EXPECT_EQ(s.text, resolved(document()).text);
}

TEST(Scenario, APathInPlaceOfAnId_TakesTheIdOfItsFile) {
  TestCatalogue catalogue;
  catalogue.devices["/tmp/my.device.textproto"] = test::small_device;
  const Scenario s = resolved(document("device { id: \"/tmp/my.device.textproto\" }"), catalogue);
  EXPECT_EQ(s.device.id, "small");
  EXPECT_THAT(s.text, testing::Not(HasSubstr("/tmp")));
}

TEST(ScenarioText, ResolvesToItself_WithoutAnyShippedFile) {
  const Scenario s =
      with({"policy.eviction=belady", "device.dram.efficiency=0.7", "model.shape_as=qwen3-30b-a3b",
            "model.expert_bits=3.3", "workload.synthetic.topic=0.123456789"});
  const Scenario again = resolved(document(s.text), EmptyCatalogue());
  ASSERT_TRUE(again.model && again.shape_as && again.workload.synthetic);
  EXPECT_EQ(again.text, s.text);
  EXPECT_EQ(again.device.dram.usable_bandwidth, s.device.dram.usable_bandwidth);
  EXPECT_EQ(again.model->banks[0].expert_bytes, s.model->banks[0].expert_bytes);
  EXPECT_EQ(again.shape_as->layers.size(), 48u);
  EXPECT_EQ(again.workload.synthetic->topic, 0.123456789);
  EXPECT_EQ(again.policy.eviction, EvictionKind::belady);
}

// One seeded mistake: a piece cut out, or a token where none belongs.
std::string damaged(std::string text, std::mt19937& random) {
  const std::vector<std::string> tokens = {
      "{", "}", "\"", "nan", "-",    "0",  "99999999999",     "1e308", "<",
      ":", "#", "[",  "\t",  "\xFF", "GB", "complete: true ", "."};
  const std::size_t at = random() % text.size();
  if (random() % 2 == 0) return text.erase(at, 1 + random() % 6);
  return text.insert(at, tokens[random() % tokens.size()]);
}

TEST(ScenarioText, OfADamagedDocument_IsAPreciseErrorOrResolvesToItself) {
  std::mt19937 random(7);
  const std::string whole = resolved(document()).text;
  for (int i = 0; i < 2000; ++i) {
    const std::string text = damaged(i % 2 == 0 ? base_scenario : whole, random);
    const Result<ScenarioDocument> doc = ScenarioDocument::parse({"s.textproto", text});
    const Result<Scenario> scenario = doc ? doc->resolve(TestCatalogue()) : Result<Scenario>(doc.error());
    if (scenario) {
      EXPECT_EQ(resolved(document(scenario->text), EmptyCatalogue()).text, scenario->text) << text;
    } else {
      EXPECT_THAT(scenario.error().message(),
                  testing::ContainsRegex("^[a-z]+\\.textproto: .*expected .*found"));
    }
  }
}

TEST(ScenarioText, HoldsTheMergedDeviceAndEveryDefault) {
  const std::string text = resolved(document()).text;
  for (const std::string part : {"read_bandwidth: \"2GB/s\"", "eviction: \"lru\"", "seed: 1",
                                 "complete: true", "hidden_size: 64", "efficiency: 0.9"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(ScenarioText, IsTheSame_HoweverTheFieldsWereGiven) {
  const std::string other =
      "dram { expert_budget: \"64KiB\" }\n# comment\nworkload < synthetic { decode_tokens: 4 } >\n"
      "policy { eviction: \"lru\" }\ndevice { id: \"small\" } model { preset: \"tiny\" } name: \"s\"";
  EXPECT_EQ(resolved(document(other)).text, resolved(document()).text);
  EXPECT_EQ(with({"runtime.io_lanes=4"}).text, resolved(document()).text);
  EXPECT_NE(with({"runtime.io_lanes=5"}).text, resolved(document()).text);
}

TEST(ScenarioText, NamingAnotherDevice_DropsTheOneItCarries) {
  ScenarioDocument again = document(resolved(document()).text);
  ASSERT_TRUE(again.set("device.id=oneplus-15r"));
  ASSERT_TRUE(again.set("model.preset=mixtral-8x7b"));
  const Scenario s = resolved(again);
  EXPECT_EQ(s.device.id, "oneplus-15r");
  EXPECT_EQ(s.device.flash.read_bandwidth.count(), 2330LL << 20);
  EXPECT_EQ(s.model->banks.size(), 32u);
}

TEST(ScenarioSet, ReachesEveryKindOfField) {
  const Scenario s = with({"dram.expert_budget=4000MiB",
                           "dram.preload=all",
                           "runtime.overlap=false",
                           "runtime.io_lanes=2",
                           "runtime.room=request",
                           "policy.eviction=lfu-decay",
                           "policy.prefetch=stale-gate",
                           "policy.lookahead=3",
                           "policy.stale_gate_accuracy=0.25",
                           "policy.lfu_half_life=7",
                           "policy.popularity_count=9",
                           "sim.fidelity=flow",
                           "sim.seed=18446744073709551615",
                           "workload.phase=decode",
                           "workload.max_steps=11",
                           "workload.synthetic.seed=5",
                           "workload.synthetic.layer_spread=0.2",
                           "workload.synthetic.prompt_noise=0.3",
                           "workload.synthetic.fitted_to=a trace",
                           "device.flash.derate=0.5",
                           "device.link.bandwidth=1GB/s",
                           "name=other"});
  EXPECT_EQ(*s.expert_budget, Bytes::mib(4000));
  EXPECT_EQ(s.preload, Preload::all);
  EXPECT_EQ(with({}).preload, Preload::none);
  EXPECT_THAT(set_error("dram.preload=some"), HasSubstr("dram.preload: expected one of none, all"));
  EXPECT_FALSE(s.runtime.overlap);
  EXPECT_EQ(s.runtime.io_lanes, 2);
  EXPECT_EQ(s.runtime.room, RoomAt::request);
  EXPECT_EQ(with({}).runtime.room, RoomAt::start);
  EXPECT_THAT(set_error("runtime.room=later"), HasSubstr("runtime.room: expected one of start, request"));
  EXPECT_EQ(s.policy.eviction, EvictionKind::lfu_decay);
  EXPECT_EQ(s.policy.prefetch, PrefetchKind::stale_gate);
  EXPECT_EQ(s.policy.lookahead, 3);
  EXPECT_EQ(s.policy.stale_gate_accuracy, 0.25);
  EXPECT_EQ(s.policy.lfu_half_life, 7);
  EXPECT_EQ(s.policy.popularity_count, 9);
  EXPECT_EQ(s.policy.seed, UINT64_MAX);
  EXPECT_TRUE(s.workload.decode_only);
  EXPECT_EQ(s.workload.max_steps, 11);
  EXPECT_EQ(s.workload.synthetic->seed, 5u);
  EXPECT_EQ(s.workload.synthetic->layer_spread, 0.2);
  EXPECT_EQ(s.workload.synthetic->prompt_noise, 0.3);
  EXPECT_EQ(s.workload.synthetic->fitted_to, "a trace");
  EXPECT_EQ(s.device.flash.read_bandwidth.count(), 1'000'000'000);
  EXPECT_EQ(s.device.link->bandwidth.count(), 1'000'000'000);
  EXPECT_EQ(s.name, "other");
}

TEST(ScenarioSet, TheLastAssignment_Wins) {
  EXPECT_EQ(with({"runtime.io_lanes=2", "runtime.io_lanes=8"}).runtime.io_lanes, 8);
}

TEST(ScenarioSet, AnEmptyTrace_TakesTheTraceAway) {
  ScenarioDocument doc = document();
  ASSERT_TRUE(doc.set("workload.trace=a=b.route"));
  EXPECT_EQ(doc.text_at("workload.trace"), "a=b.route");
  EXPECT_EQ(resolved(doc).workload.trace, "a=b.route");
  ASSERT_TRUE(doc.set("workload.trace="));
  EXPECT_EQ(doc.text_at("workload.trace"), "");
}

TEST(ScenarioSet, AnUnknownPath_SuggestsTheNearest) {
  EXPECT_EQ(set_error("dram.expert_bugdet=4GB"),
            "--set: expected a scenario field (nearest: dram.expert_budget), found \"dram.expert_bugdet\"");
  EXPECT_THAT(set_error("eviction=lru"), HasSubstr("(nearest: policy.eviction)"));
  EXPECT_THAT(set_error("device.flash.read_bandwith=1GB/s"),
              HasSubstr("(nearest: device.flash.read_bandwidth)"));
  EXPECT_THAT(set_error("dram=4GB"), HasSubstr("expected a scenario field"));
  EXPECT_THAT(set_error(std::string(1 << 20, 'x') + "=1"), HasSubstr("expected a scenario field"));
}

TEST(ScenarioSet, WhatIsNoAssignment_IsRefused) {
  for (const std::string_view text : {"", "=", "=4", "dram.expert_budget", "policy"}) {
    EXPECT_THAT(set_error(text), HasSubstr("--set: expected PATH=VALUE")) << text;
  }
}

TEST(ScenarioSet, AWrongValue_IsReportedAtSetWithItsPath) {
  EXPECT_THAT(set_error("dram.expert_budget=4 GX"), HasSubstr("--set: dram.expert_budget: expected a size"));
  EXPECT_THAT(set_error("dram.expert_budget="), HasSubstr("found \"\""));
  EXPECT_THAT(set_error("dram.expert_budget=-1GB"), HasSubstr("found \"-1GB\""));
  EXPECT_EQ(set_error("runtime.overlap=maybe"),
            "--set: runtime.overlap: expected true or false, found \"maybe\"");
  EXPECT_THAT(set_error("runtime.io_lanes=2.5"),
              HasSubstr("--set: runtime.io_lanes: expected a whole number"));
  EXPECT_THAT(set_error("runtime.io_lanes=-1"), HasSubstr("found \"-1\""));
  EXPECT_THAT(set_error("runtime.io_lanes=4294967296"), HasSubstr("found \"4294967296\""));
  EXPECT_THAT(set_error("runtime.io_lanes=0"),
              HasSubstr("--set: runtime.io_lanes: expected a whole number from 1"));
  EXPECT_THAT(set_error("policy.stale_gate_accuracy=nan"), HasSubstr("expected a number"));
  EXPECT_THAT(set_error("policy.stale_gate_accuracy=1.5"),
              HasSubstr("--set: policy.stale_gate_accuracy: expected"));
  EXPECT_THAT(set_error("policy.eviction=mru"), HasSubstr("expected one of lru, lfu, lfu-decay"));
  EXPECT_THAT(set_error("policy.prefetch=psychic"), HasSubstr("pregate, prev-token"));
  EXPECT_THAT(set_error("sim.fidelity=cycle"), HasSubstr("expected one of flow, burst"));
  EXPECT_THAT(set_error("runtime.flash_arbitration=fair"), HasSubstr("max-min, priority, weighted"));
  EXPECT_THAT(set_error("workload.phase=prefill"), HasSubstr("expected all or decode"));
  EXPECT_THAT(set_error("device.dram.efficiency=0"),
              HasSubstr("--set: device.dram.efficiency: expected a fraction"));
  EXPECT_THAT(set_error("workload.synthetic.topic_persistence=1.01"), HasSubstr("from 0 to 1, found 1.01"));
  EXPECT_THAT(set_error("workload.synthetic.prompt_tokens=0"),
              HasSubstr("--set: workload.synthetic.prompt_tokens"));
  EXPECT_THAT(set_error("name=\xFF"), HasSubstr("--set: name: expected UTF-8 text"));
}

TEST(ScenarioSet, AFailedAssignment_ChangesNothing) {
  ScenarioDocument doc = document();
  EXPECT_FALSE(doc.set("runtime.io_lanes=x"));
  EXPECT_FALSE(doc.set("device.nonsense=1"));
  EXPECT_EQ(resolved(doc).text, resolved(document()).text);
}

TEST(ScenarioError, AMissingDevice_SaysWhatToGive) {
  const std::string message = resolve_error("name: \"s\"");
  EXPECT_THAT(message, HasSubstr("s.textproto: device.id: expected a device: --device NAME"));
  EXPECT_THAT(message, HasSubstr("found nothing"));
  EXPECT_THAT(resolve_error("device { flash { } }"), HasSubstr("line 1: device.id"));
  EXPECT_THAT(ScenarioDocument().resolve(TestCatalogue()).error().message(),
              HasSubstr("device.id: expected a device"));
}

TEST(ScenarioError, AnUnknownDeviceOrModel_IsReportedWhereItIsNamed) {
  EXPECT_EQ(resolve_error("name: \"s\"\ndevice {\n  id: \"nokia\"\n}"),
            "s.textproto: line 3: device.id: expected a shipped name, found \"nokia\"");
  EXPECT_EQ(set_error("model.preset=gpt-9"), "--set: model.preset: expected a shipped name, found \"gpt-9\"");
}

TEST(ScenarioError, AMistakeInTheDeviceFile_NamesThatFile) {
  TestCatalogue catalogue;
  catalogue.devices["bad"] = test::with_line(test::small_device, "capacity", "  capacity: \"8 GX\"");
  EXPECT_THAT(resolve_error("device { id: \"bad\" }", catalogue),
              HasSubstr("bad.textproto: line 6: dram.capacity: expected a size"));
  catalogue.devices["bad"] = "flash { speed: 3 }";
  EXPECT_THAT(resolve_error("device { id: \"bad\" }", catalogue),
              HasSubstr("bad.textproto: line 1: flash.speed"));
}

TEST(ScenarioError, AMistakeInAnOverride_NamesTheScenario) {
  EXPECT_THAT(resolve_error("device {\n  id: \"small\"\n  dram { efficiency: 1.2 }\n}"),
              HasSubstr("s.textproto: line 3: device.dram.efficiency: expected a fraction above 0"));
}

TEST(ScenarioError, SyntaxAndUnknownFields_NameLineAndPath) {
  EXPECT_THAT(parse_error("policy {\n  evict: \"lru\"\n}"),
              HasSubstr("s.textproto: line 2: policy.evict: expected a field of PolicySection"));
  EXPECT_THAT(parse_error("runtime { overlap: perhaps }"), HasSubstr("line 1: runtime.overlap"));
  EXPECT_THAT(parse_error("workload { synthetic { topic: \"x\" } }"),
              HasSubstr("workload.synthetic.topic: expected double"));
  EXPECT_THAT(parse_error("{"), HasSubstr("line 1"));
  EXPECT_THAT(parse_error(std::string("name: \"a\0b\"", 11)),
              HasSubstr("expected UTF-8 text, found byte 0x00"));
}

TEST(ScenarioError, AnEmptyScenario_ParsesButDoesNotResolve) {
  EXPECT_EQ(parse_error(""), "no error");
  EXPECT_THAT(resolve_error(""), HasSubstr("device.id"));
}

TEST(ScenarioError, ASyntheticWorkloadWithoutAModel_IsRefused) {
  EXPECT_THAT(resolve_error("device { id: \"small\" }\nworkload { synthetic { } }"),
              HasSubstr("line 2: workload.synthetic: expected model.preset beside it"));
  EXPECT_EQ(resolve_error("device { id: \"small\" } workload { trace: \"x.route\" synthetic { } }"),
            "no error");
}

TEST(ScenarioError, APrecisionWithoutAModel_IsRefused) {
  EXPECT_THAT(resolve_error("device { id: \"small\" }\nmodel { expert_bits: 4 }"),
              HasSubstr("line 2: model.expert_bits: expected model.preset or model.shape_as"));
}

TEST(DefaultBudget, IsWhatTheSystemDenseWeightsAndTheCacheLeave) {
  Scenario s = resolved(document());
  const ModelShape& model = *s.model;
  const Bytes cache = model.kv_bytes * 5 * 1000;
  EXPECT_EQ(*default_expert_budget(s, model, 1000), s.device.dram.capacity - model.dense_bytes() - cache);
  s.device.dram.reserved = Bytes::gib(1);
  EXPECT_EQ(*default_expert_budget(s, model, 0),
            s.device.dram.capacity - Bytes::gib(1) - model.dense_bytes());
}

TEST(DefaultBudget, WithoutRoom_SaysWhatDoesNotFit) {
  const Scenario s = resolved(document());
  const Result<Bytes> none = default_expert_budget(s, *s.model, INT64_MAX);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message(), HasSubstr("7.45 GiB of DRAM on small"));
  EXPECT_THAT(none.error().message(), HasSubstr("KV cache for 9223372036854775807 tokens"));
}

TEST(PolicyWords, GoThereAndBack) {
  for (const std::string& word : eviction_words()) EXPECT_EQ(to_text(*parse_eviction(word)), word);
  for (const std::string& word : prefetch_words()) EXPECT_EQ(to_text(*parse_prefetch(word)), word);
  EXPECT_EQ(eviction_words().size(), 11u);
  EXPECT_EQ(prefetch_words().size(), 6u);
  EXPECT_FALSE(parse_eviction("LRU"));
  EXPECT_FALSE(parse_eviction(""));
}

TEST(ForwardSection, IsLiveUnlessATraceIsGiven_AndKeepsItsNumbers) {
  const Scenario s = with({"workload.forward.prompt=Once upon a time", "workload.forward.tokens=5",
                           "workload.forward.random_weights=0", "workload.forward.precision=f32"});
  ASSERT_TRUE(s.workload.live());
  EXPECT_EQ(s.workload.forward->prompt, "Once upon a time");
  EXPECT_EQ(s.workload.forward->tokens, 5);
  EXPECT_EQ(s.workload.forward->random_weights, 0);
  EXPECT_EQ(s.workload.forward->temperature, 0);
  const Scenario again = resolved(document(s.text));
  EXPECT_EQ(again.text, s.text);
  EXPECT_TRUE(again.workload.live());
  EXPECT_EQ(again.model_spec->layers, s.model_spec->layers);
  EXPECT_FALSE(with({"workload.forward.prompt=a", "workload.trace=b.route"}).workload.live());
}

TEST(ScenarioDocument, SaysWhatItHoldsSoFar) {
  ScenarioDocument doc = document("workload { synthetic { seed: 3 } }");
  EXPECT_TRUE(doc.has("workload.synthetic"));
  EXPECT_TRUE(doc.has("workload.synthetic.seed"));
  EXPECT_FALSE(doc.has("workload.forward"));
  EXPECT_FALSE(doc.has("workload.forward.prompt"));
  EXPECT_EQ(doc.text_at("model.preset"), "");
  ASSERT_TRUE(doc.set("model.preset=x"));
  EXPECT_EQ(doc.text_at("model.preset"), "x");
}

TEST(SyntheticScenario, ResolvesFromShippedFiles) {
  const std::string path = "experiments/scenarios/synthetic.scenario.textproto";
  const Result<ScenarioDocument> doc = ScenarioDocument::parse({path, test::read_source_file(path)});
  ASSERT_TRUE(doc) << doc.error().message();
  const Scenario s = resolved(*doc);
  EXPECT_EQ(s.device.id, "oneplus-15r");
  EXPECT_EQ(s.model->name, "megrez2-3x7b-a3b");
  EXPECT_EQ(s.policy.prefetch, PrefetchKind::pregate);
  // Some of the experts and not all, so that there is something to see.
  const double share = static_cast<double>(s.expert_budget->count()) /
                       static_cast<double>(s.model->all_experts_bytes().count());
  EXPECT_GT(share, 0.2);
  EXPECT_LT(share, 0.8);
  EXPECT_GT(default_expert_budget(s, *s.model, 4096)->count(), s.expert_budget->count());
  for (const char* id : {"rtx-4060", "a17-pro", "raspberry-pi-5"}) {
    ScenarioDocument other = document(s.text);
    ASSERT_TRUE(other.set(std::string("device.id=") + id));
    EXPECT_EQ(resolved(other).device.id, id);
  }
}

}  // namespace
}  // namespace pregate
