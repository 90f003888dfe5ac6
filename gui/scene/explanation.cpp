// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/explanation.hpp"

#include "gui/scene/explain_parts.hpp"

namespace pregate {
namespace {

std::optional<EvictionKind> eviction_of(const RunHeader& header) {
  const Result<ScenarioDocument> document = ScenarioDocument::parse({"", header.scenario_text});
  if (!document) return std::nullopt;
  if (!document->has("policy.eviction")) return EvictionKind::lru;
  const Result<EvictionKind> kind = parse_eviction(document->text_at("policy.eviction"));
  return kind ? std::optional(*kind) : std::nullopt;
}

using Explain = void (*)(detail::Sentence&, std::uint64_t);

struct Table {
  std::size_t rows = 0;
  Explain explain = nullptr;
};

Table table_of(const RunRecord& run, const ExpertTable& experts, Target::Kind kind) {
  using Kind = Target::Kind;
  switch (kind) {
    case Kind::step:
      return {run.steps.size(), detail::explain_step};
    case Kind::event:
      return {run.events.size(), detail::explain_event};
    case Kind::operation:
      return {run.operators.size(), detail::explain_operation};
    case Kind::management:
      return {run.management.size(), detail::explain_management};
    case Kind::stall:
      return {run.stalls.size(), detail::explain_stall};
    case Kind::load:
      return {run.loads.size(), detail::explain_load};
    case Kind::eviction:
      return {run.evictions.size(), detail::explain_eviction};
    case Kind::lookup:
      return {run.lookups.size(), detail::explain_lookup};
    case Kind::expert:
      return {experts.size(), detail::explain_expert};
    case Kind::layer:
      return {run.model.layers.size(), detail::explain_layer};
    default:
      return {};
  }
}

}  // namespace

std::string Explanation::plain() const {
  std::string out;
  for (const TextRun& run : runs) out += run.text;
  return out;
}

Explainer::Explainer(const RunRecord& run)
    : run_(&run), names_(run), index_(run), eviction_(eviction_of(run.header)) {}

Explanation Explainer::explain(const Target& target) const {
  const Table table = table_of(*run_, names_.table(), target.kind);
  if (target.row >= table.rows) return {};
  detail::Sentence sentence(*this);
  table.explain(sentence, target.row);
  Explanation out = sentence.take();
  detail::add_chain(*this, target, out);
  return out;
}

Explanation Explainer::explain_cell(LayerId layer, ExpertId expert) const {
  if (layer.value() >= run_->model.layers.size() || expert.value() >= names_.table().size()) return {};
  detail::Sentence sentence(*this);
  detail::explain_cell(sentence, layer, expert);
  Explanation out = sentence.take();
  out.chain = {detail::target(Target::Kind::expert, expert.value())};
  return out;
}

}  // namespace pregate
