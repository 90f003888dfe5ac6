// SPDX-License-Identifier: Apache-2.0
#include "experiments/calibrate_host.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>

#include "models/compute.hpp"
#include "models/memory.hpp"

namespace pregate {
namespace {

constexpr Bytes kExpertRead = Bytes(8'650'752);  // 8.25 MiB: an int8 expert of megrez2-3x7b-a3b, about
constexpr Bytes kLeastFile = Bytes::mib(4);
constexpr std::int64_t kPlaces = 8;  // that a file must have for the largest read
constexpr std::int32_t kLanes = 4;
constexpr double kLeastCost = 0.1, kMostCost = 100;  // what a device file takes

// How much of each is measured.
struct Amounts {
  // As large as the routed experts of a model: a small file is read a tenth faster than that on some
  // machines.
  Bytes scratch = Bytes::gib(4), small_scratch = Bytes::gib(1);
  std::vector<Bytes> sizes{Bytes::kib(16), Bytes::kib(64), Bytes::kib(256),
                           Bytes::mib(1),  Bytes::mib(4),  kExpertRead};
  std::vector<std::int32_t> depths{1, 2, 4, 8};
  int rounds = 5;
  double row_seconds = 0.25;
  int simulations = 150;
  Bytes memory = Bytes::mib(512);
  int memory_rounds = 9;
  std::int64_t largest_outputs = 1 << 30;
  std::int64_t prefill_rows = 128;
  int decode_rounds = 31, prefill_rounds = 5;
  Bytes contention_weights = Bytes::mib(256);
  int contention_rounds = 15;
  double contention_seconds = 0.4;
  std::int64_t events = 4000, reads = 64;
  std::vector<const char*> operators_of{"megrez2-3x7b-a3b", "megrez2-nano"};
  std::int64_t operator_tokens = 48;
  bool all_precisions = true;
};

Amounts quick_amounts() {
  Amounts quick;
  quick.scratch = quick.small_scratch = Bytes::mib(64);
  quick.sizes = {Bytes::kib(64), Bytes::mib(1), Bytes::mib(4)};
  quick.depths = {1, 4};
  quick.rounds = 2;
  quick.row_seconds = 0.02;
  quick.simulations = 20;
  quick.memory = Bytes::mib(64);
  quick.memory_rounds = 3;
  quick.largest_outputs = 8192;  // leaves out the large head
  quick.prefill_rows = 32;
  quick.operators_of = {"megrez2-nano"};
  quick.operator_tokens = 4;
  quick.decode_rounds = 3;
  quick.prefill_rounds = 2;
  quick.contention_weights = Bytes::mib(64);
  quick.contention_rounds = 2;
  quick.contention_seconds = 0.05;
  quick.events = 500;
  quick.reads = 8;
  quick.all_precisions = false;
  return quick;
}

class HostRun {
 public:
  HostRun(const ShippedCatalogue& catalogue, const HostOptions& options)
      : catalogue_(catalogue), options_(options), amounts_(options.quick ? quick_amounts() : Amounts{}) {}

  Result<HostCalibration> run() {
    const Result<Precision> precision = parse_precision(options_.precision);
    if (!precision) return precision.error().at("--precision");
    if (Status can = check_precision(*precision); !can) return can.error().at("--precision");
    host_.machine = describe_machine();
    host_.quick = options_.quick;
    host_.precision = *precision;
    host_.capacity = total_memory();
    host_.reserved =
        host_.capacity - std::min(available_memory(), host_.capacity);  // before anything is taken
    for (Status (HostRun::*part)() :
         {&HostRun::open_file, &HostRun::disk, &HostRun::memory, &HostRun::products, &HostRun::operators,
          &HostRun::contention, &HostRun::management}) {
      if (Status done = (this->*part)(); !done) return done.error();
    }
    return std::move(host_);
  }

 private:
  void tell(const std::string& what, std::int64_t done, std::int64_t total) const {
    if (options_.progress) options_.progress(what, done, total);
  }
  Status open_file();
  Status disk();
  Status memory();
  Status products();
  Status contention();
  Status operators();
  Status management();
  Result<std::vector<ProductShape>> shapes(Precision precision) const;
  Result<HostProducts> products_in(Precision precision) const;

  const ShippedCatalogue& catalogue_;
  const HostOptions& options_;
  Amounts amounts_;
  std::string path_;
  std::unique_ptr<ScratchFile> scratch_;
  HostCalibration host_;
};

Status HostRun::open_file() {
  std::string folder = options_.folder;
  if (!options_.file.empty() && !std::filesystem::is_directory(options_.file)) {
    path_ = options_.file;
    std::error_code code;
    const std::uintmax_t size = std::filesystem::file_size(path_, code);
    if (code) return bad_input("a file to read from", code.message(), path_).at("--file");
    const Bytes bytes(static_cast<std::int64_t>(size));
    if (bytes < kLeastFile)
      return bad_input("a file of at least " + to_text(kLeastFile), to_text(bytes), path_).at("--file");
    // Of a small file, reads that leave it some places to begin at.
    std::erase_if(amounts_.sizes, [bytes](Bytes read) { return read * kPlaces > bytes; });
    host_.read_from = std::filesystem::path(path_).filename().string();
    return {};
  }
  if (!options_.file.empty()) folder = options_.file;
  // The small one where the large one would take more than half of what is free.
  struct statvfs disk {};
  const bool tight = statvfs(folder.c_str(), &disk) == 0 &&
                     Bytes(static_cast<std::int64_t>(disk.f_bavail * disk.f_frsize)) < amounts_.scratch * 2;
  const Bytes size = tight ? amounts_.small_scratch : amounts_.scratch;
  Result<ScratchFile> scratch = ScratchFile::create(folder, size, [&](Bytes done) {
    tell("writing a file to read: MiB", done.count() >> 20, size.count() >> 20);
  });
  if (!scratch) return scratch.error();
  scratch_ = std::make_unique<ScratchFile>(std::move(*scratch));
  path_ = scratch_->path();
  host_.read_from = "a file of its own";
  return {};
}

Status HostRun::disk() {
  Result<DiskTable> table =
      probe_disk({.path = path_,
                  .sizes = amounts_.sizes,
                  .depths = amounts_.depths,
                  .rounds = amounts_.rounds,
                  .row_seconds = amounts_.row_seconds,
                  .progress = [this](int done, int total) { tell("reading the disk: rows", done, total); },
                  .stop = {}});
  if (!table) return table.error();
  host_.disk = std::move(*table);
  std::vector<FlashRow> rows;
  for (const DiskRow& row : host_.disk.rows)
    rows.push_back({.size = row.size, .depth = row.depth, .bytes_per_second = row.bytes_per_second.median});
  tell("fitting", 0, 0);
  host_.flash = fit_flash(rows, amounts_.simulations);
  return {};
}

Status HostRun::memory() {
  host_.memory_buffer = amounts_.memory;
  tell("reading memory", 0, 0);
  const Result<Spread> rates = probe_memory(amounts_.memory, amounts_.memory_rounds);
  if (!rates) return rates.error();
  host_.memory_bytes_per_second = *rates;
  return {};
}

// Of a large model and of a small one, whose products are mostly launch.
Result<std::vector<ProductShape>> HostRun::shapes(Precision precision) const {
  std::vector<ProductShape> all;
  for (const char* name : {"megrez2-3x7b-a3b", "megrez2-nano"}) {
    const Result<NamedText> source = catalogue_.model(name);
    if (!source) return source.error();
    const Result<ModelSpec> spec = parse_model_spec(*source);
    if (!spec) return spec.error();
    for (ProductShape& shape : product_shapes(*spec, precision))
      if (shape.outputs <= amounts_.largest_outputs) all.push_back(std::move(shape));
  }
  return all;
}

Result<HostProducts> HostRun::products_in(Precision precision) const {
  Result<std::vector<ProductShape>> all = shapes(precision);
  if (!all) return all.error();
  HostProducts out;
  out.precision = precision;
  const std::string words = fmt::format("{} products", to_text(precision));
  tell(words, 0, 0);
  auto decode = probe_products({.shapes = *all, .rows = 1, .rounds = amounts_.decode_rounds});
  if (!decode) return decode.error();
  out.decode = std::move(*decode);
  std::vector<StreamRow> rows;
  for (const ProductRow& row : out.decode)
    rows.push_back({.bytes = row.bytes, .seconds = spread_of(row.seconds).median});
  out.stream = fit_stream(rows);

  // Prefill asks the head for one row alone.
  std::erase_if(*all, [](const ProductShape& shape) { return shape.name.ends_with(" head"); });
  tell(words, 0, 0);
  auto prefill =
      probe_products({.shapes = *all, .rows = amounts_.prefill_rows, .rounds = amounts_.prefill_rounds});
  if (!prefill) return prefill.error();
  out.prefill = std::move(*prefill);
  std::vector<double> rates;
  for (std::size_t round = 0; round < out.prefill.front().seconds.size(); ++round) {
    double macs = 0, seconds = 0;
    for (const ProductRow& row : out.prefill) {
      macs += static_cast<double>(row.macs().count());
      seconds += row.seconds[round];
    }
    rates.push_back(macs / seconds);
  }
  out.macs_per_second = spread_of(std::move(rates));
  return out;
}

Status HostRun::products() {
  std::vector<Precision> wanted{host_.precision};
  for (const Precision other : {Precision::int8, Precision::bf16, Precision::f32})
    if (amounts_.all_precisions && other != host_.precision && check_precision(other))
      wanted.push_back(other);
  for (const Precision precision : wanted) {
    Result<HostProducts> products = products_in(precision);
    if (!products) return products.error();
    host_.products.push_back(std::move(*products));
  }
  return {};
}

// What a device file has of the compute unit: the operators of the model that is simulated, all that is
// between their products included.
Status HostRun::operators() {
  std::vector<StreamRow> rows;
  for (const char* name : amounts_.operators_of) {
    tell("operators", 0, 0);
    const Result<NamedText> source = catalogue_.model(name);
    if (!source) return source.error();
    const Result<ModelSpec> spec = parse_model_spec(*source);
    if (!spec) return spec.error();
    const auto measured =
        probe_operators({.spec = *spec, .precision = host_.precision, .tokens = amounts_.operator_tokens});
    if (!measured) return measured.error();
    double token = 0;
    for (const OperatorRow& row : *measured) token += row.a_token * spread_of(row.seconds).median;
    for (const OperatorRow& row : *measured) {
      const double seconds = spread_of(row.seconds).median;
      rows.push_back({.bytes = row.bytes,
                      .seconds = seconds,
                      .launches = row.launches,
                      .weight = row.a_token * seconds / token});
      host_.operators.push_back(row);
    }
  }
  host_.operator_fit = fit_stream(rows);
  return {};
}

Status HostRun::contention() {
  const Result<std::vector<ProductShape>> all = shapes(host_.precision);
  if (!all) return all.error();
  const auto expert = std::find_if(all->begin(), all->end(),
                                   [](const ProductShape& s) { return s.name.ends_with("expert gate"); });
  tell("products beside a busy disk", 0, 0);
  const Bytes size = std::min(kExpertRead, amounts_.sizes.back());
  auto result = probe_contention({.shape = *expert,
                                  .weights = amounts_.contention_weights,
                                  .path = path_,
                                  .read_size = size,
                                  .lanes = kLanes,
                                  .rounds = amounts_.contention_rounds,
                                  .round_seconds = amounts_.contention_seconds});
  if (!result) return result.error();
  host_.contention = *result;
  const StreamFit& stream = host_.operator_fit;
  host_.slowdown = {.usable = host_.memory_peak(),
                    .stream = static_cast<double>(stream.rate.count()),
                    .launch_s = stream.launch.to_seconds(),
                    .bytes = static_cast<double>(result->bytes.count()),
                    .ratio = result->ratio.median,
                    .flash = result->disk_bytes_per_second.median};
  host_.write_cost = write_cost_of(host_.slowdown);
  return {};
}

Status HostRun::management() {
  tell("cache management", 0, 0);
  const auto result = probe_management({.path = path_,
                                        .read_size = std::min(kExpertRead, amounts_.sizes.back()),
                                        .lanes = kLanes,
                                        .rounds = amounts_.rounds,
                                        .events = amounts_.events,
                                        .reads = amounts_.reads});
  if (!result) return result.error();
  host_.management = *result;
  return {};
}

}  // namespace

double write_cost_of(const Slowdown& s) {
  const double beside = s.ratio * (s.launch_s + s.bytes / s.stream);
  const double streaming = std::max(beside - s.launch_s, 1e-3 * beside);
  return std::clamp((s.usable - s.bytes / streaming) / s.flash, kLeastCost, kMostCost);
}

std::string host_doubt(const HostCalibration& host) {
  if (host.quick) return "--quick: few and short rounds, the numbers say little";
  if (!host.machine.busy()) return {};
  return fmt::format(
      "other programs were running (load {:.1f} on {} processors): measure again on an idle machine",
      host.machine.load, host.machine.processors);
}

std::vector<HostFigure> host_figures(const HostCalibration& host) {
  std::vector<HostFigure> figures;
  figures.push_back({"memory read, all threads", "byte/s", host.memory_bytes_per_second});
  for (const HostProducts& products : host.products)
    figures.push_back(
        {fmt::format("{} products of {} rows", to_text(products.precision), products.prefill.front().rows),
         "MAC/s", products.macs_per_second});
  figures.push_back({"expert gate product, alone", "s", host.contention.alone_s});
  figures.push_back({"expert gate product, disk busy", "s", host.contention.beside_s});
  figures.push_back({"the second / the first, by rounds", "1", host.contention.ratio});
  figures.push_back({"disk beside products", "byte/s", host.contention.disk_bytes_per_second});
  figures.push_back({"cache decisions of a load", "s", host.management.load_s});
  figures.push_back({"cache decisions of an eviction", "s", host.management.eviction_s});
  figures.push_back({"request to the disk", "s", host.management.submit_s});
  figures.push_back({"request to the disk, a MiB", "s", host.management.submit_s_mib});
  figures.push_back({"checksum, a MiB", "s", host.management.check_s_mib});
  return figures;
}

Result<HostCalibration> calibrate_host(const ShippedCatalogue& catalogue, const HostOptions& options) {
  return HostRun(catalogue, options).run();
}

}  // namespace pregate
