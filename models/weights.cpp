// SPDX-License-Identifier: Apache-2.0
#include "models/weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <tuple>

#include "kernels/convert.hpp"
#include "models/compute.hpp"
#include "models/expert_layout.hpp"
#include "models/memory.hpp"
#include "models/tensor_source.hpp"
#include "traces/base/check.hpp"

namespace pregate {

struct Weights::State {
  explicit State(Arena memory) : arena(std::move(memory)) {}

  ModelSpec spec;
  Precision precision = Precision::bf16;
  Arena arena;
  std::map<std::tuple<std::int64_t, std::int64_t, Precision>, PackedLayout> layouts;  // by outputs, inputs
  std::vector<LayerWeights> layers;
  std::vector<SwigluWeights> experts;  // bank after bank
  const std::byte* embedding = nullptr;
  bool embedding_bf16 = false;
  std::vector<float> final_norm;
  PackedMatrix head;
  Bytes packed, expert_bytes;
};

// Two passes over the same list of parts. The first asks the source whether each is there and adds up what it
// takes; only then memory is taken, and the second packs, a matrix a thread.
class WeightsBuilder {
 public:
  WeightsBuilder(const ModelSpec& spec, TensorSource& source, const WeightsOptions& options)
      : spec_(spec), source_(source), options_(options) {}

  Result<Weights> build() {
    const auto hidden = spec_.hidden;
    layers_.resize(size(spec_.layers));
    for (std::int64_t i = 0; i < spec_.layers; ++i) plan_layer(i);
    const std::int64_t experts = options_.routed_experts ? spec_.banks() * spec_.experts : 0;
    experts_.resize(size(experts));
    for (std::int64_t e = 0; e < experts; ++e) plan_expert(e);
    vector({Part::final_norm}, hidden, final_norm_);
    head_ = matrix({{spec_.tied_head ? Part::embedding : Part::head}, spec_.vocabulary}, hidden);
    expect({Part::embedding}, spec_.vocabulary, hidden);
    if (!failure_.ok()) return failure_.error();
    return allocate_and_pack();
  }

 private:
  struct Rows {
    PartName name;
    std::int64_t count = 0;
  };
  // A matrix to be packed: the rows of one tensor, or of several below each other.
  struct Job {
    std::vector<Rows> rows;
    const PackedLayout* layout = nullptr;
    std::byte* data = nullptr;
  };
  struct VectorJob {
    PartName name;
    std::vector<float>* out = nullptr;
  };
  using Handle = std::size_t;  // of a job
  static constexpr Handle kNone = static_cast<Handle>(-1);
  struct Swiglu {
    Handle gate = kNone, up = kNone, down = kNone;
  };
  struct Layer {
    LayerWeights weights;
    Handle qkv = kNone, output = kNone, router = kNone;
    Swiglu feed_forward;
  };

  static std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

  void expect(const PartName& name, std::int64_t rows, std::int64_t columns) {
    if (failure_.ok()) failure_ = source_.expect(name, rows, columns);
  }

  const PackedLayout* layout(std::int64_t outputs, std::int64_t inputs, Precision precision) {
    const auto key = std::tuple(outputs, inputs, precision);
    const auto found = layouts_.find(key);
    if (found != layouts_.end()) return &found->second;
    return &layouts_
                .emplace(key, PackedLayout({.outputs = outputs, .inputs = inputs, .precision = precision}))
                .first->second;
  }

  Handle matrix(std::vector<Rows> rows, std::int64_t inputs, Precision precision) {
    std::int64_t outputs = 0;
    for (const Rows& r : rows) {
      expect(r.name, r.count, inputs);
      outputs += r.count;
    }
    jobs_.push_back({std::move(rows), layout(outputs, inputs, precision), nullptr});
    return jobs_.size() - 1;
  }
  Handle matrix(const Rows& rows, std::int64_t inputs) { return matrix({rows}, inputs, options_.precision); }

  // Appended to `out` when it is read.
  void vector(const PartName& name, std::int64_t columns, std::vector<float>& out) {
    expect(name, 0, columns);
    vectors_.push_back({name, &out});
    vector_columns_.push_back(columns);
  }

  void plan_layer(std::int64_t i) {
    Layer& layer = layers_[size(i)];
    LayerWeights& w = layer.weights;
    const std::int64_t hidden = spec_.hidden, q = spec_.heads * spec_.head_dim,
                       kv = spec_.kv_heads * spec_.head_dim;
    vector({Part::attention_norm, i}, hidden, w.attention_norm);
    vector({Part::feed_forward_norm, i}, hidden, w.feed_forward_norm);
    layer.qkv =
        matrix({{{Part::q, i}, q}, {{Part::k, i}, kv}, {{Part::v, i}, kv}}, hidden, options_.precision);
    layer.output = matrix({{Part::output, i}, hidden}, q);
    if (spec_.qkv_bias) {
      vector({Part::q_bias, i}, q, w.qkv_bias);
      vector({Part::k_bias, i}, kv, w.qkv_bias);
      vector({Part::v_bias, i}, kv, w.qkv_bias);
    }
    if (spec_.qk_norm != QkNorm::none) {
      const bool each = spec_.qk_norm == QkNorm::head;
      vector({Part::q_norm, i}, each ? spec_.head_dim : q, w.q_norm);
      vector({Part::k_norm, i}, each ? spec_.head_dim : kv, w.k_norm);
    }
    if (spec_.bank_of(i) < 0) {
      plan_swiglu({Part::dense_gate, i}, {Part::dense_up, i}, {Part::dense_down, i}, spec_.dense_width,
                  layer.feed_forward);
      return;
    }
    layer.router = matrix({{{Part::router, i}, spec_.experts}}, hidden, Precision::f32);
    if (spec_.correction_bias) vector({Part::correction, i}, spec_.experts, w.correction);
    if (spec_.shared_width > 0) {
      plan_swiglu({Part::shared_gate, i}, {Part::shared_up, i}, {Part::shared_down, i}, spec_.shared_width,
                  layer.feed_forward);
      if (spec_.shared_gate) shared_scale(i, w.shared_gate);
    }
  }

  // A matrix of one row in the checkpoint.
  void shared_scale(std::int64_t i, std::vector<float>& out) {
    const PartName name{Part::shared_scale, i};
    expect(name, 1, spec_.hidden);
    vectors_.push_back({name, &out});
    vector_columns_.push_back(spec_.hidden);
  }

  void plan_swiglu(const PartName& gate, const PartName& up, const PartName& down, std::int64_t width,
                   Swiglu& out) {
    out.gate = matrix({gate, width}, spec_.hidden);
    out.up = matrix({up, width}, spec_.hidden);
    out.down = matrix({down, spec_.hidden}, width);
  }

  void plan_expert(std::int64_t index) {
    const ExpertParts parts = expert_parts(spec_, index);
    plan_swiglu(parts.gate, parts.up, parts.down, spec_.expert_width, experts_[size(index)]);
  }

  [[nodiscard]] std::size_t embedding_bytes() const {
    return size(spec_.vocabulary * spec_.hidden) * (options_.precision == Precision::f32 ? 4 : 2);
  }

  Result<Weights> allocate_and_pack() {
    std::size_t total = embedding_bytes() + kCacheLine;
    for (const Job& job : jobs_) total += job.layout->bytes();
    const Bytes bytes(static_cast<std::int64_t>(total));
    if (const Status enough = require_memory(bytes, "the weights"); !enough) return enough.error();
    Result<Arena> arena = Arena::create(bytes);
    if (!arena) return arena.error();
    auto state = std::make_unique<Weights::State>(std::move(*arena));
    for (Job& job : jobs_) job.data = state->arena.take(job.layout->bytes());
    std::byte* embedding = state->arena.take(embedding_bytes());
    total_ = bytes;
    read_vectors();
    pack_all(embedding);
    if (!failure_.ok()) return failure_.error();
    fill(*state, embedding);
    return Weights(std::move(state));
  }

  void read_vectors() {
    for (std::size_t i = 0; i < vectors_.size(); ++i) {
      std::vector<float>& out = *vectors_[i].out;
      const std::size_t at = out.size();
      out.resize(at + size(vector_columns_[i]));
      source_.read(vectors_[i].name, vector_columns_[i], 0, 1, out.data() + at);
    }
  }

  // Threads take jobs as they become free; the first failure in the order of jobs is the one that is told.
  void pack_all(std::byte* embedding) {
    std::size_t failed_job = jobs_.size();
    std::mutex mutex;
    std::int64_t done = 0;
#pragma omp parallel for schedule(dynamic, 1)
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      const Job& job = jobs_[i];
      Status packed = job.layout->pack(rows_of(job), job.data);
      for (const Rows& rows : job.rows) {
        if (rows.name.part != Part::embedding) source_.release(rows.name);
      }
      const std::lock_guard lock(mutex);
      if (!packed.ok() && i < failed_job) {
        failed_job = i;
        failure_ = locate(job, packed.error());
      }
      done += static_cast<std::int64_t>(job.layout->bytes());
      if (options_.progress) options_.progress(Bytes(done), total_);
    }
    if (failure_.ok()) read_embedding(embedding);
  }

  // A packed matrix may be several tensors below each other: the error is to name the file, the tensor and
  // its own row. Reads them again, as nothing else comes after it.
  [[nodiscard]] Error locate(const Job& job, Error error) const {
    std::vector<float> row(size(job.layout->shape().inputs));
    for (const Rows& rows : job.rows) {
      for (std::int64_t r = 0; r < rows.count; ++r) {
        source_.read(rows.name, job.layout->shape().inputs, r, 1, row.data());
        if (std::all_of(row.begin(), row.end(), [](float x) { return std::isfinite(x); })) continue;
        error.place = fmt::format("tensor \"{}\", row {}", source_.describe(rows.name), r);
        return error.at(source_.file_of(rows.name));
      }
    }
    return error.at(source_.file_of(job.rows.front().name), source_.describe(job.rows.front().name));
  }

  [[nodiscard]] RowReader rows_of(const Job& job) const {
    return [this, &job](std::int64_t first, std::int64_t count, float* out) {
      const std::int64_t inputs = job.layout->shape().inputs;
      std::int64_t begin = 0;
      for (const Rows& rows : job.rows) {
        const std::int64_t from = std::max(first, begin), to = std::min(first + count, begin + rows.count);
        if (from < to)
          source_.read(rows.name, inputs, from - begin, to - from, out + (from - first) * inputs);
        begin += rows.count;
      }
    };
  }

  void read_embedding(std::byte* out) {
    const bool bf16 = options_.precision != Precision::f32;
    constexpr std::int64_t kRows = 64;
#pragma omp parallel
    {
      Buffer<float> rows(size(kRows * spec_.hidden));
#pragma omp for schedule(static)
      for (std::int64_t first = 0; first < spec_.vocabulary; first += kRows) {
        const std::int64_t count = std::min(kRows, spec_.vocabulary - first);
        float* in = bf16 ? rows.data() : reinterpret_cast<float*>(out) + first * spec_.hidden;
        source_.read({Part::embedding}, spec_.hidden, first, count, in);
        if (bf16) {
          row_to_bf16(in, count * spec_.hidden, reinterpret_cast<std::uint16_t*>(out) + first * spec_.hidden);
        }
      }
    }
    source_.release({Part::embedding});
  }

  [[nodiscard]] PackedMatrix packed(Handle handle) const {
    return handle == kNone ? PackedMatrix{} : PackedMatrix{jobs_[handle].layout, jobs_[handle].data};
  }
  [[nodiscard]] SwigluWeights packed(const Swiglu& s) const {
    return {packed(s.gate), packed(s.up), packed(s.down)};
  }

  void fill(Weights::State& state, const std::byte* embedding) {
    for (Layer& layer : layers_) {
      LayerWeights& w = layer.weights;
      w.qkv = packed(layer.qkv);
      w.output = packed(layer.output);
      w.router = packed(layer.router);
      w.feed_forward = packed(layer.feed_forward);
      w.has_feed_forward = layer.feed_forward.gate != kNone;
      state.layers.push_back(std::move(w));
    }
    for (const Swiglu& expert : experts_) state.experts.push_back(packed(expert));
    state.spec = spec_;
    state.precision = options_.precision;
    state.embedding = embedding;
    state.embedding_bf16 = options_.precision != Precision::f32;
    state.final_norm = std::move(final_norm_);
    state.head = packed(head_);
    state.packed = total_;
    if (spec_.banks() * spec_.experts > 0)
      state.expert_bytes = ExpertLayout(spec_, options_.precision).bytes();
    state.layouts = std::move(layouts_);  // nodes stay where they are
  }

  const ModelSpec& spec_;
  TensorSource& source_;
  const WeightsOptions& options_;
  Status failure_;
  std::map<std::tuple<std::int64_t, std::int64_t, Precision>, PackedLayout> layouts_;
  std::vector<Job> jobs_;
  std::vector<VectorJob> vectors_;
  std::vector<std::int64_t> vector_columns_;
  std::vector<Layer> layers_;
  std::vector<Swiglu> experts_;
  std::vector<float> final_norm_;
  Handle head_ = kNone;
  Bytes total_;
};

Status check_runnable(const ModelSpec& spec) {
  if (spec.latent) {
    return bad_input("grouped-query attention (num_key_value_heads)",
                     fmt::format("latent attention in {}: it can be simulated, and not be run", spec.name),
                     "kv_lora_rank");
  }
  if (spec.head_dim % 2 != 0) {
    return bad_input("an even width, whose halves rotate", fmt::format("{}", spec.head_dim), "head_dim");
  }
  return {};
}

Result<Weights> Weights::load(const ModelConfig& config, const std::string& folder,
                              const WeightsOptions& options) {
  if (const Status runnable = check_runnable(config.spec); !runnable) return runnable.error().at(folder);
  if (const Status computes = check_precision(options.precision); !computes) return computes.error();
  Result<std::unique_ptr<TensorSource>> source = open_checkpoint(config, folder);
  if (!source) return source.error();
  Result<Weights> weights = WeightsBuilder(config.spec, **source, options).build();
  if (!weights) return weights.error().at(folder);
  return weights;
}

Result<Weights> Weights::random(const ModelSpec& spec, std::uint64_t seed, const WeightsOptions& options) {
  if (const Status runnable = check_runnable(spec); !runnable) return runnable.error();
  if (const Status computes = check_precision(options.precision); !computes) return computes.error();
  const std::unique_ptr<TensorSource> source = random_tensors(seed);
  return WeightsBuilder(spec, *source, options).build();
}

Weights::Weights(std::unique_ptr<State> state) : state_(std::move(state)) {}
Weights::~Weights() = default;
Weights::Weights(Weights&&) noexcept = default;
Weights& Weights::operator=(Weights&&) noexcept = default;

const ModelSpec& Weights::spec() const {
  return state_->spec;
}

Precision Weights::precision() const {
  return state_->precision;
}

const LayerWeights& Weights::layer(std::int64_t i) const {
  return state_->layers[static_cast<std::size_t>(i)];
}

bool Weights::has_experts() const {
  return !state_->experts.empty();
}

SwigluWeights Weights::expert(std::int64_t bank, std::int64_t expert) const {
  check(has_experts(), "an expert of weights without routed experts");
  return state_->experts[static_cast<std::size_t>(bank * state_->spec.experts + expert)];
}

void Weights::embed(std::int32_t token, float* out) const {
  const std::int64_t hidden = state_->spec.hidden;
  if (!state_->embedding_bf16) {
    std::copy_n(reinterpret_cast<const float*>(state_->embedding) + token * hidden, hidden, out);
    return;
  }
  const auto* row = reinterpret_cast<const std::uint16_t*>(state_->embedding) + token * hidden;
  for (std::int64_t i = 0; i < hidden; ++i) out[i] = from_bf16(row[i]);
}

const std::vector<float>& Weights::final_norm() const {
  return state_->final_norm;
}

const PackedMatrix& Weights::head() const {
  return state_->head;
}

std::span<const std::byte> Weights::packed() const {
  return state_->arena.taken();
}

Bytes Weights::packed_bytes() const {
  return state_->packed;
}

Bytes Weights::expert_bytes() const {
  return state_->expert_bytes;
}

}  // namespace pregate
