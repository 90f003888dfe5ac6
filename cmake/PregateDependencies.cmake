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
