// SPDX-License-Identifier: Apache-2.0
#include "traces/perfetto_packet.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

#include "traces/input_text.hpp"
#include "traces/wire_reader.hpp"

namespace pregate {
namespace {

constexpr std::uint64_t kMaxTime = std::numeric_limits<std::int64_t>::max();

using Type = WireField::Type;

// Calls `take(field)` for each field of a message.
template <typename Take>
Status each_field(std::string_view bytes, std::int64_t at, Take take) {
  WireReader in(bytes, at);
  WireField field;
  while (!in.done()) {
    if (const Status read = in.next(field); !read) return read;
    if (const Status taken = take(field); !taken) return taken;
  }
  return {};
}

Error unknown(const char* message, const WireField& field) {
  return bad_input(fmt::format("a field that {} of ours has", message), fmt::format("field {}", field.number),
                   byte_place(field.at));
}

Status expect(const WireField& field, Type type, const char* what) {
  if (field.type == type) return {};
  constexpr std::string_view kTypes[] = {"a number", "a number of 64 bits", "bytes"};
  return bad_input(fmt::format("{} of {}", kTypes[static_cast<std::size_t>(type)], what),
                   std::string(kTypes[static_cast<std::size_t>(field.type)]), byte_place(field.at));
}

Error twice(const char* what, const WireField& field) {
  return bad_input(fmt::format("{} once", what), "another one", byte_place(field.at));
}

Error bounds(const char* what, std::uint64_t least, std::uint64_t most, std::uint64_t found,
             std::int64_t at) {
  return bad_input(fmt::format("{} from {} to {}", what, least, most), fmt::format("{}", found),
                   byte_place(at));
}

struct Bounds {
  std::uint64_t least = 0, most = std::numeric_limits<std::uint64_t>::max();
};

// A number that stands once.
Status take_number(const WireField& field, const char* what, Bounds in, std::optional<std::uint64_t>& out) {
  if (const Status typed = expect(field, Type::varint, what); !typed) return typed;
  if (out) return twice(what, field);
  if (field.value < in.least || field.value > in.most)
    return bounds(what, in.least, in.most, field.value, field.at);
  out = field.value;
  return {};
}

Status take_text(const WireField& field, const char* what, std::optional<std::string_view>& out) {
  if (const Status typed = expect(field, Type::bytes, what); !typed) return typed;
  if (out) return twice(what, field);
  if (const auto bad = find_non_utf8(field.bytes))
    return bad_input(fmt::format("{} in UTF-8", what), quoted(field.bytes),
                     byte_place(field.at + static_cast<std::int64_t>(*bad)));
  out = field.bytes;
  return {};
}

Status take_name_text(const WireField& field, PacketName& name) {
  if (const Status taken = take_text(field, "a name", name.text); !taken) return taken;
  if (name.iid) return twice("a name", field);
  if (!name.text->empty()) return {};
  return bad_input("a name", "an empty one", byte_place(field.at));
}

Status take_name_iid(const WireField& field, PacketName& name) {
  if (name.text) return twice("a name", field);
  return take_number(field, "a name", {.least = 1}, name.iid);
}

Error missing(const char* what, std::int64_t at) {
  return bad_input(what, "none", byte_place(at));
}

// ---- descriptors ----

Status decode_counter(std::string_view bytes, std::int64_t at, PerfettoTrack& out) {
  std::optional<std::uint64_t> unit;
  const Status read = each_field(bytes, at, [&](const WireField& field) {
    return field.number == 3 ? take_number(field, "a unit", {.least = 0, .most = 3}, unit)
                             : unknown("a counter", field);
  });
  if (!read) return read;
  out.counter = true;
  out.unit = static_cast<PerfettoUnit>(unit.value_or(0));
  return {};
}

Status decode_track(std::string_view bytes, std::int64_t at, PacketTrack& out) {
  constexpr std::uint64_t kExplicit = 3, kNoMerging = 2;
  std::optional<std::uint64_t> uuid, parent, ordering, rank, merging;
  std::optional<std::string_view> name;
  const Status read = each_field(bytes, at, [&](const WireField& field) -> Status {
    switch (field.number) {
      case 1:
        return take_number(field, "a track's number", {.least = 1}, uuid);
      case 2:
        return take_text(field, "a track's name", name);
      case 5:
        return take_number(field, "a parent's number", {.least = 1}, parent);
      case 8:
        if (out.track.counter) return twice("a counter", field);
        if (const Status typed = expect(field, Type::bytes, "a counter"); !typed) return typed;
        return decode_counter(field.bytes, field.at, out.track);
      case 11:
        return take_number(field, "child ordering", {.least = kExplicit, .most = kExplicit}, ordering);
      case 12:
        return take_number(field, "a rank", {.least = 0, .most = INT32_MAX}, rank);
      case 15:
        return take_number(field, "merging of siblings", {.least = kNoMerging, .most = kNoMerging}, merging);
      default:
        return unknown("a track", field);
    }
  });
  if (!read) return read;
  if (!uuid) return missing("a track's number", at);
  if (!name || name->empty()) return missing("a track's name", at);
  if (!merging) return missing("siblings that are not merged", at);
  out.track.uuid = *uuid;
  out.track.parent = parent.value_or(0);
  out.track.name = *name;
  out.track.rank = static_cast<std::int32_t>(rank.value_or(0));
  out.has_rank = rank.has_value();
  out.ordered = ordering.has_value();
  return {};
}

// ---- events ----

Status take_note_value(const WireField& field, PacketNote& out) {
  if (out.value.index() != 0) return twice("a note's value", field);
  std::optional<std::uint64_t> number;
  std::optional<std::string_view> text;
  switch (field.number) {
    case 2:
      if (const Status taken = take_number(field, "a flag", {.least = 0, .most = 1}, number); !taken)
        return taken;
      out.value = *number == 1;
      return {};
    case 3:
    case 4:
      if (const Status taken = take_number(field, "a note's value", {}, number); !taken) return taken;
      if (field.number == 3) {
        out.value = *number;
      } else {
        out.value = static_cast<std::int64_t>(*number);
      }
      return {};
    case 5: {
      if (const Status typed = expect(field, Type::fixed64, "a note's value"); !typed) return typed;
      out.value = std::bit_cast<double>(field.value);
      return {};
    }
    default:
      if (const Status taken = take_text(field, "a note", text); !taken) return taken;
      out.value = *text;
      return {};
  }
}

Status decode_note(std::string_view bytes, std::int64_t at, PacketNote& out) {
  const Status read = each_field(bytes, at, [&](const WireField& field) -> Status {
    if (field.number == 1) return take_name_iid(field, out.name);
    if (field.number == 10) return take_name_text(field, out.name);
    if (field.number >= 2 && field.number <= 6) return take_note_value(field, out);
    return unknown("a note", field);
  });
  if (!read) return read;
  if (!out.name.given()) return missing("a note's name", at);
  if (out.value.index() == 0) return missing("a note's value", at);
  return {};
}

Status take_flow(const WireField& field, std::vector<std::uint64_t>& out) {
  if (const Status typed = expect(field, Type::fixed64, "an arrow"); !typed) return typed;
  if (field.value == 0) return bad_input("an arrow's number above 0", "0", byte_place(field.at));
  out.push_back(field.value);
  return {};
}

Status take_sample(const WireField& field, PacketEvent& out) {
  if (out.value.index() != 0) return twice("a counter's value", field);
  const bool real = field.number == 44;
  if (const Status typed = expect(field, real ? Type::fixed64 : Type::varint, "a counter's value"); !typed)
    return typed;
  if (!real) {
    out.value = static_cast<std::int64_t>(field.value);
    return {};
  }
  const auto value = std::bit_cast<double>(field.value);
  if (!std::isfinite(value))
    return bad_input("a finite value", fmt::format("{}", value), byte_place(field.at));
  out.value = value;
  return {};
}

Status take_event_field(const WireField& field, std::optional<std::uint64_t>& type,
                        std::optional<std::uint64_t>& track, PacketEvent& out) {
  switch (field.number) {
    case 3:
      return take_name_iid(field, out.categories.emplace_back());
    case 4:
      if (const Status typed = expect(field, Type::bytes, "a note"); !typed) return typed;
      return decode_note(field.bytes, field.at, out.notes.emplace_back());
    case 9:
      return take_number(field, "an event's type", {.least = 1, .most = 4}, type);
    case 10:
      return take_name_iid(field, out.name);
    case 11:
      return take_number(field, "an event's track", {.least = 1}, track);
    case 22:
      return take_name_text(field, out.categories.emplace_back());
    case 23:
      return take_name_text(field, out.name);
    case 30:
    case 44:
      return take_sample(field, out);
    case 47:
      return take_flow(field, out.flows);
    case 48:
      return take_flow(field, out.ended_flows);
    default:
      return unknown("an event", field);
  }
}

Status decode_event(std::string_view bytes, std::int64_t at, PacketEvent& out) {
  std::optional<std::uint64_t> type, track;
  const Status read = each_field(
      bytes, at, [&](const WireField& field) { return take_event_field(field, type, track, out); });
  if (!read) return read;
  if (!type) return missing("an event's type", at);
  if (!track) return missing("an event's track", at);
  out.type = static_cast<PacketEventType>(*type);
  out.track = *track;
  return {};
}

Status decode_interned_text(std::string_view bytes, std::int64_t at, PacketText& out) {
  PacketName text;
  std::optional<std::uint64_t> iid;
  const Status read = each_field(bytes, at, [&](const WireField& field) -> Status {
    if (field.number == 1) return take_number(field, "a text's number", {.least = 1}, iid);
    if (field.number == 2) return take_name_text(field, text);
    return unknown("a text", field);
  });
  if (!read) return read;
  if (!iid) return missing("a text's number", at);
  if (!text.text) return missing("a text", at);
  out.iid = *iid;
  out.text = *text.text;
  return {};
}

Status decode_interned(std::string_view bytes, std::int64_t at, std::vector<PacketText>& out) {
  return each_field(bytes, at, [&](const WireField& field) -> Status {
    if (field.number < 1 || field.number > 3) return unknown("a dictionary", field);
    if (const Status typed = expect(field, Type::bytes, "a text"); !typed) return typed;
    out.push_back({.dictionary = static_cast<Dictionary>(field.number), .iid = 0, .text = {}});
    return decode_interned_text(field.bytes, field.at, out.back());
  });
}

// ---- packets ----

// The fields of a packet, each of which stands once at most.
struct Parts {
  std::optional<std::uint64_t> timestamp, sequence, flags;
  bool event = false, interned = false, track = false;
};

Status take_part(const WireField& field, const char* what, bool& seen) {
  if (const Status typed = expect(field, Type::bytes, what); !typed) return typed;
  if (seen) return twice(what, field);
  seen = true;
  return {};
}

Status take_packet_field(const WireField& field, Parts& parts, PerfettoPacket& out) {
  switch (field.number) {
    case 8:
      return take_number(field, "a timestamp", {.least = 0, .most = kMaxTime}, parts.timestamp);
    case 10:
      return take_number(field, "a sequence's number", {.least = 1, .most = UINT32_MAX}, parts.sequence);
    case 11:
      if (const Status part = take_part(field, "an event", parts.event); !part) return part;
      return decode_event(field.bytes, field.at, out.event);
    case 12:
      if (const Status part = take_part(field, "a dictionary", parts.interned); !part) return part;
      return decode_interned(field.bytes, field.at, out.interned);
    case 13:
      return take_number(field, "flags", {.least = 0, .most = 3}, parts.flags);
    case 60:
      if (const Status part = take_part(field, "a track", parts.track); !part) return part;
      return decode_track(field.bytes, field.at, out.track);
    default:
      return unknown("a packet", field);
  }
}

void clear(PerfettoPacket& packet) {
  packet.interned.clear();
  PacketEvent& event = packet.event;
  event.name = {};
  event.categories.clear();
  event.notes.clear();
  event.value = {};
  event.flows.clear();
  event.ended_flows.clear();
  packet.track = {};
}

}  // namespace

Status decode_packet(std::string_view bytes, std::int64_t at, PerfettoPacket& out) {
  clear(out);
  Parts parts;
  const Status read =
      each_field(bytes, at, [&](const WireField& field) { return take_packet_field(field, parts, out); });
  if (!read) return read;
  if (!parts.sequence) return missing("a sequence's number", at);
  if (!parts.flags) return missing("the flags of a sequence", at);
  if (parts.event == parts.track)
    return bad_input("either a track or an event", parts.event ? "both" : "neither", byte_place(at));
  if (parts.event != parts.timestamp.has_value())
    return bad_input(parts.event ? "a timestamp of an event" : "a track without timestamp",
                     parts.event ? "none" : "one", byte_place(at));
  if (parts.interned && !parts.event)
    return bad_input("a dictionary beside an event", "one without", byte_place(at));
  out.sequence = *parts.sequence;
  out.flags = *parts.flags;
  out.timestamp = parts.timestamp.value_or(0);
  out.is_event = parts.event;
  return {};
}

}  // namespace pregate
