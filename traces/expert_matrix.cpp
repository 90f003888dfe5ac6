// SPDX-License-Identifier: Apache-2.0
#include "traces/expert_matrix.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "traces/expert_entries.hpp"

namespace pregate {
namespace {

constexpr std::array<std::string_view, kExpertMeasures> kWords = {"uses",  "weight",  "misses",
                                                                  "stall", "reloads", "bytes"};

Error no_measure(ExpertMeasure measure, const char* source) {
  return bad_input(
      fmt::format("{} for --measure {}", source, to_text(measure)),
      measure == ExpertMeasure::weight ? "none" : "a routing trace, which knows nothing of a cache",
      "measure");
}

std::string_view unit_in_a_run(ExpertMeasure measure) {
  switch (measure) {
    case ExpertMeasure::uses:
    case ExpertMeasure::misses:
      return "lookups";
    case ExpertMeasure::stall:
      return "ps";
    case ExpertMeasure::reloads:
      return "loads";
    case ExpertMeasure::bytes:
      return "bytes";
    case ExpertMeasure::weight:
      break;
  }
  return "weight";
}

bool lacks_weights(const RouteStep& step) {
  return step.weights.empty() && !step.experts.empty();
}

template <typename Source>
ExpertMatrix add_up(const Source& source, const ExpertFrame& frame, Phases phases, StepRange range) {
  ExpertMatrix out = frame.zeros();
  each_amount(source, frame, phases, range,
              [&out](std::size_t /*step*/, std::size_t cell, double amount) { out.values[cell] += amount; });
  return out;
}

// The most used experts of a row, most used first; of equals the first.
std::vector<std::size_t> most_used(const ExpertMatrix& matrix, std::size_t row, std::size_t most) {
  std::vector<std::size_t> experts;
  for (std::size_t e = 0; e < matrix.columns; ++e) {
    if (matrix.at(row, e) > 0) experts.push_back(e);
  }
  std::stable_sort(experts.begin(), experts.end(),
                   [&](std::size_t a, std::size_t b) { return matrix.at(row, a) > matrix.at(row, b); });
  experts.resize(std::min(experts.size(), most));
  return experts;
}

}  // namespace

ExpertFrame::ExpertFrame(const ModelShape& model, ExpertMeasure measure, std::string_view unit)
    : row_of_(model.layers.size(), kNone), table_(model) {
  zeros_.measure = measure;
  zeros_.unit = unit;
  for (const BankShape& bank : model.banks)
    zeros_.columns = std::max(zeros_.columns, static_cast<std::size_t>(bank.experts));
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const BankId bank = model.layers[l].bank;
    if (!bank.valid()) continue;
    row_of_[l] = zeros_.layers.size();
    zeros_.layers.push_back(LayerId(static_cast<std::uint32_t>(l)));
    zeros_.banks.push_back(bank);
    zeros_.experts.push_back(model.banks[bank.value()].experts);
  }
  zeros_.values.resize(zeros_.layers.size() * zeros_.columns);
}

Result<ExpertFrame> expert_frame(const RouteTrace& trace, ExpertMeasure measure, Phases phases) {
  const bool weighted = measure == ExpertMeasure::weight;
  if (!weighted && measure != ExpertMeasure::uses) return no_measure(measure, "a .run file");
  const bool lacking = std::any_of(trace.steps.begin(), trace.steps.end(), [&](const RouteStep& step) {
    return counts(step.phase, phases) && lacks_weights(step);
  });
  if (weighted && lacking) return no_measure(measure, "a trace that recorded the router's weights");
  return ExpertFrame(trace.header.model, measure, weighted ? "weight" : "choices");
}

Result<ExpertFrame> expert_frame(const RunRecord& run, ExpertMeasure measure) {
  if (measure == ExpertMeasure::weight) return no_measure(measure, "a routing trace that recorded weights");
  return ExpertFrame(run.model, measure, unit_in_a_run(measure));
}

std::string_view to_text(ExpertMeasure measure) {
  return kWords.at(static_cast<std::size_t>(measure));
}

Result<ExpertMeasure> parse_expert_measure(const std::string& word) {
  const auto* const at = std::find(kWords.begin(), kWords.end(), word);
  if (at != kWords.end()) return static_cast<ExpertMeasure>(at - kWords.begin());
  return bad_input(fmt::format("one of {}", fmt::join(kWords, ", ")), fmt::format("\"{}\"", word));
}

double ExpertMatrix::sum() const {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double ExpertMatrix::sum(std::size_t row) const {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * columns);
  return std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(columns), 0.0);
}

Result<ExpertMatrix> count_experts(const RouteTrace& trace, ExpertMeasure measure, Phases phases,
                                   StepRange range) {
  const Result<ExpertFrame> frame = expert_frame(trace, measure, phases);
  if (!frame) return frame.error();
  return add_up(trace, *frame, phases, range);
}

Result<ExpertMatrix> count_experts(const RunRecord& run, ExpertMeasure measure, Phases phases,
                                   StepRange range) {
  const Result<ExpertFrame> frame = expert_frame(run, measure);
  if (!frame) return frame.error();
  return add_up(run, *frame, phases, range);
}

bool has_measure(const RouteTrace& trace, ExpertMeasure measure) {
  return expert_frame(trace, measure, Phases::all).ok();
}

bool has_measure(const RunRecord& run, ExpertMeasure measure) {
  return expert_frame(run, measure).ok();
}

std::optional<UseOverlap> use_overlap(const ExpertMatrix& matrix, std::size_t a, std::size_t b,
                                      std::int32_t top) {
  const double sum_a = matrix.sum(a), sum_b = matrix.sum(b);
  if (!(sum_a > 0) || !(sum_b > 0)) return std::nullopt;
  UseOverlap out;
  for (std::size_t e = 0; e < matrix.columns; ++e)
    out.common += std::min(matrix.at(a, e) / sum_a, matrix.at(b, e) / sum_b);
  const auto most = static_cast<std::size_t>(std::max(top, 1));
  std::vector<std::size_t> first = most_used(matrix, a, most), second = most_used(matrix, b, most);
  const std::size_t size = std::min(first.size(), second.size());
  first.resize(size);
  second.resize(size);
  const auto shared = static_cast<double>(std::count_if(first.begin(), first.end(), [&](std::size_t e) {
    return std::find(second.begin(), second.end(), e) != second.end();
  }));
  const auto each = static_cast<double>(size);
  const double blind = each * each / matrix.experts[a];
  out.top = static_cast<std::int32_t>(size);
  out.jaccard = shared / (2 * each - shared);
  out.jaccard_chance = blind / (2 * each - blind);
  return out;
}

}  // namespace pregate
