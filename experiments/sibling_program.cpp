// SPDX-License-Identifier: Apache-2.0
#include "experiments/sibling_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

namespace pregate {

Result<std::string> own_program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return run_failed("/proc/self/exe", "a link to the running program", error.message());
  return self.string();
}

Result<std::string> program_folder() {
  const auto self = own_program();
  if (!self) return self.error();
  return std::filesystem::path(*self).parent_path().string();
}

Result<std::string> sibling_program(std::string_view name) {
  const auto folder = program_folder();
  if (!folder) return folder.error();
  const std::string path = (std::filesystem::path(*folder) / name).string();
  if (::access(path.c_str(), X_OK) == 0) return path;
  return run_failed(
      path, fmt::format("the program {}, built where libtorch is installed (libtorch-dev)", name), "none");
}

}  // namespace pregate
