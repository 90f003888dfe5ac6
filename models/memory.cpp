// SPDX-License-Identifier: Apache-2.0
#include "models/memory.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

#include "traces/base/check.hpp"

namespace pregate {
namespace {

constexpr std::size_t kLine = 64;

// A line such as "MemAvailable:  123 kB" of a file under /proc; 0 when it is not there.
std::int64_t proc_kilobytes(const char* file, const std::string& key) {
  std::ifstream in(file);
  std::string word;
  while (in >> word) {
    std::int64_t value = 0;
    if (word == key && in >> value) return value;
  }
  return 0;
}

// A control group's limit, where one is set.
std::int64_t group_limit() {
  std::ifstream limit("/sys/fs/cgroup/memory.max"), used("/sys/fs/cgroup/memory.current");
  std::int64_t most = 0, now = 0;
  if (!(limit >> most) || !(used >> now)) return INT64_MAX;  // "max", or no such file
  return std::max<std::int64_t>(most - now, 0);
}

}  // namespace

Bytes available_memory() {
  const std::int64_t system = proc_kilobytes("/proc/meminfo", "MemAvailable:") * 1024;
  std::int64_t available = std::min(system > 0 ? system : INT64_MAX, group_limit());
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    const std::int64_t taken = proc_kilobytes("/proc/self/status", "VmSize:") * 1024;
    available =
        std::min(available, std::max<std::int64_t>(static_cast<std::int64_t>(limit.rlim_cur) - taken, 0));
  }
  return Bytes(available);
}

Bytes total_memory() {
  return Bytes(proc_kilobytes("/proc/meminfo", "MemTotal:") * 1024);
}

Bytes peak_memory() {
  return Bytes(proc_kilobytes("/proc/self/status", "VmHWM:") * 1024);
}

Status require_memory(Bytes bytes, const char* what) {
  const Bytes available = available_memory();
  if (bytes <= available) return {};
  return bad_input(fmt::format("{} of free memory for {}", to_text(bytes), what), to_text(available),
                   "memory");
}

Result<Arena> Arena::create(Bytes bytes) {
  const auto size = static_cast<std::size_t>(bytes.count());
  void* data =
      mmap(nullptr, std::max(size, kLine), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return bad_input(fmt::format("{} of memory", to_text(bytes)), "less", "memory");
  // Weights are read from end to end: with large pages the address of a page is looked up 512 times less
  // often.
  (void)madvise(data, size, MADV_HUGEPAGE);
  return Arena(static_cast<std::byte*>(data), std::max(size, kLine));
}

Arena::~Arena() {
  if (data_ != nullptr) munmap(data_, size_);
}

Arena::Arena(Arena&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(other.size_), used_(other.used_) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(used_, other.used_);
  return *this;
}

std::byte* Arena::take(std::size_t bytes) {
  const std::size_t rounded = (bytes + kLine - 1) / kLine * kLine;
  check(rounded <= size_ - used_, "an arena that is too small");
  return data_ + std::exchange(used_, used_ + rounded);
}

}  // namespace pregate
