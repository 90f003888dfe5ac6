// SPDX-License-Identifier: Apache-2.0
#include "traces/expert_matrix.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace pregate {
namespace {

constexpr std::array<std::string_view, 6> kWords = {"uses", "weight", "misses", "stall", "reloads", "bytes"};

class Counter {
 public:
  Counter(const ModelShape& model, ExpertMeasure measure, std::string_view unit)
      : row_of_(model.layers.size(), kNone), table_(model) {
    out_.measure = measure;
    out_.unit = unit;
    for (const BankShape& bank : model.banks)
      out_.columns = std::max(out_.columns, static_cast<std::size_t>(bank.experts));
    for (std::size_t l = 0; l < model.layers.size(); ++l) {
      const BankId bank = model.layers[l].bank;
      if (!bank.valid()) continue;
      row_of_[l] = out_.layers.size();
      out_.layers.push_back(LayerId(static_cast<std::uint32_t>(l)));
      out_.banks.push_back(bank);
      out_.experts.push_back(model.banks[bank.value()].experts);
    }
    out_.values.resize(out_.layers.size() * out_.columns);
  }

  void add(std::size_t layer, std::size_t expert, double amount) {
    if (row_of_[layer] != kNone) out_.values[row_of_[layer] * out_.columns + expert] += amount;
  }
  // References of a run may lead nowhere.
  void add(LayerId layer, ExpertId expert, double amount) {
    if (layer.valid() && expert.valid())
      add(layer.value(), static_cast<std::size_t>(table_.index_in_bank(expert)), amount);
  }
  ExpertMatrix take() { return std::move(out_); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  ExpertMatrix out_;
  std::vector<std::size_t> row_of_;
  ExpertTable table_;
};

Error no_measure(ExpertMeasure measure, const char* source) {
  return bad_input(
      fmt::format("{} for --measure {}", source, to_text(measure)),
      measure == ExpertMeasure::weight ? "none" : "a routing trace, which knows nothing of a cache",
      "measure");
}

bool counts(Phase phase, Phases phases) {
  return phases == Phases::all || phase == Phase::decode;
}

void count_lookups(const RunRecord& run, const std::vector<bool>& counted, bool misses, Counter& counter) {
  for (const LookupRecord& lookup : run.lookups) {
    if (!lookup.event.valid()) continue;
    const EventRecord& event = run.events[lookup.event.value()];
    if (!counted[static_cast<std::size_t>(event.step)]) continue;
    if (!misses || lookup.outcome == Outcome::miss) counter.add(event.layer, lookup.expert, 1);
  }
}

void count_stalls(const RunRecord& run, const std::vector<bool>& counted, Counter& counter) {
  for (const StallRecord& stall : run.stalls) {
    if (!stall.load.valid() || !counted[static_cast<std::size_t>(stall.step)]) continue;
    counter.add(stall.layer, run.loads[stall.load.value()].expert,
                static_cast<double>((stall.end - stall.begin).count_ps()));
  }
}

bool was_read(const LoadRecord& load) {
  return load.state == LoadEnd::arrived || load.state == LoadEnd::unfinished;
}

void count_reloads(const RunRecord& run, const std::vector<bool>& counted, Counter& counter) {
  for (const LoadRecord& load : run.loads) {
    if (load.reload && was_read(load) && counted[static_cast<std::size_t>(load.step)])
      counter.add(load.layer, load.expert, 1);
  }
}

void count_bytes(const RunRecord& run, const std::vector<bool>& counted, Counter& counter) {
  for (const LoadRecord& load : run.loads) {
    if (was_read(load) && counted[static_cast<std::size_t>(load.step)])
      counter.add(load.layer, load.expert, static_cast<double>(load.bytes.count()));
  }
}

}  // namespace

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

Result<ExpertMatrix> count_experts(const RouteTrace& trace, ExpertMeasure measure, Phases phases) {
  const bool weighted = measure == ExpertMeasure::weight;
  if (!weighted && measure != ExpertMeasure::uses) return no_measure(measure, "a .run file");
  Counter counter(trace.header.model, measure, weighted ? "weight" : "choices");
  for (const RouteStep& step : trace.steps) {
    if (!counts(step.phase, phases)) continue;
    if (weighted && step.weights.empty() && !step.experts.empty())
      return no_measure(measure, "a trace that recorded the router's weights");
    for (std::size_t layer = 0; layer < step.layer_tokens.size(); ++layer) {
      const auto experts = step.layer_experts(layer);
      for (std::size_t i = 0; i < experts.size(); ++i)
        counter.add(layer, experts[i], weighted ? double{step.layer_weights(layer)[i]} : 1.0);
    }
  }
  return counter.take();
}

Result<ExpertMatrix> count_experts(const RunRecord& run, ExpertMeasure measure, Phases phases) {
  std::vector<bool> counted;
  for (const StepRecord& step : run.steps) counted.push_back(counts(step.phase, phases));
  switch (measure) {
    case ExpertMeasure::weight:
      return no_measure(measure, "a routing trace that recorded weights");
    case ExpertMeasure::uses:
    case ExpertMeasure::misses: {
      Counter counter(run.model, measure, "lookups");
      count_lookups(run, counted, measure == ExpertMeasure::misses, counter);
      return counter.take();
    }
    case ExpertMeasure::stall: {
      Counter counter(run.model, measure, "ps");
      count_stalls(run, counted, counter);
      return counter.take();
    }
    case ExpertMeasure::reloads: {
      Counter counter(run.model, measure, "loads");
      count_reloads(run, counted, counter);
      return counter.take();
    }
    case ExpertMeasure::bytes: {
      Counter counter(run.model, measure, "bytes");
      count_bytes(run, counted, counter);
      return counter.take();
    }
  }
  return no_measure(measure, "a known measure");
}

}  // namespace pregate
