// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/counterfactuals.hpp"

#include <fmt/format.h>

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <algorithm>
#include <cmath>

#include "gui/scene/json_kind.hpp"

namespace pregate {
namespace {

// Reads members of one object; the first mistake stays.
class Reader {
 public:
  Reader(const QJsonObject& object, std::string place) : object_(object), place_(std::move(place)) {}

  std::string text(const char* key) {
    const QJsonValue value = object_.value(QLatin1String(key));
    if (!value.isString()) wrong(key, "a text", value);
    return value.toString().toStdString();
  }
  // A text or null, which is nothing.
  std::string text_or_null(const char* key) {
    return object_.value(QLatin1String(key)).isNull() ? std::string() : text(key);
  }
  bool truth(const char* key) {
    const QJsonValue value = object_.value(QLatin1String(key));
    if (!value.isBool()) wrong(key, "true or false", value);
    return value.toBool();
  }
  std::optional<double> number_or_null(const char* key) {
    const QJsonValue value = object_.value(QLatin1String(key));
    if (value.isNull()) return std::nullopt;
    if (!value.isDouble() || !std::isfinite(value.toDouble())) wrong(key, "a number or null", value);
    return value.toDouble();
  }
  QJsonArray list(const char* key) {
    const QJsonValue value = object_.value(QLatin1String(key));
    if (!value.isArray()) wrong(key, "a list", value);
    return value.toArray();
  }
  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> out;
    for (const QJsonValue value : list(key)) {
      if (!value.isString()) wrong(key, "texts", value);
      out.push_back(value.toString().toStdString());
    }
    return out;
  }
  void wrong(const char* key, std::string expected, const QJsonValue& found) {
    mistake(key, std::move(expected), json_kind(found));
  }
  void mistake(const char* key, std::string expected, std::string found) {
    if (status_) status_ = bad_input(std::move(expected), std::move(found), fmt::format("{}{}", place_, key));
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  QJsonObject object_;
  std::string place_;
  Status status_;
};

Result<CounterfactualRow> read_row(const QJsonValue& value, std::size_t index, bool& decoded) {
  const std::string place = fmt::format("what_if[{}]", index);
  if (!value.isObject()) return bad_input("an object", json_kind(value), place);
  Reader in(value.toObject(), place + ".");
  CounterfactualRow row;
  row.name = in.text("name");
  row.change = in.text("change");
  row.set = in.texts("set");
  row.itself = in.truth("itself");
  row.error = in.text_or_null("error");
  row.tokens_per_second = in.number_or_null("tokens_per_second");
  row.gain = in.number_or_null("gain");
  row.saved_per_token_s = in.number_or_null("saved_per_token_s");
  row.time_per_token_s = in.number_or_null("time_per_token_s");
  row.hit_rate = in.number_or_null("hit_rate");
  const std::string phase = in.text("phase");
  if (phase != "decode" && phase != "prefill")
    in.mistake("phase", "decode or prefill", fmt::format("\"{}\"", phase));
  decoded = phase == "decode";
  if (row.error.empty() && !(row.tokens_per_second && row.gain))
    in.mistake("gain", "numbers, or an error", "null");
  if (!in.status()) return in.status().error();
  return row;
}

}  // namespace

Result<CounterfactualList> parse_counterfactuals(std::string_view json) {
  QJsonParseError problem{};
  const QJsonDocument document =
      QJsonDocument::fromJson(QByteArray(json.data(), static_cast<qsizetype>(json.size())), &problem);
  if (problem.error != QJsonParseError::NoError) {
    return bad_input("JSON", problem.errorString().toStdString(), fmt::format("byte {}", problem.offset));
  }
  if (!document.isObject()) return bad_input("an object", "a list");
  Reader in(document.object(), "");
  CounterfactualList out;
  const QJsonArray rows = in.list("what_if"), left = in.list("what_if_left_out");
  out.verdict = in.text("what_if_verdict");
  if (!in.status()) return in.status().error();
  for (qsizetype i = 0; i < rows.size(); ++i) {
    Result<CounterfactualRow> row = read_row(rows[i], static_cast<std::size_t>(i), out.decoded);
    if (!row) return row.error();
    out.rows.push_back(std::move(*row));
  }
  for (qsizetype i = 0; i < left.size(); ++i) {
    Reader of(left[i].toObject(), fmt::format("what_if_left_out[{}].", i));
    out.left_out.push_back({of.text("name"), of.text("why")});
    if (!of.status()) return of.status().error();
  }
  const auto itself = std::count_if(out.rows.begin(), out.rows.end(), [](const auto& r) { return r.itself; });
  if (itself != 1)
    return bad_input("one row that is the scenario itself", fmt::format("{}", itself), "what_if");
  return out;
}

}  // namespace pregate
