// SPDX-License-Identifier: Apache-2.0
// What must not compile. Each line asks a concept whether an expression would, and is decided by the
// compiler: the tests here pass if the file compiles. The mirror lines (what must compile) keep the concepts
// honest.
#include <gtest/gtest.h>

#include "traces/base/ids.hpp"
#include "traces/base/result.hpp"
#include "traces/base/units.hpp"

namespace pregate {
namespace {

template <typename A, typename B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <typename A, typename B>
concept Subtractable = requires(A a, B b) {
  a - b;
};
template <typename A, typename B>
concept Multipliable = requires(A a, B b) {
  a* b;
};
template <typename A, typename B>
concept Divisible = requires(A a, B b) {
  a / b;
};
template <typename A, typename B>
concept Comparable = requires(A a, B b) {
  a == b;
};
template <typename A, typename B>
concept Ordered = requires(A a, B b) {
  a < b;
};
template <typename A, typename B>
concept Assignable = requires(A& a, B b) {
  a = b;
};

TEST(CompileFail, QuantitiesOfDifferentKinds_DoNotMix) {
  static_assert(Addable<Bytes, Bytes> && !Addable<Bytes, Duration> && !Addable<Duration, Bytes>);
  static_assert(Addable<Macs, Macs> && !Addable<Macs, Bytes> && !Addable<Bytes, int> &&
                !Addable<Duration, int>);
  static_assert(!Addable<Bandwidth, Bandwidth> && !Addable<Bandwidth, MacRate>);
  static_assert(Comparable<Bytes, Bytes> && !Comparable<Bytes, Duration> && !Comparable<Bandwidth, MacRate>);
  static_assert(Ordered<Duration, Duration> && !Ordered<Duration, SimTime> && !Ordered<Bytes, int>);
}

TEST(CompileFail, PointsOfTime_AreNotSpans) {
  static_assert(!Addable<SimTime, SimTime> && Addable<SimTime, Duration> && Subtractable<SimTime, SimTime>);
  static_assert(std::is_same_v<decltype(SimTime() - SimTime()), Duration>);
  static_assert(!Comparable<SimTime, Duration> && !Multipliable<SimTime, std::int64_t>);
  static_assert(!Assignable<SimTime, Duration> && !Assignable<Duration, SimTime>);
}

TEST(CompileFail, OnlySensibleQuotients_AreTimes) {
  static_assert(Divisible<Bytes, Bandwidth> && Divisible<Macs, MacRate>);
  static_assert(!Divisible<Bytes, MacRate> && !Divisible<Macs, Bandwidth> && !Divisible<Bandwidth, Bytes>);
  static_assert(!Divisible<Duration, Bandwidth> && !Multipliable<Bytes, Bytes> &&
                !Multipliable<Duration, Duration>);
}

TEST(CompileFail, PlainNumbers_AreNotQuantities) {
  static_assert(!std::is_convertible_v<std::int64_t, Bytes> && !std::is_convertible_v<Bytes, std::int64_t>);
  static_assert(!std::is_convertible_v<std::int64_t, Duration> &&
                !std::is_constructible_v<Duration, std::int64_t>);
  static_assert(!std::is_constructible_v<SimTime, std::int64_t> &&
                !std::is_constructible_v<Bandwidth, std::int64_t>);
  static_assert(!Assignable<Bytes, std::int64_t> && Assignable<Bytes, Bytes>);
}

TEST(CompileFail, IdsOfDifferentThings_DoNotCompare) {
  static_assert(Comparable<LayerId, LayerId> && !Comparable<LayerId, BankId> &&
                !Comparable<ExpertId, LoadId>);
  static_assert(!Ordered<LayerId, BankId> && !Comparable<LayerId, int> && !Addable<LayerId, LayerId>);
  static_assert(!std::is_convertible_v<std::uint32_t, LayerId> && !std::is_constructible_v<LayerId, BankId>);
}

TEST(CompileFail, AResult_IsNotItsValue) {
  static_assert(!std::is_convertible_v<Result<Bytes>, Bytes> && !Addable<Result<Bytes>, Bytes>);
  static_assert(!std::is_convertible_v<Status, bool> && !std::is_convertible_v<Result<int>, bool>);
}

}  // namespace
}  // namespace pregate
