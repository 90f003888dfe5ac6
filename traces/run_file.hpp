// SPDX-License-Identifier: Apache-2.0
// .run files: one simulated run (run_record.hpp) as gzip, length-delimited protobuf records
// (schema/run.proto). Same promises as .route files; byte-identical for the same run.
#pragma once

#include "traces/read_watch.hpp"
#include "traces/run_record.hpp"

namespace pregate {

Status write_run(const std::string& path, const RunRecord& run);
Result<RunRecord> read_run(const std::string& path, const ReadWatch& watch = {});
Result<RunRecord> read_run_bytes(std::string_view bytes, const std::string& name);

}  // namespace pregate
