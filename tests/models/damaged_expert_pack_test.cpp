// SPDX-License-Identifier: Apache-2.0
// Whatever is wrong with a file of experts is found before anything is computed from it.
#include <gmock/gmock.h>

#include "tests/models/expert_packs.hpp"

namespace pregate {
namespace {

using namespace fixtures;
using testing::AllOf;
using testing::HasSubstr;

class DamagedExpertPack : public ExpertPackTest {};

TEST_F(DamagedExpertPack, FilesThatAreNone_AreRefused) {
  EXPECT_THAT(read_error(), HasSubstr("a.experts"));
  EXPECT_THAT(message(read_expert_pack(folder_)), HasSubstr("regular file"));
  spew(path_, "");
  EXPECT_THAT(read_error(), HasSubstr("expected a file of experts, found 0 bytes"));
  spew(path_, std::string(5000, 'x'));
  EXPECT_THAT(read_error(), AllOf(HasSubstr("\"PGEXPRT1\""), HasSubstr("xxxxxxxx")));
  spew(path_, "PGEXPRT1" + std::string(8, '\xff') + std::string(5000, ' '));
  EXPECT_THAT(read_error(), HasSubstr("header length: expected a header of at most 4992 bytes"));
}

TEST_F(DamagedExpertPack, ACutFile_IsFoundWithoutReadingItsBlocks) {
  pack_tiny();
  const std::string bytes = slurp(path_);
  for (const std::size_t size : {bytes.size() - 1, first(), first() - 1, std::size_t{20}}) {
    spew(path_, std::string_view(bytes).substr(0, size));
    EXPECT_FALSE(read_expert_pack(path_).ok()) << size;
  }
  spew(path_, std::string_view(bytes).substr(0, bytes.size() - 1));
  EXPECT_THAT(read_error(), HasSubstr(std::to_string(bytes.size() - 1) + " bytes"));
  spew(path_, bytes + "x");
  EXPECT_THAT(read_error(), HasSubstr(std::to_string(bytes.size() + 1) + " bytes"));
}

TEST_F(DamagedExpertPack, EveryChangedBitOfTheHeader_IsFound) {
  pack_tiny();
  const std::string bytes = slurp(path_);
  for (std::size_t at = 0; at < first(); at += at < 32 ? 1 : 97) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    spew(path_, changed);
    EXPECT_FALSE(read_expert_pack(path_).ok()) << at;
  }
}

TEST_F(DamagedExpertPack, AChangedByteOfABlock_IsFoundByBankAndNumber) {
  pack_tiny();
  const std::string bytes = slurp(path_);
  const auto begin = static_cast<std::size_t>(pack_.offset(1, 5).count());
  const auto used = static_cast<std::size_t>(pack_.expert_bytes.count());
  for (const std::size_t at : {std::size_t{0}, used / 2, used - 1}) {
    std::string changed = bytes;
    changed[begin + at] = static_cast<char>(changed[begin + at] ^ 1);
    spew(path_, changed);
    EXPECT_THAT(message(verify_expert_pack(path_, pack_)),
                AllOf(HasSubstr("a.experts: bank 1, expert 5: expected a block with the checksum "),
                      HasSubstr(pack_checksum_text(pack_.checksums[13]))));
  }
}

TEST_F(DamagedExpertPack, BytesBehindAnExpert_AreZero) {
  if (!supports(Precision::int8)) GTEST_SKIP() << "only the scales of int8 leave a block unfilled";
  pack_tiny(Precision::int8);
  ASSERT_LT(pack_.expert_bytes, pack_.stride);
  std::string bytes = slurp(path_);
  bytes.back() = 1;
  spew(path_, bytes);
  EXPECT_THAT(message(verify_expert_pack(path_, pack_)),
              HasSubstr("bank 1, expert 7: expected zeros behind the expert's bytes"));
}

TEST_F(DamagedExpertPack, AHeaderThatContradictsItself_IsRefused) {
  struct Case {
    const char* name;
    std::function<void(Json&)> change;
    const char* error;
  };
  const std::vector<Case> cases = {
      {"none missing", [](Json& h) { h.erase("banks"); }, "header: banks: expected it, found nothing"},
      {"a text for a number", [](Json& h) { h["banks"] = "2"; }, "header: banks: expected a whole number"},
      {"zero", [](Json& h) { h["experts"] = 0; }, "header: experts: expected a whole number"},
      {"negative", [](Json& h) { h["stride"] = -4096; }, "header: stride: expected a whole number"},
      {"beyond 63 bits", [](Json& h) { h["first"] = 18446744073709551615ULL; }, "header: first: expected"},
      {"layers before none", [](Json& h) { h["dense_layers"] = -1; },
       "header: dense_layers: expected a whole number from 0 to"},
      {"no layers of a bank", [](Json& h) { h["group"] = 0; },
       "header: group: expected a whole number from 1 to"},
      {"none said", [](Json& h) { h.erase("group"); }, "header: group: expected it, found nothing"},
      {"an empty name", [](Json& h) { h["model"] = ""; }, "header: model: expected a text"},
      {"half a block", [](Json& h) { h["stride"] = 2048; }, "header: stride: expected a multiple of 4096"},
      {"another begin", [](Json& h) { h["first"] = 8192000; }, "header: first: expected"},
      {"a short stride", [](Json& h) { h["stride"] = 4096; }, "header: stride: expected at least the"},
      {"a long stride", [](Json& h) { h["stride"] = 4096 * 1000; }, "header: stride: expected a file of"},
      {"products that overflow", [](Json& h) { h["banks"] = h["experts"] = std::int64_t{1} << 62; },
       "header: checksums: expected one for each of"},
      {"a size that overflows", [](Json& h) { h["stride"] = std::int64_t{1} << 62; },
       "header: stride: expected a size that a file can have"},
      {"a checksum too few", [](Json& h) { h["checksums"].erase(0); }, "header: checksums: expected one for"},
      {"a short checksum", [](Json& h) { h["checksums"][3] = "12"; }, "header: checksums: expected 16"},
      {"no digits", [](Json& h) { h["checksums"][3] = "0123456789abcdeG"; },
       "header: checksums: expected 16"},
      {"an unknown key", [](Json& h) { h["x"] = 1; }, "header: expected no other key, found \"x\""},
      {"no object", [](Json& h) { h = Json::array(); }, "header: expected a JSON object"},
  };
  pack_tiny();
  const std::string bytes = slurp(path_);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    spew(path_, bytes);
    replace_header(c.change);
    EXPECT_THAT(read_error(), AllOf(HasSubstr("a.experts: header"), HasSubstr(c.error)));
  }
  spew(path_, bytes);
  replace_header([](Json& h) { h["model"] = "other"; });
  EXPECT_EQ(read_expert_pack(path_)->model, "other") << "else nothing above says what it means to";
}

}  // namespace
}  // namespace pregate
