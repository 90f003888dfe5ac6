// SPDX-License-Identifier: Apache-2.0
// Where the routed experts of a layer come from while it runs, if their weights are not all in memory: the
// decoder computes what is there and asks for more. Whatever order they come in, their results are summed in
// one order, so that the numbers are those of a run that has everything.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/feed_forward.hpp"
#include "traces/base/result.hpp"

namespace pregate {

class ExpertStore {
 public:
  virtual ~ExpertStore() = default;

  // Appends experts of the layer's bank that are in memory now and were not given before in this layer;
  // waits until there is one. Asked until all that the layer's router chose were given.
  virtual Status ready(std::int64_t layer, std::vector<std::int32_t>& experts) = 0;
  // Of an expert that ready() gave; valid until the layer has ended.
  [[nodiscard]] virtual SwigluWeights weights(std::int64_t layer, std::int32_t expert) const = 0;
  // What ready() gave last is computed.
  virtual void computed(std::int64_t layer) = 0;
};

}  // namespace pregate
