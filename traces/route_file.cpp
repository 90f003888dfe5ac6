// SPDX-License-Identifier: Apache-2.0
#include "traces/route_file.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "traces/input_text.hpp"
#include "traces/proto_convert.hpp"
#include "traces/record_stream.hpp"

namespace pregate {
namespace {

constexpr std::string_view kMagic = "pregate.route";
constexpr std::uint32_t kVersion = 1;
constexpr std::int64_t kMaxHeader = std::int64_t{4} << 20;
// Of a trace that is read whole: gzip packs a thousand to one, so the file's size says nothing.
constexpr std::int64_t kMaxTraceMemory = std::int64_t{4} << 30;

// What a step leaves behind for the check of its successor.
RouteStep without_choices(const RouteStep& step) {
  RouteStep rest;
  rest.turn = step.turn;
  rest.phase = step.phase;
  rest.position = step.position;
  rest.tokens = step.tokens;
  return rest;
}

std::int64_t memory_of(const RouteStep& step) {
  const auto size = [](const auto& column) {
    return static_cast<std::int64_t>(column.size() * sizeof(column[0]));
  };
  return static_cast<std::int64_t>(sizeof(RouteStep)) + size(step.offset) + size(step.experts) +
         size(step.weights) + size(step.layer_tokens) + size(step.measured) + size(step.norms);
}

constexpr std::int64_t kMostMeasured = 3 * 4096 + 1;

// Counts the layers of a step record on the wire; -1: more measured operators than any model has. An empty
// layer takes two bytes there and a hundred in memory, so they are counted before they are built. Anything
// malformed ends the count: the parser will say so.
std::int64_t count_layers(std::string_view record) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(record.data()),
                                            static_cast<int>(record.size()));
  const std::uint32_t step_tag = WireFormatLite::MakeTag(schema::RouteRecord::kStepFieldNumber,
                                                         WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  const std::uint32_t layer_tag = WireFormatLite::MakeTag(schema::RouteStep::kLayersFieldNumber,
                                                          WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  const std::uint32_t measured_tag = WireFormatLite::MakeTag(schema::RouteStep::kMeasuredFieldNumber,
                                                             WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  std::int64_t layers = 0, measured = 0;
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag == step_tag) {
      std::uint32_t length = 0;  // the step's fields follow; they are walked as if they stood here
      if (!in.ReadVarint32(&length)) return layers;
      continue;
    }
    layers += tag == layer_tag ? 1 : 0;
    // A layer has three operators at most, and a step ends with one more.
    measured += tag == measured_tag ? 1 : 0;
    if (measured > kMostMeasured) return -1;
    if (!WireFormatLite::SkipField(&in, tag)) return layers;
  }
  return layers;
}

}  // namespace

struct RouteWriter::State {
  std::unique_ptr<RecordWriter> out;
  ModelShape model;
  std::optional<RouteStep> previous;
  std::uint64_t steps = 0, choices = 0;

  Status put(const schema::RouteRecord& record) {
    if (record.ByteSizeLong() <= static_cast<std::size_t>(kMaxRecord))
      return out->write(record.SerializeAsString());
    return run_failed(out->path(), fmt::format("records of at most {} bytes", kMaxRecord),
                      fmt::format("{} bytes for step {}", record.ByteSizeLong(), steps));
  }
};

RouteWriter::RouteWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
RouteWriter::~RouteWriter() = default;

Result<std::unique_ptr<RouteWriter>> RouteWriter::create(const std::string& path, const RouteHeader& header) {
  if (const Status valid = header.model.validate(); !valid) return valid.error().at(path, "model");
  schema::RouteRecord record;
  record.mutable_header()->set_version(kVersion);
  convert::to_proto(header, *record.mutable_header());
  // What the reader would refuse is not written.
  if (const auto readable = convert::from_proto(record.header()); !readable)
    return readable.error().at(path, "header");
  if (record.ByteSizeLong() > static_cast<std::size_t>(kMaxHeader)) {
    return bad_input(fmt::format("a header of at most {} bytes", kMaxHeader),
                     fmt::format("{} bytes", record.ByteSizeLong()))
        .at(path);
  }
  auto out = RecordWriter::create(path, kMagic);
  if (!out) return out.error();
  auto state = std::make_unique<State>();
  state->out = std::move(*out);
  state->model = header.model;
  if (const Status written = state->put(record); !written) return written.error();
  return std::unique_ptr<RouteWriter>(new RouteWriter(std::move(state)));
}

Status RouteWriter::write(const RouteStep& step) {
  Status fits = validate_step(step, state_->model);
  if (fits && state_->previous) fits = validate_order(*state_->previous, step);
  if (!fits) return fits.error().at(state_->out->path(), fmt::format("step {}", state_->steps));
  schema::RouteRecord record;
  convert::to_proto(step, *record.mutable_step());
  if (const Status written = state_->put(record); !written) return written;
  state_->previous = without_choices(step);
  ++state_->steps;
  state_->choices += step.experts.size();
  return {};
}

Status RouteWriter::finish() {
  schema::RouteRecord record;
  record.mutable_end()->set_steps(state_->steps);
  record.mutable_end()->set_choices(state_->choices);
  const Status written = state_->put(record);
  return written ? state_->out->finish() : written;
}

struct RouteReader::State {
  std::unique_ptr<RecordReader> in;
  RouteHeader header;
  std::optional<RouteStep> previous;
  std::uint64_t steps = 0, choices = 0;
  bool ended = false;

  [[nodiscard]] Error locate(const Error& error) const {
    return error.at(in->name(), fmt::format("{} (step {})", in->place(), steps));
  }
  Status read_header();
  Result<RouteStep> take_step(const schema::RouteStep& message);
  Status take_end(const schema::RouteEnd& end);
  Result<std::optional<RouteStep>> next();
};

Status RouteReader::State::read_header() {
  in->limit_records(kMaxHeader);
  const auto bytes = in->next();
  if (!bytes) return bytes.error();
  schema::RouteRecord record;
  if (!record.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())) || !record.has_header()) {
    return bad_input("the header of a routing trace", "something else").at(in->name(), in->place());
  }
  if (record.header().version() != kVersion) {
    return bad_input(fmt::format("version {}", kVersion),
                     fmt::format("version {}", record.header().version()))
        .at(in->name(), "header");
  }
  auto taken = convert::from_proto(record.header());
  if (!taken) return taken.error().at(in->name(), "header");
  header = std::move(*taken);
  in->limit_records(kMaxRecord);
  return {};
}

Result<RouteStep> RouteReader::State::take_step(const schema::RouteStep& message) {
  auto step = convert::from_proto(message, header.model);
  if (!step) return locate(step.error());
  Status fits = validate_step(*step, header.model);
  if (fits && previous) fits = validate_order(*previous, *step);
  if (!fits) return locate(fits.error());
  previous = without_choices(*step);
  ++steps;
  choices += step->experts.size();
  return step;
}

Status RouteReader::State::take_end(const schema::RouteEnd& end) {
  if (end.steps() != steps || end.choices() != choices) {
    return bad_input(
               fmt::format("{} steps and {} choices, as the end record counts", end.steps(), end.choices()),
               fmt::format("{} and {}", steps, choices))
        .at(in->name(), in->place());
  }
  ended = true;
  return in->expect_end();
}

Result<std::optional<RouteStep>> RouteReader::State::next() {
  if (ended) return std::optional<RouteStep>();
  const auto bytes = in->next();
  if (!bytes) return bytes.error();
  const auto layers = static_cast<std::int64_t>(header.model.layers.size());
  if (const std::int64_t found = count_layers(*bytes); found < 0) {
    return locate(bad_input(fmt::format("at most {} measured operators", kMostMeasured), "more"));
  } else if (found > layers) {
    return locate(bad_input(fmt::format("{} layers", layers), fmt::format("{}", found)));
  }
  schema::RouteRecord record;
  if (!record.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())) ||
      !(record.has_step() || record.has_end())) {
    return locate(bad_input("a step or the end record", "something else"));
  }
  if (record.has_end()) {
    if (const Status taken = take_end(record.end()); !taken) return taken.error();
    return std::optional<RouteStep>();
  }
  auto step = take_step(record.step());
  if (!step) return step.error();
  return std::optional(std::move(*step));
}

RouteReader::RouteReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
RouteReader::~RouteReader() = default;

Result<std::unique_ptr<RouteReader>> RouteReader::open(const std::string& path, ReadWatch watch) {
  return start(RecordReader::open(path, kMagic, std::move(watch)));
}

Result<std::unique_ptr<RouteReader>> RouteReader::from_bytes(std::string_view bytes,
                                                             const std::string& name) {
  return start(RecordReader::from_bytes(bytes, name, kMagic));
}

Result<std::unique_ptr<RouteReader>> RouteReader::start(Result<std::unique_ptr<RecordReader>> in) {
  if (!in) return in.error();
  auto state = std::make_unique<State>();
  state->in = std::move(*in);
  if (const Status header = state->read_header(); !header) return header.error();
  return std::unique_ptr<RouteReader>(new RouteReader(std::move(state)));
}

const RouteHeader& RouteReader::header() const {
  return state_->header;
}
Result<std::optional<RouteStep>> RouteReader::next() {
  return state_->next();
}

namespace {

Result<RouteTrace> read_all(Result<std::unique_ptr<RouteReader>> reader, const std::string& name) {
  if (!reader) return reader.error();
  RouteTrace trace;
  trace.header = (*reader)->header();
  std::int64_t memory = 0;
  while (true) {
    auto step = (*reader)->next();
    if (!step) return step.error();
    if (!*step) return trace;
    memory += memory_of(**step);
    if (memory > kMaxTraceMemory) {
      return bad_input(fmt::format("a trace of at most {} in memory", to_text(Bytes(kMaxTraceMemory))),
                       "a larger one", fmt::format("step {}", trace.steps.size()))
          .at(name);
    }
    trace.steps.push_back(std::move(**step));
  }
}

}  // namespace

Status write_route(const std::string& path, const RouteTrace& trace) {
  auto writer = RouteWriter::create(path, trace.header);
  if (!writer) return writer.error();
  for (const RouteStep& step : trace.steps) {
    if (const Status written = (*writer)->write(step); !written) return written;
  }
  return (*writer)->finish();
}

Result<RouteTrace> read_route(const std::string& path, const ReadWatch& watch) {
  return read_all(RouteReader::open(path, watch), path);
}

Result<RouteTrace> read_route_bytes(std::string_view bytes, const std::string& name) {
  return read_all(RouteReader::from_bytes(bytes, name), name);
}

}  // namespace pregate
