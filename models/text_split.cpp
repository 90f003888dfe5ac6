// SPDX-License-Identifier: Apache-2.0
#include "models/text_split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "traces/input_text.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace pregate {
namespace {

constexpr std::size_t kMostPattern = 64 * 1024;

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

// Bytes of the character that begins at `first`.
std::size_t character_length(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

}  // namespace

struct TextSplitter::State {
  std::unique_ptr<pcre2_code, Free> code;
  Between between = Between::keep;
  std::string pattern;
};

class TextSplitter::Scratch {
 public:
  explicit Scratch(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)),
        context(pcre2_match_context_create(nullptr)) {
    check(data != nullptr && context != nullptr, "memory for a search");
    constexpr std::uint32_t kMostHeapKiB = 64 * 1024;
    pcre2_set_heap_limit(context.get(), kMostHeapKiB);
  }
  std::unique_ptr<pcre2_match_data, Free> data;
  std::unique_ptr<pcre2_match_context, Free> context;
};

TextSplitter::TextSplitter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextSplitter::~TextSplitter() = default;
TextSplitter::TextSplitter(TextSplitter&&) noexcept = default;
TextSplitter& TextSplitter::operator=(TextSplitter&&) noexcept = default;

Result<TextSplitter> TextSplitter::compile(const std::string& pattern, Kind kind, Between between) {
  if (pattern.empty() || pattern.size() > kMostPattern)
    return bad_input(fmt::format("a pattern of 1 to {} bytes", kMostPattern),
                     fmt::format("{} bytes", pattern.size()));
  if (kind == Kind::expression && pattern.find("&&") != std::string::npos)
    return bad_input("a regular expression without class intersections (&&)", pregate::quoted(pattern));
  // \C would split characters.
  const std::uint32_t options =
      PCRE2_UTF | (kind == Kind::literal ? PCRE2_LITERAL : PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C);
  int code = 0;
  PCRE2_SIZE offset = 0;
  auto state = std::make_unique<State>();
  state->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                                  &code, &offset, nullptr));
  if (state->code == nullptr) {
    return bad_input("a regular expression",
                     fmt::format("{}: {} at byte {}", pregate::quoted(pattern), message_of(code), offset));
  }
  // Where there is no JIT the interpreter does the same, slower.
  (void)pcre2_jit_compile(state->code.get(), PCRE2_JIT_COMPLETE);
  state->between = between;
  state->pattern = pattern;
  return TextSplitter(std::move(state));
}

std::shared_ptr<TextSplitter::Scratch> TextSplitter::make_scratch() const {
  return std::make_shared<Scratch>(state_->code.get());
}

Status TextSplitter::split(std::string_view text, Scratch& scratch, const Sink& sink) const {
  // Backtracks of one attempt: honest expressions look at each character a few times.
  const std::size_t limit = 100'000 + std::min<std::size_t>(16 * text.size(), 1'000'000'000);
  pcre2_set_match_limit(scratch.context.get(), static_cast<std::uint32_t>(limit));
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const auto search = [&](std::size_t from, std::uint32_t options) {
    return pcre2_match(state_->code.get(), subject, text.size(), from, options | PCRE2_NO_UTF_CHECK,
                       scratch.data.get(), scratch.context.get());
  };
  const auto hand = [&](std::size_t begin, std::size_t end) {
    return begin < end ? sink(text.substr(begin, end - begin)) : Status();
  };
  std::size_t done = 0, from = 0;
  while (from < text.size()) {
    int found = search(from, 0);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = search(from, PCRE2_NO_JIT);
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) {
      return bad_input("a text that the tokenizer's expression splits",
                       fmt::format("{} ({})", message_of(found), pregate::quoted(state_->pattern)),
                       fmt::format("byte {}", from + 1));
    }
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(scratch.data.get());
    const std::size_t begin = ends[0], end = ends[1];
    check(begin >= from && end >= begin && end <= text.size(), "matches lie in the text and in order");
    if (begin == end) {  // takes nothing: look further
      from = end < text.size() ? end + character_length(static_cast<unsigned char>(text[end])) : end;
      continue;
    }
    if (state_->between == Between::keep) {
      if (const Status taken = hand(done, begin); !taken) return taken;
    }
    if (const Status taken = hand(begin, end); !taken) return taken;
    done = from = end;
  }
  return state_->between == Between::keep ? hand(done, text.size()) : Status();
}

}  // namespace pregate
