// SPDX-License-Identifier: Apache-2.0
#include "experiments/reuse_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/table.hpp"
#include "experiments/wrap.hpp"

namespace pregate {
namespace {

constexpr std::int64_t kBarCells = 36;
constexpr std::size_t kShownExperts = 10;

std::string mib(double bytes) {
  const double value = bytes / (1 << 20);
  return value < 10 ? fmt::format("{:.2f}", value)
                    : with_commas(static_cast<std::int64_t>(std::llround(value)));
}
std::string mib(Bytes bytes) {
  return mib_text(bytes);
}

// A mean number of experts.
std::string mean_text(double value) {
  return value < 1000 ? fmt::format("{:.1f}", value)
                      : with_commas(static_cast<std::int64_t>(std::llround(value)));
}

const char* unit_word(const ReuseReport& report) {
  return report.cycle > Bytes() ? "T" : "step";
}

double in_units(const ReuseReport& report, double bytes) {
  return bytes / static_cast<double>(std::max<std::int64_t>(report.unit().count(), 1));
}

std::string heading(const Look& look, std::string_view title, std::string_view note) {
  return "\n" + toned(look, Tone::strong, title) + "  " + toned(look, Tone::faint, note) + "\n";
}

// As long as its share of the longest; what is there at all is seen.
std::string bar(const Look& look, std::int64_t value, std::int64_t most, Tone tone) {
  if (value == 0) return {};
  const std::int64_t cells = value * kBarCells / most;
  std::string text;
  for (std::int64_t c = 0; c < cells; ++c) text += look.utf8 ? "█" : "#";
  if (cells == 0) text = look.utf8 ? "▏" : "|";
  return toned(look, tone, text);
}

std::string write_bins(const ReuseReport& report, const Look& look) {
  const std::int64_t lookups = report.summary.lookups;
  const std::vector<ReuseBin> bins = byte_bins(report);
  std::int64_t most = report.summary.first_uses;
  for (const ReuseBin& bin : bins) most = std::max(most, bin.lookups);
  Table table({{fmt::format("up to\nx {}", unit_word(report))},
               {"budget\nMiB"},
               {"\nlookups"},
               {"\nshare"},
               {"LRU\nhits"},
               {"", Align::left}});
  for (const ReuseBin& bin : bins) {
    table.row({fmt::format("{:g}", static_cast<double>(bin.quarters) / 4), mib(bin.up_to),
               with_commas(bin.lookups), percent(ratio(bin.lookups, lookups)),
               percent(ratio(bin.lru_hits, lookups)), bar(look, bin.lookups, most, Tone::good)});
  }
  table.row({"first use", "", with_commas(report.summary.first_uses),
             percent(ratio(report.summary.first_uses, lookups)), "",
             bar(look, report.summary.first_uses, most, Tone::warn)});
  return heading(look, "Reuse distance",
                 "distinct experts touched since a lookup's expert was last used, itself included") +
         table.text(look);
}

std::string write_quantiles(const ReuseReport& report, const Look& look) {
  const ReuseSummary& s = report.summary;
  if (s.bytes.empty()) return {};
  Table table({{"an expert is used again after", Align::left}, {"half"}, {"90 %"}, {"all"}});
  const auto row = [&table](std::string name, const SortedValues& values, const auto& text) {
    table.row(
        {std::move(name), text(values.quantile(0.5)), text(values.quantile(0.9)), text(values.quantile(1))});
  };
  row("MiB of distinct experts", s.bytes, [](std::int64_t v) { return mib(Bytes(v)); });
  row(fmt::format("the same in {}", report.cycle > Bytes() ? "T" : "steps' experts"), s.bytes,
      [&report](std::int64_t v) { return fmt::format("{:.2f}", in_units(report, static_cast<double>(v))); });
  row("events", s.events, with_commas);
  row(fmt::format("{}s", report.step_word()), s.steps, with_commas);
  return "\n" + table.text(look);
}

std::string range_text(const CountBin& bin) {
  return bin.from == bin.to ? with_commas(bin.from)
                            : fmt::format("{}-{}", with_commas(bin.from), with_commas(bin.to));
}

std::string write_steps(const ReuseReport& report, const Look& look) {
  const std::vector<CountBin> bins = count_bins(report.summary.steps);
  if (bins.empty()) return {};
  std::int64_t most = 0;
  for (const CountBin& bin : bins) most = std::max(most, bin.lookups);
  Table table({{fmt::format("{}s", report.step_word())}, {"lookups"}, {"share"}, {"", Align::left}});
  for (const CountBin& bin : bins) {
    table.row({range_text(bin), with_commas(bin.lookups), percent(ratio(bin.lookups, report.summary.lookups)),
               bar(look, bin.lookups, most, Tone::good)});
  }
  return heading(look, fmt::format("Reuse in {}s", report.step_word()),
                 bins.front().from == 0 ? "0: within one, by layers that share a bank"
                                        : "from an expert's last use; a prompt is one step") +
         table.text(look);
}

std::string write_sets(const ReuseReport& report, const Look& look) {
  Table table({{fmt::format("\n{}s", report.step_word())},
               {"experts\nmean"},
               {"\nmost"},
               {"\nchance"},
               {"MiB\nmean"},
               {"\nmost"},
               {"\nchance"},
               {"of all\nexperts"}});
  const auto all = static_cast<double>(report.all_experts.count());
  for (const WorkingSet& set : report.sets) {
    table.row({with_commas(set.window), mean_text(set.mean_experts), with_commas(set.max_experts),
               mean_text(set.chance_experts), mib(set.mean_bytes), mib(set.max_bytes), mib(set.chance_bytes),
               percent(all > 0 ? set.mean_bytes / all : 0)});
  }
  return heading(look, "Working set",
                 fmt::format("distinct experts, all banks, in windows of successive {}s; chance: a uniform "
                             "router",
                             report.step_word())) +
         table.text(look);
}

std::string quantile_text(const SortedValues& values, double share, bool bytes) {
  if (values.empty()) return "-";
  return bytes ? mib(Bytes(values.quantile(share))) : with_commas(values.quantile(share));
}

std::string write_groups(const ReuseReport& report, const Look& look) {
  if (report.by.empty()) return {};
  std::vector<const ReuseGroup*> shown;
  for (const ReuseGroup& group : report.groups) shown.push_back(&group);
  const bool experts = report.by == "expert";
  if (experts) {
    std::stable_sort(shown.begin(), shown.end(), [](const ReuseGroup* a, const ReuseGroup* b) {
      return a->summary.lookups > b->summary.lookups;
    });
    shown.resize(std::min(shown.size(), kShownExperts));
  }
  const std::string steps = fmt::format("{}s", report.step_word());
  Table table({{experts ? "bank:\nexpert" : "\n" + report.by},
               {"\nlookups"},
               {"first\nuses"},
               {"MiB\nhalf"},
               {"\n90 %"},
               {steps + "\nhalf"},
               {"\n90 %"}});
  for (const ReuseGroup* group : shown) {
    const ReuseSummary& s = group->summary;
    std::string name = experts        ? fmt::format("{}:{}", group->bank->value(), *group->expert)
                       : group->layer ? std::to_string(group->layer->value())
                                      : std::to_string(group->bank->value());
    table.row({std::move(name), with_commas(s.lookups), percent(ratio(s.first_uses, s.lookups)),
               quantile_text(s.bytes, 0.5, true), quantile_text(s.bytes, 0.9, true),
               quantile_text(s.steps, 0.5, false), quantile_text(s.steps, 0.9, false)});
  }
  const std::string note =
      experts ? fmt::format("the {} most used of {}; --json and --csv have all", shown.size(),
                            with_commas(static_cast<std::int64_t>(report.groups.size())))
              : std::string("half and 90 % of its reuses come within so much");
  return heading(look, fmt::format("By {}", report.by), note) + table.text(look);
}

}  // namespace

std::string mib_text(Bytes bytes) {
  return mib(static_cast<double>(bytes.count()));
}

Bytes ReuseReport::unit() const {
  return cycle > Bytes() ? cycle : Bytes(static_cast<std::int64_t>(sets.front().mean_bytes));
}

std::vector<ReuseBin> byte_bins(const ReuseReport& report) {
  std::vector<ReuseBin> bins;
  const SortedValues& bytes = report.summary.bytes;
  if (bytes.empty()) return bins;
  const std::int64_t largest = bytes.quantile(1);
  // 1, 2, 3; then 4, 5, 6 times powers of two.
  std::int64_t before = 0, octave = 1;
  for (std::int64_t i = 1; before < bytes.size(); ++i) {
    if (i == 7) {
      i = 4;
      octave *= 2;
    }
    const std::int64_t quarters = i * octave;
    const auto bound = static_cast<std::int64_t>(
        std::min<Int128>((Int128{report.unit().count()} * quarters + 3) / 4, INT64_MAX));
    check(bound > 0 || largest == 0, "a reuse has some bytes to be told in multiples of");
    const std::int64_t within = bytes.count_up_to(bound);
    bins.push_back({.quarters = quarters,
                    .up_to = Bytes(bound),
                    .lookups = within - before,
                    .lru_hits = report.summary.lru_hits(Bytes(bound))});
    before = within;
  }
  return bins;
}

std::vector<CountBin> count_bins(const SortedValues& values) {
  std::vector<CountBin> bins;
  if (values.empty()) return bins;
  std::int64_t before = values.count_up_to(0);
  if (before > 0) bins.push_back({.from = 0, .to = 0, .lookups = before});
  for (std::int64_t from = 1, to = 1; before < values.size(); from = to + 1, to *= 2) {
    const std::int64_t within = values.count_up_to(to);
    bins.push_back({.from = from, .to = to, .lookups = within - before});
    before = within;
  }
  return bins;
}

std::optional<LruAdvice> lru_advice(const ReuseReport& report) {
  const SortedValues& bytes = report.summary.bytes;
  if (bytes.empty()) return std::nullopt;
  return LruAdvice{.most_hits = report.summary.reuses(),
                   .first = Bytes(bytes.values().front()),
                   .half = Bytes(bytes.quantile(0.5)),
                   .ninety = Bytes(bytes.quantile(0.9)),
                   .all = Bytes(bytes.quantile(1)),
                   .hits_at_cycle = report.summary.lru_hits(report.unit())};
}

std::string advice_text(const ReuseReport& report) {
  const std::optional<LruAdvice> advice = lru_advice(report);
  if (!advice) return "No expert is used twice: no cache hits anything.";
  const std::int64_t lookups = report.summary.lookups;
  const auto budget = [&report](Bytes bytes) {
    return fmt::format("{} MiB ({:.2f} {})", mib(bytes), in_units(report, static_cast<double>(bytes.count())),
                       unit_word(report));
  };
  std::string out = fmt::format(
      "An LRU of any size hits at most {} of {} lookups; the rest are first uses. Half of that ({}) takes "
      "{}, 90 % of it ({}) takes {}, all of it {}.",
      percent(ratio(advice->most_hits, lookups)), with_commas(lookups),
      percent(0.5 * ratio(advice->most_hits, lookups)), budget(advice->half),
      percent(0.9 * ratio(advice->most_hits, lookups)), budget(advice->ninety), budget(advice->all));
  if (report.cycle == Bytes()) return out;
  const std::string at_cycle =
      fmt::format("with T = {} MiB {}", mib(report.cycle), percent(ratio(advice->hits_at_cycle, lookups)));
  const Bytes half_cycle(report.cycle.count() / 2);
  if (advice->first > half_cycle)
    return out + fmt::format(" The cliff: below {} it hits nothing, {}.", budget(advice->first), at_cycle);
  // Layers that share a bank use experts again within a token.
  return out + fmt::format(" No cliff: with half of T it hits {} already, {}.",
                           percent(ratio(report.summary.lru_hits(half_cycle), lookups)), at_cycle);
}

std::string text_of(const ReuseReport& report, const Look& look) {
  std::string out =
      fmt::format("{} ({} trace), {}, {} {}s; counted, without time\n{}\n", report.model,
                  to_text(report.origin), report.phases == Phases::decode ? "decode" : "prefill and decode",
                  with_commas(report.steps), report.step_word(), report.note);
  if (report.cycle > Bytes())
    out += fmt::format("T = {}: the experts of one decode token (mean)\n", to_text(report.cycle));
  out += write_bins(report, look) + write_quantiles(report, look) + write_steps(report, look) +
         write_sets(report, look) + write_groups(report, look);
  return out + "\n" + wrapped(advice_text(report), 2, 100);
}

}  // namespace pregate
