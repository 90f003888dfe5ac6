// SPDX-License-Identifier: Apache-2.0
// A real Slurm for a test: munged, slurmctld and slurmd of Debian's packages in a folder of their own, on
// loopback and free ports, with a key of their own. One node of two CPUs, so that two tasks run at once. The
// machine's own Slurm and munge, if it has any, are not touched.
//
// A keeper process starts the three and ends whatever they left: it is the reaper of all their descendants,
// and is told by the kernel when the test is gone, killed or not. It starts slurmctld again when that dies,
// as a service manager would, so that a test can let the controller restart. Neither systemd nor control
// groups are needed, nor root: an ordinary user gets a cluster of himself.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pregate::test {

namespace fs = std::filesystem;

// First line that a shell command prints.
inline std::string said_by(const std::string& command) {
  std::string line;
  if (FILE* pipe = ::popen(command.c_str(), "r")) {
    std::array<char, 512> buffer{};
    if (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) line = buffer.data();
    ::pclose(pipe);
  }
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.pop_back();
  return line;
}

inline int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int port = 0;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    port = ntohs(address.sin_port);
  ::close(fd);
  return port;
}

// Daemons stand in folders that a user's PATH may leave out.
inline std::optional<std::string> find_daemon(const std::string& name) {
  for (const char* folder : {"/usr/sbin", "/usr/local/sbin", "/usr/bin"}) {
    const std::string path = std::string(folder) + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

// Slurm's daemons listen on the address that the machine's own name stands for, or else on all of them.
struct HostName {
  std::string name, address;
  bool given = false;  // to the daemons alone, in a namespace of theirs
};

// A name that stands for a loopback address; nothing where there is none.
inline std::optional<HostName> loopback_name() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUTS) == 0 ? 0 : 1);
  int status = 1;
  ::waitpid(child, &status, 0);
  if (status == 0) return HostName{.name = "localhost", .address = "127.0.0.1", .given = true};
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  HostName host{.name = std::string(name.data()).substr(0, std::string(name.data()).find('.')),
                .address = {}};
  addrinfo want{}, *found = nullptr;
  want.ai_family = AF_INET;
  if (::getaddrinfo(host.name.c_str(), nullptr, &want, &found) != 0) return std::nullopt;
  const in_addr first = reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr;
  ::freeaddrinfo(found);
  std::array<char, INET_ADDRSTRLEN> text{};
  host.address = ::inet_ntop(AF_INET, &first, text.data(), text.size());
  return (ntohl(first.s_addr) >> 24) == 127 ? std::optional(host) : std::nullopt;
}

// Runs in a process of its own until it is told to stop or its parent is gone; see above.
class ClusterKeeper {
 public:
  ClusterKeeper(std::string folder, HostName host) : folder_(std::move(folder)), host_(std::move(host)) {}

  [[noreturn]] void run(pid_t parent) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t heard;
    ::sigemptyset(&heard);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&heard, signal);
    ::sigprocmask(SIG_BLOCK, &heard, nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    ::setpgid(0, 0);  // Ctrl-C is for the test, which then is gone
    if (host_.given &&
        (::unshare(CLONE_NEWUTS) != 0 || ::sethostname(host_.name.c_str(), host_.name.size()) != 0)) {
      ::_exit(1);
    }
    const std::string in = folder_ + "/";
    start("munged", {"--foreground", "--force", "--num-threads=2", "--key-file=" + in + "munge.key",
                     "--socket=" + in + "munge.sock", "--pid-file=" + in + "munged.pid",
                     "--log-file=" + in + "munged.log", "--seed-file=" + in + "munged.seed"});
    for (int i = 0; i < 100 && !fs::exists(in + "munge.sock"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    controller_ = start_controller();
    start("slurmd", {"-D", "-f", in + "slurm.conf"});
    watch(heard);
    end_all();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    ::_exit(0);
  }

 private:
  pid_t start(const std::string& name, std::vector<std::string> arguments) {
    const std::string program = find_daemon(name).value_or(name);
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int words = ::open((folder_ + "/" + name + ".out").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(words, STDOUT_FILENO);
    ::dup2(words, STDERR_FILENO);
    ::execv(argv.front(), argv.data());
    ::_exit(127);
  }
  pid_t start_controller() { return start("slurmctld", {"-D", "-f", folder_ + "/slurm.conf"}); }

  // Until a signal says stop.
  void watch(const sigset_t& heard) {
    while (true) {
      int signal = 0;
      if (::sigwait(&heard, &signal) != 0 || signal != SIGCHLD) return;
      for (pid_t gone = ::waitpid(-1, nullptr, WNOHANG); gone > 0; gone = ::waitpid(-1, nullptr, WNOHANG)) {
        if (gone != controller_) continue;
        std::this_thread::sleep_for(std::chrono::milliseconds(1000));
        controller_ = start_controller();
      }
    }
  }

  static std::vector<pid_t> children() {
    std::ifstream in("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    std::vector<pid_t> out;
    for (pid_t child = 0; in >> child;) out.push_back(child);
    return out;
  }

  // Politely, then not; descendants whose parents are gone become children and are ended as well.
  static void end_all() {
    for (int round = 0; round < 200; ++round) {
      for (const pid_t child : children()) ::kill(child, round < 20 ? SIGTERM : SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      if (children().empty()) return;
    }
  }

  std::string folder_;
  HostName host_;
  pid_t controller_ = 0;
};

class LoopbackCluster {
 public:
  // Why there can be none on this machine; nothing if there can.
  static std::optional<std::string> missing() {
    for (const char* name : {"munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo"}) {
      if (!find_daemon(name))
        return std::string(name) + " is not installed (packages of scripts/packages-cluster.txt)";
    }
    if (!loopback_name()) {
      return "the name of this machine stands for no loopback address, and this user cannot give the daemons "
             "another";
    }
    return std::nullopt;
  }

  LoopbackCluster() = default;
  ~LoopbackCluster() { stop(); }
  LoopbackCluster(const LoopbackCluster&) = delete;
  LoopbackCluster& operator=(const LoopbackCluster&) = delete;

  // Empty when the node is idle; else what the daemons said. Seconds until the controller forgets a job that
  // has ended: `remembers`.
  std::string start(int remembers = 300) {
    const std::optional<HostName> host = loopback_name();
    if (!host) return "no loopback address";
    std::string said;
    for (int attempt = 0; attempt < 2; ++attempt) {  // a port may be taken in between
      make_folder(*host, remembers);
      const pid_t parent = ::getpid();
      keeper_ = ::fork();
      if (keeper_ == 0) ClusterKeeper(folder_, *host).run(parent);
      if (wait_until_idle()) return {};
      said = words_of_daemons();
      stop();
    }
    return said;
  }

  void stop() {
    if (keeper_ <= 0) return;
    ::kill(keeper_, SIGTERM);
    ::waitpid(std::exchange(keeper_, -1), nullptr, 0);
    ::unsetenv("SLURM_CONF");
  }

  // The controller is gone for some seconds, then comes back with the state that it saved.
  void restart_controller() const {
    std::ifstream in(folder_ + "/slurmctld.pid");
    pid_t controller = 0;
    if (in >> controller) ::kill(controller, SIGTERM);
  }

  [[nodiscard]] pid_t keeper() const { return keeper_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string words_of_daemons() const {
    std::ostringstream out;
    for (const char* name : {"munged.out", "slurmctld.out", "slurmd.out"})
      out << name << ":\n" << std::ifstream(folder_ + "/" + name).rdbuf() << "\n";
    return out.str();
  }

 private:
  void make_folder(const HostName& host, int remembers) {
    // Short, as a socket stands in it, and of this user alone.
    std::string path = "/tmp/pregate-cluster.XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return;
    folder_ = path;
    for (const char* name : {"state", "spool"}) fs::create_directory(folder_ + "/" + name);
    std::ofstream key(folder_ + "/munge.key", std::ios::binary);
    std::random_device random;
    for (int i = 0; i < 128; ++i) key.put(static_cast<char>(random()));
    key.close();
    ::chmod((folder_ + "/munge.key").c_str(), 0600);
    std::ofstream(folder_ + "/plugstack.conf");
    // Without it slurmd looks for control groups that a container may not have; nothing here uses them.
    std::ofstream(folder_ + "/cgroup.conf") << "CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n";
    std::ofstream(folder_ + "/slurm.conf") << configuration(host, remembers);
    ::setenv("SLURM_CONF", (folder_ + "/slurm.conf").c_str(), 1);
  }

  [[nodiscard]] std::string configuration(const HostName& host, int remembers) const {
    const passwd* self = ::getpwuid(::geteuid());
    const std::string user = self == nullptr ? std::to_string(::geteuid()) : self->pw_name;
    std::ostringstream out;
    out << "ClusterName=loopback\nSlurmctldHost=" << host.name << "(" << host.address << ")\n"
        << "SlurmUser=" << user << "\nSlurmdUser=" << user << "\n"
        << "SlurmctldPort=" << free_port() << "\nSlurmdPort=" << free_port() << "\n"
        << "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny\n"
        << "AuthType=auth/munge\nCredType=cred/munge\nAuthInfo=socket=" << folder_ << "/munge.sock\n"
        << "StateSaveLocation=" << folder_ << "/state\nSlurmdSpoolDir=" << folder_ << "/spool\n"
        << "SlurmctldPidFile=" << folder_ << "/slurmctld.pid\nSlurmdPidFile=" << folder_ << "/slurmd.pid\n"
        << "SlurmctldLogFile=" << folder_ << "/slurmctld.log\nSlurmdLogFile=" << folder_ << "/slurmd.log\n"
        << "PlugStackConfig=" << folder_ << "/plugstack.conf\n"
        << "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none\nSwitchType=switch/"
           "none\n"
        << "JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none\n"
        << "JobCompType=jobcomp/none\nReturnToService=2\n"
        << "SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nSlurmdParameters=config_overrides\n"
        // A cluster is never in a hurry; a test is.
        << "SchedulerType=sched/builtin\n"
        << "SchedulerParameters=batch_sched_delay=0,sched_interval=1,max_array_tasks=100\n"
        << "KillWait=20\nMinJobAge=" << remembers << "\n"
        << "NodeName=node1 NodeHostname=" << host.name << " NodeAddr=" << host.address
        << " CPUs=2 State=UNKNOWN\n"
        << "PartitionName=all Nodes=ALL Default=YES MaxTime=5 State=UP\n";
    return out.str();
  }

  [[nodiscard]] bool wait_until_idle() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      if (said_by("timeout 5 sinfo --noheader --format=%T 2>/dev/null") == "idle") return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  std::string folder_;
  pid_t keeper_ = -1;
};

}  // namespace pregate::test
