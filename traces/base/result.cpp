// SPDX-License-Identifier: Apache-2.0
#include "traces/base/result.hpp"

namespace pregate {

std::string Error::message() const {
  std::string text;
  const auto add = [&text](const std::string& part) {
    if (!part.empty()) {
      text += part;
      text += ": ";
    }
  };
  add(file);
  add(place);
  if (!expected.empty()) text += "expected " + expected;
  if (!expected.empty() && !found.empty()) text += ", ";
  if (!found.empty()) text += "found " + found;
  return text;
}

Error Error::at(std::string outer_file, std::string outer_place) const {
  Error result = *this;
  if (result.file.empty()) result.file = std::move(outer_file);
  if (!outer_place.empty()) {
    result.place = result.place.empty() ? std::move(outer_place) : outer_place + ": " + result.place;
  }
  return result;
}

Error bad_input(std::string expected, std::string found, std::string place) {
  return Error{.file = {},
               .place = std::move(place),
               .expected = std::move(expected),
               .found = std::move(found),
               .kind = Error::Kind::bad_input};
}

Error run_failed(std::string file, std::string expected, std::string found) {
  return Error{.file = std::move(file),
               .place = {},
               .expected = std::move(expected),
               .found = std::move(found),
               .kind = Error::Kind::run_failed};
}

}  // namespace pregate
