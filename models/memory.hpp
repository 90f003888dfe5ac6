// SPDX-License-Identifier: Apache-2.0
// Memory of the machine: what there is, what the process has taken, and one large stretch of it.
#pragma once

#include <cstddef>
#include <span>

#include "traces/base/result.hpp"
#include "traces/base/units.hpp"

namespace pregate {

// What the system says it can still give without swapping, and no more than the process may have.
Bytes available_memory();
// All that the machine has.
Bytes total_memory();
// Most that the process has had resident so far.
Bytes peak_memory();
// bad_input when `bytes` are more than available_memory(); `what` names them.
Status require_memory(Bytes bytes, const char* what);

// Anonymous pages, zero, on large pages where the system has them.
class Arena {
 public:
  static Result<Arena> create(Bytes bytes);
  ~Arena();
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;

  // The next `bytes`, aligned to a cache line. The arena must have room for them.
  std::byte* take(std::size_t bytes);
  [[nodiscard]] std::span<const std::byte> taken() const { return {data_, used_}; }

 private:
  Arena(std::byte* data, std::size_t size) : data_(data), size_(size) {}
  std::byte* data_ = nullptr;
  std::size_t size_ = 0, used_ = 0;
};

}  // namespace pregate
