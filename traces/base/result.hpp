// SPDX-License-Identifier: Apache-2.0
// Errors are values. A function that can fail because of what a user gave it returns Result<T> (or Status):
//
//   Result<Bytes> budget = parse_bytes(text);
//   if (!budget) return budget.error().at("scenario.textproto", "line 3: dram.expert_budget");
//
// An error says where (file, place), what was expected and what was found; message() makes one sentence of
// it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "traces/base/check.hpp"

namespace pregate {

struct Error {
  // bad_input: the user can mend it (exit code 2). run_failed: the machine would not (exit code 1).
  enum class Kind { bad_input, run_failed };

  std::string file;      // path or option; empty when unknown yet
  std::string place;     // "line 12: dram.expert_budget", "step 3, layer 7", "byte 4096"; may be empty
  std::string expected;  // "a size such as 4000MiB"
  std::string found;     // "\"4 GX\""
  Kind kind = Kind::bad_input;

  // "FILE: PLACE: expected EXPECTED, found FOUND"; parts that are empty are left out.
  [[nodiscard]] std::string message() const;

  // The same error with its place known better: an outer layer knows the file, an inner one the field.
  [[nodiscard]] Error at(std::string outer_file, std::string outer_place = {}) const;
};

// A user's mistake: `place` says where, the caller adds the file with at().
[[nodiscard]] Error bad_input(std::string expected, std::string found, std::string place = {});
// The machine would not: a full disk, an unwritable folder.
[[nodiscard]] Error run_failed(std::string file, std::string expected, std::string found);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() {
    check(ok(), "value() of a failed Result");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const {
    check(ok(), "value() of a failed Result");
    return *std::get_if<0>(&state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const {
    check(!ok(), "error() of a successful Result");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
class [[nodiscard]] Status {
 public:
  // Not defaulted: then `return {}` would fill the whole object with zeros first.
  Status() noexcept {}  // NOLINT(modernize-use-equals-default)
  Status(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const {
    check(!ok(), "error() of a successful Status");
    return *error_;
  }

 private:
  std::optional<Error> error_;  // success costs no strings: parsers ask for every number
};

}  // namespace pregate
