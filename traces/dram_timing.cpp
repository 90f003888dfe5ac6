// SPDX-License-Identifier: Apache-2.0
#include "traces/dram_timing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <optional>

#include "traces/input_text.hpp"

namespace pregate {
namespace {

std::int32_t cycles(std::int64_t ps, Duration clock) {
  return static_cast<std::int32_t>(detail::ceil_div(ps, clock.count_ps()));
}

// Refresh of a die by its density: all banks, and one bank (LPDDR5; hardware.md section 2 after JESD209-5B).
struct RefreshTimes {
  std::int32_t gigabits;
  std::int64_t all_ps, bank_ps;
};
constexpr RefreshTimes kLpddr5Refresh[] = {{2, 130'000, 60'000},
                                           {4, 180'000, 90'000},
                                           {8, 210'000, 120'000},
                                           {16, 280'000, 140'000},
                                           {32, 380'000, 190'000}};
constexpr RefreshTimes kDdr5Refresh[] = {{8, 195'000, 0}, {16, 295'000, 0}, {32, 410'000, 0}};

template <std::size_t N>
std::optional<RefreshTimes> refresh_of(const RefreshTimes (&table)[N], std::int32_t gigabits) {
  for (const RefreshTimes& row : table) {
    if (row.gigabits == gigabits) return row;
  }
  return std::nullopt;
}

// Bank-group mode, BL16, x16. Times in ns are those of the 6400 preset; a faster clock takes more cycles for
// them.
DramTiming lpddr5(std::int32_t rate, const RefreshTimes& refresh) {
  DramTiming t;
  t.clock = Duration::ps(8'000'000 / rate);  // WCK:CK 4:1, two transfers a WCK
  const auto at_6400 = [&t](std::int64_t n) { return cycles(n * 1250, t.clock); };
  t.data_rate = rate;
  t.bank_groups = 4;
  t.banks_per_group = 4;
  t.activate_halves = cycles(10'000, t.clock);
  t.wake_command = 1;
  t.burst = 2;
  t.cl = at_6400(17);
  t.cwl = at_6400(9);
  t.rcd = at_6400(15);
  t.rp = at_6400(15);
  t.rp_all = at_6400(17);
  t.ras = at_6400(34);
  t.rc = at_6400(49);
  t.rtp = at_6400(8);
  t.wr = at_6400(28);
  t.ccd_s = 2;
  t.ccd_l = t.ccd_l_write = 4;
  t.rrd_s = t.rrd_l = std::max(4, at_6400(4));
  t.faw = std::max(16, at_6400(16));
  t.wtr_s = at_6400(5);
  t.wtr_l = at_6400(10);
  t.ppd = 2;
  t.rfc_all = cycles(refresh.all_ps, t.clock);
  t.rfc_bank = cycles(refresh.bank_ps, t.clock);
  t.refi_all = cycles(3'906'000, t.clock);
  t.refi_bank = cycles(488'000, t.clock);
  t.source = rate == 6400 ? "Ramulator 2.1 lpddr5.py c5b1c3a, LPDDR5_6400 x16"
                          : "times in ns of Ramulator 2.1 LPDDR5_6400 at this clock: computed";
  return t;
}

struct Ddr5Bin {
  std::int32_t rate;
  std::int64_t clock_ps;
  std::int32_t cl, ras, rtp, wr, wtr_s, wtr_l, ccd_l, ccd_l_write, rrd, faw;
};
constexpr Ddr5Bin kDdr5Bins[] = {{4800, 416, 34, 77, 18, 72, 6, 24, 12, 48, 8, 48},
                                 {5600, 357, 40, 90, 20, 84, 5, 28, 12, 56, 14, 56},
                                 {6400, 312, 46, 103, 24, 96, 5, 32, 16, 64, 16, 64}};

// One 32-bit sub-channel of x8 dies, "AN" bins: cl = rcd = rp.
DramTiming ddr5(const Ddr5Bin& bin, const RefreshTimes& refresh) {
  DramTiming t;
  t.clock = Duration::ps(bin.clock_ps);
  t.data_rate = bin.rate;
  t.width_bits = 32;
  t.bank_groups = 8;
  t.banks_per_group = 4;
  t.access_bytes = 64;
  t.row_bytes = 4096;
  t.activate_command = t.column_command = 2;
  t.burst = t.ccd_s = 8;
  t.cl = t.rcd = t.rp = t.rp_all = bin.cl;
  t.cwl = bin.cl - 2;
  t.ras = bin.ras;
  t.rc = bin.ras + bin.cl;
  t.rtp = bin.rtp;
  t.wr = bin.wr;
  t.ccd_l = bin.ccd_l;
  t.ccd_l_write = bin.ccd_l_write;
  t.rrd_s = t.rrd_l = bin.rrd;
  t.faw = bin.faw;
  t.wtr_s = bin.wtr_s;
  t.wtr_l = bin.wtr_l;
  t.read_to_write_gap = 4;
  t.ppd = 2;
  t.rfc_all = cycles(refresh.all_ps, t.clock);
  t.refi_all = cycles(3'900'000, t.clock);
  t.source = fmt::format("Ramulator 2.1 ddr5.py c5b1c3a, DDR5_{}AN x8", bin.rate);
  return t;
}

// 8 Gb x16: one channel of 16 bits, eight banks, no bank groups. A column command takes two commands of two
// cycles, an activation four.
DramTiming lpddr4(std::int32_t rate) {
  DramTiming t;
  const bool fast = rate != 3200;
  t.clock = Duration::ps(fast ? 469 : 625);
  t.data_rate = rate;
  t.activate_command = t.column_command = 4;
  t.burst = t.ccd_s = t.ccd_l = t.ccd_l_write = 8;
  const auto at_3200 = [&t](std::int64_t n) { return cycles(n * 625, t.clock); };
  t.cl = fast ? 36 : 28;
  t.cwl = fast ? 18 : 14;
  t.rcd = t.rp = fast ? 39 : 29;
  t.rp_all = at_3200(34);
  t.ras = fast ? 90 : 68;
  t.rc = t.ras + t.rp;
  t.rtp = at_3200(12);
  t.wr = at_3200(29);
  t.rrd_s = t.rrd_l = at_3200(16);
  t.faw = at_3200(64);
  t.wtr_s = t.wtr_l = at_3200(16);
  t.ppd = 4;
  t.rfc_all = fast ? 812 : 448;
  t.rfc_bank = at_3200(224);
  t.refi_all = fast ? 8341 : 6246;
  t.refi_bank = at_3200(780);
  t.source = fmt::format("DRAMSys 5.0 JEDEC_8Gb_LPDDR4-{}_16bit", rate);
  return t;
}

// "lpddr5-6400-8gb" in parts.
struct NameParts {
  std::string_view family;
  std::int32_t rate = 0;
  std::int32_t gigabits = 0;  // 0: not said
};

std::optional<std::int32_t> whole(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

std::optional<NameParts> split(std::string_view name) {
  NameParts parts;
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  parts.family = name.substr(0, dash);
  name.remove_prefix(dash + 1);
  if (const std::size_t second = name.find('-'); second != std::string_view::npos) {
    std::string_view density = name.substr(second + 1);
    if (!density.ends_with("gb")) return std::nullopt;
    density.remove_suffix(2);
    const auto gigabits = whole(density);
    if (!gigabits) return std::nullopt;
    parts.gigabits = *gigabits;
    name = name.substr(0, second);
  }
  const auto rate = whole(name);
  if (!rate) return std::nullopt;
  parts.rate = *rate;
  return parts;
}

std::optional<DramTiming> build(const NameParts& parts) {
  const std::int32_t gigabits = parts.gigabits == 0 ? 16 : parts.gigabits;
  if (parts.family == "lpddr5" || parts.family == "lpddr5x") {
    const bool x = parts.family == "lpddr5x";
    const auto refresh = refresh_of(kLpddr5Refresh, gigabits);
    const bool known =
        x ? parts.rate > 6400 && parts.rate <= 10700 : parts.rate >= 3200 && parts.rate <= 6400;
    if (!refresh || !known) return std::nullopt;
    return lpddr5(parts.rate, *refresh);
  }
  if (parts.family == "ddr5") {
    const auto refresh = refresh_of(kDdr5Refresh, gigabits);
    for (const Ddr5Bin& bin : kDdr5Bins) {
      if (refresh && bin.rate == parts.rate) return ddr5(bin, *refresh);
    }
    return std::nullopt;
  }
  if (parts.family != "lpddr4" || (parts.gigabits != 0 && parts.gigabits != 8)) return std::nullopt;
  if (parts.rate != 3200 && parts.rate != 4266) return std::nullopt;
  return lpddr4(parts.rate);
}

template <typename Kind>
struct Word {
  std::string_view text;
  Kind kind;
};
constexpr std::array<Word<Refresh>, 3> kRefreshes{
    {{"all-bank", Refresh::all_bank}, {"per-bank", Refresh::per_bank}, {"none", Refresh::none}}};
constexpr std::array<Word<DramMapping>, 3> kMappings{{{"interleaved", DramMapping::interleaved},
                                                      {"row-bank-column", DramMapping::row_bank_column},
                                                      {"bank-row-column", DramMapping::bank_row_column}}};

template <typename Kind>
Result<Kind> find(const std::array<Word<Kind>, 3>& words, std::string_view given) {
  for (const auto& word : words) {
    if (word.text == given) return word.kind;
  }
  return bad_input(fmt::format("{}, {} or {}", words[0].text, words[1].text, words[2].text), quoted(given));
}

}  // namespace

Result<DramTiming> parse_dram_timing(std::string_view name) {
  if (const auto parts = split(name)) {
    if (std::optional<DramTiming> timing = build(*parts)) {
      timing->name = name;
      return *timing;
    }
  }
  return bad_input(
      "lpddr4-3200, lpddr4-4266, lpddr5-RATE (3200 to 6400), lpddr5x-RATE (to 10700) or ddr5-4800, -5600, "
      "-6400; "
      "with -8gb, -16gb or -32gb for another die",
      quoted(name));
}

std::vector<std::string> dram_timing_examples() {
  return {"lpddr4-3200",   "lpddr4-4266", "lpddr5-6400", "lpddr5x-8533", "lpddr5x-9600",
          "lpddr5x-10667", "ddr5-4800",   "ddr5-5600",   "ddr5-6400"};
}

Result<Refresh> parse_refresh(std::string_view word) {
  return find(kRefreshes, word);
}
Result<DramMapping> parse_dram_mapping(std::string_view word) {
  return find(kMappings, word);
}
std::string_view to_text(Refresh kind) {
  return kRefreshes[static_cast<std::size_t>(kind)].text;
}
std::string_view to_text(DramMapping kind) {
  return kMappings[static_cast<std::size_t>(kind)].text;
}

}  // namespace pregate
