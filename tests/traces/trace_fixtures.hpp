// SPDX-License-Identifier: Apache-2.0
// Small models, traces and runs for the tests of files and importers: seeded, valid, with every field set.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "traces/base/random.hpp"
#include "traces/route_trace.hpp"
#include "traces/run_record.hpp"

namespace pregate::fixtures {

// A fresh folder of this test, removed at its end.
class TempFolder {
 public:
  TempFolder() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    std::string name =
        std::string(info->test_suite_name()) + "." + info->name() + "." + std::to_string(::getpid());
    for (char& c : name) c = c == '/' ? '_' : c;
    path_ = std::filesystem::path(testing::TempDir()) / name;
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::set<std::string> sorted;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      sorted.insert(entry.path().filename());
    return {sorted.begin(), sorted.end()};
  }

 private:
  std::filesystem::path path_;
};

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline void spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// One dense layer, then two banks shared by two layers each.
inline ModelShape small_model() {
  ModelShape model;
  model.name = "small";
  model.top_k = 3;
  model.layers.resize(5);
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const auto n = static_cast<std::int64_t>(i);
    model.layers[i] = {.attention_bytes = Bytes(1000 + n),
                       .attention_macs = Macs(2000 + n),
                       .feed_forward_bytes = Bytes(3000 + n),
                       .feed_forward_macs = Macs(4000 + n),
                       .bank = i == 0 ? BankId() : BankId(static_cast<std::uint32_t>((i - 1) / 2))};
  }
  model.banks = {{.experts = 8, .expert_bytes = Bytes(500), .expert_macs = Macs(900)},
                 {.experts = 16, .expert_bytes = Bytes(700), .expert_macs = Macs(1100)}};
  model.kv_bytes = Bytes(64);
  model.kv_macs = Macs(32);
  model.head_bytes = Bytes(5000);
  model.head_macs = Macs(6000);
  model.costs_from = "made up for a test";
  return model;
}

inline void add_choices(RouteStep& step, const ModelShape& model, std::size_t layer, std::int32_t tokens,
                        Random& random) {
  step.layer_tokens.push_back(tokens);
  if (model.layers[layer].is_moe()) {
    const std::int32_t experts = model.banks[model.layers[layer].bank.value()].experts;
    for (std::int32_t token = 0; token < tokens; ++token) {
      std::vector<std::uint16_t> chosen;
      while (static_cast<std::int32_t>(chosen.size()) < model.top_k) {
        const auto expert = static_cast<std::uint16_t>(random.below(static_cast<std::uint64_t>(experts)));
        if (std::find(chosen.begin(), chosen.end(), expert) == chosen.end()) chosen.push_back(expert);
      }
      for (const std::uint16_t expert : chosen) {
        step.experts.push_back(expert);
        step.weights.push_back(static_cast<float>(random.unit()));
      }
    }
  }
  step.offset.push_back(static_cast<std::uint32_t>(step.experts.size()));
}

inline RouteStep random_step(const ModelShape& model, Phase phase, std::int64_t position, std::int32_t tokens,
                             Random& random) {
  RouteStep step;
  step.phase = phase;
  step.position = position;
  step.tokens = tokens;
  step.offset = {0};
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    const bool last = layer + 1 == model.layers.size();
    add_choices(step, model, layer, last ? 1 : tokens, random);
  }
  for (std::uint32_t layer = 0; layer < 3; ++layer) {
    step.measured.push_back({.layer = layer < 2 ? LayerId(layer) : LayerId(),
                             .kind = layer < 2 ? OperatorKind::routed_expert : OperatorKind::head,
                             .experts = static_cast<std::int32_t>(layer),
                             .begin = Duration::ns(position * 10 + layer),
                             .duration = Duration::ps(static_cast<std::int64_t>(random.below(1'000'000))),
                             .bytes = Bytes(position),
                             .macs = Macs(7 * position)});
  }
  if (position % 2 == 0) {  // some steps have norms, some have none
    for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
      step.norms.push_back(
          {.shared = static_cast<float>(layer), .routed = static_cast<float>(random.unit())});
  }
  return step;
}

// A prefill of six tokens, `decoded` tokens, and a second turn.
inline RouteTrace random_trace(std::uint64_t seed, int decoded = 5) {
  Random random(seed);
  RouteTrace trace;
  trace.header = {.model = small_model(),
                  .origin = Origin::synthetic,
                  .provenance = "seeded \u2713",
                  .prompt = "Hello",
                  .context = 77};
  trace.steps.push_back(random_step(trace.header.model, Phase::prefill, 0, 6, random));
  for (int i = 0; i < decoded; ++i) {
    trace.steps.push_back(random_step(trace.header.model, Phase::decode, 6 + i, 1, random));
  }
  RouteStep turn = random_step(trace.header.model, Phase::prefill, 6 + decoded, 2, random);
  turn.turn = 1;
  turn.dropped = 4;
  trace.steps.push_back(turn);
  return trace;
}

// Ties of all members: a member that is added breaks the binding here, so that no comparison can forget it.
inline auto members(const RouteStep& r) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k] = r;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k);
}
inline auto members(const MeasuredRecord& r) {
  const auto& [a, b, c, d, e, f, g, h] = r;
  return std::tie(a, b, c, d, e, f, g, h);
}
inline auto members(const BankShape& r) {
  const auto& [a, b, c] = r;
  return std::tie(a, b, c);
}
inline auto members(const LayerShape& r) {
  const auto& [a, b, c, d, e] = r;
  return std::tie(a, b, c, d, e);
}
inline auto members(const StepRecord& r) {
  const auto& [a, b, c, d, e] = r;
  return std::tie(a, b, c, d, e);
}
inline auto members(const EventRecord& r) {
  const auto& [a, b, c, d] = r;
  return std::tie(a, b, c, d);
}
inline auto members(const LookupRecord& r) {
  const auto& [a, b, c, d, e] = r;
  return std::tie(a, b, c, d, e);
}
inline auto members(const OperatorRecord& r) {
  const auto& [a, b, c, d, e, f, g] = r;
  return std::tie(a, b, c, d, e, f, g);
}
inline auto members(const ManagementRecord& r) {
  const auto& [a, b, c, d] = r;
  return std::tie(a, b, c, d);
}
inline auto members(const StallRecord& r) {
  const auto& [a, b, c, d, e, f] = r;
  return std::tie(a, b, c, d, e, f);
}
inline auto members(const LoadRecord& r) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = r;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
}
inline auto members(const EvictionRecord& r) {
  const auto& [a, b, c, d, e, f, g, h] = r;
  return std::tie(a, b, c, d, e, f, g, h);
}
inline auto members(const CounterRecord& r) {
  const auto& [a, b, c] = r;
  return std::tie(a, b, c);
}
inline auto members(const PhaseSummary& r) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, energy] = r;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, energy);
}
inline auto members(const PrefetchSummary& r) {
  const auto& [a, b, c, d, e, f, g, h] = r;
  return std::tie(a, b, c, d, e, f, g, h);
}
inline auto members(const RunHeader& r) {
  const auto& [a, b, c, d, e, f, g, h, i, j] = r;
  return std::tie(a, b, c, d, e, f, g, h, i, j);
}

template <typename Row>
void expect_same_rows(const char* table, const std::vector<Row>& a, const std::vector<Row>& b) {
  ASSERT_EQ(a.size(), b.size()) << table;
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_TRUE(members(a[i]) == members(b[i])) << table << " " << i;
}

inline void expect_same(const ModelShape& x, const ModelShape& y) {
  const auto& [a, layers_x, banks_x, b, c, d, e, f, g] = x;
  const auto& [a2, layers_y, banks_y, b2, c2, d2, e2, f2, g2] = y;
  expect_same_rows("layers", layers_x, layers_y);
  expect_same_rows("banks", banks_x, banks_y);
  EXPECT_TRUE(std::tie(a, b, c, d, e, f, g) == std::tie(a2, b2, c2, d2, e2, f2, g2));
}

inline void expect_same(const RouteTrace& x, const RouteTrace& y) {
  expect_same(x.header.model, y.header.model);
  EXPECT_EQ(x.header.origin, y.header.origin);
  EXPECT_EQ(x.header.provenance, y.header.provenance);
  EXPECT_EQ(x.header.prompt, y.header.prompt);
  EXPECT_EQ(x.header.context, y.header.context);
  expect_same_rows("steps", x.steps, y.steps);
}

// The message has all the parts that a person needs.
inline void expect_message(const Error& error, const std::vector<std::string>& parts) {
  EXPECT_FALSE(error.file.empty());
  EXPECT_FALSE(error.expected.empty()) << error.message();
  EXPECT_FALSE(error.found.empty()) << error.message();
  for (const std::string& part : parts) {
    EXPECT_NE(error.message().find(part), std::string::npos)
        << "\"" << part << "\" is not in: " << error.message();
  }
}

// Protobuf wire bytes by hand: tests write what our writer would refuse to.
class Wire {
 public:
  Wire& number(int field, std::uint64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3);
    varint(value);
    return *this;
  }
  Wire& bytes(int field, const std::string& value) {
    varint((static_cast<std::uint64_t>(field) << 3) | 2);
    varint(value.size());
    out_ += value;
    return *this;
  }
  Wire& packed(int field, const std::vector<std::uint64_t>& values) {
    Wire column;
    for (const std::uint64_t value : values) column.varint(value);
    return bytes(field, column.out_);
  }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>((value & 0x7f) | 0x80);
    out_ += static_cast<char>(value);
  }
  std::string out_;
};

// The records of a plain stream, and back.
inline std::vector<std::string> split_records(const std::string& plain) {
  std::vector<std::string> records;
  for (std::size_t at = 0; at < plain.size();) {
    std::size_t length = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(plain[at++]);
      length |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    records.push_back(plain.substr(at, length));
    at += length;
  }
  return records;
}

}  // namespace pregate::fixtures
