// SPDX-License-Identifier: Apache-2.0
// The program `pregate`. It has a main of its own: that of libsystemc prints a banner.
#include "experiments/command.hpp"

int main(int argc, char** argv) {
  return pregate::run_command(argc, argv);
}
