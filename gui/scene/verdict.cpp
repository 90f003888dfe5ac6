// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gui/scene/run_names.hpp"
#include "gui/scene/verdict_parts.hpp"
#include "traces/number_text.hpp"
#include "traces/run_facts.hpp"
#include "traces/run_waterfall.hpp"
#include "traces/signatures.hpp"

namespace pregate {
namespace {

using Kind = Target::Kind;
constexpr std::size_t kWorstExperts = 10;
// Below this share, waiting is not what a run is about.
constexpr double kNoticeable = 0.05;

bool decoded(const RunSummary& s) {
  return s.decode.tokens > 0;
}

CardText words(std::string text, Ink ink = Ink::text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return {.runs = {{std::move(text), {}}}, .ink = ink};
}

CardRow row(std::vector<CardCell> cells) {
  return {.cells = std::move(cells)};
}

std::string origin_text(const RunHeader& header) {
  return header.origin == Origin::synthetic
             ? fmt::format("{}, synthetic routing", header.times())
             : fmt::format("{}, {} routing", header.times(), to_text(header.origin));
}

// What the waits of a cause are for.
std::string_view wait_for(StallCause cause) {
  switch (cause) {
    case StallCause::compulsory:
      return "experts that are needed for the first time";
    case StallCause::capacity:
      return "experts that the budget cannot hold";
    case StallCause::policy:
      return "experts that OPT would have kept";
    case StallCause::pollution:
      return "experts that useless prefetches threw out";
    case StallCause::late_prefetch:
      return "late prefetches";
    case StallCause::no_room:
      return "room in DRAM";
  }
  return {};
}

std::string waiting_text(const PhaseSummary& phase, std::string_view whole) {
  const double share = ratio(phase.stall, phase.makespan);
  if (phase.stall == Duration()) return fmt::format("no {} waits for an expert", whole);
  if (share < kNoticeable) return fmt::format("only {} of {} is waiting for experts", percent(share), whole);
  const auto worst = std::max_element(phase.stall_by_cause.begin(), phase.stall_by_cause.end());
  const auto cause = static_cast<StallCause>(worst - phase.stall_by_cause.begin());
  return fmt::format("{} of {} is waiting{}for {}", percent(share), whole,
                     *worst == phase.stall ? " " : ", mostly ", wait_for(cause));
}

std::vector<Figure> figures_of(const RunRecord& run) {
  const RunSummary& s = run.summary;
  const std::string times(run.header.times());
  std::vector<Figure> out;
  const PhaseSummary& focus = focus_of(s);
  if (decoded(s)) {
    out.push_back({fmt::format("{:.2f}", tokens_per_second(s.decode)), "tokens/s", "decode, " + times});
    out.push_back({time_text(per_token(s.decode.makespan, s.decode.tokens)), "a decoded token",
                   fmt::format("mean of {}", with_commas(s.decode.tokens))});
  } else {
    out.push_back(
        {time_text(s.all.makespan), "the prompt", fmt::format("{} tokens, {}", s.prefill.tokens, times)});
  }
  if (s.prefill.tokens > 0)
    out.push_back({time_text(s.ttft), "first token after",
                   fmt::format("{} prompt tokens", with_commas(s.prefill.tokens))});
  const double waiting = ratio(focus.stall, focus.makespan);
  out.push_back({percent(waiting), "of the time is waiting", decoded(s) ? "decode, " + times : times,
                 waiting >= kNoticeable ? Ink::warning : Ink::text});
  out.push_back(
      {percent(hit_rate(focus)), decoded(s) ? "decode hit rate" : "hit rate",
       decoded(s) ? fmt::format("OPT {}", percent(s.opt_hit_rate_decode)) : std::string("counted")});
  if (decoded(s) && s.decode.energy) {
    out.push_back({fmt::format("{:.3f} J", s.decode.energy->total() / static_cast<double>(s.decode.tokens)),
                   "a decoded token", "energy, estimated"});
  }
  return out;
}

Card time_card(const RunRecord& run) {
  const RunSummary& s = run.summary;
  const PhaseSummary& focus = focus_of(s);
  Card card{.title = "Where the time goes",
            .note = decoded(s) ? fmt::format("a decoded token, mean of {}; {}", with_commas(focus.tokens),
                                             run.header.times())
                               : fmt::format("the whole run; {}", run.header.times()),
            .blocks = {}};
  const TimeShares shares = time_shares(focus, decoded(s) ? focus.tokens : 1);
  CardStack stack;
  CardTable table;
  const auto cells = [](std::string name, std::int64_t hundredths, std::int64_t permille) {
    return std::vector<CardCell>{{std::move(name)},
                                 {fmt::format("{:.2f} ms", static_cast<double>(hundredths) / 100)},
                                 {fmt::format("{:.1f} %", static_cast<double>(permille) / 10)}};
  };
  for (const TimeShare& share : shares.rows) {
    stack.parts.push_back({share.time.count_ps(), ink_of(share.bin), words_of(share.bin)});
    table.rows.push_back(row(cells(words_of(share.bin), share.hundredths_ms, share.permille)));
    table.rows.back().swatch = ink_of(share.bin);
  }
  table.rows.push_back(row(cells("together", shares.hundredths_ms, shares.permille)));
  table.rows.back().total = true;
  for (CardCell& cell : table.rows.back().cells) cell.bold = true;
  card.blocks.emplace_back(std::move(stack));
  card.blocks.emplace_back(std::move(table));
  return card;
}

CardRow hit_row(std::string name, double share, Ink ink, bool bold) {
  CardRow out = row({{std::move(name), {}, Ink::text, bold}, {percent(share), {}, Ink::text, bold}});
  out.bar = CardBar{0, std::clamp(share, 0.0, 1.0), ink};
  return out;
}

Card cache_card(const RunRecord& run) {
  const RunSummary& s = run.summary;
  const PhaseSummary& focus = focus_of(s);
  Card card{.title = "Expert cache",
            .note = fmt::format("{} of {} for all experts; T = {} a token", to_text(s.expert_budget),
                                to_text(run.model.all_experts_bytes()), to_text(s.token_cycle)),
            .blocks = {}};
  CardTable hits;
  hits.rows.push_back(
      hit_row(decoded(s) ? "decode hit rate" : "hit rate", hit_rate(focus), Ink::series_0, true));
  if (decoded(s)) {
    hits.rows.push_back(
        hit_row(fmt::format("{} alone", policy_word(run)), s.policy_hit_rate_decode, Ink::series_7, false));
    hits.rows.push_back(hit_row("OPT", s.opt_hit_rate_decode, Ink::series_2, false));
  }
  card.blocks.emplace_back(std::move(hits));
  constexpr std::array<const char*, 4> kOutcomes = {"resident", "prefetched in time", "late", "missed"};
  constexpr std::array<Ink, 4> kInks = {Ink::life_used, Ink::load_useful, Ink::stall_late_prefetch,
                                        Ink::stall_capacity};
  CardTable outcomes{.titles = {fmt::format("of {} lookups", with_commas(focus.lookups)), "", ""}};
  CardStack stack;
  for (std::size_t o = 0; o < kOutcomes.size(); ++o) {
    stack.parts.push_back({focus.outcomes[o], kInks[o], kOutcomes[o]});
    outcomes.rows.push_back(row({{kOutcomes[o]},
                                 {with_commas(focus.outcomes[o])},
                                 {percent(ratio(focus.outcomes[o], focus.lookups))}}));
    outcomes.rows.back().swatch = kInks[o];
  }
  card.blocks.emplace_back(std::move(stack));
  card.blocks.emplace_back(std::move(outcomes));
  if (decoded(s)) {
    card.blocks.emplace_back(
        words(fmt::format(
                  "Alone: the same policy without prefetch, loads in no time. OPT: Belady's optimum at this "
                  "budget; recoverable gap {} of the misses. Both counted.",
                  percent(s.recoverable_gap)),
              Ink::text_dim));
  }
  if (s.expert_budget < s.token_cycle) {
    card.blocks.emplace_back(
        words("The budget is below T: a global LRU forgets every expert before its next use.", Ink::warning));
  }
  return card;
}

Card prefetch_card(const RunRecord& run) {
  const PrefetchSummary& p = run.summary.prefetch;
  Card card{.title = "Prefetch",
            .note = fmt::format("{}; {}", run.header.policy, run.header.times()),
            .blocks = {}};
  if (p.issued == 0) {
    card.blocks.emplace_back(words(
        fmt::format("None issued{}.",
                    p.redundant > 0 ? fmt::format(" ({} were redundant)", with_commas(p.redundant)) : "")));
  } else {
    const std::int64_t in_time = p.useful - p.late;
    CardStack stack{.parts = {{std::max<std::int64_t>(in_time, 0), Ink::load_useful, "in time"},
                              {p.late, Ink::stall_late_prefetch, "late"},
                              {p.useless, Ink::load_useless, "useless"}}};
    card.blocks.emplace_back(std::move(stack));
    CardTable table{.titles = {fmt::format("of {} issued", with_commas(p.issued)), "", ""}};
    const auto add = [&](const char* name, std::int64_t count, Ink ink) {
      table.rows.push_back(row({{name}, {with_commas(count)}, {percent(ratio(count, p.issued))}}));
      table.rows.back().swatch = ink;
    };
    add("used, there in time", in_time, Ink::load_useful);
    add("used, but late", p.late, Ink::stall_late_prefetch);
    add("never used", p.useless, Ink::load_useless);
    card.blocks.emplace_back(std::move(table));
    card.blocks.emplace_back(words(fmt::format(
        "Accuracy {} (useful of issued), coverage {} (misses removed). "
        "Redundant {}, cancelled {}.",
        percent(p.accuracy), percent(p.coverage), with_commas(p.redundant), with_commas(p.cancelled))));
  }
  const RunSummary& s = run.summary;
  std::vector<TextRun> thrash = {
      {fmt::format("{} of the bytes read are reloads; ", percent(s.thrash_share)), {}}};
  if (s.thrash_step < 0 || static_cast<std::size_t>(s.thrash_step) >= run.steps.size()) {
    thrash.push_back({"no step passes 50 %.", {}});
  } else {
    thrash.push_back({fmt::format("step {}", s.thrash_step),
                      {.kind = Kind::step, .row = static_cast<std::uint64_t>(s.thrash_step)}});
    thrash.push_back({" is the first to pass 50 %.", {}});
  }
  card.blocks.emplace_back(CardText{.runs = std::move(thrash)});
  return card;
}

Card stall_card(const RunRecord& run) {
  const Duration total = run.summary.all.stall;
  Card card{.title = "Stalls by cause",
            .note = fmt::format("the whole run: {} of {}; {}", time_text(total),
                                time_text(run.summary.all.makespan), run.header.times()),
            .blocks = {}};
  const std::vector<CauseView> causes = view_causes(run);
  if (causes.empty()) {
    card.blocks.emplace_back(words("None."));
    return card;
  }
  CardTable table{.titles = {"cause", "time", "of stalls", "count", "mean", "longest"}};
  for (const CauseView& cause : causes) {
    const Target longest{.kind = Kind::stall,
                         .row = static_cast<std::uint64_t>(cause.longest - run.stalls.data())};
    table.rows.push_back(row({{spaced(to_text(cause.cause))},
                              {time_text(cause.time)},
                              {percent(ratio(cause.time, total))},
                              {with_commas(cause.count)},
                              {milliseconds(per_token(cause.time, cause.count))},
                              {milliseconds(between(cause.longest->begin, cause.longest->end)), longest}}));
    table.rows.back().swatch = ink_of(bin_of(cause.cause));
  }
  card.blocks.emplace_back(std::move(table));
  return card;
}

Card expert_card(const RunRecord& run) {
  Card card{.title = "Experts that cost most waiting",
            .note = fmt::format("the whole run; {}", run.header.times()),
            .blocks = {}};
  const std::vector<ExpertView> worst = worst_experts(run, kWorstExperts);
  if (worst.empty()) {
    card.blocks.emplace_back(words("None."));
    return card;
  }
  const ExpertTable experts(run.model);
  CardTable table{.titles = {"expert", "stall", "misses", "reloads", "read"}};
  for (const ExpertView& e : worst) {
    const Target target{.kind = Kind::expert, .row = experts.id(e.bank, e.expert).value()};
    table.rows.push_back(row({{fmt::format("expert {} of bank {}", e.expert, e.bank.value()), target},
                              {milliseconds(e.stall)},
                              {with_commas(e.misses)},
                              {with_commas(e.reloads)},
                              {to_text(e.bytes)}}));
    table.rows.back().target = target;
    table.rows.back().bar =
        CardBar{0, std::clamp(ratio(e.stall, worst.front().stall), 0.0, 1.0), Ink::stall_late_prefetch};
  }
  card.blocks.emplace_back(std::move(table));
  return card;
}

Card bound_card(const RunSummary& s) {
  Card card{.title = "Bound", .note = "no order of the same work can be faster; simulated", .blocks = {}};
  const std::string by = s.bound_by == "flash" ? fmt::format("flash must read {}", to_text(s.all.bytes_read))
                         : s.bound_by == "dram"
                             ? fmt::format("DRAM must serve {}", to_text(s.all.dram_read + s.all.bytes_read))
                             : fmt::format("the NPU must do {}", to_text(s.all.macs));
  CardTable table;
  CardRow bound = row({{fmt::format("bound ({})", s.bound_by)}, {time_text(s.bound)}});
  const double longest = std::max(seconds(s.bound), seconds(s.all.makespan));
  const auto part = [longest](Duration d) {
    return longest <= 0 ? 0 : std::clamp(seconds(d) / longest, 0.0, 1.0);
  };
  bound.bar = CardBar{0, part(s.bound), Ink::series_7};
  CardRow whole = row({{"the whole run"}, {time_text(s.all.makespan)}});
  whole.bar = CardBar{0, part(s.all.makespan), Ink::series_0};
  table.rows = {std::move(bound), std::move(whole)};
  card.blocks.emplace_back(std::move(table));
  card.blocks.emplace_back(words(fmt::format("The run takes {:.2f} times as long as its bound: {}.",
                                             ratio(s.all.makespan, s.bound), by)));
  if (decoded(s)) {
    card.blocks.emplace_back(
        words(fmt::format("With every expert in DRAM from the start: {:.2f} tokens/s at "
                          "most (compute alone).",
                          tokens_per_second_if_resident(s.decode))));
  }
  return card;
}

Card signature_card(const RunRecord& run, const RouteTrace* routing) {
  Card card{.title = "Failure signatures", .note = "counted from the run's routing and loads", .blocks = {}};
  CardTable table{.titles = {"", "value", "watch", "failing", "verdict"}};
  const std::vector<Signature> signatures = run_signatures(run, routing);
  const auto limit = [](const Limits& limits, double value) {
    return fmt::format("{} {:g}", limits.side == BadSide::above ? "from" : "to", value);
  };
  for (const Signature& s : signatures) {
    const bool bad = s.verdict == Verdict::failing || s.verdict == Verdict::watch;
    table.rows.push_back(row({{std::string(s.title)},
                              {s.value ? fmt::format("{:.2f}", *s.value) : "-"},
                              {limit(s.limits, s.limits.watch), {}, Ink::text_dim},
                              {limit(s.limits, s.limits.failing), {}, Ink::text_dim},
                              {std::string(to_text(s.verdict)),
                               {},
                               bad ? Ink::warning : Ink::text_dim,
                               s.verdict == Verdict::failing}}));
  }
  card.blocks.emplace_back(std::move(table));
  for (const Signature& s : signatures) {
    if (s.verdict == Verdict::failing || s.verdict == Verdict::watch)
      card.blocks.emplace_back(words(fmt::format("{}: {}", s.title, s.sentence)));
  }
  return card;
}

Card phase_card(const RunRecord& run) {
  const RunSummary& s = run.summary;
  Card card{.title = "Phases", .note = std::string(run.header.times()), .blocks = {}};
  CardTable table{.titles = {""}};
  std::vector<const PhaseSummary*> phases;
  const auto title = [&](const char* name, const PhaseSummary& phase) {
    if (phase.tokens == 0) return;
    table.titles.emplace_back(name);
    phases.push_back(&phase);
  };
  title("prefill", s.prefill);
  title("decode", s.decode);
  const auto add = [&](const char* name, const auto& text) {
    std::vector<CardCell> cells = {{name}};
    for (const PhaseSummary* phase : phases) cells.push_back({text(*phase)});
    table.rows.push_back(row(std::move(cells)));
  };
  add("tokens", [](const PhaseSummary& p) { return with_commas(p.tokens); });
  add("makespan", [](const PhaseSummary& p) { return time_text(p.makespan); });
  add("waiting", [](const PhaseSummary& p) { return percent(ratio(p.stall, p.makespan)); });
  add("hit rate", [](const PhaseSummary& p) { return percent(hit_rate(p)); });
  add("loads", [](const PhaseSummary& p) { return with_commas(p.loads); });
  add("of them reloads", [](const PhaseSummary& p) { return with_commas(p.reloads); });
  add("evictions", [](const PhaseSummary& p) { return with_commas(p.evictions); });
  add("read from flash", [](const PhaseSummary& p) { return to_text(p.bytes_read); });
  card.blocks.emplace_back(std::move(table));
  return card;
}

Card method_card(const RunRecord& run) {
  const RunHeader& header = run.header;
  Card card{
      .title = run.header.measured ? "How it was measured" : "How it was computed", .note = {}, .blocks = {}};
  card.blocks.emplace_back(
      words(fmt::format("Scenario {}, pregate {}.", header.scenario_name, header.pregate_version)));
  card.blocks.emplace_back(words(fmt::format(
      "Routing: {}{}.{}{}", to_text(header.origin),
      header.origin == Origin::synthetic ? ", drawn from a seeded process, nobody recorded it" : "",
      header.provenance.empty() ? "" : " ", header.provenance)));
  if (!header.costs_from.empty())
    card.blocks.emplace_back(words(fmt::format("Costs: {}.", header.costs_from)));
  card.blocks.emplace_back(words(fmt::format("{} events, {} lookups.", with_commas(run.summary.events),
                                             with_commas(run.summary.all.lookups)),
                                 Ink::text_dim));
  return card;
}

}  // namespace

std::string verdict_sentence(const RunRecord& run) {
  const RunSummary& s = run.summary;
  if (!decoded(s)) {
    return fmt::format("{} for a prompt of {} tokens; {}", time_text(s.all.makespan), s.prefill.tokens,
                       waiting_text(s.all, "the time"));
  }
  std::string out =
      fmt::format("{:.2f} tokens/s; {}", tokens_per_second(s.decode), waiting_text(s.decode, "a token"));
  if (s.decode.compute > Duration())
    out += fmt::format("; with every expert in DRAM it would be {:.2f} at most",
                       tokens_per_second_if_resident(s.decode));
  return out;
}

CardPage verdict_of(const RunRecord& run, const VerdictParts& parts) {
  CardPage page;
  page.above = {{fmt::format("{} on {}: {} \u00b7 {}", run.header.model, run.header.device, run.header.policy,
                             origin_text(run.header)),
                 {}}};
  page.headline = verdict_sentence(run);
  page.figures = figures_of(run);
  page.cards.push_back(time_card(run));
  page.cards.push_back(
      counterfactual_card(parts.counterfactuals ? *parts.counterfactuals : CounterfactualState()));
  page.cards.push_back(cache_card(run));
  page.cards.push_back(expert_card(run));
  page.cards.push_back(prefetch_card(run));
  page.cards.push_back(stall_card(run));
  page.cards.push_back(bound_card(run.summary));
  page.cards.push_back(signature_card(run, parts.routing));
  page.cards.push_back(phase_card(run));
  page.cards.push_back(method_card(run));
  return page;
}

}  // namespace pregate
