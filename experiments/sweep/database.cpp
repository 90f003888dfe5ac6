// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/database.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace pregate {
namespace {

// Longest text or row that is read or written.
constexpr int kMostBytes = 64 << 20;
// Another process may be writing a row.
constexpr int kPatienceMs = 10'000;

// A path as an URI that says how it is opened.
std::string uri_of(const std::string& path, std::string_view options) {
  // Behind "file:" alone, a path that begins with two slashes would be taken for a host's name.
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : path) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return fmt::format("{}?{}", uri, options);
}

// A reader opens for writing where it may: the last one out then takes the files along that readers and the
// writer share, also those that a killed sweep has left. Where it may not, and nobody has left such files,
// nobody can be writing either.
std::string read_options(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const bool writable = ::access(folder.c_str(), W_OK) == 0 && ::access(path.c_str(), W_OK) == 0;
  if (writable) return "mode=rw";
  return ::access((path + "-wal").c_str(), F_OK) != 0 ? "mode=ro&immutable=1" : "mode=ro";
}

}  // namespace

Result<Database> Database::open(const std::string& path, Access access) {
  Database database;
  database.path_ = path;
  sqlite3* connection = nullptr;
  const bool write = access == Access::write;
  const int flags = SQLITE_OPEN_READWRITE | (write ? SQLITE_OPEN_CREATE : 0);  // the path's options take away
  const int code = sqlite3_open_v2(uri_of(path, write ? "mode=rwc" : read_options(path)).c_str(), &connection,
                                   flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return database.error();
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kPatienceMs);
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, kMostBytes);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  if (!write) {
    if (Status only = database.run("PRAGMA query_only=1"); !only) return only.error();
  }
  return database;
}

Error Database::error() const {
  const int code = connection_ ? sqlite3_errcode(connection_.get()) : SQLITE_NOMEM;
  const std::string said = connection_ ? sqlite3_errmsg(connection_.get()) : "no memory";
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      return bad_input("a database that `pregate sweep` wrote", "a file of another kind").at(path_);
    case SQLITE_CORRUPT:
      return bad_input("a whole SQLite database", fmt::format("a damaged one ({})", said)).at(path_);
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return run_failed(
          path_,
          "a disk with room that can be written; rows up to here are kept, and the same command goes on",
          said);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return run_failed(path_, "the database to itself", "another process that keeps it locked");
    case SQLITE_NOMEM:
      return run_failed(path_, "enough memory", said);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return run_failed(path_, "a database that can be opened here", said);
    default:
      return bad_input("a database that `pregate sweep` wrote", said).at(path_);
  }
}

Status Database::run(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return error();
}

Result<Statement> Database::prepare(const std::string& sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(connection_.get(), sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return error();
  return Statement(*this, statement);
}

Result<std::int64_t> Database::number(const std::string& sql) const {
  Result<Statement> statement = prepare(sql);
  if (!statement) return statement.error();
  const Result<bool> row = statement->step();
  if (!row) return row.error();
  const Cell cell = *row ? statement->cell(0) : Cell();
  if (const auto* value = std::get_if<std::int64_t>(&cell)) return *value;
  return bad_input("a database that `pregate sweep` wrote", "no number where one belongs").at(path_);
}

void Statement::bind(int parameter, const Cell& value) {
  sqlite3_stmt* statement = statement_.get();
  int code = SQLITE_OK;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    code = sqlite3_bind_int64(statement, parameter, *whole);
  } else if (const auto* number = std::get_if<double>(&value)) {
    code = sqlite3_bind_double(statement, parameter, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    code = sqlite3_bind_text(statement, parameter, text->data(), static_cast<int>(text->size()),
                             SQLITE_TRANSIENT);
  } else {
    code = sqlite3_bind_null(statement, parameter);
  }
  check(code == SQLITE_OK, "a parameter of a statement of ours can be bound");
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->error();
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

Cell Statement::cell(int column) const {
  sqlite3_stmt* statement = statement_.get();
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return Cell(static_cast<std::int64_t>(sqlite3_column_int64(statement, column)));
    case SQLITE_FLOAT:
      return Cell(sqlite3_column_double(statement, column));
    case SQLITE_TEXT: {
      const auto* text = sqlite3_column_text(statement, column);
      return Cell(std::string(reinterpret_cast<const char*>(text),
                              static_cast<std::size_t>(sqlite3_column_bytes(statement, column))));
    }
    default:
      return {};
  }
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

}  // namespace pregate
