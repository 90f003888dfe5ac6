// SPDX-License-Identifier: Apache-2.0
#include "sim/runtime/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "sim/hardware/flow_memory.hpp"

namespace pregate {
namespace {

// The clock is 63 bits of picoseconds (106 days); a run is stopped well before.
constexpr SimTime kEndOfTime = SimTime::at_ps(Duration::seconds(8'000'000).count_ps());

LayerId layer_id(std::size_t layer) {
  return LayerId(static_cast<std::uint32_t>(layer));
}

}  // namespace

Scheduler::Scheduler(const sc_core::sc_module_name& name, const Parts& parts)
    : sc_core::sc_module(name),
      parts_(parts),
      event_({.model = parts.model,
              .table = parts.table,
              .residency = parts.residency,
              .prefetcher = parts.prefetcher,
              .desk = *this,
              .commit_ahead = parts.commit_ahead}) {
  SC_HAS_PROCESS(Scheduler);
  SC_THREAD(main);
  // A live source runs a forward pass on this stack.
  set_stack_size(1 << 20);
}

void Scheduler::main() {
  // A live source computes on this stack; an exception must not pass through the kernel.
  try {
    status_ = run_all_steps();
  } catch (const std::bad_alloc&) {
    status_ = bad_input("enough memory for the forward pass", "none left", "memory");
  }
  parts_.npu.settle();
  finished_ = true;
  sc_core::sc_stop();
}

Status Scheduler::run_all_steps() {
  parts_.source.observe(parts_.residency);
  for (std::int64_t done = 0;; ++done) {
    if (parts_.progress && !parts_.progress(done, parts_.npu.now())) {
      return run_failed("", "a run to its end", fmt::format("stopped after {} steps", done));
    }
    Result<std::optional<StepInfo>> next = parts_.source.next_step();
    if (!next) return next.error();
    if (!next->has_value()) return {};
    if (Status ok = run_step(**next); !ok) return ok.error().at("", fmt::format("step {}", done));
  }
}

Status Scheduler::run_step(const StepInfo& info) {
  info_ = info;
  const auto step = static_cast<std::int32_t>(parts_.recorder.record().steps.size());
  parts_.recorder.begin_step(info, parts_.npu.now());
  event_.begin_step(step);
  for (std::size_t layer = 0; layer < parts_.model.layers.size(); ++layer) {
    if (Status ok = run_layer(layer); !ok) return ok.error().at("", fmt::format("layer {}", layer));
  }
  const std::size_t last = parts_.model.layers.size() - 1;
  // Prefill needs the logits of its last token only; a decode step of a batch needs one for each sequence.
  const std::int32_t outputs = info.phase == Phase::prefill ? 1 : info.tokens;
  if (Status ok = run_operator(last, OperatorKind::head, ExpertId(), head_cost(parts_.model, outputs)); !ok)
    return ok;
  manage_cache(last);
  const Result<std::span<const MeasuredOperator>> measured =
      parts_.source.measured(LayerId(), OperatorKind::head);
  if (!measured) return measured.error();
  parts_.recorder.measured(*measured);
  parts_.recorder.end_step(parts_.npu.now());
  return {};
}

Status Scheduler::run_layer(std::size_t layer) {
  const LayerShape& shape = parts_.model.layers[layer];
  if (Status ok = run_operator(layer, OperatorKind::attention, ExpertId(),
                               attention_cost(parts_.model, shape, info_));
      !ok) {
    return ok;
  }
  if (Status ok = router_answers(layer); !ok) return ok;
  if (shape.is_moe() && !parts_.overlap) {
    while (event_.awaited() > 0) {
      if (Status ok = wait_for_arrival(layer); !ok) return ok;
    }
  }
  const OperatorKind kind = shape.is_moe() ? OperatorKind::shared_experts : OperatorKind::dense_ffn;
  if (Status ok = run_operator(layer, kind, ExpertId(), feed_forward_cost(shape, layer_tokens_)); !ok)
    return ok;
  return shape.is_moe() ? run_routed_experts(layer) : Status();
}

// The moment after attention: what is asked for goes into the queues, then lanes take from them.
Status Scheduler::router_answers(std::size_t layer) {
  const Result<std::int32_t> tokens = event_.router_answers(layer, parts_.source);
  if (!tokens) return tokens.error();
  layer_tokens_ = parts_.model.layers[layer].is_moe() ? *tokens : info_.tokens;
  start_loads(layer);
  return {};
}

void Scheduler::looked_up(LayerId layer, std::span<const Lookup> lookups) {
  parts_.recorder.begin_event(layer, lookups, parts_.npu.now());
}

LoadId Scheduler::request(ExpertId expert, Purpose purpose, LayerId layer) {
  parts_.npu.settle();
  return parts_.loader.request(expert, purpose, layer);
}

void Scheduler::start_loads(std::size_t layer) {
  if (!parts_.loader.has_queued()) return;
  parts_.npu.settle();
  parts_.loader.pump();
  if (parts_.manage_at_start) manage_cache(layer);
}

Status Scheduler::run_routed_experts(std::size_t layer) {
  const BankShape& bank = parts_.model.banks[parts_.model.layers[layer].bank.value()];
  for (std::size_t done = 0; done < event_.chosen().size(); ++done) {
    collect_arrivals();
    while (!event_.has_ready()) {
      if (Status ok = wait_for_arrival(layer); !ok) return ok;
    }
    const std::size_t i = event_.take_ready();
    if (Status ok = run_operator(layer, OperatorKind::routed_expert, event_.chosen()[i],
                                 expert_cost(bank, event_.tokens_of(i)));
        !ok) {
      return ok;
    }
  }
  evicted_.clear();
  event_.end_event(evicted_);
  if (evicted_.empty() && !parts_.loader.has_queued()) return {};
  parts_.npu.settle();
  parts_.loader.event_ended(evicted_);
  return {};
}

Status Scheduler::check_clock() const {
  if (parts_.npu.now() <= kEndOfTime) return {};
  return run_failed("", "a run of at most 92 simulated days", to_text(parts_.npu.now()));
}

Status Scheduler::run_operator(std::size_t layer, OperatorKind kind, ExpertId expert,
                               const OperatorCost& cost) {
  if (cost.bytes == Bytes() && cost.macs == Macs()) return {};
  manage_cache(layer);
  if (Status ok = check_clock(); !ok) return ok;
  const Result<std::optional<Duration>> measured = measured_time(layer, kind);
  if (!measured) return measured.error();
  Npu::Plan plan;
  if (!parts_.npu.plan({.macs = cost.macs, .bytes = cost.bytes, .measured = *measured}, plan)) {
    return bad_input(
        fmt::format("a device on which one operator takes less than {}", to_text(kLongestOperator)),
        fmt::format("{} operator of {} and {}", to_text(kind), to_text(cost.macs), to_text(cost.bytes)));
  }
  const SimTime begin = parts_.npu.now();
  parts_.npu.run(plan);
  parts_.recorder.operator_ran(layer_id(layer), kind, expert, begin, parts_.npu.now(),
                               std::min(plan.alone, parts_.npu.now() - begin));
  parts_.recorder.worked(info_.phase, cost.bytes, cost.macs);
  return {};
}

Result<std::optional<Duration>> Scheduler::measured_time(std::size_t layer, OperatorKind kind) {
  if (!parts_.measured_npu) return std::optional<Duration>();
  const LayerId id = kind == OperatorKind::head ? LayerId() : layer_id(layer);
  const Result<std::span<const MeasuredOperator>> operators = parts_.source.measured(id, kind);
  if (!operators) return operators.error();
  const MeasuredOperator* found = find_measured(*operators, id, kind);
  if (found == nullptr) {
    return bad_input("routing with measured operators (`pregate record` measures them)",
                     fmt::format("no {} operator", to_text(kind)), "runtime.npu");
  }
  // The routed experts of a layer were measured together.
  const std::int64_t parts = kind == OperatorKind::routed_expert ? std::max(found->experts, 1) : 1;
  return std::optional<Duration>(Duration::ps(found->duration.count_ps() / parts));
}

Status Scheduler::wait_for_arrival(std::size_t layer) {
  collect_arrivals();
  if (event_.has_ready() && parts_.overlap) return {};
  const std::int32_t before = event_.awaited();
  if (before == 0) return {};
  parts_.npu.settle();
  const SimTime begin = parts_.npu.now();
  while (event_.awaited() == before) {
    if (parts_.loader.idle()) {
      return bad_input(fmt::format("room for all {} experts of an event", event_.chosen().size()),
                       fmt::format("{} for experts of {}{}", to_text(parts_.residency.budget()),
                                   to_text(parts_.table.bytes(event_.first_awaited())),
                                   ", split between the banks or held by experts of the same event"),
                       "dram.expert_budget");
    }
    if (Status ok = check_clock(); !ok) return ok;
    ++waits_;
    sc_core::wait(parts_.loader.arrival());
    collect_arrivals();
  }
  // A wait is for want of room if the load was held back for at least as long as it was waited for.
  const SimTime end = parts_.npu.now();
  parts_.recorder.stalled(layer_id(layer), begin, end, event_.last_awaited(),
                          parts_.loader.held_back(event_.last_awaited()) >= end - begin);
  manage_cache(layer);
  return {};
}

void Scheduler::collect_arrivals() {
  arrivals_.clear();
  parts_.loader.take_arrivals(arrivals_);
  for (const LoadId load : arrivals_) event_.arrived(load);
}

void Scheduler::manage_cache(std::size_t layer) {
  const Duration debt = parts_.loader.take_management_debt();
  if (debt == Duration()) return;
  const SimTime begin = parts_.npu.now();
  parts_.npu.occupy(debt);
  parts_.recorder.managed(layer_id(layer), begin, parts_.npu.now());
}

}  // namespace pregate
