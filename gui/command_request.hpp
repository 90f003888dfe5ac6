// SPDX-License-Identifier: Apache-2.0
// What the viewer asks the command `pregate` to do: the arguments are those that a person would type.
#pragma once

#include <QtCore/QString>
#include <QtCore/QStringList>

namespace pregate {

struct CommandRequest {
  QStringList arguments;  // without the program's name: "run", "demo", "--out", ...
  QString output_file;    // what the command writes; empty: nothing
  QString title;          // "demo on oneplus-15r"
  // Bytes of what it prints that are kept.
  qint64 most_output = qint64{1} << 20;
};

// A word as a POSIX shell takes it: quoted where it has to be.
QString shell_quoted(const QString& word);
// "pregate run demo --out 'my run.run'".
QString shell_command(const QStringList& arguments);
// The same over several lines of about so many characters, an option and its value together; the shell takes
// them as one.
QString shell_lines(const QStringList& arguments, int columns);

}  // namespace pregate
