// SPDX-License-Identifier: Apache-2.0
#include "models/forward_bench.hpp"

#include <algorithm>
#include <chrono>

#include "kernels/memory_read.hpp"
#include "models/decoder.hpp"
#include "models/memory.hpp"

namespace pregate {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The products of one prefill, with the tokens that the routers gave each expert.
class BareProducts {
 public:
  BareProducts(const Weights& weights, const Decoder& decoder) : weights_(weights), decoder_(decoder) {}

  // Seconds in oneDNN's products and nothing else.
  double run() {
    seconds_ = 0;
    macs_ = 0;
    const ModelSpec& spec = weights_.spec();
    const std::int64_t tokens = decoder_.tokens();
    for (std::int64_t i = 0; i < spec.layers; ++i) {
      const LayerWeights& w = weights_.layer(i);
      product(w.qkv, tokens);
      product(w.output, tokens);
      if (spec.bank_of(i) >= 0) product(w.router, tokens);
      if (w.has_feed_forward) swiglu(w.feed_forward, tokens);
      if (spec.bank_of(i) >= 0) experts(i);
    }
    product(weights_.head(), 1);
    return seconds_;
  }
  [[nodiscard]] Macs macs() const { return Macs(macs_); }

 private:
  void experts(std::int64_t layer) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(weights_.spec().experts), 0);
    for (const std::uint16_t e : decoder_.routing(layer).experts) ++rows[e];
    for (std::size_t e = 0; e < rows.size(); ++e) {
      if (rows[e] > 0)
        swiglu(weights_.expert(weights_.spec().bank_of(layer), static_cast<std::int64_t>(e)), rows[e]);
    }
  }
  void swiglu(const SwigluWeights& w, std::int64_t rows) {
    product(w.gate, rows);
    product(w.up, rows);
    product(w.down, rows);
  }
  void product(const PackedMatrix& w, std::int64_t rows) {
    const auto size = static_cast<std::size_t>(rows * w.inputs());
    if (zeros_.size() < size) zeros_.resize(size, 0.25F);
    x_.convert(w.precision(), zeros_.data(), rows, w.inputs(), w.inputs());
    const auto begin = Clock::now();
    bare_product(w, x_);
    seconds_ += seconds_since(begin);
    macs_ += rows * w.inputs() * w.outputs();
  }

  const Weights& weights_;
  const Decoder& decoder_;
  std::vector<float> zeros_;
  Activations x_;
  double seconds_ = 0;
  std::int64_t macs_ = 0;
};

std::vector<std::int32_t> spread_tokens(std::int64_t count, std::int64_t vocabulary) {
  std::vector<std::int32_t> tokens;
  for (std::int64_t i = 0; i < count; ++i) tokens.push_back(static_cast<std::int32_t>(i * 7919 % vocabulary));
  return tokens;
}

// Reads of all weights, one stretch after another, so that no cache helps.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> all) : all_(all) {}

  double read(std::int64_t bytes) {
    double seconds = 0;
    while (bytes > 0) {
      if (at_ == all_.size()) at_ = 0;
      const std::size_t part = std::min(static_cast<std::size_t>(bytes), all_.size() - at_);
      seconds += read_seconds(all_.data() + at_, part);
      at_ += part;
      bytes -= static_cast<std::int64_t>(part);
    }
    return seconds;
  }

 private:
  std::span<const std::byte> all_;
  std::size_t at_ = 0;
};

void tell(const ForwardBenchOptions& options, const char* what, std::int64_t done, std::int64_t total) {
  if (options.progress) options.progress(what, done, total);
}

}  // namespace

Result<ForwardBench> bench_forward(const Weights& weights, const ForwardBenchOptions& options) {
  Decoder decoder(weights);
  const std::int64_t context = options.prompt_tokens + options.decode_tokens;
  if (Status enough = require_memory(Bytes(static_cast<std::int64_t>(decoder.cache_shape(context).bytes())),
                                     "the KV cache");
      !enough) {
    return enough.error();
  }
  KvCache cache = decoder.make_cache(context);
  const std::vector<std::int32_t> prompt = spread_tokens(options.prompt_tokens, weights.spec().vocabulary);
  std::vector<float> logits;
  ForwardBench bench;
  BareProducts products(weights, decoder);
  for (int r = 0; r < options.repeats; ++r) {
    const SequenceInput sequence{&cache, 0, prompt};
    auto begin = Clock::now();
    if (Status done = decoder.run(std::span(&sequence, 1), DecoderRows::last, logits); !done)
      return done.error();
    const double prefill = seconds_since(begin);
    const double bare = products.run();
    bench.prefill_s = r == 0 ? prefill : std::min(bench.prefill_s, prefill);
    bench.products_s = r == 0 ? bare : std::min(bench.products_s, bare);
    tell(options, "prefill", r + 1, options.repeats);
  }
  bench.products_macs = products.macs();
  Reader reader(weights.packed());
  for (std::int64_t t = 0; t < options.decode_tokens; ++t) {
    const auto token =
        static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    const SequenceInput sequence{&cache, options.prompt_tokens + t, std::span(&token, 1)};
    const auto begin = Clock::now();
    if (Status done = decoder.run(std::span(&sequence, 1), DecoderRows::last, logits); !done)
      return done.error();
    bench.decode_s += seconds_since(begin);
    Bytes bytes;
    for (const MeasuredOperator& m : decoder.measured()) bytes += m.bytes;
    bench.decode_bytes += bytes;
    bench.read_s += reader.read(bytes.count());
    tell(options, "decode", t + 1, options.decode_tokens);
  }
  return bench;
}

}  // namespace pregate
