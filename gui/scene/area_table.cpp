// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/area_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gui/scene/slice_words.hpp"

namespace pregate {
namespace {

struct Sum {
  AreaRow row;
  std::vector<std::int64_t> parts;
};

// Categories in the order that they are shown in: ink, then what sets apart those of one ink.
class Sums {
 public:
  Sums(const RunTracks& tracks, TimeSpan area) : tracks_(tracks), area_(area) {}

  void add(const SliceRow& row) {
    const auto slices = row.slices();
    for (std::size_t i = row.first_reaching(area_.first); i < slices.size() && slices[i].begin < area_.last;
         ++i) {
      add(slices[i]);
    }
  }

  AreaTable table() {
    AreaTable out{.area = area_};
    for (auto& sum : sums_) {
      if (sum.row.count == 0) continue;
      finish(sum);
      out.rows.push_back(std::move(sum.row));
    }
    return out;
  }

 private:
  // Two of a kind: loads of one colour may be committed or speculative.
  static std::size_t place_of(Ink ink, bool second) {
    return static_cast<std::size_t>(ink) * 2 + (second ? 1 : 0);
  }

  void add(const Slice& slice) {
    const bool load = slice.kind == Target::Kind::load;
    const bool speculative = load && tracks_.run().loads[slice.row].purpose == Purpose::speculative;
    Sum& sum = sums_[place_of(slice.ink, speculative)];
    if (sum.row.count++ == 0) name(sum.row, slice);
    const std::int64_t part = slice.span().common(area_).length();
    sum.parts.push_back(part);
    sum.row.total += Duration::ps(part);
    const std::int64_t bytes = bytes_in(slice);
    const bool whole = part == slice.width();
    sum.row.bytes += Bytes(whole ? bytes : static_cast<std::int64_t>(Int128{bytes} * part / slice.width()));
  }

  [[nodiscard]] std::int64_t bytes_in(const Slice& slice) const {
    const RunRecord& run = tracks_.run();
    if (slice.kind == Target::Kind::operation) return bytes_of(run, run.operators[slice.row]).count();
    return slice.kind == Target::Kind::load ? run.loads[slice.row].bytes.count() : 0;
  }

  void name(AreaRow& row, const Slice& slice) const {
    const RunRecord& run = tracks_.run();
    row.ink = slice.ink;
    switch (slice.kind) {
      case Target::Kind::operation:
        row.category = "operator";
        row.name = words_of(run.operators[slice.row].kind);
        return;
      case Target::Kind::stall:
        row.category = "stall";
        row.name = words_of(run.stalls[slice.row].cause);
        return;
      case Target::Kind::load:
        row.category = "load";
        row.name = to_text(run.loads[slice.row].purpose);
        if (slice.ink == Ink::load_useful) row.name += ", used";
        if (slice.ink == Ink::load_useless) row.name += ", not used";
        return;
      default:
        row.category = "management";
        row.name = "cache management";
    }
  }

  static void finish(Sum& sum) {
    auto& parts = sum.parts;
    const auto rank = [&](std::size_t percent) {
      const std::size_t at = (parts.size() * percent + 99) / 100 - 1;
      std::nth_element(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(at), parts.end());
      return Duration::ps(parts[at]);
    };
    sum.row.p50 = rank(50);
    sum.row.p95 = rank(95);
    sum.row.most = rank(100);
  }

  const RunTracks& tracks_;
  TimeSpan area_;
  std::array<Sum, static_cast<std::size_t>(Ink::count) * 2> sums_;
};

double seconds(Duration duration) {
  return duration.to_seconds();
}

}  // namespace

Duration AreaRow::mean() const {
  return count == 0 ? Duration() : Duration::ps(total.count_ps() / count);
}

double AreaTable::gb_per_second(const AreaRow& row) const {
  return area.empty() ? 0 : static_cast<double>(row.bytes.count()) / static_cast<double>(area.length()) * 1e3;
}

std::string AreaTable::to_csv() const {
  std::string out = "category,name,count,total_s,mean_s,p50_s,p95_s,max_s,bytes,gb_per_s\n";
  for (const AreaRow& row : rows) {
    const bool moves = row.bytes > Bytes();
    out += fmt::format("{},\"{}\",{},{:.12f},{:.12f},{:.12f},{:.12f},{:.12f},{},{}\n", row.category, row.name,
                       row.count, seconds(row.total), seconds(row.mean()), seconds(row.p50), seconds(row.p95),
                       seconds(row.most), row.bytes.count(),
                       moves ? fmt::format("{:.6g}", gb_per_second(row)) : "0");
  }
  return out;
}

AreaTable area_table(const RunTracks& tracks, TimeSpan area, AreaTracks which) {
  Sums sums(tracks, area);
  if (which.npu) sums.add(tracks.row(tracks.npu()));
  if (which.stalls) sums.add(tracks.row(tracks.stalls()));
  if (which.loads) {
    for (const SliceRow& lane : tracks.flash_rows()) sums.add(lane);
  }
  return sums.table();
}

}  // namespace pregate
