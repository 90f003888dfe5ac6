# pregate_embed_files(TARGET FOLDER... ): text files become string literals in TARGET, so that the program works from
# anywhere without an installed data folder. Each file is listed with its kind (the extension before .textproto) and its
# name (the file name up to the first dot of its extensions): see experiments/embedded.hpp.
set(PREGATE_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/EmbedFilesScript.cmake")

function(pregate_embed_files target)
  set(patterns)
  foreach(folder IN LISTS ARGN)
    list(APPEND patterns "${PROJECT_SOURCE_DIR}/${folder}/*.textproto")
  endforeach()
  file(GLOB files CONFIGURE_DEPENDS ${patterns})
  list(SORT files)
  set(list_file "${CMAKE_CURRENT_BINARY_DIR}/embedded_files.txt")
  string(REPLACE ";" "\n" lines "${files}")
  file(CONFIGURE OUTPUT "${list_file}" CONTENT "${lines}\n" @ONLY)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/embedded_files.cpp")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DLIST=${list_file}" "-DROOT=${PROJECT_SOURCE_DIR}" "-DOUTPUT=${output}"
            -P "${PREGATE_EMBED_SCRIPT}"
    DEPENDS ${files} "${list_file}" "${PREGATE_EMBED_SCRIPT}"
    COMMENT "Embedding shipped devices, models and scenarios"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
