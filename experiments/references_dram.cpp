// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "experiments/references.hpp"
#include "sim/hardware/dram_calibration.hpp"
#include "sim/hardware/sharing.hpp"

namespace pregate {
namespace {

constexpr const char* kRamulator = "Ramulator 2.1 run (hardware.md 3.1)";
constexpr const char* kRamulatorMix = "Ramulator 2.1 run, 4 channels (hardware.md 4.2)";
constexpr const char* kDramsys = "DRAMSys 5.0 run (hardware.md 3.2)";
constexpr std::int64_t kAccesses = 150'000;

double gb(Bandwidth rate) {
  return static_cast<double>(rate.count()) / 1e9;
}

DramTiming timing_of(std::string_view name) {
  Result<DramTiming> timing = parse_dram_timing(name);
  check(timing.ok(), "the references name timing sets that exist");
  return std::move(*timing);
}

// One stream of reads on one channel, as the reference runs issue them.
struct Lone {
  std::string name;
  double reference;
  double tolerance;
  std::string timing = "lpddr5-6400";
  BurstOptions options{};
  StreamSpec stream{};
};

ReferenceRow row_of(const std::string& group, const char* source, const Lone& lone) {
  StreamLoad load{.spec = lone.stream, .pace = {}};
  if (load.spec.accesses == 0) load.spec.accesses = load.spec.random_range > 0 ? kAccesses / 4 : kAccesses;
  const StreamResult result = run_streams(timing_of(lone.timing), lone.options, {&load, 1});
  return {.group = group,
          .name = lone.name,
          .unit = "GB/s",
          .reference = lone.reference,
          .predicted = gb(result.total),
          .tolerance = lone.tolerance,
          .source = source,
          .note = lone.tolerance == 0 ? "reported only" : ""};
}

// Requests of 64 bytes: two accesses of LPDDR5, one of DDR5.
StreamSpec sequential(std::int32_t window, std::int32_t block = 2) {
  return {.window = window, .block = block};
}
StreamSpec random_blocks(std::int32_t window, std::int32_t block) {
  return {.window = window, .block = block, .random_range = std::int64_t{1} << 25};
}

void add_lpddr5(std::vector<ReferenceRow>& rows) {
  const BurstOptions plain, linear{.mapping = DramMapping::row_bank_column},
      one_bank{.mapping = DramMapping::bank_row_column}, hits{.row_hits_first = true},
      per_bank{.refresh = Refresh::per_bank}, none{.refresh = Refresh::none};
  const std::vector<Lone> cases{
      {"sequential, 1 outstanding", 1.864, 0, "lpddr5-6400", plain, sequential(1)},
      {"sequential, 4 outstanding", 7.238, 0, "lpddr5-6400", plain, sequential(4)},
      {"sequential, 16 outstanding", 10.785, 0, "lpddr5-6400", plain, sequential(16)},
      {"sequential, 64 outstanding", 11.535, 0.03, "lpddr5-6400", plain, sequential(64)},
      {"sequential, no refresh", 12.638, 0.03, "lpddr5-6400", none, sequential(64)},
      {"sequential, per-bank refresh", 12.012, 0.03, "lpddr5-6400", per_bank, sequential(64)},
      {"sequential, row hits first", 11.571, 0.03, "lpddr5-6400", hits, sequential(64)},
      {"sequential, 8 Gb dies, row hits first", 11.947, 0.03, "lpddr5-6400-8gb", hits, sequential(64)},
      {"sequential, row after row", 10.136, 0.03, "lpddr5-6400", linear, sequential(64)},
      {"sequential, bank after bank", 5.177, 0.03, "lpddr5-6400", one_bank, sequential(64)},
      {"4 KiB blocks at random, 4 blocks", 11.476, 0.03, "lpddr5-6400", plain, random_blocks(4, 128)},
      {"64 KiB blocks at random, 2 blocks", 11.535, 0.03, "lpddr5-6400", plain, random_blocks(2, 2048)},
      {"1 MiB blocks at random, 2 blocks", 11.535, 0.03, "lpddr5-6400", plain, random_blocks(2, 32'768)},
      {"64 B at random, 64 outstanding", 5.524, 0.15, "lpddr5-6400", plain, random_blocks(64, 2)},
      {"64 B at random, 1 outstanding", 0.907, 0.15, "lpddr5-6400", plain, random_blocks(1, 2)}};
  for (const Lone& lone : cases)
    rows.push_back(row_of("DRAM, burst: LPDDR5-6400 x16, one channel", kRamulator, lone));
}

void add_ddr5_and_lpddr4(std::vector<ReferenceRow>& rows) {
  const BurstOptions plain, none{.refresh = Refresh::none}, linear{.mapping = DramMapping::row_bank_column},
      linear_none{.refresh = Refresh::none, .mapping = DramMapping::row_bank_column},
      one_bank{.mapping = DramMapping::bank_row_column};
  const std::vector<Lone> ddr5{
      {"4800AN sequential", 17.549, 0.03, "ddr5-4800", plain, sequential(64, 1)},
      {"5600AN sequential", 20.468, 0.03, "ddr5-5600", plain, sequential(64, 1)},
      {"5600AN sequential, no refresh", 22.367, 0.03, "ddr5-5600", none, sequential(64, 1)},
      {"5600AN 64 B at random", 11.7, 0.15, "ddr5-5600", plain, random_blocks(64, 1)}};
  for (const Lone& lone : ddr5)
    rows.push_back(row_of("DRAM, burst: DDR5, one 32-bit sub-channel", kRamulator, lone));
  const std::vector<Lone> lpddr4{
      {"3200 sequential, 1 outstanding", 1.04, 0, "lpddr4-3200", linear, sequential(1, 1)},
      {"3200 sequential, 128 outstanding", 5.86, 0.03, "lpddr4-3200", linear, sequential(128, 1)},
      {"3200 sequential, no refresh", 6.36, 0.03, "lpddr4-3200", linear_none, sequential(128, 1)},
      {"3200 sequential, bank after bank", 5.25, 0.03, "lpddr4-3200", one_bank, sequential(128, 1)},
      {"3200 32 B at random, 128 outstanding", 2.71, 0.15, "lpddr4-3200", linear, random_blocks(128, 1)},
      {"4266 sequential, 128 outstanding", 7.45, 0.03, "lpddr4-4266", linear, sequential(128, 1)}};
  for (const Lone& lone : lpddr4)
    rows.push_back(row_of("DRAM, burst: LPDDR4 x16, one channel", kDramsys, lone));
}

// ---- several requesters ----

constexpr std::int32_t kChannels = 4;
constexpr Bandwidth kWrites = Bandwidth::bytes_per_second(4'000'000'000);

Bandwidth times(Bandwidth rate, std::int64_t n) {
  return Bandwidth::bytes_per_second(rate.count() * n);
}

// A mix of the reference and what each model says: the readers' rate together.
struct MixCase {
  std::string name;
  double reference;
  MixSpec mix;
};

// The DRAM of the experiment as `flow` has it, with coefficients that `burst` gives.
struct FluidDram {
  FluidNetwork network;
  ResourceId dram;
  FlowSpec reader, writer;

  FluidDram(const DramTiming& timing, const DramCoefficients& c) {
    const double usable = gb(timing.peak()) * 1e9 * kChannels * c.efficiency * (1 - c.refresh_all_bank);
    ResourceSpec spec{.capacity = Bandwidth::bytes_per_second(static_cast<std::int64_t>(usable))};
    for (const double share : c.reader_efficiency) {
      spec.by_readers.push_back(Permille{static_cast<std::int64_t>(share * 1000 + 0.5)});
    }
    dram = network.add_resource(spec);
    reader.through(dram).reads = true;
    writer.through(dram, Permille{static_cast<std::int64_t>(c.write_cost * 1000 + 0.5)}).cap = kWrites;
  }
};

void add_mixes(std::vector<ReferenceRow>& rows, const DramTiming& timing,
               const DramCoefficients& coefficients) {
  const Bandwidth each = Bandwidth::bytes_per_second(kWrites.count() / kChannels);
  const std::vector<MixCase> cases{
      {"1 reader", 46.19, {.readers = 1}},
      {"2 readers, together", 42.22, {.readers = 2}},
      {"3 readers, together", 40.45, {.readers = 3}},
      {"reader beside 4 GB/s of writes", 37.0, {.readers = 1, .write_rate = each}}};
  for (const MixCase& c : cases) {
    const MixResult burst = run_mix(timing, {}, c.mix);
    rows.push_back({.group = "DRAM, several requesters: 4 channels of LPDDR5-6400",
                    .name = c.name + " (burst)",
                    .unit = "GB/s",
                    .reference = c.reference,
                    .predicted = gb(times(burst.readers, kChannels)),
                    .tolerance = 0.03,
                    .source = kRamulatorMix,
                    .note = c.mix.readers == 1 && c.mix.write_rate.count() == 0
                                ? ""
                                : fmt::format("mean of {} alignments, {:.1f} to {:.1f}", kAlignments,
                                              gb(times(burst.slowest, kChannels)),
                                              gb(times(burst.fastest, kChannels)))});
    FluidDram flow(timing, coefficients);
    std::vector<FlowId> readers;
    for (std::int32_t i = 0; i < c.mix.readers; ++i) {
      readers.push_back(flow.network.start(flow.reader, Bytes::gib(1), Duration(), SimTime()));
    }
    if (c.mix.write_rate.count() > 0) flow.network.start(flow.writer, Bytes::gib(1), Duration(), SimTime());
    std::int64_t together = 0;
    for (const FlowId reader : readers) together += flow.network.rate(reader).count();
    rows.push_back({.group = "DRAM, several requesters: 4 channels of LPDDR5-6400",
                    .name = c.name + " (flow)",
                    .unit = "GB/s",
                    .reference = c.reference,
                    .predicted = gb(Bandwidth::bytes_per_second(together)),
                    .tolerance = 0.03,
                    .source = kRamulatorMix,
                    .note = "coefficients from burst"});
  }
}

// 16 MiB, joined at 100 us by 4 MiB: when the first ends, and how long the second takes.
struct Joined {
  double first_us = 0, second_us = 0;
};
constexpr SimTime kJoins = SimTime::at_ps(100'000'000);
constexpr std::int64_t kFirst = std::int64_t{16} << 20, kSecond = std::int64_t{4} << 20;

Joined joined_by_flow(const DramTiming& timing, const DramCoefficients& coefficients) {
  FluidDram flow(timing, coefficients);
  const FlowId first = flow.network.start(flow.reader, Bytes(kFirst), Duration(), SimTime());
  std::vector<FlowId> ended;
  flow.network.advance(kJoins, ended);
  flow.network.start(flow.reader, Bytes(kSecond), Duration(), kJoins);
  Joined out;
  while (const auto next = flow.network.next_event()) {
    ended.clear();
    flow.network.advance(*next, ended);
    for (const FlowId id : ended) {
      if (id == first) {
        out.first_us = next->to_seconds() * 1e6;
      } else {
        out.second_us = (*next - kJoins).to_seconds() * 1e6;
      }
    }
  }
  return out;
}

Joined joined_by_burst(const DramTiming& timing) {
  Random random(1);
  Joined out;
  for (std::int32_t round = 0; round < kAlignments; ++round) {
    std::vector<StreamLoad> loads;
    for (const std::int64_t bytes : {kFirst, kSecond}) {
      loads.push_back({.spec = {.first = static_cast<std::int64_t>(loads.size() << 24) +
                                         static_cast<std::int64_t>(random.below(1024)),
                                .accesses = bytes / kChannels / timing.access_bytes},
                       .pace = {}});
    }
    const std::vector<SimTime> ends = run_to_end(timing, {}, loads, std::array{SimTime(), kJoins});
    out.first_us += ends[0].to_seconds() * 1e6 / kAlignments;
    out.second_us += (ends[1] - kJoins).to_seconds() * 1e6 / kAlignments;
  }
  return out;
}

void add_joined(std::vector<ReferenceRow>& rows, const DramTiming& timing,
                const DramCoefficients& coefficients) {
  const auto add = [&rows](std::string name, double reference, double predicted, std::string note) {
    rows.push_back({.group = "DRAM, a reader that joins: 16 MiB, joined at 100 us by 4 MiB",
                    .name = std::move(name),
                    .unit = "us",
                    .reference = reference,
                    .predicted = predicted,
                    .tolerance = 0.01,
                    .source = kRamulatorMix,
                    .note = std::move(note)});
  };
  // The reference's own one- and two-reader runs as capacities: what is left is the error of sharing as a
  // fluid.
  DramCoefficients own = coefficients;
  own.efficiency = 46.19 / (gb(timing.peak()) * kChannels);
  own.refresh_all_bank = 0;
  own.reader_efficiency = {1, 42.22 / 46.19};
  const Joined shared = joined_by_flow(timing, own), flow = joined_by_flow(timing, coefficients),
               burst = joined_by_burst(timing);
  const std::string mean = fmt::format("mean of {} alignments", kAlignments);
  add("end of the first (flow)", 470.41, shared.first_us, "capacities of the reference's 1 and 2 readers");
  add("time of the second (flow)", 199.03, shared.second_us, "capacities of the reference's 1 and 2 readers");
  add("end of the first (flow, burst's coefficients)", 470.41, flow.first_us,
      "carries burst's error for 2 readers");
  add("time of the second (flow, burst's coefficients)", 199.03, flow.second_us,
      "carries burst's error for 2 readers");
  add("end of the first (burst)", 470.41, burst.first_us, mean);
  add("time of the second (burst)", 199.03, burst.second_us, mean);
}

}  // namespace

std::vector<ReferenceRow> dram_reference_rows() {
  std::vector<ReferenceRow> rows;
  add_lpddr5(rows);
  add_ddr5_and_lpddr4(rows);
  const DramTiming timing = timing_of("lpddr5-6400");
  const DramCoefficients coefficients =
      calibrate_dram(timing, {.channels = kChannels, .write_rate = kWrites, .writers = 1});
  add_mixes(rows, timing, coefficients);
  add_joined(rows, timing, coefficients);
  return rows;
}

}  // namespace pregate
