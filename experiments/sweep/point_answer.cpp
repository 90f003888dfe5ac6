// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/point_answer.hpp"

#include <fmt/format.h>

#include <chrono>

#include "sim/simulator.hpp"
#include "traces/replay.hpp"

namespace pregate {
namespace {

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string failure(const Error& error) {
  return dumped({{"error", error.message()}});
}

}  // namespace

std::string answer_point(const ShippedCatalogue& catalogue, const RunRequest& request, RoutingShare& share,
                         const std::function<void(Scenario&)>& change) {
  Result<ResolvedRun> run = resolve_run(catalogue, request);
  if (!run) return failure(run.error());
  const Result<Workload> workload = share.get(request, *run);
  if (!workload) return failure(workload.error());
  if (change) change(run->scenario);
  const WorkloadSpec& spec = run->scenario.workload;
  Replay source(workload->trace, {.skip_prefill = spec.decode_only, .max_steps = spec.max_steps});
  const auto begin = std::chrono::steady_clock::now();
  const Result<RunRecord> record = simulate(run->scenario, source, {.keep_details = false});
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  if (!record) return failure(record.error().at(run->scenario_file));
  Json values = Json::array();
  for (const auto& [key, value] : summary_row(record->summary)) values.push_back(value);
  return dumped({{"scenario", run->scenario.text},
                 {"seed", fmt::format("{}", run->scenario.policy.seed)},
                 {"wall_s", wall.count()},
                 {"values", std::move(values)}});
}

PointAnswer read_answer(const Result<std::string>& answer) {
  PointAnswer out;
  if (!answer) {
    out.error = answer.error().message();
    return out;
  }
  const Json json = Json::parse(*answer, nullptr, false);
  const auto& keys = summary_keys();
  if (json.is_object() && json.contains("error")) {
    out.error = json["error"].get<std::string>();
  } else if (json.is_object() && json.contains("values") && json["values"].size() == keys.size()) {
    out.scenario = json["scenario"].get<std::string>();
    out.seed = json["seed"].get<std::string>();
    out.wall_s = json["wall_s"].get<double>();
    for (std::size_t k = 0; k < keys.size(); ++k) out.summary.emplace_back(keys[k], json["values"][k]);
  } else {
    out.error = "its process said nothing that can be read";
  }
  return out;
}

}  // namespace pregate
