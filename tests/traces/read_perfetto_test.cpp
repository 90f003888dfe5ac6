// SPDX-License-Identifier: Apache-2.0
// What the reader of Perfetto traces accepts, and that it names what it refuses. The bytes are made by hand.
#include "traces/read_perfetto.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <functional>

#include "tests/traces/busy_run.hpp"
#include "traces/export_perfetto.hpp"
#include "traces/wire_reader.hpp"

namespace pregate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Fields of a message.
class Message {
 public:
  Message& number(int field, std::uint64_t value) {
    wire_.number(field, value);
    return *this;
  }
  Message& bytes(int field, const std::string& value) {
    wire_.bytes(field, value);
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.text()); }
  Message& fixed(int field, std::uint64_t value) {
    // Wire knows no fixed numbers: a tag by hand behind what it has written.
    std::string out = text();
    fixtures::Wire tag;
    tag.number(field, 0);
    std::string head = tag.text();
    head.pop_back();                                     // the value
    head.front() = static_cast<char>(head.front() | 1);  // the type
    out += head;
    for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i));
    done_ = out;
    wire_ = {};
    return *this;
  }
  [[nodiscard]] std::string text() const { return done_ + wire_.text(); }

 private:
  std::string done_;
  fixtures::Wire wire_;
};

constexpr int kBegin = 1, kEnd = 2, kInstant = 3, kCounter = 4;

Message track(std::uint64_t uuid, const std::string& name, std::uint64_t parent = 0, std::uint64_t rank = 0) {
  Message out;
  out.number(1, uuid).bytes(2, name);
  if (parent != 0) out.number(5, parent);
  out.number(11, 3);
  if (parent != 0) out.number(12, rank);
  return out.number(15, 2);
}

Message counter_track(std::uint64_t uuid) {
  Message unit;
  unit.number(3, 2);
  return Message().number(1, uuid).bytes(2, "loads").message(8, unit).number(15, 2);
}

Message event(int type, std::uint64_t on) {
  return Message().number(9, static_cast<std::uint64_t>(type)).number(11, on);
}

Message named(int type, std::uint64_t on, const std::string& name) {
  return event(type, on).bytes(23, name);
}

Message sample(std::uint64_t on, std::uint64_t value) {
  return event(kCounter, on).number(30, value);
}

// A file: packets that are numbered and flagged as they should be, unless told otherwise.
class File {
 public:
  File& track(const Message& descriptor) { return packet(with_sequence().message(60, descriptor)); }
  File& event(std::uint64_t at, const Message& body) {
    return packet(with_sequence().number(8, at).message(11, body));
  }
  File& event(std::uint64_t at, const Message& body, const Message& interned) {
    return packet(with_sequence().number(8, at).message(11, body).message(12, interned));
  }
  File& packet(const Message& content) {
    packets_.push_back(Message().message(1, content).text());
    return *this;
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const std::string& packet : packets_) out += packet;
    return out;
  }
  [[nodiscard]] Message with_sequence() const {
    return Message().number(10, 1).number(13, packets_.empty() ? 3 : 2);
  }

 private:
  std::vector<std::string> packets_;
};

Message interned(int dictionary, std::uint64_t iid, const std::string& text) {
  return Message().message(dictionary, Message().number(1, iid).bytes(2, text));
}

// Two tracks and a counter, described.
File described() {
  File file;
  file.track(track(1, "root")).track(track(2, "a", 1, 0)).track(track(3, "b", 1, 1)).track(counter_track(4));
  return file;
}

// A file with everything.
File small_file() {
  File file = described();
  file.event(0, named(kBegin, 1, "run"));
  file.event(1, event(kBegin, 2).number(10, 1).number(3, 1),
             interned(2, 1, "outer").message(1, Message().number(1, 1).bytes(2, "load")));
  Message words = named(kBegin, 2, "inner");
  words.message(4, Message().number(1, 1).number(4, 7));
  words.message(4, Message().bytes(10, "who").bytes(6, "me"));
  words.message(4, Message().bytes(10, "yes").number(2, 1));
  words.message(4, Message().bytes(10, "half").fixed(5, std::bit_cast<std::uint64_t>(0.5)));
  words.message(4, Message().bytes(10, "big").number(3, UINT64_MAX));
  file.event(2, words, interned(3, 1, "seven"));
  file.event(3, event(kEnd, 2).fixed(47, 99));
  file.event(3, sample(4, static_cast<std::uint64_t>(-5)));
  file.event(4, named(kInstant, 3, "now").fixed(48, 99));
  file.event(4, named(kBegin, 3, "nothing"));
  file.event(4, event(kEnd, 3));
  file.event(5, event(kCounter, 4).fixed(44, std::bit_cast<std::uint64_t>(2.5)));
  file.event(6, named(kEnd, 2, "outer"));
  return file.event(7, event(kEnd, 1));
}

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

struct Fault {
  const char* message;
  std::function<File()> file;
};

std::vector<Fault> faults_of_order() {
  return {
      {"packet 4: byte 91: expected an end of a slice that has begun, found one on \"a\", where none is open",
       [] { return described().event(1, event(kEnd, 2)); }},
      {"expected the end of \"x\" on \"a\", found the end of the file",
       [] { return described().event(1, named(kBegin, 2, "x")); }},
      {"expected the end of \"inner\", found of \"outer\"",  // slices that overlap
       [] {
         return described()
             .event(1, named(kBegin, 2, "outer"))
             .event(2, named(kBegin, 2, "inner"))
             .event(3, named(kEnd, 2, "outer"));
       }},
      {"packet 5: byte 109: expected a time from 5 ns on, where \"a\" stands, found 4 ns",
       [] { return described().event(5, named(kInstant, 2, "x")).event(4, named(kInstant, 2, "y")); }},
      {"expected a time from 5 ns on, where \"loads\" stands, found 4 ns",
       [] { return described().event(5, sample(4, 1)).event(4, sample(4, 2)); }},
      {"expected an event on a track that was described, found track 9",
       [] { return described().event(1, named(kInstant, 9, "x")); }},
      {"expected all tracks before the first event, found track 9",
       [] { return described().event(1, named(kInstant, 2, "x")).track(track(9, "late")); }},
      {"expected events, found the end of the file", [] { return described(); }},
      {"expected a Perfetto trace, found an empty file", [] { return File(); }},
      {"expected a parent that stands before its children, found track 8",
       [] { return described().track(track(9, "x", 8)); }},
      {"expected tracks with numbers of their own, found track 2 again",
       [] { return described().track(track(2, "x", 1, 7)); }},
      {"expected a rank of its own for each child of \"root\", found rank 1 again",
       [] { return described().track(track(9, "x", 1, 1)); }},
      {"expected a rank of its own for each child of \"root\", found none",
       [] { return described().track(Message().number(1, 9).bytes(2, "x").number(5, 1).number(15, 2)); }},
  };
}

std::vector<Fault> faults_of_events() {
  return {
      {"expected only values on the track of a counter, found another event on \"loads\"",
       [] { return described().event(1, named(kInstant, 4, "x")); }},
      {"expected a value on the track of a counter, found a value on \"a\"",
       [] { return described().event(1, sample(2, 5)); }},
      {"expected a value, found none", [] { return described().event(1, event(kCounter, 4)); }},
      {"expected an event without a counter's value, found one",
       [] { return described().event(1, named(kInstant, 2, "x").number(30, 1)); }},
      {"expected a value and nothing else, found more",
       [] { return described().event(1, sample(4, 1).bytes(23, "x")); }},
      {"expected a finite value, found inf",
       [] {
         return described().event(
             1, event(kCounter, 4)
                    .fixed(44, std::bit_cast<std::uint64_t>(std::numeric_limits<double>::infinity())));
       }},
      {"expected a name of what begins, found none", [] { return described().event(1, event(kBegin, 2)); }},
      {"expected a number among the 0 names, found 3",
       [] { return described().event(1, event(kInstant, 2).number(10, 3)); }},
      {"expected a number among the 0 categories, found 1",
       [] { return described().event(1, named(kInstant, 2, "x").number(3, 1)); }},
      {"expected a number among the 0 names of notes, found 1",
       [] {
         return described().event(1, named(kInstant, 2, "x").message(4, Message().number(1, 1).number(4, 1)));
       }},
      {"expected a number of its own for each text, found number 1 again",
       [] {
         return described()
             .event(1, named(kInstant, 2, "x"), interned(2, 1, "a"))
             .event(1, named(kInstant, 2, "x"), interned(2, 1, "b"));
       }},
      {"expected the end of an arrow that has begun, found of arrow 7",
       [] { return described().event(1, named(kInstant, 2, "x").fixed(48, 7)); }},
      {"expected the end of arrow 7, found the end of the file",
       [] { return described().event(1, named(kInstant, 2, "x").fixed(47, 7)); }},
      {"expected a number of its own for each arrow, found arrow 7 again",
       [] { return described().event(1, named(kInstant, 2, "x").fixed(47, 7).fixed(47, 7)); }},
      {"expected the end of arrow 7 from 5 ns on, where it began, found 4 ns",
       [] {
         return described()
             .event(5, named(kInstant, 2, "x").fixed(47, 7))
             .event(4, named(kInstant, 3, "y").fixed(48, 7));
       }},
      {"expected the end of an arrow that has begun, found of arrow 7",
       [] {
         return described()
             .event(5, named(kInstant, 2, "x").fixed(47, 7))
             .event(5, named(kInstant, 3, "y").fixed(48, 7).fixed(48, 7));
       }},
  };
}

std::vector<Fault> faults_of_packets() {
  const auto with = [](const Message& packet) { return [packet] { return described().packet(packet); }; };
  const Message instant = named(kInstant, 2, "x");
  const auto base = [](std::uint64_t flags = 2) { return Message().number(10, 1).number(13, flags); };
  return {
      {"expected flags 3 of the first packet, found 2",
       [=] { return File().packet(base(2).message(60, track(1, "x"))); }},
      {"expected flags 2 of a later packet, found 3", with(base(3).message(60, track(9, "x")))},
      {"expected the flags of a sequence, found none",
       with(Message().number(10, 1).message(60, track(9, "x")))},
      {"expected a sequence's number, found none", with(Message().number(13, 2).message(60, track(9, "x")))},
      {"expected a sequence's number from 1 to 4294967295, found 0",
       with(Message().number(10, 0).number(13, 2).message(60, track(9, "x")))},
      {"expected packets of sequence 1, found sequence 2",
       with(Message().number(10, 2).number(13, 2).message(60, track(9, "x")))},
      {"expected either a track or an event, found neither", with(base())},
      {"expected either a track or an event, found both",
       with(base().number(8, 1).message(11, instant).message(60, track(9, "x")))},
      {"expected a timestamp of an event, found none", with(base().message(11, instant))},
      {"expected a track without timestamp, found one", with(base().number(8, 1).message(60, track(9, "x")))},
      {"expected a dictionary beside an event, found one without",
       with(base().message(12, interned(2, 1, "x")).message(60, track(9, "x")))},
      {"expected a timestamp from 0 to 9223372036854775807, found 9223372036854775808",
       with(base().number(8, std::uint64_t{1} << 63).message(11, instant))},
      {"expected a field that a packet of ours has, found field 33",
       with(base().number(33, 1).number(8, 1).message(11, instant))},
      {"expected a field that an event of ours has, found field 31",
       [] { return described().event(1, named(kInstant, 2, "x").number(31, 1)); }},
      {"expected a field that a track of ours has, found field 3",
       [] { return described().track(track(9, "x").number(3, 1)); }},
      {"expected a field that a note of ours has, found field 7",
       [] {
         return described().event(1,
                                  named(kInstant, 2, "x").message(4, Message().bytes(10, "n").number(7, 1)));
       }},
      {"expected a timestamp once, found another one",
       with(base().number(8, 1).number(8, 1).message(11, instant))},
      {"expected an event once, found another one",
       with(base().number(8, 1).message(11, instant).message(11, instant))},
      {"expected a name once, found another one",
       [] { return described().event(1, named(kInstant, 2, "x").number(10, 1)); }},
      {"expected a note's value once, found another one",
       [] {
         return described().event(
             1, named(kInstant, 2, "x").message(4, Message().bytes(10, "n").number(4, 1).number(3, 1)));
       }},
      {"expected a note's value, found none",
       [] { return described().event(1, named(kInstant, 2, "x").message(4, Message().bytes(10, "n"))); }},
      {"expected a note's name, found none",
       [] { return described().event(1, named(kInstant, 2, "x").message(4, Message().number(4, 1))); }},
      {"expected a name, found an empty one", [] { return described().event(1, named(kInstant, 2, "")); }},
      {"expected a name in UTF-8, found \"\\xff\"",
       [] { return described().event(1, named(kInstant, 2, "\xff")); }},
      {"expected an event's type from 1 to 4, found 5",
       [] { return described().event(1, named(5, 2, "x")); }},
      {"expected an event's track, found none",
       [] { return described().event(1, Message().number(9, kInstant).bytes(23, "x")); }},
      {"expected an event's type, found none",
       [] { return described().event(1, Message().number(11, 2).bytes(23, "x")); }},
      {"expected a number of an event's type, found bytes",
       [] { return described().event(1, Message().bytes(9, "x").number(11, 2)); }},
      {"expected siblings that are not merged, found none",
       [] { return described().track(Message().number(1, 9).bytes(2, "x")); }},
      {"expected a track's name, found none",
       [] { return described().track(Message().number(1, 9).number(15, 2)); }},
  };
}

void expect_faults(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    const auto read = check_perfetto_bytes(fault.file().text(), "a.pftrace");
    ASSERT_FALSE(read.ok()) << fault.message;
    EXPECT_THAT(read.error().message(), HasSubstr(fault.message));
    EXPECT_TRUE(read.error().file == "a.pftrace");
  }
}

TEST(ReadPerfetto, PacketsInAnotherOrder_AreRefused) {
  expect_faults(faults_of_order());
}

TEST(ReadPerfetto, EventsThatDoNotFitTheirTracks_AreRefused) {
  expect_faults(faults_of_events());
}

TEST(ReadPerfetto, PacketsOfAnotherForm_AreRefused) {
  expect_faults(faults_of_packets());
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
