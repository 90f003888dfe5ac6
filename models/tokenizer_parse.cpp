// SPDX-License-Identifier: Apache-2.0
// tokenizer.json as the Hugging Face tokenizers library (0.22) writes it. What it would do to a text and this
// program would not is refused by name. `truncation` and `padding` are for batches of training and left out.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "models/json_input.hpp"
#include "models/normal_form.hpp"
#include "models/tokenizer_parts.hpp"
#include "traces/input_text.hpp"

namespace pregate {
namespace {

constexpr std::int64_t kMaxIds = std::int64_t{1} << 24;
// Ids index tables: a small file must not make large ones.
constexpr std::size_t kMostIdsPerToken = 16, kMostFreeIds = 1024;
constexpr int kMostSteps = 16;

using Entry = TokenizerParts::Entry;

std::string describe(const JsonValue* value) {
  return value == nullptr ? "nothing" : value->describe();
}

bool is_absent(const JsonValue* value) {
  return value == nullptr || value->is_null();
}

std::string text_of(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  return value != nullptr && value->text() != nullptr ? *value->text() : std::string();
}

Result<bool> read_flag(const JsonValue& object, std::string_view key, bool otherwise) {
  const JsonValue* value = object.find(key);
  if (is_absent(value)) return otherwise;
  if (value->boolean() == nullptr) return bad_input("true or false", describe(value), std::string(key));
  return *value->boolean();
}

Result<std::int32_t> read_id(const JsonValue* value) {
  const std::int64_t* id = value == nullptr ? nullptr : value->integer();
  if (id == nullptr || *id < 0 || *id >= kMaxIds)
    return bad_input(fmt::format("an id from 0 to {}", kMaxIds - 1), describe(value));
  return static_cast<std::int32_t>(*id);
}

class TokenizerParser {
 public:
  explicit TokenizerParser(const JsonValue& document) : document_(document) {}
  Result<TokenizerParts> parse();

 private:
  Status read_model();
  Status refuse_other_models(const JsonValue& model) const;
  Status read_vocabulary(const JsonValue& model);
  Result<std::vector<ByteBpe::Merge>> read_merges(const JsonValue& model) const;
  Status read_added_tokens();
  Status add_token(const JsonValue& item);
  Status read_normalizer(const JsonValue* value, int depth);
  Status read_pre_tokenizer(const JsonValue* value, int depth);
  Status read_byte_level(const JsonValue& value);
  Status read_split(const JsonValue& value);
  Status add_step(bool prefix_space, const std::string& pattern,
                  TextSplitter::Kind kind = TextSplitter::Kind::expression,
                  TextSplitter::Between between = TextSplitter::Between::keep);
  Status read_post_processor(const JsonValue* value, int depth);
  Status read_template(const JsonValue& value);
  Status read_template_piece(const JsonValue& piece, const JsonValue& specials, bool& seen_text);
  Status read_decoder(const JsonValue* value, int depth) const;
  Status put(std::int32_t id, Entry entry);

  const JsonValue& document_;
  TokenizerParts parts_;
  std::vector<ByteBpe::Token> tokens_;
  std::unordered_map<std::string, std::int32_t> ids_;  // by spelling
  std::set<std::string> added_;
  std::size_t given_ = 0;  // entries of the vocabulary and added tokens so far
  bool byte_level_ = false;
};

Status TokenizerParser::put(std::int32_t id, Entry entry) {
  const auto index = static_cast<std::size_t>(id);
  const std::size_t most = kMostFreeIds + kMostIdsPerToken * given_;
  if (index >= most)
    return bad_input(fmt::format("ids below {}, as there are {} tokens", most, given_),
                     fmt::format("{}", id));
  if (index >= parts_.entries.size()) parts_.entries.resize(index + 1);
  if (parts_.entries[index].kind != Entry::Kind::none)
    return bad_input("each id once", fmt::format("{} twice", id));
  parts_.entries[index] = std::move(entry);
  return {};
}

Status TokenizerParser::refuse_other_models(const JsonValue& model) const {
  const std::string type = text_of(model, "type");
  // Files of the first versions have no type.
  if (model.find("type") != nullptr && type != "BPE")
    return bad_input("\"BPE\"", describe(model.find("type")), "type");
  // Whatever `unk_token` says: no byte is unknown, and encode() refuses one that no token spells.
  const JsonValue* dropout = model.find("dropout");
  if (!is_absent(dropout) && dropout->number() != 0.0) return bad_input("null", describe(dropout), "dropout");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!is_absent(model.find(key)) &&
        !(model.find(key)->text() != nullptr && model.find(key)->text()->empty()))
      return bad_input("null (byte-level BPE)", describe(model.find(key)), key);
  }
  const auto fallback = read_flag(model, "byte_fallback", false);
  if (!fallback) return fallback.error();
  if (*fallback) return bad_input("false (byte-level BPE, not SentencePiece's)", "true", "byte_fallback");
  return {};
}

Status TokenizerParser::read_vocabulary(const JsonValue& model) {
  const JsonValue* vocabulary = model.find("vocab");
  if (vocabulary == nullptr || vocabulary->object() == nullptr)
    return bad_input("an object of tokens and ids", describe(vocabulary), "vocab");
  given_ += vocabulary->object()->size();
  ids_.reserve(given_);
  for (const JsonMember& member : *vocabulary->object()) {
    const auto id = read_id(&member.value);
    const std::string place = fmt::format("vocab: {}", pregate::quoted(member.key));
    if (!id) return id.error().at({}, place);
    // Tokens that spell no bytes (reserved ones) decode to themselves.
    auto bytes = bytes_of_spelling(member.key);
    const Status fresh = put(*id, {Entry::Kind::plain, bytes ? std::move(*bytes) : member.key});
    if (!fresh) return fresh.error().at({}, place);
    tokens_.push_back({member.key, *id});
    ids_.emplace(member.key, *id);
  }
  return {};
}

Result<std::vector<ByteBpe::Merge>> TokenizerParser::read_merges(const JsonValue& model) const {
  const JsonValue* value = model.find("merges");
  if (value == nullptr || value->array() == nullptr)
    return bad_input("an array of merges", describe(value), "merges");
  std::vector<ByteBpe::Merge> merges;
  merges.reserve(value->array()->size());
  for (const JsonValue& item : *value->array()) {
    const JsonValue::Array* pair = item.array();
    if (const std::string* text = item.text()) {
      const std::size_t blank = text->find(' ');
      if (blank != std::string::npos && text->find(' ', blank + 1) == std::string::npos) {
        merges.push_back({text->substr(0, blank), text->substr(blank + 1)});
        continue;
      }
    } else if (pair != nullptr && pair->size() == 2 && (*pair)[0].text() != nullptr &&
               (*pair)[1].text() != nullptr) {
      merges.push_back({*(*pair)[0].text(), *(*pair)[1].text()});
      continue;
    }
    return bad_input("\"A B\" or [\"A\", \"B\"]", item.describe(), fmt::format("merges: {}", merges.size()));
  }
  return merges;
}

Status TokenizerParser::read_model() {
  const JsonValue* model = document_.find("model");
  if (model == nullptr || model->object() == nullptr) return bad_input("an object", describe(model));
  if (const Status known = refuse_other_models(*model); !known) return known;
  if (const Status read = read_vocabulary(*model); !read) return read;
  const auto merges = read_merges(*model);
  if (!merges) return merges.error();
  const auto ignore = read_flag(*model, "ignore_merges", false);
  if (!ignore) return ignore.error();
  auto bpe = ByteBpe::build(tokens_, *merges, {.ignore_merges = *ignore});
  if (!bpe) return bpe.error().at({}, "merges");
  parts_.bpe = std::move(*bpe);
  return {};
}

Status TokenizerParser::add_token(const JsonValue& item) {
  AddedToken token;
  token.content = text_of(item, "content");
  if (token.content.empty())
    return bad_input("a text that is not empty", describe(item.find("content")), "content");
  const auto id = read_id(item.find("id"));
  if (!id) return id.error().at({}, "id");
  token.id = *id;
  const auto special = read_flag(item, "special", false), single = read_flag(item, "single_word", false),
             left = read_flag(item, "lstrip", false), right = read_flag(item, "rstrip", false);
  for (const auto* flag : {&special, &single, &left, &right}) {
    if (!*flag) return flag->error();
  }
  const auto normalized = read_flag(item, "normalized", !*special);
  if (!normalized) return normalized.error();
  if (*single) return bad_input("false (tokens are found inside of words too)", "true", "single_word");
  token.special = *special;
  token.left_strip = *left;
  token.right_strip = *right;
  token.normalized = *normalized;
  if (!added_.insert(token.content).second) return bad_input("each token once", "it twice");
  const auto known = ids_.find(token.content);
  if (known != ids_.end()) {
    if (known->second != token.id)
      return bad_input(fmt::format("{}, as in the vocabulary", known->second), fmt::format("{}", token.id),
                       "id");
    parts_.entries[static_cast<std::size_t>(token.id)] =
        Entry();  // it decodes to its text, not to spelled bytes
  }
  const Entry::Kind kind = token.special ? Entry::Kind::special : Entry::Kind::plain;
  if (const Status fresh = put(token.id, {kind, token.content}); !fresh) return fresh.error().at({}, "id");
  if (token.normalized && parts_.nfc) {  // it is looked for in normalised text
    auto composed = to_nfc(token.content);
    if (!composed) return composed.error();
    token.content = std::move(*composed);
  }
  (token.normalized ? parts_.normalized : parts_.raw).add(token);
  return {};
}

Status TokenizerParser::read_added_tokens() {
  const JsonValue* value = document_.find("added_tokens");
  if (is_absent(value)) return {};
  if (value->array() == nullptr) return bad_input("an array", describe(value));
  given_ += value->array()->size();
  for (const JsonValue& item : *value->array()) {
    if (const Status added = add_token(item); !added)
      return added.error().at({}, pregate::quoted(text_of(item, "content")));
  }
  return {};
}

Status TokenizerParser::read_normalizer(const JsonValue* value, int depth) {
  if (is_absent(value)) return {};
  const std::string type = text_of(*value, "type");
  if (type == "NFC") {
    parts_.nfc = true;
    return {};
  }
  const JsonValue* parts = value->find("normalizers");
  if (type != "Sequence" || parts == nullptr || parts->array() == nullptr || depth == kMostSteps)
    return bad_input("null or \"NFC\"", describe(value->find("type")), "type");
  for (const JsonValue& part : *parts->array()) {
    if (const Status read = read_normalizer(&part, depth + 1); !read) return read;
  }
  return {};
}

Status TokenizerParser::add_step(bool prefix_space, const std::string& pattern, TextSplitter::Kind kind,
                                 TextSplitter::Between between) {
  if (static_cast<int>(parts_.steps.size()) == kMostSteps)
    return bad_input(fmt::format("at most {} pre-tokenizers", kMostSteps), "more");
  SplitStep step{.prefix_space = prefix_space, .splitter = std::nullopt};
  if (!pattern.empty()) {
    auto splitter = TextSplitter::compile(pattern, kind, between);
    if (!splitter) return splitter.error().at({}, "pattern");
    step.splitter = std::move(*splitter);
  }
  parts_.steps.push_back(std::move(step));
  return {};
}

Status TokenizerParser::read_byte_level(const JsonValue& value) {
  byte_level_ = true;
  const auto prefix = read_flag(value, "add_prefix_space", true), regex = read_flag(value, "use_regex", true);
  if (!prefix) return prefix.error();
  if (!regex) return regex.error();
  return *prefix || *regex ? add_step(*prefix, *regex ? kGpt2Words : "") : Status();
}

Status TokenizerParser::read_split(const JsonValue& value) {
  const JsonValue* pattern = value.find("pattern");
  const auto invert = read_flag(value, "invert", false);
  if (!invert) return invert.error();
  const std::string behaviour = text_of(value, "behavior");
  // Isolated keeps matches and what lies between them, inverted or not; Removed and inverted keeps matches.
  const bool isolated = behaviour == "Isolated", matches = behaviour == "Removed" && *invert;
  if (!isolated && !matches)
    return bad_input("\"Isolated\", or \"Removed\" with invert", describe(value.find("behavior")),
                     "behavior");
  const std::string regex = pattern == nullptr ? "" : text_of(*pattern, "Regex");
  const std::string literal = pattern == nullptr ? "" : text_of(*pattern, "String");
  if (regex.empty() == literal.empty()) return bad_input("a Regex or a String", describe(pattern), "pattern");
  return add_step(false, regex.empty() ? literal : regex,
                  regex.empty() ? TextSplitter::Kind::literal : TextSplitter::Kind::expression,
                  isolated ? TextSplitter::Between::keep : TextSplitter::Between::drop);
}

Status TokenizerParser::read_pre_tokenizer(const JsonValue* value, int depth) {
  const std::string type = is_absent(value) ? "" : text_of(*value, "type");
  // ByteLevel spells bytes: what follows would split spellings, not the text.
  if (byte_level_) return bad_input("ByteLevel as the last of the sequence", pregate::quoted(type), "type");
  if (type == "ByteLevel") return read_byte_level(*value);
  if (type == "Split") return read_split(*value);
  if (type == "Digits") {
    const auto each = read_flag(*value, "individual_digits", false);
    if (!each) return each.error();
    return add_step(false, *each ? R"(\p{N})" : R"(\p{N}+)");
  }
  const JsonValue* parts = type == "Sequence" ? value->find("pretokenizers") : nullptr;
  if (parts == nullptr || parts->array() == nullptr || depth == kMostSteps) {
    return bad_input("a Sequence of Split, Digits and ByteLevel",
                     is_absent(value) ? describe(value) : describe(value->find("type")), "type");
  }
  for (const JsonValue& part : *parts->array()) {
    if (const Status read = read_pre_tokenizer(&part, depth + 1); !read) return read;
  }
  return {};
}

Status TokenizerParser::read_template_piece(const JsonValue& piece, const JsonValue& specials,
                                            bool& seen_text) {
  if (const JsonValue* sequence = piece.find("Sequence")) {
    if (seen_text || text_of(*sequence, "id") != "A") return bad_input("the text once", "another", "single");
    seen_text = true;
    return {};
  }
  const JsonValue* special = piece.find("SpecialToken");
  const std::string name = special == nullptr ? "" : text_of(*special, "id");
  const JsonValue* entry = specials.find(name);
  const JsonValue* ids = entry == nullptr ? nullptr : entry->find("ids");
  if (special == nullptr || ids == nullptr || ids->array() == nullptr)
    return bad_input("the text or a token of special_tokens",
                     special == nullptr ? piece.describe() : pregate::quoted(name), "single");
  for (const JsonValue& item : *ids->array()) {
    const auto id = read_id(&item);
    if (!id) return id.error().at({}, "special_tokens");
    const auto index = static_cast<std::size_t>(*id);
    if (index >= parts_.entries.size() || parts_.entries[index].kind == Entry::Kind::none)
      return bad_input("the id of a token", fmt::format("{}", *id), "special_tokens");
    (seen_text ? parts_.after : parts_.before).push_back(*id);
  }
  return {};
}

Status TokenizerParser::read_template(const JsonValue& value) {
  static const JsonValue kNone{JsonValue::Object()};
  const JsonValue* single = value.find("single");
  const JsonValue* specials = value.find("special_tokens");
  if (single == nullptr || single->array() == nullptr)
    return bad_input("an array", describe(single), "single");
  bool seen_text = false;
  for (const JsonValue& piece : *single->array()) {
    if (const Status read = read_template_piece(piece, is_absent(specials) ? kNone : *specials, seen_text);
        !read)
      return read;
  }
  return seen_text ? Status() : bad_input("the text once", "a template without it", "single");
}

Status TokenizerParser::read_post_processor(const JsonValue* value, int depth) {
  if (is_absent(value)) return {};
  const std::string type = text_of(*value, "type");
  if (type == "ByteLevel") return {};  // trims offsets, which nobody asks for here
  if (type == "TemplateProcessing") {
    if (!parts_.before.empty() || !parts_.after.empty()) return bad_input("one template", "two");
    return read_template(*value);
  }
  const JsonValue* parts = type == "Sequence" ? value->find("processors") : nullptr;
  if (parts == nullptr || parts->array() == nullptr || depth == kMostSteps)
    return bad_input("null, ByteLevel or TemplateProcessing", describe(value->find("type")), "type");
  for (const JsonValue& part : *parts->array()) {
    if (const Status read = read_post_processor(&part, depth + 1); !read) return read;
  }
  return {};
}

Status TokenizerParser::read_decoder(const JsonValue* value, int depth) const {
  if (is_absent(value)) return {};
  const std::string type = text_of(*value, "type");
  if (type == "ByteLevel") return {};
  const JsonValue* parts = type == "Sequence" ? value->find("decoders") : nullptr;
  if (parts == nullptr || parts->array() == nullptr || depth == kMostSteps)
    return bad_input("ByteLevel", describe(value->find("type")), "type");
  for (const JsonValue& part : *parts->array()) {
    if (const Status read = read_decoder(&part, depth + 1); !read) return read;
  }
  return {};
}

Result<TokenizerParts> TokenizerParser::parse() {
  if (const Status read = read_model(); !read) return read.error().at({}, "model");
  if (const Status read = read_normalizer(document_.find("normalizer"), 0); !read)
    return read.error().at({}, "normalizer");
  if (const Status read = read_added_tokens(); !read) return read.error().at({}, "added_tokens");
  if (const Status read = read_pre_tokenizer(document_.find("pre_tokenizer"), 0); !read)
    return read.error().at({}, "pre_tokenizer");
  if (!byte_level_) return bad_input("a ByteLevel one", "none", "pre_tokenizer");
  if (const Status read = read_post_processor(document_.find("post_processor"), 0); !read)
    return read.error().at({}, "post_processor");
  if (const Status read = read_decoder(document_.find("decoder"), 0); !read)
    return read.error().at({}, "decoder");
  if (parts_.entries.empty()) return bad_input("at least one token", "none", "model: vocab");
  return std::move(parts_);
}

}  // namespace

std::optional<std::int32_t> TokenizerParts::special_id(std::string_view content) const {
  for (std::size_t id = 0; id < entries.size(); ++id) {
    if (entries[id].kind == Entry::Kind::special && entries[id].bytes == content)
      return static_cast<std::int32_t>(id);
  }
  return std::nullopt;
}

Result<TokenizerParts> parse_tokenizer(const NamedText& source) {
  const auto document =
      parse_json_object(source.text, source.path, {.most_bytes = kMaxTokenizerBytes, .most_levels = 32});
  if (!document) return document.error();
  auto parts = TokenizerParser(*document).parse();
  if (!parts) return parts.error().at(source.path);
  return parts;
}

}  // namespace pregate
