// SPDX-License-Identifier: Apache-2.0
// Asks for file names, and saves what a page shows. What goes wrong is said in a box.
#pragma once

#include <QtCore/QStringList>
#include <string>

#include "gui/page.hpp"

namespace pregate {

QStringList ask_for_files(QWidget* parent);
QString ask_for_run(QWidget* parent, const QString& title);
// Empty: not wanted.
QString ask_for_perfetto(const QString& run, QWidget* parent);
void ask_and_save_picture(Page& page, const std::string& path, QWidget* parent);
void ask_and_save_table(Page& page, const std::string& path, QWidget* parent);

}  // namespace pregate
