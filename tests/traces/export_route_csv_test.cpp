// SPDX-License-Identifier: Apache-2.0
// A routing trace as route_trace v1 CSV, and back by the importer.
#include "traces/export_route_csv.hpp"

#include <gmock/gmock.h>

#include "tests/traces/trace_fixtures.hpp"
#include "traces/import.hpp"

namespace pregate {
namespace {

using testing::Contains;
using testing::HasSubstr;

// A trace that the format can say: a bank for each layer, all choices executed.
RouteTrace own_banks(std::uint64_t seed) {
  Random random(seed);
  RouteTrace trace;
  ModelShape model = fixtures::small_model();
  model.banks.assign(4, {.experts = 8, .expert_bytes = Bytes(500), .expert_macs = Macs(900)});
  for (std::uint32_t i = 1; i < 5; ++i) {
    model.banks[i - 1].expert_bytes = Bytes(500 + i);
    model.layers[i].bank = BankId(i - 1);
  }
  trace.header = {.model = model, .origin = Origin::recorded, .provenance = "a=b\nc", .prompt = {}};
  for (int turn = 0; turn < 2; ++turn) {
    const std::int64_t first = 20 * turn;
    trace.steps.push_back(fixtures::random_step(model, Phase::prefill, first, 6, random));
    for (int i = 0; i < 5; ++i)
      trace.steps.push_back(fixtures::random_step(model, Phase::decode, first + 6 + i, 1, random));
  }
  for (std::size_t i = 0; i < trace.steps.size(); ++i) {
    RouteStep& step = trace.steps[i];
    step.turn = i < 6 ? 0 : 1;
    step.measured.clear();
    step.norms.clear();
  }
  return trace;
}

Result<RouteCsvExport> write(const RouteTrace& trace, std::string* text = nullptr) {
  const fixtures::TempFolder folder;
  auto out = export_route_csv(trace, folder.file("a.csv"));
  if (text != nullptr && out.ok()) *text = fixtures::slurp(folder.file("a.csv"));
  if (!out.ok()) {
    EXPECT_TRUE(folder.names().empty());
  }
  return out;
}

RouteTrace read(const std::string& text) {
  std::istringstream in(text);
  const auto trace = import_route_csv(in, "a.csv");
  EXPECT_TRUE(trace.ok()) << trace.error().message();
  return *trace;
}

TEST(ExportRouteCsv, WhatIsReadAgain_IsTheSameRouting) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    RouteTrace trace = own_banks(seed);
    trace.steps[3].weights.front() = 0.1F;
    trace.steps[3].weights.back() = 1.17549435e-38F;
    std::string text;
    const auto out = write(trace, &text);
    ASSERT_TRUE(out.ok()) << out.error().message();
    const RouteTrace back = read(text);
    fixtures::expect_same_rows("steps", back.steps, trace.steps);
    std::size_t choices = 0;
    for (const RouteStep& step : trace.steps) choices += step.experts.size();
    EXPECT_EQ(static_cast<std::size_t>(out->rows), choices);
    const ModelShape& model = trace.header.model;
    EXPECT_EQ(back.header.model.top_k, model.top_k);
    EXPECT_EQ(back.header.model.name, model.name);
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
      const LayerShape& layer = model.layers[i];
      EXPECT_EQ(back.header.model.layers[i].bank, layer.bank);
      EXPECT_EQ(back.header.model.layers[i].attention_bytes,
                layer.attention_bytes + layer.feed_forward_bytes);
      if (layer.is_moe()) {
        EXPECT_EQ(back.header.model.banks[layer.bank.value()].expert_bytes,
                  model.banks[layer.bank.value()].expert_bytes);
      }
    }
    std::string again;
    ASSERT_TRUE(write(back, &again).ok());
    EXPECT_EQ(again.substr(again.find("turn,")), text.substr(text.find("turn,")));
  }
}

TEST(ExportRouteCsv, SharedBanksAndOtherThingsThatTheFormatLacks_AreListed) {
  RouteTrace trace = fixtures::random_trace(1);
  trace.steps.pop_back();  // choices that were dropped
  std::string text;
  const auto out = write(trace, &text);
  ASSERT_TRUE(out.ok()) << out.error().message();
  for (const char* part : {"which layers share a bank", "how many experts each bank has", "is synthetic",
                           "the prompt", "the context", "measured operators", "norms"}) {
    EXPECT_THAT(out->left_out, Contains(HasSubstr(part)));
  }
  const RouteTrace back = read(text);
  EXPECT_EQ(back.header.model.banks.size(), 4U);
  for (std::size_t i = 0; i < back.steps.size(); ++i)
    EXPECT_EQ(back.steps[i].experts, trace.steps[i].experts);
}

TEST(ExportRouteCsv, WithoutWeightsInOneStep_NoneAreWritten) {
  RouteTrace trace = own_banks(1);
  trace.steps[2].weights.clear();
  std::string text;
  const auto out = write(trace, &text);
  ASSERT_TRUE(out.ok());
  EXPECT_THAT(out->left_out, Contains(HasSubstr("weights")));
  EXPECT_THAT(text, HasSubstr("turn,phase,step,layer,slot,expert\n"));
  EXPECT_TRUE(read(text).steps[0].weights.empty());
}

struct Refusal {
  const char* message;
  void (*change)(RouteTrace& trace);
};

TEST(ExportRouteCsv, WhatTheFormatCannotSay_IsRefused) {
  const Refusal refusals[] = {
      {"step 1: expected choices that were all executed", [](RouteTrace& t) { t.steps[1].dropped = 1; }},
      {"step 2: expected one prefill at the begin of a turn",
       [](RouteTrace& t) {
         t.steps[2] = t.steps[0];
         t.steps[2].position = 8;
       }},
      {"step 1: expected decode steps of one token",
       [](RouteTrace& t) {
         const auto position = t.steps[1].position;
         t.steps[1] = t.steps[0];
         t.steps[1].phase = Phase::decode;
         t.steps[1].position = position;
       }},
      {"expected at least one step, found none", [](RouteTrace& t) { t.steps.clear(); }},
      {"step 0: expected weights of at least 0", [](RouteTrace& t) { t.steps[0].weights[0] = -1; }},
      {"step 1: expected a position of at least 6", [](RouteTrace& t) { t.steps[1].position = 2; }},
      {"bank 0: expected bytes of an expert from 1",
       [](RouteTrace& t) { t.header.model.banks[0].expert_bytes = Bytes(); }},
      {"step 0: layer 2: expected all 6 tokens of the step",
       [](RouteTrace& t) {
         RouteStep& step = t.steps[0];
         const auto cut = [&step](auto& values) {
           const auto end = values.begin() + static_cast<std::ptrdiff_t>(step.offset[3]);
           values.erase(end - 3, end);
         };
         cut(step.experts);
         cut(step.weights);
         step.layer_tokens[2] = 5;
         for (std::size_t i = 3; i < step.offset.size(); ++i) step.offset[i] -= 3;
       }},
  };
  for (const Refusal& refusal : refusals) {
    RouteTrace trace = own_banks(1);
    refusal.change(trace);
    const auto out = write(trace);
    ASSERT_FALSE(out.ok()) << refusal.message;
    EXPECT_THAT(out.error().message(), HasSubstr(refusal.message));
  }
}

}  // namespace
}  // namespace pregate
