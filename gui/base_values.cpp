// SPDX-License-Identifier: Apache-2.0
#include "gui/base_values.hpp"

#include <algorithm>

#include "gui/qt_text.hpp"
#include "traces/scenario_changes.hpp"

namespace pregate {
namespace {

void add(const QString& text, const QString& from, std::vector<BaseValue>& values) {
  const auto parsed = scenario_changes({}, text.toStdString());
  if (!parsed) return;
  for (const ScenarioChange& value : *parsed) {
    const bool said =
        std::any_of(values.begin(), values.end(), [&](const BaseValue& v) { return v.path == value.path; });
    if (!said) values.push_back({.path = value.path, .text = to_qt(value.b), .from = from});
  }
}

// A section's file as part of a scenario.
QString within(const QString& sections, const QString& text) {
  return text.isEmpty() ? QString() : sections + " {\n" + text + "\n" + QString(sections.count('{') + 1, '}');
}

}  // namespace

std::vector<BaseValue> base_values(const BaseTexts& texts) {
  std::vector<BaseValue> values;
  add(texts.scenario, "scenario", values);
  std::erase_if(values, [&](const BaseValue& value) {
    return (texts.other_device && value.path.starts_with("device.")) ||
           (texts.other_model && value.path.starts_with("model.preset_shape.")) ||
           (texts.other_shape && value.path.starts_with("model.shape_as_shape."));
  });
  add(within("device", texts.device), "device", values);
  add(within("model { preset_shape", texts.model), "model", values);
  add(within("model { shape_as_shape", texts.shape_as), "model", values);
  return values;
}

}  // namespace pregate
