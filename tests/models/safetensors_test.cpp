// SPDX-License-Identifier: Apache-2.0
#include "models/safetensors.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>

#include "models/safetensors_files.hpp"
#include "traces/base/random.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using Shape = std::vector<std::int64_t>;

// A fresh folder for one test.
fs::path folder_of(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / ("safetensors_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

void write_raw(const fs::path& path, const std::string& header, const std::string& data,
               std::int64_t lie = 0) {
  const auto length = std::bit_cast<std::array<char, 8>>(static_cast<std::uint64_t>(header.size()) +
                                                         static_cast<std::uint64_t>(lie));
  std::ofstream out(path, std::ios::binary);
  out.write(length.data(), 8);
  out << header << data;
}

std::string refusal(const std::string& json, std::uint64_t data_bytes) {
  const auto entries = parse_safetensors_header(json, data_bytes);
  return entries ? "accepted" : entries.error().message();
}

std::string open_refusal(const fs::path& folder) {
  const auto checkpoint = Checkpoint::open(folder.string());
  return checkpoint ? "accepted" : checkpoint.error().message();
}

std::vector<float> read_all(const TensorView& view) {
  std::vector<float> out(static_cast<std::size_t>(view.elements()));
  to_float(view, 0, view.elements(), out.data());
  return out;
}

TEST(Safetensors, WhatIsWritten_IsReadBack) {
  const fs::path folder = folder_of("round_trip");
  std::vector<float> numbers(6000);
  Random random(7);
  for (float& x : numbers) x = static_cast<float>(random.unit() * 8 - 4);
  const std::vector<TensorToWrite> tensors = {{"exact", TensorType::f32, {60, 100}, numbers},
                                              {"brain", TensorType::bf16, {100, 60}, numbers},
                                              {"empty", TensorType::f32, {0, 5}, {}},
                                              {"half", TensorType::f16, {6000}, numbers},
                                              {"scalar", TensorType::f32, {}, std::span(numbers).first(1)}};
  ASSERT_TRUE(write_safetensors((folder / "model.safetensors").string(), tensors).ok());
  const auto checkpoint = Checkpoint::open(folder.string());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message();
  EXPECT_THAT(checkpoint->names(), ElementsAre("brain", "empty", "exact", "half", "scalar"));
  const auto exact = checkpoint->find("exact", Shape{60, 100});
  ASSERT_TRUE(exact.ok()) << exact.error().message();
  EXPECT_EQ(read_all(*exact), numbers);
  const auto brain = checkpoint->find("brain", Shape{100, 60}), half = checkpoint->find("half", Shape{6000});
  ASSERT_TRUE(brain.ok() && half.ok());
  const std::vector<float> brains = read_all(*brain), halves = read_all(*half);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_LE(std::abs(brains[i] - numbers[i]), std::abs(numbers[i]) / 256);
    EXPECT_LE(std::abs(halves[i] - numbers[i]), std::max(std::abs(numbers[i]) / 2048, 0x1p-25F));
  }
  const auto empty = checkpoint->find("empty", Shape{0, 5});
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->elements(), 0);
  checkpoint->release(*exact);
  EXPECT_EQ(read_all(*exact), numbers) << "released pages are read again";
}

TEST(Safetensors, ToFloat_ReadsAnyRangeAtAnyAddress) {
  std::string bytes(1, 'x');  // odd addresses
  std::vector<float> want;
  for (int i = 0; i < 10'000; ++i) {
    const auto half = static_cast<std::uint16_t>(i);
    bytes.append(reinterpret_cast<const char*>(&half), 2);
    want.push_back(std::bit_cast<float>(std::uint32_t{half} << 16U));
  }
  const TensorView view{
      .type = TensorType::bf16, .shape = {10'000}, .data = std::as_bytes(std::span(bytes)).subspan(1)};
  std::vector<float> got(5000);
  to_float(view, 4999, 5000, got.data());
  EXPECT_TRUE(std::equal(got.begin(), got.end(), want.begin() + 4999));
}

// The definition of binary16 (IEEE 754-2008, 3.4), without tricks.
double half_by_definition(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
  return exponent == 0 ? sign * std::ldexp(mantissa, -24) : sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Safetensors, EveryHalf_IsReadAsDefined) {
  std::vector<std::uint16_t> all(65536);
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  const TensorView view{.type = TensorType::f16, .shape = {65536}, .data = std::as_bytes(std::span(all))};
  const std::vector<float> read = read_all(view);
  std::vector<float> one_by_one(65536);  // the tail of the vectorised loop
  for (std::int64_t i = 0; i < 65536; ++i) to_float(view, i, 1, &one_by_one[static_cast<std::size_t>(i)]);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double want = half_by_definition(all[i]);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(read[i]) && std::isnan(one_by_one[i])) << i;
      continue;
    }
    ASSERT_EQ(double{read[i]}, want) << i;
    ASSERT_EQ(double{one_by_one[i]}, want) << i;
    ASSERT_EQ(to_f16(read[i]), all[i]) << i;
  }
}

TEST(Safetensors, HalvesBetweenNeighbours_AreRoundedToTheNearestEven) {
  for (std::uint16_t bits = 0; bits < 0x7bff; ++bits) {  // to the largest finite one
    const auto low = static_cast<float>(half_by_definition(bits));
    const auto high = static_cast<float>(half_by_definition(static_cast<std::uint16_t>(bits + 1)));
    const float middle = (low + high) / 2;
    const auto next = static_cast<std::uint16_t>(bits + 1);
    ASSERT_EQ(to_f16(middle), bits % 2 == 0 ? bits : next) << bits;
    ASSERT_EQ(to_f16(std::nextafter(middle, low)), bits) << bits;
    ASSERT_EQ(to_f16(std::nextafter(middle, high)), next) << bits;
  }
  EXPECT_EQ(to_f16(65519.0F), 0x7bff);
  EXPECT_EQ(to_f16(65520.0F), 0x7c00);
  EXPECT_EQ(to_f16(-1e30F), 0xfc00);
  EXPECT_EQ(to_f16(1e-30F), 0);
  EXPECT_EQ(to_bf16(1.00390625F), 0x3f80) << "a tie, to even";
  EXPECT_EQ(to_bf16(1.01171875F), 0x3f82) << "a tie, to even";
  EXPECT_TRUE(
      std::isnan(std::bit_cast<float>(std::uint32_t{to_bf16(std::bit_cast<float>(0x7f800001U))} << 16U)));
}

struct Lie {
  std::string header;
  std::uint64_t data_bytes;
  std::string says;
};

TEST(Safetensors, AHeaderThatLies_IsNamedPrecisely) {
  const std::vector<Lie> lies = {
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7,
       R"(tensor "a": data_offsets: expected offsets within the 7 bytes of data, found [0, 8])"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8,
       "expected a begin before the end, found [8, 0]"},
      {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8,
       "expected 12 bytes, as F32 [3] takes, found 8 bytes"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
       6,
       R"(tensor "b": data_offsets: expected to begin at byte 4, where "a" ends, found an overlap, from byte 2)"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "found a hole up to byte 4"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8,
       "expected tensors that fill the 8 bytes of data, found tensors up to byte 4"},
      {R"({"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4]}})", 4,
       "shape: expected a shape whose size fits 63 bits, found [1152921504606846976]"},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
       "shape: expected a shape whose size fits 63 bits"},
      {R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}})", 4,
       "shape: expected integers of at least 0"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4,
       "shape: expected integers of at least 0 and below 2^63, found -1"},
      {R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4,
       "shape: expected integers of at least 0 and below 2^63, found 1.5"},
      {R"({"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", 4,
       R"(tensor "a": dtype: expected a type of the format, as F32, F16 or BF16, found "F33")"},
      {R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, "dtype: expected the name of a type, found nothing"},
      {R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4,
       "shape: expected an array of integers, found nothing"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,2,4]}})", 4,
       "data_offsets: expected two offsets, found 3"},
      {R"({"a":7})", 4, R"(tensor "a": expected an object, found 7)"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       8, R"(expected each key once, found "a" twice)"},
      {R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", 4, "expected JSON of at most 3 levels"},
      {R"({"a":)", 4, "header: byte"},
      {"", 0, "header: byte"},
  };
  for (const Lie& lie : lies)
    EXPECT_THAT(refusal(lie.header, lie.data_bytes), HasSubstr(lie.says)) << lie.header;
}

TEST(Safetensors, MetadataAndEmptyTensors_AreNoLies) {
  const auto entries = parse_safetensors_header(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[0,1152921504606846976],"data_offsets":[4,4]},)"
      R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"i":{"dtype":"I64","shape":[1],"data_offsets":[4,12]}})",
      12);
  ASSERT_TRUE(entries.ok()) << entries.error().message();
  ASSERT_EQ(entries->size(), 2U) << "the integers are left out";
  EXPECT_EQ(entries->at(0).name, "b");
  EXPECT_EQ(entries->at(1).end, 4U);
  EXPECT_TRUE(parse_safetensors_header("{}", 0).ok());
}

TEST(Safetensors, AFileThatIsCutOrNone_IsRefused) {
  const fs::path folder = folder_of("cut");
  EXPECT_THAT(open_refusal(folder),
              HasSubstr("expected model.safetensors or model.safetensors.index.json, found neither"));
  EXPECT_THAT(open_refusal(folder / "none"),
              HasSubstr("expected the folder of a checkpoint, found no such folder"));
  const fs::path file = folder / "model.safetensors";
  EXPECT_THAT((std::ofstream(file) << "seven!!", open_refusal(folder)),
              HasSubstr("expected a safetensors file"));
  const std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  write_raw(file, header, "1234");
  EXPECT_THAT(open_refusal(folder), HasSubstr("expected offsets within the 4 bytes of data"));
  write_raw(file, header, "12345678", 1'000'000);
  EXPECT_THAT(open_refusal(folder),
              HasSubstr("header length: expected a header of at most 62 bytes, found 1000054"));
  write_raw(file, header, "12345678", -1);
  EXPECT_THAT(open_refusal(folder), HasSubstr("model.safetensors: header: byte"));
  write_raw(file, header, "12345678");
  EXPECT_EQ(open_refusal(folder), "accepted");
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_THAT(open_refusal(folder), HasSubstr("expected a regular file, found a directory"));
}

TEST(Safetensors, Find_NamesTensorFileAndShape) {
  const fs::path folder = folder_of("find");
  write_raw(
      folder / "model.safetensors",
      R"({"a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},"ids":{"dtype":"I64","shape":[1],"data_offsets":[4,12]}})",
      "123456789012");
  const auto checkpoint = Checkpoint::open(folder.string());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message();
  EXPECT_TRUE(checkpoint->contains("ids"));
  EXPECT_FALSE(checkpoint->contains("b"));
  const auto message = [&](const char* name, const Shape& shape) {
    const auto found = checkpoint->find(name, shape);
    return found ? std::string("found") : found.error().message();
  };
  EXPECT_EQ(message("a", {2, 1}), "found");
  EXPECT_THAT(message("a", {1, 2}),
              HasSubstr(R"(model.safetensors: tensor "a": expected shape [1, 2], found [2, 1])"));
  EXPECT_THAT(message("a", {2}), HasSubstr("expected shape [2], found [2, 1]"));
  EXPECT_THAT(message("b", {4}),
              HasSubstr(R"(tensor "b": expected it with shape [4], found no such tensor)"));
  EXPECT_THAT(message("ids", {1}), HasSubstr(R"(tensor "ids": expected F32, F16 or BF16, found I64)"));
}

class Sharded : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = folder_of(testing::UnitTest::GetInstance()->current_test_info()->name());
    put("one.safetensors", "a", one_);
    put("two.safetensors", "b", two_);
    index(R"({"metadata":{"total_size":8},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})");
  }
  void put(const char* file, const char* name, const std::vector<float>& values) const {
    const TensorToWrite tensor{name, TensorType::f32, {1}, values};
    ASSERT_TRUE(write_safetensors((folder_ / file).string(), std::span(&tensor, 1)).ok());
  }
  void index(const std::string& text) const {
    std::ofstream(folder_ / "model.safetensors.index.json") << text;
  }

  fs::path folder_;
  std::vector<float> one_ = {1}, two_ = {2};
};

TEST_F(Sharded, ShardsOfAnIndex_AreOneCheckpoint) {
  const auto checkpoint = Checkpoint::open(folder_.string());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message();
  EXPECT_THAT(checkpoint->names(), ElementsAre("a", "b"));
  const auto b = checkpoint->find("b", Shape{1});
  ASSERT_TRUE(b.ok());
  EXPECT_THAT(read_all(*b), ElementsAre(2.0F));
}

TEST_F(Sharded, AnIndexThatDisagrees_IsRefused) {
  fs::remove(folder_ / "two.safetensors");
  EXPECT_THAT(
      open_refusal(folder_),
      HasSubstr(R"(weight_map: expected shard two.safetensors, which holds tensor "b", found no such file)"));
  put("two.safetensors", "c", two_);
  EXPECT_THAT(open_refusal(folder_),
              HasSubstr(R"(weight_map: expected tensor "b" in two.safetensors, found none)"));
  put("two.safetensors", "a", two_);
  EXPECT_THAT(open_refusal(folder_),
              HasSubstr(R"(two.safetensors: tensor "a": expected each tensor in one shard)"));
  index(R"({"weight_map":{"a":"one.safetensors","b":"one.safetensors"}})");
  EXPECT_THAT(open_refusal(folder_), HasSubstr(R"(expected tensor "b" in one.safetensors, found none)"));
  index(R"({"weight_map":{"a":"../one.safetensors"}})");
  EXPECT_THAT(open_refusal(folder_), HasSubstr("expected the name of a file in the folder"));
  index(R"({"weight_map":{"a":7}})");
  EXPECT_THAT(open_refusal(folder_), HasSubstr("expected the name of a file in the folder, found 7"));
  index("{}");
  EXPECT_THAT(open_refusal(folder_),
              HasSubstr("weight_map: expected an object of tensor names and files, found nothing"));
  index(R"({"weight_map":{}})");
  EXPECT_THAT(open_refusal(folder_), HasSubstr("weight_map: expected at least one tensor, found none"));
}

TEST_F(Sharded, ATensorThatTheIndexForgets_IsRefused) {
  const std::vector<TensorToWrite> tensors = {{"b", TensorType::f32, {1}, two_},
                                              {"extra", TensorType::f32, {1}, two_}};
  ASSERT_TRUE(write_safetensors((folder_ / "two.safetensors").string(), tensors).ok());
  EXPECT_THAT(open_refusal(folder_),
              HasSubstr(R"(weight_map: expected every tensor of the shards, found none of "extra")"));
}

TEST(Safetensors, AWriteThatCannotBe_LeavesTheOldFile) {
  const fs::path folder = folder_of("old_file");
  const std::string path = (folder / "model.safetensors").string();
  const std::vector<float> values = {1, 2};
  const TensorToWrite good{"a", TensorType::f32, {2}, values}, bad{"a", TensorType::f32, {3}, values};
  ASSERT_TRUE(write_safetensors(path, std::span(&good, 1)).ok());
  const Status written = write_safetensors(path, std::span(&bad, 1));
  ASSERT_FALSE(written.ok());
  EXPECT_THAT(written.error().message(),
              HasSubstr(R"(tensor "a": expected 3 numbers, as [3] holds, found 2)"));
  EXPECT_EQ(open_refusal(folder), "accepted");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1)
      << "no temporary file is left";
}

}  // namespace
}  // namespace pregate
