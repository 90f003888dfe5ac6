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
// One sweep writes a file at a time; readers may look on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/summary_json.hpp"
#include "experiments/sweep/database.hpp"
#include "traces/quantity.hpp"

namespace pregate {

inline constexpr std::int64_t kSweepFormat = 1;

struct StoredAxis {
  std::string path;
  Quantity::Kind kind = Quantity::Kind::text;
};

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
  // Makes the file, or takes up one of the same format. Errors: a file of another kind or program, a newer
  // format, a folder or disk that cannot be written, another sweep that is writing to it.
  static Result<SweepStore> open(const std::string& path);
  SweepStore(SweepStore&&) noexcept;
  SweepStore& operator=(SweepStore&&) noexcept;
  ~SweepStore();

  // Whether there is a row of a scenario that ran to its end.
  Result<bool> has_done(const std::string& hash);
  // Makes the columns of axes that the file does not have yet.
  Status add_axes(const std::vector<StoredAxis>& axes);
  // In place of what is there under its hash.
  Status add(const SweepRow& row);
  // Adds the rows of another file: done ones win over failed ones. bad_input where both ran one scenario to
  // different numbers. Returns how many rows were new.
  Result<std::int64_t> merge(const std::string& other);
  // In a process that was forked from the writer: lets go of the writer's lock.
  void forget_in_child();

 private:
  struct State;
  explicit SweepStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A sweep's file as it is read: axes in order of their making, rows in order of their axes' values.
struct StoredSweep {
  struct Row {
    std::string hash, error, scenario, version, seed;
    bool done = false;
    double wall_s = 0;
    std::vector<std::optional<Quantity>> values;  // one an axis; none: not a point of that axis
    std::vector<Cell> summary;                    // one a key; empty if it failed
  };
  std::vector<StoredAxis> axes;
  std::vector<std::string> keys;  // of the summary
  std::vector<Row> rows;

  [[nodiscard]] std::optional<std::size_t> axis(std::string_view path) const;
  [[nodiscard]] std::optional<std::size_t> key(std::string_view name) const;
};
Result<StoredSweep> read_sweep(const std::string& path);

}  // namespace pregate
