// SPDX-License-Identifier: Apache-2.0
// `pregate train`: starts pregate-train, which stands beside this program where libtorch was there to build
// it.
#include <cstdlib>

#include "experiments/sibling_program.hpp"
#include "experiments/verbs.hpp"

namespace pregate {
namespace {

// OpenBLAS 0.3.21 does not know processors newer than itself and falls back to kernels of 2004, several
// times slower than these.
void prefer_wide_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
    setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 0);
#endif
}

}  // namespace

void add_train_verb(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("train", "Train a Megrez2-style model on a text (needs libtorch)");
  // Its arguments, --help among them, are the trainer's.
  verb->set_help_flag();
  verb->prefix_command();
  verb->callback([&session, verb] {
    session.action = [arguments = verb->remaining()] {
      prefer_wide_kernels();
      return become_sibling("pregate-train", arguments);
    };
  });
}

}  // namespace pregate
