# Debian 12 packages only; nothing is downloaded.
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo cairo-svg cairo-png)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_library(PREGATE_DNNL dnnl REQUIRED)

# Debian's libsystemc is C++17: a C++20 file links only when it claims the same standard to SystemC's
# version check (SC_CPLUSPLUS). Said once, here.
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
add_library(pregate_systemc INTERFACE)
target_link_libraries(pregate_systemc INTERFACE PkgConfig::SYSTEMC)
target_compile_definitions(pregate_systemc INTERFACE SC_CPLUSPLUS=201703L)

# libtorch only for the trainer, a program of its own: without it everything else is built.
find_library(PREGATE_TORCH torch)
find_library(PREGATE_TORCH_CPU torch_cpu)
find_library(PREGATE_C10 c10)
find_path(PREGATE_TORCH_API torch/torch.h PATH_SUFFIXES torch/csrc/api/include)
if(PREGATE_TORCH AND PREGATE_TORCH_CPU AND PREGATE_C10 AND PREGATE_TORCH_API)
  set(PREGATE_TORCH_FOUND ON)
else()
  set(PREGATE_TORCH_FOUND OFF)
endif()
option(PREGATE_TRAINER "Build pregate-train (needs libtorch)" ${PREGATE_TORCH_FOUND})
set(PREGATE_TORCH_LIBRARIES ${PREGATE_TORCH} ${PREGATE_TORCH_CPU} ${PREGATE_C10})
set(PREGATE_TORCH_INCLUDE_DIRS ${PREGATE_TORCH_API})
