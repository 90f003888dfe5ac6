// SPDX-License-Identifier: Apache-2.0
// What the sections of a text document mean, from fields to checked structs, and the state of a
// ScenarioDocument. Private to traces/; scenario.hpp is the door. Messages are passed as their base class, so
// that generated headers stay in .cpp files.
#pragma once

#include <memory>

#include "traces/scenario.hpp"
#include "traces/text_fields.hpp"

namespace pregate {

// `device` is read with its defaults merged under it. Failures stay in the reader's context.
DeviceSpec read_device(const FieldReader& device);
FlashSpec read_flash(const FieldReader& flash);
ModelSpec read_model_spec(const FieldReader& model);
ModelShape read_model(const FieldReader& model);
// The rate that the fraction `name` leaves, if that is still a rate the simulator can count with
// (FieldReader::bandwidth).
Bandwidth scaled(const FieldReader& section, std::string_view name, Bandwidth rate);

// Defaults, merged under what was given, field by field. A document's own text never needs them.
void add_device_defaults(google::protobuf::Message& device);
void add_model_defaults(google::protobuf::Message& model);

// fields = base, with every field that `fields` has winning over it.
void merge_under(const google::protobuf::Message& base, google::protobuf::Message& fields);

struct ScenarioDocument::State {
  std::unique_ptr<google::protobuf::Message> message;  // a schema::Scenario
  FieldOrigins origins;
  std::string file;
};

}  // namespace pregate
