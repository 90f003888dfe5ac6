// SPDX-License-Identifier: Apache-2.0
#include "experiments/what_if_view.hpp"

#include <fmt/format.h>

#include "experiments/table.hpp"
#include "experiments/wrap.hpp"
#include "traces/run_facts.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

Tone tone_of(const WhatIfRow& row) {
  if (row.itself) return Tone::strong;
  if (row.saved == Duration()) return Tone::plain;
  return row.saved > Duration() ? Tone::good : Tone::bad;
}

std::vector<std::string> cells_of(const WhatIfRow& row, const Look& look) {
  if (!row.error.empty()) return {row.name, "-", "-", "-", "-", "-", "-", "-", "-"};
  const PhaseSummary& p = row.phase;
  const auto ms = [&p](Duration time) {
    return fmt::format("{:.2f}", seconds(per_token(time, p.tokens)) * 1e3);
  };
  return {toned(look, row.itself ? Tone::strong : Tone::plain, row.name),
          fmt::format("{:.2f}", tokens_per_second(p)),
          toned(look, tone_of(row), signed_text(100 * row.gain, "%")),
          fmt::format("{:.2f}", rounded(seconds(row.saved) * 1e3, 2)),
          ms(p.compute),
          ms(p.dram_contention),
          ms(p.management),
          ms(p.stall),
          percent(hit_rate(p))};
}

Json json_of(const WhatIfRow& row, bool decoded) {
  const PhaseSummary& p = row.phase;
  const bool known = row.error.empty();
  const auto number = [known](double value) { return known ? Json(value) : Json(); };
  const auto time = [&](Duration span) { return number(seconds(per_token(span, p.tokens))); };
  return {{"name", row.name},
          {"change", row.change},
          {"set", row.set},
          {"itself", row.itself},
          {"phase", decoded ? "decode" : "prefill"},
          {"tokens_per_second", number(tokens_per_second(p))},
          {"gain", number(row.gain)},
          {"saved_per_token_s", number(seconds(row.saved))},
          {"time_per_token_s", time(p.makespan)},
          {"compute_per_token_s", time(p.compute)},
          {"dram_contention_per_token_s", time(p.dram_contention)},
          {"management_per_token_s", time(p.management)},
          {"stall_per_token_s", time(p.stall)},
          {"hit_rate", number(hit_rate(p))},
          {"error", known ? Json() : Json(row.error)}};
}

}  // namespace

std::string text_of(const WhatIf& what_if, const Look& look) {
  std::string out = wrapped(what_if.verdict, 2, 100) + "\n";
  Table table({{"what if", Align::left},
               {"tokens/s"},
               {"gain"},
               {"saves\nms"},
               {"compute\nms"},
               {"contention\nms"},
               {"management\nms"},
               {"stall\nms"},
               {"hit rate"}});
  for (const WhatIfRow& row : what_if.rows) table.row(cells_of(row, look));
  out += table.text(look) + "\n";
  for (const WhatIfRow& row : what_if.rows) {
    if (row.itself) continue;
    out += wrapped(fmt::format("{}: {}{}", row.name, row.change,
                               row.error.empty() ? std::string() : "; not simulated: " + row.error),
                   2, 100);
  }
  for (const LeftOut& left : what_if.left_out) {
    out += toned(look, Tone::faint, wrapped(fmt::format("not tried: {}: {}", left.name, left.why), 2, 100));
  }
  return out;
}

void add_what_if(Json& out, const WhatIf& what_if) {
  out["what_if"] = Json::array();
  for (const WhatIfRow& row : what_if.rows) out["what_if"].push_back(json_of(row, what_if.decoded));
  out["what_if_left_out"] = Json::array();
  for (const LeftOut& left : what_if.left_out) {
    out["what_if_left_out"].push_back({{"name", left.name}, {"why", left.why}});
  }
  out["what_if_verdict"] = what_if.verdict;
}

}  // namespace pregate
