// SPDX-License-Identifier: Apache-2.0
// What the viewer makes of a run: rows, pictures at any zoom, explanations, pages, a comparison. The input is
// a .run, or, after "edit" and a digit, changes to one of a few runs (run_edits.hpp). Whatever validate_run()
// passes may be refused by name, but never break anything.
#include <unistd.h>

#include <filesystem>

#include "tests/fuzz/run_edits.hpp"
#include "tests/fuzz/run_views.hpp"
#include "tests/scene/made_run.hpp"
#include "tests/scene/random_life.hpp"
#include "tests/traces/random_run.hpp"
#include "traces/record_stream.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

constexpr std::string_view kEdits = "edit";

const std::vector<RunRecord>& bases() {
  static const std::vector<RunRecord> kBases = {
      fixtures::made_run({.tokens = 4, .layers = 4, .experts = 8, .top_k = 2, .resident = 6}),
      fixtures::RandomLife(3, {.prefills = 1, .decoded = 3}).make(),
      fixtures::random_timeline(5, {.prefills = 1, .decoded = 2}), fixtures::random_run(2, 6),
      RunRecord{.header = {}, .model = fixtures::small_model()}};
  return kBases;
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

void look(RunRecord run, std::uint64_t seed) {
  fuzz::RunViews views(std::make_shared<const RunRecord>(std::move(run)), seed);
  views.look();
  views.compare(bases()[seed % 3]);
}

void try_edits(std::string_view text) {
  const std::uint64_t seed = hash_of(text);
  text.remove_prefix(kEdits.size());
  const std::size_t base = text.empty() ? 0 : static_cast<unsigned char>(text.front()) % bases().size();
  RunRecord run = bases()[base];
  fuzz::apply_edits(run, text.substr(std::min<std::size_t>(1, text.size())));
  if (const Status valid = validate_run(run); !valid) return;
  ++fuzz::accepted;
  look(std::move(run), seed);
}

void try_file(std::string_view bytes) {
  auto run = read_run_bytes(bytes, "fuzz.run");
  if (!run) return fuzz::check_refusal(run.error());
  ++fuzz::accepted;
  look(std::move(*run), hash_of(bytes));
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  std::vector<std::string> out;
  char base = '2';  // 50: the first of five
  for (const RunRecord& run : bases()) {
    std::string start(kEdits);
    start += base++;
    const std::string path = testing::TempDir() + "/fuzz_viewer_" + std::to_string(::getpid()) + ".run";
    const Status written = write_run(path, run);
    check(written.ok(), written.ok() ? "" : written.error().message());
    out.push_back(start);
    for (std::uint8_t table = 0; table < 17; ++table) {
      out.push_back(start + edit(table, 17 * table, table, 1, table));
      out.push_back(start + edit(table, 200, 4, 2, 1000) + edit(12, table, 0, 0, 0));
    }
    out.push_back(start + edit(12, 33, 0, 0, 0));
    out.push_back(*decompress_stream(fixtures::slurp(path), path));
    std::filesystem::remove(path);
  }
  return out;
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pregate::fuzz::text_of(data, size);
  if (text.starts_with(pregate::kEdits)) {
    pregate::try_edits(text);
  } else {
    pregate::try_file(text);
    pregate::try_file(pregate::compress_stream(text));
  }
  return 0;
}
