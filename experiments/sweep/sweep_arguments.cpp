// SPDX-License-Identifier: Apache-2.0
#include "experiments/sweep/sweep_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "experiments/workers.hpp"
#include "traces/sweep_spec.hpp"

namespace pregate {
namespace {

Result<std::int64_t> whole(const std::string& text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most)
    return value;
  return bad_input(fmt::format("a whole number from {} to {}", least, most), fmt::format("\"{}\"", text));
}

Status read_shard(const std::string& text, SweepRequest& request) {
  if (text.empty()) return {};
  const std::size_t slash = text.find('/');
  const auto index = whole(text.substr(0, slash), 1, 1'000'000);
  const auto count = whole(slash == std::string::npos ? "" : text.substr(slash + 1), 1, 1'000'000);
  if (!index || !count || *index > *count)
    return bad_input("I/N, the I-th of N shards, from 1/N to N/N", fmt::format("\"{}\"", text)).at("--shard");
  request.shard = static_cast<std::size_t>(*index);
  request.shards = static_cast<std::size_t>(*count);
  return {};
}

// A file's paths are beside the file; shipped names have no slash.
void anchor(std::string& path, const std::string& spec, bool always) {
  const std::size_t slash = spec.rfind('/');
  if (path.empty() || path.front() == '/' || slash == std::string::npos) return;
  if (always || path.find('/') != std::string::npos) path = spec.substr(0, slash + 1) + path;
}

// Fields whose values are paths or names: in a file, paths are beside it.
bool names_file(std::string_view path) {
  return path == "workload.trace" || path == "workload.forward.prompt_file";
}
bool names_preset(std::string_view path) {
  return path == "model.preset" || path == "model.shape_as" || path == "device.id";
}

void anchor_field(const std::string& path, std::string& value, const std::string& file) {
  if (names_file(path) || names_preset(path)) anchor(value, file, names_file(path));
}

std::string anchored_assignment(const std::string& text, const std::string& file) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return text;
  std::string value = text.substr(equals + 1);
  anchor_field(text.substr(0, equals), value, file);
  return text.substr(0, equals + 1) + value;
}

// The file's words under the options' ones.
void put_under(const SweepSpec& spec, const std::string& file, bool from_disk, RunRequest& base) {
  struct Field {
    std::string RunRequest::*option;
    const std::string& said;
    bool is_path;
  };
  for (const Field& field :
       {Field{&RunRequest::scenario, spec.scenario, false}, Field{&RunRequest::model, spec.model, false},
        Field{&RunRequest::device, spec.device, false}, Field{&RunRequest::trace, spec.trace, true},
        Field{&RunRequest::shape_as, spec.shape_as, false}}) {
    if (!(base.*field.option).empty()) continue;
    base.*field.option = field.said;
    if (from_disk) anchor(base.*field.option, file, field.is_path);
  }
  for (const SpecText& text : spec.set) {
    base.file_assignments.push_back({from_disk ? anchored_assignment(text.text, file) : text.text,
                                     fmt::format("{}: {}", file, text.place)});
  }
}

Status add_axis(const std::string& text, const std::string& file, const std::string& place,
                std::vector<Axis>& axes) {
  Result<Axis> axis = parse_axis(text);
  if (!axis) {
    const std::string& inner = axis.error().place;
    return axis.error().at(file, place.empty() || inner.empty() ? place : place + ": " + inner);
  }
  const auto same =
      std::find_if(axes.begin(), axes.end(), [&](const Axis& a) { return a.path == axis->path; });
  if (same == axes.end()) {
    axes.push_back(std::move(*axis));
  } else if (place.empty()) {
    *same = std::move(*axis);
  } else {
    return bad_input("each field on one axis", fmt::format("{} a second time", axis->path), place).at(file);
  }
  return {};
}

Status read_spec(const ShippedCatalogue& catalogue, const std::string& name, SweepRequest& request) {
  const Result<NamedText> source = catalogue.sweep(name);
  if (!source) return source.error();
  const Result<SweepSpec> spec = parse_sweep_spec(*source);
  if (!spec) return spec.error();
  const bool from_disk = source->path == name;
  put_under(*spec, source->path, from_disk, request.base);
  for (const SpecText& text : spec->vary) {
    if (Status added = add_axis(text.text, source->path, text.place, request.axes); !added) return added;
    Axis& axis = request.axes.back();
    for (Quantity& value : axis.values) {
      if (!from_disk || !value.is_text()) continue;
      std::string text_of = value.text();
      anchor_field(axis.path, text_of, source->path);
      value = Quantity::parse(text_of);
    }
  }
  request.axes_from = source->path;
  request.title = spec->title.empty() ? spec->name : spec->title;
  if (spec->zip) request.combine.how = Combination::zip;
  if (spec->sample > 0) request.combine.how = Combination::sample;
  request.combine.samples = spec->sample;
  request.combine.seed = spec->seed;
  return {};
}

Status read_combination(const SweepArguments& arguments, CombineOptions& combine) {
  if (arguments.zip && !arguments.sample.empty()) return bad_input("--zip or --sample", "both").at("--zip");
  if (arguments.zip) combine.how = Combination::zip;
  if (!arguments.sample.empty()) {
    const auto count = whole(arguments.sample, 1, kMostPoints);
    if (!count) return count.error().at("--sample");
    combine.how = Combination::sample;
    combine.samples = *count;
  }
  if (arguments.sample_seed.empty()) return {};
  if (combine.how != Combination::sample) return bad_input("--sample beside it", "none").at("--sample-seed");
  const auto seed = whole(arguments.sample_seed, 0, INT64_MAX);
  if (!seed) return seed.error().at("--sample-seed");
  combine.seed = static_cast<std::uint64_t>(*seed);
  return {};
}

}  // namespace

Result<SweepRequest> sweep_request(const ShippedCatalogue& catalogue, const SweepArguments& arguments) {
  SweepRequest request{.base = arguments.base, .out = arguments.out, .threads = arguments.threads};
  if (!arguments.spec.empty()) {
    if (Status read = read_spec(catalogue, arguments.spec, request); !read) return read.error();
  }
  // Two options that name one field contradict each other; one that names a field of the file replaces it.
  std::vector<std::string> seen;
  for (const std::string& text : arguments.vary) {
    std::string path = text.substr(0, text.find('='));
    std::erase(path, ' ');
    if (std::find(seen.begin(), seen.end(), path) != seen.end())
      return bad_input("each field on one axis", fmt::format("{} a second time", path)).at("--vary");
    seen.push_back(path);
    if (Status added = add_axis(text, "--vary", "", request.axes); !added) return added.error();
  }
  if (!arguments.vary.empty()) request.axes_from = "--vary";
  if (request.axes.empty())
    return bad_input("a sweep to run: a file, or --vary dram.expert_budget=1GiB,2GiB", "neither").at("sweep");
  if (Status read = read_combination(arguments, request.combine); !read) return read.error();
  if (Status read = read_shard(arguments.shard, request); !read) return read.error();
  request.jobs = available_cores();
  if (!arguments.jobs.empty()) {
    const auto jobs = whole(arguments.jobs, 1, 4096);
    if (!jobs) return jobs.error().at("--jobs");
    request.jobs = static_cast<std::size_t>(*jobs);
  }
  return request;
}

}  // namespace pregate
