// SPDX-License-Identifier: Apache-2.0
#include "experiments/stream/stream_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/stream/expert_stream.hpp"
#include "models/packed_shape.hpp"
#include "sim/account/account.hpp"
#include "sim/runtime/cache_setup.hpp"
#include "sim/simulator.hpp"

namespace pregate {
namespace {

// The decoder's loop; the order of a layer is the simulated scheduler's.
class StreamLoop {
 public:
  StreamLoop(LiveForward& source, ExpertStream& stream, Recorder& recorder, Timeline& timeline)
      : source_(source), stream_(stream), recorder_(recorder), timeline_(timeline) {}

  Status run(const ModelShape& model, const std::function<bool(std::int64_t)>& progress) {
    timeline_.restart();
    for (std::int32_t step = 0;; ++step) {
      const Result<std::optional<StepInfo>> next = source_.next_step();
      if (!next) return next.error();
      // Choosing the token is the last thing of the step that made it.
      if (step > 0) end_step();
      if (!next->has_value()) return {};
      if (progress && !progress(step)) {
        return run_failed("", "a run to its end", fmt::format("stopped after {} steps", step));
      }
      begin_step(**next, step);
      for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
        if (Status ran = run_layer(model, layer); !ran)
          return ran.error().at("", fmt::format("step {}, layer {}", step, layer));
      }
      if (Status ran = compute(LayerId(), OperatorKind::head); !ran) return ran;
    }
  }

 private:
  void begin_step(const StepInfo& info, std::int32_t step) {
    info_ = info;
    recorder_.begin_step(info, timeline_.cursor());
    stream_.begin_step(step);
  }

  void end_step() {
    // Of the step that has just been completed: its operators are the last recorded step's.
    const RouteStep& step = source_.recorded()->steps.back();
    timeline_.operator_ran(last_layer_, OperatorKind::head);
    recorder_.measured(step.measured);
    for (const MeasuredOperator& m : step.measured) recorder_.worked(info_.phase, m.bytes, m.macs);
    recorder_.end_step(timeline_.cursor());
  }

  Status compute(LayerId layer, OperatorKind kind) {
    const auto ran = source_.measured(layer, kind);
    return ran ? Status() : Status(ran.error());
  }

  Status run_layer(const ModelShape& model, std::size_t layer) {
    const LayerId id(static_cast<std::uint32_t>(layer));
    last_layer_ = id;
    if (Status ran = compute(id, OperatorKind::attention); !ran) return ran;
    timeline_.operator_ran(id, OperatorKind::attention);
    if (Status asked = stream_.router_answers(layer, source_); !asked) return asked;
    const bool moe = model.layers[layer].is_moe();
    if (Status ran = compute(id, moe ? OperatorKind::routed_expert : OperatorKind::dense_ffn); !ran)
      return ran;
    return stream_.end_layer(layer);
  }

  LiveForward& source_;
  ExpertStream& stream_;
  Recorder& recorder_;
  Timeline& timeline_;
  StepInfo info_;
  LayerId last_layer_;
};

Result<std::unique_ptr<DiskReader>> open_disk(const StreamedModel& model, const Scenario& scenario,
                                              const ExpertPool& pool, const StreamOptions& options) {
  const DiskReader::Options disk{
      .lanes = scenario.runtime.io_lanes, .engine = options.engine, .memory = pool.memory()};
  return options.open_disk ? options.open_disk(model.pack_file, disk)
                           : DiskReader::open(model.pack_file, disk);
}

}  // namespace

Result<StreamResult> stream_run(const StreamedModel& model, const Scenario& scenario, LiveOptions live,
                                const StreamOptions& options) {
  RouteHeader header;
  header.model = packed_shape(model.weights, model.pack.stride);
  header.provenance = options.provenance;
  header.prompt = options.prompt;
  Result<std::unique_ptr<CacheSetup>> made = CacheSetup::make(scenario, header, options.future);
  if (!made) return made.error();
  CacheSetup& setup = **made;
  const std::int64_t fit = setup.budget.count() / model.pack.stride.count();
  const auto slots = std::min(static_cast<std::size_t>(fit), setup.table.size());
  std::optional<ExpertPool> own;
  if (options.pool == nullptr) {
    Result<ExpertPool> made_pool = ExpertPool::create(model.pack.stride, slots);
    if (!made_pool) return made_pool.error();
    own.emplace(std::move(*made_pool));
  }
  ExpertPool& pool = own ? *own : *options.pool;
  pool.reset(slots);
  Result<std::unique_ptr<DiskReader>> disk = open_disk(model, scenario, pool, options);
  if (!disk) return disk.error();

  Recorder recorder(true);
  Timeline timeline(recorder);
  ExpertStream stream({.model = setup.model,
                       .table = setup.table,
                       .pack = model.pack,
                       .layout = model.layout,
                       .residency = *setup.residency,
                       .prefetcher = *setup.prefetcher,
                       .pool = pool,
                       .disk = **disk,
                       .recorder = recorder,
                       .timeline = timeline,
                       .pack_file = model.pack_file,
                       .verify = options.verify,
                       .overlap = scenario.runtime.overlap,
                       .commit_ahead = scenario.policy.prefetch == PrefetchKind::pregate});
  if (Status there = stream.preload(); !there) return there.error();
  live.store = &stream;
  Result<std::unique_ptr<LiveForward>> source =
      LiveForward::create(model.weights, std::move(header), std::move(live));
  if (!source) return source.error();
  (*source)->observe(*setup.residency);
  if (Status ran = StreamLoop(**source, stream, recorder, timeline).run(setup.model, options.progress); !ran)
    return ran.error();

  StreamResult result{.run = {},
                      .tokens = (*source)->generated(),
                      .routing = (*source)->recorded(),
                      .engine = (*disk)->engine()};
  result.run = account_run(recorder, {.version = pregate_version(),
                                      .scenario = scenario,
                                      .model = setup.model,
                                      .table = setup.table,
                                      .route = result.routing->header,
                                      .sequence = setup.sequence ? &*setup.sequence : nullptr,
                                      .uses = setup.uses ? &*setup.uses : nullptr,
                                      .budget = setup.budget,
                                      .peak_resident = setup.residency->peak_resident(),
                                      .measured = true});
  return result;
}

}  // namespace pregate
