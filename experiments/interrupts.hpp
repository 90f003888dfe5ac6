// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as something to ask for, for work that ends in its own order.
#pragma once

#include <chrono>
#include <csignal>

namespace pregate {

struct InterruptOptions {
  bool second_ends = false;  // a second one ends the program at once
  bool if_ignored = false;   // hear it also where it was ignored before (nohup)
};

// Whether Ctrl-C was pressed since this was made; afterwards it does again what it did before. They may nest:
// what the outer one has heard the inner one knows.
class Interrupts {
 public:
  explicit Interrupts(const InterruptOptions& options = {});
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  [[nodiscard]] bool any() const;
  // Sleeps, but not on after Ctrl-C.
  void pause(std::chrono::milliseconds time) const;

 private:
  struct sigaction before_ {};
};

}  // namespace pregate
