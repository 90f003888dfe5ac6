// SPDX-License-Identifier: Apache-2.0
#include "traces/base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace pregate {
namespace {

TEST(Error, Message_SaysFilePlaceExpectedAndFound) {
  const Error error =
      bad_input("a size such as 4000MiB", "\"4 GX\"", "line 3: dram.expert_budget").at("a.textproto");
  EXPECT_EQ(error.message(),
            "a.textproto: line 3: dram.expert_budget: expected a size such as 4000MiB, found \"4 GX\"");
}

TEST(Error, Message_LeavesOutWhatIsUnknown) {
  EXPECT_EQ(bad_input("a file", "").message(), "expected a file");
  EXPECT_EQ(bad_input("", "a pipe").message(), "found a pipe");
  EXPECT_EQ(bad_input("a file", "a pipe", "byte 4").message(), "byte 4: expected a file, found a pipe");
  EXPECT_EQ(run_failed("out.run", "room on the disk", "none").message(),
            "out.run: expected room on the disk, found none");
}

TEST(Error, At_KeepsTheInnerFileAndPutsTheOuterPlaceFirst) {
  const Error inner = bad_input("x", "y", "layer 7");
  EXPECT_EQ(inner.at("f", "step 3").place, "step 3: layer 7");
  EXPECT_EQ(inner.at("f").at("g").file, "f");
  EXPECT_EQ(inner.at("f").place, "layer 7");
  EXPECT_EQ(bad_input("x", "y").at({}, "step 3").place, "step 3");
}

TEST(Error, Kind_TellsTheUsersMistakeFromTheMachines) {
  EXPECT_EQ(bad_input("x", "y").at("f").kind, Error::Kind::bad_input);
  EXPECT_EQ(run_failed("f", "x", "y").at("g").kind, Error::Kind::run_failed);
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 7;
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, 7);
  const Result<int> bad = bad_input("x", "y");
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().expected, "x");
}

TEST(Result, OfAMoveOnlyValue_CanBeMovedOut) {
  Result<std::unique_ptr<int>> held = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = std::move(*held);
  EXPECT_EQ(*taken, 3);
}

TEST(Status, IsSuccessUnlessGivenAnError) {
  EXPECT_TRUE(Status().ok());
  const Status failed = bad_input("x", "y");
  EXPECT_FALSE(failed);
  EXPECT_EQ(failed.error().found, "y");
}

TEST(ResultDeathTest, TheWrongSide_StopsTheProgram) {
  const Result<int> bad = bad_input("x", "y");
  EXPECT_DEATH((void)bad.value(), "value\\(\\) of a failed Result");
  const Result<int> good = 7;
  EXPECT_DEATH((void)good.error(), "error\\(\\) of a successful Result");
  EXPECT_DEATH((void)Status().error(), "error\\(\\) of a successful Status");
}

}  // namespace
}  // namespace pregate
