// SPDX-License-Identifier: Apache-2.0
// Stands in for the tests of the trainer where it is not built.
#include <gtest/gtest.h>

TEST(Trainer, LearnsAndAgreesWithOurForwardPass) {
  GTEST_SKIP() << "libtorch (libtorch-dev) is not installed, so that pregate-train was not built";
}
