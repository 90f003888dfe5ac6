// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/slurm.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <string_view>

#include "experiments/catalogue.hpp"
#include "experiments/child_process.hpp"
#include "experiments/interrupts.hpp"
#include "experiments/terminal.hpp"

namespace pregate {
namespace {

using Clock = std::chrono::steady_clock;

// Held while one submits: two commands at the same moment would both find nobody in the queue.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder) : fd_(::open(folder.c_str(), O_RDONLY | O_CLOEXEC)) {
    held_ = fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
    // A file system without locks does not keep anybody from working.
    if (fd_ >= 0 && !held_ && errno != EWOULDBLOCK) held_ = true;
  }
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  [[nodiscard]] bool held() const { return held_; }

 private:
  int fd_;
  bool held_ = false;
};

std::vector<int> all_shards(const ShardArray& array) {
  std::vector<int> shards(static_cast<std::size_t>(array.shards));
  std::iota(shards.begin(), shards.end(), 1);
  return shards;
}

// A shard that says that it ended well has ended, whatever the queue says; any other ends when it leaves the
// queue, as a task that was preempted leaves an exit code and comes again.
bool has_ended(const ShardArray& array, int shard, const QueueAnswer& queue) {
  return exit_code(array, shard) == 0 || (queue.known && !queue.holds(shard));
}

ArrayCount count_of(const ShardArray& array, const QueueAnswer& queue) {
  ArrayCount count;
  for (const int shard : all_shards(array)) {
    if (has_ended(array, shard, queue)) {
      ++count.done;
    } else if (queue.state(shard) == "PENDING" || queue.state(shard).empty()) {
      ++count.pending;
    } else {
      ++count.running;
    }
  }
  return count;
}

ShardEnd end_of(const ShardArray& array, int shard, const QueueAnswer& queue) {
  const std::optional<int> code = exit_code(array, shard);
  if (code == 0) return {.shard = shard, .how = ShardEnd::How::done, .code = 0, .state = {}};
  return {.shard = shard,
          .how = code ? ShardEnd::How::failed : ShardEnd::How::killed,
          .code = code.value_or(0),
          .state = std::string(queue.state(shard))};
}

Error interrupted(const ShardArray& array, const SlurmJob& job) {
  return run_failed(
      array.folder, fmt::format("the end of job array {}", job.id),
      fmt::format("Ctrl-C; the array goes on: the same command, once it has ended, runs only the "
                  "shards that are not done, and `{}` ends it",
                  scancel_line(job)));
}

class Waiting {
 public:
  Waiting(const ShardArray& array, const SlurmJob& job, const WaitOptions& options)
      : array_(array), job_(job), options_(options) {}

  Status until_all_ended(const Interrupts& interrupts) {
    std::chrono::milliseconds pause = options_.first_pause;
    last_answer_ = Clock::now();
    while (true) {
      if (interrupts.any()) return interrupted(array_, job_);
      if (Status heard = ask(); !heard && !interrupts.any()) return heard;
      const ArrayCount count = count_of(array_, queue_);
      if (options_.watch) options_.watch(count);
      if (count.done == array_.shards) return {};
      interrupts.pause(pause);
      pause = std::min(pause * 3 / 2, options_.longest_pause);
    }
  }

  // Exit codes may arrive late.
  Status until_codes_arrive(const Interrupts& interrupts) {
    const Clock::time_point end = Clock::now() + options_.grace;
    const auto missing = [&](int shard) { return !exit_code(array_, shard); };
    const std::vector<int> shards = all_shards(array_);
    while (Clock::now() < end && std::any_of(shards.begin(), shards.end(), missing)) {
      interrupts.pause(std::min(options_.grace, std::chrono::milliseconds(500)));
      if (interrupts.any()) return interrupted(array_, job_);
    }
    return {};
  }

  [[nodiscard]] std::vector<ShardEnd> ends() const {
    std::vector<ShardEnd> out;
    for (const int shard : all_shards(array_)) out.push_back(end_of(array_, shard, queue_));
    return out;
  }

 private:
  // An error only when squeue has not answered for longer than one has patience.
  Status ask() {
    const Result<QueueAnswer> answer = ask_queue(job_);
    if (answer) {
      queue_.update(*answer);
      last_answer_ = Clock::now();
      return {};
    }
    if (Clock::now() - last_answer_ <= options_.patience) return {};
    return run_failed("squeue",
                      fmt::format("word of job array {} for {:.0f} s (the same command goes on later)",
                                  job_.id, std::chrono::duration<double>(options_.patience).count()),
                      answer.error().found);
  }

  const ShardArray& array_;
  const SlurmJob& job_;
  const WaitOptions& options_;
  QueueAnswer queue_;
  Clock::time_point last_answer_;
};

// The last line with words in what a shard said, for an error of one line.
std::string last_words(const ShardArray& array, int shard) {
  constexpr std::size_t kMost = 300;
  const Result<std::string> text = read_text_file(log_file(array, shard), Bytes::mib(64));
  if (!text) return {};
  const std::size_t end = text->find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return {};
  const std::size_t begin = text->find_last_of("\r\n", end) + 1;  // npos + 1 is 0
  std::string line = text->substr(begin, std::min(end + 1 - begin, kMost));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

std::string how_ended(const ShardEnd& end) {
  const std::string state = end.state.empty() ? std::string() : fmt::format(" ({})", end.state);
  if (end.how == ShardEnd::How::killed) return fmt::format("shard {} killed{}", end.shard, state);
  if (end.code > 128) return fmt::format("shard {} ended by signal {}{}", end.shard, end.code - 128, state);
  return fmt::format("shard {} exit code {}", end.shard, end.code);
}

}  // namespace

Result<std::optional<SlurmJob>> running_job(const ShardArray& array) {
  std::error_code error;
  if (!std::filesystem::exists(job_file(array), error)) return std::optional<SlurmJob>();
  const Result<std::string> text = read_text_file(job_file(array), Bytes::kib(4));
  if (!text) return text.error();
  const std::optional<SlurmJob> job = parse_job(*text);
  if (!job)
    return bad_input("the number of a job array, as sbatch prints it", "something else").at(job_file(array));
  const Result<QueueAnswer> queue = ask_queue(*job);
  if (!queue) return queue.error();
  // Of shards beyond these, too: another number of them may be at work here.
  const bool running = std::any_of(queue->states.begin(), queue->states.end(),
                                   [&](const auto& entry) { return !has_ended(array, entry.first, *queue); });
  return running ? std::optional(*job) : std::optional<SlurmJob>();
}

Result<SlurmJob> submit(const ShardArray& array, const std::vector<int>& which) {
  // Before anything is written: on a machine without Slurm nothing is left behind.
  const Result<std::string> sbatch = program_on_path("sbatch", "slurm-client");
  if (!sbatch) return sbatch.error();
  if (Status made = make_folder(array); !made) return made.error();
  const FolderLock lock(array.folder);
  if (!lock.held())
    return bad_input("a folder in which nobody else submits just now", "one in use").at(array.folder);
  const Result<std::optional<SlurmJob>> running = running_job(array);
  if (!running) return running.error();
  if (*running) {
    return bad_input("a folder whose job array has ended",
                     fmt::format("job array {} in the queue (wait for it, or `{}`)", (**running).id,
                                 scancel_line(**running)))
        .at(array.folder);
  }
  if (Status written = write_array(array, which); !written) return written.error();
  return call_sbatch(array);
}

Result<std::vector<ShardEnd>> wait_for(const ShardArray& array, const SlurmJob& job,
                                       const WaitOptions& options) {
  const Interrupts interrupts;
  Waiting waiting(array, job, options);
  if (Status ended = waiting.until_all_ended(interrupts); !ended) return ended.error();
  if (Status arrived = waiting.until_codes_arrive(interrupts); !arrived) return arrived.error();
  return waiting.ends();
}

Result<ArrayEnd> run_on_slurm(const ShardArray& array, const WaitOptions& options) {
  ArrayEnd end;
  end.submitted = missing_shards(array);
  if (end.submitted.empty()) {
    for (const int shard : all_shards(array)) end.shards.push_back({.shard = shard, .state = {}});
    return end;
  }
  const Interrupts interrupts;  // from before the submission: who presses Ctrl-C then hears of the array, too
  const Result<SlurmJob> job = submit(array, end.submitted);
  if (!job) return job.error();
  end.job = *job;
  Progress progress(fmt::format("job array {}: shard", job->id));
  WaitOptions watched = options;
  watched.watch = [&](const ArrayCount& count) {
    progress.update(count.done, array.shards,
                    fmt::format("{} running, {} pending", count.running, count.pending));
    if (options.watch) options.watch(count);
  };
  Result<std::vector<ShardEnd>> shards = wait_for(array, *job, watched);
  if (!shards) return shards.error();
  end.shards = std::move(*shards);
  return end;
}

Status all_ended_well(const ShardArray& array, const ArrayEnd& end) {
  constexpr std::size_t kMostNamed = 5;
  std::vector<std::string> names;
  std::string words;
  std::size_t bad = 0;
  for (const ShardEnd& shard : end.shards) {
    if (shard.how == ShardEnd::How::done) continue;
    if (bad++ == 0) words = last_words(array, shard.shard);
    if (names.size() < kMostNamed) names.push_back(how_ended(shard));
  }
  if (bad == 0) return {};
  std::string found = fmt::format("{}", fmt::join(names, ", "));
  if (bad > names.size()) found += fmt::format(" and {} more", bad - names.size());
  if (!words.empty()) found += fmt::format("; the first said last: {}", words);
  return run_failed(array.folder, fmt::format("{} shards that end well", array.shards), found);
}

}  // namespace pregate
