// SPDX-License-Identifier: Apache-2.0
// The command's words for policies, each in one table.
#include <fmt/format.h>

#include <span>

#include "traces/input_text.hpp"
#include "traces/scenario.hpp"

namespace pregate {
namespace {

template <typename Kind>
struct Word {
  std::string_view text;
  Kind kind;
};

constexpr Word<EvictionKind> kEvictions[] = {{"lru", EvictionKind::lru},
                                             {"lfu", EvictionKind::lfu},
                                             {"lfu-decay", EvictionKind::lfu_decay},
                                             {"fifo", EvictionKind::fifo},
                                             {"random", EvictionKind::random},
                                             {"least-stale", EvictionKind::least_stale},
                                             {"layer-lru", EvictionKind::layer_lru},
                                             {"layer-lfu", EvictionKind::layer_lfu},
                                             {"belady", EvictionKind::belady},
                                             {"belady-bypass", EvictionKind::belady_bypass},
                                             {"none", EvictionKind::none}};
constexpr Word<PrefetchKind> kPrefetches[] = {{"none", PrefetchKind::none},
                                              {"pregate", PrefetchKind::pregate},
                                              {"prev-token", PrefetchKind::prev_token},
                                              {"popularity", PrefetchKind::popularity},
                                              {"stale-gate", PrefetchKind::stale_gate},
                                              {"oracle", PrefetchKind::oracle}};

constexpr Word<Fidelity> kFidelities[] = {{"flow", Fidelity::flow}, {"burst", Fidelity::burst}};
constexpr Word<Preload> kPreloads[] = {{"none", Preload::none}, {"all", Preload::all}};
constexpr Word<RoomAt> kRooms[] = {{"start", RoomAt::start}, {"request", RoomAt::request}};
constexpr Word<Arbitration> kArbitrations[] = {{"max-min", Arbitration::max_min},
                                               {"priority", Arbitration::priority},
                                               {"weighted", Arbitration::weighted}};

template <typename Kind, std::size_t N>
std::vector<std::string> texts(const Word<Kind> (&words)[N]) {
  std::vector<std::string> all;
  for (const Word<Kind>& word : words) all.emplace_back(word.text);
  return all;
}

template <typename Kind, std::size_t N>
Result<Kind> find(const Word<Kind> (&words)[N], std::string_view given) {
  for (const Word<Kind>& word : words) {
    if (word.text == given) return word.kind;
  }
  return bad_input(fmt::format("one of {}", fmt::join(texts(words), ", ")), quoted(given));
}

template <typename Kind, std::size_t N>
std::string_view text_of(const Word<Kind> (&words)[N], Kind kind) {
  for (const Word<Kind>& word : words) {
    if (word.kind == kind) return word.text;
  }
  check(false, "every policy has a word");
  return {};
}

}  // namespace

Result<EvictionKind> parse_eviction(std::string_view word) {
  return find(kEvictions, word);
}
Result<PrefetchKind> parse_prefetch(std::string_view word) {
  return find(kPrefetches, word);
}
Result<Fidelity> parse_fidelity(std::string_view word) {
  return find(kFidelities, word);
}
Result<Preload> parse_preload(std::string_view word) {
  return find(kPreloads, word);
}
Result<RoomAt> parse_room_at(std::string_view word) {
  return find(kRooms, word);
}
Result<Arbitration> parse_arbitration(std::string_view word) {
  return find(kArbitrations, word);
}
std::string_view to_text(Fidelity kind) {
  return text_of(kFidelities, kind);
}
std::string_view to_text(Preload kind) {
  return text_of(kPreloads, kind);
}
std::string_view to_text(RoomAt kind) {
  return text_of(kRooms, kind);
}
std::string_view to_text(Arbitration kind) {
  return text_of(kArbitrations, kind);
}
std::string_view to_text(EvictionKind kind) {
  return text_of(kEvictions, kind);
}
std::string_view to_text(PrefetchKind kind) {
  return text_of(kPrefetches, kind);
}
std::vector<std::string> eviction_words() {
  return texts(kEvictions);
}
std::vector<std::string> prefetch_words() {
  return texts(kPrefetches);
}

}  // namespace pregate
