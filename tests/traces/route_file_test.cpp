// SPDX-License-Identifier: Apache-2.0
#include "traces/route_file.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmath>
#include <csignal>
#include <functional>
#include <optional>

#include "tests/traces/trace_fixtures.hpp"
#include "traces/record_stream.hpp"

namespace pregate {
namespace {

using fixtures::expect_message;
using fixtures::Wire;

std::string file_of(const RouteTrace& trace) {
  const fixtures::TempFolder folder;
  const Status written = write_route(folder.file("a.route"), trace);
  EXPECT_TRUE(written.ok()) << (written ? "" : written.error().message());
  return fixtures::slurp(folder.file("a.route"));
}

// The records of a small valid file, to be spoilt: magic, header, steps, end.
std::vector<std::string> records_of(const RouteTrace& trace) {
  return fixtures::split_records(*decompress_stream(file_of(trace), "a.route"));
}

Result<RouteTrace> read_records(const std::vector<std::string>& records) {
  std::string plain;
  for (const std::string& record : records) append_record(plain, record);
  return read_route_bytes(compress_stream(plain), "bad.route");
}

TEST(RouteFile, WrittenAndRead_IsTheSameTrace) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const RouteTrace trace = fixtures::random_trace(seed);
    const auto read = read_route_bytes(file_of(trace), "a.route");
    ASSERT_TRUE(read.ok()) << read.error().message();
    fixtures::expect_same(trace, *read);
  }
}

TEST(RouteFile, UnknownWeightsAndDroppedChoices_SurviveTheFile) {
  RouteTrace trace = fixtures::random_trace(3);
  for (RouteStep& step : trace.steps) step.weights.clear();
  RouteStep& last = trace.steps.back();
  last.dropped = std::int64_t{1} << 40;
  const auto read = read_route_bytes(file_of(trace), "a.route");
  ASSERT_TRUE(read.ok()) << read.error().message();
  fixtures::expect_same(trace, *read);
}

TEST(RouteFile, TheSameTrace_GivesTheSameBytes) {
  EXPECT_EQ(file_of(fixtures::random_trace(7)), file_of(fixtures::random_trace(7)));
}

TEST(RouteFile, ReadAsAStream_GivesStepAfterStepAndThenNothing) {
  const fixtures::TempFolder folder;
  const RouteTrace trace = fixtures::random_trace(2);
  ASSERT_TRUE(write_route(folder.file("a.route"), trace).ok());
  auto reader = RouteReader::open(folder.file("a.route"));
  ASSERT_TRUE(reader.ok());
  for (const RouteStep& step : trace.steps) {
    const auto read = (*reader)->next();
    ASSERT_TRUE(read.ok() && read->has_value());
    EXPECT_TRUE(fixtures::members(**read) == fixtures::members(step));
  }
  for (int again = 0; again < 2; ++again) {
    const auto end = (*reader)->next();
    ASSERT_TRUE(end.ok());
    EXPECT_FALSE(end->has_value());
  }
}

TEST(RouteFile, CutAtAnyByte_IsRefused) {
  const std::string bytes = file_of(fixtures::random_trace(1, 1));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = read_route_bytes(std::string_view(bytes).substr(0, size), "cut.route");
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_EQ(read.error().file, "cut.route");
  }
}

TEST(RouteFile, AnyFlippedBit_IsRefused) {
  std::string bytes = file_of(fixtures::random_trace(1, 1));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto flip = static_cast<char>(1 << (bit % 8));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
    EXPECT_FALSE(read_route_bytes(bytes, "flipped.route").ok()) << "byte " << bit / 8 << " bit " << bit % 8;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
  }
}

struct BadFile {
  const char* name;
  std::function<std::string()> bytes;
  std::vector<std::string> parts;
};

TEST(RouteFile, ForeignOrDamagedContainers_AreNamedWithTheirPlace) {
  const std::string good = file_of(fixtures::random_trace(1));
  const std::vector<BadFile> table = {
      {"empty", [] { return std::string(); }, {"expected a pregate.route file", "found an empty file"}},
      {"text",
       [] { return std::string("hello, world"); },
       {"byte 0", "expected a pregate.route file", "\"hello, wor"}},
      {"another program's gzip",
       [&] {
         std::string b = good;
         b[4] = 1;
         return b;
       },
       {"byte 4", "expected a pregate.route file", "a gzip header of another program"}},
      {"cut in the middle",
       [&] { return good.substr(0, good.size() / 2); },
       {"byte " + std::to_string(good.size() / 2), "expected the rest of the compressed data",
        "the end of the file"}},
      {"garbage behind",
       [&] { return good + "x"; },
       {"byte " + std::to_string(good.size()), "expected the end of the file",
        "bytes behind the compressed data"}},
      {"a second member", [&] { return good + good; }, {"expected the end of the file"}},
      {"wrong checksum",
       [&] {
         std::string b = good;
         b[b.size() - 8] = static_cast<char>(b[b.size() - 8] ^ 1);
         return b;
       },
       {"byte", "expected intact compressed data", "incorrect data check"}},
  };
  for (const BadFile& row : table) {
    SCOPED_TRACE(row.name);
    const auto read = read_route_bytes(row.bytes(), "bad.route");
    ASSERT_FALSE(read.ok());
    expect_message(read.error(), row.parts);
    EXPECT_EQ(read.error().file, "bad.route");
  }
}

TEST(RouteFile, WhatIsNotARegularFile_IsRefusedWithoutBeingRead) {
  const fixtures::TempFolder folder;
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  const std::vector<std::pair<std::string, std::string>> table = {
      {folder.file("missing.route"), "no such file"},
      {folder.file(""), "a directory"},
      {folder.file("pipe"), "a pipe"},
      {"/dev/zero", "a device"},
  };
  for (const auto& [path, found] : table) {
    const auto read = read_route(path);
    ASSERT_FALSE(read.ok()) << path;
    expect_message(read.error(), {path, "expected", found});
  }
}

std::string layer_wire(std::uint64_t layer, std::uint64_t tokens,
                       const std::vector<std::uint64_t>& experts = {}, const std::string& weights = "") {
  Wire wire;
  wire.number(1, layer).number(2, tokens).packed(3, experts);
  if (!weights.empty()) wire.bytes(4, weights);
  return wire.text();
}

// A decode step of small_model() whose layer 1 is given.
std::string step_wire(const std::string& layer_one, std::uint64_t position = 0, std::uint64_t tokens = 1) {
  Wire step;
  step.number(2, 1).number(3, position).number(4, tokens);
  step.bytes(5, layer_wire(0, 1)).bytes(5, layer_one);
  for (std::uint64_t layer = 2; layer < 5; ++layer) step.bytes(5, layer_wire(layer, 1, {0, 1, 2}));
  return Wire().bytes(2, step.text()).text();
}

std::string end_wire(std::uint64_t steps, std::uint64_t choices) {
  return Wire().bytes(3, Wire().number(1, steps).number(2, choices).text()).text();
}

std::string layer1() {
  return layer_wire(1, 1, {5, 6, 7});
}

TEST(RouteFile, RecordsByHand_AreReadIfTheyAreRight) {
  const auto good = records_of(fixtures::random_trace(1));
  const auto read =
      read_records({good[0], good[1], step_wire(layer1()), step_wire(layer1(), 1), end_wire(2, 24)});
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->steps[1].layer_experts(1)[2], 7);
}

// A layer with a norm in each field that is given.
std::string with_norms(const std::string& layer, std::optional<float> shared, std::optional<float> routed) {
  const auto bits = [](float number) {
    return std::string(reinterpret_cast<const char*>(&number), sizeof number);
  };
  std::string out = layer;
  if (shared) out += "\x35" + bits(*shared);  // field 6, 32 bits
  if (routed) out += "\x3d" + bits(*routed);  // field 7
  return out;
}

TEST(RouteFile, NormsOfOutputs_AreInAllLayersOrInNone) {
  const auto good = records_of(fixtures::random_trace(1));
  const auto step = [](const std::function<std::string(std::uint64_t, std::string)>& change) {
    Wire wire;
    wire.number(2, 1).number(4, 1).bytes(5, change(0, layer_wire(0, 1))).bytes(5, change(1, layer1()));
    for (std::uint64_t layer = 2; layer < 5; ++layer)
      wire.bytes(5, change(layer, layer_wire(layer, 1, {0, 1, 2})));
    return Wire().bytes(2, wire.text()).text();
  };
  const auto read = [&](const std::function<std::string(std::uint64_t, std::string)>& change) {
    return read_records({good[0], good[1], step(change), end_wire(1, 12)});
  };
  const auto whole = read([](std::uint64_t layer, const std::string& wire) {
    return with_norms(wire, 0.0F, static_cast<float>(layer));
  });
  ASSERT_TRUE(whole.ok()) << whole.error().message();
  EXPECT_EQ(whole->steps[0].norms[3], (LayerNorms{.shared = 0, .routed = 3}));
  const auto none = read([](std::uint64_t, const std::string& wire) { return wire; });
  EXPECT_TRUE(none->steps[0].norms.empty());
  const struct {
    std::function<std::string(std::uint64_t, std::string)> change;
    std::vector<std::string> parts;
  } table[] = {
      {[](std::uint64_t layer, const std::string& wire) {
         return layer == 2 ? wire : with_norms(wire, 1.0F, 1.0F);
       },
       {"layer 2", "norms in all layers of a step or in none", "none"}},
      {[](std::uint64_t layer, const std::string& wire) {
         return layer < 2 ? wire : with_norms(wire, 1.0F, 1.0F);
       },
       {"layer 2", "norms in all layers of a step or in none"}},
      {[](std::uint64_t, const std::string& wire) { return with_norms(wire, 1.0F, std::nullopt); },
       {"layer 0", "both norms or none", "shared_norm alone"}},
      {[](std::uint64_t, const std::string& wire) { return with_norms(wire, -1.0F, 1.0F); },
       {"layer 0", "a finite norm of at least 0", "-1"}},
      {[](std::uint64_t, const std::string& wire) { return with_norms(wire, 1.0F, NAN); },
       {"layer 0", "a finite norm of at least 0", "nan"}},
  };
  for (const auto& row : table) {
    const auto bad = read(row.change);
    ASSERT_FALSE(bad.ok());
    expect_message(bad.error(), row.parts);
  }
}

TEST(RouteFile, RecordsThatMakeNoSense_AreNamedWithStepAndLayer) {
  const auto good = records_of(fixtures::random_trace(1));
  const std::string& magic = good[0];
  const std::string& header = good[1];
  const std::string nan("\0\0\xc0\x7f\0\0\0\0\0\0\0\0", 12);
  Wire gap;  // layers 0, 1, 3, 4, 4
  gap.number(2, 1).number(4, 1).bytes(5, layer_wire(0, 1)).bytes(5, layer1());
  for (const std::uint64_t layer : {3, 4, 4}) gap.bytes(5, layer_wire(layer, 1, {0, 1, 2}));
  Wire many;
  for (int i = 0; i < 100'000; ++i) many.bytes(5, "");
  const struct {
    const char* name;
    std::vector<std::string> records;
    std::vector<std::string> parts;
  } table[] = {
      {"another format",
       {"pregate.run", header},
       {"record 0", "expected \"pregate.route\"", "\"pregate.run\""}},
      {"no header", {magic, end_wire(0, 0)}, {"record 1", "expected the header", "found something else"}},
      {"a newer version",
       {magic, Wire().bytes(1, Wire().number(1, 2).text()).text()},
       {"header", "expected version 1", "found version 2"}},
      {"a model without layers",
       {magic, Wire().bytes(1, Wire().number(1, 1).text()).text()},
       {"header: model", "layers"}},
      {"expert out of range",
       {magic, header, step_wire(layer_wire(1, 1, {5, 6, 8}))},
       {"record 2 (step 0): layer 1", "expected an expert below 8", "found 8"}},
      {"expert beyond 16 bits",
       {magic, header, step_wire(layer_wire(1, 1, {5, 6, 65'536}))},
       {"record 2 (step 0): layer 1", "expected an expert below 65536", "found 65536"}},
      {"expert twice",
       {magic, header, step_wire(layer_wire(1, 1, {5, 6, 5}))},
       {"layer 1", "expected distinct experts", "expert 5 twice"}},
      {"too many choices",
       {magic, header, step_wire(layer_wire(1, 1, {1, 2, 3, 4}))},
       {"layer 1", "expected 1 to 3 choices", "found 4"}},
      {"no choices",
       {magic, header, step_wire(layer_wire(1, 1))},
       {"layer 1", "expected 1 to 3 choices", "found 0"}},
      {"choices in a dense layer",
       {magic, header,
        Wire()
            .bytes(2, Wire()
                          .number(4, 1)
                          .bytes(5, layer_wire(0, 1, {1}))
                          .bytes(5, layer1())
                          .bytes(5, layer_wire(2, 1, {1}))
                          .bytes(5, layer_wire(3, 1, {1}))
                          .bytes(5, layer_wire(4, 1, {1}))
                          .text())
            .text()},
       {"layer 0", "expected no choices in a dense layer", "found 1"}},
      {"weight is NaN",
       {magic, header, step_wire(layer_wire(1, 1, {5, 6, 7}, nan))},
       {"step 0", "expected a weight for each"}},
      {"a layer left out",
       {magic, header, Wire().bytes(2, gap.text()).text()},
       {"step 0", "layer 2", "expected layer 2", "found layer 3"}},
      {"too few layers",
       {magic, header, Wire().bytes(2, Wire().number(4, 1).bytes(5, layer_wire(0, 1)).text()).text()},
       {"step 0", "expected 5 layers", "found 1"}},
      {"a flood of layers",
       {magic, header, Wire().bytes(2, many.text()).text()},
       {"step 0", "expected 5 layers", "found 100000"}},
      {"no tokens",
       {magic, header, step_wire(layer1(), 0, 0)},
       {"step 0", "expected a step of 1 to", "found 0 tokens"}},
      {"tokens beyond 31 bits",
       {magic, header, step_wire(layer1(), 0, std::uint64_t{0xffffffff})},
       {"step 0", "tokens", "below 2^31"}},
      {"more tokens in a layer than in the step",
       {magic, header, step_wire(layer_wire(1, 2, {5, 6, 7}))},
       {"layer 1", "expected 1 to 1 tokens", "found 2"}},
      {"position beyond 63 bits",
       {magic, header, step_wire(layer1(), ~std::uint64_t{0})},
       {"step 0", "below 2^63"}},
      {"position goes back",
       {magic, header, step_wire(layer1(), 4), step_wire(layer1(), 4)},
       {"record 3 (step 1)", "expected a position of at least 5", "found 4"}},
      {"no end record",
       {magic, header, step_wire(layer1())},
       {"record 3", "expected a record", "the end of the data"}},
      {"end counts otherwise",
       {magic, header, step_wire(layer1()), end_wire(2, 12)},
       {"record 3", "expected 2 steps and 12 choices", "found 1 and 12"}},
      {"records behind the end",
       {magic, header, step_wire(layer1()), end_wire(1, 12), end_wire(1, 12)},
       {"record 3", "expected nothing behind the end record"}},
      {"not protobuf", {magic, header, "\xff\xff\xff"}, {"step 0", "expected a step or the end record"}},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    const auto read = read_records(row.records);
    ASSERT_FALSE(read.ok());
    expect_message(read.error(), row.parts);
    EXPECT_EQ(read.error().file, "bad.route");
  }
}

TEST(RouteFile, WeightsThatAreNotFinite_AreRefused) {
  const auto good = records_of(fixtures::random_trace(1));
  std::string weights;
  for (const float weight : {1.0F, std::numeric_limits<float>::quiet_NaN(), 0.0F}) {
    weights.append(reinterpret_cast<const char*>(&weight), sizeof weight);
  }
  Wire step;
  step.number(2, 1).number(4, 1).bytes(5, layer_wire(0, 1));
  for (std::uint64_t layer = 1; layer < 5; ++layer) step.bytes(5, layer_wire(layer, 1, {0, 1, 2}, weights));
  const auto read = read_records({good[0], good[1], Wire().bytes(2, step.text()).text(), end_wire(1, 12)});
  ASSERT_FALSE(read.ok());
  expect_message(read.error(), {"bad.route", "step 0", "layer 1", "expected a finite weight", "found nan"});
}

TEST(RouteFile, TextThatIsNotUtf8_IsNamedWithItsField) {
  auto records = records_of(fixtures::random_trace(1));
  const auto at = records[1].find("seeded");
  ASSERT_NE(at, std::string::npos);
  records[1][at] = '\xff';
  const auto read = read_records(records);
  ASSERT_FALSE(read.ok());
  expect_message(read.error(), {"bad.route", "header: provenance", "expected UTF-8", "byte 0xff at 0"});
}

TEST(RouteFile, ARecordThatClaimsToBeHuge_IsRefusedBeforeItIsRead) {
  std::string plain;
  append_record(plain, "pregate.route");
  plain += "\xff\xff\xff\xff\x0f";
  const auto read = read_route_bytes(compress_stream(plain), "bomb.route");
  ASSERT_FALSE(read.ok());
  expect_message(read.error(),
                 {"bomb.route", "record 1", "expected a record of at most", "found 4294967295 bytes"});
}

TEST(RouteFile, AStepThatDoesNotFit_IsNotWritten) {
  const fixtures::TempFolder folder;
  RouteTrace trace = fixtures::random_trace(1);
  trace.steps[2].experts[0] = 99;
  const Status written = write_route(folder.file("a.route"), trace);
  ASSERT_FALSE(written.ok());
  expect_message(written.error(), {"a.route", "step 2", "layer 1", "expected an expert below 8", "found 99"});
  EXPECT_THAT(folder.names(), testing::IsEmpty());
}

TEST(RouteFile, AWriterThatIsGivenUp_LeavesTheOldFile) {
  const fixtures::TempFolder folder;
  fixtures::spill(folder.file("a.route"), "old");
  const RouteTrace trace = fixtures::random_trace(1);
  {
    auto writer = RouteWriter::create(folder.file("a.route"), trace.header);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->write(trace.steps[0]).ok());
    EXPECT_EQ(folder.names().size(), 2U);
  }
  EXPECT_THAT(folder.names(), testing::ElementsAre("a.route"));
  EXPECT_EQ(fixtures::slurp(folder.file("a.route")), "old");
}

TEST(RouteFile, PlacesThatCannotBeWritten_AreFailuresOfTheRun) {
  const fixtures::TempFolder folder;
  fixtures::spill(folder.file("file"), "x");
  for (const std::string& path : {folder.file("missing/a.route"), folder.file("file/a.route"),
                                  folder.file(""), std::string("/dev/full"), std::string("/proc/a.route")}) {
    const Status written = write_route(path, fixtures::random_trace(1));
    ASSERT_FALSE(written.ok()) << path;
    EXPECT_EQ(written.error().kind, Error::Kind::run_failed);
    expect_message(written.error(), {path, "expected", "found"});
  }
  EXPECT_THAT(folder.names(), testing::ElementsAre("file"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(RouteFile, ASymbolicLink_StaysAndItsFileIsReplaced) {
  const fixtures::TempFolder folder;
  fixtures::spill(folder.file("real.route"), "old");
  std::filesystem::create_symlink("real.route", folder.file("link.route"));
  const RouteTrace trace = fixtures::random_trace(1);
  ASSERT_TRUE(write_route(folder.file("link.route"), trace).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("link.route")));
  EXPECT_TRUE(read_route(folder.file("real.route")).ok());
}

// A disk that fills up, by way of this process's limit on the size of files.
TEST(RouteFile, AFullDisk_FailsTheRunAndLeavesNothing) {
  const fixtures::TempFolder folder;
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 200, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status written = write_route(folder.file("a.route"), fixtures::random_trace(1, 200));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().kind, Error::Kind::run_failed);
  expect_message(written.error(), {folder.file("a.route"), "expected to write the file", "File too large"});
  EXPECT_THAT(folder.names(), testing::IsEmpty());
}

}  // namespace
}  // namespace pregate
