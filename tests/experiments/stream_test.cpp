// SPDX-License-Identifier: Apache-2.0
// Experts streamed from a real file beside the same model with all of them in memory, and beside the
// simulator: the same tokens, the same counts; and a clean end where something goes wrong.
#include "experiments/stream/stream_run.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "experiments/catalogue.hpp"
#include "models/compute.hpp"
#include "models/packed_shape.hpp"
#include "sim/simulator.hpp"
#include "tests/experiments/command_runner.hpp"
#include "tests/models/faulty_reader.hpp"
#include "traces/replay.hpp"

namespace pregate {
namespace {

using test::Folder;
using testing::HasSubstr;

// Two banks of twelve experts, shared by three layers each, behind a dense layer.
ModelSpec tiny_spec() {
  ModelSpec spec;
  spec.name = "tiny";
  spec.hidden = 64;
  spec.layers = 7;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 16;
  spec.dense_layers = 1;
  spec.dense_width = 96;
  spec.group = 3;
  spec.experts = 12;
  spec.expert_width = 64;
  spec.top_k = 3;
  spec.shared_width = 64;
  spec.vocabulary = 97;
  spec.pre_gate = true;
  spec.scoring = Scoring::sigmoid;
  spec.context = 64;
  return spec;
}

// The model with and without its routed experts, and the file that has them.
struct World {
  explicit World(const Folder& folder, ModelSpec model = tiny_spec())
      : spec(std::move(model)),
        file(folder.file("tiny.experts")),
        whole(drawn(spec, true)),
        dense(drawn(spec, false)),
        layout(spec, Precision::int8) {
    // So small a model is fastest on one thread, above all beside other tests, whose threads it would wait
    // for.
    use_threads(1);
    const Status packed =
        pack_random(spec, 7, file, {.precision = Precision::int8, .progress = {}, .stop = {}});
    EXPECT_TRUE(packed.ok()) << packed.error().message();
    pack = *read_expert_pack(file);
  }
  static Weights drawn(const ModelSpec& spec, bool routed) {
    Result<Weights> weights =
        Weights::random(spec, 7, {.precision = Precision::int8, .progress = {}, .routed_experts = routed});
    EXPECT_TRUE(weights.ok());
    return std::move(*weights);
  }
  [[nodiscard]] StreamedModel streamed() const { return {dense, layout, pack, file}; }
  [[nodiscard]] Bytes experts(std::int64_t count) const { return pack.stride * count; }

  ModelSpec spec;
  std::string file;
  Weights whole, dense;
  ExpertLayout layout;
  ExpertPack pack;
};

LiveOptions prompt(std::int64_t tokens = 12) {
  LiveOptions live;
  live.prompt = {5, 9, 2};
  live.max_tokens = tokens;
  return live;
}

Scenario scenario(Bytes budget, const std::vector<std::string>& assignments = {}) {
  ScenarioDocument document;
  EXPECT_TRUE(document.set("device.id=oneplus-15r"));
  EXPECT_TRUE(document.set("runtime.room=request"));
  EXPECT_TRUE(document.set(fmt::format("dram.expert_budget={}B", budget.count())));
  for (const std::string& assignment : assignments) EXPECT_TRUE(document.set(assignment)) << assignment;
  Result<Scenario> resolved = document.resolve(ShippedCatalogue());
  EXPECT_TRUE(resolved.ok()) << (resolved.ok() ? "" : resolved.error().message());
  return std::move(*resolved);
}

struct Resident {
  std::vector<std::int32_t> tokens;
  std::shared_ptr<const RouteTrace> routing;
};

// Everything in memory, by the way that knows no disk.
Resident resident(const World& world, LiveOptions live) {
  RouteHeader header;
  header.model = packed_shape(world.dense, world.pack.stride);
  const Result<std::unique_ptr<LiveForward>> source =
      LiveForward::create(world.whole, header, std::move(live));
  while (*(*source)->next_step()) {
  }
  return {(*source)->generated(), (*source)->recorded()};
}

StreamResult must_stream(const World& world, const Scenario& scenario, LiveOptions live = prompt(),
                         const StreamOptions& options = {}) {
  Result<StreamResult> result = stream_run(world.streamed(), scenario, std::move(live), options);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return std::move(*result);
}

std::string error_of(const World& world, const Scenario& scenario, const StreamOptions& options = {},
                     LiveOptions live = prompt()) {
  const Result<StreamResult> result = stream_run(world.streamed(), scenario, std::move(live), options);
  return result.ok() ? "no error" : result.error().message();
}

// What both worlds count; prefetches in time and late are one.
std::vector<std::int64_t> counts_of(const RunRecord& run) {
  const auto of = [](const PhaseSummary& p) {
    const auto outcome = [&p](Outcome o) { return p.outcomes[static_cast<std::size_t>(o)]; };
    return std::vector<std::int64_t>{p.lookups,
                                     outcome(Outcome::resident_hit),
                                     outcome(Outcome::prefetch_hit) + outcome(Outcome::late_prefetch),
                                     outcome(Outcome::miss),
                                     p.loads,
                                     p.reloads,
                                     p.evictions,
                                     p.bytes_read.count()};
  };
  std::vector<std::int64_t> counts = of(run.summary.all);
  const std::vector<std::int64_t> decode = of(run.summary.decode);
  counts.insert(counts.end(), decode.begin(), decode.end());
  for (const EvictionRecord& eviction : run.evictions) counts.push_back(eviction.expert.value());
  return counts;
}

// Not only the tokens: what routers scored and how much experts added, to the last bit.
void expect_same_numbers(const RouteTrace& a, const RouteTrace& b) {
  ASSERT_EQ(a.steps.size(), b.steps.size());
  for (std::size_t s = 0; s < a.steps.size(); ++s) {
    EXPECT_EQ(a.steps[s].experts, b.steps[s].experts) << "step " << s;
    EXPECT_EQ(a.steps[s].weights, b.steps[s].weights) << "step " << s;
    EXPECT_EQ(a.steps[s].norms, b.steps[s].norms) << "step " << s;
  }
}

TEST(Stream, EveryPolicyBudgetAndLaneGivesTheTokensOfTheResidentRun_AndTheCountsOfTheSimulator) {
  const Folder folder;
  const World world(folder);
  const Resident whole = resident(world, prompt());
  std::int64_t loads = 0;
  for (const char* eviction : {"lru", "lfu", "least-stale", "random", "layer-lru", "belady", "none"}) {
    for (const char* prefetch : {"none", "pregate"}) {
      for (const std::int64_t experts : {18, 24}) {
        SCOPED_TRACE(fmt::format("{}, {}, {} experts", eviction, prefetch, experts));
        const Scenario of =
            scenario(world.experts(experts), {fmt::format("policy.eviction={}", eviction),
                                              fmt::format("policy.prefetch={}", prefetch),
                                              fmt::format("runtime.io_lanes={}", 1 + loads % 4)});
        StreamOptions options;
        options.future = whole.routing.get();
        const StreamResult streamed = must_stream(world, of, prompt(), options);
        EXPECT_EQ(streamed.tokens, whole.tokens);
        expect_same_numbers(*streamed.routing, *whole.routing);
        Replay replay(whole.routing);
        const Result<RunRecord> simulated = simulate(of, replay);
        ASSERT_TRUE(simulated.ok()) << simulated.error().message();
        EXPECT_EQ(counts_of(streamed.run), counts_of(*simulated));
        loads += streamed.run.summary.all.loads;
      }
    }
  }
  EXPECT_GT(loads, 500);
}

// Guesses are asked for and dropped as the disk is quick or slow, so counts are not the simulator's; tokens
// are the model's all the same.
TEST(Stream, NoGuessOfAPrefetcherChangesAToken) {
  const Folder folder;
  const World world(folder);
  const Resident whole = resident(world, prompt());
  for (const char* prefetch : {"prev-token", "popularity", "oracle"}) {
    SCOPED_TRACE(prefetch);
    StreamOptions options;
    options.future = whole.routing.get();
    const Scenario of = scenario(world.experts(16), {fmt::format("policy.prefetch={}", prefetch)});
    const StreamResult streamed = must_stream(world, of, prompt(), options);
    EXPECT_EQ(streamed.tokens, whole.tokens);
    EXPECT_GT(streamed.run.summary.prefetch.issued, 0);
  }
}

TEST(Stream, RoutingMayPreferWhatIsResident_OnARealDiskToo) {
  const Folder folder;
  const World world(folder);
  LiveOptions live = prompt();
  live.prefer_resident = 2;
  const StreamResult sticky = must_stream(world, scenario(world.experts(10)), live);
  EXPECT_LT(sticky.run.summary.all.loads,
            must_stream(world, scenario(world.experts(10))).run.summary.all.loads);
}

TEST(Stream, ABatchOfManyRowsSumsItsExpertsInTheOneOrderToo) {
  const Folder folder;
  const World world(folder);
  LiveOptions live = prompt(3);
  for (std::int32_t t = 0; t < 40; ++t) live.prompt.push_back(t * 7 % 97);
  const StreamResult streamed = must_stream(world, scenario(world.experts(14)), live);
  const Resident whole = resident(world, live);
  EXPECT_EQ(streamed.tokens, whole.tokens);
  expect_same_numbers(*streamed.routing, *whole.routing);
}

TEST(Stream, BothEnginesAndNoOverlapGiveTheSameTokensAndCounts) {
  const Folder folder;
  const World world(folder);
  const StreamResult first = must_stream(world, scenario(world.experts(10)));
  for (const DiskReader::Engine engine : {DiskReader::Engine::uring, DiskReader::Engine::threads}) {
    StreamOptions options;
    options.engine = engine;
    const StreamResult other =
        must_stream(world, scenario(world.experts(10), {"runtime.overlap=false"}), prompt(), options);
    EXPECT_EQ(other.tokens, first.tokens);
    EXPECT_EQ(counts_of(other.run), counts_of(first.run));
    EXPECT_EQ(other.engine, engine);
  }
}

TEST(Stream, ChoicesOfATraceAreTakenStepForStep) {
  const Folder folder;
  const World world(folder);
  const Resident own = resident(world, prompt());
  LiveOptions live = prompt();
  live.choices = own.routing;
  live.prompt = {1};
  const StreamResult forced = must_stream(world, scenario(world.experts(10)), live);
  EXPECT_EQ(forced.tokens, resident(world, live).tokens);
  for (std::size_t s = 1; s < own.routing->steps.size(); ++s) {
    const auto sorted = [](std::vector<std::uint16_t> experts) {
      for (auto it = experts.begin(); it != experts.end(); it += 3) std::sort(it, it + 3);
      return experts;
    };
    EXPECT_EQ(sorted(forced.routing->steps[s].experts), sorted(own.routing->steps[s].experts)) << s;
  }
}

TEST(Stream, TheTimelineIsAPartitionOfMeasuredTime) {
  const Folder folder;
  const World world(folder);
  const RunRecord run = must_stream(world, scenario(world.experts(10), {"policy.prefetch=pregate"})).run;
  EXPECT_TRUE(run.header.measured);
  EXPECT_TRUE(validate_run(run).ok());
  const PhaseSummary& all = run.summary.all;
  EXPECT_EQ(all.compute + all.dram_contention + all.management + all.stall, all.makespan);
  EXPECT_EQ(run.steps.front().begin, SimTime());
  for (std::size_t s = 1; s < run.steps.size(); ++s) EXPECT_EQ(run.steps[s].begin, run.steps[s - 1].end);
  std::vector<std::pair<SimTime, SimTime>> slices;
  for (const auto& r : run.operators) slices.emplace_back(r.begin, r.end);
  for (const auto& r : run.management) slices.emplace_back(r.begin, r.end);
  for (const auto& r : run.stalls) slices.emplace_back(r.begin, r.end);
  std::sort(slices.begin(), slices.end());
  SimTime now;
  for (const auto& [begin, end] : slices) {
    EXPECT_EQ(begin, now);
    now = end;
  }
  EXPECT_EQ(now, run.steps.back().end);
}

TEST(Stream, PreloadedExpertsAreNeverLoaded) {
  const Folder folder;
  const World world(folder);
  const StreamResult warm = must_stream(world, scenario(world.experts(24), {"dram.preload=all"}));
  EXPECT_EQ(warm.tokens, resident(world, prompt()).tokens);
  EXPECT_EQ(warm.run.summary.all.loads, 0);
}

TEST(Stream, ABudgetBelowOneEventIsRefusedAndSaysSo) {
  const Folder folder;
  const World world(folder);
  EXPECT_THAT(error_of(world, scenario(world.experts(2))),
              HasSubstr("dram.expert_budget: expected room for all"));
  const Resident whole = resident(world, prompt());
  StreamOptions known;
  known.future = whole.routing.get();
  EXPECT_THAT(error_of(world, scenario(world.experts(2)), known),
              HasSubstr("dram.expert_budget: expected at least"));
}

// ---- faults ----

StreamOptions with_fault(Fault::What what, std::int64_t request) {
  StreamOptions options;
  options.open_disk = [what, request](
                          const std::string& path,
                          const DiskReader::Options& disk) -> Result<std::unique_ptr<DiskReader>> {
    Result<std::unique_ptr<DiskReader>> real = DiskReader::open(path, disk);
    if (!real) return real;
    return std::unique_ptr<DiskReader>(std::make_unique<FaultyReader>(
        std::move(*real), std::vector<Fault>{{.request = request, .what = what}}));
  };
  return options;
}

TEST(StreamFault, AReadErrorOrAShortReadEndsTheRunAtItsPlace_AndNoTokenComesAfterIt) {
  const Folder folder;
  const World world(folder);
  for (const Fault::What what : {Fault::error, Fault::short_read}) {
    StreamOptions options = with_fault(what, 25);
    std::int64_t steps = 0;
    options.progress = [&steps](std::int64_t done) {
      steps = done;
      return true;
    };
    const Result<StreamResult> result =
        stream_run(world.streamed(), scenario(world.experts(10)), prompt(), options);
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message(), AllOf(HasSubstr("step "), HasSubstr("byte ")));
    EXPECT_LT(steps, 11);
  }
}

TEST(StreamFault, ABlockThatWasChangedSincePackingIsNamed) {
  const Folder folder;
  const World world(folder);
  {
    std::fstream file(world.file, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(world.pack.offset(1, 4).count() + 100);
    const char changed = static_cast<char>(file.peek() ^ 0x20);
    file.seekp(world.pack.offset(1, 4).count() + 100);
    file.put(changed);
  }
  EXPECT_THAT(
      error_of(world, scenario(world.experts(24), {"dram.preload=all"})),
      AllOf(HasSubstr(world.file), HasSubstr("bank 1, expert 4"), HasSubstr("changed since it was packed")));
}

TEST(StreamFault, AFileThatIsCutWhileItIsStreamedEndsTheRun) {
  const Folder folder;
  const World world(folder);
  StreamOptions options;
  options.progress = [&world](std::int64_t done) {
    if (done == 2)
      std::filesystem::resize_file(world.file, static_cast<std::uintmax_t>(world.pack.first.count()));
    return true;
  };
  EXPECT_THAT(error_of(world, scenario(world.experts(10)), options), HasSubstr(world.file));
}

TEST(StreamFault, SlowReadsChangeTimesAndNothingElse) {
  const Folder folder;
  const World world(folder);
  const StreamResult quick = must_stream(world, scenario(world.experts(10), {"policy.prefetch=pregate"}));
  StreamOptions options;
  options.open_disk = [](const std::string& path,
                         const DiskReader::Options& disk) -> Result<std::unique_ptr<DiskReader>> {
    Result<std::unique_ptr<DiskReader>> real = DiskReader::open(path, disk);
    if (!real) return real;
    std::vector<Fault> faults;
    for (std::int64_t i = 0; i < 200; i += 3)
      faults.push_back({.request = i, .what = Fault::delay, .by = std::chrono::milliseconds(1 + i % 5)});
    return std::unique_ptr<DiskReader>(std::make_unique<FaultyReader>(std::move(*real), std::move(faults)));
  };
  const StreamResult slow =
      must_stream(world, scenario(world.experts(10), {"policy.prefetch=pregate"}), prompt(), options);
  EXPECT_EQ(slow.tokens, quick.tokens);
  EXPECT_EQ(counts_of(slow.run), counts_of(quick.run));
}

TEST(StreamFault, AStopEndsTheRunBetweenSteps) {
  const Folder folder;
  const World world(folder);
  StreamOptions options;
  options.progress = [](std::int64_t done) { return done < 3; };
  EXPECT_THAT(error_of(world, scenario(world.experts(10)), options), HasSubstr("stopped after 3 steps"));
}

}  // namespace
}  // namespace pregate
