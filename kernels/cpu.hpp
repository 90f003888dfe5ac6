// SPDX-License-Identifier: Apache-2.0
// The processor that runs the forward pass: how many threads it gets and which instructions it has.
#pragma once

#include <string>

#include "kernels/precision.hpp"

namespace pregate {

// Threads of every kernel after this call; 0: all that the process may use. Call from one thread.
void set_threads(int threads);
int threads();

struct CpuFeatures {
  bool avx512 = false;  // F, BW, DQ, VL
  bool avx512_bf16 = false;
  bool avx512_vnni = false;
};
const CpuFeatures& cpu_features();

// Whether oneDNN 2.6 multiplies in that precision here: bf16 wants AVX-512; int8 wants VNNI, without which
// its sums of signed bytes saturate. f32 runs everywhere.
bool supports(Precision precision);

// "avx512_core_amx, 2 threads": what oneDNN will use.
std::string describe_cpu();

}  // namespace pregate
