// SPDX-License-Identifier: Apache-2.0
// `pregate validate --references`: what the models predict beside what simulators and a phone measured. The
// document docs/validation.md is this command's output and nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/json_text.hpp"
#include "experiments/references.hpp"
#include "experiments/scenario_options.hpp"
#include "experiments/table.hpp"
#include "experiments/validation/on_disk.hpp"
#include "experiments/validation/report.hpp"
#include "experiments/validation/report_json.hpp"
#include "experiments/validation/words.hpp"
#include "experiments/verbs.hpp"

namespace pregate {
namespace {

struct ValidateOptions {
  bool references = false, json = false;
  bool fidelity = false;
  std::string phone, out;
  std::vector<std::string> recorded;
  DiskValidationOptions disk;
};

struct Recorded {
  std::string file;
  Validation validation;
};

struct Findings {
  std::vector<ReferenceRow> rows;
  std::vector<std::string> remarks;  // of the phone
  std::vector<Recorded> recorded;    // validations on a real disk
  bool phone = false;

  [[nodiscard]] std::int64_t checked() const {
    return std::count_if(rows.begin(), rows.end(), [](const ReferenceRow& row) { return row.tolerance > 0; });
  }
  [[nodiscard]] std::int64_t missed() const { return std::count_if(rows.begin(), rows.end(), outside); }
  [[nodiscard]] bool wanting() const {
    return missed() > 0 || std::any_of(recorded.begin(), recorded.end(),
                                       [](const Recorded& r) { return !all_met(r.validation); });
  }
};

constexpr const char* kNoPhone =
    "The phone's recordings were not given (--phone DIR): its section is left out.";

constexpr const char* kNoRecorded = "No recorded validation was given (--recorded FILE).";

Result<std::vector<Recorded>> load_recorded(const std::vector<std::string>& files) {
  std::vector<Recorded> out;
  for (const std::string& file : files) {
    Result<Validation> validation = load_validation(file);
    if (!validation) return validation.error();
    out.push_back({file, std::move(*validation)});
  }
  return out;
}

Result<Findings> find(const ValidateOptions& options) {
  Findings findings;
  Result<std::vector<Recorded>> recorded = load_recorded(options.recorded);
  if (!recorded) return recorded.error();
  findings.recorded = std::move(*recorded);
  Progress progress("comparing");
  progress.update(0, 3);
  findings.rows = dram_reference_rows();
  if (options.fidelity) {
    const std::vector<ReferenceRow> rows = fidelity_reference_rows();
    findings.rows.insert(findings.rows.end(), rows.begin(), rows.end());
  }
  progress.update(1, 3);
  const Result<std::vector<ReferenceRow>> flash = flash_reference_rows();
  if (!flash) return flash.error();
  findings.rows.insert(findings.rows.end(), flash->begin(), flash->end());
  progress.update(2, 3);
  if (options.phone.empty()) return findings;
  Result<PhoneReferences> phone = phone_references(options.phone);
  if (!phone) return phone.error();
  findings.phone = true;
  findings.rows.insert(findings.rows.end(), phone->rows.begin(), phone->rows.end());
  findings.remarks = std::move(phone->remarks);
  return findings;
}

// ---- cells, the same for people and for the document ----

std::string reference_text(const ReferenceRow& row) {
  return error_of(row) ? four_digits(row.reference) : "-";
}
std::string error_text(const ReferenceRow& row) {
  const std::optional<double> error = error_of(row);
  return error ? fmt::format("{:+.1f} %", 100 * *error) : "-";
}
std::string verdict(const ReferenceRow& row) {
  if (row.tolerance <= 0) return "";
  return fmt::format("{} {:g} %", outside(row) ? "OUTSIDE" : "within", 100 * row.tolerance);
}
std::string summary_text(const Findings& findings) {
  return fmt::format("{} rows; {} have a tolerance, {} of them are outside it.", findings.rows.size(),
                     findings.checked(), findings.missed());
}

// Calls `begin` at each new heading and `row` for each row.
template <typename Begin, typename Row>
void by_group(const std::vector<ReferenceRow>& rows, Begin begin, Row row) {
  std::string group;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].group != group) begin(group = rows[i].group);
    row(rows[i]);
  }
}

std::string text_of(const Findings& findings, const Look& look) {
  std::string out;
  std::optional<Table> table;
  const auto flush = [&] {
    if (table) out += table->text(look);
  };
  by_group(
      findings.rows,
      [&](const std::string& group) {
        flush();
        out += (out.empty() ? "" : "\n") + toned(look, Tone::strong, group) + "\n";
        table.emplace(std::vector<Column>{{"case", Align::left},
                                          {"reference"},
                                          {"predicted"},
                                          {"unit", Align::left},
                                          {"error"},
                                          {"tolerance", Align::left}});
      },
      [&](const ReferenceRow& row) {
        table->row({row.name, reference_text(row), four_digits(row.predicted), row.unit, error_text(row),
                    verdict(row)});
      });
  flush();
  if (!findings.remarks.empty()) out += "\n" + toned(look, Tone::strong, "The phone, in words") + "\n";
  for (const std::string& remark : findings.remarks) out += "  " + remark + "\n";
  if (!findings.phone) out += fmt::format("\n{}\n", kNoPhone);
  for (const Recorded& recorded : findings.recorded) out += "\n" + validation_text(recorded.validation, look);
  return out + "\n" + summary_text(findings) + " Sources: --json, or the document (--out).\n";
}

std::string document_of(const Findings& findings) {
  std::string out =
      "# Validation\n\n"
      "Written by `pregate validate --references --fidelity --phone DIR --recorded FILE --out "
      "docs/validation.md`, never by hand: predictions\n"
      "of the models that `pregate run` uses, beside what public simulators, a phone and a real disk gave "
      "for "
      "the same case. *Predicted* is\n"
      "simulated here; *reference* is measured or simulated by its source. A row without a tolerance is "
      "reported and not judged.\n\n";
  out += summary_text(findings) + "\n";
  by_group(
      findings.rows,
      [&](const std::string& group) {
        out += fmt::format(
            "\n## {}\n\n| case | unit | reference | predicted | error | tolerance | source | note |\n"
            "|---|---|---:|---:|---:|---|---|---|\n",
            group);
      },
      [&](const ReferenceRow& row) {
        out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", markdown_cell(row.name), row.unit,
                           reference_text(row), four_digits(row.predicted), error_text(row), verdict(row),
                           markdown_cell(row.source), markdown_cell(row.note));
      });
  out += "\n## The phone, in words\n\n";
  if (!findings.phone) out += fmt::format("{}\n", kNoPhone);
  for (const std::string& remark : findings.remarks) out += fmt::format("{}\n\n", remark);
  out = out.substr(0, out.find_last_not_of('\n') + 1) + "\n";
  for (const Recorded& recorded : findings.recorded) out += "\n" + validation_section(recorded.validation);
  if (findings.recorded.empty()) out += fmt::format("\n## Streamed from a real disk\n\n{}\n", kNoRecorded);
  return out;
}

std::string json_of(const Findings& findings) {
  Json out = {{"checked", findings.checked()}, {"outside", findings.missed()}, {"phone", findings.phone}};
  out["rows"] = Json::array();
  for (const ReferenceRow& row : findings.rows) {
    const std::optional<double> error = error_of(row);
    out["rows"].push_back({{"group", row.group},
                           {"name", row.name},
                           {"unit", row.unit},
                           {"reference", error ? Json(row.reference) : Json()},
                           {"predicted", row.predicted},
                           {"error", error ? Json(*error) : Json()},
                           {"tolerance", row.tolerance > 0 ? Json(row.tolerance) : Json()},
                           {"outside", outside(row)},
                           {"source", row.source},
                           {"note", row.note}});
  }
  out["remarks"] = findings.remarks;
  out["recorded"] = Json::array();
  for (const Recorded& recorded : findings.recorded)
    out["recorded"].push_back(
        {{"file", recorded.file}, {"results", validation_results(recorded.validation)}});
  return json_text(out);
}

Status validate(Session& session, const ValidateOptions& options) {
  if (!options.references) return validate_on_disk(session, options.disk, options.json);
  if (!options.out.empty()) {
    if (Status writable = check_writable(options.out); !writable) return writable;
  }
  const Result<Findings> findings = find(options);
  if (!findings) return findings.error();
  if (!options.out.empty()) {
    if (Status written = write_text_file(options.out, document_of(*findings)); !written) return written;
  }
  session.out = options.json ? json_of(*findings) : text_of(*findings, session.look);
  session.found_wanting = findings->wanting();
  return {};
}

}  // namespace

std::optional<double> error_of(const ReferenceRow& row) {
  if (row.reference == 0) return std::nullopt;
  return row.predicted / row.reference - 1;
}

bool outside(const ReferenceRow& row) {
  const std::optional<double> error = error_of(row);
  return row.tolerance > 0 && error && !(std::abs(*error) <= row.tolerance);
}

void add_validate_verb(CLI::App& app, Session& session) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* verb = app.add_subcommand(
      "validate", "Compare predictions with this machine's disk, with reference simulators and with a phone");
  // By what each is for: the two ways have no option in common but --json.
  auto group = [verb, seen = verb->get_options().size()](const char* name) mutable {
    const std::vector<CLI::Option*> all = verb->get_options();
    for (; seen < all.size(); ++seen) all[seen]->group(name);
  };
  add_disk_validation_options(*verb, options->disk);
  group("On this machine's disk (--experts)");
  verb->add_flag("--references", options->references,
                 "compare every reference row that the models can express, in place of this machine's disk");
  verb->add_flag("--fidelity", options->fidelity,
                 "also a whole token of three devices by both DRAM models (some minutes)");
  verb->add_option("--phone", options->phone,
                   "the folder of the phone's recordings; without it that part is left out");
  add_repeated(*verb, "--recorded", options->recorded,
               "a validation on a real disk, as `validate --save` wrote it (repeatable)");
  verb->add_option("--out", options->out, "also write the document (docs/validation.md) to this file");
  group("Beside references (--references)");
  verb->add_flag("--json", options->json, "JSON instead of text");
  verb->footer(
      "Exit code 1 when a validation misses its targets, or a reference row is outside its tolerance.\n"
      "Examples:\n"
      "  pregate calibrate --out host.device.textproto\n"
      "  pregate pack --model megrez2-nano --precision int8 --out nano.experts\n"
      "  pregate validate --model megrez2-nano --precision int8 --experts nano.experts --prompt \"Once upon "
      "a time\" --device host.device.textproto\n  pregate validate --references\n"
      "  pregate validate --references --fidelity --phone phone/ --out docs/validation.md");
  verb->callback(
      [options, &session] { session.action = [options, &session] { return validate(session, *options); }; });
}

}  // namespace pregate
