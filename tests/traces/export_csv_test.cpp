// SPDX-License-Identifier: Apache-2.0
// The tables of a run as CSV, read back cell by cell.
#include "traces/export_csv.hpp"

#include <gmock/gmock.h>

#include <map>

#include "tests/traces/busy_run.hpp"
#include "tests/traces/random_run.hpp"

namespace pregate {
namespace {

using testing::HasSubstr;
using Cells = std::vector<std::string>;

Cells split(const std::string& line) {
  Cells out(1);
  for (const char c : line) {
    if (c == ',') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

struct CsvTable {
  Cells columns;
  std::vector<std::map<std::string, std::string>> rows;
};

CsvTable parse(const std::string& text) {
  std::istringstream in(text);
  CsvTable table;
  std::string line;
  std::getline(in, line);
  table.columns = split(line);
  while (std::getline(in, line)) {
    const Cells cells = split(line);
    EXPECT_EQ(cells.size(), table.columns.size()) << line;
    auto& row = table.rows.emplace_back();
    for (std::size_t i = 0; i < std::min(cells.size(), table.columns.size()); ++i)
      row[table.columns[i]] = cells[i];
  }
  return table;
}

std::map<std::string, CsvTable> exported(const RunRecord& run) {
  const fixtures::TempFolder folder;
  std::vector<CsvFile> files;
  for (const std::string& table : run_table_names())
    files.push_back({.table = table, .path = folder.file(table)});
  const Status written = export_csv(run, files);
  EXPECT_TRUE(written.ok()) << written.error().message();
  std::map<std::string, CsvTable> out;
  for (const CsvFile& file : files) {
    out[file.table] = parse(fixtures::slurp(file.path));
    EXPECT_EQ(static_cast<std::int64_t>(out[file.table].rows.size()), file.rows) << file.table;
  }
  return out;
}

std::string text(std::int64_t value) {
  return std::to_string(value);
}

TEST(ExportCsv, EveryTable_HasTheRowsOfTheRun) {
  for (const RunRecord& run : {fixtures::busy_run(7, 20), fixtures::random_run(7)}) {
    auto tables = exported(run);
    EXPECT_EQ(tables.size(), 10U);
    EXPECT_EQ(tables["steps"].rows.size(), run.steps.size());
    EXPECT_EQ(tables["events"].rows.size(), run.events.size());
    EXPECT_EQ(tables["lookups"].rows.size(), run.lookups.size());
    EXPECT_EQ(tables["operators"].rows.size(), run.operators.size());
    EXPECT_EQ(tables["management"].rows.size(), run.management.size());
    EXPECT_EQ(tables["stalls"].rows.size(), run.stalls.size());
    EXPECT_EQ(tables["loads"].rows.size(), run.loads.size());
    EXPECT_EQ(tables["evictions"].rows.size(), run.evictions.size());
    EXPECT_EQ(tables["counters"].rows.size(), run.counters.size());
    EXPECT_EQ(tables["measured"].rows.size(), run.measured.size());
  }
}

TEST(ExportCsv, Loads_AreInPeoplesTerms_AndEmptyWhereNothingHappened) {
  const RunRecord run = fixtures::busy_run(7);
  const ExpertTable table(run.model);
  auto tables = exported(run);
  for (std::size_t i = 0; i < run.loads.size(); ++i) {
    const LoadRecord& load = run.loads[i];
    auto& row = tables["loads"].rows[i];
    EXPECT_EQ(row["load"], text(static_cast<std::int64_t>(i)));
    EXPECT_EQ(row["bank"], text(table.bank(load.expert).value()));
    EXPECT_EQ(row["expert"], text(table.index_in_bank(load.expert)));
    EXPECT_EQ(row["bytes"], text(load.bytes.count()));
    EXPECT_EQ(row["purpose"], to_text(load.purpose));
    EXPECT_EQ(row["state"], to_text(load.state));
    EXPECT_EQ(row["adopted"], load.adopted ? "1" : "0");
    EXPECT_EQ(row["requested_ps"], text(load.requested.count_ps()));
    const bool arrived = load.state == LoadEnd::arrived;
    EXPECT_EQ(row["started_ps"],
              arrived || load.state == LoadEnd::unfinished ? text(load.started.count_ps()) : "");
    EXPECT_EQ(row["arrived_ps"], arrived ? text(load.arrived.count_ps()) : "");
    EXPECT_EQ(row["first_use_event"], load.first_use.valid() ? text(load.first_use.value()) : "");
  }
}

TEST(ExportCsv, Slices_SumToThePicosecond) {
  const RunRecord run = fixtures::busy_run(8, 10, 5000);
  auto tables = exported(run);
  std::int64_t found = 0, wanted = 0;
  for (auto& row : tables["stalls"].rows) found += std::stoll(row["end_ps"]) - std::stoll(row["begin_ps"]);
  for (const StallRecord& stall : run.stalls) wanted += (stall.end - stall.begin).count_ps();
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(tables["operators"].rows.back()["kind"], "head");
  EXPECT_EQ(tables["operators"].rows.back()["bank"], "");
  std::int64_t lookups = 0;
  for (auto& row : tables["events"].rows) lookups += std::stoll(row["lookups"]);
  EXPECT_EQ(static_cast<std::size_t>(lookups), run.lookups.size());
}

TEST(ExportCsv, Lookups_NameTheirEventsPlace) {
  const RunRecord run = fixtures::busy_run(9);
  auto tables = exported(run);
  for (std::size_t i = 0; i < run.lookups.size(); ++i) {
    const EventRecord& event = run.events[run.lookups[i].event.value()];
    EXPECT_EQ(tables["lookups"].rows[i]["step"], text(event.step));
    EXPECT_EQ(tables["lookups"].rows[i]["layer"], text(event.layer.value()));
    EXPECT_EQ(tables["lookups"].rows[i]["outcome"], to_text(run.lookups[i].outcome));
  }
}

TEST(ExportCsv, FilesAppearTogetherOrNotAtAll) {
  const fixtures::TempFolder folder;
  std::vector<CsvFile> files = {{.table = "loads", .path = folder.file("loads.csv")},
                                {.table = "lods", .path = folder.file("lods.csv")}};
  const Status written = export_csv(fixtures::busy_run(1), files);
  ASSERT_FALSE(written.ok());
  EXPECT_THAT(written.error().message(), HasSubstr("expected one of steps, events, lookups, operators"));
  files[1].table = "stalls";
  files[1].path = folder.file("no/such/folder.csv");
  EXPECT_FALSE(export_csv(fixtures::busy_run(1), files).ok());
  EXPECT_THAT(folder.names(), testing::IsEmpty());
}

}  // namespace
}  // namespace pregate
