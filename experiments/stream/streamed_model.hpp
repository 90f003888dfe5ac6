// SPDX-License-Identifier: Apache-2.0
// A model whose routed experts are in a file, opened: the dense weights in memory, the file checked to be of
// this model, these weights and this processor. Private to experiments/: it shows CLI11.
#pragma once

#include <memory>
#include <string>

#include "experiments/forward_model.hpp"
#include "experiments/stream/stream_run.hpp"

namespace pregate {

struct OpenedStream {
  ForwardModel model;  // without routed experts
  ExpertLayout layout;
  ExpertPack pack;
  std::string file;
  std::string provenance;  // of what runs, the file included

  [[nodiscard]] StreamedModel streamed() const { return {model.weights, layout, pack, file}; }
};

// Errors: what is wrong with the file, before any weight is loaded.
Result<std::unique_ptr<OpenedStream>> open_stream(const ShippedCatalogue& catalogue, ForwardRequest request,
                                                  const std::string& file);

// Choices for a model that was never trained: the shipped synthetic process, of this shape, one prompt step
// and `decode_tokens` decode steps.
Result<std::shared_ptr<const RouteTrace>> synthetic_choices(const ShippedCatalogue& catalogue,
                                                            const ModelSpec& spec, std::int64_t decode_tokens,
                                                            std::uint64_t seed);

}  // namespace pregate
