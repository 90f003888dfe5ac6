// SPDX-License-Identifier: Apache-2.0
// Lines of CSV into a new file, block by block. Cells are numbers and plain words: nothing is quoted, and a
// cell with a comma, a quote or a line end is a mistake of the caller.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

#include "traces/new_file.hpp"

namespace pregate {

class CsvWriter {
 public:
  static Result<CsvWriter> create(const std::string& path) {
    auto file = NewFile::create(path);
    if (!file) return file.error();
    return CsvWriter(std::move(*file));
  }

  // A line as it is, without its end.
  CsvWriter& line(std::string_view text) {
    text_ += text;
    text_ += '\n';
    return *this;
  }
  // Cells of a line, which end() ends.
  CsvWriter& cell(std::string_view text) {
    check(text.find_first_of(",\"\n\r") == std::string_view::npos, "a cell is a plain word");
    separate();
    text_ += text;
    return *this;
  }
  CsvWriter& cell(std::int64_t value) {
    separate();
    fmt::format_to(std::back_inserter(text_), "{}", value);
    return *this;
  }
  CsvWriter& empty() {
    separate();
    return *this;
  }
  Status end() {
    text_ += '\n';
    first_ = true;
    return text_.size() >= kBlock ? flush() : file_.status();
  }

  Status finish() { return flush(); }
  // Gives the finished file its name.
  Status commit() { return file_.commit(); }

 private:
  static constexpr std::size_t kBlock = 64 * 1024;

  explicit CsvWriter(NewFile file) : file_(std::move(file)) {}
  void separate() {
    if (!first_) text_ += ',';
    first_ = false;
  }
  Status flush() {
    const Status written = file_.write(text_);
    text_.clear();
    return written;
  }

  NewFile file_;
  std::string text_;
  bool first_ = true;
};

}  // namespace pregate
