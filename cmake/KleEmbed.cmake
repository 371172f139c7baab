# kle_embed(target SOURCE name FILES file...): the files' bytes as a C++ source of `target`, see exporter/web_assets.h. Byte
# arrays of the language itself: no assembler, no linker tricks, the same under every compiler and with LTO.
function(kle_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE" "FILES")
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${arg_SOURCE})
  list(TRANSFORM arg_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${arg_FILES}" -DOUTPUT=${source} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${arg_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding ${arg_SOURCE}"
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
