// SPDX-License-Identifier: Apache-2.0
#include "experiments/report.hpp"
#include "experiments/forward_report.hpp"

#include <fmt/format.h>

#include "experiments/energy.hpp"
#include "experiments/signature_view.hpp"
#include "experiments/table.hpp"
#include "experiments/what_if_view.hpp"
#include "experiments/wrap.hpp"
#include "traces/run_facts.hpp"
#include "traces/run_waterfall.hpp"

namespace pregate {
namespace {

constexpr std::int64_t kBarCells = 44;
constexpr std::size_t kWorstExperts = 10;

struct Writer {
  const RunReport& report;
  const Look& look;
  std::string out;

  [[nodiscard]] const RunRecord& run() const { return report.run; }
  [[nodiscard]] const RunSummary& summary() const { return report.run.summary; }
  // Where a token's time goes is asked of decode; a run without decode is asked as a whole.
  [[nodiscard]] bool decoded() const { return summary().decode.tokens > 0; }
  [[nodiscard]] const PhaseSummary& focus() const { return focus_of(summary()); }
  [[nodiscard]] std::string_view times() const { return run().header.times(); }

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

std::string tokens_text(double rate) {
  return fmt::format("{:.2f} tokens/s", rate);
}

void write_verdict(Writer& w) {
  const RunHeader& header = w.run().header;
  const RunSummary& s = w.summary();
  const std::string origin = header.origin == Origin::synthetic
                                 ? fmt::format("{}, synthetic routing", header.times())
                                 : fmt::format("{}, {} routing", header.times(), to_text(header.origin));
  w.line("{} on {}: {}", header.model, header.device, header.policy);
  if (w.report.dressed)
    w.line("{}", toned(w.look, Tone::faint, fmt::format("routed by {}", w.report.dressed->routed)));
  w.out += "\n";
  if (!w.decoded()) {
    w.line("  {} for a prompt of {} tokens ({})", toned(w.look, Tone::strong, time_text(s.all.makespan)),
           s.prefill.tokens, origin);
    return;
  }
  w.line("  {} ({})", toned(w.look, Tone::strong, tokens_text(tokens_per_second(s.decode))), origin);
  const std::string first = s.prefill.tokens == 0 ? std::string("no prefill in this run")
                                                  : fmt::format("first token after {}", time_text(s.ttft));
  w.line("  {} a decoded token; {}", time_text(per_token(s.decode.makespan, s.decode.tokens)), first);
}

// ---- where the time goes ----

Tone tone_of(TimeBin bin) {
  switch (bin) {
    case TimeBin::compute:
      return Tone::good;
    case TimeBin::dram_contention:
      return Tone::info;
    case TimeBin::management:
      return Tone::warn;
    default:
      return Tone::bad;
  }
}

void write_bars(Writer& w) {
  const PhaseSummary& phase = w.focus();
  w.heading("Where the time goes",
            w.decoded() ? fmt::format("a decoded token, mean of {}; {}", with_commas(phase.tokens), w.times())
                        : fmt::format("the whole run; {}", w.times()));
  const TimeShares shares = time_shares(phase, w.decoded() ? phase.tokens : 1);
  std::vector<std::int64_t> values;
  for (const TimeShare& row : shares.rows) values.push_back(row.time.count_ps());
  const std::vector<std::int64_t> cells = apportion(values, kBarCells);
  std::int64_t before = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const TimeShare& row = shares.rows[i];
    std::string bar;
    for (std::int64_t c = 0; c < cells[i]; ++c) bar += w.look.utf8 ? "█" : "#";
    if (cells[i] == 0 && row.time > Duration()) bar = w.look.utf8 ? "▏" : "|";
    if (!bar.empty())
      bar = std::string(static_cast<std::size_t>(before) + 2, ' ') + toned(w.look, tone_of(row.bin), bar);
    w.line("  {:<22}{:>9.2f} ms {:>6.1f} %{}", words_of(row.bin),
           static_cast<double>(row.hundredths_ms) / 100, static_cast<double>(row.permille) / 10, bar);
    before += cells[i];
  }
  w.line("  {:<22}{:>9.2f} ms {:>6.1f} %", "together", static_cast<double>(shares.hundredths_ms) / 100,
         static_cast<double>(shares.permille) / 10);
}

// ---- hits, bound, pre-gating ----

std::string outcomes_text(const PhaseSummary& phase) {
  const auto share = [&phase](Outcome o) {
    return percent(ratio(phase.outcomes[static_cast<std::size_t>(o)], phase.lookups));
  };
  return fmt::format("{} resident, {} prefetched in time, {} late, {} missed", share(Outcome::resident_hit),
                     share(Outcome::prefetch_hit), share(Outcome::late_prefetch), share(Outcome::miss));
}

void write_hits(Writer& w) {
  const RunSummary& s = w.summary();
  w.heading("Expert cache",
            fmt::format("{} of {} for all experts; T = {} a token; {}", to_text(s.expert_budget),
                        to_text(w.run().model.all_experts_bytes()), to_text(s.token_cycle), w.times()));
  if (!w.decoded()) {
    w.line("  hit rate               {:>8}   of {} lookups: {}", percent(hit_rate(s.all)),
           with_commas(s.all.lookups), outcomes_text(s.all));
    return;
  }
  w.line("  decode hit rate        {:>8}   of {} lookups", percent(hit_rate(s.decode)),
         with_commas(s.decode.lookups));
  w.line("                                    {}", outcomes_text(s.decode));
  w.line("  {:<22} {:>8}   the same policy without prefetch, loads in no time",
         fmt::format("{} alone", to_text(w.report.scenario.policy.eviction)),
         percent(s.policy_hit_rate_decode));
  w.line("  {:<22} {:>8}   Belady's optimum at this budget; recoverable gap {} of the misses", "OPT",
         percent(s.opt_hit_rate_decode), percent(s.recoverable_gap));
  if (s.expert_budget < s.token_cycle) {
    w.line("  {}", toned(w.look, Tone::warn,
                         "The budget is below T: a global LRU forgets every expert before its next use."));
  }
}

void write_bound(Writer& w) {
  const RunSummary& s = w.summary();
  const std::string by = s.bound_by == "flash" ? fmt::format("flash must read {}", to_text(s.all.bytes_read))
                         : s.bound_by == "dram"
                             ? fmt::format("DRAM must serve {}", to_text(s.all.dram_read + s.all.bytes_read))
                             : fmt::format("the NPU must do {}", to_text(s.all.macs));
  const std::string on =
      w.run().header.measured
          ? fmt::format("of the same work on {} as its device file has it; simulated", w.run().header.device)
          : std::string("no order of the same work can be faster; simulated");
  w.heading("Bound", on);
  w.line("  {} for the whole run ({}, {}); it takes {}, {:.2f} times as long", time_text(s.bound), s.bound_by,
         by, time_text(s.all.makespan), ratio(s.all.makespan, s.bound));
  if (w.decoded()) {
    w.line("  with every expert in DRAM from the start: {} at most (compute alone)",
           tokens_text(tokens_per_second_if_resident(s.decode)));
  }
}

void write_baseline(Writer& w) {
  if (!w.report.baseline) return;
  const Baseline& off = *w.report.baseline;
  const PhaseSummary& on = w.summary().decode;
  const double rate = tokens_per_second(on);
  w.heading("What pre-gating changes", "the same routing, simulated with prefetch off and on");
  w.line("  off {} -> on {}: {}", tokens_text(off.tokens_per_second), tokens_text(rate),
         toned(w.look, rate >= off.tokens_per_second ? Tone::good : Tone::bad,
               fmt::format("{:+.1f} %", 100 * (rate / off.tokens_per_second - 1))));
  w.line("  stall a token {} -> {}; decode hit rate {} -> {}", time_text(off.stall_per_token),
         time_text(per_token(on.stall, on.tokens)), percent(off.hit_rate_decode), percent(hit_rate(on)));
}

void write_what_if(Writer& w) {
  if (w.report.what_if == nullptr) return;
  w.heading("What if", fmt::format("one change each, on the same routing; a {} token; simulated",
                                   w.decoded() ? "decoded" : "prompt"));
  w.out += text_of(*w.report.what_if, w.look);
}

// ---- why ----

void write_stalls(Writer& w) {
  const std::vector<CauseView> causes = view_causes(w.run());
  const Duration total = w.summary().all.stall;
  w.heading("Stalls by cause", fmt::format("the whole run: {} of {}; {}", time_text(total),
                                           time_text(w.summary().all.makespan), w.times()));
  if (causes.empty()) {
    w.line("  none");
    return;
  }
  Table table({{"cause", Align::left}, {"time"}, {"of stalls"}, {"count"}, {"mean"}, {"longest"}});
  for (const CauseView& cause : causes) {
    std::string name(to_text(cause.cause));
    std::replace(name.begin(), name.end(), '_', ' ');
    table.row({std::move(name), milliseconds(cause.time), percent(ratio(cause.time, total)),
               with_commas(cause.count), milliseconds(per_token(cause.time, cause.count)),
               milliseconds(cause.longest->end - cause.longest->begin)});
  }
  w.out += table.text(w.look);
  w.line("  the longest of each:");
  for (const CauseView& cause : causes) {
    w.out += wrapped(fmt::format("{} {}", time_text(cause.longest->end - cause.longest->begin),
                                 explain_stall(w.run(), *cause.longest, w.report.scenario.policy.eviction)),
                     4, 100);
  }
}

void write_prefetch(Writer& w) {
  const PrefetchSummary& p = w.summary().prefetch;
  w.heading("Prefetch", fmt::format("{}; {}", w.run().header.policy, w.times()));
  if (p.issued == 0) {
    w.line("  none issued{}",
           p.redundant > 0 ? fmt::format(" ({} were redundant)", with_commas(p.redundant)) : "");
  } else {
    w.line("  issued {}: useful {} (of them late {}), useless {}; redundant {}, cancelled {}",
           with_commas(p.issued), with_commas(p.useful), with_commas(p.late), with_commas(p.useless),
           with_commas(p.redundant), with_commas(p.cancelled));
    w.line("  accuracy {} (useful of issued), coverage {} (misses removed)", percent(p.accuracy),
           percent(p.coverage));
  }
  const RunSummary& s = w.summary();
  w.line("  thrashing: {} of the bytes read are reloads; {}", percent(s.thrash_share),
         s.thrash_step < 0 ? std::string("no step passes 50 %")
                           : fmt::format("step {} is the first to pass 50 %", s.thrash_step));
}

void write_phases(Writer& w) {
  w.heading("Phases", w.times());
  Table table({{"", Align::left},
               {"tokens"},
               {"makespan"},
               {"compute"},
               {"contention"},
               {"management"},
               {"stall"},
               {"hit rate"},
               {"loads"},
               {"reloads"},
               {"read"}});
  const auto row = [&table](const char* name, const PhaseSummary& p) {
    if (p.tokens == 0) return;
    table.row({name, with_commas(p.tokens), time_text(p.makespan), percent(ratio(p.compute, p.makespan)),
               percent(ratio(p.dram_contention, p.makespan)), percent(ratio(p.management, p.makespan)),
               percent(ratio(p.stall, p.makespan)), percent(hit_rate(p)), with_commas(p.loads),
               with_commas(p.reloads), to_text(p.bytes_read)});
  };
  row("prefill", w.summary().prefill);
  row("decode", w.summary().decode);
  w.out += table.text(w.look);
}

void write_experts(Writer& w) {
  const std::vector<ExpertView> worst = worst_experts(w.run(), kWorstExperts);
  if (worst.empty()) return;
  w.heading("Experts that cost most waiting", fmt::format("the whole run; {}", w.times()));
  Table table({{"bank"}, {"expert"}, {"stall"}, {"misses"}, {"reloads"}, {"read"}});
  for (const ExpertView& e : worst) {
    table.row({std::to_string(e.bank.value()), std::to_string(e.expert), milliseconds(e.stall),
               with_commas(e.misses), with_commas(e.reloads), to_text(e.bytes)});
  }
  w.out += table.text(w.look);
}

void write_steps(Writer& w) {
  if (!w.report.per_token) return;
  w.heading("Step by step", fmt::format("times in ms, {}", w.times()));
  Table table({{"step"},
               {"phase", Align::left},
               {"tokens"},
               {"makespan"},
               {"compute"},
               {"contention"},
               {"management"},
               {"stall"},
               {"hits"},
               {"late"},
               {"misses"},
               {"MiB"}});
  const std::vector<StepView> steps = view_steps(w.run());
  const auto ms = [](Duration d) { return fmt::format("{:.3f}", seconds(d) * 1e3); };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const StepView& s = steps[i];
    table.row({std::to_string(i), std::string(to_text(s.phase)), std::to_string(s.tokens), ms(s.makespan),
               ms(s.compute), ms(s.dram_contention), ms(s.management), ms(s.stall), with_commas(s.hits),
               with_commas(s.late), with_commas(s.misses),
               fmt::format("{:.1f}", static_cast<double>(s.bytes.count()) / (1 << 20))});
  }
  w.out += table.text(w.look);
}

void write_signatures(Writer& w) {
  w.heading("Failure signatures",
            "counted from the run's routing and loads; docs/signatures.md has their meaning");
  w.out += text_of(run_signatures(w.run(), w.report.routing), w.look);
}

void write_energy(Writer& w) {
  const RunSummary& s = w.summary();
  w.heading("Energy", "estimated");
  if (!s.energy_j) return w.line("  not known for this device");
  w.line("  {:.2f} J for the run, {:.2f} W on average", *s.energy_j, *s.energy_j / seconds(s.all.makespan));
  if (w.decoded() && s.decode.energy) {
    w.line("  {:.3f} J a decoded token", s.decode.energy->total() / static_cast<double>(s.decode.tokens));
  }
  Table table({{"level", Align::left}, {"run"}, {"a token"}, {"of the run"}, {"from"}, {"", Align::left}});
  for (const EnergyLevel& level : energy_levels(s, w.report.scenario.device, w.report.device_text)) {
    const std::string_view source = level.source;
    table.row({std::string(level.name), fmt::format("{:.3f} J", level.run_j),
               fmt::format("{:.2f} mJ", level.token_j * 1e3), percent(level.run_j / *s.energy_j),
               fmt::format("{:g} {}", level.coefficient, level.unit),
               std::string(source.substr(0, source.find(':')))});
  }
  w.out += table.text(w.look);
}

// What a user came for: the prompt, and what the model made of it.
void write_answer(Writer& w) {
  if (w.report.forward == nullptr) return;
  const ForwardReport& f = *w.report.forward;
  w.line("{}  {}", toned(w.look, Tone::strong, "Prompt"),
         toned(w.look, Tone::faint, fmt::format("{} tokens", f.prompt_tokens)));
  w.out += wrapped(f.prompt, 2, 100);
  w.line("\n{}  {}", toned(w.look, Tone::strong, fmt::format("{} goes on", f.model)),
         toned(w.look, Tone::faint,
               fmt::format("{} tokens, {}", f.generated_tokens,
                           f.trained ? "computed on this machine"
                                     : "token ids of random weights, which mean nothing")));
  w.out += wrapped(f.text, 2, 100);
  if (w.report.dressed) {
    w.out += "\n" + wrapped(fmt::format(
                                "The text is {0}'s and {1} would write another. Below, {1} is simulated with "
                                "the experts that {0} chose.",
                                w.report.dressed->routed, w.report.dressed->shape),
                            2, 100);
  }
  w.out += "\n";
}

// How fast this machine ran the model, beside what was simulated.
void write_forward(Writer& w) {
  if (w.report.forward == nullptr) return;
  const ForwardReport& f = *w.report.forward;
  w.heading("Forward pass", fmt::format("{}, measured on this machine", f.model));
  w.line("  prefill {:.1f} tokens/s, decode {:.2f} tokens/s; weights {}, peak memory {}", f.prefill_rate(),
         f.decode_rate(), to_text(f.weights), to_text(f.peak_memory));
}

void write_method(Writer& w) {
  const RunHeader& header = w.run().header;
  const RunSummary& s = w.summary();
  w.heading(header.measured ? "How it was measured" : "How it was computed", "");
  const std::string_view how =
      header.measured ? "a real disk and a real forward pass, no" : to_text(w.report.scenario.fidelity);
  w.line("  scenario   {}, seed {}, {} {}; pregate {}", header.scenario_name, w.report.scenario.policy.seed,
         how, header.measured ? "simulation" : "fidelity", header.pregate_version);
  w.line("  routing    {}{}", to_text(header.origin),
         header.origin == Origin::synthetic ? ": drawn from a seeded process, nobody recorded it" : "");
  if (!header.provenance.empty()) w.out += wrapped(header.provenance, 13, 100);
  if (w.report.dressed) {
    w.line("  dressed    bytes and MACs of {}, choices of {}", w.report.dressed->shape,
           w.report.dressed->routed);
  }
  w.line("  {}", w.report.costs_note);
  if (header.measured) {
    w.line("  work       {} events, {} lookups; the run and what it prepared took {:.3f} s (measured)",
           with_commas(s.events), with_commas(s.all.lookups), w.report.wall_s);
  } else {
    w.line(
        "  work       {} events, {} lookups, {} kernel wake-ups in {:.3f} s (measured): {:.0f} times real "
        "time",
        with_commas(s.events), with_commas(s.all.lookups), with_commas(s.kernel_events), w.report.wall_s,
        w.report.wall_s > 0 ? seconds(s.all.makespan) / w.report.wall_s : 0);
  }
  if (!w.report.run_file.empty()) w.line("  written    {}", w.report.run_file);
}

}  // namespace

std::string text_report(const RunReport& report, const Look& look) {
  Writer w{.report = report, .look = look, .out = {}};
  write_answer(w);
  write_verdict(w);
  write_bars(w);
  write_hits(w);
  write_bound(w);
  write_baseline(w);
  write_what_if(w);
  write_stalls(w);
  write_prefetch(w);
  write_phases(w);
  write_experts(w);
  write_signatures(w);
  write_steps(w);
  write_energy(w);
  write_forward(w);
  write_method(w);
  return std::move(w.out);
}

}  // namespace pregate
