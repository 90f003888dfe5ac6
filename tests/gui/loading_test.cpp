// SPDX-License-Identifier: Apache-2.0
// Files that cannot be read end in a message in the window, files that take long can be left.
#include "gui/loading_view.hpp"

#include <QtTest/QSignalSpy>
#include <random>

#include "gui/main_window.hpp"
#include "tests/gui/real_files.hpp"

namespace pregate {
namespace {

using test::bytes_of;
using test::real_run;
using test::wait_for;
using test::write_bytes;

// What the view says of a file that cannot be opened.
QString complaint(const QString& path) {
  LoadingView view(path);
  bool opened = false, failed = false;
  QObject::connect(&view, &LoadingView::run_loaded, [&] { opened = true; });
  QObject::connect(&view, &LoadingView::route_loaded, [&] { opened = true; });
  QObject::connect(&view, &LoadingView::failed, [&] { failed = true; });
  view.start();
  EXPECT_TRUE(wait_for([&] { return opened || failed; })) << path.toStdString();
  EXPECT_FALSE(opened) << path.toStdString();
  return view.message();
}

TEST(Loading, ATruncatedRunIsAMessageWithTheFileAndThePlaceAtEveryLength) {
  const QByteArray whole = bytes_of(real_run());
  ASSERT_GT(whole.size(), 1000);
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    const auto length =
        round < 20 ? round : static_cast<qsizetype>(random() % static_cast<unsigned>(whole.size()));
    const QString path = write_bytes("short.run", whole.left(length));
    const QString said = complaint(path);
    EXPECT_TRUE(said.contains("short.run") && said.contains("expected"))
        << length << ": " << said.toStdString();
  }
}

TEST(Loading, ForeignFilesAreMessagesThatSayWhatTheyBeginWith) {
  EXPECT_TRUE(complaint(write_bytes("a.png", "\x89PNG\r\n\x1a\n0000000000")).contains("begins with"));
  EXPECT_TRUE(complaint(write_bytes("empty.run", "")).contains("an empty file"));
  EXPECT_TRUE(complaint(write_bytes("other.gz", QByteArray("\x1f\x8b\x08\x08", 4) + QByteArray(60, 'x')))
                  .contains("gzip header of another program"));
  EXPECT_TRUE(complaint("/").contains("expected"));
  EXPECT_TRUE(complaint("/dev/zero").contains("expected"));
  EXPECT_TRUE(complaint("/no/such/file.run").contains("no such file"));
}

TEST(Loading, AFileOfATerabyteOfZerosIsRefusedAtOnce) {
  const QString path = write_bytes("huge.run", bytes_of(real_run()).left(300));
  QFile file(path);
  ASSERT_TRUE(file.resize(qint64{1} << 40)) << "a sparse file";
  EXPECT_TRUE(complaint(path).contains("huge.run"));
}

TEST(Loading, ARunThatIsOverwrittenWhileItIsReadIsAMessageOrTheRunThatWasThere) {
  const QByteArray whole = bytes_of(real_run());
  for (int round = 0; round < 20; ++round) {
    const QString path = write_bytes("changing.run", whole);
    LoadingView view(path);
    QSignalSpy loaded(&view, &LoadingView::run_loaded), failed(&view, &LoadingView::failed);
    view.start();
    write_bytes("changing.run", whole.left(round * whole.size() / 20));
    EXPECT_TRUE(wait_for([&] { return loaded.count() + failed.count() > 0; }));
    if (failed.count() > 0) {
      EXPECT_TRUE(view.message().contains("changing.run: ")) << view.message().toStdString();
      continue;
    }
    const auto run = loaded[0][0].value<std::shared_ptr<const RunDocument>>();
    EXPECT_EQ(run->run.steps.size(), 7U) << "a prompt and six tokens";
    EXPECT_TRUE(validate_run(run->run).ok());
  }
}

TEST(Loading, CanBeCancelledAndTriedAgain) {
  LoadingView view(real_run());
  QSignalSpy loaded(&view, &LoadingView::run_loaded);
  view.start();
  view.cancel();
  EXPECT_FALSE(view.loading());
  EXPECT_EQ(view.message(), "Reading was cancelled.");
  view.start();
  EXPECT_TRUE(wait_for([&] { return loaded.count() == 1; }));
}

// Under the thread sanitizer this is the test that closing while loading is clean.
TEST(Loading, TheWindowCanBeClosedAtAnyMomentOfIt) {
  const QString path = real_run();
  for (int round = 0; round < 30; ++round) {
    MainWindow window;
    window.show();
    window.open(path);
    QTest::qWait(round % 6);
    window.close();
  }
}

TEST(Loading, AChangeOfAnOpenFileIsSaidAboveIt) {
  const QByteArray whole = bytes_of(real_run());
  const QString path = write_bytes("watched.run", whole);
  MainWindow window;
  window.show();
  QSignalSpy opened(&window, &MainWindow::opened);
  window.open(path);
  ASSERT_TRUE(wait_for([&] { return opened.count() == 1 && window.document() != nullptr; }));
  write_bytes("watched.run", whole.left(100));
  EXPECT_TRUE(wait_for([&] { return window.document()->notice().text().contains("has changed"); }));
}

}  // namespace
}  // namespace pregate
