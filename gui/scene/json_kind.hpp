// SPDX-License-Identifier: Apache-2.0
// What a JSON value is, as an error says what it found: "nothing", "a number", "a list".
#pragma once

#include <QtCore/QJsonValue>

namespace pregate {

const char* json_kind(const QJsonValue& value);

}  // namespace pregate
