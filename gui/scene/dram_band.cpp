// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/dram_band.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gui/scene/work_rows.hpp"
#include "traces/scenario.hpp"

namespace pregate {
namespace {

// A run's scenario says everything about its device and models: there is nothing to look up.
class NoCatalogue final : public Catalogue {
 public:
  [[nodiscard]] Result<NamedText> device(std::string_view name) const override { return missing(name); }
  [[nodiscard]] Result<NamedText> model(std::string_view name) const override { return missing(name); }

 private:
  static Error missing(std::string_view name) {
    return bad_input("a scenario with its device and models written out", std::string(name));
  }
};

// Cached tokens that attention reads in a step: a prefill is one sequence, a batch of decoded tokens has one
// each.
Int128 context_of(const StepRecord& step) {
  if (step.phase == Phase::prefill) return Int128{step.position} + step.tokens;
  return Int128{step.tokens} * (Int128{step.position} + 1);
}

const LayerShape* layer_of(const RunRecord& run, LayerId layer) {
  return layer.valid() ? &run.model.layers[layer.value()] : nullptr;
}

Bytes expert_bytes(const RunRecord& run, const LayerShape& layer) {
  return layer.bank.valid() ? run.model.banks[layer.bank.value()].expert_bytes : Bytes();
}

// So that the sum over all operators fits: each may have its share of 2^62 bytes.
Status check_sizes(const RunRecord& run) {
  const Int128 most = (Int128{1} << 62) / std::max<std::size_t>(1, run.operators.size());
  Bytes dense = run.model.head_bytes, attention;
  for (const LayerShape& layer : run.model.layers) {
    dense = std::max({dense, layer.feed_forward_bytes, expert_bytes(run, layer)});
    attention = std::max(attention, layer.attention_bytes);
  }
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const Int128 context = context_of(run.steps[i]);
    const Int128 bytes = attention.count() + context * run.model.kv_bytes.count();
    if (context >= 0 && bytes <= most && dense.count() <= most) continue;
    return bad_input("a step whose operators read bytes that can be summed",
                     fmt::format("position {}, {} tokens", run.steps[i].position, run.steps[i].tokens),
                     name_of(Target::Kind::step, i));
  }
  return {};
}

std::uint8_t channel_of(DramUse use) {
  return static_cast<std::uint8_t>(use);
}

DramUse use_of(Ink load) {
  if (load == Ink::load_demand) return DramUse::demand;
  return load == Ink::load_useful ? DramUse::useful : DramUse::useless;
}

}  // namespace

Ink ink_of(DramUse use) {
  constexpr std::array kInks = {Ink::load_demand, Ink::load_useful, Ink::load_useless, Ink::npu_reads};
  return kInks.at(static_cast<std::size_t>(use));
}

std::string_view words_of(DramUse use) {
  constexpr std::array<std::string_view, 4> kWords = {"demand loads", "prefetches that were used",
                                                      "prefetches that were not", "compute unit"};
  return kWords.at(static_cast<std::size_t>(use));
}

Bytes bytes_of(const RunRecord& run, const OperatorRecord& record) {
  if (record.kind == OperatorKind::head) return run.model.head_bytes;
  const LayerShape* layer = layer_of(run, record.layer);
  if (layer == nullptr) return {};
  if (record.kind == OperatorKind::routed_expert) return expert_bytes(run, *layer);
  if (record.kind != OperatorKind::attention) return layer->feed_forward_bytes;
  const Int128 context = context_of(run.steps[static_cast<std::size_t>(record.step)]);
  return layer->attention_bytes + run.model.kv_bytes * static_cast<std::int64_t>(context);
}

Result<DeviceLimits> device_limits(const RunRecord& run) {
  const auto document = ScenarioDocument::parse({"the run's scenario", run.header.scenario_text});
  if (!document) return document.error();
  const auto scenario = document->resolve(NoCatalogue());
  if (!scenario) return scenario.error();
  return DeviceLimits{.dram = scenario->device.dram.usable_bandwidth,
                      .flash = scenario->device.flash.read_bandwidth,
                      .dram_capacity = scenario->device.dram.capacity};
}

Result<DramBand> DramBand::create(const RunRecord& run, const SliceRow& npu,
                                  std::span<const SliceRow> lanes) {
  if (const Status fits = check_sizes(run); !fits) return fits.error();
  DramBand band;
  band.flows_.emplace_back(npu, std::vector{channel_of(DramUse::npu)}, [&run](const Slice& slice) {
    const bool streams = slice.kind == Target::Kind::operation;
    return Amount{streams ? bytes_of(run, run.operators[slice.row]).count() : 0, channel_of(DramUse::npu)};
  });
  for (const SliceRow& lane : lanes) {
    std::vector<std::uint8_t> channels;
    for (const DramUse use : {DramUse::demand, DramUse::useful, DramUse::useless}) {
      if ((lane.inks() >> static_cast<int>(ink_of(use)) & 1) != 0) channels.push_back(channel_of(use));
    }
    band.flows_.emplace_back(lane, std::move(channels), [&run](const Slice& slice) {
      return Amount{run.loads[slice.row].bytes.count(), channel_of(use_of(slice.ink))};
    });
  }
  return band;
}

std::vector<Flow::Sums> DramBand::columns(const PixelGrid& grid) const {
  std::vector<Flow::Sums> out(static_cast<std::size_t>(grid.columns()));
  for (const Flow& flow : flows_) flow.add_columns(grid, out);
  return out;
}

Flow::Sums DramBand::between(TimeSpan span) const {
  Flow::Sums sums{};
  for (const Flow& flow : flows_) {
    const Flow::Sums to = flow.before(span.last), from = flow.before(span.first);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += to[i] - from[i];
  }
  return sums;
}

Flow::Sums DramBand::total() const {
  Flow::Sums sums{};
  for (const Flow& flow : flows_) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += flow.total()[i];
  }
  return sums;
}

}  // namespace pregate
