// SPDX-License-Identifier: Apache-2.0
// The machine that a validation ran on, in words, and what its disk gives to a program that does nothing
// else.
#pragma once

#include <string>
#include <vector>

#include "experiments/stream/streamed_model.hpp"

namespace pregate {

std::string today();  // "2026-11-26"
// Processor, threads, memory, kernel, and the file system that `file` is on.
std::string machine_text(const std::string& file);
// MiB/s of reads of whole experts of the file in a shuffled order, the most of `lanes` at once, for about a
// second: the limit of a disk-bound run.
Result<double> plain_read_rate(const OpenedStream& stream, const std::vector<std::int32_t>& lanes);

}  // namespace pregate
