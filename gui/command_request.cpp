// SPDX-License-Identifier: Apache-2.0
#include "gui/command_request.hpp"

#include <algorithm>

namespace pregate {
namespace {

// What no shell reads as anything but itself. '~' and '=' are no trouble within a word, '#' at its begin is.
bool is_plain(QChar c) {
  const ushort u = c.unicode();
  return (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') ||
         QStringLiteral("-_./:,=+%@").contains(c);
}

}  // namespace

QString shell_quoted(const QString& word) {
  if (!word.isEmpty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  QString quoted = word;
  return "'" + quoted.replace("'", "'\\''") + "'";
}

QString shell_command(const QStringList& arguments) {
  QStringList words = {"pregate"};
  for (const QString& argument : arguments) words.append(shell_quoted(argument));
  return words.join(' ');
}

}  // namespace pregate
