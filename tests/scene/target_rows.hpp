// SPDX-License-Identifier: Apache-2.0
// How many rows of a run a kind of target can name.
#pragma once

#include "gui/scene/picture.hpp"
#include "traces/run_record.hpp"

namespace pregate::fixtures {

inline std::size_t rows_of(const RunRecord& run, Target::Kind kind) {
  using Kind = Target::Kind;
  switch (kind) {
    case Kind::step:
      return run.steps.size();
    case Kind::event:
      return run.events.size();
    case Kind::operation:
      return run.operators.size();
    case Kind::management:
      return run.management.size();
    case Kind::stall:
      return run.stalls.size();
    case Kind::load:
      return run.loads.size();
    case Kind::eviction:
      return run.evictions.size();
    case Kind::lookup:
      return run.lookups.size();
    case Kind::expert:
      return ExpertTable(run.model).size();
    case Kind::layer:
      return run.model.layers.size();
    default:
      return 0;
  }
}

}  // namespace pregate::fixtures
