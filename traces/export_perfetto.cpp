// SPDX-License-Identifier: Apache-2.0
#include "traces/export_perfetto.hpp"

#include <algorithm>
#include <array>

#include "traces/input_text.hpp"
#include "traces/perfetto_sources.hpp"
#include "traces/perfetto_writer.hpp"

namespace pregate {
namespace {

// A trace holds text; a record that was made in memory may hold anything.
Status check_texts(const RunRecord& run) {
  const RunHeader& h = run.header;
  for (const std::string* text : {&h.pregate_version, &h.scenario_text, &h.scenario_name, &h.device, &h.model,
                                  &h.policy, &h.provenance, &h.costs_from}) {
    if (find_non_utf8(*text)) return bad_input("UTF-8", quoted(*text), "header");
  }
  return {};
}

std::string title_of(const RunHeader& header) {
  const auto or_unnamed = [](const std::string& text) { return text.empty() ? "unnamed" : text; };
  std::string out = or_unnamed(header.model);
  out += " on ";
  out += or_unnamed(header.device);
  if (!header.policy.empty()) out += ": " + header.policy;
  return out;
}

// A slice over the whole run. It ends behind everything else, so that a file that was cut short has it open.
Status begin_run(PerfettoWriter& out, const RunRecord& run) {
  const RunHeader& h = run.header;
  return out.begin(kRunTrack, SimTime())
      .unique_name(title_of(h))
      .category("run")
      .text("scenario", h.scenario_name)
      .text("model", h.model)
      .text("device", h.device)
      .text("policy", h.policy)
      .text("routing", to_text(h.origin))
      .text("provenance", h.provenance)
      .text("costs_from", h.costs_from)
      .text("times", "simulated")
      .text("pregate_version", h.pregate_version)
      .text("scenario_text", h.scenario_text)
      .write();
}

std::vector<NotShown> list_left_out(const RunRecord& run, const RunLayout& layout) {
  std::vector<NotShown> out;
  const auto add = [&out](const char* what, std::int64_t count) {
    if (count > 0) out.push_back({.what = what, .count = count});
  };
  add("measured operators, which have a clock of their own", static_cast<std::int64_t>(run.measured.size()));
  add("events without a slice of their layer", layout.events_without_slices);
  add("lookups without an operator of their expert", layout.lookups_without_operator);
  add("arrows from a load to its first use, which has no operator after the arrival",
      layout.uses_without_arrow);
  add("arrows from a load to a stall that ended before its arrival", layout.stalls_without_arrow);
  return out;
}

// The order of ties: a load that arrives stands before the stall that it ends and the operator that uses it.
constexpr std::array kMergeOrder = {2, 3, 4, 5, 1, 0, 6};

Status merge(PerfettoWriter& out, const std::vector<std::unique_ptr<EventSource>>& sources, SimTime end,
             const ExportWatch& watch) {
  constexpr std::int64_t kBetweenWatches = 4096;
  for (std::int64_t events = 0;; ++events) {
    EventSource* first = nullptr;
    SimTime at;
    for (const int index : kMergeOrder) {
      EventSource& source = *sources[static_cast<std::size_t>(index)];
      const std::optional<SimTime> next = source.next();
      if (!next || (first != nullptr && *next >= at)) continue;
      first = &source;
      at = *next;
    }
    if (first == nullptr) return {};
    if (watch && events % kBetweenWatches == 0) watch(perfetto_ns(at), perfetto_ns(end));
    if (const Status written = first->write(out); !written) return written;
  }
}

Status write_run(PerfettoWriter& out, const ExportedRun& exported, const ExportWatch& watch) {
  Status done = out.describe({.uuid = kRunTrack, .name = title_of(exported.run.header)});
  if (!done) return done;
  // From the top of the screen.
  std::vector<std::unique_ptr<EventSource>> sources;
  sources.push_back(steps_source(exported));
  sources.push_back(npu_source(exported));
  sources.push_back(flash_source(exported));
  sources.push_back(queue_source(exported));
  sources.push_back(withdrawn_source(exported));
  sources.push_back(evictions_source(exported));
  sources.push_back(counters_source(exported));
  check(sources.size() == kMergeOrder.size(), "every source has its place among ties");
  std::int32_t rank = 0;
  for (const auto& source : sources) {
    const Result<std::int32_t> next = source->describe(out, kRunTrack, rank);
    if (!next) return next.error();
    rank = *next;
  }
  done = begin_run(out, exported.run);
  if (done.ok()) done = merge(out, sources, exported.layout.end, watch);
  if (done.ok()) done = out.end(kRunTrack, exported.layout.end).write();
  if (done.ok()) done = out.finish();
  return done;
}

}  // namespace

Result<PerfettoExport> export_perfetto(const RunRecord& run, const std::string& path,
                                       const ExportWatch& watch) {
  if (const Status texts = check_texts(run); !texts) return texts.error();
  const Result<RunLayout> layout = lay_out_run(run);
  if (!layout) return layout.error();
  const auto out = PerfettoWriter::create(path);
  if (!out) return out.error();
  if (const Status written = write_run(**out, ExportedRun(run, *layout), watch); !written)
    return written.error();
  return PerfettoExport{.counts = (*out)->counts(), .left_out = list_left_out(run, *layout)};
}

}  // namespace pregate
