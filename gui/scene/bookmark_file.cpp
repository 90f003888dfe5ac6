// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/bookmark_file.hpp"

#include <fmt/format.h>

#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QSaveFile>

#include "gui/scene/work_rows.hpp"

#include "gui/scene/json_kind.hpp"

namespace pregate {
namespace {

constexpr qint64 kMostBytes = 1 << 20;
constexpr qsizetype kLongestNote = 1'000;

// A value as an error shows it: what has no text of its own by its kind.
std::string found(const QJsonValue& value) {
  const std::string text = value.toVariant().toString().toStdString();
  return text.empty() ? json_kind(value) : text;
}

// A whole number of the field; the error names it.
Result<std::int64_t> whole(const QJsonValue& value, const std::string& place, std::int64_t most) {
  const qint64 number = value.toInteger(-1);
  if (value.isDouble() && number >= 0 && number <= most && value.toInteger(-2) == number) return number;
  return bad_input(fmt::format("a whole number from 0 to {}", most), found(value), place);
}

Result<Bookmark> parse_mark(const QJsonObject& mark, const std::string& place) {
  const auto at = whole(mark["at_ps"], place + ".at_ps", kLatestTime);
  if (!at) return at.error();
  const QJsonArray view = mark["view_ps"].toArray();
  if (view.size() != 2) return bad_input("two times", fmt::format("{}", view.size()), place + ".view_ps");
  const auto first = whole(view[0], place + ".view_ps[0]", kLatestTime);
  if (!first) return first.error();
  const auto last = whole(view[1], place + ".view_ps[1]", kLatestTime);
  if (!last) return last.error();
  const QJsonValue note = mark["note"];
  if (!note.isUndefined() && (!note.isString() || note.toString().size() > kLongestNote)) {
    return bad_input(fmt::format("a text of at most {} letters", kLongestNote), "something else",
                     place + ".note");
  }
  return Bookmark{.at = *at, .view = {*first, *last}, .note = note.toString().toStdString()};
}

}  // namespace

std::string bookmark_path(const std::string& run_path) {
  return run_path + ".marks.json";
}

Result<Bookmarks> parse_bookmarks(std::string_view text) {
  QJsonParseError problem;
  const auto document =
      QJsonDocument::fromJson(QByteArray(text.data(), static_cast<qsizetype>(text.size())), &problem);
  if (problem.error != QJsonParseError::NoError) {
    return bad_input("JSON", problem.errorString().toStdString(), fmt::format("byte {}", problem.offset));
  }
  const QJsonObject root = document.object();
  if (root["format"].toString() != "pregate.marks") {
    return bad_input("\"pregate.marks\"", fmt::format("\"{}\"", root["format"].toString().toStdString()),
                     "format");
  }
  if (root["version"].toInteger() != 1) {
    return bad_input("version 1", found(root["version"]), "version");
  }
  if (!root["marks"].isArray()) return bad_input("a list", "something else", "marks");
  Bookmarks bookmarks;
  const QJsonArray marks = root["marks"].toArray();
  for (qsizetype i = 0; i < marks.size(); ++i) {
    const std::string place = fmt::format("marks[{}]", i);
    if (!marks[i].isObject()) return bad_input("a bookmark", "something else", place);
    const QJsonObject mark = marks[i].toObject();
    const auto number = whole(mark["number"], place + ".number", std::ssize(bookmarks) - 1);
    if (!number) return number.error();
    auto& slot = bookmarks[static_cast<std::size_t>(*number)];
    if (slot) return bad_input("each number once", fmt::format("{} again", *number), place + ".number");
    auto bookmark = parse_mark(mark, place);
    if (!bookmark) return bookmark.error();
    slot = std::move(*bookmark);
  }
  return bookmarks;
}

std::string bookmarks_text(const Bookmarks& bookmarks) {
  QJsonArray marks;
  for (std::size_t i = 0; i < bookmarks.size(); ++i) {
    if (!bookmarks[i]) continue;
    QJsonObject mark{{"number", static_cast<qint64>(i)},
                     {"at_ps", static_cast<qint64>(bookmarks[i]->at)},
                     {"view_ps", QJsonArray{static_cast<qint64>(bookmarks[i]->view.first),
                                            static_cast<qint64>(bookmarks[i]->view.last)}}};
    if (!bookmarks[i]->note.empty()) mark["note"] = QString::fromStdString(bookmarks[i]->note);
    marks.append(mark);
  }
  const QJsonObject root{{"format", "pregate.marks"}, {"version", 1}, {"marks", marks}};
  return QJsonDocument(root).toJson().toStdString();
}

Result<Bookmarks> read_bookmarks(const std::string& path) {
  QFile file(QString::fromStdString(path));
  if (!file.exists()) return Bookmarks();
  if (!file.open(QIODevice::ReadOnly)) {
    return bad_input("a file that can be read", file.errorString().toStdString()).at(path);
  }
  if (file.size() > kMostBytes) {
    return bad_input(fmt::format("at most {} bytes", kMostBytes), fmt::format("{}", file.size())).at(path);
  }
  const auto bookmarks = parse_bookmarks(file.readAll().toStdString());
  if (!bookmarks) return bookmarks.error().at(path);
  return *bookmarks;
}

Status write_bookmarks(const std::string& path, const Bookmarks& bookmarks) {
  const QString name = QString::fromStdString(path);
  const bool none =
      std::none_of(bookmarks.begin(), bookmarks.end(), [](const auto& b) { return b.has_value(); });
  if (none) {
    if (!QFile::exists(name) || QFile::remove(name)) return {};
    return run_failed(path, "a file that can be removed", "one that cannot");
  }
  QSaveFile file(name);
  if (!file.open(QIODevice::WriteOnly)) {
    return run_failed(path, "a file that can be written", file.errorString().toStdString());
  }
  file.write(QByteArray::fromStdString(bookmarks_text(bookmarks)));
  if (!file.commit()) return run_failed(path, "room for the bookmarks", file.errorString().toStdString());
  return {};
}

}  // namespace pregate
