# Profile-guided optimisation, KLE_PGO: the program is built twice. The first one counts, while it reports on recorded logs,
# which ways are taken; the second is compiled by these counts. docs/decisions/0032 has what it brings.
option(KLE_PGO "Build the program twice: optimise it by how it reads recorded logs (GCC)" OFF)
set(KLE_COUNT_INTO "" CACHE PATH "Build the counting program; its counts go into this folder (set by KLE_PGO)")

include(CheckCXXCompilerFlag)

# Objects are named in the counts by their path below the build folder, so that both builds name them alike.
if(KLE_COUNT_INTO)
  target_compile_options(kle_options INTERFACE
    -fprofile-generate=${KLE_COUNT_INTO} -fprofile-prefix-path=${PROJECT_BINARY_DIR})
  add_link_options(-fprofile-generate)
endif()

if(KLE_PGO)
  check_cxx_compiler_flag(-fprofile-prefix-path=/ KLE_HAS_PGO)
  if(NOT KLE_HAS_PGO OR CMAKE_CROSSCOMPILING)
    message(STATUS "Built without a profile: that takes GCC 12 or later, and a program that runs here")
    set(KLE_PGO OFF)
  endif()
endif()

if(KLE_PGO)
  include(ExternalProject)
  set(KLE_COUNTS ${PROJECT_BINARY_DIR}/profile/counts)
  set(KLE_COUNTING ${PROJECT_BINARY_DIR}/profile/build)
  ExternalProject_Add(profile
    PREFIX ${PROJECT_BINARY_DIR}/profile
    SOURCE_DIR ${PROJECT_SOURCE_DIR}
    BINARY_DIR ${KLE_COUNTING}
    CMAKE_ARGS
      -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
      -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
      -DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS}
      -DCMAKE_CXX_FLAGS_RELEASE=${CMAKE_CXX_FLAGS_RELEASE}
      -DKLE_COUNT_INTO=${KLE_COUNTS}
      -DKLE_TESTS=OFF
    BUILD_COMMAND ${CMAKE_COMMAND} --build <BINARY_DIR> --target ${PROJECT_NAME}
    INSTALL_COMMAND ${CMAKE_COMMAND}
      -DPROGRAM=${KLE_COUNTING}/${PROJECT_NAME} -DCOUNTS=${KLE_COUNTS} -DTRACES=${PROJECT_SOURCE_DIR}/tests/traces
      -P ${PROJECT_SOURCE_DIR}/cmake/train.cmake
    BUILD_ALWAYS ON
    USES_TERMINAL_BUILD ON)
  # A file that was changed since is compiled by what still fits of its counts.
  target_compile_options(kle_options INTERFACE
    -fprofile-use=${KLE_COUNTS} -fprofile-prefix-path=${PROJECT_BINARY_DIR}
    -Wno-missing-profile -Wno-coverage-mismatch)
  add_dependencies(kle_options profile)
endif()
