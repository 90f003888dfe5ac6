// SPDX-License-Identifier: Apache-2.0
// Between our texts (UTF-8) and Qt's.
#pragma once

#include <QtCore/QLocale>
#include <QtCore/QString>
#include <string>
#include <string_view>

namespace pregate {

inline QString to_qt(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

// "1,000", wherever the viewer runs: as the command writes it.
inline QString with_commas(qint64 number) {
  return QLocale(QLocale::English, QLocale::UnitedStates).toString(number);
}

}  // namespace pregate
