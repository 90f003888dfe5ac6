// SPDX-License-Identifier: Apache-2.0
// A validation as text, CSV, JSON and a picture, and back from JSON. Everything that is said of it comes from
// errors.hpp, so that all of them say the same.
//
//   if (Status sound = check_validation(validation); !sound) return sound;
//   session.out = options.json ? validation_json(validation) : validation_text(validation, session.look);
//   session.found_wanting = !all_met(validation);
#pragma once

#include <string>

#include "experiments/plot/figure.hpp"
#include "experiments/terminal.hpp"
#include "experiments/validation/errors.hpp"
#include "traces/scenario.hpp"

namespace pregate {

// What every output counts on, and what parse_validation() promises: at least one cell, no case twice, at
// least one repeat a cell; texts of one line; numbers finite and in range; the parts of a phase's time sum to
// its makespan and its outcomes to its lookups; prefill and decode sum to all. The place of an error is a
// path, "cells[3].measured[0].decode.lookups".
Status check_validation(const Validation& validation);

// For people, at most 120 columns wide where a model's name is short.
std::string validation_text(const Validation& validation, const Look& look);

// One row a cell and repeat, as a table that begins with the names of its columns. Ratios and times are
// decimal numbers. Errors: the path cannot be written.
Status write_validation_csv(const Validation& validation, const std::string& path);

// Everything: head, cells with both sides whole (times in ps), and, computed, "results" (docs/json.md).
std::string validation_json(const Validation& validation);
// Strict: every key must be there and no other; "results" is computed again and not read. Errors name file,
// place, expected and found.
Result<Validation> parse_validation(const NamedText& json);
Result<Validation> load_validation(const std::string& path);

// Measured over predicted tokens/s, a panel a model. Error: no cell decodes.
Result<plot::Figure> validation_figure(const Validation& validation);

// A section of docs/validation.md, from its heading to its last line.
std::string validation_section(const Validation& validation);

}  // namespace pregate
