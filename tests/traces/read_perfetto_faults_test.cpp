// SPDX-License-Identifier: Apache-2.0
// Faults of Perfetto traces, and what the reader says of each. The bytes are made by hand.
#include <gmock/gmock.h>

#include <bit>
#include <functional>
#include <limits>

#include "tests/traces/perfetto_bytes.hpp"
#include "traces/read_perfetto.hpp"

namespace pregate {
namespace {

using namespace fixtures::perfetto;  // NOLINT(google-build-using-namespace): the words of this file
using testing::HasSubstr;

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

}  // namespace
}  // namespace pregate
