// SPDX-License-Identifier: Apache-2.0
#include "traces/perfetto_writer.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "traces/new_file.hpp"
#include "traces/schema/perfetto.pb.h"

namespace pregate {
namespace {

namespace wire = schema::perfetto;

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::uint32_t kSequence = 1;
constexpr std::uint32_t kCleared = 1, kNeedsInterned = 2;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

// Texts by number, counted from 1.
class Interned {
 public:
  // `add(iid)` is called for a text that is new.
  template <typename Add>
  std::uint64_t id(std::string_view text, Add add) {
    const auto known = ids_.find(text);
    if (known != ids_.end()) return known->second;
    const std::uint64_t next = ids_.size() + 1;
    ids_.emplace(text, next);
    add(next);
    return next;
  }

 private:
  std::unordered_map<std::string, std::uint64_t, TextHash, std::equal_to<>> ids_;
};

// What is known of a track while it is written.
struct TrackState {
  bool counter = false;
  std::int64_t last_ns = 0;
  std::int64_t open = 0;  // slices
};

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

}  // namespace

struct PerfettoWriter::State {
  NewFile file;
  std::string block;  // not handed to the file yet
  wire::TracePacket packet;
  Interned names, categories, note_names;
  std::unordered_map<std::uint64_t, TrackState> tracks;
  std::unordered_set<std::uint64_t> open_flows;
  PerfettoCounts counts;
  bool described = false;  // all tracks: an event has been written

  explicit State(NewFile opened) : file(std::move(opened)) { block.reserve(2 * kBlock); }

  wire::TrackEvent& event() { return *packet.mutable_track_event(); }

  void intern(wire::InternedText& entry, std::uint64_t iid, std::string_view text) {
    entry.set_iid(iid);
    entry.set_name(text.data(), text.size());
  }
  wire::DebugAnnotation& note(std::string_view what) {
    wire::DebugAnnotation& note = *event().add_debug_annotations();
    note.set_name_iid(note_names.id(what, [&](std::uint64_t iid) {
      intern(*packet.mutable_interned_data()->add_debug_annotation_names(), iid, what);
    }));
    return note;
  }

  void start(wire::TrackEvent::Type type, std::uint64_t track, SimTime at) {
    check(at >= SimTime(), "a trace begins at 0");
    packet.Clear();
    packet.set_timestamp(static_cast<std::uint64_t>(perfetto_ns(at)));
    event().set_type(type);
    event().set_track_uuid(track);
  }
  void account(const wire::TrackEvent& written, std::int64_t ns);
  Status put();
  Status flush() {
    const Status written = file.write(block);
    block.clear();
    return written;
  }
};

// Slices that were opened last are closed first, and time goes on: then they nest.
void PerfettoWriter::State::account(const wire::TrackEvent& written, std::int64_t ns) {
  described = true;
  const auto found = tracks.find(written.track_uuid());
  check(found != tracks.end(), "an event is on a track that was described");
  TrackState& track = found->second;
  check(ns >= track.last_ns, "times of a track never go back");
  check(track.counter == (written.type() == wire::TrackEvent::COUNTER), "counters have tracks of their own");
  track.last_ns = ns;
  counts.end_ns = std::max(counts.end_ns, ns);
  switch (written.type()) {
    case wire::TrackEvent::SLICE_BEGIN:
      ++track.open;
      ++counts.slices;
      break;
    case wire::TrackEvent::SLICE_END:
      check(track.open > 0, "a slice that ends has begun");
      --track.open;
      break;
    case wire::TrackEvent::INSTANT:
      ++counts.instants;
      break;
    default:
      ++counts.samples;
  }
}

Status PerfettoWriter::State::put() {
  packet.set_trusted_packet_sequence_id(kSequence);
  packet.set_sequence_flags(counts.packets == 0 ? kCleared | kNeedsInterned : kNeedsInterned);
  if (packet.has_track_event()) account(packet.track_event(), static_cast<std::int64_t>(packet.timestamp()));
  ++counts.packets;
  constexpr char kPacketTag = (1 << 3) | 2;
  const std::size_t size = packet.ByteSizeLong();
  const std::size_t before = block.size();
  block += kPacketTag;
  append_varint(block, size);
  const std::size_t body = block.size();
  block.resize(body + size);
  packet.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(block.data() + body));
  counts.bytes += static_cast<std::int64_t>(block.size() - before);
  return block.size() >= kBlock ? flush() : file.status();
}

PerfettoWriter::PerfettoWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
PerfettoWriter::~PerfettoWriter() = default;

Result<std::unique_ptr<PerfettoWriter>> PerfettoWriter::create(const std::string& path) {
  auto file = NewFile::create(path);
  if (!file) return file.error();
  return std::unique_ptr<PerfettoWriter>(new PerfettoWriter(std::make_unique<State>(std::move(*file))));
}

Status PerfettoWriter::describe(const PerfettoTrack& track) {
  State& s = *state_;
  check(!s.described, "tracks are described before the first event");
  check(track.uuid != 0 && (track.parent == 0 || s.tracks.contains(track.parent)),
        "a track has a number, and its parent stands before it");
  const bool is_new = s.tracks.emplace(track.uuid, TrackState{.counter = track.counter}).second;
  check(is_new, "tracks have numbers of their own");
  s.packet.Clear();
  wire::TrackDescriptor& out = *s.packet.mutable_track_descriptor();
  out.set_uuid(track.uuid);
  out.set_name(track.name);
  if (track.parent != 0) {
    out.set_parent_uuid(track.parent);
    out.set_sibling_order_rank(track.rank);
  }
  out.set_child_ordering(wire::TrackDescriptor::EXPLICIT);
  out.set_sibling_merge_behavior(wire::TrackDescriptor::NONE);
  if (track.counter) out.mutable_counter()->set_unit(static_cast<wire::CounterDescriptor::Unit>(track.unit));
  ++s.counts.tracks;
  return s.put();
}

PerfettoWriter::Event PerfettoWriter::begin(std::uint64_t track, SimTime at) {
  state_->start(wire::TrackEvent::SLICE_BEGIN, track, at);
  return Event(*this);
}

PerfettoWriter::Event PerfettoWriter::end(std::uint64_t track, SimTime at) {
  state_->start(wire::TrackEvent::SLICE_END, track, at);
  return Event(*this);
}

PerfettoWriter::Event PerfettoWriter::instant(std::uint64_t track, SimTime at) {
  state_->start(wire::TrackEvent::INSTANT, track, at);
  return Event(*this);
}

Status PerfettoWriter::sample(std::uint64_t track, SimTime at, std::int64_t value) {
  state_->start(wire::TrackEvent::COUNTER, track, at);
  state_->event().set_counter_value(value);
  return state_->put();
}

Status PerfettoWriter::finish() {
  for (const auto& [uuid, track] : state_->tracks) check(track.open == 0, "every slice ends");
  check(state_->open_flows.empty(), "every arrow ends");
  if (const Status written = state_->flush(); !written) return written;
  return state_->file.commit();
}

const PerfettoCounts& PerfettoWriter::counts() const {
  return state_->counts;
}

// ---- an event ----

PerfettoWriter::Event& PerfettoWriter::Event::name(std::string_view text) {
  State& s = *writer_.state_;
  s.event().set_name_iid(s.names.id(text, [&](std::uint64_t iid) {
    s.intern(*s.packet.mutable_interned_data()->add_event_names(), iid, text);
  }));
  return *this;
}

PerfettoWriter::Event& PerfettoWriter::Event::unique_name(std::string_view text) {
  writer_.state_->event().set_name(text.data(), text.size());
  return *this;
}

PerfettoWriter::Event& PerfettoWriter::Event::category(std::string_view text) {
  State& s = *writer_.state_;
  s.event().add_category_iids(s.categories.id(text, [&](std::uint64_t iid) {
    s.intern(*s.packet.mutable_interned_data()->add_event_categories(), iid, text);
  }));
  return *this;
}

PerfettoWriter::Event& PerfettoWriter::Event::number(std::string_view what, std::int64_t value) {
  writer_.state_->note(what).set_int_value(value);
  return *this;
}

PerfettoWriter::Event& PerfettoWriter::Event::text(std::string_view what, std::string_view value) {
  writer_.state_->note(what).set_string_value(value.data(), value.size());
  return *this;
}

PerfettoWriter::Event& PerfettoWriter::Event::flag(std::string_view what, bool value) {
  writer_.state_->note(what).set_bool_value(value);
  return *this;
}

PerfettoWriter::Event& PerfettoWriter::Event::begins_flow(std::uint64_t id) {
  check(writer_.state_->open_flows.insert(id).second, "arrows have numbers of their own");
  writer_.state_->event().add_flow_ids(id);
  ++writer_.state_->counts.flows;
  return *this;
}

PerfettoWriter::Event& PerfettoWriter::Event::ends_flow(std::uint64_t id) {
  check(writer_.state_->open_flows.erase(id) == 1, "an arrow that ends has begun");
  writer_.state_->event().add_terminating_flow_ids(id);
  return *this;
}

Status PerfettoWriter::Event::write() {
  return writer_.state_->put();
}

}  // namespace pregate
