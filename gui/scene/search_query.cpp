// SPDX-License-Identifier: Apache-2.0
#include "gui/scene/search_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "gui/scene/run_names.hpp"
#include "traces/base/nearest.hpp"

namespace pregate {
namespace {

using Words = std::vector<std::string>;

constexpr ValueSet bit(SearchKind kind) {
  return ValueSet{1} << static_cast<unsigned>(kind);
}
constexpr ValueSet kAll = (ValueSet{1} << kSearchKinds) - 1;
constexpr ValueSet kWithExpert = bit(SearchKind::stall) | bit(SearchKind::load) | bit(SearchKind::operation) |
                                 bit(SearchKind::eviction) | bit(SearchKind::lookup);
constexpr ValueSet kWithLength = bit(SearchKind::stall) | bit(SearchKind::load) | bit(SearchKind::operation) |
                                 bit(SearchKind::management) | bit(SearchKind::step);
// What is looked for where nobody says it.
constexpr ValueSet kUsual = bit(SearchKind::stall) | bit(SearchKind::load) | bit(SearchKind::operation) |
                            bit(SearchKind::eviction) | bit(SearchKind::management);

enum class Key : std::uint8_t {
  layer,
  expert,
  bank,
  token,
  step,
  kind,
  phase,
  cause,
  purpose,
  outcome,
  longer,
  shorter,
  reload
};

struct KeyRule {
  const char* word;
  ValueSet has;  // kinds of rows that can have it
};
constexpr std::array<KeyRule, 13> kKeys = {{{"layer", kAll & ~bit(SearchKind::step)},
                                            {"expert", kWithExpert},
                                            {"bank", kWithExpert},
                                            {"token", kAll},
                                            {"step", kAll},
                                            {"kind", kAll},
                                            {"phase", kAll},
                                            {"cause", bit(SearchKind::stall)},
                                            {"purpose", bit(SearchKind::load)},
                                            {"outcome", bit(SearchKind::lookup)},
                                            {"longer", kWithLength},
                                            {"shorter", kWithLength},
                                            {"reload", bit(SearchKind::load)}}};

const Words kKindWords = {"stall", "load", "operator", "eviction", "management", "lookup", "event", "step"};

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    if (c == '_') return '-';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

template <typename E>
Words words_of_enum(std::size_t count) {
  Words out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(lowered(to_text(static_cast<E>(i))));
  return out;
}

// Words may be shortened, so that a mistyped beginning is as near as a mistyped whole.
std::string nearest_or_shortened(const std::string& word, const Words& candidates) {
  Words parts;
  for (const std::string& candidate : candidates) parts.push_back(candidate.substr(0, candidate.find('-')));
  const std::string part = nearest(word, parts), whole = nearest(word, candidates);
  Words both = {whole, part};
  if (nearest(word, both) == whole) return whole;
  return candidates[static_cast<std::size_t>(std::find(parts.begin(), parts.end(), part) - parts.begin())];
}

// A part of the query and where it begins.
struct Piece {
  std::string_view text;
  std::size_t at = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<SearchQuery> parse() {
    for (std::size_t at = 0; at < text_.size();) {
      if (is_blank(text_[at])) {
        ++at;
        continue;
      }
      std::size_t end = at;
      while (end < text_.size() && !is_blank(text_[end])) ++end;
      if (Status read = term({text_.substr(at, end - at), at}); !read) return read.error();
      at = end;
    }
    if (said_) out_.kinds = chosen_kinds();
    return std::move(out_);
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  // Columns are characters, not bytes.
  [[nodiscard]] std::string column(std::size_t at) const {
    const std::string_view before = text_.substr(0, at);
    const auto characters = std::count_if(before.begin(), before.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
    return fmt::format("column {}", characters + 1);
  }
  [[nodiscard]] Error wrong(const Piece& piece, std::string expected) const {
    return bad_input(std::move(expected), fmt::format("\"{}\"", piece.text), column(piece.at));
  }

  // The one candidate that begins with the piece.
  [[nodiscard]] Result<std::size_t> pick(const Piece& piece, const Words& candidates,
                                         std::string_view what) const {
    const std::string word = lowered(piece.text);
    Words fitting;
    std::size_t found = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (candidates[i] == word) return i;
      if (word.empty() || !candidates[i].starts_with(word)) continue;
      fitting.push_back(candidates[i]);
      found = i;
    }
    if (fitting.size() == 1) return found;
    if (fitting.size() > 1) return wrong(piece, fmt::format("one of {}", fmt::join(fitting, ", ")));
    return wrong(piece, fmt::format("{} ({}; nearest: {})", what, fmt::join(candidates, ", "),
                                    nearest_or_shortened(word, candidates)));
  }

  Result<ValueSet> set(const Piece& piece, const Words& candidates, std::string_view what) const {
    ValueSet out = 0;
    for (std::size_t at = 0; at <= piece.text.size();) {
      const std::size_t comma = std::min(piece.text.find(',', at), piece.text.size());
      const Result<std::size_t> one =
          pick({piece.text.substr(at, comma - at), piece.at + at}, candidates, what);
      if (!one) return one.error();
      out |= ValueSet{1} << *one;
      at = comma + 1;
    }
    return out;
  }

  Status number(const Piece& piece, std::int64_t& out) const {
    const char* end = piece.text.data() + piece.text.size();
    const auto [stopped, error] = std::from_chars(piece.text.data(), end, out);
    if (error == std::errc() && stopped == end && out >= 0) return {};
    return wrong(piece, "a number from 0 on, or a range such as 3..7");
  }

  Result<NumberRange> range(const Piece& piece) const {
    NumberRange out;
    const std::size_t dots = piece.text.find("..");
    const Piece first{piece.text.substr(0, dots), piece.at};
    if (dots == std::string_view::npos) {
      if (Status read = number(first, out.first); !read) return read.error();
      out.last = out.first;
      return out;
    }
    const Piece last{piece.text.substr(dots + 2), piece.at + dots + 2};
    if (first.text.empty() && last.text.empty()) return wrong(piece, "a range such as 3..7, 3.. or ..7");
    if (!first.text.empty()) {
      if (Status read = number(first, out.first); !read) return read.error();
    }
    if (!last.text.empty()) {
      if (Status read = number(last, out.last); !read) return read.error();
    }
    if (out.first > out.last) return wrong(piece, "a range whose end is not before its begin");
    return out;
  }

  template <typename T, typename Read>
  Status store(std::optional<T>& field, const Piece& key, Result<Read> value) {
    if (!value) return value.error();
    if (field) return wrong(key, "each filter once");
    field = *value;
    return {};
  }

  Result<Duration> length(const Piece& piece) const {
    const Result<Duration> out = parse_duration(piece.text);
    return out ? out : Result<Duration>(wrong(piece, "a time such as 1ms"));
  }

  Status term(const Piece& piece) {
    said_ = true;
    const std::size_t colon = piece.text.find(':');
    if (colon == std::string_view::npos) return free_word(piece);
    const Piece name{piece.text.substr(0, colon), piece.at};
    const Piece value{piece.text.substr(colon + 1), piece.at + colon + 1};
    Words keys;
    for (const KeyRule& rule : kKeys) keys.emplace_back(rule.word);
    const Result<std::size_t> key = pick(name, keys, "a filter");
    if (!key) return key.error();
    if (Status read = filter(static_cast<Key>(*key), name, value); !read) return read;
    return restrict_kinds(name, *key);
  }

  Status filter(Key key, const Piece& name, const Piece& value) {
    switch (key) {
      case Key::layer:
        return store(out_.layer, name, range(value));
      case Key::expert:
        return store(out_.expert, name, range(value));
      case Key::bank:
        return store(out_.bank, name, range(value));
      case Key::token:
        return store(out_.token, name, range(value));
      case Key::step:
        return store(out_.step, name, range(value));
      case Key::kind:
        return store(asked_, name, set(value, kKindWords, "a kind"));
      case Key::phase:
        return store(out_.phases, name, set(value, words_of_enum<Phase>(2), "a phase"));
      case Key::cause:
        return store(out_.causes, name, set(value, words_of_enum<StallCause>(kStallCauses), "a cause"));
      case Key::purpose:
        return store(out_.purposes, name, set(value, words_of_enum<Purpose>(3), "a purpose"));
      case Key::outcome:
        return store(out_.outcomes, name, set(value, words_of_enum<Outcome>(4), "an outcome"));
      case Key::longer:
        return store(out_.longer, name, length(value));
      case Key::shorter:
        return store(out_.shorter, name, length(value));
      case Key::reload: {
        const Result<std::size_t> which = pick(value, {"no", "yes"}, "yes or no");
        return store(out_.reload, name, which ? Result<bool>(*which == 1) : Result<bool>(which.error()));
      }
    }
    return {};
  }

  // Rows that can have all filters so far.
  Status restrict_kinds(const Piece& name, std::size_t key) {
    const ValueSet asked = asked_.value_or(kAll);
    const ValueSet both = possible_ & kKeys[key].has;
    if ((both & asked) == 0) {
      return wrong(
          name, fmt::format("a filter that {} can have with the others",
                            fmt::join(words_of_kinds(possible_ & asked ? possible_ & asked : asked), ", ")));
    }
    possible_ = both;
    return {};
  }

  static Words words_of_kinds(ValueSet kinds) {
    Words out;
    for (std::size_t i = 0; i < kSearchKinds; ++i) {
      if (in_set(kinds, i)) out.push_back(kKindWords[i]);
    }
    return out;
  }

  Status free_word(const Piece& piece) {
    const std::string word = lowered(piece.text);
    ValueSet named = 0;
    Words known;
    const auto look = [&](SearchKind kind, const std::string& name) {
      if (name.find(word) != std::string::npos) named |= bit(kind);
      for (std::size_t at = 0; at < name.size();) {
        const std::size_t end = std::min(name.find(' ', at), name.size());
        known.push_back(name.substr(at, end - at));
        at = end + 1;
      }
    };
    each_name(look);
    if (named == 0) return wrong(piece, fmt::format("a word of a name (nearest: {})", nearest(word, known)));
    possible_named_ &= named;
    out_.words.push_back(word);
    return {};
  }

  template <typename Look>
  static void each_name(const Look& look) {
    for (std::size_t i = 0; i < kStallCauses; ++i)
      look(SearchKind::stall, search_name(StallRecord{.cause = static_cast<StallCause>(i)}));
    for (unsigned i = 0; i < 24; ++i) {
      look(SearchKind::load, search_name(LoadRecord{.purpose = static_cast<Purpose>(i % 3),
                                                    .reload = i / 3 % 2 == 1,
                                                    .state = static_cast<LoadEnd>(i / 6)}));
    }
    for (unsigned i = 0; i < 5; ++i)
      look(SearchKind::operation, search_name(OperatorRecord{.kind = static_cast<OperatorKind>(i)}));
    for (unsigned i = 0; i < 20; ++i) {
      look(SearchKind::lookup, search_name(LookupRecord{.outcome = static_cast<Outcome>(i % 4),
                                                        .miss_class = static_cast<MissClass>(i / 4)}));
    }
    for (const Phase phase : {Phase::prefill, Phase::decode})
      look(SearchKind::step, search_name(StepRecord{.phase = phase}));
    for (const SearchKind kind : {SearchKind::eviction, SearchKind::management, SearchKind::event})
      look(kind, std::string(search_name_of(kind)));
  }

  [[nodiscard]] ValueSet chosen_kinds() const {
    const ValueSet possible = possible_ & possible_named_;
    if (asked_) return possible & *asked_;
    return (possible & kUsual) != 0 ? possible & kUsual : possible;
  }

  std::string_view text_;
  SearchQuery out_;
  std::optional<ValueSet> asked_;
  ValueSet possible_ = kAll, possible_named_ = kAll;
  bool said_ = false;
};

}  // namespace

std::string search_name(const StallRecord& row) {
  return lowered(fmt::format("stall {}", spaced(to_text(row.cause))));
}

std::string search_name(const LoadRecord& row) {
  constexpr std::array<const char*, 4> kEnds = {"", " cancelled", " unfinished", " never started"};
  return fmt::format("{}load {}{}{}", row.reload ? "re" : "", to_text(row.purpose),
                     row.purpose == Purpose::demand ? "" : " prefetch",
                     kEnds.at(static_cast<std::size_t>(row.state)));
}

std::string search_name(const OperatorRecord& row) {
  return lowered(fmt::format("operator {}", spaced(operator_words(row.kind))));
}

std::string search_name(const LookupRecord& row) {
  std::string out = "lookup " + spaced(to_text(row.outcome));
  if (row.miss_class != MissClass::none) out.append(" ").append(to_text(row.miss_class));
  return out;
}

std::string search_name(const StepRecord& row) {
  return row.phase == Phase::prefill ? "step prompt prefill" : "step token decode";
}

std::string_view search_name_of(SearchKind kind) {
  switch (kind) {
    case SearchKind::eviction:
      return "eviction";
    case SearchKind::management:
      return "cache management";
    case SearchKind::event:
      return "event";
    default:
      return {};
  }
}

Result<SearchQuery> parse_query(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace pregate
