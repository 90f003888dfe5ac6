// SPDX-License-Identifier: Apache-2.0
#include "traces/dressed_source.hpp"

#include "traces/base/check.hpp"

namespace pregate {

Result<std::unique_ptr<DressedSource>> DressedSource::create(RoutingSource& inner, const Dressing& dressing) {
  std::unique_ptr<DressedSource> source(new DressedSource(inner, dressing));
  if (const RouteTrace* whole = inner.whole_trace()) {
    Result<RouteTrace> dressed = dress(*whole, dressing);
    if (!dressed) return dressed.error();
    source->whole_.emplace(std::move(*dressed));
  }
  return source;
}

DressedSource::DressedSource(RoutingSource& inner, const Dressing& dressing)
    : inner_(inner),
      dressing_(dressing),
      header_(dress(inner.header(), dressing)),
      answers_(dressing.shape().layers.size()) {}

Result<std::optional<StepInfo>> DressedSource::next_step() {
  for (Answer& answer : answers_) answer.known = false;
  Result<std::optional<StepInfo>> step = inner_.next_step();
  if (step && step->has_value()) tokens_ = (*step)->tokens;
  return step;
}

Result<LayerRouting> DressedSource::route(LayerId layer) {
  check(layer.value() < answers_.size(), "route() of a layer that the model does not have");
  const LayerId source = dressing_.source_of(layer);
  if (!source.valid()) return LayerRouting{.experts = {}, .weights = {}, .tokens = tokens_};
  Answer& answer = answers_[layer.value()];
  if (!answer.known) {
    const Result<LayerRouting> routing = inner_.route(source);
    if (!routing) return routing.error();
    answer.experts.clear();
    if (Status done = dressing_.dress(layer, *routing, answer.experts); !done) return done.error();
    answer.tokens = routing->tokens;
    answer.known = true;
  }
  return LayerRouting{.experts = answer.experts, .weights = {}, .tokens = answer.tokens};
}

}  // namespace pregate
