// SPDX-License-Identifier: Apache-2.0
// New run and New sweep: what they ask for is what the command takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QtCore/QFileInfo>
#include <QtCore/QMimeData>
#include <QtCore/QUrl>
#include <QtGui/QDragEnterEvent>
#include <QtTest/QSignalSpy>
#include <QtWidgets/QApplication>

#include "gui/jobs_panel.hpp"
#include "gui/new_run_dialog.hpp"
#include "gui/new_sweep_dialog.hpp"
#include "tests/gui/gui_fixtures.hpp"

namespace pregate {
namespace {

constexpr const char* kTiny = R"(name: "tiny"
model { preset: "megrez2-3x7b-a3b" }
device { id: "oneplus-15r" }
workload { synthetic { prompt_tokens: 2 decode_tokens: 3 } }
dram { expert_budget: "500MiB" }
)";

// Asks nobody.
class QuietRunDialog final : public NewRunDialog {
 public:
  bool may = false;
  int asked = 0;

 protected:
  bool may_write(const QString&) override {
    ++asked;
    return may;
  }
};

class CommandDialogTest : public test::CommandTest {
 protected:
  // What the dialog asks for, run to its end by the command that was built.
  static void expect_done(CommandDialog& dialog) {
    ASSERT_EQ(dialog.problem(), "");
    JobsPanel panel;
    QObject::connect(&dialog, &CommandDialog::requested, &panel, &JobsPanel::start);
    QSignalSpy ended(&panel, &JobsPanel::job_finished);
    dialog.accept();
    ASSERT_TRUE(test::wait_for([&] { return ended.count() == 1; }));
    const auto* job = ended[0][0].value<CommandJob*>();
    EXPECT_EQ(job->state(), CommandJob::State::done)
        << shell_command(job->request().arguments).toStdString() << "\n"
        << job->error_line().toStdString();
    EXPECT_TRUE(QFileInfo::exists(dialog.request().output_file));
  }
  // Until the lists of the command are there.
  static void wait_for_names(const CommandDialog& dialog) {
    ASSERT_TRUE(test::wait_for([&] {
      return !dialog.base()->shipped().names(ShippedFiles::Kind::model).isEmpty() &&
             !dialog.base()->shipped().names(ShippedFiles::Kind::device).isEmpty() &&
             !dialog.base()->shipped().names(ShippedFiles::Kind::scenario).isEmpty();
    }));
  }
};

TEST_F(CommandDialogTest, ARunOfAScenarioFile_IsDone) {
  write_file("my tiny.scenario.textproto", kTiny);
  NewRunDialog dialog;
  dialog.base()->set_scenario(path_of("my tiny.scenario.textproto"));
  dialog.base()->set_device("a18-pro");
  dialog.form()->set_value("policy.prefetch", "prev-token");
  dialog.form()->set_value("runtime.overlap", "false");
  dialog.set_output(path_of("out.run"));
  dialog.set_what_if(true);
  EXPECT_EQ(dialog.request().arguments,
            QStringList({"run", path_of("my tiny.scenario.textproto"), "--device", "a18-pro", "--what-if",
                         "--set", "runtime.overlap=false", "--set", "policy.prefetch=prev-token", "--out",
                         path_of("out.run")}));
  EXPECT_EQ(dialog.request().title, "run: my tiny on a18-pro");
  expect_done(dialog);
}

TEST_F(CommandDialogTest, ARunOfAPrompt_IsDone) {
  NewRunDialog dialog;
  dialog.base()->set_model("megrez2-nano", "It is a truth\n-- \"universally\" it's $known");
  dialog.form()->set_value("workload.forward.tokens", "2");
  dialog.form()->set_value("workload.forward.precision", "f32");
  dialog.set_output(path_of("prompt.run"));
  expect_done(dialog);
}

TEST_F(CommandDialogTest, APromptLikeAnOption_IsStillAPrompt) {
  NewRunDialog dialog;
  dialog.base()->set_model("megrez2-nano", "--out");
  dialog.form()->set_value("workload.forward.tokens", "1");
  dialog.set_output(path_of("odd.run"));
  EXPECT_TRUE(dialog.request().arguments.contains("--prompt=--out"));
  expect_done(dialog);
}

TEST_F(CommandDialogTest, ARunOfAModelsShape_IsDone) {
  NewRunDialog dialog;
  dialog.base()->set_model("qwen3-30b-a3b");
  dialog.form()->set_value("workload.synthetic.decode_tokens", "2");
  dialog.set_output(path_of("shape.run"));
  expect_done(dialog);
}

TEST_F(CommandDialogTest, ARunOfATrace_IsDone) {
  write_file("phone.route.csv", "");
  NewRunDialog dialog;
  dialog.base()->set_trace(path_of("phone.route.csv"));
  EXPECT_EQ(dialog.request().arguments.mid(0, 3),
            QStringList({"run", "--trace", path_of("phone.route.csv")}));
  dialog.base()->set_trace(path_of("gone.route"));
  EXPECT_EQ(dialog.problem(), "expected a trace's file, found nothing at \"" + path_of("gone.route") + "\"");
  const QString real = QString(PREGATE_SHARED_DIR) + "/traces/phone/qwen3-30b-a3b.route.csv";
  if (!QFileInfo::exists(real)) GTEST_SKIP() << "no recorded trace at " << real.toStdString();
  dialog.base()->set_trace(real);
  dialog.form()->set_value("workload.max_steps", "3");
  dialog.set_output(path_of("trace.run"));
  expect_done(dialog);
}

TEST_F(CommandDialogTest, ASweep_IsDone) {
  write_file("tiny.scenario.textproto", kTiny);
  NewSweepDialog dialog;
  dialog.base()->set_scenario(path_of("tiny.scenario.textproto"));
  dialog.axes()->clear();
  dialog.axes()->add_axis("dram.expert_budget", "500MiB..1GiB:2");
  dialog.axes()->add_axis("policy.prefetch", "none,prev-token");
  dialog.form()->set_value("runtime.io_lanes", "2");
  dialog.set_jobs(1);
  dialog.set_output(path_of("tiny.db"));
  EXPECT_EQ(dialog.request().arguments,
            QStringList({"sweep", "--scenario", path_of("tiny.scenario.textproto"), "--vary",
                         "dram.expert_budget=500MiB..1GiB:2", "--vary", "policy.prefetch=none,prev-token",
                         "--jobs", "1", "--set", "runtime.io_lanes=2", "--out", path_of("tiny.db")}));
  expect_done(dialog);
}

TEST_F(CommandDialogTest, ASweepOfAPrompt_IsDone) {
  NewSweepDialog dialog;
  dialog.base()->set_model("megrez2-nano", "Emma");
  dialog.axes()->clear();
  dialog.axes()->add_axis("policy.prefetch", "none,pregate");
  dialog.form()->set_value("workload.forward.tokens", "2");
  dialog.set_output(path_of("live.db"));
  expect_done(dialog);
}

TEST_F(CommandDialogTest, ARunAgain_StartsFromItsOwnScenario) {
  NewRunDialog dialog;
  dialog.set_scenario_text("demo.run", kTiny);
  ASSERT_EQ(dialog.problem(), "");
  dialog.set_output(path_of("again.run"));
  const QString kept = dialog.request().arguments[1];
  EXPECT_TRUE(QFileInfo(kept).fileName().startsWith("demo-")) << kept.toStdString();
  QFile file(kept);
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  EXPECT_EQ(file.readAll(), kTiny);
  const std::vector<BaseValue> values = dialog.base()->values();
  EXPECT_TRUE(std::any_of(values.begin(), values.end(), [](const BaseValue& value) {
    return value.path == "dram.expert_budget" && value.text == "500MiB" && value.from == "scenario";
  }));
  file.remove();
}

TEST_F(CommandDialogTest, TheDevicesOwnNumbers_AreShown) {
  NewRunDialog dialog;
  wait_for_names(dialog);
  dialog.base()->set_device("oneplus-15r");
  const auto said = [&](std::string_view path) {
    for (const BaseValue& value : dialog.base()->values()) {
      if (value.path == path) return value.from + " " + value.text;
    }
    return QString();
  };
  ASSERT_TRUE(test::wait_for([&] { return said("device.flash.queue_depth").startsWith("device "); }));
  EXPECT_EQ(said("dram.expert_budget"), "scenario 1000MiB");  // of the demo
}

TEST_F(CommandDialogTest, AFileThatIsThere_IsNotOverwrittenUnasked) {
  write_file("old.run", "precious");
  QuietRunDialog dialog;
  QSignalSpy requests(&dialog, &CommandDialog::requested);
  dialog.set_output(path_of("old.run"));
  dialog.accept();
  EXPECT_EQ(dialog.asked, 1);
  EXPECT_EQ(requests.count(), 0);
  dialog.may = true;
  dialog.accept();
  EXPECT_EQ(requests.count(), 1);
}

TEST_F(CommandDialogTest, TheSuggestedFile_IsANewOne) {
  EXPECT_EQ(new_file_name(path_of(""), "demo", ".run"), path_of("demo.run"));
  write_file("demo.run", "");
  EXPECT_EQ(new_file_name(path_of(""), "demo", ".run"), path_of("demo-2.run"));
  NewRunDialog dialog;
  dialog.base()->set_scenario("synthetic");
  dialog.base()->set_device("a18-pro");
  EXPECT_TRUE(dialog.request().output_file.endsWith("/synthetic-a18-pro.run"));
  dialog.set_output(path_of("mine.run"));
  dialog.base()->set_device("a17-pro");
  EXPECT_EQ(dialog.request().output_file, path_of("mine.run"));
}

TEST_F(CommandDialogTest, WhatIsWrong_IsSaidBeforeAnythingRuns) {
  NewRunDialog dialog;
  QSignalSpy requests(&dialog, &CommandDialog::requested);
  wait_for_names(dialog);
  dialog.base()->set_device("oneplus");
  EXPECT_EQ(dialog.problem(), "expected a shipped device or a file, found \"oneplus\"");
  dialog.base()->set_device("");
  dialog.form()->set_value("dram.expert_budget", "4 GX");
  EXPECT_TRUE(dialog.problem().startsWith("dram.expert_budget: expected a size"));
  dialog.form()->clear_values();
  dialog.set_output(path_of("no/such/folder/a.run"));
  EXPECT_TRUE(dialog.problem().startsWith("expected a folder to write into"));
  dialog.set_output(path_of("a.run"));
  write_file("bad.scenario.textproto", "name: \"x\"\nmodell {}\n");
  dialog.base()->set_scenario(path_of("bad.scenario.textproto"));
  EXPECT_TRUE(
      dialog.problem().startsWith("bad.scenario.textproto: line 2: modell: expected a field of Scenario"))
      << dialog.problem().toStdString();
  dialog.base()->set_scenario("demmo");
  EXPECT_EQ(dialog.problem(), "expected a shipped scenario or a file, found \"demmo\"");
  dialog.accept();
  EXPECT_EQ(requests.count(), 0);
}

TEST_F(CommandDialogTest, FilesAreTaken_ByTheirKind) {
  NewRunDialog dialog;
  write_file("a.device.textproto", "");
  write_file("b.route", "");
  EXPECT_TRUE(dialog.base()->take_file(path_of("a.device.textproto")));
  EXPECT_EQ(dialog.base()->device(), path_of("a.device.textproto"));
  QMimeData data;
  data.setUrls({QUrl::fromLocalFile(path_of("b.route"))});
  QDragEnterEvent enter(QPoint(5, 5), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(&dialog, &enter);
  EXPECT_TRUE(enter.isAccepted());
  QDropEvent drop(QPointF(5, 5), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(&dialog, &drop);
  EXPECT_EQ(dialog.base()->source(), BaseChooser::Source::trace);
  EXPECT_TRUE(dialog.request().arguments.contains(path_of("b.route")));
  EXPECT_FALSE(dialog.base()->take_file(path_of("picture.png")));
}

TEST_F(CommandDialogTest, WithoutTheCommand_NamesCanBeTyped) {
  CommandJob::set_program(path_of("nothing"));
  NewRunDialog dialog;
  dialog.base()->set_device("anything");
  dialog.set_output(path_of("a.run"));
  QTest::qWait(50);
  EXPECT_EQ(dialog.problem(), "");
}

TEST(ShellLines, BreakBetweenOptions) {
  const QStringList arguments = {"run",       "demo",  "--device",  "oneplus-15r",
                                 "--what-if", "--out", "/a b/c.run"};
  EXPECT_EQ(shell_lines(arguments, 200), shell_command(arguments));
  EXPECT_EQ(shell_lines(arguments, 44),
            "pregate run demo --device oneplus-15r \\\n    --what-if --out '/a b/c.run'");
}

}  // namespace
}  // namespace pregate
