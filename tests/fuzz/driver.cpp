// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target on mutated seeds, with any compiler: no coverage feedback, but every run is seeded, so
// that a failure can be repeated by its number.
//
//   fuzz_units --runs 5000 --seed 1 [--first 0] [--corpus DIR]     runs FIRST..FIRST+RUNS-1
//   fuzz_units FILE...                                             runs the files as they are
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/fuzz/target.hpp"
#include "traces/base/random.hpp"

// Of the sanitizers, where they are linked: called once when one has found something.
extern "C" void __sanitizer_set_death_callback(void (*callback)())  // NOLINT: the sanitizers' name
    __attribute__((weak));

namespace {

using pregate::Random;

constexpr std::size_t kMaxInput = 64 * 1024;

struct Options {
  std::uint64_t runs = 2000, seed = 1, first = 0;
  std::string corpus;
  std::vector<std::string> files;
};

std::uint64_t current_run = 0, current_seed = 0;

// Says which run failed; only async-signal-safe calls.
void say_where() {
  char text[96];
  const int length = std::snprintf(text, sizeof text, "\nfuzz: failed in --seed %llu --first %llu --runs 1\n",
                                   static_cast<unsigned long long>(current_seed),
                                   static_cast<unsigned long long>(current_run));
  const ssize_t written = ::write(2, text, static_cast<std::size_t>(length));
  (void)written;
}

void on_signal(int number) {
  say_where();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

// Values at which parsers break.
const std::vector<std::string>& magic_parts() {
  static const std::vector<std::string> kParts = {std::string(1, '\0'),
                                                  std::string(4, '\0'),
                                                  std::string(9, '\xff'),
                                                  "\xff\xff\xff\xff\x0f",
                                                  "\x80",
                                                  "-1",
                                                  "0",
                                                  "nan",
                                                  "inf",
                                                  "1e999",
                                                  "9223372036854775807",
                                                  "9223372036854775808",
                                                  "18446744073709551616",
                                                  "65535",
                                                  "65536",
                                                  "\xc3\x28",
                                                  "\xed\xa0\x80",
                                                  "\r\n",
                                                  "\n",
                                                  ",",
                                                  ",,",
                                                  "#",
                                                  "{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  "\"",
                                                  ":",
                                                  ".",
                                                  " "};
  return kParts;
}

void mutate(std::string& input, const std::vector<std::string>& seeds, Random& random) {
  const auto place = [&] { return static_cast<std::size_t>(random.below(input.size() + 1)); };
  const std::size_t at = place();
  const std::size_t length =
      std::min<std::size_t>(1 + random.below(random.chance(0.8) ? 8 : 200), input.size() - at);
  switch (random.below(8)) {
    case 0:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
      break;
    case 1:
      if (at < input.size()) input[at] = static_cast<char>(random.next());
      break;
    case 2:
      input.insert(at, 1, static_cast<char>(random.next()));
      break;
    case 3:
      input.erase(at, length);
      break;
    case 4:
      input.insert(place(), input.substr(at, length));
      break;
    case 5: {  // splice: the head of this one, the tail of another
      const std::string& other = seeds[random.below(seeds.size())];
      input = input.substr(0, at) + other.substr(random.below(other.size() + 1));
      break;
    }
    case 6:
      if (random.chance(0.2)) input.resize(at);
      break;
    default: {
      const std::string& part = magic_parts()[random.below(magic_parts().size())];
      if (random.chance(0.5)) input.erase(at, std::min(part.size(), input.size() - at));
      input.insert(at, part);
    }
  }
  if (input.size() > kMaxInput) input.resize(kMaxInput);
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void run(const std::string& input) {
  // A copy of exactly this size, so that the address sanitizer sees a read beyond it.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  (void)LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::vector<std::string> collect_seeds(const std::string& corpus) {
  std::vector<std::string> seeds = pregate::fuzz::seeds();
  std::set<std::filesystem::path> sorted;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(corpus, missing)) sorted.insert(entry.path());
  for (const auto& path : sorted) seeds.push_back(slurp(path));
  return seeds;
}

bool parse(int count, char** words, Options& options) {
  const std::vector<std::pair<std::string_view, std::uint64_t*>> numbers = {
      {"--runs", &options.runs}, {"--seed", &options.seed}, {"--first", &options.first}};
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const auto number =
        std::find_if(numbers.begin(), numbers.end(), [&](const auto& n) { return n.first == word; });
    if (!word.starts_with("--")) {
      options.files.emplace_back(word);
      continue;
    }
    if (++i == count) return false;
    const std::string_view value = words[i];
    if (word == "--corpus") {
      options.corpus = value;
    } else if (number == numbers.end() ||
               std::from_chars(value.data(), value.data() + value.size(), *number->second).ptr !=
                   value.data() + value.size()) {
      return false;
    }
  }
  return true;
}

int run_mutations(const Options& options) {
  const std::vector<std::string> seeds = collect_seeds(options.corpus);
  if (seeds.empty()) {
    std::fprintf(stderr, "fuzz: expected seeds, found none in \"%s\"\n", options.corpus.c_str());
    return 2;
  }
  for (const std::string& seed : seeds) run(seed);
  if (pregate::fuzz::accepted == 0) {
    std::fprintf(stderr, "fuzz: expected a seed that is accepted, found none among %zu\n", seeds.size());
    return 1;
  }
  for (current_run = options.first; current_run < options.first + options.runs; ++current_run) {
    Random random(options.seed * 0x9e3779b97f4a7c15ULL + current_run);
    std::string input = seeds[random.below(seeds.size())];
    for (std::uint64_t n = 1 + random.below(random.chance(0.7) ? 3 : 12); n > 0; --n)
      mutate(input, seeds, random);
    run(input);
  }
  std::printf("fuzz: %zu seeds, %llu runs, %llu accepted\n", seeds.size(),
              static_cast<unsigned long long>(options.runs),
              static_cast<unsigned long long>(pregate::fuzz::accepted));
  return 0;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (!parse(count, words, options)) {
    std::fprintf(stderr, "usage: %s [--runs N] [--seed S] [--first I] [--corpus DIR] | FILE...\n", words[0]);
    return 2;
  }
  current_seed = options.seed;
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGALRM}) std::signal(number, on_signal);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(say_where);
  for (const std::string& file : options.files) run(slurp(file));
  return options.files.empty() ? run_mutations(options) : 0;
}
