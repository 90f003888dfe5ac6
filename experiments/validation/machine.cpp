// SPDX-License-Identifier: Apache-2.0
#include "experiments/validation/machine.hpp"

#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "models/machine_probe.hpp"

namespace pregate {
namespace {

std::string file_system_of(const std::string& file) {
  struct statfs of {};
  if (statfs(file.c_str(), &of) != 0) return "an unknown file system";
  switch (static_cast<unsigned long>(of.f_type)) {
    case 0xEF53:
      return "ext4";
    case 0x58465342:
      return "XFS";
    case 0x9123683E:
      return "Btrfs";
    case 0xF2F52010:
      return "F2FS";
    case 0x01021994:
      return "tmpfs";
    case 0x794C7630:
      return "overlayfs";
    default:
      return fmt::format("file system {:#x}", static_cast<unsigned long>(of.f_type));
  }
}

}  // namespace

std::string today() {
  return describe_machine().date;
}

std::string machine_text(const std::string& file) {
  const MachineWords words = describe_machine();
  const Bytes memory(static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE));
  return fmt::format("{}, {}, {} of memory, {}, {}", words.processor, words.compute, to_text(memory),
                     words.kernel, file_system_of(file));
}

Result<std::vector<PlainRead>> plain_read_rates(const OpenedStream& stream,
                                                const std::vector<std::int32_t>& lanes,
                                                const std::function<bool()>& stop) {
  const Result<DiskTable> table = probe_disk({.path = stream.file,
                                              .sizes = {stream.pack.stride},
                                              .depths = lanes,
                                              .rounds = 3,
                                              .row_seconds = 0.3,
                                              .progress = {},
                                              .stop = stop});
  if (!table) return table.error();
  std::vector<PlainRead> out;
  for (const DiskRow& row : table->rows) {
    out.push_back({.lanes = row.depth,
                   .mib_s = row.bytes_per_second.median / static_cast<double>(Bytes::mib(1).count())});
  }
  return out;
}

}  // namespace pregate
