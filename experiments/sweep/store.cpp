// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>

#include "experiments/catalogue.hpp"
#include "traces/scenario.hpp"

namespace pregate {
namespace {

// "PRGS": tells our files from other SQLite databases.
constexpr std::int64_t kApplication = 0x50524753;
constexpr std::array<const char*, 7> kFixedColumns = {"hash",    "status", "error", "scenario",
                                                      "version", "seed",   "wall_s"};
constexpr std::array<std::string_view, 6> kKindNames = {"number",   "bytes",    "bandwidth",
                                                        "duration", "mac_rate", "text"};

// Our lock on the file, apart from SQLite's, which last for a transaction.
class WriterLock {
 public:
  static Result<WriterLock> take(const std::string& path) {
    WriterLock lock;
    lock.fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock.fd_ < 0) return run_failed(path, "a file that can be written", std::strerror(errno));
    // The children of a sweep that was killed hold its lock for the moment that they take to end.
    for (int tries = 0; ::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0; ++tries) {
      if (tries == 20) return bad_input("the file to itself", "another sweep that is writing to it").at(path);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return lock;
  }
  WriterLock() = default;
  ~WriterLock() { release(); }
  WriterLock(WriterLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  WriterLock& operator=(WriterLock&& other) noexcept {
    release();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  void release() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

Cell cell_of(const Json& value) {
  if (value.is_boolean()) return Cell(std::int64_t{value.get<bool>()});
  if (value.is_number_integer()) return Cell(value.get<std::int64_t>());
  if (value.is_number_float()) return Cell(value.get<double>());
  if (value.is_string()) return Cell(value.get<std::string>());
  return {};
}

Cell cell_of(const Quantity& value, Quantity::Kind kind) {
  if (kind == Quantity::Kind::text) return Cell(value.text());
  if (kind == Quantity::Kind::number || kind == Quantity::Kind::duration) {
    const double number = value.value();
    if (kind == Quantity::Kind::number && number == std::floor(number) && std::abs(number) < 1e15)
      return Cell(static_cast<std::int64_t>(number));
    return Cell(number);
  }
  return Cell(value.kind() == Quantity::Kind::number ? std::llround(value.value()) : value.count());
}

double number_of(const Cell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*whole);
  const auto* number = std::get_if<double>(&cell);
  return number == nullptr ? 0 : *number;
}

std::optional<Quantity> quantity_of(const Cell& cell, Quantity::Kind kind) {
  if (std::holds_alternative<std::monostate>(cell)) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&cell)) return Quantity::parse(*text);
  const double number = number_of(cell);
  if (!std::isfinite(number) || std::abs(number) > 9e18) return std::nullopt;
  switch (kind) {
    case Quantity::Kind::number:
    case Quantity::Kind::text:
      return Quantity::of_number(number);
    case Quantity::Kind::duration:
      if (number < 0 || number > 9e6) return std::nullopt;
      return Quantity::of_count(kind, std::llround(number * 1e12));
    default:
      if (number < 0) return std::nullopt;
      return Quantity::of_count(kind, std::holds_alternative<std::int64_t>(cell)
                                          ? std::get<std::int64_t>(cell)
                                          : std::llround(number));
  }
}

std::string text_of(const Cell& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text == nullptr ? std::string() : *text;
}

std::string make_tables() {
  std::string sql =
      "CREATE TABLE axes (path TEXT PRIMARY KEY, kind TEXT NOT NULL);"
      "CREATE TABLE runs (hash TEXT PRIMARY KEY, status TEXT NOT NULL, error TEXT, scenario TEXT, version "
      "TEXT, seed TEXT, "
      "wall_s REAL";
  for (const std::string& key : summary_keys()) sql += ", " + quoted_name(key);
  return fmt::format("BEGIN; {}); PRAGMA application_id={}; PRAGMA user_version={}; COMMIT;", sql,
                     kApplication, kSweepFormat);
}

Status check_format(const Database& database) {
  const Result<std::int64_t> application = database.number("PRAGMA application_id");
  if (!application) return application.error();
  if (*application != kApplication)
    return bad_input("a database that `pregate sweep` wrote", "one of another program").at(database.path());
  const Result<std::int64_t> version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  if (*version == kSweepFormat) return {};
  return bad_input(fmt::format("a sweep of format {}", kSweepFormat),
                   fmt::format("format {}, which a {} pregate wrote", *version,
                               *version > kSweepFormat ? "newer" : "older"))
      .at(database.path());
}

Result<std::vector<StoredAxis>> stored_axes(const Database& database) {
  Result<Statement> query = database.prepare("SELECT path, kind FROM axes ORDER BY rowid");
  if (!query) return query.error();
  std::vector<StoredAxis> axes;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) return axes;
    const std::string kind = text_of(query->cell(1));
    const auto known = std::find(kKindNames.begin(), kKindNames.end(), kind);
    if (known == kKindNames.end())
      return bad_input("a kind of axis", fmt::format("\"{}\"", kind), "table axes").at(database.path());
    axes.push_back({text_of(query->cell(0)), static_cast<Quantity::Kind>(known - kKindNames.begin())});
  }
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + quoted_name(name);
  return out;
}

}  // namespace

struct SweepStore::State {
  WriterLock lock;
  Database database;
  std::vector<StoredAxis> axes;
  std::optional<Statement> find;

  State(WriterLock taken, Database opened) : lock(std::move(taken)), database(std::move(opened)) {}
  [[nodiscard]] const StoredAxis* axis(std::string_view path) const {
    const auto found =
        std::find_if(axes.begin(), axes.end(), [path](const StoredAxis& a) { return a.path == path; });
    return found == axes.end() ? nullptr : &*found;
  }
};

SweepStore::SweepStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
SweepStore::SweepStore(SweepStore&&) noexcept = default;
SweepStore& SweepStore::operator=(SweepStore&&) noexcept = default;
SweepStore::~SweepStore() = default;

Result<SweepStore> SweepStore::open(const std::string& path) {
  if (Status writable = check_writable(path); !writable) return writable.error();
  Result<WriterLock> lock = WriterLock::take(path);
  if (!lock) return lock.error();
  Result<Database> database = Database::open(path, Access::write);
  if (!database) return database.error();
  // The file's kind is asked before anything in it is changed.
  const Result<std::int64_t> tables = database->number("SELECT count(*) FROM sqlite_master");
  if (!tables) return tables.error();
  const bool fresh = *tables == 0;
  if (!fresh) {
    if (Status ours = check_format(*database); !ours) return ours.error();
  }
  // NORMAL survives the end of a process, and of the machine but for the last rows.
  if (Status set = database->run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"); !set)
    return set.error();
  if (fresh) {
    if (Status made = database->run(make_tables()); !made) return made.error();
  }
  auto state = std::make_unique<State>(std::move(*lock), std::move(*database));
  Result<std::vector<StoredAxis>> axes = stored_axes(state->database);
  if (!axes) return axes.error();
  state->axes = std::move(*axes);
  Result<Statement> find = state->database.prepare("SELECT 1 FROM runs WHERE hash=?1 AND status='done'");
  if (!find) return find.error();
  state->find.emplace(std::move(*find));
  return SweepStore(std::move(state));
}

Result<bool> SweepStore::has_done(const std::string& hash) {
  state_->find->reset();
  state_->find->bind(1, Cell(hash));
  const Result<bool> found = state_->find->step();
  state_->find->reset();
  return found;
}

Status SweepStore::add_axes(const std::vector<StoredAxis>& axes) {
  for (const StoredAxis& axis : axes) {
    if (const auto field = ScenarioDocument::field_type(axis.path); !field) return field.error();
    const auto kind = static_cast<std::size_t>(axis.kind);
    if (const StoredAxis* known = state_->axis(axis.path)) {
      if (known->kind == axis.kind) continue;
      return bad_input(fmt::format("values of the kind that the file has, {}",
                                   kKindNames[static_cast<std::size_t>(known->kind)]),
                       std::string(kKindNames[kind]), axis.path)
          .at(state_->database.path());
    }
    const Status made = state_->database.run(
        fmt::format("BEGIN; ALTER TABLE runs ADD COLUMN {}; INSERT INTO axes VALUES ('{}', '{}'); COMMIT;",
                    quoted_name(axis.path), axis.path, kKindNames[kind]));
    if (!made) return made;
    state_->axes.push_back(axis);
  }
  return {};
}

Status SweepStore::add(const SweepRow& row) {
  std::vector<std::string> columns(kFixedColumns.begin(), kFixedColumns.end());
  std::vector<Cell> cells = {Cell(row.hash),
                             Cell(std::string(row.done ? "done" : "failed")),
                             row.done ? Cell() : Cell(row.error),
                             Cell(row.scenario),
                             Cell(row.version),
                             Cell(row.seed),
                             Cell(row.wall_s)};
  for (std::size_t a = 0; a < row.paths.size(); ++a) {
    const StoredAxis* axis = state_->axis(row.paths[a]);
    check(axis != nullptr, "the axes of a row were added before it");
    columns.push_back(axis->path);
    cells.push_back(cell_of(row.values[a], axis->kind));
  }
  for (const auto& [key, value] : row.summary) {
    columns.push_back(key);
    cells.push_back(cell_of(value));
  }
  std::string marks = "?";
  for (std::size_t i = 1; i < cells.size(); ++i) marks += ",?";
  Result<Statement> insert = state_->database.prepare(
      fmt::format("INSERT OR REPLACE INTO runs ({}) VALUES ({})", joined(columns), marks));
  if (!insert) return insert.error();
  for (std::size_t i = 0; i < cells.size(); ++i) insert->bind(static_cast<int>(i + 1), cells[i]);
  const Result<bool> done = insert->step();
  return done ? Status() : Status(done.error());
}

void SweepStore::forget_in_child() {
  state_->lock.release();
}

Result<std::int64_t> SweepStore::merge(const std::string& other) {
  const Result<StoredSweep> sweep = read_sweep(other);
  if (!sweep) return sweep.error();
  if (sweep->keys != summary_keys())
    return bad_input("the columns that this pregate writes", "others", "table runs").at(other);
  if (Status added = add_axes(sweep->axes); !added) return added.error().at(other);
  Result<Statement> known =
      state_->database.prepare("SELECT status, tokens_per_second, makespan_ps FROM runs WHERE hash=?1");
  if (!known) return known.error();
  if (Status begun = state_->database.run("BEGIN"); !begun) return begun.error();
  std::int64_t news = 0;
  const auto makespan = sweep->key("makespan_ps");
  for (const StoredSweep::Row& from : sweep->rows) {
    known->reset();
    known->bind(1, Cell(from.hash));
    const Result<bool> there = known->step();
    if (!there) return there.error();
    if (*there && (text_of(known->cell(0)) == "done" || !from.done)) {
      if (from.done && makespan && known->cell(2) != from.summary[*makespan]) {
        return bad_input("the same numbers for the same scenario", "others", fmt::format("row {}", from.hash))
            .at(other);
      }
      continue;
    }
    SweepRow row{.hash = from.hash,
                 .done = from.done,
                 .error = from.error,
                 .scenario = from.scenario,
                 .version = from.version,
                 .seed = from.seed,
                 .wall_s = from.wall_s,
                 .paths = {},
                 .values = {},
                 .summary = {}};
    for (std::size_t a = 0; a < sweep->axes.size(); ++a) {
      if (!from.values[a]) continue;
      row.paths.push_back(sweep->axes[a].path);
      row.values.push_back(*from.values[a]);
    }
    for (std::size_t k = 0; k < from.summary.size(); ++k) {
      row.summary.emplace_back(sweep->keys[k], std::visit(
                                                   [](const auto& v) {
                                                     using T = std::decay_t<decltype(v)>;
                                                     if constexpr (std::is_same_v<T, std::monostate>)
                                                       return Json();
                                                     else
                                                       return Json(v);
                                                   },
                                                   from.summary[k]));
    }
    if (Status added = add(row); !added) return added.error();
    ++news;
  }
  if (Status committed = state_->database.run("COMMIT"); !committed) return committed.error();
  return news;
}

std::optional<std::size_t> StoredSweep::axis(std::string_view path) const {
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].path == path) return a;
  }
  return std::nullopt;
}

std::optional<std::size_t> StoredSweep::key(std::string_view name) const {
  const auto found = std::find(keys.begin(), keys.end(), name);
  return found == keys.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - keys.begin()));
}

namespace {

// By the values of the axes, in their order; a row without a value comes before those with one.
bool before(const StoredSweep::Row& a, const StoredSweep::Row& b) {
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (a.values[i].has_value() != b.values[i].has_value()) return !a.values[i].has_value();
    if (!a.values[i] || *a.values[i] == *b.values[i]) continue;
    return *a.values[i] < *b.values[i];
  }
  return a.hash < b.hash;
}

StoredSweep::Row read_row(const Statement& query, const StoredSweep& sweep) {
  StoredSweep::Row row{.hash = text_of(query.cell(0)),
                       .error = text_of(query.cell(2)),
                       .scenario = text_of(query.cell(3)),
                       .version = text_of(query.cell(4)),
                       .seed = text_of(query.cell(5)),
                       .done = text_of(query.cell(1)) == "done",
                       .wall_s = number_of(query.cell(6)),
                       .values = {},
                       .summary = {}};
  int column = static_cast<int>(kFixedColumns.size());
  for (const StoredAxis& axis : sweep.axes)
    row.values.push_back(quantity_of(query.cell(column++), axis.kind));
  if (!row.done) return row;
  for (std::size_t k = 0; k < sweep.keys.size(); ++k) row.summary.push_back(query.cell(column++));
  return row;
}

// The summary's columns, as this file has them: all that are neither ours by name nor an axis.
Result<std::vector<std::string>> stored_keys(const Database& database, const StoredSweep& sweep) {
  Result<Statement> query = database.prepare("SELECT name FROM pragma_table_info('runs')");
  if (!query) return query.error();
  std::vector<std::string> keys;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) return keys;
    const std::string name = text_of(query->cell(0));
    const bool fixed = std::find(kFixedColumns.begin(), kFixedColumns.end(), name) != kFixedColumns.end();
    if (!fixed && !sweep.axis(name)) keys.push_back(name);
  }
}

}  // namespace

Result<StoredSweep> read_sweep(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0)
    return bad_input("a file that can be read", std::strerror(errno)).at(path);
  const Result<Database> database = Database::open(path, Access::read);
  if (!database) return database.error();
  if (Status ours = check_format(*database); !ours) return ours.error();
  StoredSweep sweep;
  Result<std::vector<StoredAxis>> axes = stored_axes(*database);
  if (!axes) return axes.error();
  sweep.axes = std::move(*axes);
  Result<std::vector<std::string>> keys = stored_keys(*database, sweep);
  if (!keys) return keys.error();
  sweep.keys = std::move(*keys);
  std::vector<std::string> columns(kFixedColumns.begin(), kFixedColumns.end());
  for (const StoredAxis& axis : sweep.axes) columns.push_back(axis.path);
  columns.insert(columns.end(), sweep.keys.begin(), sweep.keys.end());
  Result<Statement> query = database->prepare(fmt::format("SELECT {} FROM runs", joined(columns)));
  if (!query) return query.error();
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) break;
    sweep.rows.push_back(read_row(*query, sweep));
  }
  std::sort(sweep.rows.begin(), sweep.rows.end(), before);
  return sweep;
}

}  // namespace pregate
