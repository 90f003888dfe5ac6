// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/scenario_hash.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "sim/simulator.hpp"

namespace pregate {
namespace {

std::string hex(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

// What of a checkpoint's folder decides its routing.
std::vector<std::string> checkpoint_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".safetensors" || extension == ".json") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::string> ScenarioHasher::file_hash(const std::string& path) {
  if (const auto known = files_.find(path); known != files_.end()) return known->second;
  std::ifstream in(path, std::ios::binary);
  if (!in) return bad_input("a file that can be read", std::strerror(errno)).at(path);
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  const std::unique_ptr<XXH3_state_t, Free> state(XXH3_createState());
  check(state != nullptr, "there is memory for a hash");
  XXH3_128bits_reset(state.get());
  std::vector<char> buffer(1 << 20);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0)
    XXH3_128bits_update(state.get(), buffer.data(), static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return bad_input("a file that can be read", "an error of the disk").at(path);
  return files_[path] = hex(XXH3_128bits_digest(state.get()));
}

Result<std::string> ScenarioHasher::hash(const RunRequest& request, const ResolvedRun& run) {
  const WorkloadSpec& workload = run.scenario.workload;
  std::vector<std::string> paths;
  if (!workload.trace.empty()) paths.push_back(workload.trace);
  if (workload.live()) {
    if (!workload.forward->prompt_file.empty()) paths.push_back(workload.forward->prompt_file);
    if (const auto folder = catalogue_.checkpoint(run.model); folder && !workload.forward->random_weights) {
      const std::vector<std::string> files = checkpoint_files(*folder);
      paths.insert(paths.end(), files.begin(), files.end());
    }
  }
  std::string made_of = fmt::format("pregate {}\n{}", pregate_version(), run.scenario.text);
  if (request.model == "none") made_of += "the costs that the trace has itself\n";
  for (const std::string& path : paths) {
    const Result<std::string> file = file_hash(path);
    if (!file) return file.error();
    made_of += fmt::format("{}\n", *file);
  }
  return hex(XXH3_128bits(made_of.data(), made_of.size()));
}

std::string ScenarioHasher::hash_of_unresolved(const RunRequest& request,
                                               const std::vector<std::string>& paths,
                                               const std::vector<Quantity>& values) {
  std::string made_of = fmt::format("pregate {}, no scenario\n", pregate_version());
  for (const std::string* said : {&request.scenario, &request.model, &request.device, &request.trace,
                                  &request.shape_as, &request.npu, &request.seed}) {
    made_of += *said + "\n";
  }
  for (const std::string& assignment : request.assignments) made_of += assignment + "\n";
  for (std::size_t i = 0; i < paths.size(); ++i)
    made_of += fmt::format("{}={}\n", paths[i], values[i].text());
  return hex(XXH3_128bits(made_of.data(), made_of.size()));
}

}  // namespace pregate
