// SPDX-License-Identifier: Apache-2.0
// The input is a tokenizer.json; behind a NUL byte may stand a text that it encodes.
#include "models/tokenizer.hpp"
#include "tests/fuzz/target.hpp"

namespace pregate {
namespace {

void try_text(const Tokenizer& tokenizer, std::string_view text) {
  const auto ids = tokenizer.encode(text);
  if (!ids) return fuzz::check_refusal(ids.error().at("fuzz.json"));
  for (const std::int32_t id : *ids)
    check(id >= 0 && id < tokenizer.vocabulary(), "ids are below the vocabulary");
  const auto decoded = tokenizer.decode(*ids);
  check(decoded.ok(), "what was encoded can be decoded");
  check(complete_utf8(*decoded) <= decoded->size(), "whole characters are a part of the text");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = pregate::fuzz::text_of(data, size);
  const std::string_view document = input.substr(0, input.find('\0'));
  const auto tokenizer = pregate::Tokenizer::parse({"fuzz.json", std::string(document)});
  if (!tokenizer) {
    pregate::fuzz::check_refusal(tokenizer.error());
    return 0;
  }
  ++pregate::fuzz::accepted;
  pregate::try_text(*tokenizer, "abab  a\xc3\xa9<e> ba\n1'll");
  if (document.size() < input.size()) pregate::try_text(*tokenizer, input.substr(document.size() + 1));
  return 0;
}
