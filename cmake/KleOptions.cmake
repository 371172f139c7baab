# Language level, warnings, hardening and sanitizers of every target.
include(CheckIPOSupported)
include(CheckPIESupported)

option(KLE_TESTS "Build the tests" ON)
set(KLE_TEST_PARTS "layering;parser;metrics;exporter;accuracy;api;docs;dashboards;fuzz;e2e;fleet;soak" CACHE STRING "Which folders of tests")
option(KLE_WERROR "Treat warnings as errors" OFF)
option(KLE_LTO "Optimise at link time where the compiler can" OFF)
option(KLE_BENCH "Build tests/bench" OFF)
option(KLE_FUZZ "Build tests/fuzz for libFuzzer (clang)" OFF)
set(KLE_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(KLE_CCACHE ccache)
if(KLE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${KLE_CCACHE})
endif()

# kle_options: what every target of ours is compiled with. Headers are included from the root, as "parser/klog.h".
add_library(kle_options INTERFACE)
target_include_directories(kle_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(kle_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough)
if(KLE_WERROR)
  target_compile_options(kle_options INTERFACE -Werror)
endif()

# Hardening. The input is text that strangers can write, so the library's own checks stay on in the release too.
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_compile_options(-fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
  add_compile_options(-fcf-protection)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  add_compile_options(-mbranch-protection=standard)
endif()
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)

if(KLE_SANITIZE)
  add_compile_options(-fsanitize=${KLE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KLE_SANITIZE})
  add_compile_definitions(KLE_SANITIZED)  # each compiler says it in another way
else()
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

if(KLE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "libFuzzer comes with clang: use the preset fuzz (apt-get install clang)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(KLE_LTO)
  check_ipo_supported(RESULT KLE_HAS_LTO OUTPUT KLE_LTO_TEXT LANGUAGES CXX)
  if(KLE_HAS_LTO)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      add_link_options(-flto=auto)  # on all processors
    endif()
  else()
    message(STATUS "Built without link-time optimisation: ${KLE_LTO_TEXT}")
  endif()
endif()
