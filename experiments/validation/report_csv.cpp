// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "experiments/validation/report.hpp"
#include "traces/csv_writer.hpp"

namespace pregate {
namespace {

// A cell of CSV is a plain word.
std::string word(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == ',' || c == '"' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

std::string titles() {
  std::string out = "model,budget_share,budget_bytes,prefetch,lanes,eviction,repeat,counts_equal";
  for (const ValidationFigure figure : kValidationFigures)
    out += fmt::format(",{0}_predicted,{0}_measured,{0}_error", key_of(figure));
  for (const char* phase : {"all", "decode"}) {
    for (const ValidationCount& count : validation_counts())
      out += fmt::format(",{0}_{1}_predicted,{0}_{1}_measured", phase, count.key);
  }
  return out;
}

void number(CsvWriter& out, const std::optional<double>& value) {
  if (value) {
    out.cell(fmt::format("{}", *value));
  } else {
    out.empty();
  }
}

// `one`: the cell with this repeat alone, so that the errors are the repeat's.
Status write_row(CsvWriter& out, const ValidationCell& one, std::size_t repeat) {
  const ValidationCase& of = one.of;
  out.cell(word(of.model)).cell(fmt::format("{}", of.budget_share)).cell(of.budget.count());
  out.cell(to_text(of.prefetch)).cell(std::int64_t{of.lanes}).cell(to_text(of.eviction));
  out.cell(static_cast<std::int64_t>(repeat + 1)).cell(counts_equal(one) ? "yes" : "no");
  for (const ValidationFigure figure : kValidationFigures) {
    const ComparedFigure compared = compare(one, figure);
    number(out, compared.predicted);
    number(out, compared.measured ? std::optional(compared.measured->median) : std::nullopt);
    number(out, compared.error);
  }
  for (const PhaseSummary RunSummary::*phase : {&RunSummary::all, &RunSummary::decode}) {
    for (const ValidationCount& count : validation_counts())
      out.cell(count.of(one.predicted.*phase)).cell(count.of(one.measured.front().*phase));
  }
  return out.end();
}

}  // namespace

Status write_validation_csv(const Validation& validation, const std::string& path) {
  Result<CsvWriter> out = CsvWriter::create(path);
  if (!out) return out.error();
  out->line(titles());
  for (const ValidationCell& cell : validation.cells) {
    for (std::size_t r = 0; r < cell.measured.size(); ++r) {
      const ValidationCell one{.of = cell.of, .predicted = cell.predicted, .measured = {cell.measured[r]}};
      if (Status written = write_row(*out, one, r); !written) return written;
    }
  }
  if (Status finished = out->finish(); !finished) return finished;
  return out->commit();
}

}  // namespace pregate
