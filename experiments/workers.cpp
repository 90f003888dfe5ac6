// SPDX-License-Identifier: Apache-2.0
#include "experiments/workers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <new>
#include <vector>

namespace pregate {
namespace {

// The first byte of what a child sends: whether the rest is the job's text or how it failed.
constexpr char kText = 't', kFailed = 'f';

bool send(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// The child's whole life. It leaves without the parent's destructors and buffers.
[[noreturn]] void work(int fd, pid_t parent, const std::function<std::string(std::size_t)>& job,
                       std::size_t index) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it died before the line above
  // Ctrl-C goes to the whole group of processes: the parent decides.
  std::signal(SIGINT, SIG_IGN);
  std::string answer;
  try {
    answer = kText + job(index);
  } catch (const std::bad_alloc&) {
    answer = std::string(1, kFailed) + "no memory left";
  } catch (const std::exception& error) {
    answer = std::string(1, kFailed) + error.what();
  }
  ::_exit(send(fd, answer) ? 0 : 1);
}

struct Child {
  pid_t pid = -1;
  int fd = -1;
  std::size_t index = 0;
  std::string received;
};

class Pool {
 public:
  Pool() = default;
  ~Pool() {
    for (const Child& child : children_) ::kill(child.pid, SIGKILL);
    for (Child& child : children_) reap(child);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  Status start(const std::function<std::string(std::size_t)>& job, std::size_t index) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return run_failed("a worker", "a pipe", std::strerror(errno));
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
      const std::string why = std::strerror(errno);
      ::close(ends[0]);
      ::close(ends[1]);
      return run_failed("a worker", "a process", why);
    }
    if (pid == 0) {
      ::close(ends[0]);
      work(ends[1], parent, job, index);
    }
    ::close(ends[1]);
    children_.push_back({.pid = pid, .fd = ends[0], .index = index, .received = {}});
    return {};
  }

  [[nodiscard]] std::size_t running() const { return children_.size(); }

  // Waits until something was said, for a quarter of a second at most; hands over the children that are done.
  std::vector<Child> wait() {
    std::vector<pollfd> polled;
    for (const Child& child : children_) polled.push_back({.fd = child.fd, .events = POLLIN, .revents = 0});
    if (::poll(polled.data(), polled.size(), 250) <= 0) return {};
    std::vector<Child> ended;
    for (std::size_t i = polled.size(); i-- > 0;) {
      if (polled[i].revents == 0 || receive(children_[i])) continue;
      ended.push_back(std::move(children_[i]));
      children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return ended;
  }

  // How the child ended, as waitpid() says it.
  static int reap(Child& child) {
    ::close(child.fd);
    int status = 0;
    while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }

 private:
  // False at the end of what the child says.
  static bool receive(Child& child) {
    char buffer[1 << 16];
    const ssize_t n = ::read(child.fd, buffer, sizeof buffer);
    if (n > 0) child.received.append(buffer, static_cast<std::size_t>(n));
    return n > 0 || (n < 0 && errno == EINTR);
  }

  std::vector<Child> children_;
};

Result<std::string> answer_of(Child child) {
  const int status = Pool::reap(child);
  const auto failed = [](std::string found) { return run_failed("", "a run to its end", std::move(found)); };
  if (WIFSIGNALED(status)) {
    return failed(
        fmt::format("its process ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status))));
  }
  if (WEXITSTATUS(status) != 0 || child.received.empty())
    return failed(fmt::format("its process ended with code {}", WEXITSTATUS(status)));
  const std::string text = child.received.substr(1);
  if (child.received[0] == kFailed) return failed(text);
  return text;
}

}  // namespace

Status run_in_workers(std::size_t count, const std::function<std::string(std::size_t)>& job,
                      const std::function<Status(std::size_t, Result<std::string>)>& done,
                      const WorkerOptions& options) {
  Pool pool;
  std::size_t next = 0;
  while (true) {
    const bool stopped = options.stop && options.stop();
    while (!stopped && next < count && pool.running() < std::max<std::size_t>(options.at_once, 1)) {
      if (options.before) options.before(next);
      if (Status started = pool.start(job, next++); !started) return started;
    }
    if (pool.running() == 0) return {};
    for (Child& child : pool.wait()) {
      const std::size_t index = child.index;
      if (Status taken = done(index, answer_of(std::move(child))); !taken) return taken;
    }
    if (options.idle) options.idle();
  }
}

std::size_t available_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return static_cast<std::size_t>(std::max(1, CPU_COUNT(&cores)));
}

}  // namespace pregate
