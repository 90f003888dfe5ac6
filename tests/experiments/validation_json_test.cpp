// SPDX-License-Identifier: Apache-2.0
// A validation to JSON and back, and what the parser refuses.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "experiments/validation/report.hpp"
#include "tests/experiments/validation_cells.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;
using test::made_validation;
using testing::HasSubstr;

Validation full() {
  Validation made = made_validation({{.predicted = 10.3, .noise = 0.03}, {.prefetch = false, .lanes = 1}});
  made.cells[0].predicted.decode.energy = EnergySummary{.flash = 0.1, .dram = 0.25, .idle = 1.0 / 3};
  made.cells[0].predicted.energy_j = 1.5;
  made.cells[0].predicted.thrash_step = 7;
  made.cells[1].of.eviction = EvictionKind::least_stale;
  return made;
}

// full() as JSON with `change` made to it; the parser's error.
template <typename Change>
std::string refusal(Change change) {
  Json json = Json::parse(validation_json(full()));
  change(json);
  const Result<Validation> read = parse_validation({"v.json", json.dump()});
  if (read) return "accepted";
  EXPECT_EQ(read.error().kind, Error::Kind::bad_input);
  return read.error().message();
}

TEST(ValidationJson, ComesBackWhole) {
  const std::string text = validation_json(full());
  const Result<Validation> read = parse_validation({"v.json", text});
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(validation_json(*read), text);
  const ValidationCell& cell = read->cells[0];
  EXPECT_EQ(cell.measured.size(), 3U);
  EXPECT_EQ(cell.measured[2].decode.stall, full().cells[0].measured[2].decode.stall);
  EXPECT_EQ(cell.predicted.decode.energy, full().cells[0].predicted.decode.energy);
  EXPECT_FALSE(cell.predicted.all.energy.has_value());
  EXPECT_EQ(cell.predicted.thrash_step, 7);
  EXPECT_EQ(cell.predicted.bound_by, "flash");
  EXPECT_EQ(read->cells[1].of.eviction, EvictionKind::least_stale);
  EXPECT_EQ(read->cells[1].of.prefetch, PrefetchKind::none);
  ASSERT_EQ(read->head.plain_reads.size(), 2U);
  EXPECT_EQ(read->head.plain_reads[1].lanes, 1);
  EXPECT_EQ(read->head.plain_reads[1].mib_s, 500);
}

TEST(ValidationJson, SaysItsResultsAsTheTextDoes) {
  const Json json = Json::parse(validation_json(full()));
  EXPECT_EQ(json["results"]["met"], true);
  EXPECT_EQ(json["results"]["models"][0]["model"], "megrez2-nano");
  EXPECT_NEAR(json["results"]["cells"][0]["figures"]["tokens_per_second"]["error"].get<double>(), 0.03, 1e-6);
  EXPECT_EQ(json["results"]["cells"][0]["counts_equal"], true);
  EXPECT_EQ(json["results"]["errors"][0]["figure"], "tokens_per_second");
  ASSERT_EQ(json["results"]["disk_shares"].size(), 2U);
  EXPECT_EQ(json["results"]["disk_shares"][0]["judged"], true);
  EXPECT_EQ(json["results"]["disk_shares"][1]["judged"], false) << "it has no prefetch";
  EXPECT_EQ(json["results"]["disk_met"], false);
  EXPECT_TRUE(json["results"]["count_differences"].empty());
}

TEST(ValidationJson, ResultsAreComputedAgain_NotRead) {
  EXPECT_EQ(refusal([](Json& json) { json["results"] = "anything"; }), "accepted");
  EXPECT_EQ(refusal([](Json& json) { json.erase("results"); }), "accepted");
}

TEST(ValidationParse, NamesAKeyThatIsMissingOrUnknown) {
  EXPECT_THAT(refusal([](Json& json) { json["cells"][1]["measured"][2]["decode"].erase("lookups"); }),
              HasSubstr("v.json: cells[1].measured[2].decode: expected the key \"lookups\", found none"));
  EXPECT_THAT(refusal([](Json& json) { json["head"]["colour"] = 1; }),
              testing::AllOf(HasSubstr("v.json: head: expected the keys version, date"),
                             HasSubstr("found \"colour\"")));
  EXPECT_THAT(refusal([](Json& json) { json["colour"] = 1; }),
              HasSubstr("v.json: expected the keys format, head, cells, results, found \"colour\""));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["predicted"]["decode"].erase("energy_j"); }),
              HasSubstr("cells[0].predicted.decode: expected the key \"energy_j\""));
}

TEST(ValidationParse, NamesAValueOfAnotherKind) {
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["predicted"]["all"]["loads"] = 1.5; }),
              HasSubstr("cells[0].predicted.all.loads: expected a whole number, found 1.5"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"] = 3; }), HasSubstr("cells: expected an array, found 3"));
  EXPECT_THAT(refusal([](Json& json) { json["head"] = nullptr; }),
              HasSubstr("head: expected an object, found null"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["wall_s"] = "1"; }),
              HasSubstr("cells[0].wall_s: expected a number, found \"1\""));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["model"] = 1; }),
              HasSubstr("cells[0].model: expected a text, found 1"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["lanes"] = 4294967300; }),
              HasSubstr("cells[0].lanes: expected a whole number of 32 bits, found 4294967300"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["eviction"] = "lrv"; }),
              HasSubstr("cells[0].eviction: expected one of lru, lfu"));
}

TEST(ValidationParse, NamesAnotherFormat) {
  EXPECT_THAT(refusal([](Json& json) { json["format"] = "pregate-validation 2"; }),
              HasSubstr("format: expected \"pregate-validation 1\", found \"pregate-validation 2\""));
  EXPECT_THAT(parse_validation({"v.json", "[]"}).error().message(), HasSubstr("v.json"));
  EXPECT_THAT(parse_validation({"v.json", "{"}).error().message(), HasSubstr("byte"));
  EXPECT_FALSE(load_validation("/nowhere/v.json").ok());
}

TEST(ValidationCheck, RefusesWhatCannotBe) {
  EXPECT_THAT(refusal([](Json& json) { json["cells"] = Json::array(); }),
              HasSubstr("cells: expected at least one"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][1]["measured"] = Json::array(); }),
              HasSubstr("cells[1].measured: expected at least one, found none"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][1] = json["cells"][0]; }),
              HasSubstr("cells[1]: expected each case once"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["budget_share"] = 0; }),
              HasSubstr("cells[0].budget_share: expected a share above 0"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["lanes"] = 0; }),
              HasSubstr("cells[0].lanes: expected from 1"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["model"] = ""; }),
              HasSubstr("cells[0].model: expected a name"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["predicted"]["all"]["loads"] = -1; }),
              HasSubstr("cells[0].predicted.all.loads: expected a whole number from 0"));
  EXPECT_THAT(refusal([](Json& json) { json["head"]["machine"] = "two\nlines"; }),
              HasSubstr("head.machine: expected a text of one line"));
}

TEST(ValidationCheck, PlainReadsAreOneForEachNumberOfLanes_OrNotKnown) {
  EXPECT_EQ(refusal([](Json& json) { json["head"]["plain_reads"] = Json::array(); }), "accepted");
  EXPECT_THAT(refusal([](Json& json) { json["head"]["plain_reads"][0]["mib_per_s"] = 0; }),
              HasSubstr("head.plain_reads[0].mib_per_s: expected above 0, found 0"));
  EXPECT_THAT(refusal([](Json& json) { json["head"]["plain_reads"][1]["lanes"] = 0; }),
              HasSubstr("head.plain_reads[1].lanes: expected from 1"));
  EXPECT_THAT(refusal([](Json& json) { json["head"]["plain_reads"][1]["lanes"] = 4; }),
              HasSubstr("head.plain_reads[1]: expected each number of lanes once, found 4 again"));
  EXPECT_THAT(refusal([](Json& json) { json["head"]["plain_reads"].erase(1); }),
              HasSubstr("head.plain_reads: expected the rate with 1 lane, as a cell has it, found none"));
  EXPECT_THAT(refusal([](Json& json) { json["head"]["plain_reads"] = 600; }),
              HasSubstr("head.plain_reads: expected an array, found 600"));
}

TEST(ValidationCheck, PartsSumToTheirWhole) {
  EXPECT_THAT(
      refusal([](Json& json) { json["cells"][0]["predicted"]["decode"]["lookups"] = 961; }),
      HasSubstr("cells[0].predicted.decode.lookups: expected 960 (the sum of the outcomes), found 961"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["predicted"]["decode"]["makespan_ps"] = 5; }),
              HasSubstr("(the sum of its parts), found 5"));
  EXPECT_THAT(refusal([](Json& json) { json["cells"][0]["measured"][1]["all"]["loads"] = 791; }),
              HasSubstr("cells[0].measured[1].all: loads: expected 790 (prefill and decode), found 791"));
}

}  // namespace
}  // namespace pregate
