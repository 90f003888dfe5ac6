// SPDX-License-Identifier: Apache-2.0
// Failure signatures (traces/signatures.hpp) for a reader: a table with a verdict a row and a sentence below
// it, and the JSON of the same numbers. Private to experiments/: it shows nlohmann/json.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "experiments/terminal.hpp"
#include "traces/signatures.hpp"

namespace pregate {

std::string text_of(std::span<const Signature> signatures, const Look& look);
// Layers, banks and pairs one by one.
std::string text_of(const RoutingUse& use, const LayerPairs& pairs, const Look& look);

nlohmann::ordered_json json_of(std::span<const Signature> signatures);
// Keys layer_use, bank_use, router_pairs, router_pairs_within, router_pairs_across.
void add_details(nlohmann::ordered_json& out, const RoutingUse& use, const LayerPairs& pairs);

}  // namespace pregate
