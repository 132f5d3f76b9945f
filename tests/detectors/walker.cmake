# SPDX-License-Identifier: Apache-2.0
add_library(landwaiter_walker_support STATIC walker_support.cpp)
target_link_libraries(landwaiter_walker_support PUBLIC landwaiter_detectors PRIVATE landwaiter_options PkgConfig::archive)

landwaiter_test(walker_test
  SOURCES detector_requests_test.cpp engine_test.cpp entry_path_test.cpp file_scan_test.cpp hostile_test.cpp inflate_test.cpp layer_test.cpp
          nested_test.cpp
  DEPENDS landwaiter_walker_support)

# Not a test: scans a blob a number of times and prints what it cost.
add_executable(layer_scan_bench ${CMAKE_SOURCE_DIR}/tests/bench/layer_scan.cpp)
target_link_libraries(layer_scan_bench PRIVATE landwaiter_options landwaiter_walker_support)
