// SPDX-License-Identifier: Apache-2.0
#include "experiments/perfetto_view.hpp"

#include <fmt/format.h>

#include "experiments/table.hpp"

namespace pregate {

std::string text_of(const PerfettoCounts& counts) {
  return fmt::format(
      "{} tracks, {} slices, {} instants, {} counter values, {} arrows over {} (simulated), {}",
      with_commas(counts.tracks), with_commas(counts.slices), with_commas(counts.instants),
      with_commas(counts.samples), with_commas(counts.flows), to_text(Duration::ns(counts.end_ns)),
      to_text(Bytes(counts.bytes)));
}

nlohmann::ordered_json json_of(const PerfettoCounts& counts) {
  return {{"bytes", counts.bytes},   {"packets", counts.packets},   {"tracks", counts.tracks},
          {"slices", counts.slices}, {"instants", counts.instants}, {"counter_values", counts.samples},
          {"arrows", counts.flows},  {"end_ns", counts.end_ns}};
}

}  // namespace pregate
