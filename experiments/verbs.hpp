// SPDX-License-Identifier: Apache-2.0
// The verbs of the command, a file each. A verb declares its arguments and leaves its action in the session;
// the command parses, runs the action and prints what it leaves in `out`. Private to experiments/: it shows
// CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/catalogue.hpp"
#include "experiments/terminal.hpp"

namespace pregate {

struct Session {
  Look look;
  ShippedCatalogue catalogue;
  std::function<Status()> action;     // of the verb that was asked for
  std::string out;                    // goes to stdout when the action has succeeded
  std::optional<Error> failed_after;  // it has something to say all the same: out, then this; exit code 1
  std::vector<std::string> notes;     // what a result lacks: a line each on stderr, after `out`
  bool found_wanting = false;         // what it says is bad news: exit code 1 all the same
};

// A seed as a person writes it: digits alone (CLI11 would take "-1" for 2^64 - 1).
Result<std::uint64_t> parse_seed(const std::string& text);

void add_run_verb(CLI::App& app, Session& session);
void add_record_verb(CLI::App& app, Session& session);
void add_forward_verb(CLI::App& app, Session& session);
void add_eval_verb(CLI::App& app, Session& session);
void add_bench_verb(CLI::App& app, Session& session);
void add_pack_verb(CLI::App& app, Session& session);
void add_trace_verbs(CLI::App& app, Session& session);
void add_heatmap_verb(CLI::App& app, Session& session);
void add_compare_verb(CLI::App& app, Session& session);
void add_devices_verb(CLI::App& app, Session& session);
void add_models_verb(CLI::App& app, Session& session);
void add_scenarios_verb(CLI::App& app, Session& session);
void add_stream_verb(CLI::App& app, Session& session);
void add_validate_verb(CLI::App& app, Session& session);
void add_calibrate_verb(CLI::App& app, Session& session);
void add_train_verb(CLI::App& app, Session& session);
void add_ablate_verb(CLI::App& app, Session& session);
void add_sweep_verb(CLI::App& app, Session& session);
void add_plan_verb(CLI::App& app, Session& session);
void add_view_verb(CLI::App& app, Session& session);
// Verbs of `trace` that have files of their own.
void add_trace_curve_verb(CLI::App& trace, Session& session);
void add_trace_reuse_verb(CLI::App& trace, Session& session);
void add_trace_fit_verb(CLI::App& trace, Session& session);
void add_trace_export_verb(CLI::App& trace, Session& session);

}  // namespace pregate
