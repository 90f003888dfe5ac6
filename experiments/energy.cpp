// SPDX-License-Identifier: Apache-2.0
#include "experiments/energy.hpp"

#include <optional>

namespace pregate {
namespace {

struct Level {
  std::string_view key, name, field, unit;
  double EnergySummary::*joules;
  double EnergySpec::*coefficient;
};

constexpr Level kLevels[] = {
    {"flash", "flash", "flash_pj_per_bit", "pJ/bit", &EnergySummary::flash, &EnergySpec::flash_pj_per_bit},
    {"link", "link", "link_pj_per_bit", "pJ/bit", &EnergySummary::link, &EnergySpec::link_pj_per_bit},
    {"dram", "DRAM", "dram_pj_per_bit", "pJ/bit", &EnergySummary::dram, &EnergySpec::dram_pj_per_bit},
    {"mac", "MACs", "mac_pj", "pJ/MAC", &EnergySummary::mac, &EnergySpec::mac_pj},
    {"sram", "SRAM", "sram_pj_per_bit", "pJ/bit", &EnergySummary::sram, &EnergySpec::sram_pj_per_bit},
    {"idle", "idle", "idle_watts", "W", &EnergySummary::idle, &EnergySpec::idle_watts},
};

// The file's word on a coefficient holds only while the coefficient is the file's.
std::string source_of(const Level& level, double used, const std::string& device_text,
                      const std::optional<EnergySpec>& of_file) {
  if (!of_file) return "the device file";
  if ((*of_file).*level.coefficient != used) return "set by the scenario";
  std::string comment = comment_of(device_text, level.field);
  return comment.empty() ? "not given: left out" : comment;
}

}  // namespace

std::string comment_of(std::string_view device_text, std::string_view field) {
  for (std::size_t begin = 0; begin < device_text.size();) {
    const std::size_t end = std::min(device_text.find('\n', begin), device_text.size());
    std::string_view line = device_text.substr(begin, end - begin);
    begin = end + 1;
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (!line.starts_with(field) || !line.substr(field.size()).starts_with(":")) continue;
    const std::size_t hash = line.find("# ");
    if (hash != std::string_view::npos) return std::string(line.substr(hash + 2));
  }
  return {};
}

std::vector<EnergyLevel> energy_levels(const RunSummary& summary, const DeviceSpec& device,
                                       const std::string& device_text) {
  std::vector<EnergyLevel> levels;
  if (!device.energy || !summary.all.energy) return levels;
  std::optional<EnergySpec> of_file;
  if (!device_text.empty()) {
    if (const Result<DeviceSpec> file = parse_device({device.id, device_text})) of_file = file->energy;
  }
  const std::int64_t tokens = summary.decode.tokens;
  for (const Level& level : kLevels) {
    if (level.key == "link" && !device.link) continue;
    const double used = (*device.energy).*level.coefficient;
    EnergyLevel out{.key = level.key,
                    .name = level.name,
                    .run_j = (*summary.all.energy).*level.joules,
                    .coefficient = used,
                    .unit = level.unit,
                    .source = source_of(level, used, device_text, of_file)};
    if (tokens > 0 && summary.decode.energy) {
      out.token_j = (*summary.decode.energy).*level.joules / static_cast<double>(tokens);
    }
    levels.push_back(std::move(out));
  }
  return levels;
}

}  // namespace pregate
