// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/expert_lanes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "gui/scene/flash_lanes.hpp"
#include "gui/scene/work_rows.hpp"

namespace pregate {
namespace {

// One expert's rows, in order, woven into one life.
class LaneBuilder {
 public:
  LaneBuilder(const RunRecord& run, std::int64_t end, std::span<const std::uint32_t> evictions,
              std::span<const std::uint32_t> operators)
      : run_(run), end_(end), evictions_(evictions), operators_(operators) {}

  ExpertLane build(ExpertId expert, std::span<const std::uint32_t> loads) {
    if (there_from_the_start(loads)) stay(0, Target::Kind::expert, expert.value());
    for (const std::uint32_t load : loads) add_load(load);
    if (use_ < operators_.size()) contradict(Target::Kind::operation, operators_[use_], "a use while absent");
    if (gone_ < evictions_.size()) {
      contradict(Target::Kind::eviction, evictions_[gone_], "an eviction while absent");
    }
    return {SliceRow(std::move(slices_)), std::move(conflict_)};
  }

 private:
  [[nodiscard]] TimeSpan next_use() const {
    const OperatorRecord& use = run_.operators[operators_[use_]];
    return {use.begin.count_ps(), use.end.count_ps()};
  }
  [[nodiscard]] std::int64_t next_eviction() const {
    return gone_ < evictions_.size() ? run_.evictions[evictions_[gone_]].at.count_ps() : INT64_MAX;
  }
  // It is used or evicted before anything brought it.
  [[nodiscard]] bool there_from_the_start(std::span<const std::uint32_t> loads) const {
    std::int64_t arrived = INT64_MAX;
    for (const std::uint32_t load : loads) {
      if (run_.loads[load].state != LoadEnd::arrived) continue;
      arrived = run_.loads[load].arrived.count_ps();
      break;
    }
    const std::int64_t used = use_ < operators_.size() ? next_use().first : INT64_MAX;
    return std::min(used, next_eviction()) < arrived;
  }

  void add_load(std::uint32_t row) {
    const LoadRecord& load = run_.loads[row];
    const std::int64_t requested = load.requested.count_ps();
    const auto reading = reading_time(load, end_);
    if (!reading) {
      const std::int64_t until = load.state == LoadEnd::cancelled ? requested : end_;
      add({requested, until}, Target::Kind::load, row, Ink::life_queued);
      return;
    }
    add({requested, reading->first}, Target::Kind::load, row, Ink::life_queued);
    add(*reading, Target::Kind::load, row, Ink::life_loading);
    if (load.state == LoadEnd::arrived) stay(reading->last, Target::Kind::load, row);
  }

  // Resident from `since` to its next eviction or the end.
  void stay(std::int64_t since, Target::Kind kind, std::uint32_t row) {
    while (next_eviction() < since) {
      contradict(Target::Kind::eviction, evictions_[gone_++], "an eviction while absent");
    }
    const std::int64_t until = std::min(next_eviction(), end_);
    Ink ink = Ink::life_unused;
    std::int64_t at = since;
    for (; use_ < operators_.size() && next_use().first < until; ++use_) {
      const TimeSpan use = next_use();
      if (use.first < at || use.last > until) {
        contradict(Target::Kind::operation, operators_[use_], "a use while absent");
        continue;
      }
      add({at, use.first}, kind, row, ink);
      add(use, Target::Kind::operation, operators_[use_], Ink::life_in_use);
      at = use.last;
      ink = Ink::life_used;
    }
    add({at, until}, kind, row, ink);
    if (next_eviction() > end_) return;
    add({until, until}, Target::Kind::eviction, evictions_[gone_++], Ink::axis);
  }

  // Nothing of no length but marks.
  void add(TimeSpan span, Target::Kind kind, std::uint32_t row, Ink ink) {
    const bool mark = ink == Ink::axis || ink == Ink::life_queued;
    if (span.last < span.first || (span.length() == 0 && !mark)) return;
    if (!slices_.empty() && span.first < slices_.back().end) {
      contradict(kind, row, "it begins before the one in front of it ends");
      span.first = slices_.back().end;
      if (span.last < span.first) return;
    }
    slices_.push_back({.begin = span.first, .end = span.last, .row = row, .kind = kind, .ink = ink});
  }

  void contradict(Target::Kind kind, std::uint32_t row, const char* what) {
    if (conflict_.empty()) conflict_ = fmt::format("{}: {}", name_of(kind, row), what);
  }

  const RunRecord& run_;
  std::int64_t end_;
  std::span<const std::uint32_t> evictions_, operators_;
  std::size_t use_ = 0, gone_ = 0;  // the next ones
  std::vector<Slice> slices_;
  std::string conflict_;
};

}  // namespace

std::string_view to_text(ExpertOrder order) {
  constexpr std::array<std::string_view, 3> kWords = {"by number", "by stall time", "by uses"};
  return kWords.at(static_cast<std::size_t>(order));
}

std::span<const std::uint32_t> ExpertLanes::Index::of(ExpertId expert) const {
  const std::uint32_t begin = first[expert.value()], end = first[expert.value() + 1];
  return std::span(rows).subspan(begin, end - begin);
}

template <typename Row>
ExpertLanes::Index ExpertLanes::index_of(const std::vector<Row>& rows, std::size_t experts) {
  Index index;
  index.first.assign(experts + 1, 0);
  for (const Row& row : rows) {
    if (row.expert.valid()) ++index.first[row.expert.value() + 1];
  }
  std::partial_sum(index.first.begin(), index.first.end(), index.first.begin());
  index.rows.resize(index.first.back());
  std::vector<std::uint32_t> next(index.first.begin(), index.first.end() - 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].expert.valid()) index.rows[next[rows[i].expert.value()]++] = static_cast<std::uint32_t>(i);
  }
  return index;
}

ExpertLanes::ExpertLanes(const RunRecord& run, std::int64_t end)
    : run_(run),
      table_(run.model),
      end_(end),
      loads_(index_of(run.loads, table_.size())),
      evictions_(index_of(run.evictions, table_.size())),
      operators_(index_of(run.operators, table_.size())),
      stall_(table_.size()),
      uses_(table_.size()) {
  for (const StallRecord& stall : run.stalls) {
    if (!stall.load.valid()) continue;
    const ExpertId expert = run.loads[stall.load.value()].expert;
    if (expert.valid()) stall_[expert.value()] += stall.end - stall.begin;
  }
  for (const LookupRecord& lookup : run.lookups) {
    if (lookup.expert.valid()) ++uses_[lookup.expert.value()];
  }
  for (std::size_t i = 0; i < size(); ++i) orders_[0].emplace_back(static_cast<std::uint32_t>(i));
  orders_.fill(orders_[0]);
  const auto sort = [](std::vector<ExpertId>& experts, const auto& values) {
    std::stable_sort(experts.begin(), experts.end(),
                     [&](ExpertId a, ExpertId b) { return values[a.value()] > values[b.value()]; });
  };
  sort(orders_[static_cast<std::size_t>(ExpertOrder::by_stall)], stall_);
  sort(orders_[static_cast<std::size_t>(ExpertOrder::by_uses)], uses_);
}

std::string ExpertLanes::name(ExpertId expert) const {
  if (!expert.valid() || expert.value() >= table_.size()) return "?";
  return fmt::format("{}:{}", table_.bank(expert).value(), table_.index_in_bank(expert));
}

const ExpertLane& ExpertLanes::lane(ExpertId expert) {
  auto& made = made_[expert.value()];
  if (made == nullptr) {
    LaneBuilder builder(run_, end_, evictions_of(expert), operators_of(expert));
    made = std::make_unique<ExpertLane>(builder.build(expert, loads_of(expert)));
    slices_made_ += made->row.slices().size();
  }
  return *made;
}

void ExpertLanes::forget(std::size_t slices) {
  if (slices_made_ <= slices) return;
  made_.clear();
  slices_made_ = 0;
}

}  // namespace pregate
