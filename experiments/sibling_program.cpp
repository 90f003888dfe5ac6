// SPDX-License-Identifier: Apache-2.0
#include "experiments/sibling_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
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
  const std::string_view built =
      name == "pregate-train" ? ", built where libtorch is installed (libtorch-dev)" : "";
  return run_failed(path, fmt::format("the program {}{}", name, built), "none");
}

Status become_sibling(std::string_view name, const std::vector<std::string>& arguments) {
  const auto program = sibling_program(name);
  if (!program) return program.error();
  std::vector<char*> argv = {const_cast<char*>(program->c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(program->c_str(), argv.data());
  return run_failed(*program, "a program that can be started", std::strerror(errno));
}

}  // namespace pregate
