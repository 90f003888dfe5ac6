// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include "kernels/matmul.hpp"
#include "models/machine_probe.hpp"
#include "models/memory.hpp"
#include "models/random_reads.hpp"

namespace pregate {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kLeastProducts = 3;  // of a mean, however long they take

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Numbers of a weight's size, cheap to make: their values change no time.
void fill_row(std::int64_t first, std::int64_t count, std::int64_t inputs, float* out) {
  for (std::int64_t i = 0; i < count * inputs; ++i)
    out[i] = static_cast<float>((first * inputs + i) * 7919 % 255 - 127) * 1e-3F;
}

Status pack(const PackedLayout& layout, std::byte* out) {
  const std::int64_t inputs = layout.shape().inputs;
  return layout.pack(
      [inputs](std::int64_t first, std::int64_t count, float* rows) { fill_row(first, count, inputs, rows); },
      out);
}

PackedLayout layout_of(const ProductShape& shape) {
  return PackedLayout({.outputs = shape.outputs, .inputs = shape.inputs, .precision = shape.precision});
}

// One product with its own activations and result.
class Operator {
 public:
  Operator(const ProductShape& shape, std::int64_t rows)
      : rows_(rows),
        inputs_(shape.inputs),
        precision_(shape.precision),
        numbers_(static_cast<std::size_t>(rows * shape.inputs)),
        y_(static_cast<std::size_t>(padded_rows(rows) * shape.outputs)) {
    fill_row(0, rows, inputs_, numbers_.data());
  }
  double seconds(const PackedMatrix& weights) {
    const auto begin = Clock::now();
    x_.convert(precision_, numbers_.data(), rows_, inputs_, inputs_);
    matmul(weights, x_, y_.data());
    return seconds_since(begin);
  }

 private:
  std::int64_t rows_, inputs_;
  Precision precision_;
  std::vector<float> numbers_;
  Buffer<float> y_;
  Activations x_;
};

}  // namespace

std::vector<ProductShape> product_shapes(const ModelSpec& spec, Precision precision) {
  std::vector<ProductShape> shapes;
  const auto add = [&](const char* name, std::int64_t outputs, std::int64_t inputs) {
    if (outputs <= 0 || inputs <= 0) return;
    shapes.push_back(
        {.name = spec.name + " " + name, .outputs = outputs, .inputs = inputs, .precision = precision});
  };
  if (!spec.latent) {
    add("qkv", (spec.heads + 2 * spec.kv_heads) * spec.head_dim, spec.hidden);
    add("output", spec.hidden, spec.heads * spec.head_dim);
  }
  add("expert gate", spec.expert_width, spec.hidden);
  add("expert down", spec.hidden, spec.expert_width);
  add("shared gate", spec.shared_width, spec.hidden);
  add("shared down", spec.hidden, spec.shared_width);
  add("head", spec.vocabulary, spec.hidden);
  return shapes;
}

Result<std::vector<ProductRow>> probe_products(const ProductProbe& probe) {
  std::vector<PackedLayout> layouts;
  std::int64_t bytes = 0;
  for (const ProductShape& shape : probe.shapes) {
    layouts.push_back(layout_of(shape));
    bytes += static_cast<std::int64_t>(layouts.back().bytes());
  }
  if (Status enough = require_memory(Bytes(bytes), "the products that are measured"); !enough)
    return enough.error();
  Result<Arena> arena = Arena::create(Bytes(bytes));
  if (!arena) return arena.error();
  std::vector<ProductRow> rows;
  std::vector<Operator> operators;
  std::vector<PackedMatrix> matrices;
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    std::byte* memory = arena->take(layouts[i].bytes());
    if (Status packed = pack(layouts[i], memory); !packed) return packed.error();
    matrices.push_back({&layouts[i], memory});
    operators.emplace_back(probe.shapes[i], probe.rows);
    rows.push_back({.shape = probe.shapes[i],
                    .bytes = Bytes(static_cast<std::int64_t>(layouts[i].bytes())),
                    .rows = probe.rows,
                    .seconds = {}});
  }
  for (int round = -1; round < probe.rounds; ++round) {  // the first makes oneDNN's primitives
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double seconds = operators[i].seconds(matrices[i]);
      if (round >= 0) rows[i].seconds.push_back(seconds);
    }
  }
  return rows;
}

namespace {

// Copies of one matrix, taken in turns.
class Rotation {
 public:
  static Result<Rotation> create(const ProductShape& shape, Bytes weights) {
    auto layout = std::make_unique<PackedLayout>(layout_of(shape));
    const auto size = static_cast<std::int64_t>(layout->bytes());
    const std::int64_t copies = std::max<std::int64_t>(weights.count() / size, 1);
    Result<Arena> arena = Arena::create(Bytes(copies * size));
    if (!arena) return arena.error();
    std::byte* first = arena->take(static_cast<std::size_t>(copies * size));
    if (Status packed = pack(*layout, first); !packed) return packed.error();
    for (std::int64_t copy = 1; copy < copies; ++copy) std::copy_n(first, size, first + copy * size);
    return Rotation(std::move(layout), std::move(*arena), first, copies);
  }
  PackedMatrix next() {
    at_ = (at_ + 1) % copies_;
    return {layout_.get(), first_ + at_ * static_cast<std::int64_t>(layout_->bytes())};
  }
  [[nodiscard]] Bytes bytes() const { return Bytes(static_cast<std::int64_t>(layout_->bytes())); }

 private:
  Rotation(std::unique_ptr<PackedLayout> layout, Arena arena, const std::byte* first, std::int64_t copies)
      : layout_(std::move(layout)), arena_(std::move(arena)), first_(first), copies_(copies) {}
  std::unique_ptr<PackedLayout> layout_;
  Arena arena_;
  const std::byte* first_;
  std::int64_t copies_, at_ = 0;
};

// Mean time of a product over some seconds; `reads` go on meanwhile, where there are any.
Result<double> mean_product(Operator& product, Rotation& rotation, double seconds, RandomReads* reads) {
  double sum = 0;
  std::int64_t count = 0;
  const auto begin = Clock::now();
  while (count < kLeastProducts || seconds_since(begin) < seconds) {
    sum += product.seconds(rotation.next());
    ++count;
    if (reads == nullptr) continue;
    if (Status turned = reads->turn(false); !turned) return turned.error();
  }
  return sum / static_cast<double>(count);
}

}  // namespace

Result<ContentionResult> probe_contention(const ContentionProbe& probe) {
  const Result<Bytes> file = size_for_reads(probe.path, probe.read_size * 4);
  if (!file) return file.error();
  Result<Rotation> rotation = Rotation::create(probe.shape, probe.weights);
  if (!rotation) return rotation.error();
  const Bytes room = probe.read_size * (2 * probe.lanes);
  Result<Arena> arena = Arena::create(room);
  if (!arena) return arena.error();
  const auto size = static_cast<std::size_t>(room.count());
  const std::span<std::byte> memory(arena->take(size), size);
  auto reader = DiskReader::open(probe.path, {.lanes = probe.lanes, .memory = memory});
  if (!reader) return reader.error();

  Operator product(probe.shape, 1);
  std::vector<double> alone, beside, ratios, rates;
  for (int round = 0; round < probe.rounds; ++round) {
    const Result<double> quiet = mean_product(product, *rotation, probe.round_seconds, nullptr);
    if (!quiet) return quiet.error();
    RandomReads reads(**reader, memory, *file, probe.read_size, probe.lanes,
                      static_cast<std::uint64_t>(round) + 1);
    reads.start();
    const Result<double> busy = mean_product(product, *rotation, probe.round_seconds, &reads);
    if (!busy) return busy.error();
    // A disk so slow that too few reads ended: until they have.
    while (reads.done().size() < static_cast<std::size_t>(3 * probe.lanes)) {
      if (Status turned = reads.turn(true); !turned) return turned.error();
    }
    if (Status ended = reads.drain(); !ended) return ended.error();
    alone.push_back(*quiet);
    beside.push_back(*busy);
    ratios.push_back(*busy / *quiet);
    rates.push_back(reads.rate());
  }
  reader->reset();  // before the memory that it reads into
  return ContentionResult{.bytes = rotation->bytes(),
                          .alone_s = spread_of(std::move(alone)),
                          .beside_s = spread_of(std::move(beside)),
                          .ratio = spread_of(std::move(ratios)),
                          .disk_bytes_per_second = spread_of(std::move(rates))};
}

}  // namespace pregate
