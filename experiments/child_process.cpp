// SPDX-License-Identifier: Apache-2.0
#include "experiments/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace pregate {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostWords = std::size_t{1} << 20;

// The end of a pipe that is read here.
class Pipe {
 public:
  Pipe() = default;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] bool open() { return ::pipe2(ends_.data(), O_CLOEXEC) == 0; }
  [[nodiscard]] int end(std::size_t which) const { return ends_.at(which); }
  void close_end(std::size_t which) {
    if (ends_.at(which) >= 0) ::close(std::exchange(ends_.at(which), -1));
  }
  // False when there will be no more.
  bool read_into(std::string& text) {
    std::array<char, 4096> buffer{};
    const ssize_t n = ::read(ends_[0], buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) return true;
    if (n <= 0) return false;
    const std::size_t room = kMostWords - std::min(text.size(), kMostWords);
    text.append(buffer.data(), std::min(static_cast<std::size_t>(n), room));
    return true;
  }

 private:
  std::array<int, 2> ends_ = {-1, -1};
};

// posix_spawn's two settings, freed at the end.
class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  // A process group of its own, and the signals as a program expects them.
  void standard() {
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::vector<char*> environment_without(const std::vector<std::string>& beginnings) {
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const bool dropped = std::any_of(beginnings.begin(), beginnings.end(),
                                     [text](const std::string& b) { return text.starts_with(b); });
    if (!dropped) kept.push_back(*variable);
  }
  kept.push_back(nullptr);
  return kept;
}

int milliseconds_until(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000));
}

// Reads both pipes until both are closed; false when the time is over first.
bool listen(Pipe& out, Pipe& err, Finished& said, Clock::time_point end) {
  bool out_open = true, err_open = true;
  while (out_open || err_open) {
    if (Clock::now() >= end) return false;
    std::array<pollfd, 2> want = {pollfd{.fd = out_open ? out.end(0) : -1, .events = POLLIN, .revents = 0},
                                  pollfd{.fd = err_open ? err.end(0) : -1, .events = POLLIN, .revents = 0}};
    if (::poll(want.data(), want.size(), milliseconds_until(end)) <= 0) continue;
    if (want[0].revents != 0) out_open = out.read_into(said.out);
    if (want[1].revents != 0) err_open = err.read_into(said.err);
  }
  return true;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string first_line(std::string_view text) {
  while (!text.empty() && (text.front() == '\n' || text.front() == '\r')) text.remove_prefix(1);
  std::string line(text.substr(0, text.find_first_of("\r\n")));
  // A terminal obeys control characters; an error line has none.
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

}  // namespace

std::string Finished::complaint() const {
  if (timed_out) return "no answer in time";
  for (const std::string* text : {&err, &out}) {
    if (std::string line = first_line(*text); !line.empty()) return line;
  }
  return fmt::format("exit code {} without a word", code);
}

Result<std::string> program_on_path(std::string_view name, std::string_view package) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? std::string_view() : std::string_view(path);
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    const std::filesystem::path candidate = std::filesystem::path(folder.empty() ? "." : folder) / name;
    std::error_code error;
    if (std::filesystem::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0)
      return candidate.string();
  }
  return run_failed(std::string(name), fmt::format("this program on PATH (Debian package {})", package),
                    "none");
}

Result<Finished> run_to_end(const std::string& program, const std::vector<std::string>& arguments,
                            const ChildOptions& options) {
  Pipe out, err;
  if (!out.open() || !err.open()) return run_failed(program, "a pipe", std::strerror(errno));
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::vector<char*> environment = environment_without(options.without);
  SpawnSettings settings;
  settings.standard();
  ::posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&settings.actions, out.end(1), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&settings.actions, err.end(1), STDERR_FILENO);
  pid_t child = 0;
  const int failure = ::posix_spawn(&child, program.c_str(), &settings.actions, &settings.attributes,
                                    argv.data(), environment.data());
  if (failure != 0) return run_failed(program, "a program that can be started", std::strerror(failure));
  out.close_end(1);
  err.close_end(1);
  Finished said;
  said.timed_out = !listen(out, err, said, Clock::now() + options.limit);
  if (said.timed_out) ::kill(-child, SIGKILL);
  said.code = wait_for(child);
  return said;
}

}  // namespace pregate
