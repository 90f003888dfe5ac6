// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scene/random_life.hpp"
#include "tests/traces/random_run.hpp"

namespace pregate {
namespace {

using fixtures::random_life;
using fixtures::random_run;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = Target::Kind;

SearchQuery query(std::string_view text) {
  Result<SearchQuery> out = parse_query(text);
  EXPECT_TRUE(out.ok()) << text << ": " << out.error().message();
  return out ? *out : SearchQuery();
}

std::vector<Target> find(const RunRecord& run, std::string_view text) {
  return search(run, RunNames(run), query(text));
}

ValueSet kinds(std::initializer_list<SearchKind> list) {
  ValueSet out = 0;
  for (const SearchKind kind : list) out |= ValueSet{1} << static_cast<unsigned>(kind);
  return out;
}

// ---- what is understood ----

TEST(SearchQuery, ReadsNumbersAndRanges) {
  EXPECT_EQ(query("layer:3").layer, (NumberRange{3, 3}));
  EXPECT_EQ(query("layer:3..7").layer, (NumberRange{3, 7}));
  EXPECT_EQ(query("layer:3..").layer, (NumberRange{3, INT64_MAX}));
  EXPECT_EQ(query("layer:..7").layer, (NumberRange{0, 7}));
  const SearchQuery all = query("  layer:1 expert:2 bank:3\ttoken:4 step:5 ");
  EXPECT_EQ(all.layer->first, 1);
  EXPECT_EQ(all.expert->first, 2);
  EXPECT_EQ(all.bank->first, 3);
  EXPECT_EQ(all.token->first, 4);
  EXPECT_EQ(all.step->first, 5);
}

TEST(SearchQuery, WordsAndKeysMayBeShortened) {
  EXPECT_EQ(query("cause:late").causes, ValueSet{1} << static_cast<unsigned>(StallCause::late_prefetch));
  EXPECT_EQ(query("ca:LATE_P").causes, query("cause:late-prefetch").causes);
  EXPECT_EQ(query("cause:policy,no").causes, ValueSet{0b100100});
  EXPECT_EQ(query("kind:op").kinds, kinds({SearchKind::operation}));
  EXPECT_EQ(query("k:stall,load").kinds, kinds({SearchKind::stall, SearchKind::load}));
  EXPECT_EQ(query("phase:d").phases, ValueSet{2});
  EXPECT_EQ(query("purpose:spec reload:y").purposes, ValueSet{4});
  EXPECT_EQ(query("reload:no").reload, false);
  EXPECT_EQ(query("longer:1ms shorter:2.5s").longer, Duration::ms(1));
  EXPECT_EQ(query("longer:1ms shorter:2.5s").shorter, Duration::ms(2500));
}

TEST(SearchQuery, LooksForWhatCanHaveTheFilters) {
  EXPECT_EQ(query("cause:late").kinds, kinds({SearchKind::stall}));
  EXPECT_EQ(query("purpose:demand").kinds, kinds({SearchKind::load}));
  EXPECT_EQ(query("outcome:late").kinds, kinds({SearchKind::lookup}));
  EXPECT_EQ(query("layer:3").kinds, kinds({SearchKind::stall, SearchKind::load, SearchKind::operation,
                                           SearchKind::eviction, SearchKind::management}));
  EXPECT_EQ(query("expert:3 longer:1ms").kinds,
            kinds({SearchKind::stall, SearchKind::load, SearchKind::operation}));
  EXPECT_EQ(query("attention").kinds, kinds({SearchKind::operation}));
  EXPECT_EQ(query("kind:event layer:2").kinds, kinds({SearchKind::event}));
  EXPECT_TRUE(query("").empty());
  EXPECT_TRUE(query("  \t").empty());
}

struct Wrong {
  const char* text;
  const char* place;
  const char* expected;
};

class WrongQueryTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongQueryTest, IsToldWithItsPlaceAndTheNearestWord) {
  const Result<SearchQuery> out = parse_query(GetParam().text);
  ASSERT_FALSE(out.ok()) << GetParam().text;
  EXPECT_EQ(out.error().place, GetParam().place) << GetParam().text;
  EXPECT_THAT(out.error().message(), HasSubstr(GetParam().expected)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Queries, WrongQueryTest,
    testing::Values(Wrong{"lyer:3", "column 1", "nearest: layer"},
                    Wrong{"layer:3 cause:lat_", "column 15", "nearest: late"},
                    Wrong{"cause:latte", "column 7", "nearest: late"},
                    Wrong{"cause:p", "column 7", "one of policy, pollution"},
                    Wrong{"cause:late,polcy", "column 12", "nearest: policy"},
                    Wrong{"l:3", "column 1", "one of layer, longer"}, Wrong{"layer:", "column 7", "a number"},
                    Wrong{"layer:-1", "column 7", "a number from 0"},
                    Wrong{"layer:3x", "column 7", "a number"},
                    Wrong{"layer:99999999999999999999", "column 7", "a number"},
                    Wrong{"layer:7..3", "column 7", "end is not before"},
                    Wrong{"layer:..", "column 7", "a range"}, Wrong{"layer:3..x", "column 10", "a number"},
                    Wrong{"layer:3 layer:4", "column 9", "each filter once"},
                    Wrong{"longer:fast", "column 8", "a time such as 1ms"},
                    Wrong{"longer:", "column 8", "a time"}, Wrong{"reload:maybe", "column 8", "yes or no"},
                    Wrong{"kind:stalls", "column 6", "nearest: stall"},
                    Wrong{"atention", "column 1", "nearest: attention"},
                    Wrong{"cause:late purpose:demand", "column 12", "that stall can have"},
                    Wrong{"kind:op cause:late", "column 9", "that operator can have"},
                    Wrong{"cause:late kind:op", "column 12", "can have"},
                    Wrong{"\xC3\xA9 ", "column 1", "a word of a name"},
                    Wrong{"layer:1 \xC3\xA9t\xC3\xA9:3 ", "column 9", "a filter"},
                    Wrong{":3", "column 1", "a filter"}, Wrong{"step:1,2", "column 6", "a number"}));

TEST(SearchQuery, AnyTextIsReadOrRefused) {
  Random random(7);
  constexpr std::string_view kBits[] = {"layer", ":",    "..",   "3",     " ",       ",",
                                        "cause", "late", "kind", "stall", "-1",      "ms",
                                        "\n",    "x",    "\xFF", "yes",   "longer:", "9999999999999999999"};
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (std::uint64_t n = random.below(8); n > 0; --n) text += kBits[random.below(std::size(kBits))];
    const Result<SearchQuery> out = parse_query(text);
    if (!out) {
      EXPECT_FALSE(out.error().place.empty()) << text;
    }
  }
}

// ---- what is found ----

// The definition, row by row, with everything looked up from scratch.
class Naive {
 public:
  Naive(const RunRecord& run, const SearchQuery& query) : run_(run), names_(run), query_(query) {}

  std::vector<std::pair<std::int64_t, Target>> find() {
    const auto over = [&](SearchKind kind, Kind target, const auto& rows) {
      if (!in_set(query_.kinds, kind)) return;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto time = fits(rows[i], i);
        if (time) out_.push_back({time->count_ps(), {.kind = target, .row = i}});
      }
    };
    over(SearchKind::stall, Kind::stall, run_.stalls);
    over(SearchKind::load, Kind::load, run_.loads);
    over(SearchKind::operation, Kind::operation, run_.operators);
    over(SearchKind::eviction, Kind::eviction, run_.evictions);
    over(SearchKind::management, Kind::management, run_.management);
    over(SearchKind::lookup, Kind::lookup, run_.lookups);
    over(SearchKind::event, Kind::event, run_.events);
    over(SearchKind::step, Kind::step, run_.steps);
    std::stable_sort(out_.begin(), out_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    return out_;
  }

 private:
  using Time = std::optional<SimTime>;

  bool step(std::int32_t step) {
    const Phase phase = run_.steps[static_cast<std::size_t>(step)].phase;
    if (query_.phases && !in_set(*query_.phases, phase)) return false;
    if (query_.step && !query_.step->holds(step)) return false;
    return !query_.token || (phase == Phase::decode && query_.token->holds(names_.number_of(step)));
  }
  bool place(std::int32_t number, LayerId layer) {
    return step(number) && (!query_.layer || (layer.valid() && query_.layer->holds(layer.value())));
  }
  bool event(EventId id) {
    if (id.valid()) return place(run_.events[id.value()].step, run_.events[id.value()].layer);
    return !query_.layer && !query_.phases && !query_.step && !query_.token;
  }
  bool expert(ExpertId id) {
    if (!query_.expert && !query_.bank) return true;
    if (!id.valid()) return false;
    return (!query_.expert || query_.expert->holds(names_.table().index_in_bank(id))) &&
           (!query_.bank || query_.bank->holds(names_.table().bank(id).value()));
  }
  bool length(SimTime begin, SimTime end) {
    const Duration d = between(begin, end);
    return (!query_.longer || d >= *query_.longer) && (!query_.shorter || d <= *query_.shorter);
  }
  bool named(std::string_view name) {
    return std::all_of(query_.words.begin(), query_.words.end(),
                       [&](const std::string& word) { return name.find(word) != std::string_view::npos; });
  }

  Time fits(const StallRecord& r, std::size_t) {
    if (!place(r.step, r.layer) || !length(r.begin, r.end) || !named(search_name(r))) return {};
    if (query_.causes && !in_set(*query_.causes, r.cause)) return {};
    if (!expert(r.load.valid() ? run_.loads[r.load.value()].expert : ExpertId())) return {};
    return r.begin;
  }
  Time fits(const LoadRecord& r, std::size_t) {
    if (!place(r.step, r.layer) || !named(search_name(r)) || !expert(r.expert)) return {};
    if (query_.purposes && !in_set(*query_.purposes, r.purpose)) return {};
    if (query_.reload && *query_.reload != r.reload) return {};
    if ((query_.longer || query_.shorter) && (r.state != LoadEnd::arrived || !length(r.started, r.arrived)))
      return {};
    return r.requested;
  }
  Time fits(const OperatorRecord& r, std::size_t) {
    const bool all =
        place(r.step, r.layer) && named(search_name(r)) && expert(r.expert) && length(r.begin, r.end);
    return all ? Time(r.begin) : Time();
  }
  Time fits(const EvictionRecord& r, std::size_t) {
    return event(r.at_event) && named("eviction") && expert(r.expert) ? Time(r.at) : Time();
  }
  Time fits(const ManagementRecord& r, std::size_t) {
    return place(r.step, r.layer) && named("cache management") && length(r.begin, r.end) ? Time(r.begin)
                                                                                         : Time();
  }
  Time fits(const LookupRecord& r, std::size_t) {
    if (!event(r.event) || !named(search_name(r)) || !expert(r.expert)) return {};
    if (query_.outcomes && !in_set(*query_.outcomes, r.outcome)) return {};
    return r.event.valid() ? run_.events[r.event.value()].at : SimTime();
  }
  Time fits(const EventRecord& r, std::size_t) {
    return place(r.step, r.layer) && named("event") ? Time(r.at) : Time();
  }
  Time fits(const StepRecord& r, std::size_t number) {
    return step(static_cast<std::int32_t>(number)) && named(search_name(r)) && length(r.begin, r.end)
               ? Time(r.begin)
               : Time();
  }

  const RunRecord& run_;
  RunNames names_;
  const SearchQuery& query_;
  std::vector<std::pair<std::int64_t, Target>> out_;
};

TEST(Search, FindsWhatTheDefinitionFinds_InOrderOfTime) {
  constexpr std::array kTerms = {"layer:1",        "layer:2..3",
                                 "expert:3",       "expert:1..5",
                                 "bank:1",         "token:3..8",
                                 "step:0..4",      "step:2",
                                 "phase:decode",   "phase:prefill",
                                 "cause:late",     "cause:policy",
                                 "purpose:demand", "purpose:spec",
                                 "reload:yes",     "reload:no",
                                 "outcome:miss",   "outcome:late,res",
                                 "longer:300us",   "shorter:600us",
                                 "kind:stall",     "kind:load",
                                 "kind:op,stall",  "kind:event",
                                 "kind:step",      "kind:lookup",
                                 "kind:eviction",  "routed",
                                 "prefetch",       "late",
                                 "management",     "policy",
                                 "load",           "e"};
  Random random(11);
  std::size_t asked = 0, found_some = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const RunRecord run = seed % 2 == 0 ? random_run(seed, 60) : random_life(seed);
    const RunNames names(run);
    for (int i = 0; i < 400; ++i) {
      std::string text;
      for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
        text += kTerms[random.below(kTerms.size())];
        text += ' ';
      }
      const Result<SearchQuery> query = parse_query(text);
      if (!query) continue;
      ++asked;
      std::vector<Target> expected;
      for (const auto& [time, target] : Naive(run, *query).find()) expected.push_back(target);
      const std::vector<Target> found = search(run, names, *query);
      ASSERT_EQ(found, expected) << text;
      found_some += found.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(asked, 800U);
  EXPECT_GT(found_some, 300U);
}

TEST(Search, OfNothingFindsNothing) {
  EXPECT_THAT(find(random_life(1), ""), IsEmpty());
}

TEST(Search, AWordFindsAllThatHaveItInTheirName) {
  const RunRecord run = random_life(2);
  const auto attention =
      std::count_if(run.operators.begin(), run.operators.end(),
                    [](const OperatorRecord& op) { return op.kind == OperatorKind::attention; });
  EXPECT_EQ(find(run, "ATTENTION").size(), static_cast<std::size_t>(attention));
  EXPECT_EQ(find(run, "attention late").size(), 0U);
  EXPECT_EQ(find(run, "stall").size(), run.stalls.size());
}

}  // namespace
}  // namespace pregate
