// SPDX-License-Identifier: Apache-2.0
// A strict reader of the Perfetto traces that we write. It decodes the bytes by itself and refuses what
// Perfetto's own reader passes over in silence: a file that was cut short, slices that overlap, ends without
// begins, times that go back, arrows that lead nowhere, unknown tracks, texts and fields. The file is read as
// a stream; only tracks, texts, open slices and the numbers of arrows are kept, unless a model is asked for.
//
//   const Result<PerfettoCounts> counts = check_perfetto("run.pftrace");
//
// Leaves out traces of other programs: they hold more than we know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/perfetto_tracks.hpp"
#include "traces/read_watch.hpp"

namespace pregate {

struct PerfettoNote {
  std::string name;
  std::variant<bool, std::uint64_t, std::int64_t, double, std::string> value;

  friend bool operator==(const PerfettoNote&, const PerfettoNote&) = default;
};

// A slice, or an instant: then `end` is `begin`.
struct PerfettoSlice {
  std::size_t track = 0;  // into tracks
  std::int64_t depth = 0;
  std::int64_t begin = 0, end = 0;  // ns
  std::string name;
  std::vector<std::string> categories;
  std::vector<PerfettoNote> notes;

  // The note of a name; null: none.
  [[nodiscard]] const PerfettoNote* find(std::string_view name) const;
};

struct PerfettoSample {
  std::size_t track = 0;
  std::int64_t at = 0;  // ns
  double value = 0;
  std::int64_t whole = 0;  // the value, where the file has an integer
};

// An arrow between slices or instants.
struct PerfettoFlow {
  std::uint64_t id = 0;
  std::size_t from = 0, to = 0;  // into slices or instants
  bool from_instant = false, to_instant = false;
  std::int64_t left = 0, came = 0;  // ns
};

struct PerfettoModel {
  PerfettoCounts counts;
  std::vector<PerfettoTrack> tracks;
  std::vector<PerfettoSlice> slices;    // in order of their begins in the file
  std::vector<PerfettoSlice> instants;  // likewise
  std::vector<PerfettoSample> samples;
  std::vector<PerfettoFlow> flows;  // in order of their ends
};

// Errors name packet, byte, what was expected and found.
Result<PerfettoCounts> check_perfetto(const std::string& path, const ReadWatch& watch = {});
Result<PerfettoCounts> check_perfetto_bytes(std::string_view bytes, const std::string& name);
// All of it in memory: for tests and small files.
Result<PerfettoModel> read_perfetto(const std::string& path);
Result<PerfettoModel> read_perfetto_bytes(std::string_view bytes, const std::string& name);

// Whether a file begins as a Perfetto trace does; no text and no gzip begins so.
bool is_perfetto_file(const std::string& path);

}  // namespace pregate
