// SPDX-License-Identifier: Apache-2.0
// Timing sets of DRAM channels: what a controller must keep between commands, in clock cycles of the command
// clock. A device names its set ("lpddr5-6400", "lpddr5x-9600", "ddr5-5600-8gb"); the burst model obeys it
// and the flow model's coefficients are regenerated from it (`pregate calibrate --dram`).
//
// Sources: LPDDR5-6400 and DDR5: presets of Ramulator 2.1 (github.com/CMU-SAFARI/ramulator2 c5b1c3a, after
// JESD209-5B and JESD79-5); LPDDR4: memory specifications of DRAMSys 5.0 (JEDEC 8 Gb x16). LPDDR5X has no
// public preset: it keeps LPDDR5's times in nanoseconds at a faster clock, which is computed, to be verified
// with JESD209-5C. Leaves out ranks, on-die ECC, temperature-compensated refresh and low-power states.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "traces/base/result.hpp"
#include "traces/base/units.hpp"

namespace pregate {

struct DramTiming {
  std::string name;
  std::string source;
  Duration clock;              // one cycle of the command clock
  std::int32_t data_rate = 0;  // MT/s
  // Geometry of one channel.
  std::int32_t width_bits = 16;
  std::int32_t bank_groups = 1, banks_per_group = 8;
  std::int64_t access_bytes = 32;  // moved by one column command
  std::int64_t row_bytes = 2048;
  // Commands on the bus, in cycles.
  std::int32_t activate_command = 1, column_command = 1;
  // Not 0: an activation is two commands; the second goes out in the first free cycle, at the latest after
  // this many.
  std::int32_t activate_halves = 0;
  // Before the first column command after idling (LPDDR5: WCK synchronisation).
  std::int32_t wake_command = 0;
  // Cycles. _s: to another bank group, _l: in the same one.
  std::int32_t burst = 0;  // of the data bus for one access
  std::int32_t cl = 0, cwl = 0, rcd = 0, rp = 0, rp_all = 0, ras = 0, rc = 0, rtp = 0, wr = 0;
  std::int32_t ccd_s = 0, ccd_l = 0, ccd_l_write = 0;
  std::int32_t rrd_s = 0, rrd_l = 0, faw = 0;
  std::int32_t wtr_s = 0, wtr_l = 0;
  std::int32_t read_to_write_gap = 2;  // beyond cl + burst - cwl
  std::int32_t ppd = 0;                // precharge to precharge
  std::int32_t rfc_all = 0, rfc_bank = 0, refi_all = 0,
               refi_bank = 0;  // bank: 0 where there is no such command

  [[nodiscard]] std::int32_t banks() const { return bank_groups * banks_per_group; }
  // What the data pins can move.
  [[nodiscard]] Bandwidth peak() const {
    return Bandwidth::bytes_per_second(access_bytes * detail::kPsPerSecond / (burst * clock.count_ps()));
  }
};

// FAMILY-RATE or FAMILY-RATE-DENSITY, e.g. "lpddr5x-9600" or "lpddr5-6400-8gb"; 16 Gb dies unless told
// (LPDDR4: 8 Gb). An error lists what exists.
Result<DramTiming> parse_dram_timing(std::string_view name);
// Names that stand for themselves, for lists and tests.
std::vector<std::string> dram_timing_examples();

// How often banks are refreshed away from their readers.
enum class Refresh : std::uint8_t { all_bank, per_bank, none };
// Where consecutive accesses of a channel go. interleaved: four neighbours in one row, spread over bank
// groups by XOR with the column, then the next bank (MOP4-XOR, Kaseridis et al., MICRO 2011).
// row_bank_column: a whole row, then the next bank. bank_row_column: all rows of a bank, then the next bank:
// no bank groups in turn.
enum class DramMapping : std::uint8_t { interleaved, row_bank_column, bank_row_column };

Result<Refresh> parse_refresh(std::string_view word);
Result<DramMapping> parse_dram_mapping(std::string_view word);
std::string_view to_text(Refresh kind);
std::string_view to_text(DramMapping kind);

}  // namespace pregate
