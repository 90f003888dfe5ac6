// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "experiments/validation/fields.hpp"
#include "experiments/validation/report.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

// Sums of four stay below 2^63.
constexpr std::int64_t kMost = std::int64_t{1} << 60;
constexpr std::size_t kLongestText = 4096;
constexpr double kGreatestNumber = 1e15;
// A budget may hold more than every routed expert, but no nonsense.
constexpr double kGreatestShare = 10;
constexpr std::int32_t kMostLanes = 65536;

class Checker {
 public:
  explicit Checker(std::string place) : place_(std::move(place)) {}

  void operator()(std::string_view key, std::int64_t value) { whole(key, value, 0); }
  // -1: a run that never thrashes.
  void operator()(std::string_view key, std::int32_t value) { whole(key, value, -1); }
  void operator()(std::string_view key, Duration value) { whole(key, value.count_ps(), 0); }
  void operator()(std::string_view key, Bytes value) { whole(key, value.count(), 0); }
  void operator()(std::string_view key, Macs value) { whole(key, value.count(), 0); }
  void operator()(std::string_view key, double value) {
    if (!(std::abs(value) <= kGreatestNumber))
      fail(key, fmt::format("a number of at most {:g}", kGreatestNumber), fmt::format("{}", value));
  }
  void operator()(std::string_view key, const std::string& text) {
    const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (text.size() > kLongestText) {
      fail(key, fmt::format("a text of at most {} bytes", kLongestText), fmt::format("{}", text.size()));
    } else if (std::any_of(text.begin(), text.end(), control) || find_non_utf8(text)) {
      fail(key, "a text of one line, in UTF-8", pregate::quoted(text));
    }
  }
  void operator()(std::string_view, PrefetchKind) {}
  void operator()(std::string_view, EvictionKind) {}
  template <typename T>
  void operator()(std::string_view key, const std::optional<T>& value) {
    if (value) (*this)(key, *value);
  }
  template <typename T>
  void operator()(std::string_view key, const std::vector<T>& list) {
    // Plain reads and resident runs may not be known.
    if (list.empty() && !std::same_as<T, PlainRead> && !std::same_as<T, ResidentRun>)
      fail(key, "at least one", "none");
    for (std::size_t i = 0; i < list.size() && status_; ++i) (*this)(fmt::format("{}[{}]", key, i), list[i]);
  }
  template <typename T>
  void operator()(std::string_view key, const T& object) {
    if (!status_) return;
    const std::string outer = place_;
    place_ = path_of(key);
    each_field(*this, object);
    check_whole(object);
    place_ = outer;
  }

  [[nodiscard]] const Status& status() const { return status_; }

 private:
  [[nodiscard]] std::string path_of(std::string_view key) const {
    return place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key);
  }
  void fail(std::string_view key, std::string expected, std::string found) {
    if (status_) status_ = bad_input(std::move(expected), std::move(found), path_of(key));
  }
  void whole(std::string_view key, std::int64_t value, std::int64_t least) {
    if (value < least || value > kMost)
      fail(key, fmt::format("a whole number from {} to 2^60", least), fmt::format("{}", value));
  }
  void equal(std::string_view key, std::int64_t expected, std::int64_t found, const char* what) {
    if (expected != found) fail(key, fmt::format("{} ({})", expected, what), fmt::format("{}", found));
  }

  void check_lanes(std::int32_t lanes) {
    if (lanes < 1 || lanes > kMostLanes)
      fail("lanes", fmt::format("from 1 to {}", kMostLanes), fmt::format("{}", lanes));
  }

  // What fields of an object have to do with each other.
  template <typename T>
  void check_whole(const T&) {}
  void check_whole(const PhaseSummary& phase) {
    if (!status_) return;
    std::int64_t lookups = 0;
    for (const std::int64_t count : phase.outcomes) lookups += count;
    equal("lookups", lookups, phase.lookups, "the sum of the outcomes");
    const Duration parts = phase.compute + phase.dram_contention + phase.management + phase.stall;
    equal("makespan_ps", parts.count_ps(), phase.makespan.count_ps(), "the sum of its parts");
  }
  void check_whole(const RunSummary& summary) {
    if (!status_) return;
    equal("all.makespan_ps", (summary.prefill.makespan + summary.decode.makespan).count_ps(),
          summary.all.makespan.count_ps(), "prefill and decode");
    for (const ValidationCount& count : validation_counts()) {
      equal(fmt::format("all: {}", count.words), count.of(summary.prefill) + count.of(summary.decode),
            count.of(summary.all), "prefill and decode");
    }
  }
  void check_whole(const ValidationCell& cell) {
    if (cell.of.model.empty()) fail("model", "a name", "none");
    if (!(cell.of.budget_share > 0 && cell.of.budget_share <= kGreatestShare)) {
      fail("budget_share", fmt::format("a share above 0, at most {}", kGreatestShare),
           fmt::format("{}", cell.of.budget_share));
    }
    check_lanes(cell.of.lanes);
    if (!(cell.wall_s >= 0)) fail("wall_s", "not negative", fmt::format("{}", cell.wall_s));
  }
  void check_whole(const ResidentRun& run) {
    if (!(run.tokens_s > 0)) fail("tokens_per_s", "above 0", fmt::format("{}", run.tokens_s));
  }
  void check_whole(const ValidationHead& head) {
    if (!(head.resident_predicted >= 0))
      fail("resident_predicted_tokens_per_s", "not negative", fmt::format("{}", head.resident_predicted));
  }
  void check_whole(const PlainRead& read) {
    check_lanes(read.lanes);
    if (!(read.mib_s > 0)) fail("mib_per_s", "above 0", fmt::format("{}", read.mib_s));
  }

  std::string place_;
  Status status_;
};

Status check_cases(const Validation& validation) {
  std::set<std::tuple<std::string, double, PrefetchKind, std::int32_t, EvictionKind>> seen;
  for (std::size_t c = 0; c < validation.cells.size(); ++c) {
    const ValidationCase& of = validation.cells[c].of;
    if (!seen.emplace(of.model, of.budget_share, of.prefetch, of.lanes, of.eviction).second)
      return bad_input("each case once", fmt::format("{}, {} again", of.model, case_text(of)),
                       fmt::format("cells[{}]", c));
  }
  return {};
}

// Each number of lanes once; if any is known, that of each cell.
Status check_plain_reads(const Validation& validation) {
  std::set<std::int32_t> lanes;
  const std::vector<PlainRead>& reads = validation.head.plain_reads;
  for (std::size_t r = 0; r < reads.size(); ++r) {
    if (!lanes.insert(reads[r].lanes).second)
      return bad_input("each number of lanes once", fmt::format("{} again", reads[r].lanes),
                       fmt::format("head.plain_reads[{}]", r));
  }
  for (const ValidationCell& cell : validation.cells) {
    if (!lanes.empty() && !lanes.contains(cell.of.lanes))
      return bad_input(fmt::format("the rate with {} lane{}, as a cell has it", cell.of.lanes,
                                   cell.of.lanes == 1 ? "" : "s"),
                       "none", "head.plain_reads");
  }
  return {};
}

}  // namespace

Status check_validation(const Validation& validation) {
  Checker checker("");
  each_field(checker, validation);
  if (!checker.status()) return checker.status();
  if (Status cases = check_cases(validation); !cases) return cases;
  return check_plain_reads(validation);
}

}  // namespace pregate
