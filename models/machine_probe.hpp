// SPDX-License-Identifier: Apache-2.0
// What this machine does, measured in the figures that a device file has: random reads of its disk through
// the reader that streams experts, reads of its memory, the matrix products of the forward pass, the same
// products beside a busy disk, and the time that a load costs the computing thread. Every figure is measured
// in several rounds; where figures are compared, their rounds take turns, so that a drift of the machine hits
// all alike.
//
// All numbers are wall-clock time of this machine, disturbed by whatever else runs on it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/precision.hpp"
#include "models/disk_reader.hpp"
#include "traces/model_spec.hpp"

namespace pregate {

// Rounds of one figure; `values` is not empty.
struct Spread {
  double median = 0, least = 0, most = 0;
  std::int64_t rounds = 0;
};
Spread spread_of(std::vector<double> values);

// ---- the machine ----

struct MachineWords {
  std::string processor;  // "AMD EPYC"
  std::string compute;    // "avx512_core_vnni, 2 threads"
  std::string kernel;     // "Linux 6.1.0-18-amd64"
  std::string date;       // "2026-11-26", UTC
  double load = 0;        // processes that ran or wanted to, mean of the last minute
  int processors = 1;
  // Others have as much to do as would be seen in the numbers.
  [[nodiscard]] bool busy() const { return load > 0.3 * processors; }
};
MachineWords describe_machine();

// ---- disk ----

// A file of random bytes to read from, without a name: it is gone when this is, however the process ends.
class ScratchFile {
 public:
  // Errors: a folder that cannot be written, a disk without room.
  static Result<ScratchFile> create(const std::string& folder, Bytes size,
                                    const std::function<void(Bytes done)>& progress = {});
  // A file that is there loses its name. Errors: one that cannot be opened.
  static Result<ScratchFile> take(const std::string& path);
  ScratchFile(ScratchFile&& other) noexcept;
  ScratchFile& operator=(ScratchFile&&) = delete;
  ~ScratchFile();
  [[nodiscard]] std::string path() const;  // for as long as this lives

 private:
  explicit ScratchFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

struct DiskProbe {
  std::string path;
  std::vector<Bytes> sizes;          // of a read; multiples of kDiskBlock
  std::vector<std::int32_t> depths;  // lanes
  int rounds = 5;
  double row_seconds = 0.25;  // of a row in a round, and no fewer than six reads a lane
  std::function<void(int done, int total)> progress;  // may be empty
  std::function<bool()> stop;                         // asked before each row; may be empty
};
struct DiskRow {
  Bytes size;
  std::int32_t depth = 1;
  Spread bytes_per_second;  // of all lanes together, while all are busy
  Spread latency_s;         // of a read, from the disk's being asked to its last byte: mean of a round
};
struct DiskTable {
  DiskReader::Engine engine = DiskReader::Engine::uring;
  Bytes file;
  std::vector<DiskRow> rows;  // sizes in order, depths within
};
// Random places, each a multiple of a block. Errors: a file that cannot be read so, or that is too small for
// its largest read to have places to choose from; a stop (run_failed).
Result<DiskTable> probe_disk(const DiskProbe& probe);

// ---- memory and products ----

// Bytes a second of one read in order, by all threads, from large pages as weights lie in. Errors: too little
// memory.
Result<Spread> probe_memory(Bytes size, int rounds);

struct ProductShape {
  std::string name;  // "expert gate"
  std::int64_t outputs = 0, inputs = 0;
  Precision precision = Precision::int8;
};
// Of a model's decode step: attention's projections, a routed and the shared experts, the head.
std::vector<ProductShape> product_shapes(const ModelSpec& spec, Precision precision);

struct ProductRow {
  ProductShape shape;
  Bytes bytes;                  // of its packed weights
  std::int64_t rows = 1;        // of activations
  std::vector<double> seconds;  // a round each: conversion of the activations and the product
  [[nodiscard]] Macs macs() const { return Macs(shape.outputs * shape.inputs * rows); }
};
struct ProductProbe {
  std::vector<ProductShape> shapes;
  std::int64_t rows = 1;
  int rounds = 15;
};
// One after the other over all shapes, round after round, so that none finds its weights in a cache that the
// others together fill. Errors: too little memory.
Result<std::vector<ProductRow>> probe_products(const ProductProbe& probe);

// ---- operators ----

// Decode steps of a model with a few layers of these shapes and weights drawn from a seed.
struct OperatorProbe {
  ModelSpec spec;
  Precision precision = Precision::int8;
  std::int64_t tokens = 48;
};
// An operator as the simulator counts it: attention with its norms and routers, a dense or shared
// feed-forward, the routed experts of a layer, the head. All of it is in its time, its products and what
// stands between them.
struct OperatorRow {
  std::string name;             // "megrez2-nano attention"
  Bytes bytes;                  // weights, keys and values that it reads: mean over layers
  std::int64_t launches = 1;    // operators that the simulator makes of it: one for each routed expert
  double a_token = 1;           // how many of these a token of the whole model takes
  std::vector<double> seconds;  // a token each: mean over layers
};
// Errors: too little memory.
Result<std::vector<OperatorRow>> probe_operators(const OperatorProbe& probe);

// ---- both at once ----

struct ContentionProbe {
  ProductShape shape;  // in decode: one row
  Bytes weights;       // copies of its weights to go round, more than a cache holds
  std::string path;    // read at random meanwhile
  Bytes read_size;
  std::int32_t lanes = 4;
  int rounds = 5;
  double round_seconds = 1;
};
struct ContentionResult {
  Bytes bytes;      // of the product's weights
  Spread alone_s;   // of one product: mean of a round
  Spread beside_s;  // the same while the disk is read
  Spread ratio;     // of each round's two
  Spread disk_bytes_per_second;
};
Result<ContentionResult> probe_contention(const ContentionProbe& probe);

// ---- management ----

struct ManagementProbe {
  std::int64_t banks = 10, experts = 64, top_k = 6;
  std::string path;
  Bytes read_size;
  std::int32_t lanes = 4;
  int rounds = 5;
  std::int64_t events = 2000;  // of a round
  std::int64_t reads = 64;     // of a round
};
struct ManagementResult {
  Spread load_s;  // decisions of the expert cache for one load that evicts nothing, its share of the event
                  // included
  Spread eviction_s;  // what an eviction adds
  // Of the calling thread: a small request to the disk and the word of its end; what each MiB adds to it.
  Spread submit_s, submit_s_mib;
  Spread check_s_mib;  // the checksum of what was read, by all computing threads: a MiB
};
Result<ManagementResult> probe_management(const ManagementProbe& probe);

}  // namespace pregate
