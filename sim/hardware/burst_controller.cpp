// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/burst_controller.hpp"

#include <algorithm>
#include <bit>

namespace pregate {

BurstController::BurstController(const DramTiming& timing, const BurstOptions& options)
    : t_(timing), options_(options), clock_ps_(timing.clock.count_ps()) {
  check(options.queue >= 1 && options.queue <= 60, "a queue of 1 to 60 requests");
  check(t_.banks() <= 64 && t_.bank_groups <= 8, "at most 64 banks in 8 groups");
  columns_ = static_cast<std::int32_t>(t_.row_bytes / t_.access_bytes);
  banks_.resize(static_cast<std::size_t>(t_.banks()));
  // Requests that a row was opened for have left the queue but keep their entry.
  const std::size_t entries = static_cast<std::size_t>(2 * options.queue) + banks_.size();
  check(entries < 250, "entries are named by a byte");
  entries_.resize(entries);
  for (std::size_t e = entries; e-- > 0;) free_.push_back(static_cast<std::uint8_t>(e));
  recent_activations_.fill(-kNever);
  const bool per_bank = options_.refresh == Refresh::per_bank && t_.rfc_bank > 0;
  refresh_interval_ = options_.refresh == Refresh::none ? 0 : per_bank ? t_.refi_bank : t_.refi_all;
  if (refresh_interval_ > 0) refresh_due_ = refresh_interval_;
  if (!per_bank && options_.refresh == Refresh::per_bank) options_.refresh = Refresh::all_bank;
}

// ---- commands ----

// Writes are drained from above the high watermark to below the low one, and while no read waits.
void BurstController::choose_direction() {
  const auto reads = queued_[kRead], writes = queued_[kWrite];
  if (!writing_) {
    writing_ = writes > 0 && (10 * writes > 8 * options_.queue || reads == 0);
  } else {
    writing_ = writes > 0 && (10 * writes >= 2 * options_.queue || reads == 0);
  }
}

BurstController::Cycle BurstController::column_time(std::int32_t index, std::size_t d,
                                                    const Entry& entry) const {
  const Bank& bank = banks_[static_cast<std::size_t>(index)];
  const auto group = static_cast<std::size_t>(index / t_.banks_per_group);
  const Cycle ready = std::max({entry.arrived, bank.column, column_ok_[d], group_column_ok_[d][group]});
  return std::max(now_, ready >= awake_until_ ? ready + t_.wake_command : ready);
}

BurstController::Cycle BurstController::activate_time(const Bank& bank, std::int32_t index) const {
  const auto group = static_cast<std::size_t>(index / t_.banks_per_group);
  return std::max({now_, bank.activate, activate_ok_, group_activate_ok_[group],
                   recent_activations_[oldest_activation_] + t_.faw});
}

// The better of two that may be issued: the earlier; then the one whose row was opened for it; then, if asked
// for, column commands; then the older request.
bool BurstController::better(const Command& a, const Command& b) const {
  if (a.at != b.at) return a.at < b.at;
  if (a.opener != b.opener) return a.opener;
  if (options_.row_hits_first && (a.kind == Kind::column) != (b.kind == Kind::column))
    return a.kind == Kind::column;
  return a.age < b.age;
}

BurstController::Command BurstController::best_opener() const {
  Command best;
  for (std::uint64_t rest = open_for_; rest != 0; rest &= rest - 1) {
    const std::int32_t index = std::countr_zero(rest);
    const Bank& bank = banks_[static_cast<std::size_t>(index)];
    const Command command{.kind = Kind::column,
                          .at = column_time(index, direction(bank.opener_writes), entries_[bank.opener]),
                          .age = entries_[bank.opener].age,
                          .bank = index,
                          .opener = true};
    if (better(command, best)) best = command;
  }
  return best;
}

BurstController::Command BurstController::best_command() const {
  Command best = best_opener();
  const std::size_t d = direction(writing_);
  for (std::uint64_t rest = busy_[d]; rest != 0; rest &= rest - 1) {
    const std::int32_t index = std::countr_zero(rest);
    const Bank& bank = banks_[static_cast<std::size_t>(index)];
    const Line& line = bank.line[d];
    Command command{.kind = Kind::activate, .at = kNever, .age = entries_[line.head].age, .bank = index};
    if (bank.row < 0) {
      if (half_due_ != kNever) continue;  // one activation at a time on the bus
      command.at = activate_time(bank, index);
      if (better(command, best)) best = command;
      continue;
    }
    if (line.hit != kNone) {
      const Command hit{.kind = Kind::column,
                        .at = column_time(index, d, entries_[line.hit]),
                        .age = entries_[line.hit].age,
                        .bank = index};
      if (better(hit, best)) best = hit;
    }
    // The oldest wants another row. It may close this one unless the request it was opened for still waits.
    if (line.hit == line.head || bank.opener != kNone) continue;
    if (options_.row_hits_first && line.hit != kNone) continue;
    command.kind = Kind::precharge;
    command.at = std::max({now_, bank.precharge, precharge_ok_});
    if (better(command, best)) best = command;
  }
  return best;
}

void BurstController::issue(const Command& command) {
  switch (command.kind) {
    case Kind::column:
      return issue_column(command);
    case Kind::activate:
      return issue_activate(command);
    case Kind::precharge:
      close(command.bank, command.at);
      now_ = command.at + 1;
      return;
    case Kind::none:
      return;
  }
}

void BurstController::issue_activate(const Command& command) {
  Bank& bank = banks_[static_cast<std::size_t>(command.bank)];
  const auto group = static_cast<std::size_t>(command.bank / t_.banks_per_group);
  const std::size_t d = direction(writing_);
  const std::uint8_t entry = bank.line[d].head;
  const Cycle at = command.at;
  bank.row = entries_[entry].row;
  bank.opener = entry;
  bank.opener_writes = writing_;
  open_for_ |= std::uint64_t{1} << command.bank;
  take_out(command.bank, d, entry, kNone);
  find_hit(bank, bank.line[1 - d]);
  bank.column = at + t_.rcd;
  bank.precharge = at + t_.ras;
  bank.activate = at + t_.rc;
  activate_ok_ = at + t_.rrd_s;
  group_activate_ok_[group] = at + t_.rrd_l;
  recent_activations_[oldest_activation_] = at;
  oldest_activation_ = (oldest_activation_ + 1) % recent_activations_.size();
  now_ = at + t_.activate_command;
  if (t_.activate_halves > 0) half_due_ = at + t_.activate_halves;
  ++counts_.activations;
}

void BurstController::finish_activation() {
  half_due_ = kNever;
  ++now_;
}

void BurstController::issue_column(const Command& command) {
  Bank& bank = banks_[static_cast<std::size_t>(command.bank)];
  const auto group = static_cast<std::size_t>(command.bank / t_.banks_per_group);
  const std::size_t d = command.opener ? direction(bank.opener_writes) : direction(writing_);
  const Cycle at = command.at;
  std::uint8_t entry;
  if (command.opener) {
    entry = bank.opener;
    bank.opener = kNone;
    open_for_ &= ~(std::uint64_t{1} << command.bank);
  } else {
    entry = bank.line[d].hit;
    take_out(command.bank, d, entry, bank.line[d].before_hit);
  }
  Cycle data;
  if (d == kRead) {
    data = at + t_.cl + t_.burst;
    column_ok_[kRead] = at + t_.ccd_s;
    column_ok_[kWrite] = std::max(column_ok_[kWrite], data + t_.read_to_write_gap - t_.cwl);
    group_column_ok_[kRead][group] = at + t_.ccd_l;
    bank.precharge = std::max(bank.precharge, at + t_.rtp);
    ++counts_.reads;
  } else {
    data = at + t_.cwl + t_.burst;
    column_ok_[kWrite] = at + t_.ccd_s;
    column_ok_[kRead] = std::max(column_ok_[kRead], data + t_.wtr_s);
    group_column_ok_[kWrite][group] = at + t_.ccd_l_write;
    group_column_ok_[kRead][group] = std::max(group_column_ok_[kRead][group], data + t_.wtr_l);
    bank.precharge = std::max(bank.precharge, data + t_.wr);
    ++counts_.writes;
  }
  awake_until_ = data + 1;
  now_ = at + t_.column_command;

  const std::uint32_t slot = entries_[entry].stream;
  Stream& stream = streams_[slot];
  stream.back[static_cast<std::size_t>(stream.issued) & (stream.back.size() - 1)] =
      stream.spec.write ? at : data;
  ++stream.issued;
  if (stream.issued == stream.spec.accesses) ending_.push_back({slot, data});
  free_.push_back(entry);
}

void BurstController::close(std::int32_t index, Cycle at) {
  Bank& bank = banks_[static_cast<std::size_t>(index)];
  bank.row = -1;
  bank.activate = std::max(bank.activate, at + t_.rp);
  for (Line& line : bank.line) line.hit = line.before_hit = kNone;
  precharge_ok_ = at + t_.ppd;
  ++counts_.precharges;
}

// ---- refresh ----

// A due refresh lets only requests through whose row is open for them, then closes what it refreshes and
// refreshes. One command a call; false if none is due before `until`.
bool BurstController::refresh_step(Cycle until) {
  if (half_due_ != kNever) {
    if (now_ >= until) return false;
    finish_activation();
    return true;
  }
  const bool all = options_.refresh == Refresh::all_bank;
  const std::uint64_t targets = all ? ~std::uint64_t{0} : std::uint64_t{1} << refresh_bank_;
  const Command opener = best_opener();
  Cycle at = now_, refresh_at = now_;
  bool open = false;
  for (std::int32_t i = all ? 0 : refresh_bank_; i < (all ? t_.banks() : refresh_bank_ + 1); ++i) {
    const Bank& bank = banks_[static_cast<std::size_t>(i)];
    if (bank.row < 0) {
      refresh_at = std::max(refresh_at, bank.activate);
      continue;
    }
    open = true;
    at = std::max({at, bank.precharge, precharge_ok_});
  }
  const bool blocked = (open_for_ & targets) != 0;
  const Cycle next = blocked ? kNever : open ? at : refresh_at;
  if (opener.kind != Kind::none && opener.at <= next) {
    if (opener.at >= until) return false;
    issue(opener);
    return true;
  }
  if (next >= until) return false;
  if (open) {
    for (std::int32_t i = all ? 0 : refresh_bank_; i < (all ? t_.banks() : refresh_bank_ + 1); ++i) {
      Bank& bank = banks_[static_cast<std::size_t>(i)];
      if (bank.row >= 0) close(i, next);
      if (all) bank.activate = std::max(bank.activate, next + t_.rp_all);
    }
    now_ = next + 1;
    return true;
  }
  finish_refresh(next);
  now_ = next + 1;
  return true;
}

void BurstController::finish_refresh(Cycle at) {
  if (options_.refresh == Refresh::all_bank) {
    for (Bank& bank : banks_) bank.activate = std::max(bank.activate, at + t_.rfc_all);
  } else {
    Bank& bank = banks_[static_cast<std::size_t>(refresh_bank_)];
    bank.activate = std::max(bank.activate, at + t_.rfc_bank);
    refresh_bank_ = (refresh_bank_ + 1) % t_.banks();
  }
  refresh_due_ += refresh_interval_;
  ++counts_.refreshes;
}

// Nobody asked for anything until `to`: refreshes happened on time, each in the shadow of the next.
void BurstController::pass_idle_time(Cycle to) {
  if (to <= now_) return;
  now_ = to;
  if (refresh_interval_ == 0 || refresh_due_ > to) return;
  const Cycle round = refresh_interval_ * (options_.refresh == Refresh::all_bank ? 1 : t_.banks());
  if (refresh_due_ + round <= to) {
    const Cycle rounds = (to - refresh_due_) / round;
    counts_.refreshes += rounds * (round / refresh_interval_);
    refresh_due_ += rounds * round;
    for (std::int32_t i = 0; i < t_.banks(); ++i) close(i, refresh_due_ - round);
  }
  while (refresh_due_ <= to) {
    const Cycle at = refresh_due_ + t_.rp_all;
    for (std::int32_t i = 0; i < t_.banks(); ++i) {
      if (options_.refresh != Refresh::all_bank && i != refresh_bank_) continue;
      if (banks_[static_cast<std::size_t>(i)].row >= 0) close(i, refresh_due_);
    }
    finish_refresh(at);
  }
}

// ---- time ----

void BurstController::advance(SimTime until, std::vector<Ended>& ended) {
  const Cycle end = cycle_of(until);
  while (!live_.empty() && now_ < end) {
    Cycle next_ask = ask();
    while (next_ask <= now_) next_ask = ask();
    choose_direction();
    if (refresh_due_ <= now_) {
      if (refresh_step(std::min(end, next_ask))) continue;
      if (next_ask >= end) break;
      now_ = next_ask;
      continue;
    }
    const Command command = best_command();
    if (half_due_ != kNever && (command.at > now_ || now_ >= half_due_)) {
      if (now_ >= end) break;
      finish_activation();
      continue;
    }
    const Cycle other = std::min(next_ask, refresh_due_);
    // What is asked for in a cycle is seen in it.
    if (command.kind != Kind::none && command.at < other) {
      if (command.at >= end) break;
      issue(command);
    } else {
      if (other >= end) break;
      now_ = std::max(now_, other);
    }
  }
  now_ = std::max(now_, end);
  collect(until, ended);
}

void BurstController::collect(SimTime until, std::vector<Ended>& ended) {
  if (ending_.empty()) return;
  // Data return in the order of the commands of one direction; the two directions interleave.
  std::stable_sort(ending_.begin(), ending_.end(),
                   [](const Ending& a, const Ending& b) { return a.at < b.at; });
  std::erase_if(ending_, [&](const Ending& e) {
    const SimTime at = SimTime::at_ps(e.at * clock_ps_);
    if (at > until) return false;
    ended.push_back({StreamId(e.slot), at});
    const auto place = std::find(live_.begin(), live_.end(), e.slot);
    const auto index = static_cast<std::size_t>(place - live_.begin());
    if (index == turn_) turn_left_ = options_.turn;
    if (index < turn_) --turn_;
    live_.erase(place);
    free_streams_.push_back(e.slot);
    return true;
  });
}

SimTime BurstController::earliest_end() const {
  Cycle least = kNever;
  for (const Ending& e : ending_) least = std::min(least, e.at);
  for (const std::uint32_t slot : live_) {
    const Stream& stream = streams_[slot];
    const std::int64_t left = stream.spec.accesses - stream.issued;
    if (left == 0) {
      continue;  // below: its end is known
    }
    const Cycle latency = (stream.spec.write ? t_.cwl : t_.cl) + t_.burst;
    Cycle last = std::max(now_, column_ok_[direction(stream.spec.write)]) + (left - 1) * t_.ccd_s;
    const std::int64_t unasked = stream.spec.accesses - stream.asked;
    if (stream.interval > 0 && unasked > 0) {
      last = std::max(last, (stream.due + (unasked - 1) * stream.interval) / (clock_ps_ * Pace::kOne));
    }
    least = std::min(least, last + latency);
  }
  return least == kNever ? SimTime::at_ps(INT64_MAX) : SimTime::at_ps(least * clock_ps_);
}

}  // namespace pregate
