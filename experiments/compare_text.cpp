// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "experiments/compare.hpp"
#include "experiments/table.hpp"
#include "experiments/wrap.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

constexpr std::int64_t kBarCells = 40;
constexpr std::size_t kShownChanges = 12;
constexpr std::size_t kWidth = 100;

struct Writer {
  const Comparison& comparison;
  const Look& look;
  std::string out;

  [[nodiscard]] const ComparedRun& base() const { return comparison.runs.front(); }
  [[nodiscard]] const ComparedRun& other(const ComparedPair& pair) const {
    return comparison.runs[pair.other];
  }
  void heading(std::string_view title, std::string_view note) {
    out += "\n" + toned(look, Tone::strong, title);
    if (!note.empty()) out += "  " + toned(look, Tone::faint, note);
    out += "\n";
  }
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    out += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }
};

// ---- verdict ----

std::string times_of(const Comparison& comparison) {
  const RunHeader& first = comparison.runs.front().run->header;
  const bool alike = std::all_of(comparison.runs.begin(), comparison.runs.end(), [&](const ComparedRun& run) {
    return run.run->header.measured == first.measured;
  });
  return alike ? std::string(first.times()) : "measured beside simulated";
}

std::string origin_text(const Comparison& comparison) {
  const bool synthetic =
      std::any_of(comparison.runs.begin(), comparison.runs.end(),
                  [](const ComparedRun& run) { return run.run->header.origin == Origin::synthetic; });
  const std::string times = times_of(comparison);
  return synthetic ? times + ", synthetic routing" : times;
}

std::string headline_note(const Comparison& comparison, const PhaseDiff& phase) {
  std::string out = origin_text(comparison);
  if (!phase.same_steps()) out = fmt::format("on {}; {}", shared_part(phase), out);
  if (!phase.same_tokens()) out += "; not the same tokens";
  return out;
}

void write_verdict(Writer& w) {
  for (const ComparedRun& run : w.comparison.runs) {
    w.line("{}  {}: {} on {}, {}", toned(w.look, Tone::strong, std::string(1, run.letter)), run.given,
           run.run->header.model, run.run->header.device, run.run->header.policy);
  }
  w.out += "\n";
  for (const ComparedPair& pair : w.comparison.pairs) {
    const char letter = w.other(pair).letter;
    const PhaseDiff& phase = w.comparison.focus(pair);
    // Of what both have alone: a run that ends earlier is not a faster or slower one.
    const std::string of = headline_note(w.comparison, phase);
    if (phase.steps_in_both == 0) {
      w.line("  {} and A have no step in common ({})", letter, origin_text(w.comparison));
      continue;
    }
    if (!w.comparison.decoded()) {
      const Duration x = phase.sum.a.bins.total(), y = phase.sum.b.bins.total();
      w.line("  {} takes {}, A {}: {} ({})", letter, time_text(y), time_text(x),
             toned(w.look, y <= x ? Tone::good : Tone::bad, signed_text(100 * (ratio(y, x) - 1), "%")), of);
      continue;
    }
    const auto [x, y] = shared_rates(phase);
    w.line("  {} decodes {:.2f} tokens/s, A {:.2f}: {} ({})", letter, y, x,
           toned(w.look, y >= x ? Tone::good : Tone::bad, signed_text(100 * (y / x - 1), "%")), of);
  }
}

// ---- what is different to begin with ----

void write_changes(Writer& w, const ComparedPair& pair) {
  const char letter = w.other(pair).letter;
  w.heading(fmt::format("What {} changes", letter),
            fmt::format("in the scenario, A -> {}, by the path of --set", letter));
  if (pair.changes.empty()) w.line("  nothing in the scenario");
  const std::vector<ShownChange> changes = shown_changes(pair.changes);
  for (std::size_t i = 0; i < std::min(changes.size(), kShownChanges); ++i) {
    const ShownChange& change = changes[i];
    w.line("  {}: {} -> {}{}", change.path, change.a, change.b,
           change.fields == 0 ? "" : fmt::format("  (and {} of its fields)", change.fields));
  }
  if (changes.size() > kShownChanges)
    w.line("  and {} more: --json has them all", changes.size() - kShownChanges);
  for (const std::string& remark : pair.remarks) w.out += wrapped(remark, 2, kWidth);
}

// ---- waterfall ----

// Bars of the changes alone, each from where the one before ended; the whole width is what the levels span.
class FallBars {
 public:
  FallBars(const std::vector<Fall>& falls, const Look& look) : look_(look) {
    Duration at;
    low_ = high_ = falls.front().whole;
    for (const Fall& fall : falls) {
      at = fall.level ? fall.whole : at + fall.whole;
      low_ = std::min(low_, at);
      high_ = std::max(high_, at);
    }
  }
  std::string bar(const Fall& fall) {
    const Duration before = at_;
    at_ = fall.level ? fall.whole : at_ + fall.whole;
    if (low_ == high_) return {};
    const std::string offset(static_cast<std::size_t>(cells(fall.level ? at_ : std::min(before, at_))), ' ');
    if (fall.level) return offset + (look_.utf8 ? "│" : "|");
    if (fall.whole == Duration()) return {};
    const std::int64_t length = cells(std::max(before, at_)) - cells(std::min(before, at_));
    std::string out;
    for (std::int64_t c = 0; c < length; ++c) out += look_.utf8 ? "█" : (fall.whole < Duration() ? "-" : "+");
    if (length == 0) out = look_.utf8 ? "▏" : "|";
    return offset + toned(look_, fall.whole < Duration() ? Tone::good : Tone::bad, out);
  }

 private:
  [[nodiscard]] std::int64_t cells(Duration at) const {
    return static_cast<std::int64_t>(Int128{(at - low_).count_ps()} * kBarCells / (high_ - low_).count_ps());
  }
  const Look& look_;
  Duration low_, high_, at_;
};

void write_waterfall(Writer& w, const ComparedPair& pair, const PhaseDiff& phase, std::string_view title) {
  if (phase.waterfall().from == Duration() && phase.waterfall().to == Duration()) return;
  const char letter = w.other(pair).letter;
  w.heading(title, fmt::format("from A to {}; {}; {}", letter, shared_part(phase), times_of(w.comparison)));
  const std::vector<Fall> falls = falls_of(phase, letter);
  Table table({{"", Align::left}, {"ms a\ntoken"}, {"ms in\nall"}, {"", Align::left}});
  RoundedColumn per_token(std::max<std::int64_t>(1, phase.tokens_a)), whole(1);
  FallBars bars(falls, w.look);
  for (const Fall& fall : falls) {
    table.row({fall.name, fall.both ? per_token.cell(*fall.both, fall.level) : std::string(),
               whole.cell(fall.whole, fall.level), bars.bar(fall)});
  }
  w.out += table.text(w.look);
}

// ---- side by side ----

using Cell = std::string (*)(const RunSummary&);
struct CountRow {
  const char* name;
  Cell cell;
};

std::string outcome_cell(const RunSummary& s, Outcome outcome) {
  return with_commas(s.decode.outcomes[static_cast<std::size_t>(outcome)]);
}

const std::vector<CountRow>& decode_rows() {
  static const std::vector<CountRow> kRows = {
      {"tokens", [](const RunSummary& s) { return with_commas(s.decode.tokens); }},
      {"tokens/s", [](const RunSummary& s) { return fmt::format("{:.2f}", tokens_per_second(s.decode)); }},
      {"time a token",
       [](const RunSummary& s) { return milliseconds(per_token(s.decode.makespan, s.decode.tokens)); }},
      {"stall a token",
       [](const RunSummary& s) { return milliseconds(per_token(s.decode.stall, s.decode.tokens)); }},
      {"hit rate", [](const RunSummary& s) { return percent(hit_rate(s.decode)); }},
      {"hit rate of OPT", [](const RunSummary& s) { return percent(s.opt_hit_rate_decode); }},
      {"lookups", [](const RunSummary& s) { return with_commas(s.decode.lookups); }},
      {"  resident", [](const RunSummary& s) { return outcome_cell(s, Outcome::resident_hit); }},
      {"  prefetched in time", [](const RunSummary& s) { return outcome_cell(s, Outcome::prefetch_hit); }},
      {"  late", [](const RunSummary& s) { return outcome_cell(s, Outcome::late_prefetch); }},
      {"  missed", [](const RunSummary& s) { return outcome_cell(s, Outcome::miss); }},
      {"loads", [](const RunSummary& s) { return with_commas(s.decode.loads); }},
      {"  of them reloads", [](const RunSummary& s) { return with_commas(s.decode.reloads); }},
      {"evictions", [](const RunSummary& s) { return with_commas(s.decode.evictions); }},
      {"read from flash", [](const RunSummary& s) { return to_text(s.decode.bytes_read); }},
      {"energy a token, estimated",
       [](const RunSummary& s) {
         if (!s.decode.energy || s.decode.tokens == 0) return std::string("not known");
         return fmt::format("{:.3f} J", s.decode.energy->total() / static_cast<double>(s.decode.tokens));
       }},
  };
  return kRows;
}

const std::vector<CountRow>& run_rows() {
  static const std::vector<CountRow> kRows = {
      {"makespan", [](const RunSummary& s) { return time_text(s.all.makespan); }},
      {"first token after",
       [](const RunSummary& s) {
         return s.prefill.tokens == 0 ? std::string("no prefill") : time_text(s.ttft);
       }},
      {"prompt tokens", [](const RunSummary& s) { return with_commas(s.prefill.tokens); }},
      {"hit rate", [](const RunSummary& s) { return percent(hit_rate(s.all)); }},
      {"loads", [](const RunSummary& s) { return with_commas(s.all.loads); }},
      {"  of them reloads", [](const RunSummary& s) { return with_commas(s.all.reloads); }},
      {"evictions", [](const RunSummary& s) { return with_commas(s.all.evictions); }},
      {"read from flash", [](const RunSummary& s) { return to_text(s.all.bytes_read); }},
      {"DRAM for experts", [](const RunSummary& s) { return to_text(s.expert_budget); }},
      {"energy, estimated",
       [](const RunSummary& s) { return s.energy_j ? fmt::format("{:.2f} J", *s.energy_j) : "not known"; }},
  };
  return kRows;
}

void write_side_by_side(Writer& w, std::string_view title, const std::vector<CountRow>& rows) {
  w.heading(title, times_of(w.comparison));
  std::vector<Column> columns = {{"", Align::left}};
  for (const ComparedRun& run : w.comparison.runs) columns.push_back({std::string(1, run.letter)});
  Table table(std::move(columns));
  for (const CountRow& row : rows) {
    std::vector<std::string> cells = {row.name};
    for (const ComparedRun& run : w.comparison.runs) cells.push_back(row.cell(run.summary()));
    table.row(std::move(cells));
  }
  w.out += table.text(w.look);
}

// ---- who moved most ----

std::string signed_ms(Duration d) {
  return fmt::format("{:+.3f}", rounded(seconds(d) * 1e3, 3));
}

void write_movers(Writer& w, const ComparedPair& pair, const Movers& movers, std::string_view what) {
  const char letter = w.other(pair).letter;
  const bool layers = what == "Layers";
  w.heading(fmt::format("{} that changed most", what),
            fmt::format("from A to {}, ms{}, {}; the bin that explains most of it", letter,
                        layers ? fmt::format(" in {}", shared_part(w.comparison.focus(pair))) : "",
                        times_of(w.comparison)));
  if (movers.gained.empty() && movers.lost.empty()) return w.line("  none changed");
  Table table({{"", Align::left},
               {layers                   ? "layer"
                : w.comparison.decoded() ? "token"
                                         : "step"},
               {"A"},
               {std::string(1, letter)},
               {"change"},
               {"by", Align::left},
               {"alone"}});
  const auto rows = [&](const std::vector<Mover>& list, const char* word) {
    for (const Mover& m : list) {
      const TimeBin cause = main_cause(m.change);
      const std::string layer = m.layer == pair.diff.layers() ? "head" : fmt::format("{}", m.layer);
      table.row({word, m.step == nullptr ? layer : fmt::format("{}", m.step->index),
                 fmt::format("{:.3f}", seconds(m.a) * 1e3), fmt::format("{:.3f}", seconds(m.b) * 1e3),
                 signed_ms(m.change.total()), words_of(cause), signed_ms(m.change[cause])});
    }
  };
  rows(movers.gained, "faster");
  rows(movers.lost, "slower");
  w.out += table.text(w.look);
}

void write_pair(Writer& w, const ComparedPair& pair) {
  if (w.comparison.pairs.size() > 1) {
    w.out += "\n" + toned(w.look, Tone::strong, fmt::format("==== {} against A ====", w.other(pair).letter)) +
             "\n";
  }
  write_changes(w, pair);
  if (w.comparison.decoded()) {
    write_waterfall(w, pair, pair.diff.of(Phase::decode), "Where a decoded token's time went");
    write_waterfall(w, pair, pair.diff.of(Phase::prefill), "Where the prompt's time went");
  } else {
    write_waterfall(w, pair, pair.diff.all(), "Where the run's time went");
  }
  if (w.comparison.top == 0) return;
  write_movers(w, pair, moved_steps(w.comparison, pair), w.comparison.decoded() ? "Decoded tokens" : "Steps");
  write_movers(w, pair, moved_layers(w.comparison, pair), "Layers");
}

}  // namespace

std::string compare_text(const Comparison& comparison, const Look& look) {
  Writer w{comparison, look, {}};
  write_verdict(w);
  if (comparison.pairs.size() == 1) write_pair(w, comparison.pairs.front());
  if (comparison.decoded()) write_side_by_side(w, "Decode side by side", decode_rows());
  write_side_by_side(w, "Whole runs side by side", run_rows());
  if (comparison.pairs.size() > 1) {
    for (const ComparedPair& pair : comparison.pairs) write_pair(w, pair);
  }
  return w.out;
}

}  // namespace pregate
