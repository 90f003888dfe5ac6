// SPDX-License-Identifier: Apache-2.0
#include "experiments/ablation/training.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "experiments/sibling_program.hpp"
#include "experiments/terminal.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

fs::path run_folder(const Variant& variant) {
  return fs::path(variant.folder) / "training";
}

Result<Json> read_json(const fs::path& path) {
  const Result<std::string> text = read_text_file(path.string(), Bytes::mib(1));
  if (!text) return text.error();
  Json json = Json::parse(*text, nullptr, false);
  if (json.is_object()) return json;
  return bad_input("a JSON object", "something else").at(path.string());
}

Result<Trained> read_result(const fs::path& path) {
  const Result<Json> json = read_json(path);
  if (!json) return json.error();
  Trained trained;
  double parameters = 0;
  const std::pair<const char*, double*> keys[] = {{"validation_bits_per_byte", &trained.bits_per_byte},
                                                  {"loss", &trained.loss},
                                                  {"wall_s", &trained.seconds},
                                                  {"parameters", &parameters}};
  for (const auto& [key, into] : keys) {
    if (!json->contains(key) || !(*json)[key].is_number())
      return bad_input("a number", "none", fmt::format("\"{}\"", key)).at(path.string());
    *into = (*json)[key].get<double>();
  }
  trained.parameters = static_cast<std::int64_t>(parameters);
  return trained;
}

// Whether the aim was the same from the first step on: a run that was made longer on its way had another
// cosine.
bool aimed_at(const Json& recipe, std::int64_t steps) {
  return recipe.contains("schedule") &&
         recipe["schedule"] == Json::array({{{"from_step", 0}, {"steps", steps}}});
}

// The steps that the trainer has written down: a line each after the heading.
std::int64_t steps_done(const fs::path& log) {
  std::ifstream in(log);
  std::string line;
  std::int64_t lines = 0;
  while (std::getline(in, line)) ++lines;
  return std::max<std::int64_t>(lines - 1, 0);
}

// A child whose stderr is read here. It dies with this process, so that no second trainer can meet it in its
// folder.
class Child {
 public:
  static Result<Child> start(const std::string& program, const std::vector<std::string>& arguments) {
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return run_failed(program, "a pipe", std::strerror(errno));
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) become(argv, ends[1], parent);
    ::close(ends[1]);
    if (pid > 0) return Child(pid, ends[0]);
    ::close(ends[0]);
    return run_failed(program, "a process that can be started", std::strerror(errno));
  }
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        fd_(std::exchange(other.fd_, -1)),
        last_(std::move(other.last_)) {}
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (fd_ >= 0) ::close(fd_);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

  // Waits up to a second for words; false when it will say no more.
  bool listen() {
    pollfd want{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&want, 1, 1000) <= 0) return true;
    char buffer[4096];
    const ssize_t n = ::read(fd_, buffer, sizeof buffer);
    if (n < 0) return errno == EINTR;
    for (ssize_t i = 0; i < n; ++i) hear(buffer[i]);
    return n > 0;
  }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }
  [[nodiscard]] const std::string& last_line() const { return line_.empty() ? last_ : line_; }

 private:
  Child(pid_t pid, int fd) : pid_(pid), fd_(fd) {}

  // Only what may be called between fork and exec.
  [[noreturn]] static void become(const std::vector<char*>& argv, int words, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(126);
    std::signal(SIGPIPE, SIG_DFL);
    std::signal(SIGXFSZ, SIG_DFL);
    const int nowhere = ::open("/dev/null", O_RDWR);
    ::dup2(nowhere, STDIN_FILENO);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(words, STDERR_FILENO);
    ::execv(argv.front(), argv.data());
    ::_exit(127);
  }

  void hear(char c) {
    if (c != '\n') {
      line_ += c;
    } else if (!line_.empty()) {
      last_ = std::exchange(line_, {});
    }
  }

  pid_t pid_;
  int fd_;
  std::string line_, last_;
};

}  // namespace

Result<std::optional<Trained>> finished_training(const Variant& variant) {
  const fs::path folder = run_folder(variant);
  std::error_code error;
  if (!fs::exists(folder / "recipe.json", error)) return std::optional<Trained>();
  const Result<Json> recipe = read_json(folder / "recipe.json");
  if (!recipe) return recipe.error();
  std::optional<std::string> differing = difference_of(variant.recipe, *recipe);
  if (!differing && !aimed_at(*recipe, variant.steps)) differing = "another number of steps";
  if (differing) {
    return bad_input("the recipe that this training began with, or another --out folder", *differing)
        .at((folder / "recipe.json").string());
  }
  if (!fs::exists(folder / "result.json", error) ||
      !fs::exists(fs::path(variant.folder) / "model.safetensors", error)) {
    return std::optional<Trained>();
  }
  const Result<Trained> trained = read_result(folder / "result.json");
  if (!trained) return trained.error();
  return std::optional(*trained);
}

std::vector<std::string> training_arguments(const AblationPlan& plan, const Variant& variant) {
  const AblationRequest& request = plan.request;
  const TrainingRecipe& r = request.recipe;
  const std::string state = variant.lookahead == 0 ? std::string("pre_gate=false")
                                                   : fmt::format("pre_gate_lookahead={}", variant.lookahead);
  return {"--config",        plan.config_file,
          "--set",           fmt::format("experts_shared_frequency={}", variant.group),
          "--set",           state,
          "--text",          request.text,
          "--validation",    request.validation,
          "--tokenizer",     request.tokenizer,
          "--out",           variant.folder,
          "--steps",         fmt::format("{}", r.steps),
          "--warmup",        fmt::format("{}", r.warmup),
          "--batch",         fmt::format("{}", r.batch),
          "--context",       fmt::format("{}", r.context),
          "--threads",       fmt::format("{}", r.threads),
          "--learning-rate", fmt::format("{}", r.learning_rate),
          "--balance-rate",  fmt::format("{}", r.balance_rate),
          "--seed",          fmt::format("{}", variant.seed),
          "--measure-every", "0"};
}

Status run_training(const AblationPlan& plan, const Variant& variant, const std::string& what) {
  if (const auto trainer = sibling_program("pregate-train"); !trainer) return trainer.error();
  // The program's own verb finds the trainer and the kernels that suit this processor.
  const Result<std::string> program = own_program();
  if (!program) return program.error();
  std::vector<std::string> arguments = training_arguments(plan, variant);
  arguments.insert(arguments.begin(), "train");
  Result<Child> child = Child::start(*program, arguments);
  if (!child) return child.error();
  Progress progress(what + ": step");
  while (child->listen())
    progress.update(steps_done(run_folder(variant) / "log.csv"), plan.request.recipe.steps);
  const int status = child->wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string ended = WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                                                : fmt::format("exit code {}", WEXITSTATUS(status));
  return run_failed(variant.folder, "a training that ends",
                    child->last_line().empty() ? ended : fmt::format("{}: {}", ended, child->last_line()));
}

}  // namespace pregate
