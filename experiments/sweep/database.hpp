// SPDX-License-Identifier: Apache-2.0
// SQLite behind values: a connection, statements, and errors in words. Only what sweeps need. Private to
// experiments/sweep: it shows SQLite.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "traces/base/result.hpp"

namespace pregate {

using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

class Database;

class Statement {
 public:
  // Parameters count from 1.
  void bind(int parameter, const Cell& value);
  // True while there is a row.
  Result<bool> step();
  void reset();
  [[nodiscard]] Cell cell(int column) const;  // columns count from 0; a blob counts as none
  [[nodiscard]] int columns() const { return sqlite3_column_count(statement_.get()); }

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Statement(const Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

enum class Access : std::uint8_t { read, write };

class Database {
 public:
  // `write` makes the file if it is not there. Files are untrusted: what their schema does is not run.
  static Result<Database> open(const std::string& path, Access access);

  // One statement without results, or several with semicolons.
  Status run(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(const std::string& sql) const;
  // The one whole number that a query gives.
  [[nodiscard]] Result<std::int64_t> number(const std::string& sql) const;
  [[nodiscard]] const std::string& path() const { return path_; }
  // What went wrong last, as an error of ours: bad_input for a file that is none of SQLite's, run_failed for
  // a disk that would not.
  [[nodiscard]] Error error() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close(connection); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> connection_;
};

// "dram.expert_budget" with its quotation marks, for a column's name.
std::string quoted_name(std::string_view name);

}  // namespace pregate
