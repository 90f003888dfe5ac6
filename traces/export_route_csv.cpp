// SPDX-License-Identifier: Apache-2.0
#include "traces/export_route_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "traces/csv_writer.hpp"

namespace pregate {
namespace {

// Text in a preamble line, whose words are KEY=VALUE.
std::string in_preamble(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '=' || c == '/'; },
      '_');
  return text;
}

// The decimal that is read as the same float again, by way of a double as the importer reads it.
std::string weight_text(float weight) {
  const std::string text = fmt::format("{}", weight);
  double read = 0;
  std::from_chars(text.data(), text.data() + text.size(), read);
  return static_cast<float>(read) == weight ? text : fmt::format("{}", static_cast<double>(weight));
}

class RouteCsv {
 public:
  explicit RouteCsv(const RouteTrace& trace) : trace_(trace), model_(trace.header.model) {}

  Result<RouteCsvExport> write(const std::string& path);

 private:
  Status check_steps();
  Status check_step(const RouteStep& step, const RouteStep* previous) const;
  Status check_layer(const RouteStep& step, std::size_t layer) const;
  void list_left_out();
  [[nodiscard]] std::vector<std::string> preamble() const;
  Status write_step(CsvWriter& out, const RouteStep& step);
  [[nodiscard]] Bytes expert_bytes(const LayerShape& layer) const {
    return layer.is_moe() ? model_.banks[layer.bank.value()].expert_bytes : Bytes();
  }
  [[nodiscard]] std::int32_t most_experts() const {
    std::int32_t most = 0;
    for (const BankShape& bank : model_.banks) most = std::max(most, bank.experts);
    return most;
  }

  const RouteTrace& trace_;
  const ModelShape& model_;
  std::size_t first_moe_ = 0, last_moe_ = 0;
  bool weights_ = true;  // every step has them
  RouteCsvExport out_;
};

Status RouteCsv::check_layer(const RouteStep& step, std::size_t layer) const {
  if (!model_.layers[layer].is_moe()) return {};
  const std::int64_t tokens = step.layer_tokens[layer];
  const auto found = static_cast<std::int64_t>(step.layer_experts(layer).size());
  const std::int64_t due = tokens * model_.top_k;
  if (found != due)
    return bad_input(fmt::format("{} choices of {} tokens, as a route_trace v1 CSV has", due, tokens),
                     fmt::format("{}", found));
  const bool may_have_fewer = step.phase == Phase::prefill && layer == last_moe_ && layer != first_moe_;
  if (tokens == step.tokens || may_have_fewer) return {};
  return bad_input(fmt::format("all {} tokens of the step, as a route_trace v1 CSV has", step.tokens),
                   fmt::format("{}", tokens));
}

Status RouteCsv::check_step(const RouteStep& step, const RouteStep* previous) const {
  if (const Status valid = validate_step(step, model_); !valid) return valid;
  if (step.dropped > 0)
    return bad_input("choices that were all executed: which ones were dropped is not recorded",
                     fmt::format("{} dropped", step.dropped));
  if (step.phase == Phase::decode && step.tokens != 1)
    return bad_input("decode steps of one token, as a route_trace v1 CSV has",
                     fmt::format("{}", step.tokens));
  if (previous != nullptr) {
    if (const Status order = validate_order(*previous, step); !order) return order;
    if (step.phase == Phase::prefill && previous->turn == step.turn)
      return bad_input("one prefill at the begin of a turn, as a route_trace v1 CSV has", "another one");
  }
  for (std::size_t layer = 0; layer < model_.layers.size(); ++layer) {
    if (const Status fits = check_layer(step, layer); !fits)
      return fits.error().at({}, fmt::format("layer {}", layer));
  }
  if (std::any_of(step.weights.begin(), step.weights.end(), [](float weight) { return weight < 0; }))
    return bad_input("weights of at least 0", "one below");
  return {};
}

Status RouteCsv::check_steps() {
  if (trace_.steps.empty()) return bad_input("at least one step", "none");
  const auto is_moe = [](const LayerShape& layer) { return layer.is_moe(); };
  const auto first = std::find_if(model_.layers.begin(), model_.layers.end(), is_moe);
  if (first == model_.layers.end()) return bad_input("at least one layer with experts", "none");
  first_moe_ = static_cast<std::size_t>(first - model_.layers.begin());
  for (std::size_t i = 0; i < model_.layers.size(); ++i)
    last_moe_ = model_.layers[i].is_moe() ? i : last_moe_;
  const RouteStep* previous = nullptr;
  for (std::size_t i = 0; i < trace_.steps.size(); ++i) {
    const RouteStep& step = trace_.steps[i];
    if (const Status fits = check_step(step, previous); !fits)
      return fits.error().at({}, fmt::format("step {}", i));
    weights_ = weights_ && !step.weights.empty();
    previous = &step;
  }
  return {};
}

void RouteCsv::list_left_out() {
  const auto say = [this](bool left_out, std::string what) {
    if (left_out) out_.left_out.push_back(std::move(what));
  };
  const auto any_step = [this](auto has) {
    return std::any_of(trace_.steps.begin(), trace_.steps.end(), has);
  };
  const RouteHeader& header = trace_.header;
  std::set<BankId> banks;
  std::size_t moe = 0;
  bool same_size = true;
  for (const LayerShape& layer : model_.layers) {
    if (!layer.is_moe()) continue;
    ++moe;
    banks.insert(layer.bank);
    same_size = same_size && model_.banks[layer.bank.value()].experts == most_experts();
  }
  say(banks.size() < moe,
      fmt::format("which layers share a bank: read again, {} layers have banks of their own", moe));
  say(!same_size, fmt::format("how many experts each bank has: read again, all have {}", most_experts()));
  say(in_preamble(model_.name) != model_.name,
      "signs of the model's name: '=', '/' and line ends are written as '_'");
  say(true, "MACs, the KV cache and the output head: read again, they come from a model or are estimated");
  say(header.origin != Origin::recorded,
      fmt::format("that the routing is {}: read again, it is taken for recorded", to_text(header.origin)));
  say(!header.prompt.empty(), "the prompt");
  say(header.context != 0, "the context that was planned");
  say(!weights_ && any_step([](const RouteStep& step) { return !step.weights.empty(); }),
      "weights, as some steps have none");
  say(any_step([](const RouteStep& step) { return !step.measured.empty(); }), "measured operators");
  say(any_step([](const RouteStep& step) { return !step.norms.empty(); }), "norms");
  say(any_step([this](const RouteStep& step) {
        for (std::size_t i = 0; i < model_.layers.size(); ++i) {
          if (!model_.layers[i].is_moe() && step.layer_tokens[i] != step.tokens) return true;
        }
        return false;
      }),
      "dense layers that fewer tokens passed: read again, all pass");
}

std::vector<std::string> RouteCsv::preamble() const {
  std::vector<std::string> out = {"# route_trace v1"};
  out.push_back(fmt::format("# model={} n_layer={} n_expert={} n_expert_used={}", in_preamble(model_.name),
                            model_.layers.size(), most_experts(), model_.top_k));
  for (std::size_t i = 0; i < model_.layers.size(); ++i) {
    const LayerShape& layer = model_.layers[i];
    out.push_back(fmt::format("# layer={} expert_bytes={} dense_bytes={}", i, expert_bytes(layer).count(),
                              (layer.attention_bytes + layer.feed_forward_bytes).count()));
  }
  constexpr std::size_t kMostProvenance = 4096;
  out.push_back(fmt::format("# origin={}", to_text(trace_.header.origin)));
  if (!trace_.header.provenance.empty() && trace_.header.provenance.size() <= kMostProvenance)
    out.push_back(fmt::format("# provenance={}", in_preamble(trace_.header.provenance)));
  out.emplace_back(weights_ ? "turn,phase,step,layer,slot,expert,weight"
                            : "turn,phase,step,layer,slot,expert");
  return out;
}

Status RouteCsv::write_step(CsvWriter& out, const RouteStep& step) {
  for (std::size_t layer = 0; layer < model_.layers.size(); ++layer) {
    const auto experts = step.layer_experts(layer);
    const auto weights = step.layer_weights(layer);
    const std::int64_t first = step.position + step.tokens - step.layer_tokens[layer];
    for (std::size_t i = 0; i < experts.size(); ++i) {
      const auto token = static_cast<std::int64_t>(i) / model_.top_k;
      out.cell(step.turn).cell(step.phase == Phase::prefill ? 0 : 1).cell(first + token);
      out.cell(static_cast<std::int64_t>(layer)).cell(static_cast<std::int64_t>(i) % model_.top_k);
      out.cell(experts[i]);
      if (weights_) out.cell(weight_text(weights[i]));
      if (const Status written = out.end(); !written) return written;
      ++out_.rows;
    }
  }
  return {};
}

Result<RouteCsvExport> RouteCsv::write(const std::string& path) {
  // A layer whose experts have no bytes would be read as a dense one; no model has that.
  if (const Status valid = model_.validate(); !valid) return valid.error();
  if (const Status fits = check_steps(); !fits) return fits.error();
  list_left_out();
  Result<CsvWriter> out = CsvWriter::create(path);
  if (!out) return out.error();
  for (const std::string& line : preamble()) out->line(line);
  for (const RouteStep& step : trace_.steps) {
    if (const Status written = write_step(*out, step); !written) return written.error();
  }
  if (const Status finished = out->finish(); !finished) return finished.error();
  if (const Status named = out->commit(); !named) return named.error();
  return std::move(out_);
}

}  // namespace

Result<RouteCsvExport> export_route_csv(const RouteTrace& trace, const std::string& path) {
  return RouteCsv(trace).write(path);
}

}  // namespace pregate
