// SPDX-License-Identifier: Apache-2.0
#include "traces/perfetto_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "traces/input_text.hpp"

namespace pregate {
namespace {

std::size_t slot(Dictionary dictionary) {
  return static_cast<std::size_t>(dictionary) - 1;
}

PerfettoNote kept(std::string_view name, const PacketNote& note) {
  PerfettoNote out{.name = std::string(name), .value = {}};
  std::visit(
      [&out]<typename T>(const T& value) {
        if constexpr (std::is_same_v<T, std::string_view>) {
          out.value = std::string(value);
        } else if constexpr (!std::is_same_v<T, std::monostate>) {
          out.value = value;
        }
      },
      note.value);
  return out;
}

}  // namespace

Status PerfettoRules::take(const PerfettoPacket& packet) {
  if (const Status sequence = check_sequence(packet); !sequence) return sequence;
  ++counts_.packets;
  if (!packet.is_event) return take_track(packet.track);
  if (const Status texts = take_interned(packet.interned); !texts) return texts;
  return take_event(packet);
}

Status PerfettoRules::check_sequence(const PerfettoPacket& packet) {
  const bool first = counts_.packets == 0;
  if (first) sequence_ = packet.sequence;
  if (packet.sequence != sequence_)
    return bad_input(fmt::format("packets of sequence {}", sequence_),
                     fmt::format("sequence {}", packet.sequence));
  const std::uint64_t due = first ? 3 : 2;
  if (packet.flags == due) return {};
  return bad_input(fmt::format("flags {} of {} packet", due, first ? "the first" : "a later"),
                   fmt::format("{}", packet.flags));
}

Status PerfettoRules::take_track(const PacketTrack& packet) {
  const PerfettoTrack& track = packet.track;
  if (counts_.slices + counts_.instants + counts_.samples > 0)
    return bad_input("all tracks before the first event", fmt::format("track {}", track.uuid));
  if (tracks_.contains(track.uuid))
    return bad_input("tracks with numbers of their own", fmt::format("track {} again", track.uuid));
  if (track.parent != 0) {
    const auto parent = tracks_.find(track.parent);
    if (parent == tracks_.end())
      return bad_input("a parent that stands before its children", fmt::format("track {}", track.parent));
    const bool in_order =
        !parent->second.ordered || (packet.has_rank && parent->second.ranks.insert(track.rank).second);
    if (!in_order)
      return bad_input(fmt::format("a rank of its own for each child of {}", quoted(parent->second.name)),
                       packet.has_rank ? fmt::format("rank {} again", track.rank) : "none");
  }
  Track& kept = tracks_[track.uuid];
  kept.index = order_.size();
  kept.name = track.name;
  kept.counter = track.counter;
  kept.ordered = packet.ordered;
  order_.push_back(track.uuid);
  ++counts_.tracks;
  if (model_ != nullptr) model_->tracks.push_back(track);
  return {};
}

Status PerfettoRules::take_interned(const std::vector<PacketText>& texts) {
  for (const PacketText& text : texts) {
    if (!texts_.at(slot(text.dictionary)).emplace(text.iid, text.text).second)
      return bad_input("a number of its own for each text", fmt::format("number {} again", text.iid));
  }
  return {};
}

Result<std::string_view> PerfettoRules::text_of(const PacketName& name, Dictionary dictionary) const {
  if (name.text) return *name.text;
  if (!name.iid) return std::string_view();
  const auto& known = texts_.at(slot(dictionary));
  const auto found = known.find(*name.iid);
  if (found != known.end()) return std::string_view(found->second);
  constexpr std::array<std::string_view, 3> kNames = {"categories", "names", "names of notes"};
  return bad_input(fmt::format("a number among the {} {}", known.size(), kNames.at(slot(dictionary))),
                   fmt::format("{}", *name.iid));
}

Status PerfettoRules::read_words(const PacketEvent& event, std::vector<std::string>& categories,
                                 std::vector<PerfettoNote>& notes) const {
  for (const PacketName& category : event.categories) {
    const Result<std::string_view> text = text_of(category, Dictionary::categories);
    if (!text) return text.error();
    if (model_ != nullptr) categories.emplace_back(*text);
  }
  for (const PacketNote& note : event.notes) {
    const Result<std::string_view> text = text_of(note.name, Dictionary::note_names);
    if (!text) return text.error();
    if (model_ != nullptr) notes.push_back(kept(*text, note));
  }
  return {};
}

// Counters have values and nothing else, other events have none; what begins has a name.
Status PerfettoRules::check_form(const PacketEvent& event, const Track& track) const {
  const bool counter = event.type == PacketEventType::counter;
  if (track.counter != counter)
    return bad_input(counter ? "a value on the track of a counter" : "only values on the track of a counter",
                     fmt::format("{} on {}", counter ? "a value" : "another event", quoted(track.name)));
  const bool has_value = event.value.index() != 0;
  if (has_value != counter)
    return bad_input(counter ? "a value" : "an event without a counter's value", has_value ? "one" : "none");
  const bool names = event.type == PacketEventType::begin || event.type == PacketEventType::instant;
  if (names && !event.name.given()) return bad_input("a name of what begins", "none");
  const bool bare = !event.name.given() && event.categories.empty() && event.notes.empty() &&
                    event.flows.empty() && event.ended_flows.empty();
  if (counter && !bare) return bad_input("a value and nothing else", "more");
  return {};
}

Status PerfettoRules::take_event(const PerfettoPacket& packet) {
  const PacketEvent& event = packet.event;
  const auto found = tracks_.find(event.track);
  if (found == tracks_.end())
    return bad_input("an event on a track that was described", fmt::format("track {}", event.track));
  Track& track = found->second;
  if (const Status form = check_form(event, track); !form) return form;
  const auto at = static_cast<std::int64_t>(packet.timestamp);
  if (at < track.last)
    return bad_input(fmt::format("a time from {} ns on, where {} stands", track.last, quoted(track.name)),
                     fmt::format("{} ns", at));
  track.last = at;
  counts_.end_ns = std::max(counts_.end_ns, at);
  Place place;
  Status taken;
  switch (event.type) {
    case PacketEventType::begin:
      taken = begin_slice(event, track, at, place);
      break;
    case PacketEventType::end:
      taken = end_slice(event, track, at, place);
      break;
    case PacketEventType::instant:
      taken = take_instant(event, track, at, place);
      break;
    case PacketEventType::counter:
      take_sample(event, track, at);
  }
  return taken.ok() ? take_flows(event, place, at) : taken;
}

Status PerfettoRules::begin_slice(const PacketEvent& event, Track& track, std::int64_t at, Place& place) {
  PerfettoSlice slice{.track = track.index,
                      .depth = static_cast<std::int64_t>(track.open.size()),
                      .begin = at,
                      .end = at,
                      .name = {},
                      .categories = {},
                      .notes = {}};
  const Result<std::string_view> name = text_of(event.name, Dictionary::names);
  if (!name) return name.error();
  if (const Status words = read_words(event, slice.categories, slice.notes); !words) return words;
  place.number = static_cast<std::size_t>(counts_.slices++);
  if (model_ != nullptr) {
    slice.name = *name;
    model_->slices.push_back(std::move(slice));
  }
  track.open.emplace_back(*name, place.number);
  return {};
}

Status PerfettoRules::end_slice(const PacketEvent& event, Track& track, std::int64_t at, Place& place) {
  if (track.open.empty())
    return bad_input("an end of a slice that has begun",
                     fmt::format("one on {}, where none is open", quoted(track.name)));
  const auto& [open_name, number] = track.open.back();
  const Result<std::string_view> name = text_of(event.name, Dictionary::names);
  if (!name) return name.error();
  if (event.name.given() && *name != open_name)
    return bad_input(fmt::format("the end of {}", quoted(open_name)), fmt::format("of {}", quoted(*name)));
  place.number = number;
  std::vector<std::string> categories;
  std::vector<PerfettoNote> notes;
  if (const Status words = read_words(event, categories, notes); !words) return words;
  if (model_ != nullptr) {
    PerfettoSlice& slice = model_->slices[number];
    slice.end = at;
    std::move(categories.begin(), categories.end(), std::back_inserter(slice.categories));
    std::move(notes.begin(), notes.end(), std::back_inserter(slice.notes));
  }
  track.open.pop_back();
  return {};
}

Status PerfettoRules::take_instant(const PacketEvent& event, const Track& track, std::int64_t at,
                                   Place& place) {
  PerfettoSlice instant{.track = track.index,
                        .depth = static_cast<std::int64_t>(track.open.size()),
                        .begin = at,
                        .end = at,
                        .name = {},
                        .categories = {},
                        .notes = {}};
  const Result<std::string_view> name = text_of(event.name, Dictionary::names);
  if (!name) return name.error();
  if (const Status words = read_words(event, instant.categories, instant.notes); !words) return words;
  instant.name = *name;
  place = {.number = static_cast<std::size_t>(counts_.instants++), .instant = true};
  if (model_ != nullptr) model_->instants.push_back(std::move(instant));
  return {};
}

void PerfettoRules::take_sample(const PacketEvent& event, const Track& track, std::int64_t at) {
  ++counts_.samples;
  if (model_ == nullptr) return;
  PerfettoSample sample{.track = track.index, .at = at};
  if (const auto* whole = std::get_if<std::int64_t>(&event.value)) {
    sample.whole = *whole;
    sample.value = static_cast<double>(*whole);
  } else {
    sample.value = std::get<double>(event.value);
  }
  model_->samples.push_back(sample);
}

Status PerfettoRules::take_flows(const PacketEvent& event, Place place, std::int64_t at) {
  for (const std::uint64_t id : event.flows) {
    const Flow flow{.left = at, .from = place.number, .from_instant = place.instant};
    if (!flows_.emplace(id, flow).second)
      return bad_input("a number of its own for each arrow", fmt::format("arrow {} again", id));
    ++open_flows_;
    ++counts_.flows;
  }
  for (const std::uint64_t id : event.ended_flows) {
    const auto found = flows_.find(id);
    if (found == flows_.end() || found->second.ended)
      return bad_input("the end of an arrow that has begun", fmt::format("of arrow {}", id));
    Flow& flow = found->second;
    if (at < flow.left)
      return bad_input(fmt::format("the end of arrow {} from {} ns on, where it began", id, flow.left),
                       fmt::format("{} ns", at));
    flow.ended = true;
    --open_flows_;
    if (model_ != nullptr)
      model_->flows.push_back({.id = id,
                               .from = flow.from,
                               .to = place.number,
                               .from_instant = flow.from_instant,
                               .to_instant = place.instant,
                               .left = flow.left,
                               .came = at});
  }
  return {};
}

Status PerfettoRules::finish() {
  if (counts_.slices + counts_.instants + counts_.samples == 0)
    return bad_input("events", "the end of the file");
  for (const std::uint64_t uuid : order_) {
    const Track& track = tracks_.at(uuid);
    if (!track.open.empty())
      return bad_input(
          fmt::format("the end of {} on {}", quoted(track.open.back().first), quoted(track.name)),
          "the end of the file");
  }
  if (open_flows_ == 0) return {};
  std::uint64_t first = UINT64_MAX;
  for (const auto& [id, flow] : flows_) {
    if (!flow.ended) first = std::min(first, id);
  }
  return bad_input(fmt::format("the end of arrow {}", first), "the end of the file");
}

}  // namespace pregate
