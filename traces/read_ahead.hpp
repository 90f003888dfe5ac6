// SPDX-License-Identifier: Apache-2.0
// Reads the records of a stream in a thread of its own, a few ahead of who uses them, so that unpacking and
// decoding a large file overlap. The records, their errors and their order are those of the stream. The
// thread ends with the object at the latest.
#pragma once

#include <functional>
#include <memory>

#include "traces/record_stream.hpp"

namespace pregate {

class ReadAhead {
 public:
  // `last` says of a record that nothing is to be read behind it. `in` must outlive the object, and be left
  // alone until the last record has been taken.
  ReadAhead(RecordReader& in, std::function<bool(std::string_view record)> last);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // As RecordReader::next(); the record is alive until the next call.
  Result<std::string_view> next();
  // After the record that the user takes for the last one: nothing follows it, and the stream is free again.
  Status finish();
  // Of the record that next() returned last.
  [[nodiscard]] const std::string& place() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pregate
