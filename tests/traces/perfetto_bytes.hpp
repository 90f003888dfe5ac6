// SPDX-License-Identifier: Apache-2.0
// Perfetto traces by hand, packet after packet: tests write what our writer would refuse to.
#pragma once

#include <bit>
#include <string>
#include <vector>

#include "tests/traces/trace_fixtures.hpp"

namespace pregate::fixtures::perfetto {

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

inline constexpr int kBegin = 1, kEnd = 2, kInstant = 3, kCounter = 4;

inline Message track(std::uint64_t uuid, const std::string& name, std::uint64_t parent = 0,
                     std::uint64_t rank = 0) {
  Message out;
  out.number(1, uuid).bytes(2, name);
  if (parent != 0) out.number(5, parent);
  out.number(11, 3);
  if (parent != 0) out.number(12, rank);
  return out.number(15, 2);
}

inline Message counter_track(std::uint64_t uuid) {
  Message unit;
  unit.number(3, 2);
  return Message().number(1, uuid).bytes(2, "loads").message(8, unit).number(15, 2);
}

inline Message event(int type, std::uint64_t on) {
  return Message().number(9, static_cast<std::uint64_t>(type)).number(11, on);
}

inline Message named(int type, std::uint64_t on, const std::string& name) {
  return event(type, on).bytes(23, name);
}

inline Message sample(std::uint64_t on, std::uint64_t value) {
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

inline Message interned(int dictionary, std::uint64_t iid, const std::string& text) {
  return Message().message(dictionary, Message().number(1, iid).bytes(2, text));
}

// Two tracks and a counter, described.
inline File described() {
  File file;
  file.track(track(1, "root")).track(track(2, "a", 1, 0)).track(track(3, "b", 1, 1)).track(counter_track(4));
  return file;
}

// A file with everything.
inline File small_file() {
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

}  // namespace pregate::fixtures::perfetto
