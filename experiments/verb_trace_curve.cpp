// SPDX-License-Identifier: Apache-2.0
// `pregate trace curve`: hit rate and bytes read against the DRAM budget for every policy, OPT beside them,
// with the token cycle T marked. No device and no time: every load arrives at once.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "experiments/json_text.hpp"
#include "experiments/plot/figure.hpp"
#include "experiments/table.hpp"
#include "experiments/trace_input.hpp"
#include "experiments/verbs.hpp"
#include "sim/residency/curve.hpp"
#include "traces/locality.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct CurveVerbOptions {
  std::string file, model, plot;
  std::vector<std::string> budgets, policies;
  std::int32_t lfu_half_life = CurveOptions{}.lfu_half_life;
  std::string seed = "1";
  bool json = false;
};

Result<std::vector<Bytes>> parse_budgets(const std::vector<std::string>& texts) {
  std::vector<Bytes> budgets;
  for (const std::string& text : texts) {
    const Result<Bytes> budget = parse_bytes(text);
    if (!budget) return budget.error().at("--budgets");
    if (*budget <= Bytes())
      return bad_input("a size above zero such as 4000MiB", fmt::format("\"{}\"", text)).at("--budgets");
    budgets.push_back(*budget);
  }
  return budgets;
}

Result<std::vector<EvictionKind>> parse_policies(const std::vector<std::string>& words) {
  std::vector<EvictionKind> kinds;
  for (const std::string& word : words) {
    const Result<EvictionKind> kind = parse_eviction(word);
    if (!kind) return kind.error().at("--policies");
    kinds.push_back(*kind);
  }
  return kinds;
}

// From half the token cycle, where LRU finds nothing, and just below it, where a plot would otherwise draw
// the cliff as a slope, up to all experts, where only first loads miss. In whole 10 MiB.
std::vector<Bytes> ladder(Bytes cycle, Bytes all) {
  constexpr std::int64_t kTenths[] = {5, 9, 10, 12, 15, 20, 30, 40, 60, 80, 120, 160};
  const Bytes grain = std::min(Bytes::mib(10), std::max(Bytes(1), Bytes(cycle.count() / 20)));
  std::vector<Bytes> budgets;
  for (const std::int64_t tenths : kTenths) {
    const std::int64_t wanted = cycle.count() * tenths / 10;
    const Bytes budget((wanted + grain.count() - 1) / grain.count() * grain.count());
    if (budget > Bytes() && budget < all && (budgets.empty() || budget > budgets.back()))
      budgets.push_back(budget);
  }
  budgets.push_back(all);
  return budgets;
}

struct Curve {
  std::vector<CurvePoint> points;  // budget after budget, within it policy after policy
  std::vector<Bytes> budgets;
  std::vector<EvictionKind> policies;
  Bytes cycle;
};

Result<Curve> compute(const RouteTrace& trace, const CurveVerbOptions& options) {
  Curve curve;
  Result<std::vector<Bytes>> budgets = parse_budgets(options.budgets);
  if (!budgets) return budgets.error();
  Result<std::vector<EvictionKind>> policies =
      parse_policies(options.policies.empty() ? eviction_words() : options.policies);
  if (!policies) return policies.error();
  const Result<std::uint64_t> seed = parse_seed(options.seed);
  if (!seed) return seed.error().at("--seed");
  curve.cycle = measure_locality(trace).token_cycle;
  curve.policies = std::move(*policies);
  curve.budgets =
      budgets->empty() ? ladder(curve.cycle, trace.header.model.all_experts_bytes()) : std::move(*budgets);

  const ExpertTable table(trace.header.model);
  const EventSequence sequence(trace, table);
  const FutureUses future(sequence, table.size());
  const auto layers = static_cast<std::int32_t>(trace.header.model.layers.size());
  const auto cells = static_cast<std::int64_t>(curve.budgets.size() * curve.policies.size());
  Progress progress("replaying: point");
  for (const Bytes budget : curve.budgets) {
    for (const EvictionKind policy : curve.policies) {
      curve.points.push_back(replay_at(sequence, future, table, layers, policy, budget,
                                       {.lfu_half_life = options.lfu_half_life, .seed = *seed}));
      progress.update(static_cast<std::int64_t>(curve.points.size()), cells);
    }
  }
  return curve;
}

Json json_of(const Curve& curve) {
  Json out = Json::array();
  for (const CurvePoint& point : curve.points) {
    out.push_back({{"policy", to_text(point.policy)},
                   {"budget_bytes", point.budget.count()},
                   {"hit_rate", point.hit_rate()},
                   {"hit_rate_decode", point.hit_rate_decode()},
                   {"bytes_read", point.bytes_read.count()},
                   {"loads", point.loads},
                   {"reloads", point.reloads},
                   {"lookups", point.lookups},
                   {"lookups_decode", point.lookups_decode},
                   {"hits", point.hits},
                   {"hits_decode", point.hits_decode},
                   {"peak_resident_bytes", point.peak_resident.count()},
                   {"token_cycle_bytes", curve.cycle.count()}});
  }
  return out;
}

// Long words stand on two lines, so that all policies fit on a screen.
std::string column_title(EvictionKind policy) {
  std::string title(to_text(policy));
  if (policy == EvictionKind::belady) title = "belady\n= OPT";
  const std::size_t dash = title.find('-');
  if (dash != std::string::npos) title.insert(dash + 1, "\n");
  return title;
}

// One table: a row a budget, a column a policy; `cell` makes the text of a point.
template <typename Cell>
std::string table_of(const Curve& curve, const Look& look, const Cell& cell) {
  std::vector<Column> columns = {{"budget\nMiB"}, {"", Align::left}};
  for (const EvictionKind policy : curve.policies) columns.push_back({column_title(policy)});
  Table table(std::move(columns));
  for (std::size_t b = 0; b < curve.budgets.size(); ++b) {
    const Bytes budget = curve.budgets[b];
    std::vector<std::string> row = {with_commas((budget.count() + (1 << 19)) >> 20),
                                    budget < curve.cycle ? "<T" : ""};
    for (std::size_t p = 0; p < curve.policies.size(); ++p)
      row.push_back(cell(curve.points[b * curve.policies.size() + p]));
    table.row(std::move(row));
  }
  return table.text(look);
}

std::string text_of(const Curve& curve, const RouteTrace& trace, const std::string& note, const Look& look) {
  bool overflowed = false;
  const std::string hits = table_of(curve, look, [&overflowed](const CurvePoint& point) {
    const bool over = point.peak_resident > point.budget;
    overflowed |= over;
    return fmt::format("{:.1f}{}", point.hit_rate_decode() * 100, over ? "*" : " ");
  });
  const std::string read = table_of(curve, look, [](const CurvePoint& point) {
    return with_commas((point.bytes_read.count() + (1 << 19)) >> 20);
  });
  std::string out =
      fmt::format("{} ({} trace, {} steps), replayed without time\n{}\n\n", trace.header.model.name,
                  to_text(trace.header.origin), trace.steps.size(), note);
  out += "Decode hit rate, %\n" + hits + "\nRead from flash in the whole trace, MiB\n" + read;
  out += fmt::format(
      "\n  T = {}: the experts of one decode token (mean). <T: below it a global LRU finds nothing.\n",
      to_text(curve.cycle));
  if (overflowed) {
    out += "  *: an event, or a bank's share of the budget, needed more room than the budget while it ran.\n";
  }
  return out;
}

// One policy over the budgets, from the least to the largest.
plot::Series series_of(const Curve& curve, std::size_t policy) {
  const EvictionKind kind = curve.policies[policy];
  plot::Series series{.name = std::string(to_text(kind))};
  if (kind == EvictionKind::belady) {
    series.name = "belady = OPT";
    series.colour = plot::Colour{0, 0, 0};
    series.dash = plot::Dash::dashed;
    series.marker = plot::Marker::none;
  }
  std::vector<std::size_t> order(curve.budgets.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&curve](std::size_t a, std::size_t b) { return curve.budgets[a] < curve.budgets[b]; });
  for (const std::size_t b : order) {
    series.x.push_back(static_cast<double>(curve.budgets[b].count()) / (1 << 20));
    series.y.push_back(curve.points[b * curve.policies.size() + policy].hit_rate_decode() * 100);
  }
  return series;
}

plot::Figure figure_of(const Curve& curve, const RouteTrace& trace, const std::string& note) {
  plot::Lines lines;
  for (std::size_t p = 0; p < curve.policies.size(); ++p) lines.series.push_back(series_of(curve, p));
  const double cycle = static_cast<double>(curve.cycle.count()) / (1 << 20);
  if (cycle > 0) lines.references = {{.at = cycle, .label = fmt::format("T = {}", to_text(curve.cycle))}};
  return {.title = fmt::format("Decode hit rate over the expert budget: {}", trace.header.model.name),
          .subtitle =
              fmt::format("counted: {} routing, {} steps, replayed without time; T: experts of one decode "
                          "token, mean; {}",
                          to_text(trace.header.origin), trace.steps.size(), note),
          .width = 860,
          .height = 500,
          .panels = {{.x = {.label = "expert budget", .unit = "MiB", .scale = plot::Scale::log2},
                      .y = {.label = "decode hit rate", .unit = "%", .min = 0, .max = 100},
                      .content = std::move(lines)}}};
}

Status check_plot_path(const CurveVerbOptions& options) {
  if (options.plot.empty()) return {};
  const Result<plot::Format> format = plot::format_of(options.plot);
  if (!format) return format.error().at("--plot");
  return check_outputs({{"--plot", options.plot}}, {{"FILE", options.file}, {"--model", options.model}});
}

Status run_curve(Session& session, const CurveVerbOptions& options) {
  if (const Status writable = check_plot_path(options); !writable) return writable;
  const Result<LoadedTrace> loaded = load_costed_trace(session.catalogue, options.file, options.model);
  if (!loaded) return loaded.error();
  const Result<Curve> curve = compute(*loaded->trace, options);
  if (!curve) return curve.error();
  session.out =
      options.json ? json_text(json_of(*curve)) : text_of(*curve, *loaded->trace, loaded->note, session.look);
  if (options.plot.empty()) return {};
  if (!options.json) session.out += fmt::format("\nPlot: {}\n", options.plot);
  return plot::write_figure(figure_of(*curve, *loaded->trace, loaded->note), options.plot);
}

}  // namespace

void add_trace_curve_verb(CLI::App& trace, Session& session) {
  auto options = std::make_shared<CurveVerbOptions>();
  CLI::App* verb = trace.add_subcommand(
      "curve", "Hit rate and bytes read against the DRAM budget, every policy beside OPT");
  verb->add_option("FILE", options->file,
                   "a .route file, a route_trace v1 CSV or JSON Lines, told apart by content")
      ->required();
  verb->add_option("--budgets", options->budgets,
                   "sizes such as 500MiB,1000MiB; default: a ladder from T/2 to all experts")
      ->delimiter(',');
  verb->add_option("--policies", options->policies,
                   fmt::format("of {}; default: all", fmt::join(eviction_words(), ", ")))
      ->delimiter(',');
  verb->add_option("--model", options->model,
                   "costs of this model; none: the trace's own; default: by the trace's name");
  verb->add_option("--lfu-half-life", options->lfu_half_life, "steps after which lfu-decay halves a count")
      ->check(CLI::Range(1, 1'000'000));
  verb->add_option("--seed", options->seed, "of the policies that draw");
  verb->add_option("--plot", options->plot, "draw the decode hit rates into this .svg or .png file");
  verb->add_flag("--json", options->json, "JSON instead of text: a list of points");
  verb->footer(
      "Examples:\n  pregate trace curve phone.route.csv\n"
      "  pregate trace curve phone.route.csv --budgets 2000MiB,4000MiB --policies lru,belady --json\n"
      "  pregate trace curve phone.route.csv --plot curve.svg");
  verb->callback(
      [options, &session] { session.action = [options, &session] { return run_curve(session, *options); }; });
}

}  // namespace pregate
