// SPDX-License-Identifier: Apache-2.0
// One packet of a Perfetto trace, decoded from its bytes. Only what our exporter writes is known; anything
// else, a value that is given twice, one of another type or out of bounds is an error with its byte. What
// packets say about each other is perfetto_rules.hpp's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/perfetto_tracks.hpp"

namespace pregate {

// A name given as text or as the number of an interned one.
struct PacketName {
  std::optional<std::uint64_t> iid;
  std::optional<std::string_view> text;

  [[nodiscard]] bool given() const { return iid.has_value() || text.has_value(); }
};

struct PacketNote {
  PacketName name;
  std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string_view> value;
};

enum class PacketEventType : std::uint8_t { begin = 1, end = 2, instant = 3, counter = 4 };

struct PacketEvent {
  PacketEventType type = PacketEventType::begin;
  std::uint64_t track = 0;
  PacketName name;
  std::vector<PacketName> categories;
  std::vector<PacketNote> notes;
  std::variant<std::monostate, std::int64_t, double> value;  // of counters
  std::vector<std::uint64_t> flows, ended_flows;
};

// The dictionaries of interned texts.
enum class Dictionary : std::uint8_t { categories = 1, names = 2, note_names = 3 };

struct PacketText {
  Dictionary dictionary = Dictionary::names;
  std::uint64_t iid = 0;
  std::string_view text;
};

struct PacketTrack {
  PerfettoTrack track;
  bool has_rank = false;
  bool ordered = false;  // its children: by rank
};

// Text points into the bytes that it was decoded from.
struct PerfettoPacket {
  std::uint64_t sequence = 0;
  std::uint64_t flags = 0;
  std::uint64_t timestamp = 0;       // of an event
  std::vector<PacketText> interned;  // of an event
  bool is_event = false;
  PacketEvent event;
  PacketTrack track;
};

// `at`: where the packet begins in its file. `out` is used again for its memory.
Status decode_packet(std::string_view bytes, std::int64_t at, PerfettoPacket& out);

}  // namespace pregate
