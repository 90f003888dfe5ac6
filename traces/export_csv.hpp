// SPDX-License-Identifier: Apache-2.0
// The tables of a run as CSV, a file a table, a row a line under a line of column names. Times are whole
// picoseconds, experts are (bank, index in the bank); a cell is empty where there is nothing. Leaves out the
// header and the summary, which are no tables. Columns: docs/export.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/run_record.hpp"

namespace pregate {

// "steps", "events", "lookups", ...: all tables, in the order of RunRecord.
std::vector<std::string> run_table_names();

struct CsvFile {
  std::string table, path;
  std::int64_t rows = 0;
};

// Writes each file's table and fills in `rows`. The files appear together, when all of them are complete; no
// more than a block of one is in memory. Errors: a record that fails validate_run(), an unknown table.
Status export_csv(const RunRecord& run, std::span<CsvFile> files);

}  // namespace pregate
