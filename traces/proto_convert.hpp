// SPDX-License-Identifier: Apache-2.0
// The one door between our vocabulary and the generated protobuf classes of .route and .run files. Included
// by .cpp files of this folder only. Everything that comes from a message is checked here or by the validate
// functions that run afterwards.
#pragma once

#include <string>
#include <string_view>

#include "traces/route_trace.hpp"
#include "traces/run_record.hpp"
#include "traces/schema/common.pb.h"
#include "traces/schema/route.pb.h"
#include "traces/schema/run.pb.h"

namespace pregate::convert {

// A count from a file that must fit our signed 64 (32) bits.
Result<std::int64_t> to_int64(std::uint64_t value, const char* field);
Result<std::int32_t> to_int32(std::uint64_t value, const char* field);
// Text from a file: UTF-8, or an error that names the field.
Result<std::string> to_utf8(std::string_view text, const char* field);
Result<Origin> to_origin(std::string_view word);

void to_proto(const ModelShape& model, schema::ModelShape& out);
Result<ModelShape> from_proto(const schema::ModelShape& message);  // validated

void to_proto(const RouteHeader& header, schema::RouteHeader& out);
Result<RouteHeader> from_proto(const schema::RouteHeader& message);

void to_proto(const RouteStep& step, schema::RouteStep& out);
// Layers in order and complete; the caller runs validate_step.
Result<RouteStep> from_proto(const schema::RouteStep& message, const ModelShape& model);

void to_proto(const RunSummary& summary, schema::RunSummary& out);
Result<RunSummary> from_proto(const schema::RunSummary& message);

// The fields of a run's header; the numbers of rows are run_file's.
void to_proto(const RunHeader& header, schema::RunHeader& out);
Result<RunHeader> from_proto(const schema::RunHeader& message);

}  // namespace pregate::convert
