// SPDX-License-Identifier: Apache-2.0
// The container of .route and .run files: one gzip member of length-delimited records (a varint, then so many
// bytes), the first record being a magic word. What the records mean is the business of route_file and
// run_file.
//
//   auto out = RecordWriter::create("a.run", "pregate.run");   auto in = RecordReader::open("a.run",
//   "pregate.run"); out->write(header); ...; out->finish();                    in->next(); ...;
//   in->expect_end();
//
// Writing goes to a temporary file beside the target, which takes its name only when all is on disk. The gzip
// header is the fixed ten bytes of kGzipHeader (no time, no name): the same records give the same file, and
// as gzip's checksum leaves its header out, a flipped bit there would otherwise pass unseen.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "traces/base/result.hpp"
#include "traces/read_watch.hpp"

namespace pregate {

inline constexpr std::int64_t kMaxRecord = std::int64_t{64} << 20;
inline constexpr std::string_view kGzipHeader{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10};

class RecordWriter {
 public:
  static Result<std::unique_ptr<RecordWriter>> create(const std::string& path, std::string_view magic);
  ~RecordWriter();  // without finish(): the temporary file is removed
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  // After a failure every further call fails the same way.
  Status write(std::string_view record);
  Status finish();
  [[nodiscard]] const std::string& path() const;

 private:
  struct State;
  explicit RecordWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class RecordReader {
 public:
  // Regular files only: a directory, a pipe or a device is an error. The magic word has been read and
  // compared.
  static Result<std::unique_ptr<RecordReader>> open(const std::string& path, std::string_view magic,
                                                    ReadWatch watch = {});
  // `bytes` must outlive the reader; `name` stands for the file in errors.
  static Result<std::unique_ptr<RecordReader>> from_bytes(std::string_view bytes, const std::string& name,
                                                          std::string_view magic);
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  // The next record, alive until the next call. The end of the stream is an error: the formats have an end
  // record.
  Result<std::string_view> next();
  // After the end record: the checksum holds, and nothing follows.
  Status expect_end();
  // Records longer than this are refused before they are read; at most kMaxRecord.
  void limit_records(std::int64_t bytes);
  // "record 5": the one that next() returned last; the magic word is record 0.
  [[nodiscard]] std::string place() const;
  [[nodiscard]] const std::string& name() const;

 private:
  struct State;
  explicit RecordReader(std::unique_ptr<State> state);
  static Result<std::unique_ptr<RecordReader>> start(std::unique_ptr<RecordReader> reader,
                                                     std::string_view magic);
  std::unique_ptr<State> state_;
};

// The parts, for tests and fuzzing: a record appended to a plain stream; a plain stream as the file's bytes,
// and back.
void append_record(std::string& plain, std::string_view record);
std::string compress_stream(std::string_view plain);
Result<std::string> decompress_stream(std::string_view bytes, const std::string& name);

}  // namespace pregate
