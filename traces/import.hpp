// SPDX-License-Identifier: Apache-2.0
// Importers: foreign routing traces to RouteTrace. All input is untrusted: reject with file, line, column,
// expected and found; never repair.
#pragma once

#include <istream>
#include <optional>
#include <string>

#include "traces/read_watch.hpp"
#include "traces/route_trace.hpp"

namespace pregate {

struct ImportOptions {
  // Costs (MACs, KV, head) from a known model; bytes per expert stay the trace's own where it has them.
  std::optional<ModelShape> model;
  std::string provenance;
};

// `route_trace v1` CSV (design.md section 8): '#' preamble with the model and per-layer bytes (a layer of 0
// expert bytes is dense), columns by name, unknown ones ignored. All prompt tokens of a turn become one
// prefill step; each later position one decode step. Each token has exactly n_expert_used rows; those with
// dropped=1 are counted and left out. If one weight is unknown (nan), all weights of the trace are left out.
// Lines end in LF or CRLF; the last one may have no end.
Result<RouteTrace> import_route_csv(std::istream& in, const std::string& name,
                                    const ImportOptions& options = {});

// JSON Lines, one object a (step, layer, token), unknown keys ignored:
//   {"step":0,"phase":"prefill","token":0,"layer":1,"experts":[3,9],"weights":[0.6,0.4],"turn":0}
// Steps are numbered one by one or by position, tokens within the step or by position; weights (null:
// unknown), turn and a decode step's token may be left out. The shape comes from options.model, or from a
// first line
//   {"model":"name","layers":48,"experts":128,"top_k":8,"expert_bytes":3059712,"dense_bytes":11953152}
// whose bytes may also be arrays with a number a layer.
Result<RouteTrace> import_jsonl(std::istream& in, const std::string& name, const ImportOptions& options = {});

// Opens a regular file (a directory or a pipe is an error) and picks the importer by content: gzip magic ->
// .route, '#' -> CSV, '{' -> JSON Lines.
Result<RouteTrace> load_trace(const std::string& path, const ImportOptions& options = {},
                              const ReadWatch& watch = {});

}  // namespace pregate
