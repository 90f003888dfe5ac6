// SPDX-License-Identifier: Apache-2.0
// What each field of a scenario is before the form changes it: said by the scenario, else by the device's or
// the model's own file. Texts that do not parse say nothing: the command will say what is wrong with them.
#pragma once

#include <QtCore/QString>
#include <string>
#include <vector>

namespace pregate {

struct BaseValue {
  std::string path;  // "device.flash.read_bandwidth"
  QString text;      // as --set takes it
  QString from;      // "scenario", "device" or "model"
};

struct BaseTexts {
  QString scenario, device, model, shape_as;  // files' texts; empty: not known
  // The device or model was chosen beside the scenario: what it says of its own is replaced.
  bool other_device = false, other_model = false, other_shape = false;
};

std::vector<BaseValue> base_values(const BaseTexts& texts);

}  // namespace pregate
