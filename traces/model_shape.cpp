// SPDX-License-Identifier: Apache-2.0
#include "traces/model_shape.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pregate {
namespace {

// Bounds keep every product of the simulator within 63 bits; real models stay orders of magnitude below them.
constexpr std::size_t kMaxLayers = 4096;
constexpr std::int32_t kMaxExperts = 65535;        // an expert's index is 16 bits in a trace
constexpr std::int64_t kMaxAllExperts = 1 << 22;   // of all banks: arrays are indexed by expert
constexpr std::int64_t kMaxItemBytes = 1LL << 36;  // 64 GiB in one expert or one layer's weights
constexpr std::int64_t kMaxItemMacs = 100'000'000'000;

Status check_range(std::string_view what, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return {};
  return bad_input(fmt::format("{} from {} to {}", what, least, most), fmt::format("{}", value));
}

Status first_failure(std::initializer_list<Status> checks) {
  const auto failed = std::find_if(checks.begin(), checks.end(), [](const Status& s) { return !s.ok(); });
  return failed == checks.end() ? Status() : *failed;
}

Status validate_bank(const BankShape& bank, std::int32_t top_k) {
  return first_failure({check_range("experts", bank.experts, 1, kMaxExperts),
                        check_range("bytes of an expert", bank.expert_bytes.count(), 1, kMaxItemBytes),
                        check_range("MACs of an expert", bank.expert_macs.count(), 0, kMaxItemMacs),
                        check_range("top-k within the bank's experts", top_k, 1, bank.experts)});
}

Status validate_layer(const LayerShape& layer, std::size_t banks) {
  if (layer.is_moe() && layer.bank.value() >= banks) {
    return bad_input(fmt::format("a bank below {}", banks), fmt::format("bank {}", layer.bank.value()));
  }
  return first_failure({check_range("attention bytes", layer.attention_bytes.count(), 0, kMaxItemBytes),
                        check_range("attention MACs", layer.attention_macs.count(), 0, kMaxItemMacs),
                        check_range("feed-forward bytes", layer.feed_forward_bytes.count(), 0, kMaxItemBytes),
                        check_range("feed-forward MACs", layer.feed_forward_macs.count(), 0, kMaxItemMacs)});
}

Status validate_head(const ModelShape& model) {
  return first_failure({check_range("KV bytes", model.kv_bytes.count(), 0, 1 << 30),
                        check_range("KV MACs", model.kv_macs.count(), 0, 1 << 22),
                        check_range("head bytes", model.head_bytes.count(), 0, kMaxItemBytes),
                        check_range("head MACs", model.head_macs.count(), 0, kMaxItemMacs)});
}

Status validate_banks(const ModelShape& model) {
  std::vector<bool> used(model.banks.size(), false);
  for (const LayerShape& layer : model.layers) {
    if (layer.is_moe()) used[layer.bank.value()] = true;
  }
  std::int64_t experts = 0;
  for (std::size_t i = 0; i < model.banks.size(); ++i) {
    const std::string place = fmt::format("bank {}", i);
    if (const Status s = validate_bank(model.banks[i], model.top_k); !s) return s.error().at({}, place);
    if (!used[i]) return bad_input("a layer that uses the bank", "none", place);
    experts += model.banks[i].experts;
  }
  return check_range("experts in all banks", experts, 0, kMaxAllExperts);
}

}  // namespace

std::int32_t ModelShape::moe_layers() const {
  return static_cast<std::int32_t>(
      std::count_if(layers.begin(), layers.end(), [](const LayerShape& layer) { return layer.is_moe(); }));
}

Bytes ModelShape::all_experts_bytes() const {
  Bytes sum;
  for (const BankShape& bank : banks) sum += bank.expert_bytes * bank.experts;
  return sum;
}

Bytes ModelShape::dense_bytes() const {
  Bytes sum = head_bytes;
  for (const LayerShape& layer : layers) sum += layer.attention_bytes + layer.feed_forward_bytes;
  return sum;
}

Status ModelShape::validate() const {
  if (layers.empty() || layers.size() > kMaxLayers) {
    return bad_input(fmt::format("1 to {} layers", kMaxLayers), fmt::format("{}", layers.size()));
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (const Status s = validate_layer(layers[i], banks.size()); !s) {
      return s.error().at({}, fmt::format("layer {}", i));
    }
  }
  if (Status s = validate_banks(*this); !s) return s;
  return validate_head(*this);
}

ExpertTable::ExpertTable(const ModelShape& model) {
  for (std::size_t bank = 0; bank < model.banks.size(); ++bank) {
    const BankShape& shape = model.banks[bank];
    first_.push_back(static_cast<std::uint32_t>(bank_of_.size()));
    bank_of_.insert(bank_of_.end(), static_cast<std::size_t>(shape.experts),
                    static_cast<std::uint32_t>(bank));
    bytes_of_bank_.push_back(shape.expert_bytes);
  }
}

}  // namespace pregate
