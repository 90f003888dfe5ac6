// SPDX-License-Identifier: Apache-2.0
// What the reader of Perfetto traces reads, and what is no trace at all. Faults of traces:
// read_perfetto_faults_test.cpp.
#include "traces/read_perfetto.hpp"

#include <gmock/gmock.h>

#include "tests/traces/busy_run.hpp"
#include "tests/traces/perfetto_bytes.hpp"
#include "traces/export_perfetto.hpp"
#include "traces/wire_reader.hpp"

namespace pregate {
namespace {

using namespace fixtures::perfetto;  // NOLINT(google-build-using-namespace): the words of this file
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ReadPerfetto, ASoundFile_IsReadAsItIs) {
  const std::string bytes = small_file().text();
  const auto model = read_perfetto_bytes(bytes, "a.pftrace");
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->counts, (PerfettoCounts{.bytes = static_cast<std::int64_t>(bytes.size()),
                                           .packets = 15,
                                           .tracks = 4,
                                           .slices = 4,
                                           .instants = 1,
                                           .samples = 2,
                                           .flows = 1,
                                           .end_ns = 7}));
  const PerfettoSlice& outer = model->slices[1];
  EXPECT_EQ(std::tie(outer.name, outer.depth, outer.begin, outer.end), std::tuple("outer", 0, 1, 6));
  EXPECT_THAT(outer.categories, ElementsAre("load"));
  const PerfettoSlice& inner = model->slices[2];
  EXPECT_EQ(std::tie(inner.name, inner.depth, inner.begin, inner.end), std::tuple("inner", 1, 2, 3));
  using Note = PerfettoNote;
  EXPECT_THAT(inner.notes,
              ElementsAre(Note{.name = "seven", .value = std::int64_t{7}},
                          Note{.name = "who", .value = std::string("me")}, Note{.name = "yes", .value = true},
                          Note{.name = "half", .value = 0.5}, Note{.name = "big", .value = UINT64_MAX}));
  EXPECT_EQ(model->slices[3].begin, model->slices[3].end);
  ASSERT_EQ(model->flows.size(), 1U);
  EXPECT_EQ(model->flows[0].from, 2U);
  EXPECT_TRUE(model->flows[0].to_instant);
  EXPECT_EQ(model->samples[0].whole, -5);
  EXPECT_EQ(model->samples[1].value, 2.5);
  EXPECT_EQ(model->tracks[3].unit, PerfettoUnit::count);
  EXPECT_EQ(*check_perfetto_bytes(bytes, "a"), model->counts);
}

void expect_cuts_refused(const std::string& bytes, std::size_t step) {
  ASSERT_TRUE(check_perfetto_bytes(bytes, "a").ok());
  for (std::size_t size = 0; size < bytes.size(); size += step) {
    const auto read = check_perfetto_bytes(std::string_view(bytes).substr(0, size), "a.pftrace");
    ASSERT_FALSE(read.ok()) << size << " of " << bytes.size();
    fixtures::expect_message(read.error(), {"a.pftrace"});
  }
}

TEST(ReadPerfetto, AFileCutShortAnywhere_IsRefused) {
  expect_cuts_refused(small_file().text(), 1);
  const fixtures::TempFolder folder;
  ASSERT_TRUE(export_perfetto(fixtures::busy_run(1, 1), folder.file("a")).ok());
  expect_cuts_refused(fixtures::slurp(folder.file("a")), 17);
}

TEST(ReadPerfetto, AnyOtherByte_IsRefusedOrRead) {
  const std::string bytes = small_file().text();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto read = check_perfetto_bytes(changed, "a.pftrace");
      if (!read.ok()) fixtures::expect_message(read.error(), {"a.pftrace"});
    }
  }
}

TEST(ReadPerfetto, FilesLongerThanABlock_AreReadAsAStream) {
  File file = described();
  for (std::uint64_t i = 0; i < 40'000; ++i) file.event(i, named(kBegin, 2, "x")).event(i, event(kEnd, 2));
  file.event(50'000, named(kInstant, 2, std::string(700'000, 'y')));
  const fixtures::TempFolder folder;
  fixtures::spill(folder.file("a"), file.text());
  const auto counts = check_perfetto(folder.file("a"));
  ASSERT_TRUE(counts.ok()) << counts.error().message();
  EXPECT_EQ(counts->slices, 40'000);
  EXPECT_EQ(static_cast<std::size_t>(counts->bytes), file.text().size());
}

TEST(ReadPerfetto, BytesThatAreNoPackets_AreRefusedWithTheirPlace) {
  const std::string sound = described().text();
  const auto message = [&sound](const std::string& more) {
    const auto read = check_perfetto_bytes(sound + more, "a.pftrace");
    return read.ok() ? std::string() : read.error().message();
  };
  EXPECT_THAT(message("x"), HasSubstr("packet 4: byte 89: expected a packet (a byte 0x0a), found 0x78"));
  EXPECT_THAT(message("\x0a"), HasSubstr("expected the length of a packet, found the end of the file"));
  EXPECT_THAT(message("\x0a\x85"), HasSubstr("expected the length of a packet, found the end of the file"));
  EXPECT_THAT(message(std::string("\x0a\x80\x00", 3)), HasSubstr("expected a number in its shortest form"));
  EXPECT_THAT(message("\x0a\xff\xff\xff\x7f"), HasSubstr("expected a packet of at most 16777216 bytes"));
  EXPECT_THAT(message("\x0a\x05xy"),
              HasSubstr("expected 5 bytes of a packet, found 2 and the end of the file"));
}

TEST(WireReader, RefusesWhatIsNoField) {
  const auto message = [](const std::string& bytes) {
    WireReader in(bytes, 100);
    WireField field;
    const Status read = in.next(field);
    return read.ok() ? std::string() : read.error().message();
  };
  EXPECT_EQ(message(std::string("\x08\x00", 2)), "");
  EXPECT_THAT(message("\x08"), HasSubstr("byte 101: expected the rest of a number"));
  EXPECT_THAT(message("\x08\x80"), HasSubstr("byte 102: expected the rest of a number"));
  EXPECT_THAT(message(std::string("\x08\x81\x00", 3)),
              HasSubstr("byte 101: expected a number in its shortest form"));
  EXPECT_EQ(message("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "");
  EXPECT_THAT(message("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
              HasSubstr("expected a number of 64 bits"));
  EXPECT_THAT(message("\x01\x01"), HasSubstr("byte 100: expected a field from 1"));
  EXPECT_THAT(message("\x0b"), HasSubstr("one of type 3"));
  EXPECT_THAT(message("\x0d\x01\x01\x01\x01"), HasSubstr("one of type 5"));
  EXPECT_THAT(message("\x09\x01\x01\x01"), HasSubstr("byte 101: expected 8 bytes of a number"));
  EXPECT_THAT(message("\x0a\x02x"),
              HasSubstr("byte 101: expected at most 1 bytes, the rest of the message, found 2"));
}

TEST(ReadPerfetto, IsToldFromOtherFilesByItsFirstByte) {
  const fixtures::TempFolder folder;
  fixtures::spill(folder.file("a"), small_file().text());
  fixtures::spill(folder.file("b"), "# route_trace v1\n");
  EXPECT_TRUE(is_perfetto_file(folder.file("a")));
  EXPECT_FALSE(is_perfetto_file(folder.file("b")));
  EXPECT_FALSE(is_perfetto_file(folder.file("none")));
  EXPECT_FALSE(check_perfetto(folder.file("none")).ok());
}

}  // namespace
}  // namespace pregate
