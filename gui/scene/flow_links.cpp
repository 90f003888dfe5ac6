// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/flow_links.hpp"

#include <algorithm>

namespace pregate {
namespace {

using Kind = Target::Kind;

Target of(Kind kind, std::uint64_t row) {
  return {.kind = kind, .row = row};
}

// The wait that the load's arrival ended: stalls do not overlap, so that it is the one around that time.
std::optional<std::uint32_t> stall_of(const RunTracks& tracks, LoadId load) {
  const auto slices = tracks.row(tracks.stalls()).slices();
  const std::int64_t arrived = tracks.run().loads[load.value()].arrived.count_ps();
  std::size_t i = tracks.row(tracks.stalls()).first_reaching(arrived);
  i -= std::min<std::size_t>(i, 1);
  for (; i < slices.size() && slices[i].begin <= arrived; ++i) {
    if (tracks.run().stalls[slices[i].row].load == load) return slices[i].row;
  }
  return std::nullopt;
}

// The operator of an event that computed with the expert.
std::optional<std::uint32_t> use_of(const RunTracks& tracks, EventId event, ExpertId expert) {
  if (!event.valid() || !expert.valid()) return std::nullopt;
  const RunRecord& run = tracks.run();
  const EventRecord& at = run.events[event.value()];
  const auto rows = tracks.experts().operators_of(expert);
  auto found = std::partition_point(rows.begin(), rows.end(),
                                    [&](std::uint32_t row) { return run.operators[row].begin < at.at; });
  if (found == rows.end()) return std::nullopt;
  const OperatorRecord& used = run.operators[*found];
  if (used.step != at.step || used.layer != at.layer) return std::nullopt;
  return *found;
}

}  // namespace

LoadId load_behind(const RunTracks& tracks, std::uint64_t operation) {
  const RunRecord& run = tracks.run();
  const OperatorRecord& used = run.operators[operation];
  if (!used.expert.valid()) return {};
  const auto layer = tracks.row(tracks.layers()).at(used.begin.count_ps());
  if (!layer) return {};
  const Slice& slice = tracks.row(tracks.layers()).slices()[*layer];
  if (slice.kind != Kind::event) return {};
  const std::size_t end =
      slice.row + 1 < run.events.size() ? run.events[slice.row + 1].first_lookup : run.lookups.size();
  for (std::size_t i = run.events[slice.row].first_lookup; i < end; ++i) {
    if (run.lookups[i].expert == used.expert) return run.lookups[i].load;
  }
  return {};
}

std::vector<FlowLink> links_of(const RunTracks& tracks, const Target& target) {
  const RunRecord& run = tracks.run();
  std::vector<FlowLink> links;
  LoadId load;
  if (target.kind == Kind::load && target.row < run.loads.size()) {
    load = LoadId(static_cast<std::uint32_t>(target.row));
  } else if (target.kind == Kind::stall && target.row < run.stalls.size()) {
    load = run.stalls[target.row].load;
  } else if (target.kind == Kind::operation && target.row < run.operators.size()) {
    load = load_behind(tracks, target.row);
  }
  if (!load.valid()) return links;
  const LoadRecord& record = run.loads[load.value()];
  if (record.state != LoadEnd::arrived) return links;
  const Target from = of(Kind::load, load.value());
  if (target.kind == Kind::operation) {
    links.push_back({from, target});
    return links;
  }
  if (const auto stall = stall_of(tracks, load)) links.push_back({from, of(Kind::stall, *stall)});
  if (const auto use = use_of(tracks, record.first_use, record.expert)) {
    links.push_back({from, of(Kind::operation, *use)});
  }
  return links;
}

}  // namespace pregate
