// SPDX-License-Identifier: Apache-2.0
// One walk through the window on a real display server, with keys; what it says is what the command says.
#include <fmt/format.h>

#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtTest/QSignalSpy>
#include <QtWidgets/QApplication>

#include "gui/main_window.hpp"
#include "gui/run_view.hpp"
#include "tests/gui/real_files.hpp"

namespace pregate {
namespace {

// Sum of the area table's rows of one category.
std::int64_t total_ps(const AreaTable& table, std::string_view category) {
  std::int64_t sum = 0;
  for (const AreaRow& row : table.rows) {
    if (row.category == category) sum += row.total.count_ps();
  }
  return sum;
}

// Whether a picture of the window shows more than one colour.
bool shows_something(QWidget& window) {
  const QImage image = window.grab().toImage();
  for (int y = 0; y < image.height(); y += 7) {
    for (int x = 0; x < image.width(); x += 7) {
      if (image.pixel(x, y) != image.pixel(0, 0)) return true;
    }
  }
  return false;
}

TEST(WindowSmoke, AWalkByKeysSaysWhatTheCommandSays) {
  if (QApplication::platformName() != "xcb") GTEST_SKIP() << "Xvfb is not installed";
  CommandJob::set_program(test::built_command());
  const QString path = test::scratch_path("smoke.run");
  const QByteArray json = test::run_command({"run", "synthetic", "--no-baseline", "--json", "--out", path,
                                             "--set", "workload.synthetic.prompt_tokens=4", "--set",
                                             "workload.synthetic.decode_tokens=6"});
  const QJsonObject said = QJsonDocument::fromJson(json).object();
  MainWindow window;
  window.resize(1024, 700);
  window.show();
  ASSERT_TRUE(QTest::qWaitForWindowExposed(&window));
  QApplication::setActiveWindow(&window);
  QSignalSpy opened(&window, &MainWindow::opened);
  window.open(path);
  ASSERT_TRUE(test::wait_for([&] { return opened.count() == 1; }));
  auto* run = qobject_cast<RunView*>(window.document());
  ASSERT_NE(run, nullptr);

  const std::string rate = fmt::format("{:.2f} tokens/s", said["tokens_per_second"].toDouble());
  EXPECT_TRUE(run->status().toStdString().starts_with(rate))
      << run->status().toStdString() << " against " << rate;
  EXPECT_TRUE(shows_something(window));

  QTest::keyClick(&window, Qt::Key_2, Qt::ControlModifier);
  EXPECT_EQ(run->page(), &run->timeline());
  QTest::keyClick(&window, Qt::Key_F);
  QTest::keyClick(&window, Qt::Key_N);
  EXPECT_TRUE(run->details().text().contains("waited")) << run->details().text().toStdString();
  const QString stall = run->details().text();
  QTest::keyClick(&window, Qt::Key_BracketRight);
  EXPECT_TRUE(run->details().text().contains("load")) << run->details().text().toStdString();
  QTest::keyClick(&window, Qt::Key_BracketLeft);
  EXPECT_EQ(run->details().text(), stall);

  EXPECT_EQ(total_ps(run->area().table(), "stall"), said["bins_ps"].toObject()["stall"].toInteger());
  EXPECT_EQ(total_ps(run->area().table(), "management"),
            said["bins_ps"].toObject()["management"].toInteger());

  QTest::keyClick(&window, Qt::Key_3, Qt::ControlModifier);
  EXPECT_TRUE(run->status().contains("lookups")) << run->status().toStdString();
  QTest::keyClick(&window, Qt::Key_T, Qt::ControlModifier);
  EXPECT_TRUE(shows_something(window));
  QTest::keyClick(&window, Qt::Key_W, Qt::ControlModifier);
  EXPECT_EQ(window.document(), nullptr);
}

}  // namespace
}  // namespace pregate
