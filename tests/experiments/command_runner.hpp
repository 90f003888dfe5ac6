// SPDX-License-Identifier: Apache-2.0
// Runs the real program, as a user does, and keeps what it said.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace pregate::test {

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::string write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

// A folder of this test alone, gone when it ends.
class Folder {
 public:
  Folder() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) /
            (std::string(info->test_suite_name()) + "." + info->name() + "." + std::to_string(::getpid()));
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

struct Said {
  int code = -1;  // exit code; 1000 + signal if it was killed
  std::string out, err;

  [[nodiscard]] std::size_t error_lines() const {
    return static_cast<std::size_t>(std::count(err.begin(), err.end(), '\n'));
  }
};

struct RunnerOptions {
  std::string stdout_path;  // empty: kept in `out`
  bool close_stdout = false;
  std::optional<std::size_t> file_limit;      // a disk that is full after so many bytes
  std::string folder;                         // where the program stands; empty: here
  std::string program;                        // another copy of it; empty: the one that was built
  std::chrono::milliseconds killed_after{0};  // 0: it may end by itself
};

// What the program itself said. A worker ends on the stack that the kernel's coroutines left it, of which the
// address sanitizer warns in three lines; what it finds is told otherwise, and stays.
inline std::string without_stack_warnings(const std::string& err) {
#if defined(__SANITIZE_ADDRESS__)
  std::istringstream in(err);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    const bool warning =
        line.find("ASan is ignoring requested __asan_handle_no_return") != std::string::npos ||
        line == "False positive error reports may follow" ||
        line == "For details see https://github.com/google/sanitizers/issues/189";
    if (!warning) out += line + (in.eof() ? "" : "\n");
  }
  return out;
#else
  return err;
#endif
}

inline Said run_pregate(const std::vector<std::string>& arguments, const RunnerOptions& options = {}) {
  static int runs = 0;
  const std::string stem =
      testing::TempDir() + "/pregate." + std::to_string(::getpid()) + "." + std::to_string(runs++);
  const std::string out = options.stdout_path.empty() ? stem + ".out" : options.stdout_path;
  const std::string err = stem + ".err";
  const std::string program =
      options.program.empty() ? std::string(PREGATE_BINARY_DIR) + "/bin/pregate" : options.program;
  std::vector<std::string> texts = {program};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(240);  // a program that hangs is killed, and the test fails
    const int out_fd = ::open(out.c_str(), O_WRONLY | O_CREAT, 0600);
    const int err_fd = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(out_fd, STDOUT_FILENO);
    ::dup2(err_fd, STDERR_FILENO);
    ::close(out_fd);
    ::close(err_fd);
    if (options.close_stdout) ::close(STDOUT_FILENO);
    if (options.file_limit) {
      const rlimit limit{*options.file_limit, *options.file_limit};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      std::signal(SIGXFSZ, SIG_IGN);
    }
    if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(126);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  if (options.killed_after.count() > 0) {
    std::this_thread::sleep_for(options.killed_after);
    ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  Said said{.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status),
            .out = {},
            .err = without_stack_warnings(read_file(err))};
  if (options.stdout_path.empty()) {
    said.out = read_file(out);
    ::unlink(out.c_str());
  }
  ::unlink(err.c_str());
  return said;
}

// A route_trace v1 CSV: two layers of four experts, top-2, three prompt tokens and four decoded ones.
inline std::string small_csv() {
  std::string text =
      "# route_trace v1\n"
      "# model=toy.gguf arch=toy n_layer=2 n_expert=4 n_expert_used=2\n"
      "# layer=0 expert_bytes=3000000 dense_bytes=1000000\n"
      "# layer=1 expert_bytes=3000000 dense_bytes=1000000\n"
      "turn,phase,step,layer,slot,expert,weight,residency,expert_bytes\n";
  const auto row = [&text](int phase, int step, int layer, int slot, int expert) {
    for (const int field : {0, phase, step, layer, slot, expert}) text += std::to_string(field) + ",";
    text += "0.5,0,0\n";
  };
  for (int layer = 0; layer < 2; ++layer) {
    for (int token = 0; token < 3; ++token) {
      for (int slot = 0; slot < 2; ++slot) row(0, token, layer, slot, (token + slot) % 3);
    }
  }
  for (int token = 3; token < 7; ++token) {
    for (int layer = 0; layer < 2; ++layer) {
      for (int slot = 0; slot < 2; ++slot) row(1, token, layer, slot, (token + 2 * slot + layer) % 4);
    }
  }
  return text;
}

// small_csv() with its first `from` replaced.
inline std::string csv_with(const std::string& from, const std::string& to) {
  std::string text = small_csv();
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

}  // namespace pregate::test
