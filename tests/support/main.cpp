// SPDX-License-Identifier: Apache-2.0
#ifdef LANDWAITER_CATCH2_V3
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <clocale>

int main(int argc, char** argv) {
  // As the programs do: libarchive converts file names by the locale.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  return Catch::Session().run(argc, argv);
}
