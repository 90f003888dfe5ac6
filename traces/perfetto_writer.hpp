// SPDX-License-Identifier: Apache-2.0
// Packets of a Perfetto trace, written one after another: no more than a block of the file is in memory.
// Names, categories and the names of notes are interned. Tracks are described first, then events follow;
// within a track times never go back and slices nest, which is checked at every event, after the rounding.
//
//   auto out = PerfettoWriter::create("run.pftrace");
//   (*out)->describe({.uuid = 1, .name = "NPU"});
//   (*out)->begin(1, SimTime::at_ps(0)).name("attention").category("operator").number("layer", 3).write();
//   (*out)->end(1, SimTime::at_ps(70'000)).write();
//   (*out)->finish();
//
// Leaves out everything about runs: export_perfetto.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "traces/base/result.hpp"
#include "traces/base/units.hpp"
#include "traces/perfetto_tracks.hpp"

namespace pregate {

class PerfettoWriter {
 public:
  static Result<std::unique_ptr<PerfettoWriter>> create(const std::string& path);
  ~PerfettoWriter();  // without finish(): nothing is left behind
  PerfettoWriter(const PerfettoWriter&) = delete;
  PerfettoWriter& operator=(const PerfettoWriter&) = delete;

  // An event while it is put together; write() appends it. One at a time.
  class Event {
   public:
    Event& name(std::string_view text);         // interned
    Event& unique_name(std::string_view text);  // one that hardly comes again
    Event& category(std::string_view text);
    Event& number(std::string_view what, std::int64_t value);
    Event& text(std::string_view what, std::string_view value);
    Event& flag(std::string_view what, bool value);
    // An arrow from this event, or to it. Every arrow begins before it ends, and does both.
    Event& begins_flow(std::uint64_t id);
    Event& ends_flow(std::uint64_t id);
    Status write();

   private:
    friend class PerfettoWriter;
    explicit Event(PerfettoWriter& writer) : writer_(writer) {}
    PerfettoWriter& writer_;
  };

  Status describe(const PerfettoTrack& track);
  Event begin(std::uint64_t track, SimTime at);
  Event end(std::uint64_t track, SimTime at);
  Event instant(std::uint64_t track, SimTime at);
  Status sample(std::uint64_t track, SimTime at, std::int64_t value);

  // Checks that no slice and no arrow is open, and gives the file its name.
  Status finish();

  [[nodiscard]] const PerfettoCounts& counts() const;

 private:
  struct State;
  explicit PerfettoWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pregate
