// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/lod.hpp"

#include <gtest/gtest.h>

#include "gui/scene/counter_row.hpp"
#include "gui/scene/flow.hpp"
#include "traces/base/random.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

// Bursts of short slices, long ones, gaps of all sizes, some slices without length.
std::vector<Slice> random_slices(Random& random, std::size_t count) {
  std::vector<Slice> slices;
  std::int64_t now = static_cast<std::int64_t>(random.below(1000));
  for (std::size_t i = 0; i < count; ++i) {
    if (random.chance(0.3))
      now += static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(14)));
    const auto width = random.chance(0.05)
                           ? 0
                           : static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(12)));
    slices.push_back({.begin = now,
                      .end = now + width,
                      .row = static_cast<std::uint32_t>(i),
                      .kind = Target::Kind::operation,
                      .ink = Ink::attention});
    now += width;
  }
  return slices;
}

TimeSpan random_view(Random& random, std::int64_t end) {
  const auto reach = static_cast<std::uint64_t>(end) * 12 / 10 + 10;
  const auto length = static_cast<std::int64_t>(1 + random.below(1 + random.below(reach)));
  const auto first = static_cast<std::int64_t>(random.below(reach)) - end / 10;
  return {first, first + length};
}

// By the definition, without a pyramid: a time's column, the slices of a column.
std::int64_t slow_column(TimeSpan view, int columns, std::int64_t time) {
  return static_cast<std::int64_t>(Int128{time - view.first} * columns / view.length());
}

std::vector<SliceSpan> slow_spans(const std::vector<Slice>& slices, TimeSpan view, int columns) {
  std::vector<SliceSpan> out;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const Slice& slice = slices[i];
    const bool reaches = slice.begin >= view.first || slice.end > view.first;
    if (!reaches || slice.begin >= view.last) continue;
    const int column =
        slice.begin <= view.first ? 0 : static_cast<int>(slow_column(view, columns, slice.begin));
    const int last =
        slice.end >= view.last ? columns : static_cast<int>(slow_column(view, columns, slice.end));
    const auto index = static_cast<std::uint32_t>(i);
    if (out.empty() || out.back().first_column != column) {
      out.push_back({.first_column = column, .last_column = column, .first = index, .widest = index});
    }
    SliceSpan& span = out.back();
    ++span.count;
    span.last_column = std::max(column + 1, last);
    const auto inside = [&](const Slice& s) { return std::min(s.width(), s.end - view.first); };
    if (inside(slice) > inside(slices[span.widest])) span.widest = index;
  }
  const PixelGrid grid(view, columns);
  for (SliceSpan& span : out) {
    if (span.last_column != span.first_column + 1) continue;
    const TimeSpan column{grid.edge(span.first_column), grid.edge(span.first_column + 1)};
    for (const Slice& slice : slices) {
      span.covered += std::max<std::int64_t>(0, slice.span().common(column).length());
    }
  }
  return out;
}

TEST(PixelGrid, EveryTimeLiesInTheColumnWhoseEdgesHoldIt) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const std::int64_t first = static_cast<std::int64_t>(random.below(1'000'000)) - 500'000;
    const TimeSpan span{
        first,
        first + 1 + static_cast<std::int64_t>(random.below(std::uint64_t{1} << (1 + random.below(61))))};
    const int columns = 1 + static_cast<int>(random.below(2000));
    const PixelGrid grid(span, columns);
    EXPECT_EQ(grid.edge(0), span.first);
    EXPECT_EQ(grid.edge(columns), span.last);
    EXPECT_EQ(grid.column_of(span.first - 1), -1);
    EXPECT_EQ(grid.column_of(span.last), columns);
    for (int probe = 0; probe < 20; ++probe) {
      const std::int64_t time =
          span.first + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(span.length())));
      const int column = grid.column_of(time);
      EXPECT_EQ(column, slow_column(span, columns, time));
      EXPECT_LE(grid.edge(column), time);
      EXPECT_LT(time, grid.edge(column + 1));
    }
  }
}

TEST(LevelOfDetail, SpansAreThoseOfTheDefinition) {
  Random random(2);
  for (int round = 0; round < 400; ++round) {
    const auto slices = random_slices(random, random.below(1500));
    const SliceRow row(slices);
    const std::int64_t end = slices.empty() ? 100 : slices.back().end;
    for (int query = 0; query < 4; ++query) {
      const TimeSpan view = random_view(random, end);
      const int columns = 1 + static_cast<int>(random.below(300));
      std::vector<SliceSpan> spans;
      row.spans(PixelGrid(view, columns), spans);
      ASSERT_EQ(spans, slow_spans(slices, view, columns)) << "round " << round;
    }
  }
}

TEST(LevelOfDetail, EverySliceInRangeIsInExactlyOneSpanAndSpansAreFewerThanPixels) {
  Random random(3);
  const auto slices = random_slices(random, 50'000);
  const SliceRow row(slices);
  for (int query = 0; query < 50; ++query) {
    const TimeSpan view = random_view(random, slices.back().end);
    std::vector<SliceSpan> spans;
    row.spans(PixelGrid(view, 640), spans);
    ASSERT_LE(spans.size(), 640U);
    std::size_t inside = 0, counted = 0;
    for (const Slice& slice : slices) {
      inside += slice.begin < view.last && (slice.begin >= view.first || slice.end > view.first) ? 1 : 0;
    }
    for (std::size_t i = 0; i < spans.size(); ++i) {
      counted += spans[i].count;
      if (i == 0) continue;
      EXPECT_EQ(spans[i].first, spans[i - 1].first + spans[i - 1].count);
      EXPECT_GE(spans[i].first_column, spans[i - 1].last_column);
    }
    EXPECT_EQ(counted, inside);
  }
}

TEST(LevelOfDetail, AColumnWithoutAnySliceIsNeverPainted) {
  Random random(4);
  const auto slices = random_slices(random, 2000);
  const SliceRow row(slices);
  for (int query = 0; query < 60; ++query) {
    const PixelGrid grid(random_view(random, slices.back().end), 400);
    std::vector<SliceSpan> spans;
    row.spans(grid, spans);
    for (const SliceSpan& span : spans) {
      for (int column = span.first_column; column < span.last_column; ++column) {
        const std::int64_t from = grid.edge(column), to = grid.edge(column + 1);
        const bool holds = std::any_of(slices.begin(), slices.end(), [&](const Slice& slice) {
          return slice.begin < to && (slice.begin >= from || slice.end > from);
        });
        ASSERT_TRUE(holds);
      }
    }
  }
}

TEST(LevelOfDetail, CostsTwoBytesASlice) {
  Random random(5);
  const SliceRow row(random_slices(random, 1'000'000));
  EXPECT_LE(row.memory(), 2'000'000U);
}

TEST(LevelOfDetail, FindsSlicesByTime) {
  Random random(6);
  for (int round = 0; round < 50; ++round) {
    const auto slices = random_slices(random, 1 + random.below(2000));
    const SliceRow row(slices);
    for (int probe = 0; probe < 50; ++probe) {
      const auto time =
          static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(slices.back().end) + 5));
      const auto from = random.below(slices.size() + 1);
      std::size_t beginning = from;
      while (beginning < slices.size() && slices[beginning].begin < time) ++beginning;
      EXPECT_EQ(row.first_beginning(time, from), beginning);
      const auto at = row.at(time);
      std::size_t holding = 0;
      while (holding < slices.size() && !slices[holding].span().contains(time)) ++holding;
      EXPECT_EQ(at.value_or(slices.size()), holding);
    }
  }
}

TEST(LevelOfDetail, KnowsSlicesThatOverlap) {
  EXPECT_EQ(SliceRow::first_disorder(std::vector<Slice>{{.begin = 0, .end = 5}, {.begin = 5, .end = 5}}),
            std::nullopt);
  EXPECT_EQ(SliceRow::first_disorder(std::vector<Slice>{{.begin = 0, .end = 5}, {.begin = 4, .end = 9}}), 1U);
  EXPECT_EQ(SliceRow::first_disorder(std::vector<Slice>{{.begin = 3, .end = 2}}), 0U);
}

TEST(CounterRow, EveryColumnHasTheLeastAndTheMostOfItsTime) {
  Random random(7);
  for (int round = 0; round < 60; ++round) {
    std::vector<CounterChange> changes;
    std::int64_t now = static_cast<std::int64_t>(random.below(100));
    for (std::uint64_t i = 0, count = random.below(400); i < count; ++i) {
      changes.push_back({.at = now,
                         .value = static_cast<std::int64_t>(random.below(1000)) - 500,
                         .row = static_cast<std::uint32_t>(i)});
      now += static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(9)));
    }
    const std::int64_t end = now + 50;
    const CounterRow row(changes, end);
    const TimeSpan view = random_view(random, end);
    // Columns of less than a picosecond have no time to look at.
    const auto most_columns = static_cast<std::uint64_t>(std::min<std::int64_t>(200, view.length()));
    const PixelGrid grid(view, 1 + static_cast<int>(random.below(most_columns)));
    std::vector<CounterSpan> spans;
    row.spans(grid, spans);
    std::size_t k = 0;
    for (int column = 0; column < grid.columns(); ++column) {
      std::optional<std::int64_t> least, most;
      for (std::int64_t t = grid.edge(column); t < std::min(end, grid.edge(column + 1)); ++t) {
        // All that hold at t, among them those for no time at all.
        for (std::size_t i = 0; i < changes.size(); ++i) {
          const bool last = i + 1 == changes.size() || changes[i + 1].at > t;
          if (changes[i].at != t && !(changes[i].at < t && last)) continue;
          if (t == grid.edge(column) && !last) continue;  // replaced as the column begins
          least = std::min(least.value_or(INT64_MAX), changes[i].value);
          most = std::max(most.value_or(INT64_MIN), changes[i].value);
        }
      }
      while (k < spans.size() && spans[k].last_column <= column) ++k;
      const bool drawn = k < spans.size() && spans[k].first_column <= column;
      ASSERT_EQ(drawn, most.has_value()) << "round " << round << " column " << column;
      if (!drawn) continue;
      EXPECT_EQ(spans[k].least, *least);
      EXPECT_EQ(spans[k].most, *most);
      EXPECT_EQ(changes[spans[k].most_index].value, *most);
    }
  }
}

TEST(Flow, ColumnsSumToWhatLiesBetweenTheirEnds) {
  Random random(8);
  for (int round = 0; round < 60; ++round) {
    const auto slices = random_slices(random, 1 + random.below(500));
    const SliceRow row(slices);
    const auto amount = [](const Slice& slice) {
      return Amount{std::int64_t{slice.row} * 37 % 1001, static_cast<std::uint8_t>(slice.row % 3)};
    };
    const Flow flow(row, {0, 1, 2}, amount);
    const auto slow = [&](std::int64_t time) {
      Flow::Sums sums{};
      for (const Slice& slice : slices) {
        if (slice.begin >= time) break;
        const Amount whole = amount(slice);
        sums[whole.channel] +=
            slice.end <= time
                ? whole.amount
                : static_cast<std::int64_t>(Int128{whole.amount} * (time - slice.begin) / slice.width());
      }
      return sums;
    };
    const PixelGrid grid(random_view(random, slices.back().end), 1 + static_cast<int>(random.below(100)));
    std::vector<Flow::Sums> columns(static_cast<std::size_t>(grid.columns()));
    flow.add_columns(grid, columns);
    for (int column = 0; column < grid.columns(); ++column) {
      Flow::Sums expected = slow(grid.edge(column + 1));
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] -= slow(grid.edge(column))[i];
      EXPECT_EQ(columns[static_cast<std::size_t>(column)], expected);
      EXPECT_EQ(flow.before(grid.edge(column)), slow(grid.edge(column)));
    }
    EXPECT_EQ(flow.total(), slow(slices.back().end + 1));
  }
}

}  // namespace
}  // namespace pregate
