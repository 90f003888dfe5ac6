# What every target of ours compiles with. Generated code (protobuf) and system headers are exempt from warnings.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(PREGATE_CCACHE ccache)
if(PREGATE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${PREGATE_CCACHE}")
endif()

add_library(pregate_options INTERFACE)
target_compile_options(pregate_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                                 -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Werror)
# Designated initialisers leave members at their defaults on purpose.
target_compile_options(pregate_options INTERFACE -Wno-missing-field-initializers)
target_include_directories(pregate_options INTERFACE "${PROJECT_SOURCE_DIR}")
if(PREGATE_SANITIZE)
  target_compile_options(pregate_options INTERFACE -fsanitize=${PREGATE_SANITIZE} -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all)
  target_link_options(pregate_options INTERFACE -fsanitize=${PREGATE_SANITIZE})
  # GCC's flow analysis reports false positives on instrumented code.
  target_compile_options(pregate_options INTERFACE -Wno-maybe-uninitialized)
endif()

# pregate_library(NAME sources...): one static library a folder, warnings as errors.
function(pregate_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC pregate_options)
endfunction()
