// SPDX-License-Identifier: Apache-2.0
// Reads the output of `pregate sweep show --document`, strictly.
#include <fmt/format.h>

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "gui/scene/json_kind.hpp"
#include "gui/scene/sweep_table.hpp"

namespace pregate {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<std::string_view, 6> kKinds = {"number",   "bytes",    "bandwidth",
                                                    "duration", "mac_rate", "text"};
constexpr int kMostDecimals = 12;

// Reads members of one object; the first that does not fit is the error.
class Members {
 public:
  Members(const QJsonObject& object, std::string place) : object_(object), place_(std::move(place)) {}

  std::string text(const char* name) {
    const QJsonValue value = object_.value(QLatin1String(name));
    if (!value.isString()) expected("a text", name, value);
    return value.toString().toStdString();
  }
  double number(const char* name) {
    const QJsonValue value = object_.value(QLatin1String(name));
    if (!value.isDouble()) expected("a number", name, value);
    return value.toDouble();
  }
  QJsonArray list(const char* name) {
    const QJsonValue value = object_.value(QLatin1String(name));
    if (!value.isArray()) expected("a list", name, value);
    return value.toArray();
  }
  void require(bool holds, const char* name, const std::string& wanted, const std::string& found) {
    if (status_ && !holds) status_ = bad_input(wanted, found, place_ + "." + name);
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  void expected(const char* what, const char* name, const QJsonValue& value) {
    require(false, name, what, json_kind(value));
  }
  const QJsonObject& object_;
  std::string place_;
  Status status_;
};

Better better_of(Members& members) {
  const std::string word = members.text("better");
  if (word == "more") return Better::more;
  if (word == "less") return Better::less;
  members.require(word == "neither", "better", "more, less or neither", fmt::format("\"{}\"", word));
  return Better::neither;
}

void read_look(Members& members, SweepColumn& column) {
  column.unit = members.text("unit");
  column.factor = members.number("factor");
  const double decimals = members.number("decimals");
  members.require(column.factor > 0 && std::isfinite(column.factor), "factor", "a number above 0",
                  fmt::format("{}", column.factor));
  members.require(decimals >= 0 && decimals <= kMostDecimals && decimals == std::floor(decimals), "decimals",
                  fmt::format("a whole number from 0 to {}", kMostDecimals), fmt::format("{}", decimals));
  column.decimals = members.status() ? static_cast<int>(decimals) : 0;
  column.better = better_of(members);
}

Result<SweepColumn> read_axis(const QJsonObject& object, std::string place) {
  Members members(object, std::move(place));
  SweepColumn column{.name = members.text("path"), .is_axis = true};
  const std::string kind = members.text("kind");
  const auto* const known = std::find(kKinds.begin(), kKinds.end(), kind);
  members.require(known != kKinds.end(), "kind", "a kind of axis", fmt::format("\"{}\"", kind));
  if (known != kKinds.end()) column.kind = static_cast<Quantity::Kind>(known - kKinds.begin());
  read_look(members, column);
  if (!members.status()) return members.status().error();
  return column;
}

Result<SweepColumn> read_key(const QJsonObject& object, std::string place) {
  Members members(object, std::move(place));
  SweepColumn column{.name = members.text("key")};
  column.known = members.text("known");
  read_look(members, column);
  if (!members.status()) return members.status().error();
  return column;
}

std::string word_of(const QJsonValue& value, const SweepColumn& column) {
  if (value.isString()) return value.toString().toStdString();
  SweepColumn alone{.name = {}, .is_axis = column.is_axis, .kind = column.kind};
  alone.numbers = {value.toDouble()};
  return column.is_axis ? alone.text(0) : alone.raw_text(0);
}

void fill(SweepColumn& column, const std::vector<QJsonValue>& values) {
  column.numbers.assign(values.size(), kNone);
  const bool words =
      std::any_of(values.begin(), values.end(), [](const QJsonValue& value) { return value.isString(); });
  if (!words) {
    for (std::size_t row = 0; row < values.size(); ++row) {
      if (values[row].isDouble()) column.numbers[row] = values[row].toDouble();
    }
    return;
  }
  column.words.assign(values.size(), -1);
  std::map<std::string, std::int32_t> known;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (values[row].isNull()) continue;
    const std::string word = word_of(values[row], column);
    const auto [at, is_new] = known.emplace(word, static_cast<std::int32_t>(column.dictionary.size()));
    if (is_new) column.dictionary.push_back(word);
    column.words[row] = at->second;
  }
}

class Parser {
 public:
  Result<SweepTable> parse(const QJsonObject& object) {
    Members members(object, "the document");
    const double format = members.number("format");
    members.require(format == 1, "format", "1", fmt::format("{}", format));
    const QJsonArray axes = members.list("axes"), keys = members.list("keys"), rows = members.list("rows");
    if (!members.status()) return members.status().error();
    if (Status read = columns(axes, keys); !read) return read.error();
    for (qsizetype r = 0; r < rows.size(); ++r) {
      if (Status read = row(rows[r], fmt::format("rows[{}]", r)); !read) return read.error();
    }
    for (std::size_t c = 0; c < table_.columns.size(); ++c) fill(table_.columns[c], cells_[c]);
    if (Status known = check_columns(); !known) return known.error();
    add_extras();
    return std::move(table_);
  }

 private:
  Status columns(const QJsonArray& axes, const QJsonArray& keys) {
    for (qsizetype a = 0; a < axes.size(); ++a) {
      const std::string place = fmt::format("axes[{}]", a);
      if (!axes[a].isObject()) return bad_input("an object", json_kind(axes[a]), place);
      Result<SweepColumn> column = read_axis(axes[a].toObject(), place);
      if (!column) return column.error();
      table_.columns.push_back(std::move(*column));
    }
    table_.axes = table_.columns.size();
    for (qsizetype k = 0; k < keys.size(); ++k) {
      const std::string place = fmt::format("keys[{}]", k);
      if (!keys[k].isObject()) return bad_input("an object", json_kind(keys[k]), place);
      Result<SweepColumn> column = read_key(keys[k].toObject(), place);
      if (!column) return column.error();
      table_.columns.push_back(std::move(*column));
    }
    cells_.resize(table_.columns.size());
    return {};
  }

  Status row(const QJsonValue& value, const std::string& place) {
    if (!value.isObject()) return bad_input("an object", json_kind(value), place);
    const QJsonObject object = value.toObject();
    Members members(object, place);
    const std::string status = members.text("status");
    members.require(status == "done" || status == "failed", "status", "done or failed",
                    fmt::format("\"{}\"", status));
    SweepRow out{.hash = members.text("hash"), .error = members.text("error"), .done = status == "done"};
    versions_.push_back(object.value(QLatin1String("version")));
    seeds_.push_back(object.value(QLatin1String("seed")));
    walls_.emplace_back(members.number("wall_s"));
    members.text("version");
    members.text("seed");
    const QJsonArray values = members.list("values"), summary = members.list("summary");
    const auto axes = static_cast<qsizetype>(table_.axes);
    const qsizetype keys = static_cast<qsizetype>(table_.columns.size()) - axes;
    members.require(values.size() == axes, "values", fmt::format("{} values, one an axis", axes),
                    fmt::format("{}", values.size()));
    members.require(summary.size() == (out.done ? keys : 0), "summary",
                    fmt::format("{} values", out.done ? keys : 0), fmt::format("{}", summary.size()));
    if (!members.status()) return members.status();
    table_.rows.push_back(std::move(out));
    if (Status read = take(values, 0, place + ".values"); !read) return read;
    if (!table_.rows.back().done) {
      for (std::size_t c = table_.axes; c < cells_.size(); ++c) cells_[c].push_back(QJsonValue::Null);
      return {};
    }
    return take(summary, table_.axes, place + ".summary");
  }

  Status take(const QJsonArray& values, std::size_t first, const std::string& place) {
    for (qsizetype i = 0; i < values.size(); ++i) {
      const QJsonValue value = values[i];
      if (!value.isDouble() && !value.isString() && !value.isNull())
        return bad_input("a number, a text or null", json_kind(value), fmt::format("{}[{}]", place, i));
      cells_[first + static_cast<std::size_t>(i)].push_back(value);
    }
    return {};
  }

  Status check_columns() const {
    std::set<std::string_view> names;
    for (const SweepColumn& column : table_.columns) {
      if (!names.insert(column.name).second)
        return bad_input("each axis and key once", fmt::format("\"{}\" twice", column.name));
    }
    return {};
  }

  // What is of a row and neither axis nor key: by name as `sweep show --json` has it.
  void add_extras() {
    SweepColumn wall{
        .name = "wall_s", .unit = "s", .decimals = 3, .better = Better::less, .known = "measured"};
    fill(wall, walls_);
    table_.columns.push_back(std::move(wall));
    for (auto [name, values] : {std::pair("version", &versions_), std::pair("seed", &seeds_)}) {
      SweepColumn column{.name = name};
      fill(column, *values);
      if (column.dictionary.size() > 1) table_.columns.push_back(std::move(column));
    }
  }

  SweepTable table_;
  std::vector<std::vector<QJsonValue>> cells_;  // by column
  std::vector<QJsonValue> versions_, seeds_, walls_;
};

}  // namespace

Result<SweepTable> parse_sweep(std::string_view json) {
  QJsonParseError error{};
  const QJsonDocument document = QJsonDocument::fromJson(
      QByteArray::fromRawData(json.data(), static_cast<qsizetype>(json.size())), &error);
  if (error.error != QJsonParseError::NoError)
    return bad_input("JSON", error.errorString().toStdString(), fmt::format("byte {}", error.offset));
  if (!document.isObject()) return bad_input("an object", "a list", "the document");
  return Parser().parse(document.object());
}

}  // namespace pregate
