// SPDX-License-Identifier: Apache-2.0
#include "traces/run_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <tuple>

#include "traces/proto_convert.hpp"
#include "traces/read_ahead.hpp"
#include "traces/record_stream.hpp"
#include "traces/run_columns.hpp"

namespace pregate {
namespace {

constexpr std::string_view kMagic = "pregate.run";
constexpr std::uint32_t kVersion = 2;
// A chunk is small enough to be unpacked at once: 15 columns of at most ten bytes a value.
constexpr std::size_t kChunkRows = 16'384;
constexpr std::int64_t kMaxRunRecord = std::int64_t{4} << 20;
// Of all tables in memory: gzip packs a thousand to one, so the file's size says nothing.
constexpr std::int64_t kMaxRunMemory = std::int64_t{4} << 30;

using Message = schema::RunMessage;

// A table: where its rows live, and which field of a RunMessage holds a chunk of them.
template <typename R, typename C>
struct Table {
  using Row = R;
  using Chunk = C;
  const char* name;
  std::vector<Row> RunRecord::*rows;
  Message::RecordCase field;
  Chunk* (Message::*chunk)();
};

constexpr auto kTables =
    std::tuple(Table<StepRecord, schema::StepChunk>{"steps", &RunRecord::steps, Message::kSteps,
                                                    &Message::mutable_steps},
               Table<EventRecord, schema::EventChunk>{"events", &RunRecord::events, Message::kEvents,
                                                      &Message::mutable_events},
               Table<LookupRecord, schema::LookupChunk>{"lookups", &RunRecord::lookups, Message::kLookups,
                                                        &Message::mutable_lookups},
               Table<OperatorRecord, schema::OperatorChunk>{"operators", &RunRecord::operators,
                                                            Message::kOperators, &Message::mutable_operators},
               Table<ManagementRecord, schema::ManagementChunk>{
                   "management", &RunRecord::management, Message::kManagement, &Message::mutable_management},
               Table<StallRecord, schema::StallChunk>{"stalls", &RunRecord::stalls, Message::kStalls,
                                                      &Message::mutable_stalls},
               Table<LoadRecord, schema::LoadChunk>{"loads", &RunRecord::loads, Message::kLoads,
                                                    &Message::mutable_loads},
               Table<EvictionRecord, schema::EvictionChunk>{"evictions", &RunRecord::evictions,
                                                            Message::kEvictions, &Message::mutable_evictions},
               Table<CounterRecord, schema::CounterChunk>{"counters", &RunRecord::counters,
                                                          Message::kCounters, &Message::mutable_counters},
               Table<MeasuredRecord, schema::MeasuredChunk>{"measured", &RunRecord::measured,
                                                            Message::kMeasured, &Message::mutable_measured});
constexpr int kTableCount = std::tuple_size_v<decltype(kTables)>;

// Calls `visit(table)` for each table in order until one fails.
template <typename Visit>
Status for_each_table(Visit visit) {
  Status status;
  std::apply([&](const auto&... table) { (void)((status = visit(table)).ok() && ...); }, kTables);
  return status;
}

// ---- writing ----

Status put(RecordWriter& out, const Message& message) {
  const std::size_t size = message.ByteSizeLong();
  if (size <= static_cast<std::size_t>(kMaxRunRecord)) return out.write(message.SerializeAsString());
  return run_failed(out.path(), fmt::format("records of at most {} bytes", kMaxRunRecord),
                    fmt::format("one of {} bytes", size));
}

Status put_header(RecordWriter& out, const RunRecord& run) {
  Message message;
  schema::RunHeader& header = *message.mutable_header();
  header.set_version(kVersion);
  convert::to_proto(run.header, header);
  convert::to_proto(run.model, *header.mutable_model());
  if (const Status rows = for_each_table([&](const auto& table) {
        header.add_rows((run.*table.rows).size());
        return Status();
      });
      !rows) {
    return rows;
  }
  // What the reader would refuse is not written.
  if (const auto text = convert::from_proto(header); !text) return text.error().at(out.path(), "header");
  return put(out, message);
}

template <typename Table>
Status put_table(RecordWriter& out, const Table& table, const RunRecord& run) {
  const std::span<const typename Table::Row> rows(run.*table.rows);
  for (std::size_t first = 0; first < rows.size(); first += kChunkRows) {
    const auto part = rows.subspan(first, std::min(kChunkRows, rows.size() - first));
    Message message;
    auto& chunk = *(message.*table.chunk)();
    chunk.set_rows(static_cast<std::uint32_t>(part.size()));
    columns::ColumnWriter<typename Table::Row> io(part);
    columns::describe(io, chunk);
    if (const Status written = put(out, message); !written) return written;
  }
  return {};
}

Status put_tail(RecordWriter& out, const RunRecord& run) {
  Message summary;
  convert::to_proto(run.summary, *summary.mutable_summary());
  if (const Status written = put(out, summary); !written) return written;
  std::uint64_t rows = 0;
  const Status counted = for_each_table([&](const auto& table) {
    rows += (run.*table.rows).size();
    return Status();
  });
  if (!counted) return counted;
  Message end;
  end.mutable_end()->set_rows(rows);
  return put(out, end);
}

// ---- reading ----

// Whether a record is the end of a run, by its tag: nothing is to be read behind it.
bool is_end(std::string_view record) {
  constexpr auto kTag = static_cast<char>(Message::kEnd << 3 | 2);
  static_assert(Message::kEnd < 16, "a tag of one byte");
  return !record.empty() && record.front() == kTag;
}

class RunParser {
 public:
  explicit RunParser(std::unique_ptr<RecordReader> in) : in_(std::move(in)) {}
  // Unpacks in a thread of its own while this one decodes.
  void read_ahead() { ahead_.emplace(*in_, is_end); }

  Result<RunRecord> parse();

 private:
  [[nodiscard]] Error locate(const Error& error) const {
    return error.at(in_->name(), ahead_ ? ahead_->place() : in_->place());
  }
  Result<Message> next();
  Status take_header(const schema::RunHeader& header);
  Status take_row_counts(const schema::RunHeader& header);
  Status take_chunk(Message& message);
  template <typename Table>
  Status take_rows(const Table& table, Message& message);
  Status take_summary(const schema::RunSummary& summary);
  Status take_end(const schema::RunEnd& end);

  std::unique_ptr<RecordReader> in_;
  std::optional<ReadAhead> ahead_;
  RunRecord run_;
  std::array<std::uint64_t, kTableCount> promised_{};
};

Result<Message> RunParser::next() {
  const auto bytes = ahead_ ? ahead_->next() : in_->next();
  if (!bytes) return bytes.error();
  Message message;
  if (!message.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return locate(bad_input("a record of a run", "something else"));
  }
  return message;
}

Status RunParser::take_row_counts(const schema::RunHeader& header) {
  if (header.rows_size() != kTableCount) {
    return bad_input(fmt::format("the rows of {} tables", kTableCount),
                     fmt::format("{}", header.rows_size()));
  }
  Int128 memory = 0;
  std::size_t index = 0;
  const Status counted = for_each_table([&]<typename Table>(const Table&) {
    promised_[index] = header.rows(static_cast<int>(index));
    memory += Int128{promised_[index++]} * sizeof(typename Table::Row);
    return Status();
  });
  if (!counted) return counted;
  if (memory <= kMaxRunMemory) return {};
  return bad_input(fmt::format("tables of at most {} in memory", to_text(Bytes(kMaxRunMemory))),
                   "larger ones");
}

Status RunParser::take_header(const schema::RunHeader& header) {
  if (header.version() != kVersion) {
    return bad_input(fmt::format("version {}", kVersion), fmt::format("version {}", header.version()));
  }
  auto texts = convert::from_proto(header);
  if (!texts) return texts.error();
  auto model = convert::from_proto(header.model());
  if (!model) return model.error();
  run_.header = std::move(*texts);
  run_.model = std::move(*model);
  return take_row_counts(header);
}

template <typename Table>
Status RunParser::take_rows(const Table& table, Message& message) {
  auto& rows = run_.*table.rows;
  auto& chunk = *(message.*table.chunk)();
  const std::uint64_t promised = promised_[static_cast<std::size_t>(table.field - Message::kSteps)];
  const std::size_t most = std::min<std::uint64_t>(kChunkRows, promised - rows.size());
  if (chunk.rows() < 1 || chunk.rows() > most) {
    return bad_input(fmt::format("1 to {} rows", most), fmt::format("{}", chunk.rows()), table.name);
  }
  const std::size_t first = rows.size();
  rows.resize(first + chunk.rows());
  columns::ColumnReader<typename Table::Row> io(std::span<typename Table::Row>(rows).subspan(first));
  columns::describe(io, chunk);
  if (!io.status()) return io.status().error().at({}, table.name);
  return {};
}

Status RunParser::take_chunk(Message& message) {
  return for_each_table([&](const auto& table) {
    return message.record_case() == table.field ? take_rows(table, message) : Status();
  });
}

Status RunParser::take_summary(const schema::RunSummary& message) {
  auto summary = convert::from_proto(message);
  if (!summary) return summary.error().at({}, "summary");
  run_.summary = std::move(*summary);
  return {};
}

Status RunParser::take_end(const schema::RunEnd& end) {
  std::uint64_t total = 0;
  std::size_t index = 0;
  const Status complete = for_each_table([&](const auto& table) -> Status {
    const std::uint64_t rows = (run_.*table.rows).size();
    total += rows;
    const std::uint64_t promised = promised_[index++];
    if (rows == promised) return {};
    return bad_input(fmt::format("{} rows, as the header counts", promised), fmt::format("{}", rows),
                     table.name);
  });
  if (!complete) return complete;
  if (end.rows() == total) return {};
  return bad_input(fmt::format("{} rows in the end record", total), fmt::format("{}", end.rows()));
}

Result<RunRecord> RunParser::parse() {
  int stage = 0;  // the field of the record before: records come in the order of RunMessage
  while (stage != Message::kEnd) {
    auto message = next();
    if (!message) return message.error();
    const int field = message->record_case();
    const bool repeatable = field >= Message::kSteps && field <= Message::kMeasured;
    const bool in_order =
        stage == 0 ? field == Message::kHeader : (field > stage || (field == stage && repeatable));
    if (!in_order || (field == Message::kEnd && stage != Message::kSummary)) {
      return locate(bad_input("header, tables in order, summary, end",
                              fmt::format("record kind {} after {}", field, stage)));
    }
    stage = field;
    Status taken;
    if (field == Message::kHeader) taken = take_header(message->header());
    if (repeatable) taken = take_chunk(*message);
    if (field == Message::kSummary) taken = take_summary(message->summary());
    if (field == Message::kEnd) taken = take_end(message->end());
    if (!taken) return locate(taken.error());
  }
  if (const Status last = ahead_ ? ahead_->finish() : Status(); !last) return locate(last.error());
  if (const Status ended = in_->expect_end(); !ended) return ended.error();
  if (const Status valid = validate_run(run_); !valid) return valid.error().at(in_->name());
  return std::move(run_);
}

Result<RunRecord> parse_run(Result<std::unique_ptr<RecordReader>> in, bool ahead) {
  if (!in) return in.error();
  (*in)->limit_records(kMaxRunRecord);
  RunParser parser(std::move(*in));
  if (ahead) parser.read_ahead();
  return parser.parse();
}

}  // namespace

Status write_run(const std::string& path, const RunRecord& run) {
  Status valid = run.model.validate();
  if (valid) valid = validate_run(run);
  if (!valid) return valid.error().at(path);
  auto out = RecordWriter::create(path, kMagic);
  if (!out) return out.error();
  RecordWriter& writer = **out;
  if (const Status header = put_header(writer, run); !header) return header;
  const Status tables = for_each_table([&](const auto& table) { return put_table(writer, table, run); });
  if (!tables) return tables;
  if (const Status tail = put_tail(writer, run); !tail) return tail;
  return writer.finish();
}

Result<RunRecord> read_run(const std::string& path, const ReadWatch& watch) {
  return parse_run(RecordReader::open(path, kMagic, watch), true);
}

Result<RunRecord> read_run_bytes(std::string_view bytes, const std::string& name) {
  return parse_run(RecordReader::from_bytes(bytes, name, kMagic), false);
}

}  // namespace pregate
