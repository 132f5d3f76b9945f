# SPDX-License-Identifier: Apache-2.0
# landwaiter_sources(VARIABLE PATTERN...): what matches below the current folder, without main.cpp and without folders that have a
# CMakeLists.txt of their own. A new file is picked up by itself.
function(landwaiter_sources variable)
  set(found "")
  foreach(pattern IN LISTS ARGN)
    file(GLOB_RECURSE matched CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${pattern})
    foreach(file IN LISTS matched)
      cmake_path(GET file PARENT_PATH folder)
      while(NOT folder STREQUAL "" AND NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
        cmake_path(GET folder PARENT_PATH folder)
      endwhile()
      if(folder STREQUAL "" AND NOT file STREQUAL "main.cpp")
        list(APPEND found ${file})
      endif()
    endforeach()
  endforeach()
  set(${variable} ${found} PARENT_SCOPE)
endfunction()

# Several files of a library in one compilation: the headers are read, and nlohmann's and Asio's templates generated, once for all
# of them, which takes less than half of the time. The other build types stay without it: a file that leans on what another
# one includes shows there, and names that collide in a new file show here.
set(unity_default OFF)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(unity_default ON)
endif()
option(LANDWAITER_UNITY "Compile several files of a library at once" ${unity_default})

function(landwaiter_unity target)
  if(LANDWAITER_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # A type of an anonymous namespace is of one compilation still, though GCC sees it in an included file.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
endfunction()

# How many times longer than on an idle machine a test may take before it counts as hanging. The tests' own limits on waiting grow by the
# same factor, which reaches them in the environment.
set(LANDWAITER_TEST_PATIENCE 4 CACHE STRING "Factor for the time limits of tests")

# landwaiter_library(NAME [SOURCES generated.cpp] DEPENDS targets [PRIVATE_DEPENDS targets])
#
# Makes the static library landwaiter_NAME of the current folder and those below, and landwaiter_NAME_headers, which checks that each of
# the headers compiles alone, so that none leans on what an includer happened to include before.
function(landwaiter_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  landwaiter_sources(sources *.cpp)
  add_library(landwaiter_${name} STATIC ${sources} ${arg_SOURCES})
  target_link_libraries(landwaiter_${name} PUBLIC ${arg_DEPENDS} PRIVATE landwaiter_options ${arg_PRIVATE_DEPENDS})
  target_include_directories(landwaiter_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  landwaiter_unity(landwaiter_${name})

  landwaiter_headers_to_check(headers ${sources})
  set(units "")
  foreach(header IN LISTS headers)
    string(REPLACE "/" "_" unit "${header}")
    set(unit "${CMAKE_CURRENT_BINARY_DIR}/headers/${unit}.cpp")
    file(CONFIGURE OUTPUT "${unit}" CONTENT "#include \"${header}\"\n")
    list(APPEND units "${unit}")
  endforeach()
  if(units)
    add_library(landwaiter_${name}_headers OBJECT EXCLUDE_FROM_ALL ${units})
    set_target_properties(landwaiter_${name}_headers PROPERTIES UNITY_BUILD OFF CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/syntax-only)
    target_link_libraries(landwaiter_${name}_headers PRIVATE landwaiter_options ${arg_DEPENDS} ${arg_PRIVATE_DEPENDS})
    set_property(GLOBAL APPEND PROPERTY LANDWAITER_HEADER_CHECKS landwaiter_${name}_headers)
  endif()
endfunction()

# landwaiter_headers_to_check(OUT SOURCES...): the headers of the current folder and those below that no source file compiles alone. A
# header that a source file includes before anything else is compiled alone there, unless source files are joined.
function(landwaiter_headers_to_check out)
  landwaiter_sources(headers *.hpp)
  file(RELATIVE_PATH here ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  list(TRANSFORM headers PREPEND "${here}/")
  if(NOT LANDWAITER_UNITY)
    foreach(source IN LISTS ARGN)
      file(STRINGS "${source}" first REGEX "^#" LIMIT_COUNT 1)
      if(first MATCHES "^#include \"([^\"]+)\"")
        list(REMOVE_ITEM headers "${CMAKE_MATCH_1}")
      endif()
    endforeach()
  endif()
  set(${out} ${headers} PARENT_SCOPE)
endfunction()

# landwaiter_test_limits(NAME SECONDS [LABELS ...]): when a test counts as hanging. Its patience reaches it by the environment.
function(landwaiter_test_limits name seconds)
  math(EXPR timeout "${seconds} * ${LANDWAITER_TEST_PATIENCE}")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} LABELS "${ARGN}")
  set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT LANDWAITER_TEST_PATIENCE=${LANDWAITER_TEST_PATIENCE})
endfunction()

# landwaiter_test(NAME SOURCES ... DEPENDS ... [LABELS ...] [TIMEOUT s] [UNITY]): a Catch2 program that ctest runs as one test.
# The target `unit_tests` builds those that the sanitizers run, too. UNITY: no two of its files give one name to two things.
function(landwaiter_test name)
  cmake_parse_arguments(arg "UNITY" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  if(arg_UNITY)
    landwaiter_unity(${name})
  endif()
  target_link_libraries(${name} PRIVATE landwaiter_options landwaiter_test_main ${arg_DEPENDS})
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  landwaiter_test_limits(${name} ${arg_TIMEOUT} ${arg_LABELS})
  if(NOT "integration" IN_LIST arg_LABELS)
    add_dependencies(unit_tests ${name})
  endif()
endfunction()
