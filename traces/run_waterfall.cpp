// SPDX-License-Identifier: Apache-2.0
#include "traces/run_waterfall.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "traces/number_text.hpp"

namespace pregate {
namespace {

// "4 decode steps of A have no counterpart" and the like.
void remark_steps(const PhaseDiff& phase, Phase which, char other, std::vector<std::string>& out) {
  const auto remark = [&](std::int64_t steps, char has, char lacks) {
    if (steps == 0) return;
    out.push_back(fmt::format("{} {} step{} only {} has: {} ends earlier.", with_commas(steps),
                              to_text(which), steps == 1 ? "" : "s", has, lacks));
  };
  remark(phase.steps_only_in_a, 'A', other);
  remark(phase.steps_only_in_b, other, 'A');
  if (phase.same_tokens()) return;
  out.push_back(fmt::format("{} {} step{} other numbers of tokens: A {}, {} {} in the steps that both have.",
                            with_commas(phase.unequal_steps), to_text(which),
                            phase.unequal_steps == 1 ? " has" : "s have", with_commas(phase.tokens_a), other,
                            with_commas(phase.tokens_b)));
}

void remark_routing(const RowDiff& sum, std::vector<std::string>& out) {
  if (sum.events == 0) {
    out.emplace_back("The routings share no (step, layer).");
  } else if (sum.rerouted > 0) {
    out.push_back(fmt::format("The routings differ: in {} of {} (step, layer) events the experts are others.",
                              with_commas(sum.rerouted), with_commas(sum.events)));
  }
}

}  // namespace

SharedRates shared_rates(const PhaseDiff& phase) {
  const auto rate = [](std::int64_t tokens, Duration time) {
    return time <= Duration() ? 0 : static_cast<double>(tokens) * 1e12 / static_cast<double>(time.count_ps());
  };
  return {.a = rate(phase.tokens_a, phase.sum.a.bins.total()),
          .b = rate(phase.tokens_b, phase.sum.b.bins.total())};
}

std::string shared_part(const PhaseDiff& phase) {
  const std::int64_t count = phase.same_tokens() ? phase.tokens_a : phase.steps_in_both;
  return fmt::format("the {} {}{} that both have", with_commas(count), phase.same_tokens() ? "token" : "step",
                     count == 1 ? "" : "s");
}

std::string words_of(TimeBin bin) {
  switch (bin) {
    case TimeBin::compute:
      return "compute";
    case TimeBin::dram_contention:
      return "DRAM contention";
    case TimeBin::management:
      return "cache management";
    default:
      break;
  }
  std::string name(to_text(bin));
  std::replace(name.begin(), name.end(), '_', ' ');
  return name.replace(0, 6, "stall: ");  // "stall "
}

std::vector<Fall> falls_of(const PhaseDiff& phase, char other) {
  const Waterfall fall = phase.waterfall();
  const Duration shared_a = phase.sum.a.bins.total(), shared_b = phase.sum.b.bins.total();
  const bool more_a = fall.dropped != Duration(), more_b = fall.added != Duration();
  std::vector<Fall> out;
  if (more_a) {
    out.push_back({"A", fall.from, std::nullopt, true});
    out.push_back({"steps only A has", Duration() - fall.dropped, std::nullopt, false});
  }
  out.push_back({more_a ? "A, shared steps" : "A", shared_a, shared_a, true});
  for (std::size_t i = 0; i < kTimeBins; ++i) {
    const auto bin = static_cast<TimeBin>(i);
    if (phase.sum.a.bins[bin] == Duration() && phase.sum.b.bins[bin] == Duration()) continue;
    out.push_back({words_of(bin), fall.change[bin], fall.change[bin], false, bin});
  }
  out.push_back({fmt::format("{}{}", other, more_b ? ", shared steps" : ""), shared_b, shared_b, true});
  if (more_b) {
    out.push_back({fmt::format("steps only {} has", other), fall.added, std::nullopt, false});
    out.push_back({std::string(1, other), fall.to, std::nullopt, true});
  }
  if (phase.same_tokens()) return out;
  for (Fall& row : out) row.both = std::nullopt;
  return out;
}

std::string RoundedColumn::cell(Duration time, bool level) {
  const std::int64_t before = rounded();
  at_ = level ? time : at_ + time;
  const std::int64_t value = level ? rounded() : rounded() - before;
  const std::int64_t cents = value < 0 ? -value : value;
  const char* sign = level ? "" : value < 0 ? "-" : value > 0 ? "+" : " ";
  return fmt::format("{}{}.{:02}", sign, with_commas(cents / 100), cents % 100);
}

std::int64_t RoundedColumn::rounded() const {
  const Int128 unit = Int128{10'000'000} * divisor_;
  const Int128 ps = at_.count_ps();
  return static_cast<std::int64_t>((ps + (ps < 0 ? -unit : unit) / 2) / unit);
}

std::vector<std::string> remarks_of(const BinnedRun& a, const BinnedRun& b, const RunDiff& diff, char other) {
  std::vector<std::string> out;
  const RunHeader &from = a.run().header, &to = b.run().header;
  const auto differ = [&](const char* what, const std::string& x, const std::string& y) {
    if (x != y) out.push_back(fmt::format("The {} differ: A has {}, {} {}.", what, x, other, y));
  };
  differ("models", from.model, to.model);
  differ("numbers of layers", fmt::format("{}", a.layers()), fmt::format("{}", b.layers()));
  differ("devices", from.device, to.device);
  differ("costs", from.costs_from, to.costs_from);
  differ("kinds of routing", std::string(to_text(from.origin)), std::string(to_text(to.origin)));
  differ("versions of pregate", from.pregate_version, to.pregate_version);
  remark_routing(diff.all().sum, out);
  for (const Phase phase : {Phase::prefill, Phase::decode}) remark_steps(diff.of(phase), phase, other, out);
  return out;
}

}  // namespace pregate
