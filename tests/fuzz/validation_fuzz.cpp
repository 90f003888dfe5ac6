// SPDX-License-Identifier: Apache-2.0
// The input is a recorded validation (JSON). What is accepted is written again, and made into everything that
// is made of one.
#include "experiments/validation/report.hpp"
#include "tests/experiments/validation_cells.hpp"
#include "tests/fuzz/target.hpp"

namespace pregate {
namespace {

void try_validation(std::string_view text) {
  const Result<Validation> read = parse_validation({"fuzz.json", std::string(text)});
  if (!read) return fuzz::check_refusal(read.error());
  ++fuzz::accepted;
  check(check_validation(*read).ok(), "what is accepted is sound");
  const std::string json = validation_json(*read);
  const Result<Validation> again = parse_validation({"again.json", json});
  check(again.ok(), "what is written can be read");
  check(validation_json(*again) == json, "what is read again is the same");
  check(!validation_text(*read, {}).empty() && !validation_section(*read).empty(),
        "there is something to say");
  const Result<plot::Figure> figure = validation_figure(*read);
  if (!figure) return check(!figure.error().expected.empty(), "a figure that is not drawn says why");
  check(plot::check_figure(*figure).ok(), "a figure can be drawn");
}

// Without what is not read, so that a mutation meets what is.
std::string without_results(std::string json) {
  return json.erase(json.find(",\n  \"results\"")) + "\n}\n";
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  Validation one = test::made_validation({{}});
  one.cells[0].measured.resize(1);
  one.cells[0].predicted.all.energy = EnergySummary{.flash = 1};
  const std::string two =
      validation_json(test::made_validation({{.noise = 0.1}, {.model = "b", .prefetch = false, .lanes = 1}}));
  return {two, without_results(two), without_results(validation_json(one))};
}

}  // namespace pregate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pregate::try_validation(pregate::fuzz::text_of(data, size));
  return 0;
}
