// SPDX-License-Identifier: Apache-2.0
// The one oneDNN engine and stream of the process, and the descriptors that several kernels share. Private to
// kernels/: it shows oneDNN. A dnnl::error here is a fault of ours (shapes were checked before), so it ends
// the program with its message instead of leaving the folder.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "kernels/packed_matrix.hpp"
#include "traces/base/check.hpp"

namespace pregate {

dnnl::engine& onednn_engine();
dnnl::stream& onednn_stream();

inline dnnl::memory::data_type data_type_of(Precision precision) {
  using Type = dnnl::memory::data_type;
  return precision == Precision::f32 ? Type::f32 : precision == Precision::bf16 ? Type::bf16 : Type::s8;
}

struct PackedLayout::Descriptor {
  dnnl::memory::desc weights;  // [inputs, outputs]
};

// Lets the files of kernels/ see the descriptor of a layout.
class OneDnnWeights {
 public:
  static const dnnl::memory::desc& descriptor(const PackedLayout& layout) {
    return layout.descriptor_->weights;
  }
};

template <typename Call>
auto guarded(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const dnnl::error& error) {
    check(false, error.what());
    throw;  // not reached
  }
}

}  // namespace pregate
