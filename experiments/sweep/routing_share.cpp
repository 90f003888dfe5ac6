// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/routing_share.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "experiments/live_routing.hpp"
#include "experiments/summary_json.hpp"
#include "experiments/workers.hpp"
#include "traces/import.hpp"
#include "traces/route_file.hpp"

namespace pregate {
namespace {

// Where temporary files go: /tmp, or what the environment says.
Result<std::filesystem::path> scratch_folder() {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (!error) return folder;
  for (const char* name : {"TMPDIR", "TMP", "TEMP", "TEMPDIR"}) {
    if (const char* said = std::getenv(name); said != nullptr)
      return run_failed(said, fmt::format("a folder for temporary files, as {} says", name), error.message());
  }
  return run_failed("/tmp", "a folder for temporary files", error.message());
}

// An error on its way from a child, whole.
std::string sent(const Error& error) {
  const Json json = {{"file", error.file},
                     {"place", error.place},
                     {"expected", error.expected},
                     {"found", error.found},
                     {"bad_input", error.kind == Error::Kind::bad_input}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Error received(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object())
    return run_failed("", "a forward pass", "a process that said nothing that can be read");
  return {.file = json.value("file", ""),
          .place = json.value("place", ""),
          .expected = json.value("expected", ""),
          .found = json.value("found", ""),
          .kind = json.value("bad_input", true) ? Error::Kind::bad_input : Error::Kind::run_failed};
}

// A file's name that nobody else has; the file goes with it.
class ScratchFile {
 public:
  static Result<ScratchFile> make() {
    const Result<std::filesystem::path> folder = scratch_folder();
    if (!folder) return folder.error();
    std::string path = (*folder / "pregate.route.XXXXXX").string();
    const int fd = ::mkstemp(path.data());
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

Status check_shareable(const ResolvedRun& run) {
  if (!run.scenario.workload.live()) return {};
  if (Status possible = check_live_replay(run.scenario); !possible)
    return possible.error().at(run.scenario_file);
  const Result<std::filesystem::path> folder = scratch_folder();
  return folder ? Status() : Status(folder.error());
}

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
        if (!trace) return sent(trace.error());
        const Status written = write_route(file->path(), **trace);
        return written.ok() ? std::string() : sent(written.error());
      },
      [&](std::size_t, const Result<std::string>& answer) {
        if (!answer)
          failed = answer.error();
        else if (!answer->empty())
          failed = received(*answer);
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
