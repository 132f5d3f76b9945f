# SPDX-License-Identifier: Apache-2.0
add_library(landwaiter_walker_support STATIC support/walker_support.cpp)
target_link_libraries(landwaiter_walker_support PUBLIC landwaiter_detectors PRIVATE landwaiter_options PkgConfig::archive)

landwaiter_test(walker_test
  SOURCES engine/detector_requests_test.cpp engine/engine_test.cpp walk/entry_path_test.cpp engine/file_scan_test.cpp walk/layer_walk_hostile_test.cpp walk/inflate_test.cpp walk/layer_scanner_test.cpp
          walk/layer_walk_nested_test.cpp
  DEPENDS landwaiter_walker_support)

# Not a test: scans a blob a number of times and prints what it cost.
add_executable(layer_scan_bench ${CMAKE_SOURCE_DIR}/tests/bench/layer_scan.cpp)
target_link_libraries(layer_scan_bench PRIVATE landwaiter_options landwaiter_walker_support)
