// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/slurm_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <vector>

#include "experiments/catalogue.hpp"
#include "experiments/child_process.hpp"

namespace pregate {
namespace {

constexpr const char* kPackage = "slurm-client";

// States of a job that has left the queue; whatever else squeue says is still in it.
bool is_end(std::string_view state) {
  constexpr std::array<std::string_view, 10> kEnds = {"COMPLETED",     "FAILED",    "CANCELLED", "TIMEOUT",
                                                      "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL",
                                                      "DEADLINE",      "REVOKED"};
  return std::find(kEnds.begin(), kEnds.end(), state) != kEnds.end();
}

bool is_state(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_';
  });
}

// "3 RUNNING"; false for a line that is none.
bool add_line(std::string_view line, std::map<int, std::string>& states) {
  int task = 0;
  const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), task);
  if (error != std::errc() || task < 0) return false;
  line.remove_prefix(static_cast<std::size_t>(rest - line.data()));
  if (!line.starts_with(' ')) return false;
  line.remove_prefix(1);
  if (!is_state(line)) return false;
  // A task that was requeued is listed once for each life.
  std::string& state = states[task];
  if (state.empty() || is_end(state)) state = line;
  return true;
}

Result<QueueAnswer> read_answer(std::string_view text) {
  QueueAnswer answer{.known = true, .states = {}};
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    while (line.ends_with(' ')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("CLUSTER:")) continue;
    if (!add_line(line, answer.states)) {
      return run_failed("squeue", "a task and its state a line", "other words");
    }
  }
  return answer;
}

}  // namespace

std::optional<SlurmJob> parse_job(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const std::string_view id = text.substr(0, text.find(';'));
  const std::string_view cluster = id.size() < text.size() ? text.substr(id.size() + 1) : std::string_view();
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const auto letter = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (id.empty() || id.size() > 18 || !std::all_of(id.begin(), id.end(), digit)) return std::nullopt;
  if (!std::all_of(cluster.begin(), cluster.end(), letter)) return std::nullopt;
  return SlurmJob{.id = std::string(id), .cluster = std::string(cluster)};
}

std::string scancel_line(const SlurmJob& job) {
  return job.cluster.empty() ? fmt::format("scancel {}", job.id)
                             : fmt::format("scancel --clusters={} {}", job.cluster, job.id);
}

bool QueueAnswer::holds(int task) const {
  const std::string_view now = state(task);
  return !now.empty() && !is_end(now);
}

std::string_view QueueAnswer::state(int task) const {
  const auto found = states.find(task);
  return found == states.end() ? std::string_view() : std::string_view(found->second);
}

void QueueAnswer::update(const QueueAnswer& newer) {
  known = true;
  std::erase_if(states, [](const auto& entry) { return !is_end(entry.second); });
  for (const auto& [task, state] : newer.states) states[task] = state;
}

Result<QueueAnswer> ask_queue(const SlurmJob& job) {
  const Result<std::string> squeue = program_on_path("squeue", kPackage);
  if (!squeue) return squeue.error();
  std::vector<std::string> arguments = {
      "--me", "--all", "--array", "--noheader", "--states=all", "--jobs=" + job.id, "--format=%K %T"};
  if (!job.cluster.empty()) arguments.push_back("--clusters=" + job.cluster);
  // The user's own view of the queue (SQUEUE_PARTITION and the like) would hide tasks.
  const Result<Finished> said = run_to_end(*squeue, arguments, {.without = {"SQUEUE_"}});
  if (!said) return said.error();
  if (said->well()) return read_answer(said->out);
  if (said->err.find("Invalid job id") != std::string::npos) return QueueAnswer{.known = true, .states = {}};
  return run_failed("squeue", fmt::format("the tasks of job array {}", job.id), said->complaint());
}

Result<SlurmJob> call_sbatch(const ShardArray& array) {
  const Result<std::string> sbatch = program_on_path("sbatch", kPackage);
  if (!sbatch) return sbatch.error();
  // The environment goes before the script's lines: what decides about our files must not stand there.
  const ChildOptions options{.limit = std::chrono::seconds(120),
                             .without = {"SBATCH_ARRAY_INX", "SBATCH_ERROR", "SBATCH_JOB_NAME",
                                         "SBATCH_OPEN_MODE", "SBATCH_OUTPUT", "SBATCH_WAIT="}};
  const Result<Finished> said = run_to_end(*sbatch, {"--parsable", script_file(array)}, options);
  if (!said) return said.error();
  if (!said->well()) return run_failed("sbatch", "a job array that Slurm takes", said->complaint());
  const std::optional<SlurmJob> job = parse_job(said->out);
  if (!job) return run_failed("sbatch", "the number of the job array", said->complaint());
  const std::string kept = job->cluster.empty() ? job->id : job->id + ";" + job->cluster;
  if (Status written = write_text_file(job_file(array), kept + "\n"); !written) return written.error();
  return *job;
}

}  // namespace pregate
