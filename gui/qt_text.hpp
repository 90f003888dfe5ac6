// SPDX-License-Identifier: Apache-2.0
// Between our texts (UTF-8) and Qt's.
#pragma once

#include <QtCore/QString>
#include <string>
#include <string_view>

namespace pregate {

inline QString to_qt(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

}  // namespace pregate
