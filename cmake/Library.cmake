# SPDX-License-Identifier: Apache-2.0
# landwaiter_sources(VARIABLE PATTERN...): what matches below the current folder, without main.cpp and without folders that have a
# CMakeLists.txt of their own. A new file is picked up by itself.
function(landwaiter_sources variable)
  set(found "")
  foreach(pattern IN LISTS ARGN)
    file(GLOB_RECURSE matched CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${pattern})
    foreach(file IN LISTS matched)
      cmake_path(GET file PARENT_PATH folder)
      if(NOT file STREQUAL "main.cpp" AND (folder STREQUAL "" OR NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt))
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

# landwaiter_library(NAME [SOURCES generated.cpp] DEPENDS targets [PRIVATE_DEPENDS targets])
#
# Makes the static library landwaiter_NAME of the current folder and those below, and landwaiter_NAME_headers, which compiles each of
# the headers alone, so that none leans on what an includer happened to include before.
function(landwaiter_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  landwaiter_sources(sources *.cpp)
  add_library(landwaiter_${name} STATIC ${sources} ${arg_SOURCES})
  target_link_libraries(landwaiter_${name} PUBLIC ${arg_DEPENDS} PRIVATE landwaiter_options ${arg_PRIVATE_DEPENDS})
  target_include_directories(landwaiter_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  landwaiter_unity(landwaiter_${name})

  landwaiter_sources(headers *.hpp)
  set(units "")
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE here)
  foreach(header IN LISTS headers)
    set(header "${here}/${header}")
    string(REPLACE "/" "_" unit "${header}")
    set(unit "${CMAKE_CURRENT_BINARY_DIR}/headers/${unit}.cpp")
    file(CONFIGURE OUTPUT "${unit}" CONTENT "#include \"${header}\"\n")
    list(APPEND units "${unit}")
  endforeach()
  if(units)
    add_library(landwaiter_${name}_headers OBJECT EXCLUDE_FROM_ALL ${units})
    target_link_libraries(landwaiter_${name}_headers PRIVATE landwaiter_options ${arg_DEPENDS} ${arg_PRIVATE_DEPENDS})
    set_property(GLOBAL APPEND PROPERTY LANDWAITER_HEADER_CHECKS landwaiter_${name}_headers)
  endif()
endfunction()

# landwaiter_test(NAME SOURCES ... DEPENDS ... [LABELS ...] [TIMEOUT s] [UNITY]): a Catch2 program that ctest runs as one test.
# UNITY: no two of its files give one name to two things.
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
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
