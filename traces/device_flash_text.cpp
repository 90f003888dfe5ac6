// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "traces/text_sections.hpp"

namespace pregate {
namespace {

Result<FlashModel> parse_flash_model(std::string_view word) {
  if (word == "fitted") return FlashModel::fitted;
  if (word == "pages") return FlashModel::pages;
  return bad_input("fitted or pages", fmt::format("\"{}\"", word));
}

// Entries of the mapping table that one translation page holds.
std::int64_t entries_a_page(const FieldReader& pages, Bytes page) {
  const double entry = pages.number("mapping_entry_bytes");
  return std::max<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(page.count()) / entry), 1);
}

FlashPagesSpec read_pages(const FieldReader& pages) {
  const auto count = [&](std::string_view name) { return static_cast<std::int32_t>(pages.integer(name)); };
  FlashPagesSpec spec;
  spec.channels = count("channels");
  spec.chips = count("chips");
  spec.dies = count("dies");
  spec.planes = count("planes");
  spec.page = pages.bytes("page");
  spec.sense = pages.duration("sense");
  spec.command = pages.duration("command");
  spec.bus = pages.bandwidth("bus_bandwidth");
  spec.cache_read = pages.flag("cache_read");
  spec.link = scaled(pages, "link_efficiency", pages.bandwidth("link_bandwidth"));
  spec.overhead = pages.duration("overhead");
  spec.chunk = pages.has("chunk") ? pages.bytes("chunk") : spec.page;
  spec.mapping_cache = pages.bytes("mapping_cache");
  spec.mapping_entries_a_page = entries_a_page(pages, spec.page);
  spec.mapping_read = pages.has("mapping_read") ? pages.bytes("mapping_read", spec.page) : spec.page;
  spec.mapping_whole_page = pages.flag("mapping_whole_page");
  return spec;
}

Permille permille_of(const FieldReader& flash, std::string_view name) {
  return Permille{std::max<std::int64_t>(std::llround(flash.fraction(name) * 1000), 1)};
}

Duration slowed(Duration span, Permille factor) {
  return Duration::ps(static_cast<std::int64_t>(Int128{span.count_ps()} * 1000 / factor.value));
}

}  // namespace

FlashSpec FlashSpec::derated(Permille factor) const {
  FlashSpec spec = *this;
  spec.read_bandwidth = spec.read_bandwidth * factor;
  spec.lane_bandwidth = spec.lane_bandwidth * factor;
  if (spec.pages) {
    spec.pages->bus = spec.pages->bus * factor;
    spec.pages->link = spec.pages->link * factor;
    spec.pages->sense = slowed(spec.pages->sense, factor);
  }
  return spec;
}

FlashSpec read_flash(const FieldReader& flash) {
  FlashSpec spec;
  const Bandwidth whole = flash.bandwidth("read_bandwidth");
  // One request alone cannot be faster than the part: a sweep that slows the part slows its lanes.
  const Bandwidth lane =
      flash.has("lane_bandwidth") ? std::min(flash.bandwidth("lane_bandwidth"), whole) : whole;
  spec.read_bandwidth = scaled(flash, "derate", whole);
  spec.lane_bandwidth = scaled(flash, "derate", lane);
  spec.request_latency = flash.duration("request_latency");
  spec.request_overhead = flash.duration("request_overhead");
  spec.request_bytes = flash.bytes("request_bytes");
  if (spec.request_bytes > Bytes(0) && spec.request_bytes < Bytes::kib(4)) {
    flash.fail("request_bytes", "0 (never split) or at least 4KiB", to_text(spec.request_bytes));
  }
  spec.queue_depth = static_cast<std::int32_t>(flash.integer("queue_depth"));
  spec.hot_derate = permille_of(flash, "hot_derate");
  spec.model = flash.word("model", parse_flash_model);
  if (flash.has("pages")) {
    spec.pages = read_pages(flash.section("pages"));
    const Permille derate = permille_of(flash, "derate");
    if (derate.value < 1000) spec.pages = FlashSpec{.pages = spec.pages}.derated(derate).pages;
  }
  if (spec.model == FlashModel::pages && !flash.failed()) {
    if (!spec.pages) {
      flash.fail("model", "fitted, or a flash.pages section beside model \"pages\"", "pages without one");
      return spec;
    }
    spec.read_bandwidth = spec.lane_bandwidth = spec.pages->link;
  }
  return spec;
}

}  // namespace pregate
