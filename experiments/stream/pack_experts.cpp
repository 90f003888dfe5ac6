// SPDX-License-Identifier: Apache-2.0
#include "experiments/stream/pack_experts.hpp"

#include "experiments/interrupts.hpp"
#include "experiments/terminal.hpp"
#include "experiments/verbs.hpp"
#include "models/compute.hpp"
#include "models/expert_pack.hpp"

namespace pregate {

Status pack_experts(const FoundModel& found, const ForwardRequest& request, const std::string& out) {
  const Result<Precision> precision = parse_precision(request.precision);
  if (!precision) return precision.error().at("--precision");
  if (Status computes = check_precision(*precision); !computes) return computes.error().at("--precision");
  use_threads(request.threads);
  Progress progress("packing experts: MiB");
  const Interrupts interrupts;
  const PackOptions options{
      .precision = *precision,
      .progress = [&](Bytes done, Bytes total) { progress.update(done.count() >> 20, total.count() >> 20); },
      .stop = [&] { return interrupts.any(); }};
  if (!found.folder.empty()) return pack_checkpoint(found.config, found.folder, out, options);
  const Result<std::uint64_t> seed = parse_seed(request.random_weights);
  if (!seed) return seed.error().at("--random-weights");
  return pack_random(found.config.spec, *seed, out, options);
}

}  // namespace pregate
