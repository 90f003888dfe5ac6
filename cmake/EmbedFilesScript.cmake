# Writes OUTPUT, a C++ file that holds the text of every file named in LIST. Run by EmbedFiles.cmake at build time.
# A literal is cut at line ends below 8,000 bytes: compilers need not accept longer ones.
cmake_minimum_required(VERSION 3.25)
file(STRINGS "${LIST}" files)
set(entries "")
set(count 0)
foreach(file IN LISTS files)
  get_filename_component(base "${file}" NAME)
  if(NOT base MATCHES "^([^.].*)\\.([a-z]+)\\.textproto$")
    message(FATAL_ERROR "${file}: expected NAME.KIND.textproto")
  endif()
  set(name "${CMAKE_MATCH_1}")
  set(kind "${CMAKE_MATCH_2}")
  file(RELATIVE_PATH path "${ROOT}" "${file}")
  file(READ "${file}" rest)
  set(literals "")
  while(NOT rest STREQUAL "")
    string(LENGTH "${rest}" length)
    set(cut ${length})
    if(length GREATER 8000)
      string(SUBSTRING "${rest}" 0 8000 head)
      string(FIND "${head}" "\n" newline REVERSE)
      math(EXPR cut "${newline} + 1")
      if(cut EQUAL 0)
        set(cut 8000)
      endif()
    endif()
    string(SUBSTRING "${rest}" 0 ${cut} chunk)
    string(SUBSTRING "${rest}" ${cut} -1 rest)
    string(APPEND literals "\n     R\"pregate(${chunk})pregate\"")
  endwhile()
  if(literals STREQUAL "")
    set(literals "\"\"")
  endif()
  string(APPEND entries "    {\"${kind}\", \"${name}\", \"${path}\",${literals}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE "${OUTPUT}" "// Generated from the shipped .textproto files; edit those.
#include \"experiments/embedded.hpp\"

#include <array>

namespace pregate {
namespace {
constexpr std::array<EmbeddedFile, ${count}> kFiles = {{
${entries}}};
}  // namespace
std::span<const EmbeddedFile> embedded_files() { return kFiles; }
}  // namespace pregate
")
