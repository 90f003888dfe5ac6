// SPDX-License-Identifier: Apache-2.0
// The computing threads' time on a real machine, without a gap: every slice begins where the one before ended
// and is given to what was done in it. Times since the run began, from the steady clock: measured.
#pragma once

#include <chrono>
#include <span>

#include "sim/account/recorder.hpp"

namespace pregate {

class Timeline {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Timeline(Recorder& recorder) : recorder_(recorder), origin_(Clock::now()) {}

  // What was before does not count: time 0 is now.
  void restart();
  [[nodiscard]] SimTime at(Clock::time_point time) const;
  [[nodiscard]] SimTime now() const { return at(Clock::now()); }
  // The end of the last slice.
  [[nodiscard]] SimTime cursor() const { return cursor_; }

  // The time since the last slice was ...
  void operator_ran(LayerId layer, OperatorKind kind);
  void experts_ran(LayerId layer, std::span<const ExpertId> experts);  // together: divided evenly
  void managed(LayerId layer);
  void stalled(LayerId layer, LoadId load, bool lacked_room);

 private:
  Recorder& recorder_;
  Clock::time_point origin_;
  SimTime cursor_;
};

}  // namespace pregate
