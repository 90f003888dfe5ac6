// SPDX-License-Identifier: Apache-2.0
// Reads the keys of a config.json one after another and keeps the first failure, so that a family of models
// reads as a list of its keys. null counts as absent, as in transformers. After a failure values are
// unspecified but in range.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "models/json_input.hpp"

namespace pregate {

class ConfigReader {
 public:
  struct Integers {
    std::int64_t least = 0, most = 0;
  };
  struct Numbers {
    double least = 0, most = 0;
  };

  explicit ConfigReader(const JsonValue& object) : object_(object) {}

  [[nodiscard]] bool has(std::string_view key) const;      // and not null
  [[nodiscard]] bool is_null(std::string_view key) const;  // there, and null
  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  [[nodiscard]] const Error& failure() const { return *failure_; }
  void fail(std::string_view key, std::string expected, std::string found);

  // Without `otherwise` the key must be there.
  std::int64_t integer(std::string_view key, Integers range, std::optional<std::int64_t> otherwise = {});
  double number(std::string_view key, Numbers range, std::optional<double> otherwise = {});
  bool flag(std::string_view key, std::optional<bool> otherwise = {});
  std::string text(std::string_view key);
  std::string only_text(std::string_view key);  // of an array of one text
  std::size_t one_of(std::string_view key, std::initializer_list<std::string_view> words);

  // rope_theta, or that of `rope_parameters`; any scaling of positions but "default" is refused.
  double rope_theta(double otherwise);

  // A key that may be absent and otherwise has only one value that is computed.
  void expect_integer(std::string_view key, std::int64_t value);
  void expect_flag(std::string_view key, bool value);
  void expect_text(std::string_view key, std::string_view value);
  void expect_null(std::string_view key, std::string expected);
  void expect_empty(std::string_view key);                        // an array
  void expect_all(std::string_view key, std::string_view value);  // an array of this text

 private:
  [[nodiscard]] const JsonValue* value_of(std::string_view key) const;
  void refuse(std::string_view key, std::string expected);
  void check_rope(std::string_view key, const JsonValue& rope);

  const JsonValue& object_;
  std::optional<Error> failure_;
};

}  // namespace pregate
