// SPDX-License-Identifier: Apache-2.0
#include "models/npy.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace pregate {
namespace {

namespace fs = std::filesystem;

std::string bytes_of_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Npy, RowsInBlocks_AreOneMatrixOfTheFormat) {
  const fs::path path = fs::path(testing::TempDir()) / "npy_rows_in_blocks.npy";
  auto writer = NpyWriter::create(path.string(), {.rows = 3, .columns = 2});
  ASSERT_TRUE(writer.ok()) << writer.error().message();
  const std::vector<float> rows = {0, 1, 2, 3, 4, 5.5F};
  ASSERT_TRUE(writer->write_rows(std::span(rows).first(2)).ok());
  ASSERT_TRUE(writer->write_rows(std::span(rows).subspan(2)).ok());
  ASSERT_TRUE(writer->finish().ok());

  const std::string bytes = bytes_of_file(path);
  ASSERT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t length =
      static_cast<unsigned char>(bytes[8]) + 256U * static_cast<unsigned char>(bytes[9]);
  EXPECT_EQ((10 + length) % 64, 0U);
  const std::string text = bytes.substr(10, length);
  EXPECT_THAT(text, testing::StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"));
  EXPECT_EQ(text.back(), '\n');
  ASSERT_EQ(bytes.size(), 10 + length + sizeof(float) * rows.size());
  std::vector<float> read(rows.size());
  std::memcpy(read.data(), bytes.data() + 10 + length, sizeof(float) * read.size());
  EXPECT_EQ(read, rows);
}

TEST(Npy, AMatrixThatIsNotFinished_LeavesNoFile) {
  const fs::path folder = fs::path(testing::TempDir()) / "npy_not_finished";
  fs::remove_all(folder);
  fs::create_directories(folder);
  {
    auto writer = NpyWriter::create((folder / "m.npy").string(), {.rows = 2, .columns = 2});
    ASSERT_TRUE(writer.ok());
    const std::vector<float> row = {1, 2};
    ASSERT_TRUE(writer->write_rows(row).ok());
  }
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST(Npy, AMatrixThatIsNotWhole_IsNotFinished) {
  const std::string path = (fs::path(testing::TempDir()) / "npy_not_whole.npy").string();
  auto writer = NpyWriter::create(path, {.rows = 2, .columns = 2});
  ASSERT_TRUE(writer.ok());
  EXPECT_DEATH((void)writer->finish(), "all announced rows are written");
  const std::vector<float> part = {1};
  EXPECT_DEATH((void)writer->write_rows(part), "whole rows");
}

}  // namespace
}  // namespace pregate
