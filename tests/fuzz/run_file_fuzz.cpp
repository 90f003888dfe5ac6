// SPDX-License-Identifier: Apache-2.0
// The input is read as a file, and, packed, as the plain records inside one: mutations would never get past
// the checksum.
#include "tests/fuzz/target.hpp"
#include "tests/traces/random_run.hpp"
#include "tests/traces/random_timeline.hpp"
#include "traces/record_stream.hpp"
#include "traces/run_diff.hpp"
#include "traces/run_file.hpp"

namespace pregate {
namespace {

void try_bytes(std::string_view bytes) {
  const auto run = read_run_bytes(bytes, "fuzz.run");
  if (!run) return fuzz::check_refusal(run.error());
  ++fuzz::accepted;
  check(run->model.validate().ok() && validate_run(*run).ok(), "an accepted run is valid");
  const Result<BinnedRun> bins = bin_run(*run);
  if (!bins) return;  // one that does not add up
  check(diff_runs(*bins, *bins).all().sum.change() == TimeBins(), "a run does not differ from itself");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  std::vector<std::string> out;
  for (std::uint64_t seed = 1; seed < 5; ++seed) {
    const std::string path = testing::TempDir() + "/fuzz_seed_" + std::to_string(::getpid()) + ".run";
    const RunRecord run = seed < 4 ? fixtures::random_run(seed, 3)
                                   : fixtures::random_timeline(seed, {.prefills = 1, .decoded = 1});
    check(write_run(path, run).ok(), "a seed can be written");
    out.push_back(fixtures::slurp(path));
    out.push_back(*decompress_stream(out.back(), path));
    std::filesystem::remove(path);
  }
  return out;
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pregate::fuzz::text_of(data, size);
  pregate::try_bytes(text);
  pregate::try_bytes(pregate::compress_stream(text));
  return 0;
}
