// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/dram_calibration.hpp"

#include <algorithm>
#include <cmath>

namespace pregate {
namespace {

constexpr std::int64_t kAccesses = 20'000;              // of each stream: some dozen refreshes
constexpr std::int64_t kApart = std::int64_t{1} << 24;  // accesses between streams: other rows

double share(Bandwidth part, Bandwidth whole) {
  return static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

Bandwidth rate_of(std::int64_t bytes, Duration span) {
  return Bandwidth::bytes_per_second(static_cast<std::int64_t>(Int128{bytes} * detail::kPsPerSecond /
                                                               std::max<std::int64_t>(span.count_ps(), 1)));
}

}  // namespace

StreamResult run_streams(const DramTiming& timing, const BurstOptions& options,
                         std::span<const StreamLoad> loads) {
  BurstController channel(timing, options);
  std::vector<StreamId> ids;
  for (const StreamLoad& load : loads) ids.push_back(channel.start(load.spec, load.pace, SimTime()));
  std::vector<BurstController::Ended> ended;
  while (ended.empty()) channel.advance(channel.earliest_end(), ended);
  StreamResult result;
  result.span = ended.front().at - SimTime();
  std::int64_t all = 0;
  for (const StreamId id : ids) {
    const std::int64_t bytes = channel.done(id) * timing.access_bytes;
    result.by_stream.push_back(rate_of(bytes, result.span));
    all += bytes;
  }
  result.total = rate_of(all, result.span);
  return result;
}

std::vector<SimTime> run_to_end(const DramTiming& timing, const BurstOptions& options,
                                std::span<const StreamLoad> loads, std::span<const SimTime> starts) {
  BurstController channel(timing, options);
  std::vector<SimTime> ends(loads.size());
  std::vector<std::size_t> owner;
  std::vector<BurstController::Ended> ended;
  const auto note = [&] {
    for (const BurstController::Ended& end : ended) ends[owner[end.stream.value()]] = end.at;
    ended.clear();
  };
  for (std::size_t i = 0; i < loads.size(); ++i) {
    channel.advance(starts[i], ended);
    note();
    const StreamId id = channel.start(loads[i].spec, loads[i].pace, starts[i]);
    if (id.value() >= owner.size()) owner.resize(id.value() + 1);
    owner[id.value()] = i;
  }
  while (!channel.idle()) channel.advance(channel.earliest_end(), ended);
  note();
  return ends;
}

MixResult run_mix(const DramTiming& timing, const BurstOptions& options, const MixSpec& mix) {
  Random random(1);
  const auto sweep = static_cast<std::uint64_t>(timing.row_bytes / timing.access_bytes * timing.banks());
  const bool writes = mix.write_rate.count() > 0;
  const std::int32_t streams = mix.readers + (writes ? mix.writers : 0);
  // A stream alone meets nobody: one long run instead of many short ones.
  const std::int32_t rounds = streams == 1 ? 1 : kAlignments;
  MixResult out;
  std::int64_t readers = 0, writer = 0;
  for (std::int32_t round = 0; round < rounds; ++round) {
    std::vector<StreamLoad> loads;
    for (std::int32_t i = 0; i < streams; ++i) {
      const bool write = i >= mix.readers;
      loads.push_back({.spec = {.first = i * kApart + static_cast<std::int64_t>(random.below(sweep)),
                                .accesses = streams == 1 ? 10 * kAccesses : kAccesses,
                                .write = write},
                       .pace = write ? Pace(timing.access_bytes * mix.writers, mix.write_rate) : Pace()});
    }
    const StreamResult result = run_streams(timing, options, loads);
    std::int64_t together = 0;
    for (std::int32_t i = 0; i < mix.readers; ++i)
      together += result.by_stream[static_cast<std::size_t>(i)].count();
    readers += together;
    for (std::int32_t i = mix.readers; i < streams; ++i) {
      writer += result.by_stream[static_cast<std::size_t>(i)].count();
    }
    const Bandwidth rate = Bandwidth::bytes_per_second(together);
    out.slowest = round == 0 ? rate : std::min(out.slowest, rate);
    out.fastest = std::max(out.fastest, rate);
  }
  out.readers = Bandwidth::bytes_per_second(readers / rounds);
  out.writer = Bandwidth::bytes_per_second(writer / rounds);
  return out;
}

DramCoefficients calibrate_dram(const DramTiming& timing, const CalibrationTraffic& traffic) {
  DramCoefficients out;
  const auto one_reader = [&timing](Refresh refresh, DramMapping mapping) {
    return run_mix(timing, {.refresh = refresh, .mapping = mapping}, {.readers = 1}).readers;
  };
  const Bandwidth undisturbed = one_reader(Refresh::none, DramMapping::interleaved);
  const Bandwidth one = one_reader(Refresh::all_bank, DramMapping::interleaved);
  out.efficiency = share(undisturbed, timing.peak());
  out.refresh_all_bank = 1 - share(one, undisturbed);
  if (timing.rfc_bank > 0) {
    out.refresh_per_bank = 1 - share(one_reader(Refresh::per_bank, DramMapping::interleaved), undisturbed);
  }
  out.linear_efficiency = share(one_reader(Refresh::all_bank, DramMapping::row_bank_column), one);
  double least = 1;
  for (std::int32_t readers = 1; readers <= 4; ++readers) {
    least = std::min(least, readers == 1 ? 1 : share(run_mix(timing, {}, {.readers = readers}).readers, one));
    out.reader_efficiency.push_back(least);
  }
  const MixResult beside =
      run_mix(timing, {},
              {.readers = 1,
               .write_rate = Bandwidth::bytes_per_second(traffic.write_rate.count() / traffic.channels),
               .writers = traffic.writers});
  out.write_cost = static_cast<double>((one.count() - beside.readers.count())) /
                   static_cast<double>(beside.writer.count());

  const std::int64_t block = std::max<std::int64_t>(64 / timing.access_bytes, 1), requests = 1000;
  const StreamLoad lone{.spec = {.accesses = requests * block,
                                 .window = 1,
                                 .block = static_cast<std::int32_t>(block),
                                 .random_range = kApart},
                        .pace = {}};
  out.latency = Duration::ps(run_streams(timing, {}, {&lone, 1}).span.count_ps() / requests);
  return out;
}

}  // namespace pregate
