// SPDX-License-Identifier: Apache-2.0
// .route files: gzip, length-delimited protobuf records (schema/route.proto), readable as a stream in bounded
// memory. The writer works on a temporary file beside the target and renames it when everything is on disk:
// no half file under the final name. The reader rejects truncation, bit flips, foreign files, and records
// beyond kMaxRecord.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "traces/read_watch.hpp"
#include "traces/route_trace.hpp"

namespace pregate {

class RecordReader;  // record_stream.hpp

class RouteWriter {
 public:
  static Result<std::unique_ptr<RouteWriter>> create(const std::string& path, const RouteHeader& header);
  ~RouteWriter();  // without finish(): the temporary file is removed
  Status write(const RouteStep& step);
  Status finish();

 private:
  struct State;
  explicit RouteWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class RouteReader {
 public:
  static Result<std::unique_ptr<RouteReader>> open(const std::string& path, ReadWatch watch = {});
  // `bytes` must outlive the reader; `name` stands for the file in errors.
  static Result<std::unique_ptr<RouteReader>> from_bytes(std::string_view bytes, const std::string& name);
  ~RouteReader();
  [[nodiscard]] const RouteHeader& header() const;
  // The next step, validated; nothing after the last one. A file that ends before its end record is an error.
  Result<std::optional<RouteStep>> next();

 private:
  struct State;
  explicit RouteReader(std::unique_ptr<State> state);
  static Result<std::unique_ptr<RouteReader>> start(Result<std::unique_ptr<RecordReader>> in);
  std::unique_ptr<State> state_;
};

Status write_route(const std::string& path, const RouteTrace& trace);
Result<RouteTrace> read_route(const std::string& path, const ReadWatch& watch = {});
// The same from memory; `name` stands for the file in errors. For fuzzing and embedded traces.
Result<RouteTrace> read_route_bytes(std::string_view bytes, const std::string& name);

}  // namespace pregate
