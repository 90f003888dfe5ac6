// SPDX-License-Identifier: Apache-2.0
// Small models, devices and traces with round numbers, for closed forms and random runs.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "sim/simulator.hpp"
#include "traces/base/random.hpp"
#include "traces/replay.hpp"

namespace pregate::testing {

// A flash of 1 GB/s without latency, a DRAM of 100 GB/s, an NPU of 1 TMAC/s, no management cost.
inline DeviceSpec round_device() {
  DeviceSpec device;
  device.id = "round";
  device.flash = {.read_bandwidth = Bandwidth::bytes_per_second(1'000'000'000),
                  .lane_bandwidth = Bandwidth::bytes_per_second(1'000'000'000),
                  .request_latency = {},
                  .request_bytes = {},
                  .queue_depth = 32};
  device.dram = {.capacity = Bytes::gib(64),
                 .reserved = {},
                 .peak_bandwidth = Bandwidth::bytes_per_second(100'000'000'000),
                 .usable_bandwidth = Bandwidth::bytes_per_second(100'000'000'000),
                 .write_cost = {},
                 .latency = {}};
  device.npu = {.name = "npu",
                .precision = "int8",
                .mac_rate = MacRate::per_second(1'000'000'000'000),
                .dram_bandwidth = Bandwidth::bytes_per_second(100'000'000'000),
                .launch_latency = {}};
  return device;
}

struct LayerPlan {
  bool moe = true;
  Macs attention, feed_forward;
  Bytes feed_forward_bytes;
};

// Layers of `plan`, `group` MoE layers to a bank; experts of 1 MB that stream in 10 us and need no
// arithmetic.
inline ModelShape round_model(const std::vector<LayerPlan>& plan, std::int32_t experts, std::int32_t top_k,
                              std::size_t group = 1, Macs expert_macs = {}) {
  ModelShape model;
  model.name = "round";
  model.top_k = top_k;
  std::size_t moe = 0;
  for (const LayerPlan& p : plan) {
    LayerShape layer;
    layer.attention_macs = p.attention;
    layer.feed_forward_macs = p.feed_forward;
    layer.feed_forward_bytes = p.feed_forward_bytes;
    if (p.moe) {
      if (moe % group == 0) {
        model.banks.push_back(
            {.experts = experts, .expert_bytes = Bytes(1'000'000), .expert_macs = expert_macs});
      }
      layer.bank = BankId(static_cast<std::uint32_t>(moe / group));
      ++moe;
    }
    model.layers.push_back(layer);
  }
  return model;
}

// One decode step; `choices` holds the experts of each layer (empty for a dense one).
inline RouteStep decode_step(const std::vector<std::vector<std::uint16_t>>& choices, std::int64_t position) {
  RouteStep step;
  step.position = position;
  step.offset.push_back(0);
  for (const auto& layer : choices) {
    step.experts.insert(step.experts.end(), layer.begin(), layer.end());
    step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
    step.layer_tokens.push_back(1);
  }
  return step;
}

inline std::shared_ptr<RouteTrace> decode_trace(
    const ModelShape& model, const std::vector<std::vector<std::vector<std::uint16_t>>>& steps) {
  auto trace = std::make_shared<RouteTrace>();
  trace->header.model = model;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    trace->steps.push_back(decode_step(steps[s], static_cast<std::int64_t>(s)));
  }
  return trace;
}

inline Scenario round_scenario(Bytes budget) {
  Scenario scenario;
  scenario.name = "round";
  scenario.device = round_device();
  scenario.expert_budget = budget;
  return scenario;
}

inline RunRecord must_run(const Scenario& scenario, const std::shared_ptr<RouteTrace>& trace) {
  Replay source(trace);
  Result<RunRecord> run = simulate(scenario, source);
  EXPECT_TRUE(run.ok()) << run.error().message();
  return std::move(*run);
}

inline Duration bins_of(const PhaseSummary& phase) {
  return phase.compute + phase.dram_contention + phase.management + phase.stall;
}

}  // namespace pregate::testing
