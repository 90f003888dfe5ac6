// SPDX-License-Identifier: Apache-2.0
// The file of a sweep: SQLite, a row per scenario under its hash. Rows are written one by one as scenarios
// end, each in a transaction of its own, so that a sweep that is killed loses what was in flight and nothing
// else.
//
//   runs   hash, status (done, failed), error, scenario (resolved text), version, seed, wall_s, a column an
//   axis
//          ("dram.expert_budget": bytes, bytes/s, s, MAC/s, a number or a word), and a column a summary key
//          of `run --json`
//          ("tokens_per_second", "prefetch.accuracy")
//   axes   path, kind (number, bytes, bandwidth, duration, mac_rate, text)
//
// One sweep writes a file at a time; readers may look on (stored_sweep.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiments/sweep/stored_sweep.hpp"

namespace pregate {

struct SweepRow {
  std::string hash;
  bool done = false;
  std::string error;     // of a failed one
  std::string scenario;  // its resolved text
  std::string version, seed;
  double wall_s = 0;               // measured
  std::vector<std::string> paths;  // of the axes that it is a point of
  std::vector<Quantity> values;    // one a path
  SummaryRow summary;              // empty if it failed
};

class SweepStore {
 public:
  // Makes the file, or takes up one of the same format (whose runs get columns for keys that they do not have
  // yet). Errors: a file of another kind or program, a newer
  // format, a folder or disk that cannot be written, another sweep that is writing to it.
  static Result<SweepStore> open(const std::string& path);
  SweepStore(SweepStore&&) noexcept;
  SweepStore& operator=(SweepStore&&) noexcept;
  ~SweepStore();

  // Whether there is a row of a scenario that ran to its end.
  Result<bool> has_done(const std::string& hash);
  // Says of a row that is there which point of these axes it is, where it does not say so yet: another sweep,
  // of other axes, may have run the same scenario.
  Status note_point(const std::string& hash, const std::vector<std::string>& paths,
                    const std::vector<Quantity>& values);
  // Makes the columns of axes that the file does not have yet.
  Status add_axes(const std::vector<StoredAxis>& axes);
  // In place of what is there under its hash.
  Status add(const SweepRow& row);
  // Adds the rows of other files, all of them or none: done ones win over failed ones. bad_input where two
  // ran one scenario to different numbers. Returns how many rows were new.
  Result<std::int64_t> merge(const std::vector<std::string>& others);
  // In a process that was forked from the writer: lets go of the writer's lock.
  void forget_in_child();

 private:
  struct State;
  Result<std::int64_t> add_rows_of(const std::string& other);
  explicit SweepStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pregate
