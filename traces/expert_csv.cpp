// SPDX-License-Identifier: Apache-2.0
#include "traces/expert_csv.hpp"

#include <fmt/format.h>

namespace pregate {

std::string matrix_csv(const ExpertMatrix& m) {
  std::string out = fmt::format("layer,bank,expert,{}_{},share_of_layer\n", to_text(m.measure), m.unit);
  for (std::size_t row = 0; row < m.layers.size(); ++row) {
    const double sum = m.sum(row);
    for (std::size_t e = 0; e < static_cast<std::size_t>(m.experts[row]); ++e) {
      const double value = m.at(row, e);
      const std::string number =
          m.measure == ExpertMeasure::weight ? fmt::format("{:.6f}", value) : fmt::format("{:.0f}", value);
      out += fmt::format("{},{},{},{},{:.6f}\n", m.layers[row].value(), m.banks[row].value(), e, number,
                         sum > 0 ? value / sum : 0);
    }
  }
  return out;
}

std::string pairs_csv(const LayerPairs& pairs) {
  std::string out =
      "bank,first_layer,second_layer,tokens,overlap_share,overlap_chance_share,overlap_shuffled_share,"
      "overlap_shuffled_deviation,choice_correlation,usage_correlation\n";
  for (const LayerPair& p : pairs.within) {
    out += fmt::format("{},{},{},{},{:.6f},{:.6f},{:.6f},{:.6f},{:.6f},{:.6f}\n", p.bank.value(),
                       p.first.value(), p.second.value(), p.tokens, p.overlap, p.chance, p.shuffled,
                       p.shuffled_deviation, p.choice_correlation, p.usage_correlation);
  }
  return out;
}

}  // namespace pregate
