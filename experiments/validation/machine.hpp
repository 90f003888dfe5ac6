// SPDX-License-Identifier: Apache-2.0
// The machine that a validation ran on, in words, and what its disk gives to a program that does nothing
// else.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiments/stream/streamed_model.hpp"
#include "experiments/validation/cell.hpp"

namespace pregate {

std::string today();  // "2026-11-26"
// Processor, threads, memory, kernel, and the file system that `file` is on.
std::string machine_text(const std::string& file);
// Reads of whole experts of the file in a shuffled order, about a second for each of `lanes`, in turns.
// `stop` (may be empty) ends it with an error.
Result<std::vector<PlainRead>> plain_read_rates(const OpenedStream& stream,
                                                const std::vector<std::int32_t>& lanes,
                                                const std::function<bool()>& stop);

}  // namespace pregate
