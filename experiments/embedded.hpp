// SPDX-License-Identifier: Apache-2.0
// The devices, model presets and scenarios that ship inside the program. The array is generated at build time
// from the .textproto files of the tree (cmake/EmbedFiles.cmake), sorted by path.
#pragma once

#include <span>
#include <string_view>

namespace pregate {

struct EmbeddedFile {
  std::string_view kind;  // "device", "model", "scenario"
  std::string_view name;  // "oneplus-15r"
  std::string_view path;  // in the source tree, shown in errors
  std::string_view text;
};

std::span<const EmbeddedFile> embedded_files();

}  // namespace pregate
