// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "gui/scene/explain_parts.hpp"
#include "traces/eviction_score.hpp"
#include "traces/number_text.hpp"

namespace pregate::detail {
namespace {

using Kind = Target::Kind;
// Far enough back to see a pattern; a cache that thrashes has a chain as long as the run.
constexpr std::size_t kLongestChain = 32;

bool was_never_used(const LoadRecord& load) {
  return load.purpose != Purpose::demand && !load.first_use.valid();
}

// "(2.79 GB/s)"; empty where bytes or time are none.
std::string rate_text(const LoadRecord& load) {
  const std::int64_t ps = between(load.started, load.arrived).count_ps();
  if (ps <= 0 || load.bytes.count() <= 0) return {};
  const Int128 rate = Int128{load.bytes.count()} * 1'000'000'000'000 / ps;
  if (rate > INT64_MAX) return {};
  return fmt::format(" ({})", to_text(Bandwidth::bytes_per_second(static_cast<std::int64_t>(rate))));
}

}  // namespace

Sentence& Sentence::say(std::string_view words) {
  if (words.empty()) return *this;
  if (out_.runs.empty() || out_.runs.back().target.kind != Kind::none) out_.runs.push_back({});
  out_.runs.back().text += words;
  return *this;
}

Sentence& Sentence::link(std::string words, Kind kind, std::uint64_t row) {
  out_.runs.push_back({std::move(words), target(kind, row)});
  return *this;
}

Sentence& Sentence::place(std::int32_t step, LayerId layer) {
  link(names_.step(step), Kind::step, static_cast<std::uint64_t>(step));
  if (!layer.valid()) return *this;
  say(", ");
  const EventId event = why_.index().event_of(step, layer);
  if (event.valid()) return link(names_.layer(layer), Kind::event, event.value());
  return link(names_.layer(layer), Kind::layer, layer.value());
}

Sentence& Sentence::event(EventId event) {
  const EventRecord& row = run_.events[event.value()];
  link(names_.step(row.step), Kind::step, static_cast<std::uint64_t>(row.step));
  return say(", ").link(names_.layer(row.layer), Kind::event, event.value());
}

Sentence& Sentence::expert(ExpertId expert) {
  if (!expert.valid()) return say(names_.expert(expert));
  return link(names_.expert(expert), Kind::expert, expert.value());
}

std::string_view Sentence::purpose(Purpose purpose) {
  switch (purpose) {
    case Purpose::demand:
      return "on demand";
    case Purpose::committed:
      return "a committed prefetch";
    case Purpose::speculative:
      return "a speculative prefetch";
  }
  return {};
}

Sentence& Sentence::progress(const LoadRecord& load, bool lacked_room) {
  if (load.state == LoadEnd::cancelled) return say(" was withdrawn before it began");
  if (load.state == LoadEnd::never_started) {
    say(" had not begun when the run ended");
    if (load.queued_behind > 0) say(fmt::format(", behind {}", counted(load.queued_behind, "load", "loads")));
    return *this;
  }
  const Duration late = between(load.requested, load.started);
  if (late <= Duration()) {
    say(" began at once");
  } else if (lacked_room) {
    say(
        fmt::format(" began {} late because there was no room for it: what was resident was in use or "
                    "committed",
                    to_text(late)));
  } else if (load.queued_behind > 0) {
    say(fmt::format(" began {} late because {} stood before it", to_text(late),
                    counted(load.queued_behind, "load", "loads")));
  } else {
    say(fmt::format(" began {} after it was asked for", to_text(late)));
  }
  if (load.state == LoadEnd::unfinished) return say(" and was still being read when the run ended");
  return say(fmt::format(" and took {}{}", to_text(between(load.started, load.arrived)), rate_text(load)));
}

void Sentence::chosen_by(const EvictionRecord& eviction) {
  if (why_.eviction()) say(fmt::format(" ({})", explain(*why_.eviction(), eviction.score)));
}

void Sentence::next_use(const EvictionRecord& eviction) {
  if (!eviction.next_use.valid()) {
    say(", no use after that");
    return;
  }
  const EventRecord& next = run_.events[eviction.next_use.value()];
  if (!eviction.at_event.valid()) {
    say(", next use ");
    link(names_.place(next.step, next.layer), Kind::event, eviction.next_use.value());
    return;
  }
  const std::int32_t now = run_.events[eviction.at_event.value()].step;
  say(", next use ");
  link(names_.distance(now, next.step), Kind::event, eviction.next_use.value());
}

Sentence& Sentence::opt(const EvictionRecord& eviction) {
  if (!eviction.next_use.valid()) return *this;
  return say(eviction.opt_keeps ? "; OPT would have kept it" : "; OPT would have missed that use as well");
}

Sentence& Sentence::eviction(EvictionId id, std::string_view subject) {
  const EvictionRecord& row = run_.evictions[id.value()];
  say(subject).say(" was ").link("evicted", Kind::eviction, id.value());
  say(fmt::format(" at {}", clock_text(row.at)));
  if (row.by_load.valid()) {
    const LoadRecord& by = run_.loads[row.by_load.value()];
    say(" by ").link(names_.expert(by.expert), Kind::load, row.by_load.value());
    if (was_never_used(by)) say(", a prefetch that was never used");
  } else {
    say(" when its event ended");
  }
  chosen_by(row);
  next_use(row);
  return opt(row);
}

void explain_stall(Sentence& out, std::uint64_t row) {
  const StallRecord& stall = out.run().stalls[row];
  out.place(stall.step, stall.layer).say(" waited ");
  out.link(to_text(between(stall.begin, stall.end)), Kind::stall, row);
  if (!stall.load.valid()) {
    out.say(fmt::format(" ({})", spaced(to_text(stall.cause))));
    return;
  }
  const LoadRecord& load = out.run().loads[stall.load.value()];
  out.say(" for ").expert(load.expert).say(fmt::format(" ({}); its ", spaced(to_text(stall.cause))));
  out.link("load", Kind::load, stall.load.value());
  out.say(load.purpose == Purpose::demand ? "," : ", ")
      .say(load.purpose == Purpose::demand ? " asked for " : "");
  out.say(Sentence::purpose(load.purpose));
  const EventId event = out.why().index().event_of(stall.step, stall.layer);
  if (load.purpose != Purpose::demand && event.valid()) {
    const Duration ahead = between(load.requested, out.run().events[event.value()].at);
    if (ahead > Duration()) out.say(fmt::format(" asked for {} before the layer needed it", to_text(ahead)));
  }
  out.say(",").progress(load, stall.cause == StallCause::no_room);
  if (load.previous_eviction.valid()) {
    out.eviction(load.previous_eviction, "; it");
  } else {
    out.say(load.reload ? "; it had been loaded before" : "; it had never been loaded before");
  }
}

void explain_load(Sentence& out, std::uint64_t row) {
  const LoadRecord& load = out.run().loads[row];
  out.link(fmt::format("load {}", row), Kind::load, row).say(" of ").expert(load.expert);
  out.say(fmt::format(", {}, ", to_text(load.bytes)));
  out.say(load.purpose == Purpose::demand ? "asked for on demand" : Sentence::purpose(load.purpose));
  out.say(" for ").place(load.step, load.layer);
  out.say(fmt::format(" at {},", clock_text(load.requested))).progress(load, false);
  if (load.state == LoadEnd::arrived) out.say(fmt::format(", arriving at {}", clock_text(load.arrived)));
  if (load.adopted) out.say("; a lookup asked for it before it was there");
  if (load.first_use.valid()) {
    out.say("; first used by ").event(load.first_use);
  } else {
    out.say("; never used");
  }
  const std::span<const std::uint32_t> stalls =
      out.why().index().stalls_ended_by(LoadId(static_cast<std::uint32_t>(row)));
  if (!stalls.empty()) {
    Int128 waited = 0;
    for (const std::uint32_t s : stalls)
      waited += between(out.run().stalls[s].begin, out.run().stalls[s].end).count_ps();
    const auto total = Duration::ps(static_cast<std::int64_t>(std::clamp<Int128>(waited, 0, INT64_MAX)));
    out.say("; its arrival ended ").link(to_text(total), Kind::stall, stalls.front()).say(" of waiting");
  }
  if (load.previous_eviction.valid()) {
    out.eviction(load.previous_eviction, "; the expert");
  } else if (load.reload) {
    out.say("; the expert had been loaded before");
  }
}

void explain_eviction(Sentence& out, std::uint64_t row) {
  const EvictionId id(static_cast<std::uint32_t>(row));
  const EvictionRecord& eviction = out.run().evictions[row];
  out.expert(eviction.expert).eviction(id, "");
  if (eviction.at_event.valid()) out.say("; it left in ").event(eviction.at_event);
  if (eviction.last_used.valid()) {
    out.say("; last used by ").event(eviction.last_used);
  } else {
    out.say("; never used since it was loaded");
  }
  const std::span<const std::uint32_t> loads = out.why().index().loads_after(id);
  if (loads.empty()) return;
  out.say("; ")
      .link(fmt::format("load {}", loads.front()), Kind::load, loads.front())
      .say(" brought it back");
  const std::span<const std::uint32_t> stalls = out.why().index().stalls_ended_by(LoadId(loads.front()));
  if (stalls.empty()) return;
  const StallRecord& stall = out.run().stalls[stalls.front()];
  out.say(", for which ").place(stall.step, stall.layer).say(" waited ");
  out.link(to_text(between(stall.begin, stall.end)), Kind::stall, stalls.front());
}

namespace {

// The cause of a target on record; kind none: there is none.
Target cause_of(const RunRecord& run, const Target& of) {
  if (of.kind == Kind::stall) {
    const LoadId load = run.stalls[of.row].load;
    if (load.valid()) return target(Kind::load, load.value());
  } else if (of.kind == Kind::lookup) {
    const LoadId load = run.lookups[of.row].load;
    if (load.valid()) return target(Kind::load, load.value());
  } else if (of.kind == Kind::load) {
    const EvictionId eviction = run.loads[of.row].previous_eviction;
    if (eviction.valid()) return target(Kind::eviction, eviction.value());
  } else if (of.kind == Kind::eviction) {
    const LoadId load = run.evictions[of.row].by_load;
    if (load.valid()) return target(Kind::load, load.value());
  }
  return {};
}

// What it caused first; kind none: nothing on record.
Target effect_of(const RunIndex& index, const Target& of) {
  if (of.kind == Kind::load) {
    const auto stalls = index.stalls_ended_by(LoadId(static_cast<std::uint32_t>(of.row)));
    if (!stalls.empty()) return target(Kind::stall, stalls.front());
  } else if (of.kind == Kind::eviction) {
    const auto loads = index.loads_after(EvictionId(static_cast<std::uint32_t>(of.row)));
    if (!loads.empty()) return target(Kind::load, loads.front());
  }
  return {};
}

}  // namespace

void add_chain(const Explainer& why, const Target& of, Explanation& out) {
  const auto known = [&out](const Target& t) {
    return std::find(out.chain.begin(), out.chain.end(), t) != out.chain.end();
  };
  const Target start = target(of.kind, of.row);
  out.chain = {start};
  for (Target at = effect_of(why.index(), start); at.kind != Kind::none && !known(at);
       at = effect_of(why.index(), at))
    out.chain.insert(out.chain.begin(), at);
  out.here = out.chain.size() - 1;
  for (Target at = cause_of(why.run(), start);
       at.kind != Kind::none && !known(at) && out.chain.size() < kLongestChain; at = cause_of(why.run(), at))
    out.chain.push_back(at);
}

}  // namespace pregate::detail
