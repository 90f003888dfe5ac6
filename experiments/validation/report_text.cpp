// SPDX-License-Identifier: Apache-2.0
#include "experiments/table.hpp"
#include "experiments/validation/report.hpp"
#include "experiments/validation/words.hpp"
#include "experiments/wrap.hpp"

namespace pregate {
namespace {

constexpr std::size_t kWidth = 120;
constexpr double kMs = 1e3, kGigabytes = 1e-9;

std::string head_text(const Validation& validation, const Look& look) {
  const ValidationHead& head = validation.head;
  std::string out = toned(look, Tone::strong, "Streamed from a real disk") +
                    fmt::format(": {}. Predicted is simulated, the rest measured.\n", size_text(validation));
  const auto line = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out += fmt::format("  {:<13}{}\n", name, value);
  };
  line("machine", head.machine);
  line("date", head.date);
  line("workload", head.workload);
  line("predicted", fmt::format("on {}, compute times: {}", head.device, head.npu));
  line("read by", head.engine);
  line("resident", resident_text(head));
  if (!head.plain_reads.empty())
    line("plain reads",
         fmt::format("{}; an expert each, without computing", plain_reads_text(head.plain_reads)));
  line("noise", noise_text(validation));
  return out;
}

std::string cells_text(const Validation& validation, const std::string& model, const Look& look) {
  Table table({{"budget", Align::right},
               {"pre-\nfetch", Align::left},
               {"lanes"},
               {"eviction", Align::left},
               {"tokens/s\npred."},
               {"\nmeasured", Align::left},
               {"\nerror"},
               {"stall\npred."},
               {"ms/t\nmeas."},
               {"hit %\npred."},
               {"\nmeas."},
               {"GB\nread"},
               {"count\nequal", Align::left}});
  for (const ValidationCell& cell : validation.cells) {
    if (cell.of.model != model) continue;
    const ComparedFigure speed = compare(cell, ValidationFigure::tokens_per_second);
    const ComparedFigure stall = compare(cell, ValidationFigure::stall_per_token);
    const ComparedFigure hits = compare(cell, ValidationFigure::hit_rate_decode);
    const ComparedFigure read = compare(cell, ValidationFigure::bytes_read);
    table.row({budget_text(cell.of.budget_share), prefetch_text(cell.of.prefetch),
               fmt::format("{}", cell.of.lanes), std::string(to_text(cell.of.eviction)),
               predicted_cell(speed), measured_cell(speed, cell.measured.size()), error_cell(speed.error),
               predicted_cell(stall, kMs), median_cell(stall, kMs), share_cell(hits.predicted),
               share_cell(hits.measured ? std::optional(hits.measured->median) : std::nullopt),
               median_cell(read, kGigabytes), counts_equal(cell) ? "yes" : "NO"});
  }
  return table.text(look);
}

std::string errors_text(const Validation& validation, const Look& look) {
  const bool several = models_of(validation).size() > 1;
  Table table({{"figure", Align::left},
               {"cells"},
               {"mean\nerror"},
               {"mean\n|error|"},
               {"median\n|error|"},
               {"\nworst"},
               {"\nin the cell", Align::left}});
  std::string model;
  for (const ErrorRow& row : error_table(validation)) {
    if (several && (row.figure == kValidationFigures.front() || row.model != model)) {
      model = row.model;
      table.row({model.empty() ? "all models" : model, "", "", "", "", "", ""});
    }
    table.row({fmt::format("{}{}", several ? "  " : "", words_of(row.figure)), fmt::format("{}", row.cells),
               error_cell(row.mean), percent(row.mean_size), percent(row.median_size), error_cell(row.worst),
               row.worst == 0 ? "" : case_text(validation.cells[row.worst_cell].of)});
  }
  return table.text(look);
}

}  // namespace

std::string validation_text(const Validation& validation, const Look& look) {
  std::string out = head_text(validation, look);
  for (const std::string& model : models_of(validation))
    out += "\n" + toned(look, Tone::strong, model) + "\n" + cells_text(validation, model, look);
  out += "\n" + toned(look, Tone::strong, "Errors") + ": predicted / measured - 1\n" +
         errors_text(validation, look);
  if (const std::vector<std::string> lines = difference_lines(validation); !lines.empty()) {
    out += "\n" + toned(look, Tone::strong, "Counts that differ") + "\n";
    for (const std::string& line : lines) out += wrapped(line, 2, kWidth);
  }
  out += "\n";
  for (const ModelVerdict& verdict : model_verdicts(validation)) {
    out += toned(look, verdict.met() ? Tone::good : Tone::bad, verdict.model) + "\n" +
           wrapped(verdict_text(verdict) + ".", 2, kWidth);
  }
  for (const std::string& disk : disk_texts(disk_shares(validation))) out += wrapped(disk + ".", 0, kWidth);
  return out;
}

}  // namespace pregate
