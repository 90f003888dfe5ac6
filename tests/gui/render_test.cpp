// SPDX-License-Identifier: Apache-2.0
// Pictures without a window: the command line of the viewer, and the files that it writes.
#include "gui/render.hpp"

#include <QtCore/QFileInfo>
#include <QtGui/QImage>

#include "tests/gui/real_files.hpp"

namespace pregate {
namespace {

using test::real_run;
using test::scratch_path;

Result<Arguments> parse(const QString& line) {
  return parse_arguments(line.split(u' ', Qt::SkipEmptyParts));
}

std::string error_of(const QString& line) {
  const auto parsed = parse(line);
  return parsed ? "no error" : parsed.error().message();
}

// Draws as the command line says; the message of an error, else nothing.
std::string draw(const QString& line) {
  const auto parsed = parse(line);
  if (!parsed) return parsed.error().message();
  const Status drawn = render(*parsed->render);
  return drawn ? std::string() : drawn.error().message();
}

int colours_in(const QImage& image) {
  QSet<QRgb> seen;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) seen.insert(image.pixel(x, y));
  }
  return static_cast<int>(seen.size());
}

class RenderTest : public testing::Test {
 protected:
  void SetUp() override { CommandJob::set_program(test::built_command()); }
  void TearDown() override { CommandJob::set_program({}); }
};

TEST(ViewerArguments, WrongOnesNameTheOptionAndWhatIsExpected) {
  EXPECT_EQ(error_of("--render clock a.run -o a.png"),
            "--render: expected timeline, heatmap, sweep, verdict or compare, found \"clock\"");
  EXPECT_EQ(error_of("--render timeline a.run"), "--out: expected -o FILE with --render, found none");
  EXPECT_EQ(error_of("--render timeline -o a.png"), "--render: expected one file, found 0");
  EXPECT_TRUE(error_of("--render timeline a.run -o a.png --size 10").starts_with("--size: expected a size"));
  EXPECT_TRUE(
      error_of("--render timeline a.run -o a.png --size 99999x5").starts_with("--size: expected a size"));
  EXPECT_TRUE(
      error_of("--render timeline a.run -o a.png --range 2s..1s").starts_with("--range: expected times"));
  EXPECT_TRUE(
      error_of("--render timeline a.run -o a.png --range token:x..2").starts_with("--range: expected"));
  EXPECT_TRUE(error_of("--render timeline a.run -o a.png --scale nan").starts_with("--scale: expected"));
  EXPECT_TRUE(error_of("--render timeline a.run -o a.run").starts_with("--out: expected another file"));
  EXPECT_TRUE(error_of("--no-such-thing").find("no-such-thing") != std::string::npos);
  EXPECT_TRUE(error_of("--out a.png a.run").starts_with("--out: expected --render"));
}

TEST(ViewerArguments, AnOptionThatWouldBePassedOverIsRefused) {
  EXPECT_EQ(error_of("--render timeline a.run -o a.png --measure uses"),
            "--measure: expected --render heatmap beside it, found timeline");
  EXPECT_TRUE(error_of("--render sweep a.db -o a.png --range 1s..2s").starts_with("--range: expected"));
  EXPECT_TRUE(error_of("--render heatmap a.run -o a.png --y x").starts_with("--y: expected --render sweep"));
  EXPECT_EQ(error_of("a.run --dark"), "--dark: expected --render beside it, found none");
}

TEST(ViewerArguments, FilesAloneAreOpened) {
  const auto parsed = parse("a.run b.db --compare c.run");
  EXPECT_FALSE(parsed.ok()) << "a second run beside two files";
  const auto fine = parse("a.run --compare c.run");
  ASSERT_TRUE(fine.ok());
  EXPECT_EQ(fine->files, std::vector<std::string>{"a.run"});
  EXPECT_EQ(fine->compare_with, "c.run");
}

TEST_F(RenderTest, EachKindOfPictureIsDrawnInTheSizeThatWasAskedFor) {
  for (const char* what : {"timeline", "heatmap"}) {
    for (const bool dark : {false, true}) {
      const QString out = scratch_path(QString("%1.png").arg(QLatin1String(what)));
      ASSERT_EQ(draw(QString("--render %1 %2 -o %3 --size 800x500 --scale 2 %4")
                         .arg(QLatin1String(what), real_run(), out, dark ? "--dark" : "")),
                "");
      const QImage image(out);
      EXPECT_EQ(image.size(), QSize(1600, 1000));
      EXPECT_GT(colours_in(image), 10) << what;
      EXPECT_EQ(qGray(image.pixel(1598, 998)) < 128, dark) << what;
    }
  }
  const QString verdict = scratch_path("verdict.png");
  ASSERT_EQ(draw(QString("--render verdict %1 -o %2 --size 900x600").arg(real_run(), verdict)), "");
  EXPECT_EQ(QImage(verdict).width(), 900);
}

TEST_F(RenderTest, SvgAndPdfAreWhatTheirNamesSay) {
  ASSERT_EQ(draw(QString("--render timeline %1 -o %2").arg(real_run(), scratch_path("t.svg"))), "");
  EXPECT_TRUE(test::bytes_of(scratch_path("t.svg")).contains("<svg"));
  ASSERT_EQ(draw(QString("--render timeline %1 -o %2").arg(real_run(), scratch_path("t.pdf"))), "");
  EXPECT_TRUE(test::bytes_of(scratch_path("t.pdf")).startsWith("%PDF"));
}

TEST_F(RenderTest, TheSamePictureTwiceIsTheSameBytes) {
  for (const char* name : {"first.png", "second.png"}) {
    ASSERT_EQ(draw(QString("--render timeline %1 -o %2").arg(real_run(), scratch_path(name))), "");
  }
  EXPECT_EQ(test::bytes_of(scratch_path("first.png")), test::bytes_of(scratch_path("second.png")));
}

TEST_F(RenderTest, AHeatmapIsOfTheTokensThatWereAskedFor) {
  const auto drawn = [](const char* name, const char* range) {
    EXPECT_EQ(draw(QString("--render heatmap %1 -o %2 %3")
                       .arg(real_run(), scratch_path(name), QLatin1String(range))),
              "");
    return test::bytes_of(scratch_path(name));
  };
  const QByteArray all = drawn("all.png", "");
  EXPECT_NE(drawn("one.png", "--range token:1..1"), all);
  EXPECT_NE(draw(QString("--render heatmap %1 -o %2 --range token:900..901")
                     .arg(real_run(), scratch_path("never.png"))),
            "");
}

TEST_F(RenderTest, ASweepIsDrawnAndAWrongKeyNamesTheNearest) {
  const QString sweep = scratch_path("render.db");
  test::run_command({"sweep", "--scenario", "synthetic", "--set", "workload.synthetic.prompt_tokens=4",
                     "--set", "workload.synthetic.decode_tokens=6", "--vary", "dram.expert_budget=1GiB,2GiB",
                     "--out", sweep});
  EXPECT_EQ(draw(QString("--render sweep %1 -o %2").arg(sweep, scratch_path("s.png"))), "");
  const std::string said =
      draw(QString("--render sweep %1 -o %2 --y tokens_per_secnd").arg(sweep, scratch_path("s.png")));
  EXPECT_TRUE(said.find("tokens_per_second") != std::string::npos) << said;
}

TEST_F(RenderTest, TwoRunsAreDrawnBesideEachOther) {
  EXPECT_EQ(draw(QString("--render compare %1 %2 -o %3")
                     .arg(real_run(), real_run("off.run", {"policy.prefetch=none"}), scratch_path("c.png"))),
            "");
}

TEST_F(RenderTest, WhatCannotBeDrawnIsOneErrorAndLeavesNoFile) {
  const QString out = scratch_path("never.png");
  EXPECT_NE(draw(QString("--render timeline %1 -o %2").arg(test::write_bytes("no.run", "x"), out)), "");
  EXPECT_NE(draw(QString("--render timeline %1 -o %2 --range token:900..901").arg(real_run(), out)), "");
  EXPECT_NE(draw(QString("--render heatmap %1 -o %2 --measure heat").arg(real_run(), out)), "");
  EXPECT_NE(draw(QString("--render heatmap %1 -o %2 --measure weight").arg(real_run(), out)), "");
  EXPECT_FALSE(QFileInfo::exists(out));
  EXPECT_NE(draw(QString("--render timeline %1 -o /no/such/folder/a.png").arg(real_run())), "");
  EXPECT_NE(draw(QString("--render timeline %1 -o %2").arg(real_run(), scratch_path("a.gif"))), "");
}

}  // namespace
}  // namespace pregate
