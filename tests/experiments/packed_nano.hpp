// SPDX-License-Identifier: Apache-2.0
// The shipped model with its routed experts in a file, as `pregate pack` writes it, in a folder of the test.
#pragma once

#include <gmock/gmock.h>

#include "tests/experiments/on_terminal.hpp"

namespace pregate::test {

class PackedNano : public testing::Test {
 protected:
  using Words = std::vector<std::string>;

  void SetUp() override {
    const Said packed =
        run_pregate({"pack", "--model", "megrez2-nano", "--precision", "int8", "--out", experts_});
    ASSERT_EQ(packed.code, 0) << packed.err;
  }

  // `verb` of the packed model with a prompt; options of `more` in place of these.
  [[nodiscard]] Words words(const std::string& verb, const Words& more) const {
    Words all = {verb};
    const std::pair<const char*, std::string>
        options[] = {{"--model", "megrez2-nano"}, {"--precision", "int8"}, {"--experts", experts_},
                     {"--prompt", "Once"},        {"--tokens", "6"},       {"--device", device_},
                     {"--threads", "1"}};  // beside other tests, threads would wait for each other
    for (const auto& [option, value] : options) {
      if (std::find(more.begin(), more.end(), option) != more.end()) continue;
      all.insert(all.end(), {option, value});
    }
    // Nor is a machine that runs other tests steady.
    if (verb == "validate") all.insert(all.end(), {"--steady", "0"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  [[nodiscard]] Said say(const std::string& verb, const Words& more = {}) const {
    return run_pregate(words(verb, more));
  }

  static void expect_refused(const Said& said, const std::string& option, const std::string& part,
                             int code = 2) {
    EXPECT_EQ(said.code, code) << said.err;
    EXPECT_EQ(said.out, "");
    EXPECT_EQ(said.error_lines(), 1U) << said.err;
    EXPECT_THAT(said.err, testing::StartsWith("pregate: " + option));
    EXPECT_THAT(said.err, testing::HasSubstr(part));
  }

  Folder folder_;
  std::string experts_ = folder_.file("nano.experts");
  std::string device_ = "oneplus-15r";
};

}  // namespace pregate::test
