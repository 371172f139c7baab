# Language level, warnings and sanitizers of every target.
option(KLE_TESTS "Build the tests" ON)
option(KLE_WERROR "Treat warnings as errors" OFF)
set(KLE_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(kle_options INTERFACE)
target_include_directories(kle_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(kle_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough -fstack-protector-strong)
if(KLE_WERROR)
  target_compile_options(kle_options INTERFACE -Werror)
endif()
target_compile_definitions(kle_options INTERFACE _GLIBCXX_ASSERTIONS)
if(KLE_SANITIZE)
  add_compile_options(-fsanitize=${KLE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KLE_SANITIZE})
endif()
