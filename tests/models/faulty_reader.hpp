// SPDX-License-Identifier: Apache-2.0
// A DiskReader that does what it is told wrong: for tests of what reads through one. Everything else is the
// reader inside, so that nothing about order or lanes is played.
//
//   FaultyReader reader(std::move(real), {{.request = 3, .what = Fault::error}});
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "models/disk_reader.hpp"

namespace pregate {

struct Fault {
  enum What { error, short_read, flipped_bit, delay };
  std::int64_t request = 0;  // the how-manieth submitted, from 0
  What what = error;
  std::chrono::milliseconds by{0};  // of a delay
};

class FaultyReader final : public DiskReader {
 public:
  FaultyReader(std::unique_ptr<DiskReader> inside, std::vector<Fault> faults)
      : inside_(std::move(inside)), faults_(std::move(faults)) {}

  void submit(const DiskRequest& request) override {
    {
      const std::scoped_lock lock(mutex_);
      const std::int64_t number = submitted_++;
      for (const Fault& fault : faults_)
        if (fault.request == number) planned_[request.tag] = {fault, request};
    }
    inside_->submit(request);
  }
  void promote(std::uint32_t tag) override { inside_->promote(tag); }
  [[nodiscard]] Engine engine() const override { return inside_->engine(); }

  void poll(std::vector<DiskDone>& done) override {
    std::vector<DiskDone> fresh;
    inside_->poll(fresh);
    deliver(std::move(fresh), done);
  }

  void wait(std::vector<DiskDone>& done) override {
    const std::size_t before = done.size();
    for (;;) {
      std::vector<DiskDone> fresh;
      inside_->wait(fresh);
      const bool idle = fresh.empty();  // nothing is outstanding inside
      deliver(std::move(fresh), done);
      if (done.size() != before) return;
      const auto due = next_due();
      if (!due && idle) return;
      // Waits for what was put off even where another ends sooner: a test that delays does not ask for more.
      if (due) std::this_thread::sleep_until(*due);
    }
  }

 private:
  using Clock = DiskDone::Clock;
  struct Planned {
    Fault fault;
    DiskRequest request;
  };
  struct Late {
    Clock::time_point due;
    DiskDone done;
  };

  void deliver(std::vector<DiskDone> fresh, std::vector<DiskDone>& done) {
    const std::scoped_lock lock(mutex_);
    for (DiskDone& one : fresh) {
      const auto it = planned_.find(one.tag);
      if (it == planned_.end()) {
        done.push_back(std::move(one));
      } else if (it->second.fault.what == Fault::delay) {
        late_.push_back({Clock::now() + it->second.fault.by, std::move(one)});
      } else {
        spoil(it->second, one);
        done.push_back(std::move(one));
      }
      if (it != planned_.end()) planned_.erase(it);
    }
    const Clock::time_point now = Clock::now();
    for (Late& one : late_) {
      if (one.due > now) continue;
      one.done.ended = now;
      done.push_back(std::move(one.done));
    }
    std::erase_if(late_, [now](const Late& one) { return one.due <= now; });
  }

  static void spoil(const Planned& planned, DiskDone& one) {
    const DiskRequest& request = planned.request;
    const std::string place = fmt::format("byte {}", request.offset.count());
    const std::string all = fmt::format("{} bytes", request.into.size());
    switch (planned.fault.what) {
      case Fault::error:
        one.status = run_failed("faulty", "to read " + all, "Input/output error").at("faulty", place);
        break;
      case Fault::short_read:
        one.status =
            bad_input(all, fmt::format("a short read: {}", request.into.size() / 2), place).at("faulty");
        std::fill(request.into.begin() + static_cast<std::ptrdiff_t>(request.into.size() / 2),
                  request.into.end(), std::byte{0});
        break;
      case Fault::flipped_bit:
        request.into.front() ^= std::byte{1};  // a read that went well, of other bytes
        break;
      case Fault::delay:
        break;
    }
  }

  std::optional<Clock::time_point> next_due() {
    const std::scoped_lock lock(mutex_);
    const auto it = std::min_element(late_.begin(), late_.end(),
                                     [](const Late& a, const Late& b) { return a.due < b.due; });
    return it == late_.end() ? std::nullopt : std::optional(it->due);
  }

  std::unique_ptr<DiskReader> inside_;
  std::vector<Fault> faults_;
  std::mutex mutex_;  // of what follows
  std::int64_t submitted_ = 0;
  std::map<std::uint32_t, Planned> planned_;
  std::vector<Late> late_;
};

}  // namespace pregate
