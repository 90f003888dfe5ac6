// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/stored_sweep.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

namespace pregate {
namespace {

constexpr std::array<std::string_view, 6> kKindNames = {"number",   "bytes",    "bandwidth",
                                                        "duration", "mac_rate", "text"};

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
  int column = static_cast<int>(fixed_columns().size());
  for (const StoredAxis& axis : sweep.axes)
    row.values.push_back(quantity_of(query.cell(column++), axis.kind));
  if (!row.done) return row;
  for (std::size_t k = 0; k < sweep.keys.size(); ++k) row.summary.push_back(query.cell(column++));
  return row;
}

}  // namespace

const std::vector<std::string>& fixed_columns() {
  static const std::vector<std::string> kColumns = {"hash",    "status", "error", "scenario",
                                                    "version", "seed",   "wall_s"};
  return kColumns;
}

std::string_view kind_name(Quantity::Kind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

Status check_sweep_format(const Database& database) {
  const Result<std::int64_t> application = database.number("PRAGMA application_id");
  if (!application) return application.error();
  if (*application != kSweepApplication) {
    const Result<std::int64_t> tables = database.number("SELECT count(*) FROM sqlite_master");
    if (!tables) return tables.error();
    return bad_input("a database that `pregate sweep` wrote",
                     *application == 0 && *tables == 0 ? "an empty one" : "one of another program")
        .at(database.path());
  }
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

// The summary's columns, as this file has them: all that are neither ours by name nor an axis.
Result<std::vector<std::string>> stored_keys(const Database& database, const std::vector<StoredAxis>& axes) {
  Result<Statement> query = database.prepare("SELECT name FROM pragma_table_info('runs')");
  if (!query) return query.error();
  std::vector<std::string> keys;
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) return keys;
    const std::string name = text_of(query->cell(0));
    const std::vector<std::string>& fixed = fixed_columns();
    const bool ours = std::find(fixed.begin(), fixed.end(), name) != fixed.end();
    const bool axis =
        std::any_of(axes.begin(), axes.end(), [&name](const StoredAxis& a) { return a.path == name; });
    if (!ours && !axis) keys.push_back(name);
  }
}

std::string joined_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + quoted_name(name);
  return out;
}

Json json_of(const Cell& cell) {
  return std::visit(
      [](const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>)
          return Json();
        else
          return Json(value);
      },
      cell);
}

Json json_of(const Quantity& value) {
  if (value.is_text()) return value.text();
  if (value.kind() == Quantity::Kind::number || value.kind() == Quantity::Kind::duration)
    return value.value();
  return value.count();
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

Result<StoredSweep> read_header(const Database& database) {
  if (Status ours = check_sweep_format(database); !ours) return ours.error();
  StoredSweep sweep;
  Result<std::vector<StoredAxis>> axes = stored_axes(database);
  if (!axes) return axes.error();
  sweep.axes = std::move(*axes);
  Result<std::vector<std::string>> keys = stored_keys(database, sweep.axes);
  if (!keys) return keys.error();
  sweep.keys = std::move(*keys);
  return sweep;
}

Result<Database> open_to_read(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0)
    return bad_input("a file that can be read", std::strerror(errno)).at(path);
  return Database::open(path, Access::read);
}

std::string select_of(const StoredSweep& sweep, bool scenarios) {
  std::vector<std::string> columns = fixed_columns();
  for (const StoredAxis& axis : sweep.axes) columns.push_back(axis.path);
  columns.insert(columns.end(), sweep.keys.begin(), sweep.keys.end());
  std::string names;
  for (const std::string& column : columns) {
    const bool left_out = column == "scenario" && !scenarios;
    names += (names.empty() ? "" : ", ") + (left_out ? std::string("NULL") : quoted_name(column));
  }
  return fmt::format("SELECT {} FROM runs", names);
}

}  // namespace

Result<StoredSweep> read_sweep_header(const std::string& path) {
  const Result<Database> database = open_to_read(path);
  if (!database) return database.error();
  return read_header(*database);
}

Status visit_sweep(const std::string& path, const SweepContents& contents, const SweepVisitor& visitor) {
  const Result<Database> database = open_to_read(path);
  if (!database) return database.error();
  Result<StoredSweep> header = read_header(*database);
  if (!header) return header.error();
  if (contents.keys) {
    std::erase_if(header->keys, [&wanted = *contents.keys](const std::string& key) {
      return std::find(wanted.begin(), wanted.end(), key) == wanted.end();
    });
  }
  if (Status taken = visitor.header ? visitor.header(*header) : Status(); !taken) return taken;
  Result<Statement> query = database->prepare(select_of(*header, contents.scenarios));
  if (!query) return query.error();
  while (true) {
    const Result<bool> row = query->step();
    if (!row) return row.error();
    if (!*row) return {};
    if (Status taken = visitor.row(*header, read_row(*query, *header)); !taken) return taken;
  }
}

void sort_rows(StoredSweep& sweep) {
  std::sort(sweep.rows.begin(), sweep.rows.end(), before);
}

Result<StoredSweep> read_sweep(const std::string& path, const SweepContents& contents) {
  StoredSweep sweep;
  const Status read = visit_sweep(path, contents,
                                  {.header =
                                       [&sweep](const StoredSweep& header) {
                                         sweep = header;
                                         return Status();
                                       },
                                   .row =
                                       [&sweep](const StoredSweep&, StoredSweep::Row row) {
                                         sweep.rows.push_back(std::move(row));
                                         return Status();
                                       }});
  if (!read) return read.error();
  sort_rows(sweep);
  return sweep;
}

}  // namespace pregate
