// SPDX-License-Identifier: Apache-2.0
#include "kernels/onednn_product.hpp"

#include <map>
#include <tuple>

#include "kernels/cpu.hpp"
#include "kernels/onednn.hpp"

namespace pregate {
namespace {

using dnnl::memory;

struct Key {
  Precision precision;
  std::int64_t rows, inputs, outputs, x_stride, y_stride;
  bool swish, times, in_precision, panels;
  int threads;  // oneDNN divides the work and its scratch when a primitive is made

  auto operator<=>(const Key&) const = default;
};

struct CachedProduct {
  dnnl::matmul primitive;
  memory x, weights, y, times;
};

memory::data_type result_type(const Key& key) {
  if (key.precision == Precision::int8) return memory::data_type::s32;
  const bool bf16 = key.in_precision && key.precision == Precision::bf16;
  return bf16 ? memory::data_type::bf16 : memory::data_type::f32;
}

CachedProduct make(const Key& key, const memory::desc& weights) {
  const memory::desc x({key.rows, key.inputs}, data_type_of(key.precision), memory::dims{key.x_stride, 1});
  const memory::desc y({key.rows, key.outputs}, result_type(key), memory::dims{key.y_stride, 1});
  const memory::desc times({key.rows, key.outputs}, memory::data_type::f32, memory::format_tag::ab);
  dnnl::post_ops after;
  if (key.swish) after.append_eltwise(1.0F, dnnl::algorithm::eltwise_swish, 1.0F, 0.0F);
  if (key.times) after.append_binary(dnnl::algorithm::binary_mul, times);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  const dnnl::matmul::primitive_desc description({x, weights, y}, attributes, onednn_engine());
  const auto view = [](const memory::desc& desc) { return memory(desc, onednn_engine(), nullptr); };
  return {dnnl::matmul(description), view(x), view(weights), view(y), view(times)};
}

// Primitives live as long as the process: there are as many as there are shapes, and padded_rows() keeps
// those few.
CachedProduct& cached(const Key& key, const memory::desc& weights) {
  static std::map<Key, CachedProduct> products;
  const auto found = products.find(key);
  if (found != products.end()) return found->second;
  return products.emplace(key, make(key, weights)).first->second;
}

}  // namespace

void run_onednn(const PackedMatrix& weights, const Activations& x, const ProductTarget& target) {
  guarded([&] {
    const Key key{.precision = weights.precision(),
                  .rows = padded_rows(x.rows()),
                  .inputs = padded_inputs(weights.inputs()),
                  .outputs = weights.outputs(),
                  .x_stride = x.stride(),
                  .y_stride = target.y_stride > 0 ? target.y_stride : weights.outputs(),
                  .swish = target.swish,
                  .times = target.times != nullptr,
                  .in_precision = target.in_precision,
                  .panels = weights.layout->in_panels(),
                  .threads = threads()};
    CachedProduct& product = cached(key, OneDnnWeights::descriptor(*weights.layout));
    // oneDNN's handles are not const; it does not write its sources.
    product.x.set_data_handle(const_cast<std::byte*>(x.data()));
    product.weights.set_data_handle(const_cast<std::byte*>(weights.data));
    product.y.set_data_handle(target.y);
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, product.x}, {DNNL_ARG_WEIGHTS, product.weights}, {DNNL_ARG_DST, product.y}};
    if (key.times) {
      product.times.set_data_handle(const_cast<float*>(target.times));
      const int position = key.swish ? 1 : 0;
      arguments.insert({DNNL_ARG_ATTR_MULTIPLE_POST_OP(position) | DNNL_ARG_SRC_1, product.times});
    }
    product.primitive.execute(onednn_stream(), arguments);
    onednn_stream().wait();
  });
}

}  // namespace pregate
