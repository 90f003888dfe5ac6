// SPDX-License-Identifier: Apache-2.0
// A model as the simulator sees it: which layers there are, what each costs in bytes and MACs, which bank of
// experts it draws from. Leaves out everything about values. Costs are those of the *simulated* precision
// (design.md section 4).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "traces/base/ids.hpp"
#include "traces/base/result.hpp"
#include "traces/base/units.hpp"

namespace pregate {

// The pool of experts that the layers of a group share.
struct BankShape {
  std::int32_t experts = 0;  // M
  Bytes expert_bytes;        // one expert: gate, up and down projections
  Macs expert_macs;          // one expert, one token
};

struct LayerShape {
  Bytes attention_bytes;     // attention projections, norms and router: read once a step
  Macs attention_macs;       // the same, for one token
  Bytes feed_forward_bytes;  // dense FFN, or the shared experts of an MoE layer
  Macs feed_forward_macs;    // for one token
  BankId bank;               // invalid: a dense layer

  [[nodiscard]] bool is_moe() const { return bank.valid(); }
};

struct ModelShape {
  std::string name;
  std::vector<LayerShape> layers;
  std::vector<BankShape> banks;
  std::int32_t top_k = 0;
  Bytes kv_bytes;    // KV cache of one token in one layer
  Macs kv_macs;      // attention scores and values for one (token, context token) pair in one layer
  Bytes head_bytes;  // output head, read once a step
  Macs head_macs;    // for one token
  std::string
      costs_from;  // in words: "preset megrez2-3x7b-a3b at 4.5 bits", "bytes from the trace, MACs estimated"

  [[nodiscard]] std::int32_t moe_layers() const;
  [[nodiscard]] Bytes all_experts_bytes() const;
  [[nodiscard]] Bytes dense_bytes() const;  // everything that stays resident: attention, feed-forward, head
  // Non-negative, consistent, every bank used, sizes within bounds; names the offending layer or bank
  // otherwise.
  [[nodiscard]] Status validate() const;
};

// Numbers all experts of all banks densely, bank after bank, so that arrays can hold them.
class ExpertTable {
 public:
  explicit ExpertTable(const ModelShape& model);

  [[nodiscard]] ExpertId id(BankId bank, std::int32_t expert) const {
    return ExpertId(first_[bank.value()] + static_cast<std::uint32_t>(expert));
  }
  [[nodiscard]] BankId bank(ExpertId e) const { return BankId(bank_of_[e.value()]); }
  [[nodiscard]] std::int32_t index_in_bank(ExpertId e) const {
    return static_cast<std::int32_t>(e.value() - first_[bank_of_[e.value()]]);
  }
  [[nodiscard]] Bytes bytes(ExpertId e) const { return bytes_of_bank_[bank_of_[e.value()]]; }
  [[nodiscard]] std::size_t size() const { return bank_of_.size(); }
  [[nodiscard]] std::size_t banks() const { return bytes_of_bank_.size(); }

 private:
  std::vector<std::uint32_t> first_;    // bank -> its first id
  std::vector<std::uint32_t> bank_of_;  // id -> bank
  std::vector<Bytes> bytes_of_bank_;
};

}  // namespace pregate
