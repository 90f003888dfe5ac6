// SPDX-License-Identifier: Apache-2.0
#include "models/tokenizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "models/json_input.hpp"
#include "models/normal_form.hpp"
#include "models/tokenizer_parts.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

constexpr std::size_t kMostConfig = std::size_t{16} << 20;

// One encode(): its searches share memory, and ids come in the order of the text.
class Encoding {
 public:
  explicit Encoding(const TokenizerParts& parts) : parts_(parts), ids_(parts.before) {
    for (const SplitStep& step : parts.steps)
      scratch_.push_back(step.splitter ? step.splitter->make_scratch() : nullptr);
  }

  Status add(std::string_view text) {
    return parts_.raw.split(
        text, [this](std::string_view piece) { return normalise(piece); },
        [this](std::int32_t id) { ids_.push_back(id); });
  }
  [[nodiscard]] std::vector<std::int32_t> finish() {
    ids_.insert(ids_.end(), parts_.after.begin(), parts_.after.end());
    return std::move(ids_);
  }

 private:
  Status normalise(std::string_view piece) {
    std::string composed;
    if (parts_.nfc) {
      auto made = to_nfc(piece);
      if (!made) return made.error();
      composed = std::move(*made);
      piece = composed;
    }
    return parts_.normalized.split(
        piece, [this](std::string_view rest) { return split(rest, 0); },
        [this](std::int32_t id) { ids_.push_back(id); });
  }
  // The step-th pre-tokenizer and those after it, on one piece.
  Status split(std::string_view piece, std::size_t step) {
    if (step == parts_.steps.size()) return parts_.bpe.encode(piece, ids_);
    const SplitStep& here = parts_.steps[step];
    std::string prefixed;
    if (here.prefix_space && !piece.starts_with(' ')) {
      prefixed = fmt::format(" {}", piece);
      piece = prefixed;
    }
    if (!here.splitter) return split(piece, step + 1);
    return here.splitter->split(piece, *scratch_[step],
                                [this, step](std::string_view part) { return split(part, step + 1); });
  }

  const TokenizerParts& parts_;
  std::vector<std::shared_ptr<TextSplitter::Scratch>> scratch_;
  std::vector<std::int32_t> ids_;
};

// eos_token_id: nothing, a number or a list of them.
Result<std::set<std::int32_t>> read_end_ids(const JsonValue& document) {
  std::set<std::int32_t> ids;
  const JsonValue* value = document.find("eos_token_id");
  if (value == nullptr || value->is_null()) return ids;
  const auto take = [&ids](const JsonValue& item) {
    if (item.integer() == nullptr || *item.integer() < 0 || *item.integer() > INT32_MAX) return false;
    ids.insert(static_cast<std::int32_t>(*item.integer()));
    return true;
  };
  const bool good = value->array() == nullptr
                        ? take(*value)
                        : std::all_of(value->array()->begin(), value->array()->end(), take);
  if (good) return ids;
  return bad_input("an id or a list of ids", value->describe(), "eos_token_id");
}

// eos_token: a text, or an object with its content.
std::set<std::int32_t> read_end_token(const JsonValue& document, const TokenizerParts& parts) {
  const JsonValue* value = document.find("eos_token");
  if (value != nullptr && value->object() != nullptr) value = value->find("content");
  if (value == nullptr || value->text() == nullptr) return {};
  const auto id = parts.special_id(*value->text());
  return id ? std::set<std::int32_t>{*id} : std::set<std::int32_t>{};
}

// From the first file that says so.
Result<std::set<std::int32_t>> load_end_ids(const std::filesystem::path& folder,
                                            const TokenizerParts& parts) {
  for (const char* name : {"generation_config.json", "config.json", "tokenizer_config.json"}) {
    const std::filesystem::path path = folder / name;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) continue;
    const auto text = read_text_file(path.string(), kMostConfig);
    if (!text) return text.error();
    const auto document =
        parse_json_object(text->text, text->path, {.most_bytes = kMostConfig, .most_levels = 32});
    if (!document) return document.error();
    auto ids = read_end_ids(*document);
    if (!ids) return ids.error().at(text->path);
    if (ids->empty()) ids = read_end_token(*document, parts);
    if (!ids->empty()) return ids;
  }
  return std::set<std::int32_t>();
}

}  // namespace

struct Tokenizer::State {
  TokenizerParts parts;
  std::set<std::int32_t> ends;
};

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

Result<Tokenizer> Tokenizer::parse(const NamedText& source) {
  auto parts = parse_tokenizer(source);
  if (!parts) return parts.error();
  return Tokenizer(std::make_unique<State>(State{std::move(*parts), {}}));
}

Result<Tokenizer> Tokenizer::load(const std::string& folder) {
  const std::filesystem::path root(folder);
  const auto text = read_text_file((root / "tokenizer.json").string(), kMaxTokenizerBytes);
  if (!text) return text.error();
  auto tokenizer = parse(*text);
  if (!tokenizer) return tokenizer;
  auto ends = load_end_ids(root, tokenizer->state_->parts);
  if (!ends) return ends.error();
  tokenizer->state_->ends = std::move(*ends);
  return tokenizer;
}

Result<std::vector<std::int32_t>> Tokenizer::encode(std::string_view text) const {
  if (const auto bad = find_non_utf8(text)) {
    const auto byte = static_cast<unsigned char>(text[*bad]);
    return bad_input("UTF-8", fmt::format("byte 0x{:02x}", byte),
                     fmt::format("byte {} of the text", *bad + 1));
  }
  Encoding encoding(state_->parts);
  if (const Status added = encoding.add(text); !added) return added.error();
  return encoding.finish();
}

Result<std::string> Tokenizer::decode(std::span<const std::int32_t> ids, Specials specials) const {
  using Kind = TokenizerParts::Entry::Kind;
  const auto& entries = state_->parts.entries;
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool within = ids[i] >= 0 && ids[i] < vocabulary();
    const auto* entry = within ? &entries[static_cast<std::size_t>(ids[i])] : nullptr;
    if (entry == nullptr || entry->kind == Kind::none) {
      return bad_input(fmt::format("ids of tokens, below {}", vocabulary()), fmt::format("{}", ids[i]),
                       fmt::format("token {}", i));
    }
    if (entry->kind == Kind::plain || specials == Specials::as_written) text += entry->bytes;
  }
  return text;
}

std::int64_t Tokenizer::vocabulary() const {
  return static_cast<std::int64_t>(state_->parts.entries.size());
}

bool Tokenizer::ends_text(std::int32_t id) const {
  return state_->ends.contains(id);
}

std::size_t complete_utf8(std::string_view text) {
  // Only the last character can be cut: its lead byte is among the last three.
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0U) == 0x80U) continue;
    const std::size_t length = byte < 0xc2 || byte > 0xf4 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? text.size() - back : text.size();
  }
  return text.size();
}

}  // namespace pregate
