// SPDX-License-Identifier: Apache-2.0
#include "gui/scenario_form.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include "gui/qt_text.hpp"

namespace pregate {
namespace {

// The control of a field, by its accessible name; null where it was not made.
QWidget* control(const ScenarioForm& form, const QString& path) {
  for (const FieldEditor* editor : form.findChildren<FieldEditor*>()) {
    if (to_qt(editor->field().path) == path) return editor->control();
  }
  return nullptr;
}

void type(const ScenarioForm& form, const QString& path, const QString& text) {
  auto* line = qobject_cast<QLineEdit*>(control(form, path));
  ASSERT_NE(line, nullptr) << path.toStdString();
  line->clear();
  QTest::keyClicks(line, text);
}

// Words of labels that are to be seen in the field's editor.
QStringList words_beside(const ScenarioForm& form, const QString& path) {
  QStringList words;
  for (const QLabel* label : control(form, path)->parentWidget()->findChildren<QLabel*>()) {
    if (!label->isHidden()) words << label->text();
  }
  return words;
}

// Rows that would be seen if the form were.
QStringList visible_rows(const ScenarioForm& form) {
  QStringList paths;
  for (const FieldEditor* editor : form.findChildren<FieldEditor*>()) {
    if (editor->isVisibleTo(&form)) paths << to_qt(editor->field().path);
  }
  return paths;
}

TEST(ScenarioForm, AWrongUnit_IsSaidAtTheField) {
  ScenarioForm form;
  type(form, "dram.expert_budget", "3ms");
  const QString sentence = "expected a size such as 4000MiB or 2.5GB, from 1 B to 64 TiB, found \"3ms\"";
  EXPECT_TRUE(words_beside(form, "dram.expert_budget").contains(sentence));
  EXPECT_EQ(control(form, "dram.expert_budget")->accessibleDescription(), sentence);
  EXPECT_EQ(form.problem().path, "dram.expert_budget");
  EXPECT_EQ(form.problem().sentence, sentence);
  type(form, "dram.expert_budget", "3MiB");
  EXPECT_EQ(form.problem().path, "");
  EXPECT_FALSE(words_beside(form, "dram.expert_budget").contains(sentence));
}

TEST(ScenarioForm, EachKeystroke_IsChecked) {
  ScenarioForm form;
  auto* line = qobject_cast<QLineEdit*>(control(form, "runtime.io_lanes"));
  QTest::keyClicks(line, "4");
  EXPECT_EQ(form.problem().path, "");
  QTest::keyClicks(line, "0");
  EXPECT_EQ(form.problem().path, "");
  QTest::keyClicks(line, "x");
  EXPECT_EQ(form.problem().path, "runtime.io_lanes");
  QTest::keyClick(line, Qt::Key_Backspace);
  EXPECT_EQ(form.problem().path, "");
  QTest::keyClicks(line, "00");
  EXPECT_EQ(form.problem().path, "");
  QTest::keyClicks(line, "0");
  EXPECT_EQ(form.problem().sentence, "expected a whole number from 1 to 4096, found 40000");
}

TEST(ScenarioForm, AQuantity_IsShownAsPeopleWriteIt) {
  ScenarioForm form;
  type(form, "dram.expert_budget", "4000MiB");
  EXPECT_TRUE(words_beside(form, "dram.expert_budget").join('|').contains("= 3.91 GiB"));
}

TEST(ScenarioForm, Untouched_PassesNothingOn) {
  ScenarioForm form;
  EXPECT_TRUE(form.set_arguments().isEmpty());
  type(form, "runtime.io_lanes", "8");
  type(form, "runtime.io_lanes", "");
  EXPECT_TRUE(form.set_arguments().isEmpty());
}

TEST(ScenarioForm, WhatWasChanged_IsPassedOnInTheSchemasOrder) {
  ScenarioForm form;
  QSignalSpy changes(&form, &ScenarioForm::changed);
  ASSERT_TRUE(form.set_value("policy.prefetch", "pregate"));
  ASSERT_TRUE(form.set_value("device.flash.derate", "0.67"));
  ASSERT_TRUE(form.set_value("runtime.overlap", "false"));
  ASSERT_TRUE(form.set_value("dram.expert_budget", "1GiB"));
  EXPECT_EQ(changes.count(), 4);
  EXPECT_EQ(form.set_arguments(),
            QStringList({"--set", "device.flash.derate=0.67", "--set", "dram.expert_budget=1GiB", "--set",
                         "runtime.overlap=false", "--set", "policy.prefetch=pregate"}));
  form.clear_values();
  EXPECT_TRUE(form.set_arguments().isEmpty());
}

TEST(ScenarioForm, OnOff_HasThreeStates) {
  ScenarioForm form;
  auto* box = qobject_cast<QComboBox*>(control(form, "runtime.overlap"));
  ASSERT_NE(box, nullptr);
  ASSERT_EQ(box->count(), 3);
  EXPECT_EQ(box->itemText(0), "default: on");
  box->setCurrentIndex(2);
  EXPECT_EQ(form.set_arguments(), QStringList({"--set", "runtime.overlap=false"}));
  box->setCurrentIndex(1);
  EXPECT_EQ(form.set_arguments(), QStringList({"--set", "runtime.overlap=true"}));
  box->setCurrentIndex(0);
  EXPECT_TRUE(form.set_arguments().isEmpty());
}

TEST(ScenarioForm, Words_AreThoseOfTheSchema) {
  ScenarioForm form;
  auto* box = qobject_cast<QComboBox*>(control(form, "policy.eviction"));
  ASSERT_NE(box, nullptr);
  std::vector<std::string> offered;
  for (int i = 1; i < box->count(); ++i) offered.push_back(box->itemText(i).toStdString());
  EXPECT_EQ(offered, eviction_words());
}

TEST(ScenarioForm, AWordThatIsNone_IsNotRepaired) {
  ScenarioForm form;
  form.set_value("policy.eviction", "mru");
  EXPECT_EQ(form.value("policy.eviction"), "mru");
  EXPECT_EQ(form.problem().path, "policy.eviction");
}

TEST(ScenarioForm, EveryFieldOfTheSchema_CanBeSet) {
  ScenarioForm form({"device.id"});
  for (const ScenarioField& field : scenario_fields()) {
    const QString path = to_qt(field.path);
    const bool there = !field.internal && path != "device.id";
    EXPECT_EQ(form.set_value(path, "1"), there) << field.path;
    if (!there) continue;
    EXPECT_EQ(form.value(path), "1") << field.path;
    ASSERT_NE(control(form, path), nullptr) << field.path;
    EXPECT_EQ(control(form, path)->accessibleName(), path);
    EXPECT_FALSE(control(form, path)->accessibleDescription().isEmpty()) << field.path;
    EXPECT_TRUE(control(form, path)->toolTip().contains(path)) << field.path;
  }
}

TEST(ScenarioForm, Find_LooksIntoNamesAndHelp) {
  ScenarioForm form;
  auto* find = form.findChild<QLineEdit*>();
  QTest::keyClicks(find, "io lanes");
  EXPECT_EQ(visible_rows(form), QStringList("runtime.io_lanes"));
  find->setText("requests flight");
  EXPECT_THAT(visible_rows(form), testing::UnorderedElementsAre(QString("runtime.io_lanes"),
                                                                QString("device.flash.queue_depth")));
  find->setText("no such thing");
  EXPECT_TRUE(visible_rows(form).isEmpty());
  find->clear();
  EXPECT_TRUE(visible_rows(form).contains("dram.expert_budget"));
  EXPECT_FALSE(visible_rows(form).contains("device.flash.queue_depth"));  // collapsed, as before
}

TEST(ScenarioForm, ChangedOnly_LeavesThoseThatWere) {
  ScenarioForm form;
  form.set_value("runtime.io_lanes", "2");
  form.findChild<QCheckBox*>()->setChecked(true);
  EXPECT_EQ(visible_rows(form), QStringList("runtime.io_lanes"));
}

TEST(ScenarioForm, WhatTheScenarioSays_IsShownAndNotPassedOn) {
  ScenarioForm form;
  form.set_base({{.path = "dram.expert_budget", .text = "1000MiB", .from = "scenario"},
                 {.path = "runtime.overlap", .text = "false", .from = "scenario"},
                 {.path = "device.flash.read_bandwidth", .text = "2GB/s", .from = "device"}});
  EXPECT_EQ(qobject_cast<QLineEdit*>(control(form, "dram.expert_budget"))->placeholderText(),
            "scenario: 1000MiB");
  EXPECT_EQ(qobject_cast<QComboBox*>(control(form, "runtime.overlap"))->itemText(0), "scenario: off");
  EXPECT_TRUE(form.set_arguments().isEmpty());
  form.show_field("device.flash.read_bandwidth");  // a row that is made later
  EXPECT_EQ(qobject_cast<QLineEdit*>(control(form, "device.flash.read_bandwidth"))->placeholderText(),
            "device: 2GB/s");
}

TEST(BaseValues, TheScenario_WinsOverItsDevice) {
  const BaseTexts texts{.scenario = "device { id: \"d\" flash { derate: 0.5 } }",
                        .device = "id: \"d\" flash { derate: 1 queue_depth: 7 }",
                        .model = "name: \"m\" hidden_size: 64"};
  const auto find = [](const std::vector<BaseValue>& values, std::string_view path) {
    for (const BaseValue& value : values) {
      if (value.path == path) return value.from + " " + value.text;
    }
    return QString();
  };
  EXPECT_EQ(find(base_values(texts), "device.flash.derate"), "scenario 0.5");
  EXPECT_EQ(find(base_values(texts), "device.flash.queue_depth"), "device 7");
  EXPECT_EQ(find(base_values(texts), "model.preset_shape.hidden_size"), "model 64");
  BaseTexts other = texts;
  other.other_device = true;
  EXPECT_EQ(find(base_values(other), "device.flash.derate"), "device 1");
  EXPECT_TRUE(base_values({.scenario = "no text of this kind"}).empty());
}

}  // namespace
}  // namespace pregate
