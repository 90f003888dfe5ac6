// SPDX-License-Identifier: Apache-2.0
// `pregate view FILE...`: the window, a program of its own, so that whoever simulates needs no Qt.
#include "experiments/sibling_program.hpp"
#include "experiments/verbs.hpp"

namespace pregate {

void add_view_verb(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("view", "Open runs, traces and sweeps in a window, or draw them without one");
  // Its arguments, --help among them, are the viewer's.
  verb->set_help_flag();
  verb->prefix_command();
  verb->callback([&session, verb] {
    session.action = [arguments = verb->remaining()] { return become_sibling("pregate-view", arguments); };
  });
}

}  // namespace pregate
