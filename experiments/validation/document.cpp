// SPDX-License-Identifier: Apache-2.0
// The section of docs/validation.md that tells of a recorded validation.
#include <algorithm>

#include "experiments/validation/report.hpp"
#include "experiments/validation/words.hpp"

namespace pregate {
namespace {

constexpr double kMs = 1e3, kGigabytes = 1e-9;
constexpr std::size_t kWorstCells = 3;

std::string head_list(const Validation& validation) {
  const ValidationHead& head = validation.head;
  std::string out;
  const auto item = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out += fmt::format("* **{}**: {}\n", name, value);
  };
  item("Machine", head.machine);
  item("Date", fmt::format("{}, version {}", head.date, head.version));
  item("Workload", head.workload);
  item("Predicted", fmt::format("simulated on {}, compute times: {}", head.device, head.npu));
  item("Read by", head.engine);
  item("All experts in memory", resident_text(head));
  if (!head.plain_reads.empty())
    item("Plain reads",
         fmt::format("{}; an expert each, without computing", plain_reads_text(head.plain_reads)));
  item("Noise", noise_text(validation));
  return out;
}

std::string cells_table(const Validation& validation) {
  std::string out =
      "| model | budget | prefetch | lanes | eviction | tokens/s predicted | measured (least..greatest) | "
      "error | stall ms/token predicted | measured | hit rate predicted | measured | GB read | counts equal "
      "|\n"
      "|---|---:|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n";
  for (const ValidationCell& cell : validation.cells) {
    const ComparedFigure speed = compare(cell, ValidationFigure::tokens_per_second);
    const ComparedFigure stall = compare(cell, ValidationFigure::stall_per_token);
    const ComparedFigure hits = compare(cell, ValidationFigure::hit_rate_decode);
    const ComparedFigure read = compare(cell, ValidationFigure::bytes_read);
    const auto measured_hits = hits.measured ? std::optional(hits.measured->median) : std::nullopt;
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} % | {} % | {} | {} |\n",
                       markdown_cell(cell.of.model), budget_text(cell.of.budget_share),
                       prefetch_text(cell.of.prefetch), cell.of.lanes, to_text(cell.of.eviction),
                       predicted_cell(speed), measured_cell(speed, cell.measured.size()),
                       error_cell(speed.error), predicted_cell(stall, kMs), median_cell(stall, kMs),
                       share_cell(hits.predicted), share_cell(measured_hits), median_cell(read, kGigabytes),
                       counts_equal(cell) ? "yes" : "NO");
  }
  return out;
}

std::string errors_table(const Validation& validation) {
  std::string out =
      "| model | figure | cells | mean error | mean size | median size | worst | in the cell |\n"
      "|---|---|---:|---:|---:|---:|---:|---|\n";
  for (const ErrorRow& row : error_table(validation)) {
    const ValidationCase& worst = validation.cells[row.worst_cell].of;
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n",
                       row.model.empty() ? "all" : markdown_cell(row.model), words_of(row.figure), row.cells,
                       error_cell(row.mean), percent(row.mean_size), percent(row.median_size),
                       error_cell(row.worst), row.worst == 0 ? "" : case_text(worst));
  }
  return out;
}

// What a token takes beside its stall, in ms.
std::string rest_cell(double tokens_per_second, double stall_s) {
  return tokens_per_second > 0 ? four_digits(kMs * (1 / tokens_per_second - stall_s)) : "-";
}

// The cells whose tokens/s are furthest off, and what of their time is: an error of speed is one of stall, of
// everything else, or of both.
std::string worst_cells(const Validation& validation) {
  std::vector<std::pair<double, std::size_t>> errors;
  for (std::size_t c = 0; c < validation.cells.size(); ++c) {
    const auto error = compare(validation.cells[c], ValidationFigure::tokens_per_second).error;
    if (error && *error != 0) errors.emplace_back(*error, c);
  }
  std::stable_sort(errors.begin(), errors.end(),
                   [](const auto& a, const auto& b) { return std::abs(a.first) > std::abs(b.first); });
  std::string out;
  for (std::size_t i = 0; i < std::min(errors.size(), kWorstCells); ++i) {
    const ValidationCell& cell = validation.cells[errors[i].second];
    const ComparedFigure stall = compare(cell, ValidationFigure::stall_per_token);
    const ComparedFigure speed = compare(cell, ValidationFigure::tokens_per_second);
    out += fmt::format(
        "* {}, {}: tokens/s {}; stall a token {} ms predicted, {} ms measured; all else {} ms "
        "and {} ms\n",
        cell.of.model, case_text(cell.of), error_cell(errors[i].first), predicted_cell(stall, kMs),
        median_cell(stall, kMs), rest_cell(*speed.predicted, *stall.predicted),
        rest_cell(speed.measured->median, stall.measured->median));
  }
  return out;
}

}  // namespace

std::string validation_section(const Validation& validation) {
  const std::vector<std::string> models = models_of(validation);
  std::string out = fmt::format(
      "## Streamed from a real disk: {}\n\n"
      "The same routing, budget, policies and lanes, once simulated and once with every expert read from "
      "this "
      "machine's disk\nwhile the model computes: {}. Measured is the median of the repeats; an error is "
      "predicted / measured - 1. How to read it:\n[validate.md](validate.md).\n\n",
      fmt::join(models, ", "), size_text(validation));
  out += head_list(validation) + "\n";
  for (const ModelVerdict& verdict : model_verdicts(validation))
    out += fmt::format("* {}: {}.\n", verdict.model, verdict_text(verdict));
  for (const std::string& disk : disk_texts(disk_shares(validation))) out += fmt::format("* {}.\n", disk);
  out += "\n" + cells_table(validation) + "\n" + errors_table(validation);
  if (const std::vector<std::string> lines = difference_lines(validation); !lines.empty())
    out += fmt::format("\nCounts that differ:\n\n* {}\n", fmt::join(lines, "\n* "));
  if (const std::string worst = worst_cells(validation); !worst.empty()) out += "\nFurthest off:\n\n" + worst;
  return out;
}

}  // namespace pregate
