// SPDX-License-Identifier: Apache-2.0
// One run, as recorded while it happened: what the NPU did, what flash did, who waited for what and why.
// sim/account writes it, run_file stores it, the report and the viewer read it. Times are simulated, or, of a
// run that was streamed from a real disk, measured (RunHeader::measured).
//
// The NPU's timeline is a partition: operators, management slices and stalls follow each other without gap or
// overlap, so that their durations sum to the makespan exactly (design.md section 7, invariant 1).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "traces/base/ids.hpp"
#include "traces/base/units.hpp"
#include "traces/route_trace.hpp"

namespace pregate {

// Why a load was asked for; in order of priority. committed: a pre-gated router has chosen it, it cannot be
// wrong.
enum class Purpose : std::uint8_t { demand, committed, speculative };
enum class Outcome : std::uint8_t { resident_hit, prefetch_hit, late_prefetch, miss };
// compulsory: never loaded before. capacity: loaded before, evicted since, and Belady at the same capacity
// would have missed too. policy: Belady would have kept it. pollution: evicted to make room for a prefetch
// that was never used.
enum class MissClass : std::uint8_t { none, compulsory, capacity, policy, pollution };
// What a wait was for. The first four are the miss class of the demand load behind it.
enum class StallCause : std::uint8_t { compulsory, capacity, policy, pollution, late_prefetch, no_room };
inline constexpr std::size_t kStallCauses = 6;
// How far a load came: unfinished ones were being read when the run ended, never_started ones were still
// queued.
enum class LoadEnd : std::uint8_t { arrived, cancelled, unfinished, never_started };

std::string_view to_text(Purpose v);
std::string_view to_text(Outcome v);
std::string_view to_text(MissClass v);
std::string_view to_text(StallCause v);
std::string_view to_text(LoadEnd v);

struct StepRecord {
  Phase phase = Phase::decode;
  std::int64_t position = 0;
  std::int32_t tokens = 1;
  SimTime begin, end;
};

struct OperatorRecord {
  std::int32_t step = 0;
  LayerId layer;
  OperatorKind kind = OperatorKind::attention;
  ExpertId expert;  // of a routed expert
  SimTime begin, end;
  Duration alone;  // what it takes with DRAM to itself: the compute bin; the rest is DRAM contention
};

struct ManagementRecord {
  std::int32_t step = 0;
  LayerId layer;
  SimTime begin, end;
};

struct StallRecord {
  std::int32_t step = 0;
  LayerId layer;
  SimTime begin, end;
  StallCause cause = StallCause::compulsory;
  LoadId load;  // whose arrival ended the wait
};

struct LoadRecord {
  ExpertId expert;
  Bytes bytes;
  Purpose purpose = Purpose::demand;  // when it was requested
  bool adopted = false;               // a prefetch that a demand took over before it arrived
  bool reload = false;                // the expert had been loaded and evicted before
  LoadEnd state = LoadEnd::never_started;
  std::int32_t step = 0;  // the event it is for
  LayerId layer;
  std::int32_t queued_behind = 0;  // loads that stood before it when it was requested, in flight or queued
  SimTime requested, started, arrived;  // started, arrived: as far as `state` allows
  EventId first_use;             // the event that used it first; invalid: never used before eviction or end
  EvictionId previous_eviction;  // why it had to be loaded again; invalid: never evicted
};

struct EvictionRecord {
  ExpertId expert;
  LoadId by_load;  // that needed the room; invalid: end-of-event clean-up
  SimTime at;
  EventId at_event;        // the event that was running
  EventId last_used;       // invalid: never used (a useless prefetch)
  std::int64_t score = 0;  // what the policy ranked by: see eviction_score.hpp
  bool opt_keeps = false;  // Belady at the same capacity hits the next use
  EventId next_use;        // in this trace; invalid: never
};

struct LookupRecord {
  EventId event;
  ExpertId expert;
  Outcome outcome = Outcome::resident_hit;
  MissClass miss_class = MissClass::none;  // of misses
  LoadId load;                             // that brought or brings it; invalid: there from the start
};

struct EventRecord {
  std::int32_t step = 0;
  LayerId layer;
  SimTime at;                      // when the event began
  std::uint32_t first_lookup = 0;  // into lookups, up to the next event's
};

// An operator of the real forward pass whose routing was simulated (route_trace.hpp): measured on the machine
// that ran it.
struct MeasuredRecord {
  std::int32_t step = 0;
  LayerId layer;  // invalid: the head
  OperatorKind kind = OperatorKind::attention;
  std::int32_t experts = 0;
  Duration begin;  // since the first operator of the forward pass
  Duration duration;
  Bytes bytes;
  Macs macs;
};

// A counter changes at a time to a value; names: "resident_bytes", "queued_loads", "loads_in_flight".
struct CounterRecord {
  std::uint8_t counter = 0;
  SimTime at;
  std::int64_t value = 0;
};
inline constexpr std::array<const char*, 3> kCounterNames = {"resident_bytes", "queued_loads",
                                                             "loads_in_flight"};

// Numbers of a run; JSON keys and meanings: docs/json.md. Times are simulated.
struct PrefetchSummary {
  std::int64_t issued = 0;     // prefetch loads that were started or adopted
  std::int64_t useful = 0;     // of these, used before eviction or end (in time or late)
  std::int64_t late = 0;       // used, but not there in time
  std::int64_t useless = 0;    // issued and never used
  std::int64_t redundant = 0;  // asked for, but resident or on its way already
  std::int64_t cancelled = 0;  // asked for and withdrawn before they started
  double accuracy = 0;         // useful / issued
  double coverage = 0;         // misses removed / misses without prefetch
};

// Joules by level, estimated: coefficients of the device file x bits, MACs and time.
struct EnergySummary {
  double flash = 0, link = 0, dram = 0, mac = 0, sram = 0, idle = 0;
  [[nodiscard]] double total() const { return flash + link + dram + mac + sram + idle; }
  friend bool operator==(const EnergySummary&, const EnergySummary&) = default;
};

struct PhaseSummary {
  std::int64_t tokens = 0;
  Duration makespan;
  Duration compute, dram_contention, management, stall;  // sum to makespan exactly
  std::array<Duration, kStallCauses> stall_by_cause{};
  std::int64_t lookups = 0;
  std::array<std::int64_t, 4> outcomes{};  // by Outcome
  std::int64_t loads = 0, reloads = 0, evictions = 0;
  Bytes bytes_read;
  Bytes dram_read;  // streamed by the NPU
  Macs macs;
  std::optional<EnergySummary> energy;  // none: the device file has no coefficients
};

struct RunSummary {
  PhaseSummary all, prefill, decode;
  std::array<std::int64_t, 5> misses_by_class{};  // by MissClass
  PrefetchSummary prefetch;
  Duration ttft;                      // end of the first prefill
  double thrash_share = 0;            // reloaded bytes / bytes read
  std::int32_t thrash_step = -1;      // first step whose reload share passes 50 %; -1: none
  double opt_hit_rate_decode = 0;     // Belady MIN, forced admission, same budget, no prefetch
  double policy_hit_rate_decode = 0;  // the run's own eviction policy without prefetch, instant loads
  double recoverable_gap = 0;         // (m_policy - m_OPT) / m_policy, decode, without prefetch
  Duration bound;                     // max(flash bytes/rate, DRAM bytes/rate, MACs/rate)
  std::string bound_by;               // "flash", "dram", "npu"
  std::optional<double> energy_j;     // estimated
  Bytes expert_budget;
  Bytes peak_resident;
  Bytes token_cycle;               // T: mean distinct expert bytes of a decode token
  std::int64_t events = 0;         // (step, layer) events
  std::int64_t kernel_events = 0;  // wake-ups of the simulation kernel
};

struct RunHeader {
  std::string pregate_version;
  std::string scenario_text;  // resolved, canonical
  std::string scenario_name;
  std::string device;
  std::string model;
  std::string policy;  // in words: "lru, pregate d=1"
  Origin origin = Origin::recorded;
  std::string provenance;
  std::string costs_from;
  bool measured = false;  // times are of a real run (pregate stream); else simulated

  // What is said beside a time of the run.
  [[nodiscard]] std::string_view times() const { return measured ? "measured" : "simulated"; }
};

struct RunRecord {
  RunHeader header;
  ModelShape model;
  std::vector<StepRecord> steps;
  std::vector<EventRecord> events;
  std::vector<LookupRecord> lookups;
  std::vector<OperatorRecord> operators;
  std::vector<ManagementRecord> management;
  std::vector<StallRecord> stalls;
  std::vector<LoadRecord> loads;          // index = LoadId
  std::vector<EvictionRecord> evictions;  // index = EvictionId
  std::vector<CounterRecord> counters;
  std::vector<MeasuredRecord> measured;  // empty where the source measured nothing
  RunSummary summary;
};

// Whether every reference inside the record leads somewhere (steps, layers, experts, loads, evictions,
// events, lookups), no slice ends before it begins, every ratio is finite, times lie from 0 to 2^62 ps, and
// what is summed of a table (its spans, its bytes) is at most 2^62. The error's place names table and row.
Status validate_run(const RunRecord& run);

}  // namespace pregate
