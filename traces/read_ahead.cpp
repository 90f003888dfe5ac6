// SPDX-License-Identifier: Apache-2.0
#include "traces/read_ahead.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

namespace pregate {

struct ReadAhead::State {
  static constexpr std::size_t kMostWaiting = 8;
  struct Item {
    std::string record, place;
    std::optional<Error> error;
    bool last = false;
  };

  State(RecordReader& stream, std::function<bool(std::string_view)> is_last)
      : in(stream), last(std::move(is_last)), thread([this] { run(); }) {}
  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopped = true;
    }
    changed.notify_all();
    if (thread.joinable()) thread.join();
  }

  // What goes wrong beyond the stream (no memory) is the user's to catch.
  void run() {
    try {
      read();
    } catch (...) {
      const std::lock_guard lock(mutex);
      thrown = std::current_exception();
      changed.notify_all();
    }
  }

  void read() {
    while (true) {
      const auto record = in.next();
      Item item{.place = in.place()};
      if (record.ok()) {
        item.record = *record;
        item.last = last(item.record);
      } else {
        item.error = record.error();
        item.last = true;
      }
      const bool done = item.last;
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return stopped || waiting.size() < kMostWaiting; });
      if (stopped) return;
      waiting.push_back(std::move(item));
      changed.notify_all();
      if (done) return;
    }
  }

  RecordReader& in;
  std::function<bool(std::string_view)> last;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Item> waiting;
  bool stopped = false;
  std::exception_ptr thrown;
  Item current;
  std::thread thread;  // the last member: it uses the others
};

ReadAhead::ReadAhead(RecordReader& in, std::function<bool(std::string_view)> last)
    : state_(std::make_unique<State>(in, std::move(last))) {}
ReadAhead::~ReadAhead() = default;

Result<std::string_view> ReadAhead::next() {
  State& state = *state_;
  check(!state.current.last, "nothing is read behind the last record");
  {
    std::unique_lock lock(state.mutex);
    state.changed.wait(lock, [&] { return !state.waiting.empty() || state.thrown != nullptr; });
    if (state.waiting.empty()) std::rethrow_exception(state.thrown);
    state.current = std::move(state.waiting.front());
    state.waiting.pop_front();
  }
  state.changed.notify_all();
  if (state.current.last) state.thread.join();
  if (state.current.error) return *state.current.error;
  return std::string_view(state.current.record);
}

Status ReadAhead::finish() {
  if (state_->current.last) return {};
  const std::string place = state_->current.place;
  const auto more = next();
  if (!more) return {};  // the stream ends here, well or not: it says so itself
  state_->current.place = place;
  return bad_input("nothing behind the end record", "more records");
}

const std::string& ReadAhead::place() const {
  return state_->current.place;
}

}  // namespace pregate
