// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/routing_share.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "experiments/live_routing.hpp"
#include "experiments/workers.hpp"
#include "traces/import.hpp"
#include "traces/route_file.hpp"

namespace pregate {
namespace {

// A file's name that nobody else has; the file goes with it.
class ScratchFile {
 public:
  static Result<ScratchFile> make() {
    std::error_code error;
    std::string path = (std::filesystem::temp_directory_path(error) / "pregate.route.XXXXXX").string();
    const int fd = error ? -1 : ::mkstemp(path.data());
    if (fd < 0) return run_failed(path, "a temporary file", std::strerror(errno));
    ::close(fd);
    return ScratchFile(std::move(path));
  }
  explicit ScratchFile(std::string path) : path_(std::move(path)) {}
  ~ScratchFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  ScratchFile(ScratchFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFile& operator=(ScratchFile&&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

Result<Workload> RoutingShare::compute(const RunRequest& request, const ResolvedRun& run) const {
  if (!run.scenario.workload.live()) return load_workload(catalogue_, request, run);
  const Result<ScratchFile> file = ScratchFile::make();
  if (!file) return file.error();
  Status failed;
  // The job answers with nothing, or with why not.
  const Status ran = run_in_workers(
      1,
      [&](std::size_t) {
        const Result<std::shared_ptr<const RouteTrace>> trace = route_live(catalogue_, run, threads_);
        if (!trace) return trace.error().message();
        const Status written = write_route(file->path(), **trace);
        return written.ok() ? std::string() : written.error().message();
      },
      [&](std::size_t, const Result<std::string>& answer) {
        if (!answer)
          failed = answer.error();
        else if (!answer->empty())
          failed = bad_input("a forward pass", *answer);
        return Status();
      },
      {});
  if (!ran) return ran.error();
  if (!failed) return failed.error();
  Result<RouteTrace> trace = load_trace(file->path(), {.model = {}, .provenance = {}});
  if (!trace) return trace.error();
  return dressed_workload(run, std::make_shared<const RouteTrace>(std::move(*trace)));
}

Result<Workload> RoutingShare::get(const RunRequest& request, const ResolvedRun& run) {
  if (holds(run)) return *workload_;
  workload_.reset();  // the old one goes before the new one comes
  Result<Workload> workload = compute(request, run);
  if (!workload) return workload.error();
  key_ = run.scenario.routing_text;
  workload_ = *workload;
  return workload;
}

}  // namespace pregate
