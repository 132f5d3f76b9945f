# SPDX-License-Identifier: Apache-2.0
# landwaiter_library(NAME SOURCES a.cpp b.cpp DEPENDS targets [PRIVATE_DEPENDS targets])
#
# Makes the static library landwaiter_NAME of the current folder, and landwaiter_NAME_headers, which compiles each of
# the folder's headers alone, so that none leans on what an includer happened to include before.
function(landwaiter_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(landwaiter_${name} STATIC ${arg_SOURCES})
  target_link_libraries(landwaiter_${name} PUBLIC ${arg_DEPENDS} PRIVATE landwaiter_options ${arg_PRIVATE_DEPENDS})
  target_include_directories(landwaiter_${name} PUBLIC ${CMAKE_SOURCE_DIR})

  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp)
  set(units "")
  foreach(header IN LISTS headers)
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

# landwaiter_test(NAME SOURCES ... DEPENDS ... [LABELS ...] [TIMEOUT s]): a Catch2 program that ctest runs as one test.
function(landwaiter_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE landwaiter_options landwaiter_test_main ${arg_DEPENDS})
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
