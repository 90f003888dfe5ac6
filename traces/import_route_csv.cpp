// SPDX-License-Identifier: Apache-2.0
// `route_trace v1` (design.md section 8), row by row: the text is never held.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "traces/import.hpp"
#include "traces/import_shape.hpp"
#include "traces/import_steps.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

enum Column : std::size_t {
  kTurn,
  kPhase,
  kStep,
  kLayer,
  kSlot,
  kExpert,
  kWeight,
  kResidency,
  kExpertBytes,
  kDropped
};
struct ColumnSpec {
  std::string_view name;
  bool required;
};
constexpr std::array kColumns = {ColumnSpec{"turn", false},         ColumnSpec{"phase", true},
                                 ColumnSpec{"step", true},          ColumnSpec{"layer", true},
                                 ColumnSpec{"slot", true},          ColumnSpec{"expert", true},
                                 ColumnSpec{"weight", false},       ColumnSpec{"residency", false},
                                 ColumnSpec{"expert_bytes", false}, ColumnSpec{"dropped", false}};
constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
constexpr std::int64_t kMaxLayers = 4096;
constexpr std::int64_t kMaxExperts = 65'535;
constexpr std::int64_t kMaxStep = std::int64_t{1} << 31;

// A non-negative integer up to `most`, and nothing else around it.
Result<std::int64_t> parse_count(std::string_view text, std::string_view what, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end == text.data() + text.size() && !text.empty();
  if (whole && code == std::errc() && value >= 0 && value <= most) return value;
  const std::string expected = most == std::numeric_limits<std::int64_t>::max()
                                   ? fmt::format("{}: an integer of at least 0 and below 2^63", what)
                                   : fmt::format("{}: an integer from 0 to {}", what, most);
  return bad_input(expected, quoted(text));
}

// A router's weight; NaN means that it is unknown.
Result<float> parse_weight(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end == text.data() + text.size() && !text.empty();
  const bool fits = std::isnan(value) || (value >= 0 && value <= double{std::numeric_limits<float>::max()});
  if (whole && code == std::errc() && fits) return static_cast<float>(value);
  return bad_input("weight: a finite number of at least 0, or nan", quoted(text));
}

void split(std::string_view line, char separator, std::vector<std::string_view>& out) {
  out.clear();
  for (std::size_t from = 0;;) {
    const std::size_t to = line.find(separator, from);
    out.push_back(line.substr(from, to - from));
    if (to == std::string_view::npos) return;
    from = to + 1;
  }
}

std::string model_name(std::string_view path) {
  if (const auto slash = path.find_last_of('/'); slash != std::string_view::npos)
    path.remove_prefix(slash + 1);
  if (path.ends_with(".gguf")) path.remove_suffix(5);
  return std::string(path);
}

// The '#' lines before the column names.
class Preamble {
 public:
  Status take(std::string_view line, bool first);
  Result<TracedSizes> sizes() const;
  [[nodiscard]] const std::string& model() const { return model_; }

 private:
  using Pair = std::pair<std::string_view, std::string>;
  static std::vector<Pair> pairs(std::string_view text);
  static Result<std::int64_t> number(const std::vector<Pair>& pairs, std::string_view key, std::int64_t most);
  Status take_model(const std::vector<Pair>& pairs);
  Status take_layer(const std::vector<Pair>& pairs);

  struct LayerBytes {
    std::int64_t expert = -1, dense = 0;
  };
  std::string model_;
  std::int64_t layers_ = 0, experts_ = 0, top_k_ = 0;
  std::vector<LayerBytes> bytes_;  // by layer, as far as named
};

std::vector<Preamble::Pair> Preamble::pairs(std::string_view text) {
  std::vector<Pair> out;
  std::vector<std::string_view> words;
  split(text, ' ', words);
  for (const std::string_view word : words) {
    const auto equals = word.find('=');
    if (equals != std::string_view::npos) {
      out.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    } else if (!out.empty() && !word.empty()) {  // a path with blanks in it
      out.back().second += ' ';
      out.back().second += word;
    }
  }
  return out;
}

Result<std::int64_t> Preamble::number(const std::vector<Pair>& pairs, std::string_view key,
                                      std::int64_t most) {
  for (const auto& [name, value] : pairs) {
    if (name == key) return parse_count(value, key, most);
  }
  return bad_input(fmt::format("{}=NUMBER", key), "none");
}

Status Preamble::take_model(const std::vector<Pair>& pairs) {
  if (layers_ != 0) return bad_input("one model line", "a second one");
  const auto layers = number(pairs, "n_layer", kMaxLayers);
  if (!layers) return layers.error();
  const auto experts = number(pairs, "n_expert", kMaxExperts);
  if (!experts) return experts.error();
  const auto top_k = number(pairs, "n_expert_used", kMaxExperts);
  if (!top_k) return top_k.error();
  if (*layers == 0) return bad_input("n_layer of at least 1", "0");
  if (*top_k == 0 || *top_k > *experts) {
    return bad_input(fmt::format("n_expert_used from 1 to n_expert ({})", *experts),
                     fmt::format("{}", *top_k));
  }
  model_ = pairs.front().second;
  layers_ = *layers;
  experts_ = *experts;
  top_k_ = *top_k;
  return {};
}

Status Preamble::take_layer(const std::vector<Pair>& pairs) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const auto layer = number(pairs, "layer", kMaxLayers - 1);
  if (!layer) return layer.error();
  const auto expert = number(pairs, "expert_bytes", kMost);
  if (!expert) return expert.error();
  const auto dense = number(pairs, "dense_bytes", kMost);
  if (!dense) return dense.error();
  const auto index = static_cast<std::size_t>(*layer);
  if (index >= bytes_.size()) bytes_.resize(index + 1);
  if (bytes_[index].expert >= 0)
    return bad_input("one line for each layer", fmt::format("layer {} again", *layer));
  bytes_[index] = {.expert = *expert, .dense = *dense};
  return {};
}

Status Preamble::take(std::string_view line, bool first) {
  line.remove_prefix(1);
  while (line.starts_with(' ')) line.remove_prefix(1);
  if (first) {
    if (line == "route_trace v1") return {};
    return bad_input("\"# route_trace v1\"", quoted(line));
  }
  const std::vector<Pair> found = pairs(line);
  if (found.empty()) return {};
  if (found.front().first == "model") return take_model(found);
  if (found.front().first == "layer") return take_layer(found);
  return {};
}

Result<TracedSizes> Preamble::sizes() const {
  if (layers_ == 0)
    return bad_input("a preamble line \"# model=... n_layer=... n_expert=... n_expert_used=...\"", "none");
  TracedSizes sizes{.name = model_name(model_),
                    .experts = static_cast<std::int32_t>(experts_),
                    .top_k = static_cast<std::int32_t>(top_k_),
                    .expert_bytes = {},
                    .dense_bytes = {}};
  const auto count = static_cast<std::size_t>(layers_);
  if (bytes_.size() > count) {
    return bad_input(fmt::format("preamble lines for layers below {}", layers_),
                     fmt::format("layer {}", bytes_.size() - 1));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= bytes_.size() || bytes_[i].expert < 0) {
      return bad_input(fmt::format("a preamble line \"# layer={} expert_bytes=... dense_bytes=...\"", i),
                       "none");
    }
    sizes.expert_bytes.push_back(bytes_[i].expert);
    sizes.dense_bytes.push_back(bytes_[i].dense);
  }
  return sizes;
}

// Where each known column stands in a row.
class Layout {
 public:
  Status take(std::string_view line);
  Status split_row(std::string_view line, std::vector<std::string_view>& fields) const;
  [[nodiscard]] bool has(Column column) const { return at_[column] != kAbsent; }
  [[nodiscard]] std::string_view field(const std::vector<std::string_view>& fields, Column column) const {
    return fields[at_[column]];
  }
  Result<std::int64_t> count(const std::vector<std::string_view>& fields, Column column,
                             std::int64_t most) const {
    if (!has(column)) return std::int64_t{0};
    return parse_count(field(fields, column), kColumns[column].name, most);
  }

 private:
  std::array<std::size_t, kColumns.size()> at_{};
  std::size_t width_ = 0;
};

Status Layout::take(std::string_view line) {
  std::vector<std::string_view> names;
  split(line, ',', names);
  width_ = names.size();
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    const auto first = std::find(names.begin(), names.end(), kColumns[i].name);
    at_[i] = first == names.end() ? kAbsent : static_cast<std::size_t>(first - names.begin());
    if (first != names.end() && std::find(first + 1, names.end(), *first) != names.end()) {
      return bad_input("each column once", fmt::format("column {} twice", *first));
    }
    if (first == names.end() && kColumns[i].required) {
      return bad_input(fmt::format("a column named {}", kColumns[i].name), quoted(line));
    }
  }
  return {};
}

Status Layout::split_row(std::string_view line, std::vector<std::string_view>& fields) const {
  split(line, ',', fields);
  if (fields.size() == width_) return {};
  return bad_input(fmt::format("{} columns", width_), fmt::format("{} in {}", fields.size(), quoted(line)));
}

struct Row {
  std::int32_t turn = 0;
  Phase phase = Phase::decode;
  std::int64_t step = 0, layer = 0, slot = 0;
  std::uint16_t expert = 0;
  float weight = 0;
  bool dropped = false;

  [[nodiscard]] bool same_token(const Row& o) const {
    return turn == o.turn && phase == o.phase && step == o.step && layer == o.layer;
  }
};

class CsvImporter {
 public:
  CsvImporter(std::istream& in, const std::string& name, const ImportOptions& options)
      : lines_(in, name), options_(options) {}

  Result<RouteTrace> run();

 private:
  Status read_preamble();
  Status begin_rows(std::string_view line);
  Status read_rows();
  Result<Row> parse(std::string_view line);
  Status parse_numbers(Row& row);
  Status add(const Row& row);
  Status flush();

  LineReader lines_;
  const ImportOptions& options_;
  Preamble preamble_;
  Layout layout_;
  RouteTrace trace_;
  std::optional<StepAssembler> steps_;
  std::vector<std::string_view> fields_;
  // The token whose rows are being read.
  std::vector<Row> token_;
  std::int64_t token_line_ = 0;
};

Status CsvImporter::begin_rows(std::string_view line) {
  const auto sizes = preamble_.sizes();
  if (!sizes) return sizes.error();
  auto shape = traced_shape(*sizes, options_);
  if (!shape) return shape.error();
  trace_.header.model = std::move(*shape);
  trace_.header.provenance = options_.provenance.empty()
                                 ? fmt::format("imported from a route_trace v1 CSV of {}", sizes->name)
                                 : options_.provenance;
  steps_.emplace(trace_.header.model);
  return layout_.take(line);
}

Status CsvImporter::read_preamble() {
  while (true) {
    const auto line = lines_.next();
    if (!line) return line.error();
    if (!*line)
      return lines_.at_line(
          bad_input("\"# route_trace v1\" and a line of column names", "the end of the file"));
    const bool first = lines_.number() == 1;
    const bool comment = (*line)->starts_with('#');
    if (first && !comment) return lines_.at_line(bad_input("\"# route_trace v1\"", quoted(**line)));
    const Status taken = comment ? preamble_.take(**line, first) : begin_rows(**line);
    if (!taken) return lines_.at_line(taken.error());
    if (!comment) return {};
  }
}

// The numbers that a row may have besides the place of its choice; those we do not use must still be numbers.
Status CsvImporter::parse_numbers(Row& row) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (layout_.has(kWeight)) {
    const auto weight = parse_weight(layout_.field(fields_, kWeight));
    if (!weight) return weight.error();
    row.weight = *weight;
  }
  const auto dropped = layout_.count(fields_, kDropped, 1);
  if (!dropped) return dropped.error();
  row.dropped = *dropped == 1;
  for (const Column column : {kResidency, kExpertBytes}) {
    if (const auto value = layout_.count(fields_, column, kMost); !value) return value.error();
  }
  return {};
}

Result<Row> CsvImporter::parse(std::string_view line) {
  if (const Status width = layout_.split_row(line, fields_); !width) return width.error();
  const ModelShape& model = trace_.header.model;
  const auto turn = layout_.count(fields_, kTurn, std::numeric_limits<std::int32_t>::max());
  if (!turn) return turn.error();
  const auto phase = layout_.count(fields_, kPhase, 1);
  if (!phase) return phase.error();
  const auto step = layout_.count(fields_, kStep, kMaxStep);
  if (!step) return step.error();
  const auto layer = layout_.count(fields_, kLayer, static_cast<std::int64_t>(model.layers.size()) - 1);
  if (!layer) return layer.error();
  const auto slot = layout_.count(fields_, kSlot, model.top_k - 1);
  if (!slot) return slot.error();
  const auto expert = layout_.count(fields_, kExpert, model.banks.front().experts - 1);
  if (!expert) return expert.error();
  Row row{.turn = static_cast<std::int32_t>(*turn),
          .phase = *phase == 0 ? Phase::prefill : Phase::decode,
          .step = *step,
          .layer = *layer,
          .slot = *slot,
          .expert = static_cast<std::uint16_t>(*expert)};
  if (const Status numbers = parse_numbers(row); !numbers) return numbers.error();
  return row;
}

Status CsvImporter::add(const Row& row) {
  const std::int64_t top_k = trace_.header.model.top_k;
  const auto seen = static_cast<std::int64_t>(token_.size());
  const bool same = !token_.empty() && token_.front().same_token(row);
  if (!token_.empty() && !same) {
    const Row& open = token_.front();
    if (seen < top_k) {
      return bad_input(fmt::format("slot {} of step {}, layer {}", seen, open.step, open.layer),
                       fmt::format("slot {} of step {}, layer {}", row.slot, row.step, row.layer));
    }
    if (const Status flushed = flush(); !flushed) return flushed;
  }
  const std::int64_t due = same ? seen : 0;
  if (row.slot != due) {
    const bool again = row.slot < due;
    return bad_input(due == top_k ? fmt::format("another step or layer, after {} slots of step {}, layer {}",
                                                top_k, row.step, row.layer)
                                  : fmt::format("slot {} of step {}, layer {}", due, row.step, row.layer),
                     fmt::format("slot {}{}", row.slot, again ? " again" : ""));
  }
  for (const Row& other : token_) {
    if (other.expert == row.expert) {
      return bad_input("distinct experts for a token", fmt::format("expert {} again", row.expert));
    }
  }
  if (token_.empty()) token_line_ = lines_.number();
  token_.push_back(row);
  return {};
}

Status CsvImporter::flush() {
  const Row& first = token_.front();
  std::vector<std::uint16_t> experts;
  std::vector<float> weights;
  bool known = layout_.has(kWeight);
  for (const Row& row : token_) {
    if (row.dropped) continue;
    experts.push_back(row.expert);
    weights.push_back(row.weight);
    known = known && !std::isnan(row.weight);
  }
  if (!known) weights.clear();
  // A token whose choices were all dropped says nothing about weights.
  const Status added = steps_->add({.turn = first.turn,
                                    .phase = first.phase,
                                    .position = first.step,
                                    .layer = static_cast<std::size_t>(first.layer),
                                    .experts = experts,
                                    .weights = weights,
                                    .dropped = static_cast<std::int64_t>(token_.size() - experts.size())});
  token_.clear();
  if (!added) return lines_.at_line(added.error(), token_line_);
  return {};
}

Status CsvImporter::read_rows() {
  while (true) {
    const auto line = lines_.next();
    if (!line) return line.error();
    if (!*line) break;
    const auto row = parse(**line);
    if (!row) return lines_.at_line(row.error());
    const Status added = add(*row);
    // An error of a completed token has its own line already.
    if (!added) return added.error().file.empty() ? lines_.at_line(added.error()) : added;
  }
  if (token_.empty()) return lines_.at_line(bad_input("rows after the column names", "the end of the file"));
  if (static_cast<std::int64_t>(token_.size()) < trace_.header.model.top_k) {
    const Row& open = token_.front();
    return lines_.at_line(
        bad_input(fmt::format("slot {} of step {}, layer {}", token_.size(), open.step, open.layer),
                  "the end of the file"));
  }
  if (const Status flushed = flush(); !flushed) return flushed;
  if (const Status finished = steps_->finish(); !finished) return lines_.at_line(finished.error());
  return {};
}

Result<RouteTrace> CsvImporter::run() {
  if (const Status preamble = read_preamble(); !preamble) return preamble.error();
  if (const Status rows = read_rows(); !rows) return rows.error();
  trace_.steps = steps_->take();
  return std::move(trace_);
}

}  // namespace

Result<RouteTrace> import_route_csv(std::istream& in, const std::string& name, const ImportOptions& options) {
  return CsvImporter(in, name, options).run();
}

}  // namespace pregate
