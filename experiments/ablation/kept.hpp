// SPDX-License-Identifier: Apache-2.0
// FOLDER/ablation.json: what has been computed of a variant, each part under a hash of all that made it. The
// file is replaced whole after each part, so that a run can be killed at any time; a file of another form is
// begun anew.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "experiments/ablation/measure.hpp"

namespace pregate {

class KeptFigures {
 public:
  static Result<KeptFigures> open(const std::string& folder);

  [[nodiscard]] std::string routing_key() const;
  [[nodiscard]] double routing_seconds() const;
  // Another routing makes the figures of the one before worthless.
  Status set_routing(const std::string& key, double seconds);

  [[nodiscard]] std::optional<RunFigures> find(const std::string& key) const;
  Status add(const std::string& key, const std::string& what, const RunFigures& figures);

 private:
  explicit KeptFigures(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Status write() const;

  std::string path_;
  nlohmann::ordered_json json_;
};

}  // namespace pregate
