// SPDX-License-Identifier: Apache-2.0
// The half of BurstController that asks: streams, the places of their accesses, and the lines of what waits.
#include <bit>

#include "sim/hardware/burst_controller.hpp"

namespace pregate {
namespace {

// Cycles from the data of one request to the next request that its requester sends.
constexpr std::int64_t kHandOver = 1;

}  // namespace

BurstController::Place BurstController::place_of(std::int64_t access) const {
  std::int64_t rest = access;
  const auto take = [&rest](std::int64_t size) {
    const std::int64_t part = rest % size;
    rest /= size;
    return static_cast<std::int32_t>(part);
  };
  std::int32_t group = 0, bank = 0, row = 0;
  switch (options_.mapping) {
    case DramMapping::interleaved: {
      const std::int32_t low = take(4);
      group = take(t_.bank_groups);
      bank = take(t_.banks_per_group);
      const std::int32_t column = low + 4 * take(columns_ / 4);
      row = static_cast<std::int32_t>(rest);
      // Powers of two, so that XOR permutes.
      group ^= column & (t_.bank_groups - 1);
      bank ^= (column / t_.bank_groups) & (t_.banks_per_group - 1);
      row ^= column / t_.banks();
      break;
    }
    case DramMapping::row_bank_column:
      take(columns_);
      group = take(t_.bank_groups);
      bank = take(t_.banks_per_group);
      row = static_cast<std::int32_t>(rest);
      break;
    case DramMapping::bank_row_column:
      take(columns_);
      row = take(std::int64_t{1} << 16);
      bank = take(t_.banks_per_group);
      group = take(t_.bank_groups);
      break;
  }
  return {group, group * t_.banks_per_group + bank, row};
}

// ---- streams ----

StreamId BurstController::start(const StreamSpec& spec, const Pace& pace, SimTime from) {
  check(spec.accesses > 0 && spec.window > 0 && spec.block > 0, "a stream asks for something");
  if (live_.empty()) pass_idle_time(cycle_of(from));
  std::uint32_t slot;
  if (free_streams_.empty()) {
    slot = static_cast<std::uint32_t>(streams_.size());
    streams_.emplace_back();
  } else {
    slot = free_streams_.back();
    free_streams_.pop_back();
  }
  Stream& stream = streams_[slot];
  stream.spec = spec;
  stream.asked = stream.issued = 0;
  stream.asked_at = cycle_of(from);
  stream.position = spec.first;
  stream.random = Random(spec.seed);
  stream.interval = pace.interval();
  stream.due = from.count_ps() * Pace::kOne;
  stream.back.resize(std::bit_ceil(static_cast<std::size_t>(spec.window * spec.block)));
  live_.push_back(slot);
  return StreamId(slot);
}

void BurstController::set_pace(StreamId id, const Pace& pace, SimTime now) {
  Stream& stream = streams_[id.value()];
  // What was due later by the old pace is due by the new one; what is overdue stays so.
  const std::int64_t here = now.count_ps() * Pace::kOne;
  stream.due = std::min(stream.due, here + pace.interval());
  stream.interval = pace.interval();
}

// Since when (or from when on) the stream may ask for its next access; kNever if that hangs on a command that
// is not issued yet.
BurstController::Cycle BurstController::may_ask(const Stream& stream) const {
  const StreamSpec& spec = stream.spec;
  if (stream.asked == spec.accesses) return kNever;
  if (stream.asked % spec.block != 0) return stream.asked_at;
  // A request may go out when all but window - 1 of those before are answered. A write is answered when its
  // command is issued: the controller has taken it.
  const std::int64_t answered = stream.asked - std::int64_t{spec.window - 1} * spec.block;
  if (answered > stream.issued) return kNever;
  Cycle at = stream.asked_at;
  if (answered > 0) {
    at = std::max(at,
                  stream.back[static_cast<std::size_t>(answered - 1) & (stream.back.size() - 1)] + kHandOver);
  }
  if (stream.interval > 0) at = std::max(at, detail::ceil_div(stream.due, clock_ps_ * Pace::kOne));
  return at;
}

// Streams take turns to put requests into their queue while it has room; a turn is a few accesses long. When
// the next one can be put.
BurstController::Cycle BurstController::ask() {
  const std::array<bool, 2> room{queued_[kRead] < options_.queue, queued_[kWrite] < options_.queue};
  if (!room[kRead] && !room[kWrite]) return kNever;
  Cycle next = kNever;
  const std::size_t count = live_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at_turn = (turn_ + i) % count;  // turn_ may stand behind the last
    const std::uint32_t slot = live_[at_turn];
    const Stream& stream = streams_[slot];
    if (!room[direction(stream.spec.write)]) continue;
    const Cycle at = may_ask(stream);
    next = std::min(next, at);
    if (at > now_) continue;
    enqueue(slot, at);
    if (at_turn != turn_) turn_left_ = options_.turn;
    turn_ = at_turn;
    if (--turn_left_ <= 0) {
      turn_ = (turn_ + 1) % count;
      turn_left_ = options_.turn;
    }
    return now_;
  }
  return next;
}

void BurstController::enqueue(std::uint32_t slot, Cycle since) {
  Stream& stream = streams_[slot];
  stream.asked_at = since;
  if (stream.asked % stream.spec.block == 0) {
    if (stream.spec.random_range > 0) {
      const auto blocks = static_cast<std::uint64_t>(stream.spec.random_range / stream.spec.block);
      stream.position =
          stream.spec.first + static_cast<std::int64_t>(stream.random.below(blocks)) * stream.spec.block;
    }
  }
  stream.due += stream.interval;
  const Place place = place_of(stream.position++);
  ++stream.asked;
  const std::size_t d = direction(stream.spec.write);
  const std::uint8_t e = free_.back();
  free_.pop_back();
  entries_[e] = {.age = next_age_++, .arrived = now_, .row = place.row, .stream = slot, .next = kNone};
  Bank& bank = banks_[static_cast<std::size_t>(place.bank)];
  Line& line = bank.line[d];
  if (line.tail == kNone) {
    line.head = e;
  } else {
    entries_[line.tail].next = e;
  }
  if (line.hit == kNone && bank.row == place.row) {
    line.hit = e;
    line.before_hit = line.tail;
  }
  line.tail = e;
  ++queued_[d];
  busy_[d] |= std::uint64_t{1} << place.bank;
}

// ---- lines of waiting requests ----

void BurstController::find_hit(const Bank& bank, Line& line) {
  line.hit = line.before_hit = kNone;
  if (bank.row < 0) return;
  std::uint8_t before = kNone;
  for (std::uint8_t e = line.head; e != kNone; e = entries_[e].next) {
    if (entries_[e].row == bank.row) {
      line.hit = e;
      line.before_hit = before;
      return;
    }
    before = e;
  }
}

void BurstController::take_out(std::int32_t index, std::size_t d, std::uint8_t entry, std::uint8_t before) {
  Bank& bank = banks_[static_cast<std::size_t>(index)];
  Line& line = bank.line[d];
  const std::uint8_t next = entries_[entry].next;
  if (before == kNone) {
    line.head = next;
  } else {
    entries_[before].next = next;
  }
  if (line.tail == entry) line.tail = before;
  --queued_[d];
  if (line.head == kNone) busy_[d] &= ~(std::uint64_t{1} << index);
  // The next hit can only be behind the one that left.
  line.hit = line.before_hit = kNone;
  std::uint8_t last = before;
  for (std::uint8_t e = next; e != kNone; e = entries_[e].next) {
    if (entries_[e].row == bank.row) {
      line.hit = e;
      line.before_hit = last;
      break;
    }
    last = e;
  }
}

}  // namespace pregate
