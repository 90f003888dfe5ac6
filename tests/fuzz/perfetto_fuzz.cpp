// SPDX-License-Identifier: Apache-2.0
// The input is read as a Perfetto trace, with and without a model of it; then once more with one of its
// packets left out, doubled or moved.
#include "tests/fuzz/target.hpp"
#include "tests/traces/busy_run.hpp"
#include "traces/export_perfetto.hpp"
#include "traces/read_perfetto.hpp"

namespace pregate {
namespace {

// What was accepted: every slice ends, within the one around it and not before it begins.
void check_model(const PerfettoModel& model) {
  check(model.slices.size() == static_cast<std::size_t>(model.counts.slices), "every slice is there");
  std::vector<std::vector<const PerfettoSlice*>> open(model.tracks.size());
  for (const PerfettoSlice& slice : model.slices) {
    check(slice.begin <= slice.end && slice.end <= model.counts.end_ns, "a slice ends after it begins");
    auto& around = open.at(slice.track);
    around.resize(static_cast<std::size_t>(slice.depth));
    if (!around.empty())
      check(around.back()->begin <= slice.begin && slice.end <= around.back()->end, "slices nest");
    around.push_back(&slice);
  }
  for (const PerfettoFlow& flow : model.flows) check(flow.left <= flow.came, "arrows go forward");
  std::vector<std::int64_t> last(model.tracks.size());
  for (const PerfettoSample& sample : model.samples) {
    check(sample.at >= last.at(sample.track), "counters go forward");
    last.at(sample.track) = sample.at;
  }
}

void try_bytes(std::string_view bytes) {
  const auto model = read_perfetto_bytes(bytes, "fuzz.pftrace");
  const auto counts = check_perfetto_bytes(bytes, "fuzz.pftrace");
  check(model.ok() == counts.ok(), "with and without a model the verdict is the same");
  if (!model) {
    check(model.error().message() == counts.error().message(), "and so are the words");
    return fuzz::check_refusal(model.error());
  }
  ++fuzz::accepted;
  check(model->counts == *counts, "and so are the counts");
  check_model(*model);
}

// The packets of the input, as far as their lengths lead.
std::vector<std::string_view> packets_of(std::string_view bytes) {
  std::vector<std::string_view> out;
  while (!bytes.empty()) {
    std::size_t size = 0, at = 1;
    for (int shift = 0; at < bytes.size() && shift < 28; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      size |= std::size_t{byte & 0x7fU} << shift;
      if (byte < 0x80) break;
    }
    out.push_back(bytes.substr(0, at + size));
    bytes.remove_prefix(std::min(at + size, bytes.size()));
  }
  return out;
}

// One packet left out, twice, or at another place: which one, the input says.
std::string with_packets_moved(std::string_view bytes) {
  std::vector<std::string_view> packets = packets_of(bytes);
  if (packets.size() < 2) return {};
  Random random(std::hash<std::string_view>{}(bytes));
  const auto at = [&] { return packets.begin() + static_cast<std::ptrdiff_t>(random.below(packets.size())); };
  const auto one = at();
  const std::string_view packet = *one;
  const std::uint64_t what = random.below(3);
  if (what != 0) packets.erase(one);
  if (what != 1) packets.insert(at(), packet);
  std::string out;
  for (const std::string_view part : packets) out += part;
  return out;
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  std::vector<std::string> out;
  for (std::uint64_t seed = 1; seed < 5; ++seed) {
    const std::string path = testing::TempDir() + "/fuzz_seed_" + std::to_string(::getpid()) + ".pftrace";
    check(export_perfetto(fixtures::busy_run(seed, seed < 3 ? 1 : 2, seed % 2 == 0 ? 900 : 1'000'000), path)
              .ok(),
          "a seed can be written");
    out.push_back(fixtures::slurp(path));
    std::filesystem::remove(path);
  }
  return out;
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pregate::fuzz::text_of(data, size);
  pregate::try_bytes(text);
  pregate::try_bytes(pregate::with_packets_moved(text));
  return 0;
}
