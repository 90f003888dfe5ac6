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
                     kSweepApplication, kSweepFormat);
}

// The summary grows from version to version: a file of an earlier one gets the new columns.
Status add_missing_keys(Database& database, const std::vector<StoredAxis>& axes) {
  const Result<std::vector<std::string>> there = stored_keys(database, axes);
  if (!there) return there.error();
  for (const std::string& key : summary_keys()) {
    if (std::find(there->begin(), there->end(), key) != there->end()) continue;
    const Status added = database.run(fmt::format("ALTER TABLE runs ADD COLUMN {}", quoted_name(key)));
    if (!added) return added;
  }
  return {};
}

}  // namespace

struct SweepStore::State {
  WriterLock lock;
  Database database;
  std::vector<StoredAxis> axes;
  std::optional<Statement> find, note;
  std::string note_sql;

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
  const Result<std::int64_t> application = database->number("PRAGMA application_id");
  if (!application) return application.error();
  const bool fresh = *tables == 0 && *application == 0;
  if (!fresh) {
    if (Status ours = check_sweep_format(*database); !ours) return ours.error();
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
  if (Status added = add_missing_keys(state->database, state->axes); !added) return added.error();
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

Status SweepStore::note_point(const std::string& hash, const std::vector<std::string>& paths,
                              const std::vector<Quantity>& values) {
  if (paths.empty()) return {};
  std::string sets, lacks;
  for (std::size_t a = 0; a < paths.size(); ++a) {
    const std::string name = quoted_name(paths[a]);
    sets += fmt::format("{0}{1}=coalesce({1}, ?{2})", a == 0 ? "" : ", ", name, a + 2);
    lacks += fmt::format("{}{} IS NULL", a == 0 ? "" : " OR ", name);
  }
  const std::string sql = fmt::format("UPDATE runs SET {} WHERE hash=?1 AND ({})", sets, lacks);
  if (!state_->note || state_->note_sql != sql) {
    Result<Statement> note = state_->database.prepare(sql);
    if (!note) return note.error();
    state_->note.emplace(std::move(*note));
    state_->note_sql = sql;
  }
  state_->note->reset();
  state_->note->bind(1, Cell(hash));
  for (std::size_t a = 0; a < paths.size(); ++a) {
    const StoredAxis* axis = state_->axis(paths[a]);
    check(axis != nullptr, "the axes of a row were added before it");
    state_->note->bind(static_cast<int>(a + 2), cell_of(values[a], axis->kind));
  }
  const Result<bool> done = state_->note->step();
  state_->note->reset();
  return done ? Status() : Status(done.error());
}

Status SweepStore::add_axes(const std::vector<StoredAxis>& axes) {
  for (const StoredAxis& axis : axes) {
    if (const auto field = ScenarioDocument::field_type(axis.path); !field) return field.error();
    if (const StoredAxis* known = state_->axis(axis.path)) {
      if (known->kind == axis.kind) continue;
      return bad_input(fmt::format("values of the kind that the file has, {}", kind_name(known->kind)),
                       std::string(kind_name(axis.kind)), axis.path)
          .at(state_->database.path());
    }
    const Status made = state_->database.run(
        fmt::format("SAVEPOINT axis; ALTER TABLE runs ADD COLUMN {}; INSERT INTO axes VALUES ('{}', '{}'); "
                    "RELEASE axis;",  // in a transaction or as one
                    quoted_name(axis.path), axis.path, kind_name(axis.kind)));
    if (!made) return made;
    state_->axes.push_back(axis);
  }
  return {};
}

Status SweepStore::add(const SweepRow& row) {
  std::vector<std::string> columns = fixed_columns();
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
  // What a row has of other sweeps' axes stays.
  std::string marks = "?", sets;
  for (std::size_t c = 1; c < columns.size(); ++c) {
    marks += ",?";
    sets += fmt::format("{0}{1}=excluded.{1}", c == 1 ? "" : ", ", quoted_name(columns[c]));
  }
  Result<Statement> insert = state_->database.prepare(
      fmt::format("INSERT INTO runs ({}) VALUES ({}) ON CONFLICT(hash) DO UPDATE SET {}",
                  joined_names(columns), marks, sets));
  if (!insert) return insert.error();
  for (std::size_t i = 0; i < cells.size(); ++i) insert->bind(static_cast<int>(i + 1), cells[i]);
  const Result<bool> done = insert->step();
  return done ? Status() : Status(done.error());
}

void SweepStore::forget_in_child() {
  state_->lock.release();
}

namespace {

SweepRow row_of(const StoredSweep& header, StoredSweep::Row from) {
  SweepRow row{.hash = std::move(from.hash),
               .done = from.done,
               .error = std::move(from.error),
               .scenario = std::move(from.scenario),
               .version = std::move(from.version),
               .seed = std::move(from.seed),
               .wall_s = from.wall_s,
               .paths = {},
               .values = {},
               .summary = {}};
  for (std::size_t a = 0; a < header.axes.size(); ++a) {
    if (!from.values[a]) continue;
    row.paths.push_back(header.axes[a].path);
    row.values.push_back(*from.values[a]);
  }
  for (std::size_t k = 0; k < from.summary.size(); ++k)
    row.summary.emplace_back(header.keys[k], json_of(from.summary[k]));
  return row;
}

// Keys that an earlier pregate did not write are null.
Status check_keys(const StoredSweep& header) {
  const std::vector<std::string>& known = summary_keys();
  for (const std::string& key : header.keys) {
    if (std::find(known.begin(), known.end(), key) == known.end())
      return bad_input("columns that this pregate writes", fmt::format("\"{}\"", key), "table runs");
  }
  return {};
}

}  // namespace

Result<std::int64_t> SweepStore::merge(const std::vector<std::string>& others) {
  if (Status begun = state_->database.run("BEGIN"); !begun) return begun.error();
  const std::vector<StoredAxis> axes = state_->axes;
  std::int64_t news = 0;
  Status merged;
  for (const std::string& other : others) {
    const Result<std::int64_t> added = add_rows_of(other);
    if (!added) {
      merged = added.error();
      break;
    }
    news += *added;
  }
  if (merged.ok()) merged = state_->database.run("COMMIT");
  if (merged.ok()) return news;
  // The error comes first: the next statement has one of its own or none.
  static_cast<void>(state_->database.run("ROLLBACK"));
  state_->axes = axes;
  return merged.error();
}

Result<std::int64_t> SweepStore::add_rows_of(const std::string& other) {
  Result<Statement> known = state_->database.prepare("SELECT status, makespan_ps FROM runs WHERE hash=?1");
  if (!known) return known.error();
  std::int64_t news = 0;
  const auto header = [&](const StoredSweep& sweep) -> Status {
    if (Status fine = check_keys(sweep); !fine) return fine.error().at(other);
    const Status added = add_axes(sweep.axes);
    return added ? Status() : Status(added.error().at(other));
  };
  const auto row = [&](const StoredSweep& sweep, StoredSweep::Row from) -> Status {
    known->reset();
    known->bind(1, Cell(from.hash));
    const Result<bool> there = known->step();
    if (!there) return there.error();
    const bool was_done = *there && text_of(known->cell(0)) == "done";
    const auto makespan = sweep.key("makespan_ps");
    const bool same = !was_done || !from.done || !makespan || known->cell(1) == from.summary[*makespan];
    const bool there_already = *there;
    known->reset();
    if (!same)
      return bad_input("the same numbers for the same scenario", "others", fmt::format("row {}", from.hash))
          .at(other);
    const bool done = from.done;
    const SweepRow added = row_of(sweep, std::move(from));
    if (was_done || (there_already && !done)) return note_point(added.hash, added.paths, added.values);
    news += there_already ? 0 : 1;
    return add(added);
  };
  const Status read = visit_sweep(other, {.keys = {}, .scenarios = true}, {.header = header, .row = row});
  return read ? Result<std::int64_t>(news) : Result<std::int64_t>(read.error());
}

}  // namespace pregate
