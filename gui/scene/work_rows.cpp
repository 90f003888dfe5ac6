// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/work_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pregate {
namespace {

template <typename Record>
Slice slice_of(const Record& record, std::size_t row, Target::Kind kind, Ink ink) {
  return {.begin = record.begin.count_ps(),
          .end = record.end.count_ps(),
          .row = static_cast<std::uint32_t>(row),
          .kind = kind,
          .ink = ink};
}

Slice slice_of(const RunRecord& run, Target::Kind kind, std::size_t row) {
  if (kind == Target::Kind::operation) {
    return slice_of(run.operators[row], row, kind, ink_of(run.operators[row].kind));
  }
  if (kind == Target::Kind::management) return slice_of(run.management[row], row, kind, Ink::management);
  return slice_of(run.stalls[row], row, kind, ink_of(run.stalls[row].cause));
}

// Walks several tables in order of time; each is in order itself, or the row made of it is refused later.
class Merge {
 public:
  Merge(const RunRecord& run, bool with_stalls) : run_(run) {
    sources_[0] = {Target::Kind::operation, run.operators.size()};
    sources_[1] = {Target::Kind::management, run.management.size()};
    sources_[2] = {Target::Kind::stall, with_stalls ? run.stalls.size() : 0};
    for (Source& source : sources_) load(source);
  }

  // False: all are taken.
  bool next(Slice& out) {
    Source* first = nullptr;
    for (Source& source : sources_) {
      if (source.next < source.size && (first == nullptr || before(source.head, first->head)))
        first = &source;
    }
    if (first == nullptr) return false;
    out = first->head;
    ++first->next;
    load(*first);
    return true;
  }

 private:
  struct Source {
    Target::Kind kind = Target::Kind::none;
    std::size_t size = 0, next = 0;
    Slice head{};
  };
  static bool before(const Slice& a, const Slice& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  }
  void load(Source& source) {
    if (source.next < source.size) source.head = slice_of(run_, source.kind, source.next);
  }

  const RunRecord& run_;
  std::array<Source, 3> sources_{};
};

struct Place {
  std::int32_t step = 0;
  LayerId layer;
  friend bool operator==(const Place&, const Place&) = default;
};

Place place_of(const RunRecord& run, const Slice& slice) {
  const auto at = [](const auto& record) { return Place{record.step, record.layer}; };
  if (slice.kind == Target::Kind::operation) return at(run.operators[slice.row]);
  if (slice.kind == Target::Kind::management) return at(run.management[slice.row]);
  return at(run.stalls[slice.row]);
}

// Gives each layer its event; events are in order of time, as layers are.
class EventOfLayer {
 public:
  explicit EventOfLayer(const RunRecord& run) : run_(run) {}

  void name(Slice& slice, Place place) {
    while (next_ < run_.events.size() && run_.events[next_].at.count_ps() < slice.begin) ++next_;
    slice.ink = place.layer.valid() ? Ink::layer : Ink::head;
    if (!place.layer.valid()) return;  // the head: its operator
    // A layer has one event; a file may say anything.
    constexpr std::size_t kMost = 16;
    for (std::size_t i = next_; i < std::min(run_.events.size(), next_ + kMost); ++i) {
      const EventRecord& event = run_.events[i];
      if (event.at.count_ps() > slice.end) break;
      if (Place{event.step, event.layer} != place) continue;
      slice.kind = Target::Kind::event;
      slice.row = static_cast<std::uint32_t>(i);
      return;
    }
    slice.kind = Target::Kind::layer;
    slice.row = place.layer.value();
  }

 private:
  const RunRecord& run_;
  std::size_t next_ = 0;
};

}  // namespace

Ink ink_of(OperatorKind kind) {
  switch (kind) {
    case OperatorKind::attention:
      return Ink::attention;
    case OperatorKind::dense_ffn:
      return Ink::dense_ffn;
    case OperatorKind::shared_experts:
      return Ink::shared_experts;
    case OperatorKind::routed_expert:
      return Ink::routed_expert;
    case OperatorKind::head:
      return Ink::head;
  }
  return Ink::attention;
}

Ink ink_of(StallCause cause) {
  return static_cast<Ink>(static_cast<int>(Ink::stall_compulsory) + static_cast<int>(cause));
}

Ink ink_of(const LoadRecord& load) {
  if (load.purpose == Purpose::demand) return Ink::load_demand;
  return load.first_use.valid() ? Ink::load_useful : Ink::load_useless;
}

std::string name_of(Target::Kind kind, std::uint64_t row) {
  const auto word = [kind] {
    switch (kind) {
      case Target::Kind::step:
        return "step";
      case Target::Kind::event:
        return "event";
      case Target::Kind::operation:
        return "operator";
      case Target::Kind::management:
        return "management";
      case Target::Kind::stall:
        return "stall";
      case Target::Kind::load:
        return "load";
      case Target::Kind::eviction:
        return "eviction";
      case Target::Kind::layer:
        return "layer";
      default:
        return "row";
    }
  };
  return fmt::format("{} {}", word(), row);
}

Result<SliceRow> checked_row(std::vector<Slice> slices) {
  const auto bad = SliceRow::first_disorder(slices);
  if (bad && slices[*bad].end < slices[*bad].begin) {
    return bad_input("an end at or after the begin", fmt::format("{} ps", slices[*bad].end),
                     name_of(slices[*bad].kind, slices[*bad].row));
  }
  if (bad) {
    const Slice& before = slices[*bad - 1];
    return bad_input(
        fmt::format("a begin at or after {} ps, where {} ends", before.end, name_of(before.kind, before.row)),
        fmt::format("{} ps", slices[*bad].begin), name_of(slices[*bad].kind, slices[*bad].row));
  }
  for (const Slice* end :
       {slices.empty() ? nullptr : &slices.front(), slices.empty() ? nullptr : &slices.back()}) {
    if (end == nullptr || (end->begin >= 0 && end->end <= kLatestTime)) continue;
    return bad_input(fmt::format("times from 0 to {} ps", kLatestTime),
                     fmt::format("{} to {} ps", end->begin, end->end), name_of(end->kind, end->row));
  }
  return SliceRow(std::move(slices));
}

Result<SliceRow> step_row(const RunRecord& run) {
  std::vector<Slice> slices;
  slices.reserve(run.steps.size());
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const Ink ink = run.steps[i].phase == Phase::prefill ? Ink::prefill : Ink::decode;
    slices.push_back(slice_of(run.steps[i], i, Target::Kind::step, ink));
  }
  return checked_row(std::move(slices));
}

Result<SliceRow> layer_row(const RunRecord& run) {
  std::vector<Slice> slices;
  Merge merge(run, true);
  EventOfLayer events(run);
  std::optional<Place> current;
  const auto finish = [&] {
    if (current) events.name(slices.back(), *current);
  };
  for (Slice slice; merge.next(slice);) {
    const Place place = place_of(run, slice);
    if (current == place) {
      slices.back().end = std::max(slices.back().end, slice.end);
      continue;
    }
    finish();
    current = place;
    slices.push_back(slice);
  }
  finish();
  return checked_row(std::move(slices));
}

Result<SliceRow> npu_row(const RunRecord& run) {
  std::vector<Slice> slices;
  slices.reserve(run.operators.size() + run.management.size());
  Merge merge(run, false);
  for (Slice slice; merge.next(slice);) slices.push_back(slice);
  return checked_row(std::move(slices));
}

Result<SliceRow> stall_row(const RunRecord& run) {
  std::vector<Slice> slices;
  slices.reserve(run.stalls.size());
  for (std::size_t i = 0; i < run.stalls.size(); ++i) {
    slices.push_back(slice_of(run.stalls[i], i, Target::Kind::stall, ink_of(run.stalls[i].cause)));
  }
  return checked_row(std::move(slices));
}

}  // namespace pregate
