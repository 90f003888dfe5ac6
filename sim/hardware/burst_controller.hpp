// SPDX-License-Identifier: Apache-2.0
// One DRAM channel with its controller, command by command: banks with open rows, activations, column
// commands, precharges and refreshes, each no earlier than its timing set allows. First ready, first come,
// first served (Rixner et al., ISCA 2000) over a bounded queue: of the commands that may be issued now, the
// one for the request that came first; an activated row is read before it may be closed. Reads and writes
// have a queue each; writes are drained in batches between two watermarks or while nobody reads, because
// every turn of the bus costs. A due refresh goes before all else. Defaults are those of the reference
// simulator (Ramulator 2.1).
//
// Event-driven: time jumps to the next command that can be issued, not from cycle to cycle. Who asks are
// streams: a stream is a run of consecutive accesses with a bounded number outstanding, possibly no faster
// than a pace. The caller advances the channel; nothing happens beyond the time it names. No SystemC here:
// the module around it is burst_memory.hpp.
//
// Leaves out: data, ranks, power-down, refresh postponement, and the order of completion inside a stream
// (data return in the order of the column commands).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "traces/base/ids.hpp"
#include "traces/base/random.hpp"
#include "traces/dram_timing.hpp"

namespace pregate {

using StreamId = StrongId<struct StreamTag>;

struct BurstOptions {
  Refresh refresh = Refresh::all_bank;
  DramMapping mapping = DramMapping::interleaved;
  std::int32_t queue = 32;  // of reads, and as many writes; at most 60
  bool row_hits_first = false;
  std::int32_t turn = 4;
};

struct StreamSpec {
  std::int64_t first = 0;     // access index in the channel (address / access_bytes)
  std::int64_t accesses = 0;  // at least 1
  bool write = false;
  std::int32_t window = 64;  // requests outstanding
  std::int32_t block = 1;    // accesses a request; a request is asked for at once
  // Zero: consecutive blocks; else each block begins somewhere below this access index, by `seed`.
  std::int64_t random_range = 0;
  std::uint64_t seed = 1;
};

// An interval in ps with 10 binary places, so that a rate keeps five digits.
class Pace {
 public:
  Pace() = default;  // none: as fast as the window allows
  Pace(std::int64_t bytes, Bandwidth rate)
      : interval_(rate.count() > 0
                      ? static_cast<std::int64_t>(Int128{bytes} * detail::kPsPerSecond * kOne / rate.count())
                      : 0) {}
  [[nodiscard]] std::int64_t interval() const { return interval_; }
  static constexpr std::int64_t kOne = 1024;

 private:
  std::int64_t interval_ = 0;
};

class BurstController {
 public:
  struct Ended {
    StreamId stream;
    SimTime at;  // when its last data were there
  };
  BurstController(const DramTiming& timing, const BurstOptions& options);

  // A stream that asks from `from` (not before now) on. Ids of streams that ended are used again.
  StreamId start(const StreamSpec& spec, const Pace& pace, SimTime from);
  void set_pace(StreamId stream, const Pace& pace, SimTime now);
  // Issues what can be issued before `until`; appends streams that ended at or before it, in order of their
  // end.
  void advance(SimTime until, std::vector<Ended>& ended);
  // No stream can end earlier than this; nothing (INT64_MAX) where none runs. Later than now.
  [[nodiscard]] SimTime earliest_end() const;
  [[nodiscard]] bool idle() const { return live_.empty(); }

  // What happened so far; for calibration and tests.
  struct Counts {
    std::int64_t reads = 0, writes = 0, activations = 0, precharges = 0, refreshes = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  // Accesses of a stream whose data have moved (writes: that were handed to the DRAM).
  [[nodiscard]] std::int64_t done(StreamId stream) const { return streams_[stream.value()].issued; }

 private:
  using Cycle = std::int64_t;
  static constexpr std::uint8_t kNone = 255;
  static constexpr Cycle kNever = INT64_MAX / 4;
  enum class Kind : std::uint8_t { none, column, activate, precharge };
  static constexpr std::size_t kRead = 0, kWrite = 1;
  static std::size_t direction(bool write) { return write ? kWrite : kRead; }

  struct Place {
    std::int32_t group, bank, row;  // bank: of the whole channel
  };
  struct Entry {
    std::int64_t age = 0;
    Cycle arrived = 0;
    std::int32_t row = 0;
    std::uint32_t stream = 0;
    std::uint8_t next = kNone;  // of the same line
  };
  // Requests of one bank and direction that wait, oldest first.
  struct Line {
    std::uint8_t head = kNone, tail = kNone;
    std::uint8_t hit = kNone, before_hit = kNone;  // the first that wants the open row, and the one before it
  };
  struct Bank {
    std::int32_t row = -1;        // open; -1: closed
    std::uint8_t opener = kNone;  // the request that the row was opened for, until it is served
    bool opener_writes = false;
    Cycle activate = 0, column = 0, precharge = 0;  // earliest
    std::array<Line, 2> line;                       // reads, writes
  };
  struct Stream {
    StreamSpec spec;
    std::int64_t asked = 0, issued = 0;
    Cycle asked_at = 0;                  // since when the last one could be asked for
    std::int64_t position = 0;           // access index of the next one
    std::int64_t interval = 0, due = 0;  // the pace, and when the next may be asked for; ps x Pace::kOne
    Random random{1};
    std::vector<Cycle> back;  // when the last ones issued are answered; a ring
  };
  struct Command {
    Kind kind = Kind::none;
    Cycle at = kNever;
    std::int64_t age = 0;
    std::int32_t bank = 0;
    bool opener = false;
  };
  struct Ending {
    std::uint32_t slot;
    Cycle at;
  };

  [[nodiscard]] Place place_of(std::int64_t access) const;
  [[nodiscard]] Cycle cycle_of(SimTime t) const { return detail::ceil_div(t.count_ps(), clock_ps_); }
  [[nodiscard]] Cycle may_ask(const Stream& stream) const;
  Cycle ask();
  void enqueue(std::uint32_t slot, Cycle since);
  void find_hit(const Bank& bank, Line& line);
  void take_out(std::int32_t index, std::size_t d, std::uint8_t entry, std::uint8_t before);
  void choose_direction();
  [[nodiscard]] Cycle column_time(std::int32_t index, std::size_t d, const Entry& entry) const;
  [[nodiscard]] Cycle activate_time(const Bank& bank, std::int32_t index) const;
  [[nodiscard]] bool better(const Command& a, const Command& b) const;
  [[nodiscard]] Command best_opener() const;
  [[nodiscard]] Command best_command() const;
  void issue(const Command& command);
  void issue_activate(const Command& command);
  void finish_activation();
  void issue_column(const Command& command);
  void close(std::int32_t index, Cycle at);
  bool refresh_step(Cycle until);
  void finish_refresh(Cycle at);
  void pass_idle_time(Cycle to);
  void collect(SimTime until, std::vector<Ended>& ended);

  DramTiming t_;
  BurstOptions options_;
  std::int64_t clock_ps_;
  std::int32_t columns_ = 0;  // accesses a row
  std::vector<Bank> banks_;
  std::vector<Entry> entries_;
  std::vector<std::uint8_t> free_;
  std::array<std::uint64_t, 2> busy_{};   // banks with waiting reads, writes
  std::uint64_t open_for_ = 0;            // banks with an opener
  std::array<std::int32_t, 2> queued_{};  // reads, writes
  bool writing_ = false;
  // Earliest column commands by direction: of the channel, and of each group.
  std::array<Cycle, 2> column_ok_{};
  std::array<std::array<Cycle, 8>, 2> group_column_ok_{};
  std::array<Cycle, 8> group_activate_ok_{};
  std::array<Cycle, 4> recent_activations_{};  // a ring
  std::size_t oldest_activation_ = 0;
  Cycle activate_ok_ = 0, precharge_ok_ = 0;
  Cycle now_ = 0;            // the command bus is free from here on
  Cycle half_due_ = kNever;  // the second half of an activation; kNever: none is out
  Cycle awake_until_ = -1;
  Cycle refresh_interval_ = 0;  // 0: none
  Cycle refresh_due_ = kNever;
  std::int32_t refresh_bank_ = 0;
  std::int64_t next_age_ = 0;
  std::vector<Stream> streams_;
  std::vector<std::uint32_t> free_streams_, live_;
  std::vector<Ending> ending_;
  std::size_t turn_ = 0;  // whose turn it is to ask, and for how many accesses
  std::int32_t turn_left_ = 0;
  Counts counts_;
};

}  // namespace pregate
