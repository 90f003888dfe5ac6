// SPDX-License-Identifier: Apache-2.0
#include "experiments/signature_view.hpp"

#include <fmt/format.h>

#include "experiments/table.hpp"
#include "experiments/wrap.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

Tone tone_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return Tone::good;
    case Verdict::watch:
      return Tone::warn;
    case Verdict::failing:
      return Tone::bad;
    case Verdict::unknown:
      break;
  }
  return Tone::faint;
}

std::string limit_text(const Limits& limits, double limit) {
  return fmt::format("{} {:g}", limits.side == BadSide::above ? "from" : "to", limit);
}

Json json_of(const ExpertUse& use) {
  return {{"tokens", use.tokens},
          {"uses", use.uses},
          {"experts", use.experts},
          {"entropy_bits", use.entropy_bits},
          {"entropy_bits_chance", use.entropy_bits_chance},
          {"evenness", use.evenness},
          {"top8_share", use.top8_share},
          {"top8_share_chance", use.top8_share_chance},
          {"largest_share", use.largest_share},
          {"largest_share_chance", use.largest_share_chance},
          {"most_used", use.most_used},
          {"unused", use.unused},
          {"unused_chance", use.unused_chance}};
}

Json json_of(const PairMeans& means) {
  return {{"distance", means.distance},
          {"pairs", means.pairs},
          {"overlap", means.overlap},
          {"overlap_chance", means.chance},
          {"overlap_shuffled", means.shuffled},
          {"choice_correlation", means.choice_correlation},
          {"usage_correlation", means.usage_correlation}};
}

Json json_of(const LayerPair& pair) {
  return {{"first", pair.first.value()},
          {"second", pair.second.value()},
          {"bank", pair.bank.value()},
          {"distance", pair.distance},
          {"tokens", pair.tokens},
          {"overlap", pair.overlap},
          {"overlap_chance", pair.chance},
          {"overlap_shuffled", pair.shuffled},
          {"overlap_shuffled_deviation", pair.shuffled_deviation},
          {"choice_correlation", pair.choice_correlation},
          {"usage_correlation", pair.usage_correlation}};
}

std::vector<std::string> use_cells(const ExpertUse& use) {
  return {fmt::format("{:.2f}", use.entropy_bits), fmt::format("{:.2f}", use.entropy_bits_chance),
          fmt::format("{:.2f}", use.evenness),     percent(use.top8_share),
          percent(use.top8_share_chance),          percent(use.largest_share),
          fmt::format("{}", use.unused),           fmt::format("{:.0f}", use.unused_chance)};
}

std::vector<Column> use_columns(const char* what) {
  return {{what, Align::left}, {"bits"},           {"by\nchance"}, {"evenness"},  {"top 8"},
          {"by\nchance"},      {"largest\nshare"}, {"unused"},     {"by\nchance"}};
}

std::string layer_table(const RoutingUse& use, const Look& look) {
  std::vector<Column> columns = use_columns("layer");
  columns.push_back({"shared /\nrouted norm"});
  Table table(std::move(columns));
  for (const LayerUse& layer : use.layers) {
    std::vector<std::string> cells = use_cells(layer.use);
    cells.insert(cells.begin(), fmt::format("{}", layer.layer.value()));
    const bool told = layer.norms && layer.norms->routed > 0;
    cells.push_back(told ? fmt::format("{:.2f}", layer.norms->shared / layer.norms->routed) : "");
    table.row(std::move(cells));
  }
  return table.text(look);
}

std::string bank_table(const RoutingUse& use, const Look& look) {
  Table table(use_columns("bank"));
  for (const BankUse& bank : use.banks) {
    std::vector<std::string> cells = use_cells(bank.use);
    cells.insert(cells.begin(), fmt::format("{}", bank.bank.value()));
    table.row(std::move(cells));
  }
  return table.text(look);
}

std::vector<std::string> pair_cells(std::string name, const PairMeans& m) {
  return {std::move(name),
          percent(m.overlap),
          percent(m.chance),
          percent(m.shuffled),
          fmt::format("{:+.3f}", m.choice_correlation),
          fmt::format("{:+.3f}", m.usage_correlation)};
}

std::string pair_table(const LayerPairs& pairs, const Look& look) {
  Table table({{"routers for the same token", Align::left},
               {"overlap"},
               {"by\nchance"},
               {"by\npopularity"},
               {"choices\ncorrelate"},
               {"usage\ncorrelates"}});
  for (const LayerPair& p : pairs.within) {
    table.row(pair_cells(
        fmt::format("layers {} and {}, bank {}", p.first.value(), p.second.value(), p.bank.value()),
        {.overlap = p.overlap,
         .chance = p.chance,
         .shuffled = p.shuffled,
         .choice_correlation = p.choice_correlation,
         .usage_correlation = p.usage_correlation}));
  }
  const auto means = [&table](const char* format, const std::vector<PairMeans>& rows) {
    for (const PairMeans& m : rows)
      table.row(pair_cells(fmt::format(fmt::runtime(format), m.distance, m.pairs), m));
  };
  means("one bank, {} apart (mean of {})", pairs.within_means);
  means("other banks, {} apart (mean of {})", pairs.across_means);
  return table.text(look);
}

}  // namespace

std::string text_of(std::span<const Signature> signatures, const Look& look) {
  Table table(
      {{"failure signature", Align::left}, {"value"}, {"watch"}, {"failing"}, {"verdict", Align::left}});
  for (const Signature& s : signatures) {
    table.row({std::string(s.title), s.value ? fmt::format("{:.2f}", *s.value) : "-",
               limit_text(s.limits, s.limits.watch), limit_text(s.limits, s.limits.failing),
               toned(look, tone_of(s.verdict), to_text(s.verdict))});
  }
  std::string out = table.text(look) + "\n";
  for (const Signature& s : signatures) out += wrapped(fmt::format("{}: {}", s.title, s.sentence), 2, 100);
  return out;
}

std::string text_of(const RoutingUse& use, const LayerPairs& pairs, const Look& look) {
  std::string out = layer_table(use, look);
  if (use.banks.size() < use.layers.size()) out += "\n" + bank_table(use, look);
  if (!pairs.within.empty() || !pairs.across_means.empty()) out += "\n" + pair_table(pairs, look);
  return out;
}

Json json_of(std::span<const Signature> signatures) {
  Json out = Json::array();
  for (const Signature& s : signatures) {
    out.push_back({{"key", s.key},
                   {"value", s.value ? Json(*s.value) : Json()},
                   {"watch", s.limits.watch},
                   {"failing", s.limits.failing},
                   {"bad_side", s.limits.side == BadSide::above ? "above" : "below"},
                   {"verdict", to_text(s.verdict)},
                   {"sentence", s.sentence}});
  }
  return out;
}

void add_details(Json& out, const RoutingUse& use, const LayerPairs& pairs) {
  out["layer_use"] = Json::array();
  for (const LayerUse& layer : use.layers) {
    Json row = {{"layer", layer.layer.value()}, {"bank", layer.bank.value()}};
    row.update(json_of(layer.use));
    row["shared_norm"] = layer.norms ? Json(layer.norms->shared) : Json();
    row["routed_norm"] = layer.norms ? Json(layer.norms->routed) : Json();
    out["layer_use"].push_back(std::move(row));
  }
  out["bank_use"] = Json::array();
  for (const BankUse& bank : use.banks) {
    Json row = {{"bank", bank.bank.value()}, {"layers", bank.layers}};
    row.update(json_of(bank.use));
    out["bank_use"].push_back(std::move(row));
  }
  out["router_pairs"] = Json::array();
  for (const LayerPair& pair : pairs.within) out["router_pairs"].push_back(json_of(pair));
  out["router_pairs_within"] = Json::array();
  for (const PairMeans& means : pairs.within_means) out["router_pairs_within"].push_back(json_of(means));
  out["router_pairs_across"] = Json::array();
  for (const PairMeans& means : pairs.across_means) out["router_pairs_across"].push_back(json_of(means));
}

}  // namespace pregate
