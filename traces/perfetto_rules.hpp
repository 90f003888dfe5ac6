// SPDX-License-Identifier: Apache-2.0
// What the packets of a Perfetto trace must say about each other. Takes them one by one and keeps what the
// next ones are held against; fills a model if it is given one.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "traces/perfetto_packet.hpp"
#include "traces/read_perfetto.hpp"

namespace pregate {

class PerfettoRules {
 public:
  // `model` may be null.
  explicit PerfettoRules(PerfettoModel* model) : model_(model) {}

  // Errors have no place: the caller knows the packet.
  Status take(const PerfettoPacket& packet);
  // At the end of the file: everything that began has ended.
  Status finish();
  [[nodiscard]] PerfettoCounts& counts() { return counts_; }

 private:
  struct Track {
    std::size_t index = 0;
    std::string name;
    bool counter = false, ordered = false;
    std::int64_t last = 0;
    std::vector<std::pair<std::string, std::size_t>> open;  // slices: name and number
    std::unordered_set<std::int32_t> ranks;                 // of children
  };
  struct Flow {
    std::int64_t left = 0;
    std::size_t from = 0;
    bool from_instant = false;
    bool ended = false;
  };
  // The slice or instant that an event belongs to.
  struct Place {
    std::size_t number = 0;
    bool instant = false;
  };

  Status check_sequence(const PerfettoPacket& packet);
  Status take_track(const PacketTrack& packet);
  Status take_interned(const std::vector<PacketText>& texts);
  Status take_event(const PerfettoPacket& packet);
  Status check_form(const PacketEvent& event, const Track& track) const;
  Result<std::string_view> text_of(const PacketName& name, Dictionary dictionary) const;
  Status begin_slice(const PacketEvent& event, Track& track, std::int64_t at, Place& place);
  Status end_slice(const PacketEvent& event, Track& track, std::int64_t at, Place& place);
  Status take_instant(const PacketEvent& event, const Track& track, std::int64_t at, Place& place);
  void take_sample(const PacketEvent& event, const Track& track, std::int64_t at);
  // The words of an event: all are looked up, and kept where there is a model.
  Status read_words(const PacketEvent& event, std::vector<std::string>& categories,
                    std::vector<PerfettoNote>& notes) const;
  Status take_flows(const PacketEvent& event, Place place, std::int64_t at);

  PerfettoModel* model_;
  PerfettoCounts counts_;
  std::uint64_t sequence_ = 0;
  std::unordered_map<std::uint64_t, Track> tracks_;
  std::vector<std::uint64_t> order_;                                     // of tracks, as described
  std::array<std::unordered_map<std::uint64_t, std::string>, 3> texts_;  // by dictionary
  std::unordered_map<std::uint64_t, Flow> flows_;
  std::int64_t open_flows_ = 0;
};

}  // namespace pregate
