// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/compare_cards.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gui/scene/verdict_parts.hpp"
#include "traces/number_text.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

CardRow row(std::vector<CardCell> cells) {
  return {.cells = std::move(cells)};
}

std::string signed_ms(Duration d) {
  return fmt::format("{:+.3f}", rounded(seconds(d) * 1e3, 3));
}
std::string plain_ms(Duration d) {
  return fmt::format("{:.3f}", seconds(d) * 1e3);
}

std::string times_of(const RunPair& pair) {
  const RunHeader& a = pair.run(Side::a).header;
  const RunHeader& b = pair.run(Side::b).header;
  return a.measured == b.measured ? std::string(a.times()) : fmt::format("A {}, B {}", a.times(), b.times());
}

std::string origin_text(const RunPair& pair) {
  const bool synthetic = pair.run(Side::a).header.origin == Origin::synthetic ||
                         pair.run(Side::b).header.origin == Origin::synthetic;
  const std::string times = times_of(pair);
  return synthetic ? times + ", synthetic routing" : times;
}

std::string headline_of(const RunPair& pair) {
  const PhaseDiff& phase = pair.focus();
  if (phase.steps_in_both == 0) return "A and B have no step in common";
  std::string of = phase.same_steps() ? std::string() : fmt::format(", on {}", shared_part(phase));
  if (!phase.same_tokens()) of += ", not the same tokens";
  if (!pair.decoded()) {
    const Duration a = phase.sum.a.bins.total(), b = phase.sum.b.bins.total();
    return fmt::format("B takes {}, A {}: {}{}", time_text(b), time_text(a),
                       signed_text(100 * (ratio(b, a) - 1), "%"), of);
  }
  const auto [a, b] = shared_rates(phase);
  return fmt::format("B decodes {:.2f} tokens/s, A {:.2f}: {}{}", b, a,
                     signed_text(a > 0 ? 100 * (b / a - 1) : 0, "%"), of);
}

// Bars hang from one level to the next; the width is what the levels span.
Card waterfall_card(const RunPair& pair, const PhaseDiff& phase, std::string title) {
  Card card{.title = std::move(title),
            .note = fmt::format("from A to B; {}; {}", shared_part(phase), times_of(pair)),
            .blocks = {}};
  const std::vector<Fall> falls = falls_of(phase, 'B');
  Duration at = falls.front().whole, low = at, high = at;
  for (const Fall& fall : falls) {
    at = fall.level ? fall.whole : at + fall.whole;
    low = std::min(low, at);
    high = std::max(high, at);
  }
  const auto share = [&](Duration level) { return high == low ? 0 : ratio(level - low, high - low); };
  CardTable table{.titles = {"", "ms a token", "ms in all"}};
  RoundedColumn per_token(std::max<std::int64_t>(1, phase.tokens_a)), whole(1);
  at = Duration();
  for (const Fall& fall : falls) {
    const Duration before = fall.level ? Duration() : at;
    at = fall.level ? fall.whole : at + fall.whole;
    table.rows.push_back(
        row({{fall.name, {}, Ink::text, fall.level},
             {fall.both ? per_token.cell(*fall.both, fall.level) : std::string(), {}, Ink::text, fall.level},
             {whole.cell(fall.whole, fall.level), {}, Ink::text, fall.level}}));
    CardRow& line = table.rows.back();
    if (fall.level) {
      line.bar = CardBar{share(at), share(at), Ink::axis};
    } else {
      line.bar = CardBar{share(before), share(at), fall.whole < Duration() ? Ink::better : Ink::worse};
      if (fall.bin) line.swatch = ink_of(*fall.bin);
    }
  }
  card.blocks.emplace_back(std::move(table));
  return card;
}

Card changes_card(const RunPair& pair) {
  Card card{.title = "What B changes", .note = "in the scenario, A to B, by the path of --set", .blocks = {}};
  const std::vector<ShownChange> changes = shown_changes(pair.changes());
  const auto say = [&card](std::string text, Ink ink = Ink::text) {
    card.blocks.emplace_back(CardText{.runs = {{std::move(text), {}}}, .ink = ink});
  };
  if (pair.changes().empty()) say("Nothing in the scenario.");
  for (const ShownChange& change : changes) {
    say(fmt::format(
        "{}: {} \u2192 {}{}", change.path, change.a, change.b,
        change.fields == 0 ? std::string() : fmt::format(" (and {} of its fields)", change.fields)));
  }
  for (const std::string& remark : pair.remarks()) say(remark, Ink::warning);
  return card;
}

Card layer_card(const RunPair& pair) {
  const PhaseDiff& phase = pair.focus();
  Card card{.title = "Layer by layer",
            .note = fmt::format("ms in {}, and the bin that explains most of the change; {}",
                                shared_part(phase), times_of(pair)),
            .blocks = {}};
  Duration most, least;
  const auto each = [&](const auto& see) {
    for (std::size_t layer = 0; layer <= phase.layers.size(); ++layer)
      see(layer, layer < phase.layers.size() ? phase.layers[layer] : phase.head);
  };
  each([&](std::size_t, const RowDiff& r) {
    most = std::max(most, r.change().total());
    least = std::min(least, r.change().total());
  });
  CardTable table{.titles = {"layer", "A", "B", "B - A", "most by"}};
  const Duration span = most - least;
  table.zero = span > Duration() ? ratio(Duration() - least, span) : 0;
  each([&](std::size_t layer, const RowDiff& r) {
    const TimeBins change = r.change();
    const TimeBin cause = main_cause(change);
    const bool head = layer == phase.layers.size();
    const Target target = head ? Target{} : Target{.kind = Target::Kind::layer, .row = layer};
    table.rows.push_back(
        row({{head ? std::string("head") : fmt::format("layer {}", layer), target},
             {plain_ms(r.a.bins.total())},
             {plain_ms(r.b.bins.total())},
             {signed_ms(change.total())},
             {change[cause] == Duration() ? std::string() : words_of(cause), {}, Ink::text_dim}}));
    if (span > Duration())
      table.rows.back().bar = CardBar{table.zero, table.zero + ratio(change.total(), span),
                                      change.total() < Duration() ? Ink::better : Ink::worse};
  });
  card.blocks.emplace_back(std::move(table));
  return card;
}

Card side_card(const RunPair& pair) {
  const bool decoded = pair.decoded();
  Card card{.title = decoded ? "Decode side by side" : "Side by side", .note = times_of(pair), .blocks = {}};
  CardTable table{.titles = {"", "A", "B"}};
  const auto add = [&](const char* name, const auto& text) {
    table.rows.push_back(row({{name}, {text(pair.run(Side::a).summary)}, {text(pair.run(Side::b).summary)}}));
  };
  const auto phase = [decoded](const RunSummary& s) -> const PhaseSummary& {
    return decoded ? s.decode : s.all;
  };
  add("tokens", [&](const RunSummary& s) { return with_commas(phase(s).tokens); });
  if (decoded) {
    add("tokens/s", [&](const RunSummary& s) { return fmt::format("{:.2f}", tokens_per_second(s.decode)); });
    add("time a token",
        [&](const RunSummary& s) { return milliseconds(per_token(s.decode.makespan, s.decode.tokens)); });
    add("stall a token",
        [&](const RunSummary& s) { return milliseconds(per_token(s.decode.stall, s.decode.tokens)); });
  }
  add("makespan", [&](const RunSummary& s) { return time_text(phase(s).makespan); });
  add("hit rate", [&](const RunSummary& s) { return percent(hit_rate(phase(s))); });
  if (decoded) add("hit rate of OPT", [](const RunSummary& s) { return percent(s.opt_hit_rate_decode); });
  const auto outcome = [&](const char* name, Outcome o) {
    add(name,
        [&, o](const RunSummary& s) { return with_commas(phase(s).outcomes[static_cast<std::size_t>(o)]); });
  };
  outcome("resident", Outcome::resident_hit);
  outcome("prefetched in time", Outcome::prefetch_hit);
  outcome("late", Outcome::late_prefetch);
  outcome("missed", Outcome::miss);
  add("loads", [&](const RunSummary& s) { return with_commas(phase(s).loads); });
  add("of them reloads", [&](const RunSummary& s) { return with_commas(phase(s).reloads); });
  add("read from flash", [&](const RunSummary& s) { return to_text(phase(s).bytes_read); });
  add("first token after", [](const RunSummary& s) {
    return s.prefill.tokens == 0 ? std::string("no prefill") : time_text(s.ttft);
  });
  add("DRAM for experts", [](const RunSummary& s) { return to_text(s.expert_budget); });
  card.blocks.emplace_back(std::move(table));
  return card;
}

}  // namespace

CardPage comparison_of(const RunPair& pair) {
  CardPage page;
  const RunHeader &a = pair.run(Side::a).header, &b = pair.run(Side::b).header;
  page.above = {{fmt::format("A {} on {}: {} \u00b7 B {} on {}: {} \u00b7 {}", a.model, a.device, a.policy,
                             b.model, b.device, b.policy, origin_text(pair)),
                 {}}};
  page.headline = headline_of(pair);
  const auto waterfall = [&](const PhaseDiff& phase, const char* title) {
    const Waterfall fall = phase.waterfall();
    if (fall.from != Duration() || fall.to != Duration())
      page.cards.push_back(waterfall_card(pair, phase, title));
  };
  if (pair.decoded()) {
    waterfall(pair.diff().of(Phase::decode), "Where a decoded token's time went");
  } else {
    waterfall(pair.diff().all(), "Where the run's time went");
  }
  page.cards.push_back(changes_card(pair));
  page.cards.push_back(side_card(pair));
  if (pair.decoded()) waterfall(pair.diff().of(Phase::prefill), "Where the prompt's time went");
  page.cards.push_back(layer_card(pair));
  return page;
}

Picture picture_of_comparison(const CompareScene& scene, const CardPage& page, int width, int height) {
  constexpr int kLanes = 420;
  CompareScene lanes = scene;
  lanes.resize(width, kLanes);
  Picture out = lanes.picture();
  const Picture below = picture_of(page, width, std::max(0, height - kLanes));
  append(out, below, 0, kLanes);
  out.height = kLanes + below.height;
  return out;
}

}  // namespace pregate
