// SPDX-License-Identifier: Apache-2.0
// `pregate pack`: the routed experts of a model in one file, to be streamed from disk.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/forward_model.hpp"
#include "experiments/json_text.hpp"
#include "experiments/stream/pack_experts.hpp"
#include "experiments/verbs.hpp"
#include "models/expert_pack.hpp"

namespace pregate {
namespace {

using Json = nlohmann::ordered_json;

struct PackRequest {
  ForwardRequest model;
  std::string out, check;
  bool json = false;
};

Bytes file_bytes(const ExpertPack& pack) {
  return pack.offset(pack.banks, 0);
}

std::string text_of(const std::string& path, const ExpertPack& pack, bool checked) {
  std::string out = fmt::format("{}: the routed experts of {}\n", path, pack.model);
  out += fmt::format("  weights  {}\n", pack.weights);
  out += fmt::format("  layout   {}\n", pack.layout);
  out += fmt::format("  experts  {} bank{} of {}, {} each, every {} bytes from byte {} on\n", pack.banks,
                     pack.banks == 1 ? "" : "s", pack.experts, to_text(pack.expert_bytes),
                     pack.stride.count(), pack.first.count());
  out += fmt::format("  file     {}{}\n", to_text(file_bytes(pack)),
                     checked ? "; every block has its checksum" : "");
  return out;
}

Json json_of(const std::string& path, const ExpertPack& pack, bool checked) {
  return {{"file", path},
          {"model", pack.model},
          {"weights", pack.weights},
          {"layout", pack.layout},
          {"banks", pack.banks},
          {"experts", pack.experts},
          {"dense_layers", pack.dense_layers},
          {"group", pack.group},
          {"expert_bytes", pack.expert_bytes.count()},
          {"stride_bytes", pack.stride.count()},
          {"first_byte", pack.first.count()},
          {"file_bytes", file_bytes(pack).count()},
          {"checked", checked}};
}

Status tell(Session& session, const PackRequest& request, const std::string& path, const ExpertPack& pack,
            bool checked) {
  session.out = request.json ? json_text(json_of(path, pack, checked)) : text_of(path, pack, checked);
  return {};
}

Status check_file(Session& session, const PackRequest& request) {
  const Result<ExpertPack> pack = read_expert_pack(request.check);
  if (!pack) return pack.error();
  Progress progress("checking experts: MiB");
  const Status verified = verify_expert_pack(request.check, *pack, [&](Bytes done, Bytes total) {
    progress.update(done.count() >> 20, total.count() >> 20);
  });
  if (!verified) return verified;
  progress.clear();
  return tell(session, request, request.check, *pack, true);
}

// What a checkpoint is made of: none of it may be written over.
std::vector<NamedPath> files_of(const std::string& folder) {
  std::vector<NamedPath> files;
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::directory_iterator(folder, unreadable)) {
    const std::string kind = entry.path().extension().string();
    if (kind == ".json" || kind == ".safetensors")
      files.push_back({"the checkpoint's own", entry.path().string()});
  }
  return files;
}

Status pack_model(Session& session, const PackRequest& request) {
  const Result<FoundModel> found = find_forward_model(session.catalogue, request.model);
  if (!found) return found.error();
  if (Status fine = check_outputs({{"--out", request.out}}, files_of(found->folder)); !fine) return fine;
  if (Status written = pack_experts(*found, request.model, request.out); !written) return written;
  const Result<ExpertPack> pack = read_expert_pack(request.out);
  if (!pack) return pack.error();
  return tell(session, request, request.out, *pack, false);
}

constexpr const char* kExamples = R"(Examples:
  pregate pack --model ./checkpoint --precision int8 --out model.experts
  pregate pack --model megrez2-3x7b-a3b --random-weights 1 --out megrez2.experts
  pregate pack --check megrez2.experts                 reads every block and compares its checksum
Each expert lies in one block at a multiple of 4096 bytes, packed for the kernels of this processor.
Ctrl-C leaves nothing behind.)";

}  // namespace

void add_pack_verb(CLI::App& app, Session& session) {
  auto request = std::make_shared<PackRequest>();
  request->model.precision = "int8";
  CLI::App* verb =
      app.add_subcommand("pack", "Put a model's routed experts into one file, to stream them from disk");
  CLI::Option* model = verb->add_option("--model", request->model.model,
                                        "a checkpoint folder, or a preset with --random-weights");
  add_forward_options(*verb, request->model);
  CLI::Option* out = verb->add_option("--out", request->out, "the file that is written");
  CLI::Option* check =
      verb->add_option("--check", request->check, "say what this file is and compare all of its checksums");
  check->excludes(out)->excludes(model);
  for (const char* name : {"--random-weights", "--precision", "--threads"}) check->excludes(name);
  verb->add_flag("--json", request->json, "JSON instead of text");
  verb->footer(kExamples);
  verb->callback([request, verb, &session] {
    if (verb->count("--check") > 0) {
      session.action = [request, &session] { return check_file(session, *request); };
      return;
    }
    for (const char* name : {"--model", "--out"}) {
      if (verb->count(name) == 0) throw CLI::RequiredError(name);
    }
    session.action = [request, &session] { return pack_model(session, *request); };
  });
}

}  // namespace pregate
