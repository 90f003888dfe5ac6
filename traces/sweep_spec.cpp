// SPDX-License-Identifier: Apache-2.0
#include "traces/sweep_spec.hpp"

#include <fmt/format.h>

#include "traces/schema/sweep.pb.h"
#include "traces/text_fields.hpp"

namespace pregate {
namespace {

std::vector<SpecText> texts_of(const google::protobuf::RepeatedPtrField<std::string>& field,
                               const FieldOrigins& origins, std::string_view name) {
  std::vector<SpecText> texts;
  for (int i = 0; i < field.size(); ++i) {
    const auto origin = origins.find(fmt::format("{}[{}]", name, i));
    texts.push_back({field[i], origin == origins.end() ? std::string(name) : origin->second.place()});
  }
  return texts;
}

}  // namespace

Result<SweepSpec> parse_sweep_spec(const NamedText& source) {
  schema::Sweep sweep;
  FieldOrigins origins;
  if (Status parsed = parse_text_message(source, sweep, origins); !parsed) return parsed.error();
  SweepSpec spec{.name = sweep.name(),
                 .title = sweep.title(),
                 .scenario = sweep.scenario(),
                 .model = sweep.model(),
                 .device = sweep.device(),
                 .trace = sweep.trace(),
                 .shape_as = sweep.shape_as(),
                 .set = texts_of(sweep.set(), origins, "set"),
                 .vary = texts_of(sweep.vary(), origins, "vary"),
                 .zip = sweep.zip(),
                 .sample = sweep.sample(),
                 .seed = sweep.has_seed() ? sweep.seed() : 1};
  if (spec.vary.empty())
    return bad_input("at least one axis, as in vary: \"dram.expert_budget=1GiB,2GiB\"", "none", "vary")
        .at(source.path);
  if (spec.zip && spec.sample > 0)
    return bad_input("zip or a sample", "both", origins.at("sample").place()).at(source.path);
  return spec;
}

}  // namespace pregate
