// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/slice_words.hpp"

#include <fmt/format.h>

#include <array>

#include "gui/scene/time_axis.hpp"

namespace pregate {
namespace {

// About what a small text is wide: there need be no fonts here, and the painter shortens what does not fit.
int width_of(std::string_view text) {
  int width = 0;
  for (const char c : text) {
    const bool wide = c == 'm' || c == 'w' || c == 'M' || c == 'W';
    const bool narrow =
        c == ':' || c == '.' || c == ' ' || c == 'i' || c == 'l' || c == 't' || c == 'f' || c == 'r';
    width += wide ? 11 : narrow ? 4 : 7;
  }
  return width;
}

constexpr int kLeast = 22;

std::string step_words(const RunTracks& tracks, std::uint32_t row, bool longer) {
  const RunNames& names = tracks.names();
  const auto step = static_cast<std::int32_t>(row);
  return longer ? names.step(step) : fmt::format("{}", names.number_of(step));
}

std::string operator_words(const RunTracks& tracks, const OperatorRecord& record, bool longer) {
  if (record.kind != OperatorKind::routed_expert) return std::string(words_of(record.kind));
  return (longer ? "expert " : "") + tracks.experts().name(record.expert);
}

std::string duration_text(const Slice& slice) {
  return to_text(Duration::ps(slice.width()));
}

std::string words(const RunTracks& tracks, const Slice& slice, bool longer) {
  const RunRecord& run = tracks.run();
  switch (slice.kind) {
    case Target::Kind::step:
      return step_words(tracks, slice.row, longer);
    case Target::Kind::event:
      return fmt::format("{}{}", longer ? "layer " : "", run.events[slice.row].layer.value());
    case Target::Kind::layer:
      return fmt::format("{}{}", longer ? "layer " : "", slice.row);
    case Target::Kind::operation:
      if (slice.ink == Ink::life_in_use) return longer ? "in use" : "";
      return operator_words(tracks, run.operators[slice.row], longer);
    case Target::Kind::management:
      return longer ? "management " + duration_text(slice) : "mgmt";
    case Target::Kind::stall: {
      const std::string_view cause = words_of(run.stalls[slice.row].cause);
      return longer ? fmt::format("{} {}", cause, duration_text(slice)) : std::string(cause);
    }
    case Target::Kind::load: {
      if (slice.ink == Ink::life_queued) return longer ? "queued " + duration_text(slice) : "queued";
      if (slice.ink == Ink::life_loading) return longer ? "loading " + duration_text(slice) : "loading";
      if (slice.ink == Ink::life_unused) return longer ? "not used yet" : "";
      // Most of what there is: the colour is enough.
      if (slice.ink == Ink::life_used) return {};
      const std::string name = tracks.experts().name(run.loads[slice.row].expert);
      return longer ? "expert " + name : name;
    }
    default:
      return {};
  }
}

std::string when(TimeSpan span) {
  if (span.length() == 0) return fmt::format("\nat {}", time_text(span.first, 1000));
  return fmt::format("\nfrom {}, {}", time_text(span.first, 1000), to_text(Duration::ps(span.length())));
}

std::string where(const RunTracks& tracks, std::int32_t step, LayerId layer) {
  const std::string place = layer.valid() ? tracks.names().place(step, layer) : tracks.names().step(step);
  return fmt::format("\n{}{}", place, layer.valid() ? "" : ", output head");
}

std::string describe_step(const RunTracks& tracks, std::size_t row) {
  const StepRecord& step = tracks.run().steps[row];
  return fmt::format("{} (step {}, {})\n{} {} at position {}",
                     tracks.names().step(static_cast<std::int32_t>(row)), row, to_text(step.phase),
                     step.tokens, step.tokens == 1 ? "token" : "tokens", step.position);
}

std::string describe_operator(const RunTracks& tracks, const OperatorRecord& record) {
  std::string out = operator_words(tracks, record, true) + where(tracks, record.step, record.layer);
  const Duration shared = record.end - record.begin - record.alone;
  out += fmt::format("\nreads {}", to_text(bytes_of(tracks.run(), record)));
  if (shared > Duration()) out += fmt::format("; {} longer than with DRAM to itself", to_text(shared));
  return out;
}

std::string describe_load(const RunTracks& tracks, const LoadRecord& load, std::size_t row) {
  std::string out = fmt::format("load {}: expert {}, {}, {}", row, tracks.experts().name(load.expert),
                                to_text(load.bytes), to_text(load.purpose));
  if (load.adopted) out += ", adopted by a demand";
  if (load.reload) out += ", a reload";
  out += fmt::format("\nasked for at {}, behind {} {}", time_text(load.requested.count_ps(), 1000),
                     load.queued_behind, load.queued_behind == 1 ? "load" : "loads");
  switch (load.state) {
    case LoadEnd::cancelled:
      return out + "\nwithdrawn before it started";
    case LoadEnd::never_started:
      return out + "\nstill queued when the run ended";
    case LoadEnd::unfinished:
      return out + "\nstill being read when the run ended";
    case LoadEnd::arrived:
      break;
  }
  if (load.purpose != Purpose::demand && !load.first_use.valid()) out += "\nnever used";
  const Duration reading = load.arrived - load.started;
  if (reading <= Duration()) return out;
  const double rate = static_cast<double>(load.bytes.count()) / reading.to_seconds() / 1e9;
  return out + fmt::format("\n{:.3g} GB/s", rate);
}

std::string describe_eviction(const RunTracks& tracks, const EvictionRecord& eviction, std::size_t row) {
  std::string out = fmt::format("eviction {}: expert {}", row, tracks.experts().name(eviction.expert));
  if (eviction.by_load.valid()) out += fmt::format(", for load {}", eviction.by_load.value());
  if (!eviction.last_used.valid()) out += ", never used";
  if (eviction.opt_keeps) out += "; OPT would have kept it";
  return out;
}

// Without place in time.
std::string what(const RunTracks& tracks, const Target& target) {
  const RunRecord& run = tracks.run();
  const std::size_t row = target.row;
  switch (target.kind) {
    case Target::Kind::step:
      return describe_step(tracks, row);
    case Target::Kind::event:
      return fmt::format("layer {}", run.events[row].layer.value()) +
             where(tracks, run.events[row].step, run.events[row].layer);
    case Target::Kind::operation:
      return describe_operator(tracks, run.operators[row]);
    case Target::Kind::management:
      return "cache management" + where(tracks, run.management[row].step, run.management[row].layer);
    case Target::Kind::stall:
      return fmt::format("stall {}: {}", row, words_of(run.stalls[row].cause)) +
             where(tracks, run.stalls[row].step, run.stalls[row].layer);
    case Target::Kind::load:
      return describe_load(tracks, run.loads[row], row);
    case Target::Kind::eviction:
      return describe_eviction(tracks, run.evictions[row], row);
    case Target::Kind::layer:
      return fmt::format("layer {} (dense)", row);
    default:
      return {};
  }
}

std::string describe_counter(const CounterRecord& counter) {
  const std::string_view name = kCounterNames.at(counter.counter);
  if (name == "resident_bytes") return to_text(Bytes(counter.value)) + " resident";
  return fmt::format("{} loads {}", counter.value, name == "queued_loads" ? "queued" : "in flight");
}

}  // namespace

std::string_view words_of(StallCause cause) {
  constexpr std::array<std::string_view, kStallCauses> kWords = {"compulsory", "capacity",      "policy",
                                                                 "pollution",  "late prefetch", "no room"};
  return kWords.at(static_cast<std::size_t>(cause));
}

std::string_view words_of(OperatorKind kind) {
  constexpr std::array<std::string_view, 5> kWords = {"attention", "dense FFN", "shared experts",
                                                      "routed expert", "head"};
  return kWords.at(static_cast<std::size_t>(kind));
}

std::string label_of(const RunTracks& tracks, const Slice& slice, int width) {
  if (width < kLeast) return {};  // so that not every small slice is put into words
  std::string longer = words(tracks, slice, true);
  if (width_of(longer) <= width) return longer;
  std::string shorter = words(tracks, slice, false);
  return width_of(shorter) <= width ? shorter : std::string();
}

std::string describe(const RunTracks& tracks, const Target& target, std::uint32_t merged) {
  if (target.kind == Target::Kind::expert) {
    const ExpertId expert(static_cast<std::uint32_t>(target.row));
    return fmt::format("expert {}: {} uses, stalls of {}", tracks.experts().name(expert),
                       tracks.experts().uses_of(expert), to_text(tracks.experts().stall_of(expert)));
  }
  if (target.kind == Target::Kind::counter) {
    const CounterRecord& counter = tracks.run().counters[target.row];
    return describe_counter(counter) + when({counter.at.count_ps(), counter.at.count_ps()});
  }
  const auto place = tracks.locate(target);
  std::string out = what(tracks, target);
  if (place && !out.empty()) out += when(place->span);
  if (merged > 1) out.insert(0, fmt::format("{} slices share this pixel; the longest:\n", merged));
  return out;
}

}  // namespace pregate
