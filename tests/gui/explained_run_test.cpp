// SPDX-License-Identifier: Apache-2.0
// Explanations and the search on a run that the simulator recorded.
#include <gmock/gmock.h>

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <algorithm>

#include "gui/scene/explanation.hpp"
#include "gui/scene/search.hpp"
#include "tests/gui/real_files.hpp"
#include "tests/scene/target_rows.hpp"
#include "traces/eviction_score.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

using testing::HasSubstr;
using Kind = Target::Kind;

struct Recorded {
  RunRecord run;
  QJsonObject json;
};

// With a small budget and guesses that may be wrong: all kinds of stalls.
const Recorded& recorded() {
  static const Recorded kRecorded = [] {
    Recorded out;
    const QString path = test::scratch_path("explained.run");
    QStringList arguments{"run", "synthetic", "--json", "--no-baseline", "--out", path};
    for (const char* set : {"workload.synthetic.prompt_tokens=4", "workload.synthetic.decode_tokens=30",
                            "policy.prefetch=prev-token", "policy.eviction=lfu", "dram.expert_budget=900MiB"})
      arguments << "--set" << set;
    out.json = QJsonDocument::fromJson(test::run_command(arguments)).object();
    Result<RunRecord> run = read_run(path.toStdString());
    EXPECT_TRUE(run.ok()) << run.error().message();
    out.run = std::move(*run);
    return out;
  }();
  return kRecorded;
}

using fixtures::rows_of;

TEST(ExplainedRun, EveryStallLoadAndEvictionHasASentenceWhoseLinksLeadSomewhere) {
  const RunRecord& run = recorded().run;
  const Explainer why(run);
  ASSERT_GT(run.stalls.size(), 100U);
  ASSERT_GT(run.evictions.size(), 100U);
  for (const Kind kind :
       {Kind::stall, Kind::load, Kind::eviction, Kind::lookup, Kind::event, Kind::management}) {
    for (std::size_t row = 0; row < rows_of(run, kind); ++row) {
      const Explanation text = why.explain({.kind = kind, .row = row});
      ASSERT_FALSE(text.empty());
      for (const TextRun& part : text.runs) {
        if (part.target.kind != Kind::none) {
          ASSERT_LT(part.target.row, rows_of(run, part.target.kind));
        }
      }
    }
  }
}

// Causes are old before they work: along the chain, time goes back.
TEST(ExplainedRun, TheChainOfAStallGoesBackInTime) {
  const RunRecord& run = recorded().run;
  const Explainer why(run);
  std::size_t longest = 0;
  for (std::size_t row = 0; row < run.stalls.size(); ++row) {
    const std::vector<Target> chain = why.explain({.kind = Kind::stall, .row = row}).chain;
    longest = std::max(longest, chain.size());
    SimTime before = run.stalls[row].end;
    for (std::size_t i = 1; i < chain.size(); ++i) {
      const SimTime at =
          chain[i].kind == Kind::load ? run.loads[chain[i].row].requested : run.evictions[chain[i].row].at;
      ASSERT_LE(at, before);
      before = at;
    }
  }
  EXPECT_GT(longest, 4U);
}

TEST(ExplainedRun, AStallSaysWhatItsRecordSays) {
  const RunRecord& run = recorded().run;
  const Explainer why(run);
  for (std::size_t row = 0; row < run.stalls.size(); ++row) {
    const StallRecord& stall = run.stalls[row];
    const LoadRecord& load = run.loads[stall.load.value()];
    const std::string text = why.explain({.kind = Kind::stall, .row = row}).plain();
    ASSERT_THAT(text, HasSubstr(" waited " + to_text(stall.end - stall.begin) + " for " +
                                why.names().expert(load.expert) + " (" + spaced(to_text(stall.cause)) + ")"));
    if (load.previous_eviction.valid()) {
      const EvictionRecord& eviction = run.evictions[load.previous_eviction.value()];
      ASSERT_THAT(text, HasSubstr("it was evicted at " + clock_text(eviction.at)));
      ASSERT_THAT(text, HasSubstr(explain(EvictionKind::lfu, eviction.score)));
      ASSERT_EQ(text.find("OPT would have kept it") != std::string::npos, eviction.opt_keeps);
    } else {
      ASSERT_THAT(text, HasSubstr("it had never been loaded before"));
    }
  }
}

// The command says in its own words what the longest stall of each cause waited for.
TEST(ExplainedRun, TheLongestStallsAreTheCommands) {
  const RunRecord& run = recorded().run;
  const Explainer why(run);
  for (const QJsonValue value : recorded().json["stalls"].toArray()) {
    const std::string cause = value.toObject()["cause"].toString().toStdString();
    const std::string told = value.toObject()["longest"].toString().toStdString();
    const std::vector<Target> stalls = search(run, why.names(), *parse_query("cause:" + cause));
    const auto longest =
        std::max_element(stalls.begin(), stalls.end(), [&](const Target& a, const Target& b) {
          return run.stalls[a.row].end - run.stalls[a.row].begin <
                 run.stalls[b.row].end - run.stalls[b.row].begin;
        });
    ASSERT_NE(longest, stalls.end()) << cause;
    const StallRecord& stall = run.stalls[longest->row];
    const LoadRecord& load = run.loads[stall.load.value()];
    EXPECT_THAT(told, HasSubstr("step " + std::to_string(stall.step) + ", layer " +
                                std::to_string(stall.layer.value())));
    EXPECT_THAT(told, HasSubstr("waited for " + why.names().expert(load.expert)));
    EXPECT_THAT(why.explain(*longest).plain(), HasSubstr("for " + why.names().expert(load.expert)));
  }
}

TEST(ExplainedRun, SearchFindsAllStallsOfACauseInOrder) {
  const RunRecord& run = recorded().run;
  const RunNames names(run);
  std::size_t all = 0;
  for (const QJsonValue value : recorded().json["stalls"].toArray()) {
    const std::string cause = value.toObject()["cause"].toString().toStdString();
    const std::vector<Target> found = search(run, names, *parse_query("cause:" + cause));
    EXPECT_EQ(found.size(), static_cast<std::size_t>(value.toObject()["count"].toInteger()));
    EXPECT_TRUE(std::is_sorted(found.begin(), found.end(), [&](const Target& a, const Target& b) {
      return run.stalls[a.row].begin < run.stalls[b.row].begin;
    }));
    all += found.size();
  }
  EXPECT_EQ(all, run.stalls.size());
}

}  // namespace
}  // namespace pregate
