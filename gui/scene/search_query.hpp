// SPDX-License-Identifier: Apache-2.0
// What the search field understands. Filters and free words, all of which must hold:
//
//   layer:3 expert:17 bank:2 token:118 step:5   numbers, or ranges as 3..7, 3.. and ..7
//   kind:stall                                  stall load operator eviction management lookup event step
//   cause:late,policy                           of a stall; one of several by commas
//   purpose:speculative  reload:yes             of a load
//   outcome:late                                of a lookup
//   phase:decode  longer:1ms  shorter:20us      how long: a load from its start to its arrival
//   attention                                   a word of the name
//
// Keys and words may be shortened as long as one fits, "_" and "-" are the same. Without kind:, stalls,
// loads, operators, evictions and management that can have all the filters are looked for, else whatever can.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "traces/run_record.hpp"

namespace pregate {

enum class SearchKind : std::uint8_t { stall, load, operation, eviction, management, lookup, event, step };
inline constexpr std::size_t kSearchKinds = 8;

// Both ends inclusive.
struct NumberRange {
  std::int64_t first = 0, last = INT64_MAX;
  [[nodiscard]] bool holds(std::int64_t number) const { return number >= first && number <= last; }
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

// A set of values of an enumeration, by bit.
using ValueSet = std::uint32_t;
template <typename E>
bool in_set(ValueSet set, E value) {
  return (set >> static_cast<unsigned>(value) & 1U) != 0;
}

struct SearchQuery {
  ValueSet kinds = 0;  // of SearchKind: what can match
  std::optional<NumberRange> layer, expert, bank, token, step;
  std::optional<ValueSet> phases, causes, purposes, outcomes;
  std::optional<Duration> longer, shorter;  // at least, at most
  std::optional<bool> reload;
  std::vector<std::string> words;  // in small letters

  [[nodiscard]] bool empty() const { return kinds == 0; }  // nothing was asked for, or nothing has all of it
};

// An error's place is the column in the query, from 1 on; it names the nearest word.
Result<SearchQuery> parse_query(std::string_view text);

// The name that free words are looked for in; by kind and what the kind is told apart by.
std::string search_name(const StallRecord& row);
std::string search_name(const LoadRecord& row);
std::string search_name(const OperatorRecord& row);
std::string search_name(const LookupRecord& row);
std::string search_name(const StepRecord& row);
std::string_view search_name_of(SearchKind kind);  // of kinds whose rows all have one name

}  // namespace pregate
