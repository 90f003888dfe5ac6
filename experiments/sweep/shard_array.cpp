// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/shard_array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "experiments/catalogue.hpp"
#include "experiments/trainer/recipe.hpp"

namespace pregate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWorkLine = "# work: ";
// Options of sbatch that would take the array, its files or the answer away from us.
constexpr std::array<std::string_view, 9> kOurs = {"--array",     "--chdir",  "--error",
                                                   "--open-mode", "--output", "--parsable",
                                                   "--test-only", "--wait",   "--wrap"};

std::string file_of_shard(const ShardArray& array, int shard, const char* extension) {
  return (fs::path(array.folder) / fmt::format("shard-{}.{}", shard, extension)).string();
}

// A word that the shell takes as it is.
std::string quoted_for_shell(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += R"('\'')";
    } else {
      out += c;
    }
  }
  return out + "'";
}

// A word of an #SBATCH line. Blanks and '#' need quotes there, and quotes a backslash.
std::string quoted_for_sbatch(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// In names of log files '%' begins a pattern.
std::string without_patterns(std::string_view path) {
  std::string out;
  for (const char c : path) out += c == '%' ? "%%" : std::string(1, c);
  return out;
}

// "1-4" or "1,3,4-7": the tasks of these shards, ascending.
std::string task_list(const std::vector<int>& which) {
  std::string out;
  for (std::size_t i = 0; i < which.size();) {
    std::size_t last = i;
    while (last + 1 < which.size() && which[last + 1] == which[last] + 1) ++last;
    out += out.empty() ? "" : ",";
    out += last == i ? fmt::format("{}", which[i]) : fmt::format("{}-{}", which[i], which[last]);
    i = last + 1;
  }
  return out;
}

// Tells whether the folder's shards are of this work. Neither the program's place nor the options of sbatch
// belong to it: a shard that ran out of time is submitted with more of it.
std::string work_of(const ShardArray& array) {
  std::string text = fmt::format("{}", array.shards);
  for (const auto* list : {&array.before, &array.after}) {
    for (const std::string& argument : *list) text += '\0' + argument;
    text += '\n';
  }
  return fingerprint(text + array.contents);
}

bool has_work_of(const ShardArray& array) {
  std::ifstream in(script_file(array));
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with(kWorkLine)) return line.substr(kWorkLine.size()) == work_of(array);
  }
  return false;
}

Status check_option(const std::string& option) {
  const std::string name = option.substr(0, option.find('='));
  const bool printable =
      std::none_of(option.begin(), option.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!printable || !name.starts_with("--") || name.size() < 3 || name.find(' ') != std::string::npos) {
    return bad_input("an option of sbatch such as --partition=fast",
                     printable ? fmt::format("\"{}\"", option) : "one with control characters");
  }
  for (const std::string_view ours : kOurs) {
    if (name == ours) return bad_input("an option of sbatch that is not set here", fmt::format("{}", name));
  }
  return {};
}

Status check_folder(const std::string& path) {
  const bool sayable = std::none_of(path.begin(), path.end(),
                                    [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; });
  if (sayable) return {};
  return bad_input("a folder without line breaks, control characters and backslashes for a batch script",
                   "one with them");
}

// The task's last act is a shell trap; a program that is stopped by Slurm's SIGTERM leaves 143.
constexpr const char* kTask = R"sh(
set -u
folder={folder}
shard=$SLURM_ARRAY_TASK_ID

# A file is written beside its name and moved there, so that nobody reads half of it.
keep() {{ printf '%s\n' "$2" >"$folder/.$1.$shard" && mv -f "$folder/.$1.$shard" "$folder/$1"; }}

# No accounting is asked how a task ended: it says so itself, at its end. One that left no exit code was killed.
trap 'keep "shard-$shard.exit" "$?"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
rm -f "$folder/shard-$shard.exit"
# Whoever submitted this script, the folder knows which job array is at work in it.
case "$(cat "$folder/job.id" 2>/dev/null)" in
  "$SLURM_ARRAY_JOB_ID" | "$SLURM_ARRAY_JOB_ID;"*) ;;
  *) keep job.id "$SLURM_ARRAY_JOB_ID" ;;
esac

{command}
)sh";

std::string command_of(const ShardArray& array) {
  std::string out = quoted_for_shell(array.program);
  const auto add = [&out](const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) out += " " + quoted_for_shell(argument);
  };
  add(array.before);
  out += fmt::format(" \\\n  --shard \"$shard/{}\" --out \"$folder/shard-$shard.db\"", array.shards);
  if (!array.after.empty()) out += " \\\n ";
  add(array.after);
  return out;
}

}  // namespace

std::string script_file(const ShardArray& array) {
  return (fs::path(array.folder) / "array.sbatch").string();
}
std::string job_file(const ShardArray& array) {
  return (fs::path(array.folder) / "job.id").string();
}
std::string result_file(const ShardArray& array, int shard) {
  return file_of_shard(array, shard, "db");
}
std::string log_file(const ShardArray& array, int shard) {
  return file_of_shard(array, shard, "log");
}
std::string exit_file(const ShardArray& array, int shard) {
  return file_of_shard(array, shard, "exit");
}

Result<std::string> batch_script(const ShardArray& array, const std::vector<int>& which) {
  check(array.shards >= 1 && !which.empty(), "a job array has a shard");
  std::error_code error;
  fs::path place = fs::absolute(array.folder, error).lexically_normal();
  if (!place.has_filename()) place = place.parent_path();  // "x/"
  const std::string folder = place.string();
  if (error) return run_failed(array.folder, "a folder with a path", error.message());
  const std::string here = fs::current_path(error).string();
  if (error) return run_failed("the working directory", "a folder with a path", error.message());
  for (const std::string* path : {&folder, &here}) {
    if (Status sayable = check_folder(*path); !sayable) return sayable.error().at(*path);
  }
  std::string out = "#!/bin/bash\n";
  out += fmt::format(
      "# A sweep in {} shards, each a task of a job array. Written by `pregate sweep --slurm`; by hand:\n"
      "#   sbatch {}\n",
      array.shards, quoted_for_shell((fs::path(folder) / "array.sbatch").string()));
  out += fmt::format("{}{}\n", kWorkLine, work_of(array));
  out += "#SBATCH --job-name=pregate-sweep\n";
  for (const std::string& option : array.options) {
    if (Status fine = check_option(option); !fine) return fine.error();
    out += fmt::format("#SBATCH {}\n", quoted_for_sbatch(option));
  }
  out += fmt::format("#SBATCH --array={}\n", task_list(which));
  out += fmt::format("#SBATCH --chdir={}\n", quoted_for_sbatch(here));
  out += fmt::format("#SBATCH --output={}\n", quoted_for_sbatch(without_patterns(folder) + "/shard-%a.log"));
  out += fmt::format(kTask, fmt::arg("folder", quoted_for_shell(folder)),
                     fmt::arg("command", command_of(array)));
  return out;
}

std::optional<int> exit_code(const ShardArray& array, int shard) {
  const Result<std::string> text = read_text_file(exit_file(array, shard), Bytes::kib(4));
  if (!text) return std::nullopt;
  int code = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, code);
  const bool whole =
      error == std::errc() && std::string_view(rest, static_cast<std::size_t>(end - rest)) == "\n";
  return whole && code >= 0 && code <= 255 ? std::optional(code) : std::nullopt;
}

std::vector<int> missing_shards(const ShardArray& array) {
  const bool same = has_work_of(array);
  std::vector<int> out;
  for (int shard = 1; shard <= array.shards; ++shard) {
    std::error_code error;
    const bool done =
        same && exit_code(array, shard) == 0 && fs::is_regular_file(result_file(array, shard), error);
    if (!done) out.push_back(shard);
  }
  return out;
}

Status make_folder(const ShardArray& array) {
  std::error_code error;
  fs::create_directories(array.folder, error);
  if (!error && fs::is_directory(array.folder, error)) return {};
  return run_failed(array.folder, "a folder that can be made", error ? error.message() : "something else");
}

Status write_array(const ShardArray& array, const std::vector<int>& which) {
  const Result<std::string> script = batch_script(array, which);
  if (!script) return script.error();
  const bool other_work = !has_work_of(array);
  for (const int shard : which) {
    std::vector<std::string> old = {exit_file(array, shard)};
    // Rows of other scenarios have no place in this result; those of the same ones are taken up.
    if (other_work) {
      for (const char* part : {"", "-wal", "-shm"}) old.push_back(result_file(array, shard) + part);
    }
    for (const std::string& file : old) {
      std::error_code error;
      fs::remove(file, error);
      if (error) return run_failed(file, "a file that can be removed", error.message());
    }
  }
  return write_text_file(script_file(array), *script);
}

}  // namespace pregate
