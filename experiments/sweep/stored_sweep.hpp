// SPDX-License-Identifier: Apache-2.0
// A sweep's file as it is read: what tables, plots, CSV and merges look at. What the tables mean is said in
// store.hpp, which writes them. The file is untrusted: it may be any bytes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
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

// Axes in order of their making, rows in order of their axes' values.
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
  // How all keys are known where they are not stored: "interpolated between simulated points".
  std::string how = {};

  [[nodiscard]] std::optional<std::size_t> axis(std::string_view path) const;
  [[nodiscard]] std::optional<std::size_t> key(std::string_view name) const;
};

// A value of a row as JSON; null where there is none.
Json json_of(const Cell& cell);
// A word, a number, seconds, bytes, bytes/s or MAC/s.
Json json_of(const Quantity& value);

// What of the rows is read; a file may have very many.
struct SweepContents {
  std::optional<std::vector<std::string>> keys;  // none: all; those that the file does not have are left out
  bool scenarios = false;                        // their texts
};
void sort_rows(StoredSweep& sweep);  // as read_sweep() does
Result<StoredSweep> read_sweep(const std::string& path, const SweepContents& contents = {});
// Axes and all keys, no rows.
Result<StoredSweep> read_sweep_header(const std::string& path);
// One row at a time, in no order; `header` comes first. An error of either ends it.
struct SweepVisitor {
  std::function<Status(const StoredSweep& header)> header;
  std::function<Status(const StoredSweep& header, StoredSweep::Row row)> row;
};
Status visit_sweep(const std::string& path, const SweepContents& contents, const SweepVisitor& visitor);

// For store.cpp, on a database that is open.
Status check_sweep_format(const Database& database);
Result<std::vector<StoredAxis>> stored_axes(const Database& database);
// Columns of the table of runs that are neither the fixed ones nor axes.
Result<std::vector<std::string>> stored_keys(const Database& database, const std::vector<StoredAxis>& axes);
std::string joined_names(const std::vector<std::string>& names);
const std::vector<std::string>& fixed_columns();
std::string_view kind_name(Quantity::Kind kind);
// "PRGS": tells our files from other SQLite databases.
inline constexpr std::int64_t kSweepApplication = 0x50524753;

}  // namespace pregate
