// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/legend.hpp"

#include <array>

namespace pregate {
namespace {

constexpr int kLine = 18;
constexpr int kMargin = 8;
constexpr int kSwatch = 11;

struct Meaning {
  Ink ink;
  const char* words;
};
constexpr std::array kMeanings = {
    Meaning{Ink::prefill, "prefill"},
    Meaning{Ink::decode, "decode"},
    Meaning{Ink::attention, "attention"},
    Meaning{Ink::dense_ffn, "dense FFN"},
    Meaning{Ink::shared_experts, "shared experts"},
    Meaning{Ink::routed_expert, "routed expert"},
    Meaning{Ink::head, "head"},
    Meaning{Ink::management, "cache management"},
    Meaning{Ink::stall_compulsory, "stall: compulsory"},
    Meaning{Ink::stall_capacity, "stall: capacity"},
    Meaning{Ink::stall_policy, "stall: policy"},
    Meaning{Ink::stall_pollution, "stall: pollution"},
    Meaning{Ink::stall_late_prefetch, "stall: late prefetch"},
    Meaning{Ink::stall_no_room, "stall: no room"},
    Meaning{Ink::load_demand, "demand load"},
    Meaning{Ink::load_useful, "prefetch, used"},
    Meaning{Ink::load_useless, "prefetch, not used"},
};
// Of an expert's life; shown with its lanes.
constexpr std::array kLives = {
    Meaning{Ink::life_queued, "queued"},       Meaning{Ink::life_loading, "loading"},
    Meaning{Ink::life_unused, "not used yet"}, Meaning{Ink::life_used, "resident"},
    Meaning{Ink::life_in_use, "in use"},
};

int width_of(const LegendEntry& entry) {
  return kSwatch + 5 + static_cast<int>(entry.words.size()) * 13 / 2 + 16;
}

// Calls place(entry, x, line) for each, line after line.
template <typename PlaceEntry>
int wrap(const std::vector<LegendEntry>& entries, int width, PlaceEntry place) {
  int x = kMargin, line = 0;
  for (const LegendEntry& entry : entries) {
    if (x > kMargin && x + width_of(entry) > width) {
      x = kMargin;
      ++line;
    }
    place(entry, x, line);
    x += width_of(entry);
  }
  return entries.empty() ? 0 : line + 1;
}

}  // namespace

std::vector<LegendEntry> legend_of(const RunTracks& tracks) {
  std::vector<LegendEntry> out;
  const std::uint64_t inks = tracks.inks();
  for (const Meaning& meaning : kMeanings) {
    if ((inks >> static_cast<int>(meaning.ink) & 1) != 0) out.push_back({meaning.ink, meaning.words});
  }
  if (tracks.band_track() != kNoTrack) out.push_back({Ink::npu_reads, "DRAM: compute unit"});
  return out;
}

std::vector<LegendEntry> life_legend() {
  std::vector<LegendEntry> out;
  for (const Meaning& meaning : kLives) out.push_back({meaning.ink, meaning.words});
  return out;
}

int legend_height(const std::vector<LegendEntry>& entries, int width) {
  const int lines = wrap(entries, width, [](const LegendEntry&, int, int) {});
  return lines == 0 ? 0 : lines * kLine + 6;
}

void draw_legend(Picture& picture, const std::vector<LegendEntry>& entries, int left, int top, int width) {
  wrap(entries, width, [&](const LegendEntry& entry, int x, int line) {
    const auto box_x = static_cast<float>(left + x);
    const auto y = static_cast<float>(top + 3 + line * kLine);
    picture.rect(entry.ink, box_x, y + 3, kSwatch, kSwatch);
    picture
        .write(Ink::text_dim, box_x + kSwatch + 5, y, static_cast<float>(width_of(entry) - kSwatch - 5),
               kLine, std::string(entry.words))
        .size = TextSize::small;
  });
}

}  // namespace pregate
