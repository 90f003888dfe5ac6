// SPDX-License-Identifier: Apache-2.0
#include "experiments/interrupts.hpp"

#include <algorithm>
#include <thread>

namespace pregate {
namespace {

volatile std::sig_atomic_t pressed = 0;

}  // namespace

Interrupts::Interrupts(const InterruptOptions& options) {
  struct sigaction now {};
  now.sa_handler = [](int) { pressed = 1; };
  now.sa_flags = options.second_ends ? static_cast<int>(SA_RESETHAND) : 0;
  ::sigemptyset(&now.sa_mask);
  ::sigaction(SIGINT, nullptr, &before_);
  if (before_.sa_handler != SIG_IGN || options.if_ignored) ::sigaction(SIGINT, &now, nullptr);
}

Interrupts::~Interrupts() {
  ::sigaction(SIGINT, &before_, nullptr);
  pressed = 0;
}

bool Interrupts::any() const {
  return pressed != 0;
}

void Interrupts::pause(std::chrono::milliseconds time) const {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + time;
  while (!any() && Clock::now() < end) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    std::this_thread::sleep_for(
        std::min(left + std::chrono::milliseconds(1), std::chrono::milliseconds(100)));
  }
}

}  // namespace pregate
