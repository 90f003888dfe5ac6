// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu.hpp"

#include <fmt/format.h>
#include <omp.h>

#include "kernels/onednn.hpp"

namespace pregate {
namespace {

CpuFeatures detect() {
  __builtin_cpu_init();
  CpuFeatures features;
  features.avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                    __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  features.avx512_bf16 = __builtin_cpu_supports("avx512bf16") != 0;
  features.avx512_vnni = __builtin_cpu_supports("avx512vnni") != 0;
  return features;
}

std::string_view isa_name(dnnl::cpu_isa isa) {
  switch (isa) {
    case dnnl::cpu_isa::sse41:
      return "SSE4.1";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
    case dnnl::cpu_isa::avx2_vnni:
      return "AVX2";
    case dnnl::cpu_isa::avx512_core:
      return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX-512 VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX-512 BF16";
    default:
      return "AMX";
  }
}

}  // namespace

void set_threads(int threads) {
  omp_set_num_threads(threads > 0 ? threads : omp_get_num_procs());
}

int threads() {
  return omp_get_max_threads();
}

const CpuFeatures& cpu_features() {
  static const CpuFeatures kFeatures = detect();
  return kFeatures;
}

bool supports(Precision precision) {
  // Instruction sets are sets of bits.
  const auto has = [](dnnl::cpu_isa isa) {
    const auto bits = static_cast<unsigned>(isa);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & bits) == bits;
  };
  if (precision == Precision::f32) return true;
  if (precision == Precision::bf16) return has(dnnl::cpu_isa::avx512_core);
  return has(dnnl::cpu_isa::avx512_core_vnni) || has(dnnl::cpu_isa::avx2_vnni);
}

std::string describe_cpu() {
  return fmt::format("oneDNN {}.{}.{} on {}, {} threads", dnnl::version()->major, dnnl::version()->minor,
                     dnnl::version()->patch, isa_name(dnnl::get_effective_cpu_isa()), threads());
}

dnnl::engine& onednn_engine() {
  static dnnl::engine engine = guarded([] { return dnnl::engine(dnnl::engine::kind::cpu, 0); });
  return engine;
}

dnnl::stream& onednn_stream() {
  static dnnl::stream stream = guarded([] { return dnnl::stream(onednn_engine()); });
  return stream;
}

}  // namespace pregate
