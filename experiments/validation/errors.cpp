// SPDX-License-Identifier: Apache-2.0
#include "experiments/validation/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "traces/number_text.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

struct FigureName {
  std::string_view key, words;
};
constexpr std::array<FigureName, kValidationFigures.size()> kNames = {{{"tokens_per_second", "tokens/s"},
                                                                       {"stall_per_token_s", "stall a token"},
                                                                       {"hit_rate_decode", "hit rate"},
                                                                       {"bytes_read", "bytes read"},
                                                                       {"makespan_s", "makespan"},
                                                                       {"prefill_s", "prefill time"}}};

const FigureName& name_of(ValidationFigure figure) {
  return kNames[static_cast<std::size_t>(figure)];
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : values[half - 1] + (values[half] - values[half - 1]) / 2;
}

// Over the cells that `model` names (empty: all); nothing where no cell has an error.
std::optional<ErrorRow> error_row(const Validation& validation, const std::string& model,
                                  ValidationFigure figure) {
  ErrorRow row{.model = model, .figure = figure};
  std::vector<double> sizes;
  double total = 0;
  for (std::size_t c = 0; c < validation.cells.size(); ++c) {
    const ValidationCell& cell = validation.cells[c];
    if (!model.empty() && cell.of.model != model) continue;
    const std::optional<double> error = compare(cell, figure).error;
    if (!error) continue;
    if (sizes.empty() || std::abs(*error) > std::abs(row.worst)) {
      row.worst = *error;
      row.worst_cell = c;
    }
    sizes.push_back(std::abs(*error));
    total += *error;
  }
  if (sizes.empty()) return std::nullopt;
  row.cells = sizes.size();
  const auto count = static_cast<double>(sizes.size());
  row.mean = total / count;
  row.mean_size = std::accumulate(sizes.begin(), sizes.end(), 0.0) / count;
  row.median_size = median_of(std::move(sizes));
  return row;
}

// 0: not known.
double plain_bytes_per_second(const ValidationHead& head, std::int32_t lanes) {
  for (const PlainRead& read : head.plain_reads) {
    if (read.lanes == lanes) return read.mib_s * static_cast<double>(Bytes::mib(1).count());
  }
  return 0;
}

// Of the plain rate; a decode that took no time read nothing.
double disk_share(const PhaseSummary& decode, double plain_bytes_per_second) {
  if (decode.makespan <= Duration()) return 0;
  return static_cast<double>(decode.bytes_read.count()) / seconds(decode.makespan) / plain_bytes_per_second;
}

template <typename Value>
double measured_median(const ValidationCell& cell, Value value) {
  std::vector<double> values;
  for (const RunSummary& run : cell.measured) values.push_back(value(run.decode));
  return values.empty() ? 0.0 : median_of(std::move(values));
}

}  // namespace

std::string budget_text(double share) {
  return fmt::format("{:.4g} %", 100 * share);
}

std::string prefetch_text(PrefetchKind prefetch) {
  if (prefetch == PrefetchKind::pregate) return "on";
  return prefetch == PrefetchKind::none ? "off" : std::string(to_text(prefetch));
}

std::string case_text(const ValidationCase& of) {
  return fmt::format("budget {}, prefetch {}, {} lane{}, {}", budget_text(of.budget_share),
                     prefetch_text(of.prefetch), of.lanes, of.lanes == 1 ? "" : "s", to_text(of.eviction));
}

std::string_view key_of(ValidationFigure figure) {
  return name_of(figure).key;
}
std::string_view words_of(ValidationFigure figure) {
  return name_of(figure).words;
}

std::optional<double> figure_of(const RunSummary& summary, ValidationFigure figure) {
  const bool decoded = summary.decode.tokens > 0;
  const auto of_decode = [decoded](double value) {
    return decoded ? std::optional<double>(value) : std::nullopt;
  };
  switch (figure) {
    case ValidationFigure::tokens_per_second:
      return of_decode(tokens_per_second(summary.decode));
    case ValidationFigure::stall_per_token:
      return of_decode(seconds(per_token(summary.decode.stall, summary.decode.tokens)));
    case ValidationFigure::hit_rate_decode:
      return of_decode(hit_rate(summary.decode));
    case ValidationFigure::bytes_read:
      return static_cast<double>(summary.all.bytes_read.count());
    case ValidationFigure::makespan:
      return seconds(summary.all.makespan);
    case ValidationFigure::prefill_time:
      return summary.prefill.tokens > 0 ? std::optional<double>(seconds(summary.prefill.makespan))
                                        : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Repeats> repeats_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  Repeats out{.median = 0, .low = *low, .high = *high};
  out.median = median_of(std::move(values));
  return out;
}

ComparedFigure compare(const ValidationCell& cell, ValidationFigure figure) {
  ComparedFigure out{.predicted = figure_of(cell.predicted, figure), .measured = {}, .error = {}};
  std::vector<double> values;
  for (const RunSummary& run : cell.measured) {
    if (const auto value = figure_of(run, figure)) values.push_back(*value);
  }
  out.measured = repeats_of(std::move(values));
  if (!out.predicted || !out.measured) return out;
  if (*out.predicted == out.measured->median) {
    out.error = 0;
  } else if (out.measured->median != 0) {
    out.error = *out.predicted / out.measured->median - 1;
  }
  return out;
}

std::vector<std::string> models_of(const Validation& validation) {
  std::vector<std::string> models;
  for (const ValidationCell& cell : validation.cells) {
    if (std::find(models.begin(), models.end(), cell.of.model) == models.end())
      models.push_back(cell.of.model);
  }
  return models;
}

std::vector<ErrorRow> error_table(const Validation& validation) {
  std::vector<std::string> models = models_of(validation);
  if (models.size() > 1) models.emplace_back();
  std::vector<ErrorRow> rows;
  for (const std::string& model : models) {
    for (const ValidationFigure figure : kValidationFigures) {
      if (const auto row = error_row(validation, model, figure)) rows.push_back(*row);
    }
  }
  return rows;
}

bool ModelVerdict::worst_met() const {
  return speed && std::abs(speed->worst) <= kWorstTarget;
}

std::vector<ModelVerdict> model_verdicts(const Validation& validation) {
  std::vector<ModelVerdict> out;
  for (const std::string& model : models_of(validation)) {
    ModelVerdict verdict{.model = model,
                         .speed = error_row(validation, model, ValidationFigure::tokens_per_second)};
    for (const ValidationCell& cell : validation.cells) {
      if (cell.of.model != model) continue;
      ++verdict.cells;
      verdict.unequal += counts_equal(cell) ? 0 : 1;
    }
    out.push_back(std::move(verdict));
  }
  return out;
}

bool all_met(const Validation& validation) {
  const std::vector<ModelVerdict> verdicts = model_verdicts(validation);
  return std::all_of(verdicts.begin(), verdicts.end(), [](const ModelVerdict& v) { return v.met(); });
}

std::vector<DiskShare> disk_shares(const Validation& validation) {
  std::vector<DiskShare> out;
  for (std::size_t c = 0; c < validation.cells.size(); ++c) {
    const ValidationCell& cell = validation.cells[c];
    const double plain = plain_bytes_per_second(validation.head, cell.of.lanes);
    if (!(plain > 0)) continue;
    const DiskShare share{
        .cell = c,
        .judged = cell.of.prefetch != PrefetchKind::none,
        .stall_share =
            measured_median(cell, [](const PhaseSummary& p) { return ratio(p.stall, p.makespan); }),
        .predicted = disk_share(cell.predicted.decode, plain),
        .measured = measured_median(cell, [plain](const PhaseSummary& p) { return disk_share(p, plain); })};
    if (share.stall_share > kDiskBound) out.push_back(share);
  }
  return out;
}

std::optional<bool> disk_met(const std::vector<DiskShare>& shares) {
  std::optional<bool> met;
  for (const DiskShare& share : shares) {
    if (share.judged) met = met.value_or(true) && share.measured >= kDiskTarget;
  }
  return met;
}

}  // namespace pregate
