// SPDX-License-Identifier: Apache-2.0
// Why: a sentence about one thing of a run, with links to the things that it names, and the chain of causes
// that it stands in. Everything is what the simulator recorded when it decided; nothing is guessed here. What
// the record does not say is left out of the sentence.
//
//   const Explainer why(run);
//   const Explanation text = why.explain({.kind = Target::Kind::stall, .row = 17});
//   text.plain();  // "token 118, layer 7 waited 3.10 ms for expert 17 of bank 2 (late prefetch); its load
//   ..."
#pragma once

#include <string>
#include <vector>

#include "gui/scene/picture.hpp"
#include "gui/scene/run_index.hpp"
#include "gui/scene/run_names.hpp"
#include "traces/scenario.hpp"

namespace pregate {

struct TextRun {
  std::string text;
  Target target;  // kind none: words alone

  friend bool operator==(const TextRun&, const TextRun&) = default;
};

struct Explanation {
  std::vector<TextRun> runs;
  // From effect to cause: a stall, the load whose arrival ended it, the eviction that made the load
  // necessary, the load that took the room, and so on. One entry for what has no cause on record.
  std::vector<Target> chain;
  std::size_t here = 0;  // place in the chain of what is explained

  [[nodiscard]] bool empty() const { return runs.empty(); }
  [[nodiscard]] std::string plain() const;
};

// Of a run that passes validate_run() and outlives it.
class Explainer {
 public:
  explicit Explainer(const RunRecord& run);

  // Stalls, loads, evictions, operators, management, events, lookups, steps, layers and experts; empty for
  // other kinds and for rows that are not there.
  [[nodiscard]] Explanation explain(const Target& target) const;
  // A cell of a heatmap: an expert as one layer used it.
  [[nodiscard]] Explanation explain_cell(LayerId layer, ExpertId expert) const;

  [[nodiscard]] const RunRecord& run() const { return *run_; }
  [[nodiscard]] const RunNames& names() const { return names_; }
  [[nodiscard]] const RunIndex& index() const { return index_; }
  // What chose the victims; empty: the scenario text of the run does not tell.
  [[nodiscard]] const std::optional<EvictionKind>& eviction() const { return eviction_; }

 private:
  const RunRecord* run_;
  RunNames names_;
  RunIndex index_;
  std::optional<EvictionKind> eviction_;
};

}  // namespace pregate
