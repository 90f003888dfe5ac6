// SPDX-License-Identifier: Apache-2.0
// JSON Lines, an object a line, parsed event by event: no document is built, nesting is bounded, doubled keys
// are seen.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "traces/import.hpp"
#include "traces/import_shape.hpp"
#include "traces/import_steps.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxKeys = 64;
constexpr std::int64_t kMaxLayers = 4096;
constexpr std::int64_t kMaxExperts = 65'535;
constexpr std::int64_t kMaxStep = std::int64_t{1} << 31;

// One value of a line's object, as far as this format knows kinds.
struct Value {
  enum class Kind { null, integer, number, text, integers, numbers, other };
  std::string key;
  Kind kind = Kind::other;
  std::int64_t integer = 0;
  std::string text;
  std::vector<std::int64_t> integers;  // of an array of integers only
  std::vector<double> numbers;         // of any array of numbers
};

std::string_view name_of(Value::Kind kind) {
  constexpr std::array<std::string_view, 7> kNames = {"null",
                                                      "an integer",
                                                      "a fraction",
                                                      "a text",
                                                      "an array of integers",
                                                      "an array of numbers",
                                                      "another kind of value"};
  return kNames.at(static_cast<std::size_t>(kind));
}

using Json = nlohmann::json;

// Collects the top-level keys of one object. Anything deeper than an array of numbers is skipped: unknown
// keys are ignored, known ones complain about the kind.
class LineHandler final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return put(Value::Kind::null); }
  bool boolean(bool) override { return put(Value::Kind::other); }
  bool number_integer(number_integer_t value) override { return put_integer(value); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return put_integer(static_cast<std::int64_t>(value));
    }
    return fail(bad_input("numbers below 2^63", fmt::format("{}", value)));
  }
  bool number_float(number_float_t value, const string_t&) override {
    if (in_array()) {
      values_.back().numbers.push_back(value);
      if (values_.back().kind == Value::Kind::integers) values_.back().kind = Value::Kind::numbers;
      return true;
    }
    return put(Value::Kind::number);
  }
  bool string(string_t& value) override {
    if (depth_ == 1) values_.back().text = std::move(value);
    return put(Value::Kind::text);
  }
  bool binary(binary_t&) override { return put(Value::Kind::other); }
  bool start_object(std::size_t) override {
    if (depth_ == 1) values_.back().kind = Value::Kind::other;
    if (in_array()) values_.back().kind = Value::Kind::other;
    return descend();
  }
  bool key(string_t& value) override;
  bool end_object() override { return ascend(); }
  bool start_array(std::size_t) override {
    if (depth_ == 0) return fail(bad_input("an object", "an array"));
    if (depth_ == 1) values_.back().kind = Value::Kind::integers;
    if (depth_ > 1) values_.back().kind = Value::Kind::other;
    return descend();
  }
  bool end_array() override { return ascend(); }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception&) override {
    return fail(bad_input("a JSON object",
                          fmt::format("an error at column {}, near {}", position, pregate::quoted(token))));
  }

  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] const Value* find(std::string_view key) const {
    for (const Value& value : values_) {
      if (value.key == key) return &value;
    }
    return nullptr;
  }

 private:
  [[nodiscard]] bool in_array() const {
    return depth_ == 2 &&
           (values_.back().kind == Value::Kind::integers || values_.back().kind == Value::Kind::numbers);
  }
  bool fail(Error error) {
    if (status_) status_ = std::move(error);
    return false;
  }
  bool descend() {
    return ++depth_ <= kMaxDepth || fail(bad_input(fmt::format("at most {} levels", kMaxDepth), "more"));
  }
  bool ascend() {
    --depth_;
    return true;
  }
  bool put(Value::Kind kind) {
    if (depth_ == 0) return fail(bad_input("an object", std::string(name_of(kind))));
    if (depth_ == 1) values_.back().kind = kind;
    if (in_array()) {  // null stands for an unknown weight
      values_.back().kind = kind == Value::Kind::null ? Value::Kind::numbers : Value::Kind::other;
      values_.back().numbers.push_back(std::numeric_limits<double>::quiet_NaN());
    }
    return true;
  }
  bool put_integer(std::int64_t value) {
    if (in_array()) {
      values_.back().integers.push_back(value);
      values_.back().numbers.push_back(static_cast<double>(value));
      return true;
    }
    if (depth_ == 1) values_.back().integer = value;
    return put(Value::Kind::integer);
  }

  std::vector<Value> values_;
  int depth_ = 0;
  Status status_;
};

bool LineHandler::key(string_t& value) {
  if (depth_ != 1) return true;
  if (find(value) != nullptr)
    return fail(bad_input("each key once", fmt::format("{} twice", pregate::quoted(value))));
  if (values_.size() == kMaxKeys) return fail(bad_input(fmt::format("at most {} keys", kMaxKeys), "more"));
  values_.emplace_back().key = std::move(value);
  return true;
}

Error wrong_kind(std::string_view key, std::string_view expected, const Value* found) {
  return bad_input(fmt::format("{}: {}", key, expected),
                   found == nullptr ? "none" : std::string(name_of(found->kind)));
}

Result<std::int64_t> get_count(const LineHandler& line, std::string_view key, std::int64_t most) {
  const Value* value = line.find(key);
  const std::string expected = fmt::format("an integer from 0 to {}", most);
  if (value == nullptr || value->kind != Value::Kind::integer) return wrong_kind(key, expected, value);
  if (value->integer >= 0 && value->integer <= most) return value->integer;
  return bad_input(fmt::format("{}: {}", key, expected), fmt::format("{}", value->integer));
}

Result<std::int64_t> get_count_or_zero(const LineHandler& line, std::string_view key, std::int64_t most) {
  if (line.find(key) == nullptr) return std::int64_t{0};
  return get_count(line, key, most);
}

Result<std::string> get_text(const LineHandler& line, std::string_view key) {
  const Value* value = line.find(key);
  if (value != nullptr && value->kind == Value::Kind::text) return value->text;
  return wrong_kind(key, "a text", value);
}

// Bytes of each layer: one number for all, or an array with one a layer.
Result<std::vector<std::int64_t>> get_bytes(const LineHandler& line, std::string_view key,
                                            std::int64_t layers) {
  const Value* value = line.find(key);
  if (value == nullptr || value->kind != Value::Kind::integers) {
    const auto same = get_count(line, key, std::numeric_limits<std::int64_t>::max());
    if (!same) return same.error();
    return std::vector<std::int64_t>(static_cast<std::size_t>(layers), *same);
  }
  if (static_cast<std::int64_t>(value->integers.size()) != layers) {
    return bad_input(fmt::format("{}: a number for each of {} layers", key, layers),
                     fmt::format("{}", value->integers.size()));
  }
  for (const std::int64_t bytes : value->integers) {
    if (bytes < 0) return bad_input(fmt::format("{}: numbers of at least 0", key), fmt::format("{}", bytes));
  }
  return value->integers;
}

Result<TracedSizes> get_sizes(const LineHandler& line) {
  auto name = get_text(line, "model");
  if (!name) return name.error();
  const auto layers = get_count(line, "layers", kMaxLayers);
  if (!layers) return layers.error();
  const auto experts = get_count(line, "experts", kMaxExperts);
  if (!experts) return experts.error();
  const auto top_k = get_count(line, "top_k", *experts);
  if (!top_k) return top_k.error();
  auto expert_bytes = get_bytes(line, "expert_bytes", *layers);
  if (!expert_bytes) return expert_bytes.error();
  auto dense_bytes = get_bytes(line, "dense_bytes", *layers);
  if (!dense_bytes) return dense_bytes.error();
  return TracedSizes{.name = std::move(*name),
                     .experts = static_cast<std::int32_t>(*experts),
                     .top_k = static_cast<std::int32_t>(*top_k),
                     .expert_bytes = std::move(*expert_bytes),
                     .dense_bytes = std::move(*dense_bytes)};
}

class JsonlImporter {
 public:
  JsonlImporter(std::istream& in, const std::string& name, const ImportOptions& options)
      : lines_(in, name), options_(options) {}

  Result<RouteTrace> run();

 private:
  // What the lines so far say about the step that is being read.
  struct OpenStep {
    std::int64_t number = 0;
    std::int64_t turn = 0;
    Phase phase = Phase::decode;
    std::int64_t base = 0;   // absolute position of its first token
    std::int64_t shift = 0;  // from a line's `token` to the absolute position
    std::int64_t end = 0;    // one past the last position so far
  };

  Status take_line(std::string_view text);
  Status take_shape(const LineHandler& line);
  Status take_choice(const LineHandler& line);
  Status take_experts(const LineHandler& line, TokenChoice& choice);
  Status take_weights(const LineHandler& line, TokenChoice& choice);
  Status begin_step(std::int64_t number, std::int64_t turn, Phase phase);
  Result<std::int64_t> position_of(const LineHandler& line, bool first);

  LineReader lines_;
  const ImportOptions& options_;
  RouteTrace trace_;
  std::optional<StepAssembler> steps_;
  std::optional<OpenStep> open_;
  std::vector<std::uint16_t> experts_;
  std::vector<float> weights_;
};

Status JsonlImporter::take_shape(const LineHandler& line) {
  // A line that describes the model has no choices.
  const bool described = lines_.number() == 1 && line.find("layers") != nullptr;
  if (described) {
    const auto sizes = get_sizes(line);
    if (!sizes) return sizes.error();
    auto shape = traced_shape(*sizes, options_);
    if (!shape) return shape.error();
    trace_.header.model = std::move(*shape);
  } else if (options_.model) {
    if (const Status valid = options_.model->validate(); !valid) return valid.error().at({}, "model");
    trace_.header.model = *options_.model;
  } else {
    return bad_input(R"(a model, or a first line {"model":...,"layers":...,"experts":...,"top_k":...,)"
                     R"("expert_bytes":...,"dense_bytes":...})",
                     "neither");
  }
  trace_.header.provenance = options_.provenance.empty() ? "imported from JSON Lines" : options_.provenance;
  steps_.emplace(trace_.header.model);
  return described ? Status() : take_choice(line);
}

// Steps are numbered one by one, or by the absolute position of their first token.
Status JsonlImporter::begin_step(std::int64_t number, std::int64_t turn, Phase phase) {
  if (!open_) {
    const std::int64_t base = phase == Phase::decode ? number : 0;
    open_ = OpenStep{.number = number, .turn = turn, .phase = phase, .base = base, .shift = 0, .end = base};
    return {};
  }
  const std::int64_t next = open_->number + 1;
  if (number != next && number != open_->end) {
    return bad_input(open_->end == next
                         ? fmt::format("step {}", next)
                         : fmt::format("step {} (counted) or {} (by position)", next, open_->end),
                     fmt::format("step {}", number));
  }
  open_ = OpenStep{
      .number = number, .turn = turn, .phase = phase, .base = open_->end, .shift = 0, .end = open_->end};
  return {};
}

// A line's `token` counts from the start of the step, or is the absolute position; a decode step may leave it
// out.
Result<std::int64_t> JsonlImporter::position_of(const LineHandler& line, bool first) {
  const bool decode = open_->phase == Phase::decode;
  const auto token = decode ? get_count_or_zero(line, "token", kMaxStep) : get_count(line, "token", kMaxStep);
  if (!token) return token.error();
  if (first || decode) {
    if (*token != 0 && *token != open_->base) {
      return bad_input(open_->base == 0
                           ? "token 0"
                           : fmt::format("token 0 (within the step) or {} (absolute)", open_->base),
                       fmt::format("token {}", *token));
    }
    open_->shift = open_->base - *token;
  }
  return *token + open_->shift;
}

Status JsonlImporter::take_experts(const LineHandler& line, TokenChoice& choice) {
  const Value* value = line.find("experts");
  if (value == nullptr || value->kind != Value::Kind::integers) {
    return wrong_kind("experts", "an array of integers", value);
  }
  const ModelShape& model = trace_.header.model;
  const auto top_k = static_cast<std::size_t>(model.top_k);
  if (value->integers.empty() || value->integers.size() > top_k) {
    return bad_input(fmt::format("1 to {} experts", top_k), fmt::format("{}", value->integers.size()));
  }
  const LayerShape& layer = model.layers[choice.layer];
  if (!layer.is_moe()) return bad_input("a layer with experts", fmt::format("dense layer {}", choice.layer));
  const std::int32_t bound = model.banks[layer.bank.value()].experts;
  experts_.clear();
  for (const std::int64_t expert : value->integers) {
    if (expert < 0 || expert >= bound) {
      return bad_input(fmt::format("experts from 0 to {}", bound - 1), fmt::format("{}", expert));
    }
    const auto id = static_cast<std::uint16_t>(expert);
    if (std::find(experts_.begin(), experts_.end(), id) != experts_.end()) {
      return bad_input("distinct experts for a token", fmt::format("expert {} again", id));
    }
    experts_.push_back(id);
  }
  choice.experts = experts_;
  return {};
}

Status JsonlImporter::take_weights(const LineHandler& line, TokenChoice& choice) {
  const Value* value = line.find("weights");
  weights_.clear();
  if (value == nullptr || value->kind == Value::Kind::null) return {};
  if (value->kind != Value::Kind::integers && value->kind != Value::Kind::numbers) {
    return wrong_kind("weights", "an array of numbers", value);
  }
  if (value->numbers.size() != choice.experts.size()) {
    return bad_input(fmt::format("weights: one for each of {} experts", choice.experts.size()),
                     fmt::format("{}", value->numbers.size()));
  }
  for (const double weight : value->numbers) {
    if (std::isnan(weight)) {  // unknown, and so are the others
      weights_.clear();
      return {};
    }
    if (weight < 0 || weight > double{std::numeric_limits<float>::max()}) {
      return bad_input("weights of at least 0", fmt::format("{}", weight));
    }
    weights_.push_back(static_cast<float>(weight));
  }
  choice.weights = weights_;
  return {};
}

Status JsonlImporter::take_choice(const LineHandler& line) {
  const auto number = get_count(line, "step", kMaxStep);
  if (!number) return number.error();
  const auto turn = get_count_or_zero(line, "turn", std::numeric_limits<std::int32_t>::max());
  if (!turn) return turn.error();
  const auto word = get_text(line, "phase");
  if (!word) return word.error();
  if (*word != to_text(Phase::prefill) && *word != to_text(Phase::decode)) {
    return bad_input(R"(phase: "prefill" or "decode")", pregate::quoted(*word));
  }
  const Phase phase = *word == to_text(Phase::prefill) ? Phase::prefill : Phase::decode;
  const auto layer =
      get_count(line, "layer", static_cast<std::int64_t>(trace_.header.model.layers.size()) - 1);
  if (!layer) return layer.error();
  const bool first = !open_ || open_->number != *number || open_->turn != *turn;
  if (first) {
    if (const Status begun = begin_step(*number, *turn, phase); !begun) return begun;
  } else if (phase != open_->phase) {
    return bad_input(fmt::format("one phase for step {}", *number),
                     fmt::format("{} after {}", *word, to_text(open_->phase)));
  }
  const auto position = position_of(line, first);
  if (!position) return position.error();
  open_->end = std::max(open_->end, *position + 1);
  TokenChoice choice{.turn = static_cast<std::int32_t>(*turn),
                     .phase = phase,
                     .position = *position,
                     .layer = static_cast<std::size_t>(*layer),
                     .experts = {},
                     .weights = {}};
  Status taken = take_experts(line, choice);
  if (taken) taken = take_weights(line, choice);
  return taken ? steps_->add(choice) : taken;
}

Status JsonlImporter::take_line(std::string_view text) {
  LineHandler line;
  const bool parsed = Json::sax_parse(text.begin(), text.end(), &line);
  if (!line.status()) return line.status();
  if (!parsed) return bad_input("a JSON object", pregate::quoted(text));
  return steps_ ? take_choice(line) : take_shape(line);
}

Result<RouteTrace> JsonlImporter::run() {
  while (true) {
    const auto line = lines_.next();
    if (!line) return line.error();
    if (!*line) break;
    if (const Status taken = take_line(**line); !taken) return lines_.at_line(taken.error());
  }
  if (!steps_) return lines_.at_line(bad_input("JSON Lines", "an empty file"));
  if (const Status finished = steps_->finish(); !finished) return lines_.at_line(finished.error());
  trace_.steps = steps_->take();
  return std::move(trace_);
}

}  // namespace

Result<RouteTrace> import_jsonl(std::istream& in, const std::string& name, const ImportOptions& options) {
  return JsonlImporter(in, name, options).run();
}

}  // namespace pregate
