// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware/flash_array.hpp"

#include <algorithm>

namespace pregate {

FlashArray::FlashArray(const FlashPagesSpec& spec) : spec_(spec) {
  channels_.resize(static_cast<std::size_t>(spec.channels));
  for (Channel& channel : channels_) channel.chips.resize(static_cast<std::size_t>(spec.chips));
  const Int128 entries = Int128{spec.mapping_cache.count()} * spec.mapping_entries_a_page / spec.page.count();
  const Int128 room = spec.mapping_whole_page ? entries / spec.mapping_entries_a_page : entries;
  held_most_ = static_cast<std::size_t>(std::max<Int128>(room, 1));
}

FlashArray::Place FlashArray::place_of(std::int64_t page) const {
  Place place;
  place.channel = static_cast<std::size_t>(page % spec_.channels);
  page /= spec_.channels;
  place.chip = static_cast<std::size_t>(page % spec_.chips);
  page /= spec_.chips;
  place.die = static_cast<std::int32_t>(page % spec_.dies);
  page /= spec_.dies;
  place.plane = static_cast<std::int32_t>(page % spec_.planes);
  place.row = page / spec_.planes;
  return place;
}

void FlashArray::at(SimTime when, Step step, std::size_t channel, std::size_t chip, const PageRead& page) {
  events_.push({when, order_++, step, channel, chip, page});
}

// ---- the mapping table ----

std::int64_t FlashArray::entry_key(std::int64_t page) const {
  return spec_.mapping_whole_page ? page / spec_.mapping_entries_a_page : page;
}

bool FlashArray::entry_held(std::int64_t page) {
  if (spec_.mapping_cache == Bytes()) return true;
  const auto found = held_.find(entry_key(page));
  if (found == held_.end()) return false;
  recent_.splice(recent_.begin(), recent_, found->second);
  return true;
}

void FlashArray::hold_entry(std::int64_t page) {
  const std::int64_t key = entry_key(page);
  if (held_.contains(key)) return;
  if (held_.size() >= held_most_) {
    held_.erase(recent_.back());
    recent_.pop_back();
  }
  recent_.push_front(key);
  held_[key] = recent_.begin();
}

void FlashArray::mapping_arrived(std::int64_t mapping_page) {
  const auto found = waiting_.find(mapping_page);
  const std::vector<PageRead> pages = std::move(found->second);
  waiting_.erase(found);
  for (const PageRead& page : pages) {
    hold_entry(page.page);
    queue(page);
  }
  for (std::size_t channel = 0; channel < channels_.size(); ++channel) serve(channel);
}

// ---- requests ----

void FlashArray::submit(std::uint32_t request, Bytes offset, Bytes size, SimTime now) {
  now_ = now;
  const std::int64_t page_bytes = spec_.page.count();
  const std::int64_t end = offset.count() + size.count();
  for (std::int64_t at = offset.count(); at < end;) {
    const std::int64_t page = at / page_bytes;
    const std::int64_t next = std::min(end, (page + 1) * page_bytes);
    read_page({.page = page, .bytes = Bytes(next - at), .request = request, .mapping = false});
    at = next;
  }
  for (std::size_t channel = 0; channel < channels_.size(); ++channel) serve(channel);
}

void FlashArray::read_page(const PageRead& page) {
  if (entry_held(page.page)) return queue(page);
  const std::int64_t mapping_page = page.page / spec_.mapping_entries_a_page;
  const auto [found, fresh] = waiting_.try_emplace(mapping_page);
  found->second.push_back(page);
  if (!fresh) return;
  ++mapping_reads_;
  queue({.page = mapping_page, .bytes = spec_.mapping_read, .request = 0, .mapping = true});
}

void FlashArray::queue(const PageRead& page) {
  const Place place = place_of(page.page);
  Chip& chip = channels_[place.channel].chips[place.chip];
  (page.mapping ? chip.mapping : chip.user).push_back(page);
}

// ---- a channel ----

void FlashArray::serve(std::size_t channel) {
  if (channels_[channel].busy) return;
  if (spec_.cache_read) {
    if (!send_command(channel)) send_page(channel);
  } else {
    if (!send_page(channel)) send_command(channel);
  }
}

bool FlashArray::send_page(std::size_t index) {
  Channel& channel = channels_[index];
  if (channel.out.empty()) return false;
  auto next = std::find_if(channel.out.begin(), channel.out.end(),
                           [](const Outgoing& out) { return out.page.mapping; });
  if (next == channel.out.end()) next = channel.out.begin();
  const Outgoing out = *next;
  channel.out.erase(next);
  channel.busy = true;
  at(now_ + out.page.bytes / spec_.bus, Step::page_out, index, out.chip, out.page);
  return true;
}

bool FlashArray::send_command(std::size_t index) {
  Channel& channel = channels_[index];
  const std::size_t most_held = spec_.cache_read ? 1 : 0;
  for (std::size_t i = 0; i < channel.chips.size(); ++i) {
    const std::size_t turn = std::exchange(channel.turn, (channel.turn + 1) % channel.chips.size());
    Chip& chip = channel.chips[turn];
    if (chip.busy || chip.held.size() > most_held || (chip.mapping.empty() && chip.user.empty())) continue;
    take_batch(chip);
    chip.busy = true;
    channel.busy = true;
    at(now_ + spec_.command, Step::command_sent, index, turn, {});
    return true;
  }
  return false;
}

// What one command senses: the oldest read, mapping first, and what lies in the same row of other planes.
void FlashArray::take_batch(Chip& chip) {
  chip.sensing.clear();
  if (!chip.mapping.empty()) pick(chip.mapping, chip.sensing);
  pick(chip.user, chip.sensing);
}

void FlashArray::pick(std::deque<PageRead>& from, std::vector<PageRead>& batch) const {
  for (auto it = from.begin(); it != from.end() && batch.size() < static_cast<std::size_t>(spec_.planes);) {
    const Place place = place_of(it->page);
    const bool fits = std::all_of(batch.begin(), batch.end(), [&](const PageRead& other) {
      const Place there = place_of(other.page);
      return there.die == place.die && there.plane != place.plane && there.row == place.row;
    });
    if (!fits) {
      ++it;
      continue;
    }
    batch.push_back(*it);
    it = from.erase(it);
  }
}

void FlashArray::page_left(const Event& event, std::vector<FlashArrival>& out) {
  Chip& chip = channels_[event.channel].chips[event.chip];
  if (--chip.held.front() == 0) chip.held.pop_front();
  if (event.page.mapping) {
    mapping_arrived(event.page.page);
  } else {
    out.push_back({event.page.request, event.page.bytes});
  }
}

std::optional<SimTime> FlashArray::next_event() const {
  if (events_.empty()) return std::nullopt;
  return events_.top().at;
}

void FlashArray::advance(SimTime now, std::vector<FlashArrival>& out) {
  while (!events_.empty() && events_.top().at <= now) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    Channel& channel = channels_[event.channel];
    Chip& chip = channel.chips[event.chip];
    switch (event.step) {
      case Step::command_sent:
        channel.busy = false;
        at(now_ + spec_.sense, Step::sensed, event.channel, event.chip, {});
        break;
      case Step::sensed:
        chip.busy = false;
        chip.held.push_back(chip.sensing.size());
        for (const PageRead& page : chip.sensing) channel.out.push_back({event.chip, page});
        break;
      case Step::page_out:
        channel.busy = false;
        page_left(event, out);
        break;
    }
    serve(event.channel);
  }
  now_ = now;
}

}  // namespace pregate
