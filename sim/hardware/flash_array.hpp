// SPDX-License-Identifier: Apache-2.0
// The inside of a flash part, page by page: channels with a bus each, chips on them, planes that one command
// senses together. A page lies on channel, chip, die and plane in that order of stride, so that neighbours
// read side by side. Out of it come pages as they leave the channel bus; the link to the host is the
// caller's.
//
// Rules, which are those of MQSim's out-of-order scheduler (CMU-SAFARI/MQSim 0d76b1d, TSU_OutofOrder and
// NVM_PHY_ONFI_NVDDR2) for reads:
//  * a chip works on one die at a time and senses up to one page a plane, of the same row, for tR;
//  * without cache read it takes its next command when all its pages are out, and a channel serves every
//  pending
//    data-out before it issues a command: chips fall into step, and a round takes
//    tR + command + chips x planes x page / bus;
//  * with cache read a chip senses the next pages while it gives out these, and commands go before data: the
//  bus
//    is what binds;
//  * an address whose mapping entry is not held waits for its translation page, which is read like any page,
//  before
//    those of users; requests for the same one wait together.
// Leaves out writes, erases, garbage collection, read retries, and where a file really lies (offsets are
// taken as physical addresses). No SystemC: flash_pages.hpp drives it.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "traces/device_spec.hpp"

namespace pregate {

// Bytes of a request that have left the channel bus.
struct FlashArrival {
  std::uint32_t request = 0;
  Bytes bytes;
};

class FlashArray {
 public:
  explicit FlashArray(const FlashPagesSpec& spec);

  // Reads `size` bytes from `offset`; they come out of advance() under the number `request`.
  void submit(std::uint32_t request, Bytes offset, Bytes size, SimTime now);
  [[nodiscard]] std::optional<SimTime> next_event() const;
  // Handles what is due up to `now`, in order; appends what has come out.
  void advance(SimTime now, std::vector<FlashArrival>& out);
  // Translation pages that were read.
  [[nodiscard]] std::int64_t mapping_reads() const { return mapping_reads_; }

 private:
  struct PageRead {
    std::int64_t page = 0;  // of users or, for mapping, of the table
    Bytes bytes;            // that leave the chip
    std::uint32_t request = 0;
    bool mapping = false;
  };
  struct Place {
    std::size_t channel = 0, chip = 0;
    std::int32_t die = 0, plane = 0;
    std::int64_t row = 0;
  };
  struct Chip {
    std::deque<PageRead> mapping, user;  // not yet sensed
    std::vector<PageRead> sensing;
    bool busy = false;             // a command on the bus, or sensing
    std::deque<std::size_t> held;  // pages not yet out of each sensed batch, oldest first
  };
  struct Outgoing {
    std::size_t chip = 0;
    PageRead page;
  };
  struct Channel {
    std::vector<Chip> chips;
    std::deque<Outgoing> out;
    bool busy = false;
    std::size_t turn = 0;  // whose command is next
  };
  enum class Step : std::uint8_t { command_sent, sensed, page_out };
  struct Event {
    SimTime at;
    std::uint64_t order = 0;
    Step step = Step::command_sent;
    std::size_t channel = 0, chip = 0;
    PageRead page;  // of page_out
    friend bool operator>(const Event& a, const Event& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  [[nodiscard]] Place place_of(std::int64_t page) const;
  [[nodiscard]] bool entry_held(std::int64_t page);
  void hold_entry(std::int64_t page);
  [[nodiscard]] std::int64_t entry_key(std::int64_t page) const;
  void queue(const PageRead& page);
  void read_page(const PageRead& page);
  void serve(std::size_t channel);
  bool send_page(std::size_t channel);
  bool send_command(std::size_t channel);
  void take_batch(Chip& chip);
  void pick(std::deque<PageRead>& from, std::vector<PageRead>& batch) const;
  void page_left(const Event& event, std::vector<FlashArrival>& out);
  void mapping_arrived(std::int64_t mapping_page);
  void at(SimTime when, Step step, std::size_t channel, std::size_t chip, const PageRead& page);

  FlashPagesSpec spec_;
  std::vector<Channel> channels_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t order_ = 0;
  SimTime now_;
  std::map<std::int64_t, std::vector<PageRead>> waiting_;  // by translation page on its way
  // Mapping entries that are held, most recent first.
  std::list<std::int64_t> recent_;
  std::unordered_map<std::int64_t, std::list<std::int64_t>::iterator> held_;
  std::size_t held_most_ = 0;
  std::int64_t mapping_reads_ = 0;
};

}  // namespace pregate
