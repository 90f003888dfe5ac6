// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include "models/expert_pack.hpp"
#include "models/machine_probe.hpp"
#include "models/memory.hpp"
#include "models/random_reads.hpp"
#include "sim/residency/residency.hpp"

namespace pregate {
namespace {

using Clock = std::chrono::steady_clock;

ModelShape shape_of_probe(const ManagementProbe& probe) {
  ModelShape model;
  model.name = "probe";
  model.top_k = static_cast<std::int32_t>(probe.top_k);
  for (std::int64_t bank = 0; bank < probe.banks; ++bank) {
    model.banks.push_back({.experts = static_cast<std::int32_t>(probe.experts),
                           .expert_bytes = Bytes::mib(1),
                           .expert_macs = {}});
    LayerShape layer;
    layer.bank = BankId(static_cast<std::uint32_t>(bank));
    model.layers.push_back(layer);
  }
  return model;
}

struct Decisions {
  double seconds = 0;
  std::int64_t loads = 0, evictions = 0;
};

// Events of top-k experts at random, bank after bank; what is missing is loaded at once.
Result<Decisions> decide(const ManagementProbe& probe, Bytes budget, std::int64_t events,
                         std::uint64_t seed) {
  const ModelShape model = shape_of_probe(probe);
  const ExpertTable table(model);
  ResidencyOptions options{.budget = budget, .eviction = EvictionKind::lru};
  options.context.table = &table;
  options.context.layers = static_cast<std::int32_t>(probe.banks);
  auto residency = Residency::create(table, options);
  if (!residency) return residency.error();
  Residency& cache = **residency;
  Random random(seed);
  std::vector<ExpertId> distinct;
  std::vector<Eviction> evicted;
  Decisions out;
  for (std::int64_t event = 0; event < events; ++event) {
    const BankId bank(static_cast<std::uint32_t>(event % probe.banks));
    distinct.clear();
    while (distinct.size() < static_cast<std::size_t>(probe.top_k)) {
      const auto pick = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(probe.experts)));
      const ExpertId expert = table.id(bank, pick);
      if (std::find(distinct.begin(), distinct.end(), expert) == distinct.end()) distinct.push_back(expert);
    }
    const auto begin = Clock::now();
    if (bank.value() == 0) cache.begin_step(static_cast<std::int32_t>(event / probe.banks));
    std::vector<ExpertId> missing;
    for (const Lookup& lookup : cache.begin_event(EventId(static_cast<std::uint32_t>(event)), distinct))
      if (lookup.outcome == Outcome::miss) missing.push_back(lookup.expert);
    for (const ExpertId expert : missing) {
      const LoadId load = cache.request(expert, Purpose::demand);
      check(cache.start(load, evicted), "an event fits the budget");
      cache.arrive(load);
      ++out.loads;
    }
    cache.end_event(evicted);
    out.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    out.evictions += static_cast<std::int64_t>(evicted.size());
    evicted.clear();
  }
  return out;
}

// As small as the experts of a small model.
constexpr Bytes kSmallRead = Bytes::kib(64);

// Lanes are free and all requests go to the disk at once: what the calling thread can pay most.
Result<double> submit_seconds(DiskReader& reader, std::span<std::byte> memory, Bytes file,
                              const ManagementProbe& probe, Bytes read_size, std::uint64_t seed) {
  const auto size = static_cast<std::size_t>(read_size.count());
  const auto places = static_cast<std::uint64_t>((file - read_size).count()) / kDiskBlock + 1;
  Random random(seed);
  std::vector<DiskDone> done;
  double seconds = 0;
  std::int64_t reads = 0;
  while (reads < probe.reads) {
    for (std::uint32_t lane = 0; lane < static_cast<std::uint32_t>(probe.lanes); ++lane) {
      const Bytes offset(static_cast<std::int64_t>(random.below(places) * kDiskBlock));
      const auto begin = Clock::now();
      reader.submit({.tag = lane, .offset = offset, .into = memory.subspan(lane * size, size)});
      seconds += std::chrono::duration<double>(Clock::now() - begin).count();
      ++reads;
    }
    for (std::int32_t ended = 0; ended < probe.lanes;) {
      done.clear();
      reader.wait(done);  // so that the calls of poll() below find something
      const auto begin = Clock::now();
      reader.poll(done);
      seconds +=
          std::chrono::duration<double>(Clock::now() - begin).count() * static_cast<double>(done.size());
      for (const DiskDone& one : done)
        if (!one.status) return one.status.error();
      ended += static_cast<std::int32_t>(done.size());
    }
  }
  return seconds / static_cast<double>(reads);
}

// A checksum of a block that the disk has just brought, a MiB of it.
Result<double> check_seconds(DiskReader& reader, std::span<std::byte> memory, Bytes file,
                             const ManagementProbe& probe, std::uint64_t seed) {
  const auto size = static_cast<std::size_t>(probe.read_size.count());
  const auto places = static_cast<std::uint64_t>((file - probe.read_size).count()) / kDiskBlock + 1;
  Random random(seed);
  std::vector<DiskDone> done;
  double seconds = 0;
  std::uint64_t sums = 0;
  const std::int64_t reads = std::max<std::int64_t>(probe.reads / 4, 4);
  for (std::int64_t read = 0; read < reads; ++read) {
    const auto block = memory.subspan(static_cast<std::size_t>(read % probe.lanes) * size, size);
    reader.submit({.tag = 0,
                   .offset = Bytes(static_cast<std::int64_t>(random.below(places) * kDiskBlock)),
                   .into = block});
    done.clear();
    reader.wait(done);
    if (!done.front().status) return done.front().status.error();
    const auto begin = Clock::now();
    sums ^= block_checksum(block);
    seconds += std::chrono::duration<double>(Clock::now() - begin).count();
  }
  // So that no compiler leaves out what nobody reads.
  check(sums != 1 || seconds >= 0, "time does not run back");
  return seconds / (static_cast<double>(reads) * static_cast<double>(size) /
                    static_cast<double>(Bytes::mib(1).count()));
}

}  // namespace

Result<ManagementResult> probe_management(const ManagementProbe& probe) {
  const Result<Bytes> file = size_for_reads(probe.path, probe.read_size * 4);
  if (!file) return file.error();
  const auto room = static_cast<std::size_t>((probe.read_size * probe.lanes).count());
  Result<Arena> arena = Arena::create(Bytes(static_cast<std::int64_t>(room)));
  if (!arena) return arena.error();
  const std::span<std::byte> memory(arena->take(room), room);
  auto reader = DiskReader::open(probe.path, {.lanes = probe.lanes, .memory = memory});
  if (!reader) return reader.error();

  const Bytes all = Bytes::mib(probe.banks * probe.experts);
  // Where everything fits nothing is evicted, and only the first events load.
  const std::int64_t filling = probe.banks * std::max<std::int64_t>(probe.experts / probe.top_k, 1);
  std::vector<double> loads, evictions, submits, submits_mib, checks;
  for (int round = 0; round < probe.rounds; ++round) {
    const auto seed = static_cast<std::uint64_t>(round) + 1;
    double fill_seconds = 0;
    std::int64_t fill_loads = 0;
    for (std::int64_t done = 0; done < probe.events; done += filling) {
      const Result<Decisions> fill = decide(probe, all, filling, seed);
      if (!fill) return fill.error();
      fill_seconds += fill->seconds;
      fill_loads += fill->loads;
    }
    const Result<Decisions> half = decide(probe, Bytes(all.count() / 2), probe.events, seed);
    if (!half) return half.error();
    const double load = fill_seconds / static_cast<double>(fill_loads);
    const double both = half->seconds / static_cast<double>(std::max<std::int64_t>(half->loads, 1));
    const double share =
        static_cast<double>(half->evictions) / static_cast<double>(std::max<std::int64_t>(half->loads, 1));
    loads.push_back(load);
    evictions.push_back(share > 0 ? std::max(both - load, 0.0) / share : 0);
    const Result<double> small = submit_seconds(**reader, memory, *file, probe, kSmallRead, seed);
    if (!small) return small.error();
    const Result<double> large = submit_seconds(**reader, memory, *file, probe, probe.read_size, seed);
    if (!large) return large.error();
    submits.push_back(*small);
    const double mib = static_cast<double>((probe.read_size - kSmallRead).count()) / (1 << 20);
    submits_mib.push_back(mib > 0 ? std::max(*large - *small, 0.0) / mib : 0);
    const Result<double> checked = check_seconds(**reader, memory, *file, probe, seed);
    if (!checked) return checked.error();
    checks.push_back(*checked);
  }
  reader->reset();
  return ManagementResult{.load_s = spread_of(std::move(loads)),
                          .eviction_s = spread_of(std::move(evictions)),
                          .submit_s = spread_of(std::move(submits)),
                          .submit_s_mib = spread_of(std::move(submits_mib)),
                          .check_s_mib = spread_of(std::move(checks))};
}

}  // namespace pregate
