// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/lod.hpp"

#include <algorithm>

#include "traces/base/check.hpp"

namespace pregate {

SliceRow::SliceRow(std::vector<Slice> slices) : slices_(std::move(slices)) {
  check(slices_.size() < UINT32_MAX, "a row has fewer than 2^32 slices");
  check(!first_disorder(slices_).has_value(), "the slices of a row are in order and apart");
  widest_.build(slices_.size(), [this](std::size_t i) { return slices_[i].width(); });
  covered_.reserve(slices_.size() / RangeBest::kBlock + 1);
  std::int64_t covered = 0;
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    if (i % RangeBest::kBlock == 0) covered_.push_back(covered);
    covered += slices_[i].width();
    inks_ |= std::uint64_t{1} << static_cast<int>(slices_[i].ink);
  }
  std::size_t size = slices_.size();
  while (size > RangeBest::kBlock) {
    const std::size_t level = begins_.size();
    std::vector<std::int64_t> begins;
    begins.reserve((size + RangeBest::kBlock - 1) / RangeBest::kBlock);
    for (std::size_t i = 0; i < size; i += RangeBest::kBlock) begins.push_back(begin_at(level, i));
    size = begins.size();
    begins_.push_back(std::move(begins));
  }
}

std::optional<std::size_t> SliceRow::first_disorder(std::span<const Slice> slices) {
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (slices[i].end < slices[i].begin) return i;
    if (i > 0 && slices[i].begin < slices[i - 1].end) return i;
  }
  return std::nullopt;
}

std::size_t SliceRow::first_reaching(std::int64_t time) const {
  const auto found = std::partition_point(slices_.begin(), slices_.end(), [time](const Slice& slice) {
    return slice.end <= time && slice.begin < time;
  });
  return static_cast<std::size_t>(found - slices_.begin());
}

// Up the pyramid while the block behind begins too early, then down again.
std::size_t SliceRow::first_beginning(std::int64_t time, std::size_t from) const {
  std::size_t level = 0, i = from;
  while (level < begins_.size()) {
    const std::size_t next = i / RangeBest::kBlock + 1;
    if (next >= size_at(level + 1) || begin_at(level + 1, next) >= time) break;
    i = next;
    ++level;
  }
  while (true) {
    // Of this level's blocks, the first that begins late enough; the one before may hold the slice.
    while (i < size_at(level) && begin_at(level, i) < time) ++i;
    if (level == 0) return i;
    --level;
    i = i == 0 ? 0 : (i - 1) * RangeBest::kBlock;
  }
}

std::optional<std::size_t> SliceRow::at(std::int64_t time) const {
  std::size_t i = first_reaching(time);
  while (i < slices_.size() && slices_[i].begin <= time && slices_[i].width() == 0) ++i;
  if (i < slices_.size() && slices_[i].span().contains(time)) return i;
  return std::nullopt;
}

std::int64_t SliceRow::covered_before(std::size_t index) const {
  const std::size_t block = std::min(index / RangeBest::kBlock, covered_.size() - 1);
  std::int64_t covered = covered_[block];
  for (std::size_t i = block * RangeBest::kBlock; i < index; ++i) covered += slices_[i].width();
  return covered;
}

void SliceRow::spans(const PixelGrid& grid, std::vector<SliceSpan>& out) const {
  out.clear();
  std::size_t i = first_reaching(grid.span().first);
  while (i < slices_.size() && slices_[i].begin < grid.span().last) {
    const int column = std::max(0, grid.column_of(slices_[i].begin));
    const std::size_t end = first_beginning(grid.edge(column + 1), i);
    const auto width = [this](std::size_t k) { return slices_[k].width(); };
    auto widest = widest_.best(i, end, width);
    // Of one that began before the view, the part inside counts.
    const std::int64_t inside = slices_[i].end - grid.span().first;
    if (widest.index == i && inside < widest.value && i + 1 < end) {
      const auto other = widest_.best(i + 1, end, width);
      if (other.value > inside) widest = other;
    }
    const int last = std::max(column + 1, grid.column_of(slices_[end - 1].end));
    SliceSpan span{.first_column = column,
                   .last_column = last,
                   .first = static_cast<std::uint32_t>(i),
                   .count = static_cast<std::uint32_t>(end - i),
                   .widest = static_cast<std::uint32_t>(widest.index)};
    if (last == column + 1) {
      // The one in front may reach into the column, and the last one out of it.
      const std::int64_t from = grid.edge(column), to = grid.edge(column + 1);
      const std::int64_t before = i == 0 ? 0 : std::max<std::int64_t>(0, slices_[i - 1].end - from);
      const std::int64_t outside = std::max<std::int64_t>(0, from - slices_[i].begin) +
                                   std::max<std::int64_t>(0, slices_[end - 1].end - to);
      span.covered = before + covered_before(end) - covered_before(i) - outside;
    }
    out.push_back(span);
    i = end;
  }
}

std::size_t SliceRow::memory() const {
  std::size_t bytes = widest_.memory() + covered_.size() * sizeof(std::int64_t);
  for (const auto& level : begins_) bytes += level.size() * sizeof(std::int64_t);
  return bytes;
}

}  // namespace pregate
