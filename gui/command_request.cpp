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

QString shell_lines(const QStringList& arguments, int columns) {
  QStringList lines = {"pregate"};
  for (qsizetype i = 0; i < arguments.size(); ++i) {
    QString piece = shell_quoted(arguments[i]);
    const bool has_value = arguments[i].startsWith("--") && !arguments[i].contains('=') &&
                           i + 1 < arguments.size() && !arguments[i + 1].startsWith("--");
    if (has_value) piece += " " + shell_quoted(arguments[++i]);
    if (lines.back().size() + 1 + piece.size() + 2 > columns && lines.back().trimmed() != "pregate") {
      lines.back() += " \\";
      lines.append("    " + piece);
    } else {
      lines.back() += " " + piece;
    }
  }
  return lines.join('\n');
}

}  // namespace pregate
