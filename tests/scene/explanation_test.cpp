// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/explanation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "tests/scene/random_life.hpp"
#include "tests/scene/target_rows.hpp"
#include "tests/traces/random_run.hpp"
#include "traces/eviction_score.hpp"

namespace pregate {
namespace {

using fixtures::random_life;
using fixtures::random_run;
using testing::ElementsAre;
using Kind = Target::Kind;

Target target(Kind kind, std::uint64_t row) {
  return {.kind = kind, .row = row};
}

using fixtures::rows_of;

constexpr std::array kKinds = {Kind::step, Kind::event,    Kind::operation, Kind::management, Kind::stall,
                               Kind::load, Kind::eviction, Kind::lookup,    Kind::expert,     Kind::layer};

void expect_links_lead_somewhere(const RunRecord& run) {
  ASSERT_TRUE(validate_run(run).ok()) << validate_run(run).error().message();
  const Explainer why(run);
  for (const Kind kind : kKinds) {
    for (std::size_t row = 0; row < rows_of(run, kind); ++row) {
      const Explanation text = why.explain(target(kind, row));
      ASSERT_FALSE(text.empty());
      for (const TextRun& part : text.runs) {
        EXPECT_FALSE(part.text.empty());
        if (part.target.kind != Kind::none) {
          EXPECT_LT(part.target.row, rows_of(run, part.target.kind)) << text.plain();
        }
      }
      ASSERT_LT(text.here, text.chain.size());
      EXPECT_EQ(text.chain[text.here], target(kind, row));
      for (const Target& link : text.chain) EXPECT_LT(link.row, rows_of(run, link.kind));
    }
  }
}

TEST(Explanation, EveryLinkLeadsToARowThatIsThere) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    expect_links_lead_somewhere(random_life(seed));
    expect_links_lead_somewhere(random_run(seed));
  }
}

TEST(Explanation, OfWhatIsNotThereIsEmpty) {
  const RunRecord run = random_life(1);
  const Explainer why(run);
  for (const Kind kind : kKinds) EXPECT_TRUE(why.explain(target(kind, rows_of(run, kind))).empty());
  EXPECT_TRUE(why.explain({}).empty());
  EXPECT_TRUE(why.explain(target(Kind::bookmark, 0)).empty());
  EXPECT_TRUE(why.explain_cell(LayerId(99), ExpertId(0)).empty());
  EXPECT_TRUE(why.explain_cell(LayerId(), ExpertId()).empty());
}

// What the sentence says, taken apart; each number must be the record's.
class SentenceTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  static std::string time(SimTime from, SimTime to) { return to_text(to - from); }
  std::string token(std::int32_t step) const {
    if (run_.steps[static_cast<std::size_t>(step)].phase == Phase::prefill) return "the prompt";
    return "token " + std::to_string(step - 1);  // the prompt is step 0
  }
  std::string place(EventId event) const {
    const EventRecord& row = run_.events[event.value()];
    return token(row.step) + ", layer " + std::to_string(row.layer.value());
  }
  std::string expert(ExpertId id) const {
    std::string out = "expert ";
    out += std::to_string(table_.index_in_bank(id)) + " of bank ";
    return out += std::to_string(table_.bank(id).value());
  }

  // The clause about an eviction after " was evicted".
  std::string eviction(const EvictionRecord& row) const {
    std::string out = " at " + clock_text(row.at);
    if (row.by_load.valid()) {
      const LoadRecord& by = run_.loads[row.by_load.value()];
      out += " by " + expert(by.expert);
      if (by.purpose != Purpose::demand && !by.first_use.valid()) out += ", a prefetch that was never used";
    } else {
      out += " when its event ended";
    }
    out += " (lfu: used " + std::to_string(row.score) + (row.score == 1 ? " time)" : " times)");
    if (!row.next_use.valid()) return out + ", no use after that";
    const int away = run_.events[row.next_use.value()].step - run_.events[row.at_event.value()].step;
    out += ", next use ";
    if (away == 0) {
      out += token(run_.events[row.next_use.value()].step) == "the prompt" ? "in the same prompt"
                                                                           : "in the same token";
    } else {
      out += std::to_string(away) + (away == 1 ? " token away" : " tokens away");
    }
    return out += row.opt_keeps ? "; OPT would have kept it" : "; OPT would have missed that use as well";
  }

  RunRecord run_ = random_life(GetParam());
  ExpertTable table_{run_.model};
  Explainer why_{run_};
};

TEST_P(SentenceTest, OfAStallSaysWhatTheRecordSays) {
  const std::regex shape(
      "(.*), layer (\\d+) waited (\\S+ \\S+) for (expert \\d+ of bank \\d+) \\(([a-z ]+)\\); its load, "
      "(asked for on demand|a committed prefetch|a speculative prefetch)(?: asked for (\\S+ \\S+) before the "
      "layer needed it)?, began (at once|(\\S+ \\S+) late because there was no room for it: what was "
      "resident "
      "was in use or committed|(\\S+ \\S+) late because (\\d+) loads? stood before it|(\\S+ \\S+) after it "
      "was "
      "asked for) and took (\\S+ \\S+?)(?: \\(.*?B/s\\))?; it (?:had never been loaded before|was "
      "evicted(.*))");
  int told = 0;
  for (std::size_t row = 0; row < run_.stalls.size(); ++row) {
    const StallRecord& stall = run_.stalls[row];
    if (!stall.load.valid()) continue;
    const LoadRecord& load = run_.loads[stall.load.value()];
    const std::string text = why_.explain(target(Kind::stall, row)).plain();
    std::smatch said;
    ASSERT_TRUE(std::regex_match(text, said, shape)) << text;
    ++told;
    EXPECT_EQ(said[1], token(stall.step));
    EXPECT_EQ(said[2], std::to_string(stall.layer.value()));
    EXPECT_EQ(said[3], time(stall.begin, stall.end));
    EXPECT_EQ(said[4], expert(load.expert));
    EXPECT_EQ(said[5], spaced(to_text(stall.cause)));
    if (said[7].matched) {
      const EventId event = why_.index().event_of(stall.step, stall.layer);
      EXPECT_EQ(said[7], time(load.requested, run_.events[event.value()].at));
    }
    const bool late = load.started > load.requested;
    EXPECT_EQ(said[8] == "at once", !late) << text;
    EXPECT_EQ(said[9].matched, late && stall.cause == StallCause::no_room) << text;
    for (const int group : {9, 10, 12}) {
      if (said[group].matched) {
        EXPECT_EQ(said[group], time(load.requested, load.started));
      }
    }
    if (said[11].matched) {
      EXPECT_EQ(said[11], std::to_string(load.queued_behind));
    }
    EXPECT_EQ(said[13], time(load.started, load.arrived));
    EXPECT_EQ(said[14].matched, load.previous_eviction.valid());
    if (said[14].matched) {
      EXPECT_EQ(said[14], eviction(run_.evictions[load.previous_eviction.value()]));
    }
  }
  EXPECT_GT(told, 5);
}

TEST_P(SentenceTest, OfAnEvictionSaysWhatTheRecordSays) {
  for (std::size_t row = 0; row < run_.evictions.size(); ++row) {
    const EvictionRecord& record = run_.evictions[row];
    std::string expected = expert(record.expert) + " was evicted" + eviction(record) + "; it left in " +
                           place(record.at_event) + "; last used by " + place(record.last_used);
    for (std::size_t l = 0; l < run_.loads.size(); ++l) {
      if (run_.loads[l].previous_eviction != EvictionId(static_cast<std::uint32_t>(row))) continue;
      expected += "; load " + std::to_string(l) + " brought it back";
      const auto stall = std::find_if(run_.stalls.begin(), run_.stalls.end(), [l](const StallRecord& s) {
        return s.load == LoadId(static_cast<std::uint32_t>(l));
      });
      if (stall != run_.stalls.end()) {
        expected += ", for which " + token(stall->step) + ", layer " + std::to_string(stall->layer.value()) +
                    " waited " + time(stall->begin, stall->end);
      }
      break;
    }
    EXPECT_EQ(why_.explain(target(Kind::eviction, row)).plain(), expected);
  }
}

TEST_P(SentenceTest, OfALoadSaysWhatTheRecordSays) {
  for (std::size_t row = 0; row < run_.loads.size(); ++row) {
    const LoadRecord& load = run_.loads[row];
    const std::string text = why_.explain(target(Kind::load, row)).plain();
    const auto says = [&text](const std::string& part) {
      EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" in: " << text;
    };
    says("load " + std::to_string(row) + " of " + expert(load.expert) + ", " + to_text(load.bytes));
    says(" at " + clock_text(load.requested));
    says(" and took " + time(load.requested < load.started ? load.started : load.requested, load.arrived));
    says("arriving at " + clock_text(load.arrived));
    says("first used by " + place(load.first_use));
    EXPECT_EQ(text.find("a lookup asked for it before it was there") != std::string::npos, load.adopted);
    Duration waited;
    for (const StallRecord& stall : run_.stalls) {
      if (stall.load == LoadId(static_cast<std::uint32_t>(row))) waited += stall.end - stall.begin;
    }
    EXPECT_EQ(text.find("its arrival ended") != std::string::npos, waited != Duration());
    if (waited != Duration()) says("its arrival ended " + to_text(waited) + " of waiting");
  }
}

TEST_P(SentenceTest, OfAnExpertSumsUpItsLife) {
  for (std::uint32_t row = 0; row < table_.size(); ++row) {
    const ExpertId id(row);
    const auto of = [id](const auto& r) { return r.expert == id; };
    const auto lookups = std::count_if(run_.lookups.begin(), run_.lookups.end(), of);
    const auto loads = std::count_if(run_.loads.begin(), run_.loads.end(), of);
    const auto evictions = std::count_if(run_.evictions.begin(), run_.evictions.end(), of);
    Duration waited;
    for (const StallRecord& stall : run_.stalls) {
      if (stall.load.valid() && run_.loads[stall.load.value()].expert == id)
        waited += stall.end - stall.begin;
    }
    const std::string text = why_.explain(target(Kind::expert, row)).plain();
    for (const std::string& part :
         {expert(id), counted(lookups, "lookup", "lookups"), counted(loads, "load", "loads"),
          counted(evictions, "eviction", "evictions"), to_text(table_.bytes(id) * loads) + " read",
          waited == Duration() ? std::string("no wait") : to_text(waited) + " of waiting"}) {
      EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" in: " << text;
    }
  }
}

TEST_P(SentenceTest, TheChainGoesFromTheStallToItsCauses) {
  for (std::size_t row = 0; row < run_.stalls.size(); ++row) {
    const std::vector<Target> chain = why_.explain(target(Kind::stall, row)).chain;
    EXPECT_EQ(chain.front(), target(Kind::stall, row));
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
      const Target &effect = chain[i], &cause = chain[i + 1];
      if (effect.kind == Kind::stall) {
        EXPECT_EQ(cause, target(Kind::load, run_.stalls[effect.row].load.value()));
      } else if (effect.kind == Kind::load) {
        EXPECT_EQ(cause, target(Kind::eviction, run_.loads[effect.row].previous_eviction.value()));
      } else {
        ASSERT_EQ(effect.kind, Kind::eviction);
        EXPECT_EQ(cause, target(Kind::load, run_.evictions[effect.row].by_load.value()));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SentenceTest, testing::Range<std::uint64_t>(1, 9));

// The example of the viewer's description.
RunRecord example() {
  RunRecord run;
  run.model = fixtures::small_model();
  run.header.scenario_text = "policy { eviction: \"lfu\" }\n";
  const ExpertTable table(run.model);
  for (int i = 0; i <= 5; ++i) {
    run.steps.push_back({.position = i,
                         .begin = SimTime::at_ps(i * 50'000'000'000),
                         .end = SimTime::at_ps((i + 1) * 50'000'000'000)});
  }
  run.events = {{.step = 1, .layer = LayerId(1), .at = SimTime::at_ps(88'000'000'000)},
                {.step = 3, .layer = LayerId(3), .at = SimTime::at_ps(160'000'000'000)}};
  run.loads = {{.expert = table.id(BankId(0), 4), .state = LoadEnd::arrived, .first_use = EventId(0)},
               {.expert = table.id(BankId(1), 12),
                .bytes = Bytes(7'750'000),
                .reload = true,
                .state = LoadEnd::arrived,
                .step = 3,
                .layer = LayerId(3),
                .queued_behind = 4,
                .requested = SimTime::at_ps(160'000'000'000),
                .started = SimTime::at_ps(160'800'000'000),
                .arrived = SimTime::at_ps(163'100'000'000),
                .first_use = EventId(1),
                .previous_eviction = EvictionId(0)}};
  run.evictions = {{.expert = table.id(BankId(1), 12),
                    .by_load = LoadId(0),
                    .at = SimTime::at_ps(88'200'000'000),
                    .at_event = EventId(0),
                    .last_used = {},
                    .score = 2,
                    .opt_keeps = true,
                    .next_use = EventId(1)}};
  run.stalls = {{.step = 3,
                 .layer = LayerId(3),
                 .begin = SimTime::at_ps(160'000'000'000),
                 .end = SimTime::at_ps(163'100'000'000),
                 .cause = StallCause::policy,
                 .load = LoadId(1)}};
  return run;
}

TEST(Explanation, OfAStallIsTheSentenceThatPeopleExpect) {
  const RunRecord run = example();
  const Explanation text = Explainer(run).explain(target(Kind::stall, 0));
  EXPECT_EQ(
      text.plain(),
      "token 3, layer 3 waited 3.10 ms for expert 12 of bank 1 (policy); its load, asked for on demand, "
      "began 800 us late because 4 loads stood before it and took 2.30 ms (3.37 GB/s); it was evicted "
      "at 88.200 ms by expert 4 of bank 0 (lfu: used 2 times), next use 2 tokens away; OPT would have "
      "kept it");
  EXPECT_THAT(text.chain, ElementsAre(target(Kind::stall, 0), target(Kind::load, 1),
                                      target(Kind::eviction, 0), target(Kind::load, 0)));
  std::vector<Target> links;
  for (const TextRun& part : text.runs) {
    if (part.target.kind != Kind::none) links.push_back(part.target);
  }
  const ExpertId expert = ExpertTable(run.model).id(BankId(1), 12);
  EXPECT_THAT(links, ElementsAre(target(Kind::step, 3), target(Kind::event, 1), target(Kind::stall, 0),
                                 target(Kind::expert, expert.value()), target(Kind::load, 1),
                                 target(Kind::eviction, 0), target(Kind::load, 0), target(Kind::event, 1)));
}

TEST(Explanation, KnowsItsPlaceInTheChain) {
  const RunRecord run = example();
  const Explainer why(run);
  const std::vector<Target> chain = why.explain(target(Kind::stall, 0)).chain;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (chain[i] == target(Kind::load, 0))
      continue;  // its effects on record are none: it begins its own chain
    const Explanation text = why.explain(chain[i]);
    EXPECT_EQ(text.chain, chain);
    EXPECT_EQ(text.here, i);
  }
}

TEST(Explanation, NamesEachCause) {
  RunRecord run = example();
  for (std::size_t cause = 0; cause < kStallCauses; ++cause) {
    run.stalls[0].cause = static_cast<StallCause>(cause);
    const std::string text = Explainer(run).explain(target(Kind::stall, 0)).plain();
    EXPECT_NE(text.find(" (" + spaced(to_text(run.stalls[0].cause)) + "); its load"), std::string::npos)
        << text;
  }
}

TEST(Explanation, OfALoadWithoutEndSaysHowFarItCame) {
  RunRecord run = example();
  run.loads[1].state = LoadEnd::unfinished;
  EXPECT_THAT(Explainer(run).explain(target(Kind::load, 1)).plain(),
              testing::HasSubstr("and was still being read when the run ended"));
  run.loads[1].state = LoadEnd::never_started;
  EXPECT_THAT(Explainer(run).explain(target(Kind::load, 1)).plain(),
              testing::HasSubstr("had not begun when the run ended, behind 4 loads"));
  run.loads[1].state = LoadEnd::cancelled;
  EXPECT_THAT(Explainer(run).explain(target(Kind::load, 1)).plain(),
              testing::HasSubstr("was withdrawn before it began"));
}

TEST(Explanation, SaysWhenAPrefetchThatNobodyUsedTookTheRoom) {
  RunRecord run = example();
  run.stalls[0].cause = StallCause::pollution;
  run.loads[0].purpose = Purpose::speculative;
  run.loads[0].first_use = {};
  EXPECT_THAT(Explainer(run).explain(target(Kind::stall, 0)).plain(),
              testing::HasSubstr("by expert 4 of bank 0, a prefetch that was never used (lfu"));
}

TEST(Explanation, DoesNotNameAPolicyThatTheRunDoesNotTell) {
  RunRecord run = example();
  run.header.scenario_text = "no scenario {";
  EXPECT_THAT(Explainer(run).explain(target(Kind::stall, 0)).plain(),
              testing::HasSubstr("by expert 4 of bank 0, next use 2 tokens away"));
}

TEST(Explanation, ARingOfCausesEnds) {
  RunRecord run = example();
  run.loads[0].previous_eviction = EvictionId(0);
  const Explanation text = Explainer(run).explain(target(Kind::load, 0));
  EXPECT_LE(text.chain.size(), 4U);
  EXPECT_EQ(text.chain[text.here], target(Kind::load, 0));
}

TEST(Explanation, OfACellIsOfThatLayerAlone) {
  const RunRecord run = random_life(3);
  const Explainer why(run);
  const ExpertId expert = run.lookups.front().expert;
  std::int64_t in_layers = 0;
  for (std::uint32_t layer = 0; layer < run.model.layers.size(); ++layer) {
    const auto count = std::count_if(run.lookups.begin(), run.lookups.end(), [&](const LookupRecord& l) {
      return l.expert == expert && run.events[l.event.value()].layer == LayerId(layer);
    });
    in_layers += count;
    EXPECT_THAT(why.explain_cell(LayerId(layer), expert).plain(),
                testing::HasSubstr(" used it: " + counted(count, "lookup", "lookups")));
  }
  EXPECT_GT(in_layers, 0);
}

}  // namespace
}  // namespace pregate
