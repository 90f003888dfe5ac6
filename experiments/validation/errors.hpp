// SPDX-License-Identifier: Apache-2.0
// What is compared of a validation's cells, and what the comparison says. Counts (lookups, loads, bytes ...)
// have no noise: prediction and measurement ask the same policies in the same order, so each repeat must
// equal the prediction. Times have noise: measured is the median of the repeats, the least and the greatest
// are told beside it, and an error is predicted / measured - 1. Leaves out how the figures themselves are
// computed: traces/run_facts.hpp does, for predicted and measured alike.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experiments/validation/cell.hpp"

namespace pregate {

// "budget 25 %, prefetch on, 4 lanes, lru".
std::string case_text(const ValidationCase& of);
// "12.5 %" of a budget.
std::string budget_text(double share);
// "on", "off": of pre-gated prefetch and of none; another one's word.
std::string prefetch_text(PrefetchKind prefetch);

// ---- counts ----

// A count of a phase. Prefetch hits are those in time and the late ones together: which of the two a prefetch
// is depends on time, that it was asked for does not.
struct ValidationCount {
  const char* key;    // "prefetch_hits"
  const char* words;  // "prefetch hits (in time or late)"
  std::int64_t (*of)(const PhaseSummary&);
};
std::span<const ValidationCount> validation_counts();

struct CountDifference {
  std::size_t cell = 0, repeat = 0;  // from 0
  bool decode = false;               // of decode; else of all phases
  const ValidationCount* count = nullptr;
  std::int64_t expected = 0, found = 0;  // predicted, measured
};
// In order of cells, repeats, phases and counts.
std::vector<CountDifference> count_differences(const Validation& validation);
// "megrez2-nano, budget 25 %, prefetch on, 4 lanes, lru: repeat 2 of 3: expected 1,204 misses in decode as
// predicted, found 1,205".
std::string to_text(const Validation& validation, const CountDifference& difference);
bool counts_equal(const ValidationCell& cell);

// ---- figures ----

enum class ValidationFigure : std::uint8_t {
  tokens_per_second,  // decode
  stall_per_token,    // s of stall in decode / decoded tokens
  hit_rate_decode,    // share; a late prefetch is no hit
  bytes_read,         // all phases
  makespan,           // s, all phases
  prefill_time        // s
};
inline constexpr std::array kValidationFigures = {
    ValidationFigure::tokens_per_second, ValidationFigure::stall_per_token, ValidationFigure::hit_rate_decode,
    ValidationFigure::bytes_read,        ValidationFigure::makespan,        ValidationFigure::prefill_time};
std::string_view key_of(ValidationFigure figure);    // "stall_per_token_s", of JSON and CSV
std::string_view words_of(ValidationFigure figure);  // "stall a token"

// Nothing where the run has no such phase.
std::optional<double> figure_of(const RunSummary& summary, ValidationFigure figure);

struct Repeats {
  double median = 0, low = 0, high = 0;
};
// Of an even number the middle of the middle two; nothing of none.
std::optional<Repeats> repeats_of(std::vector<double> values);

struct ComparedFigure {
  std::optional<double> predicted;
  std::optional<Repeats> measured;
  // predicted / measured median - 1. 0 where both are 0; nothing where measured alone is, or one is missing.
  std::optional<double> error;
};
ComparedFigure compare(const ValidationCell& cell, ValidationFigure figure);

// ---- what they say ----

struct ErrorRow {
  std::string model;  // empty: all models
  ValidationFigure figure = ValidationFigure::tokens_per_second;
  std::size_t cells = 0;  // that have an error
  double mean = 0;        // signed
  double mean_size = 0, median_size = 0;
  double worst = 0;  // signed, of the greatest size
  std::size_t worst_cell = 0;
};
// Models in order of appearance, figures in theirs; all models together at the end where there are several.
// A figure that no cell has is left out.
std::vector<ErrorRow> error_table(const Validation& validation);
std::vector<std::string> models_of(const Validation& validation);

// Of the sizes of a model's errors of decoded tokens a second.
inline constexpr double kMedianTarget = 0.10, kWorstTarget = 0.20;

struct ModelVerdict {
  std::string model;
  std::size_t cells = 0, unequal = 0;  // unequal: cells with a count that differs
  std::optional<ErrorRow> speed;       // tokens/s; nothing: no cell decodes
  [[nodiscard]] bool median_met() const { return speed && speed->median_size <= kMedianTarget; }
  [[nodiscard]] bool worst_met() const;
  [[nodiscard]] bool met() const { return unequal == 0 && median_met() && worst_met(); }
};
std::vector<ModelVerdict> model_verdicts(const Validation& validation);
bool all_met(const Validation& validation);

// A cell is disk-bound where more than this share of its measured decode time is stall.
inline constexpr double kDiskBound = 0.5, kDiskTarget = 0.85;

// Bytes read in decode / decode time, over the rate of plain reads with the cell's own lanes
// (ValidationHead::plain_reads).
struct DiskShare {
  std::size_t cell = 0;
  // Without prefetch nothing is read while the compute unit works: the share cannot be above the stall share,
  // however good the reading is, and the target is not for such a cell.
  bool judged = false;
  double stall_share = 0;              // measured, median of the repeats
  double predicted = 0, measured = 0;  // of the plain rate
};
// Of disk-bound cells, in their order; none where the plain rate is not known.
std::vector<DiskShare> disk_shares(const Validation& validation);
// That every judged one reaches kDiskTarget; nothing where none is judged.
std::optional<bool> disk_met(const std::vector<DiskShare>& shares);

}  // namespace pregate
