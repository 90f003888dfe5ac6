// SPDX-License-Identifier: Apache-2.0
// The clauses that explanations are made of. Private to explanation.cpp, cause_chain.cpp and
// explain_sums.cpp.
#pragma once

#include "gui/scene/explanation.hpp"

namespace pregate::detail {

inline Target target(Target::Kind kind, std::uint64_t row) {
  return {.kind = kind, .row = row};
}

// Writes runs of text; words that follow each other become one run.
class Sentence {
 public:
  explicit Sentence(const Explainer& why) : why_(why), run_(why.run()), names_(why.names()) {}

  Sentence& say(std::string_view words);
  Sentence& link(std::string words, Target::Kind kind, std::uint64_t row);

  // "token 118, layer 7", with links to the step and to the event there, or to the layer.
  Sentence& place(std::int32_t step, LayerId layer);
  Sentence& event(EventId event);
  Sentence& expert(ExpertId expert);

  // "on demand", "a committed prefetch".
  static std::string_view purpose(Purpose purpose);
  // " began 0.80 ms late because 4 loads stood before it and took 1.74 ms", as far as the load came.
  Sentence& progress(const LoadRecord& load, bool lacked_room);
  // "it was evicted at 88.200 ms for expert 4 of bank 0 (lfu: used 2 times), next use 2 tokens away; OPT
  // would have kept it".
  Sentence& eviction(EvictionId id, std::string_view subject);
  // "OPT would have kept it"; nothing where there is no next use.
  Sentence& opt(const EvictionRecord& eviction);

  [[nodiscard]] Explanation take() { return std::move(out_); }
  [[nodiscard]] const Explainer& why() const { return why_; }
  [[nodiscard]] const RunRecord& run() const { return run_; }
  [[nodiscard]] const RunNames& names() const { return names_; }

 private:
  void chosen_by(const EvictionRecord& eviction);
  void next_use(const EvictionRecord& eviction);

  const Explainer& why_;
  const RunRecord& run_;
  const RunNames& names_;
  Explanation out_;
};

void explain_stall(Sentence& out, std::uint64_t row);
void explain_load(Sentence& out, std::uint64_t row);
void explain_eviction(Sentence& out, std::uint64_t row);
// The chain that the target stands in, and its place there.
void add_chain(const Explainer& why, const Target& target, Explanation& out);

void explain_operation(Sentence& out, std::uint64_t row);
void explain_management(Sentence& out, std::uint64_t row);
void explain_event(Sentence& out, std::uint64_t row);
void explain_lookup(Sentence& out, std::uint64_t row);
void explain_step(Sentence& out, std::uint64_t row);
void explain_layer(Sentence& out, std::uint64_t row);
void explain_expert(Sentence& out, std::uint64_t row);
void explain_cell(Sentence& out, LayerId layer, ExpertId expert);

}  // namespace pregate::detail
